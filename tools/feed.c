/* SPDX-License-Identifier: Apache-2.0
 *
 * Given inputs determine the sizes of named dimensions.  The remaining sizes
 * have defaults: 128 for a sequence, 224x224x3 for an image, 1 for all others.
 */
#include "tools/feed.h"

#include "tools/npy.h"
#include "tools/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SEQUENCE 128
#define DEFAULT_PIXELS 224      /* what most networks on images take */
#define DEFAULT_CHANNELS 3

const char feed_notes[] =
    "Inputs that are not given are filled.  A dimension that the model leaves\n"
    "open takes the size of the same name in a given input or shape; else it\n"
    "is 128 when its name has \"seq\" or it is the second of its input, and 1\n"
    "otherwise; height, width and channels of an image, which has four\n"
    "dimensions, are 224, 224 and 3.  Random integers are 0 to 99, random\n"
    "floats normal; inputs named *mask* are 1, *type* and *segment* 0.\n";

/* The sizes of named dimensions that are known so far.  */
struct binding {
	const char *name;
	int64_t size;
};

struct bindings {
	struct binding *at;
	size_t n;
};

/* ---- options ------------------------------------------------------------ */

static struct feed_given *
add_given(struct feed *f, const char *arg, const char *equals)
{
	struct feed_given *g;

	f->given = cli_grow(f->given, f->ngiven + 1, sizeof *g);
	g = &f->given[f->ngiven++];
	*g = (struct feed_given){ .name =
	    cli_alloc((size_t)(equals - arg) + 1, 1) };
	memcpy(g->name, arg, (size_t)(equals - arg));
	return g;
}

int
feed_set_input(struct cli *c, const struct cli_option *o, const char *arg)
{
	const char *equals = strchr(arg, '=');

	(void)c;
	if (!equals || equals == arg || !equals[1])
		return cli_bad_arg(o, arg, "NAME=FILE");
	add_given(o->to, arg, equals)->file = equals + 1;
	return CLI_GO;
}

/* Parse "1x128" into dims; false if it is not a shape.  */
static int
parse_dims(const char *s, struct feed_given *g)
{
	char *end;

	do {
		if (g->rank == BURIN_MAX_RANK || *s < '0' || *s > '9')
			return 0;
		errno = 0;
		g->dims[g->rank++] = strtoll(s, &end, 10);
		if (errno)
			return 0;
		s = end + 1;
	} while (*end == 'x');
	return !*end;
}

int
feed_set_shape(struct cli *c, const struct cli_option *o, const char *arg)
{
	const char *equals = strrchr(arg, '=');

	(void)c;
	if (!equals || equals == arg ||
	    !parse_dims(equals + 1, add_given(o->to, arg, equals)))
		return cli_bad_arg(o, arg, "NAME=1x128");
	return CLI_GO;
}

int
feed_set_fill(struct cli *c, const struct cli_option *o, const char *arg)
{
	struct feed *f = o->to;

	(void)c;
	for (int i = 0; i < FILL_NUM; i++)
		if (!strcmp(arg, fill_names[i])) {
			f->mode = (enum fill_mode)i;
			return CLI_GO;
		}
	return cli_bad_arg(o, arg, "random, zeros or ones");
}

/* ---- inputs ------------------------------------------------------------- */

static const struct feed_given *
find_given(const struct feed *f, const char *name)
{
	for (size_t i = 0; i < f->ngiven; i++)
		if (!strcmp(f->given[i].name, name))
			return &f->given[i];
	return NULL;
}

static int
check_given(const struct feed *f, const burin_model *m)
{
	const burin_value_info *info;

	for (size_t i = 0; i < f->ngiven; i++) {
		const char *name = f->given[i].name;
		size_t k = 0;

		if (find_given(f, name) != &f->given[i])
			return cli_fail(CLI_USAGE,
			    "input '%s' is given twice", name);
		while ((info = burin_model_input(m, k)) &&
		    strcmp(info->name, name))
			k++;
		if (!info)
			return cli_fail(CLI_USAGE, "the model has no input "
			    "'%s' ('burin inspect' lists them)", name);
	}
	return CLI_GO;
}

static void
bind(struct bindings *b, const char *name, int64_t size)
{
	if (!name || size < 0)
		return;
	b->at = cli_grow(b->at, b->n + 1, sizeof *b->at);
	b->at[b->n++] = (struct binding){ name, size };
}

static int64_t
bound(const struct bindings *b, const char *name)
{
	for (size_t i = 0; name && i < b->n; i++)
		if (!strcmp(b->at[i].name, name))
			return b->at[i].size;
	return -1;
}

/* Use a given input: read its file, check its rank, bind its dimensions.  */
static int
take_given(const struct feed_given *g, const burin_value_info *info,
    burin_tensor *t, struct bindings *b)
{
	burin_error err;

	if (g->file && npy_read(g->file, t, &err) < 0)
		return cli_status(&err);
	if (!g->file) {
		t->rank = g->rank;
		memcpy(t->dims, g->dims, sizeof t->dims);
	}
	if (info->rank >= 0 && t->rank != info->rank)
		return cli_fail(g->file ? CLI_IO : CLI_USAGE,
		    "input '%s' has %d dimensions: the model wants %d",
		    info->name, t->rank, info->rank);
	for (int i = 0; i < info->rank; i++)
		bind(b, info->dim_names[i], t->dims[i]);
	return CLI_GO;
}

/* [batch, channels, height, width], or with the channels, up to four, last.  */
static int64_t
default_of_image(const burin_value_info *info, int i)
{
	int last = info->dims[3] >= 1 && info->dims[3] <= 4;

	if (i == 0)
		return 1;
	return i == 1 && !last ? DEFAULT_CHANNELS : DEFAULT_PIXELS;
}

static int64_t
default_size(const burin_value_info *info, int i)
{
	const char *name = info->dim_names[i];

	if (info->rank == 4 && npy_is_float(info->dtype))
		return default_of_image(info, i);
	return i == 1 || (name && strcasestr(name, "seq")) ?
	    DEFAULT_SEQUENCE : 1;
}

/* Choose the shape of an input that is not given.  */
static int
take_default(const burin_value_info *info, burin_tensor *t,
    struct bindings *b)
{
	if (info->rank < 0)
		return cli_fail(CLI_USAGE, "input '%s' may have any number of "
		    "dimensions: wanted --shape=%s=... or --input=%s=FILE",
		    info->name, info->name, info->name);
	t->rank = info->rank;
	for (int i = 0; i < t->rank; i++) {
		const char *name = info->dim_names[i];

		t->dims[i] = info->dims[i];
		if (t->dims[i] < 0)
			t->dims[i] = bound(b, name);
		if (t->dims[i] < 0)
			t->dims[i] = default_size(info, i);
		bind(b, name, t->dims[i]);
	}
	return CLI_GO;
}

static int
make_data(struct feed *f, size_t i, const burin_value_info *info)
{
	burin_tensor *t = &f->in[i];
	int64_t nbytes = npy_nbytes(info->dtype, t->rank, t->dims);

	t->dtype = info->dtype;
	t->data = nbytes < 0 ? NULL : malloc(nbytes ? (size_t)nbytes : 1);
	if (!t->data)
		return cli_fail(CLI_IO, "input '%s': %s", info->name,
		    strerror(ENOMEM));
	t->nbytes = (size_t)nbytes;
	fill_tensor(t, f->mode, f->seed + 0x100000000u * i);
	f->from[i] = fill_names[f->mode];
	return CLI_GO;
}

static int
make_all(struct feed *f, const burin_model *m, struct bindings *b)
{
	const struct feed_given *g;
	int code;

	for (size_t i = 0; i < f->nin; i++) {
		const burin_value_info *info = burin_model_input(m, i);

		f->in[i].name = info->name;
		if (!(g = find_given(f, info->name)))
			continue;
		f->from[i] = g->file;
		if ((code = take_given(g, info, &f->in[i], b)) != CLI_GO)
			return code;
	}
	for (size_t i = 0; i < f->nin; i++) {
		const burin_value_info *info = burin_model_input(m, i);

		if (f->in[i].data)
			continue;
		if (!find_given(f, info->name) && (code = take_default(info,
		    &f->in[i], b)) != CLI_GO)
			return code;
		if ((code = make_data(f, i, info)) != CLI_GO)
			return code;
	}
	return CLI_GO;
}

int
feed_make(struct feed *f, const burin_model *m)
{
	struct bindings b = { .n = 0 };
	int code;

	f->nin = burin_model_num_inputs(m);
	f->in = cli_alloc(f->nin, sizeof *f->in);
	f->from = cli_alloc(f->nin, sizeof *f->from);
	code = check_given(f, m);
	if (code == CLI_GO)
		code = make_all(f, m, &b);
	free(b.at);
	return code;
}

int
feed_status(const struct feed *f, const burin_error *err)
{
	int code = cli_status(err);
	char dims[256];

	for (size_t i = 0; i < f->nin; i++) {
		const burin_tensor *t = &f->in[i];

		if (find_given(f, t->name) || t->rank == 0)
			continue;
		report_dims(t->rank, t->dims, dims);
		cli_fail(code, "input '%s' was not given and filled as %s: "
		    "--shape=%s=%s gives another shape, --input=%s=FILE data",
		    t->name, dims, t->name, dims, t->name);
	}
	return code;
}

void
feed_free(struct feed *f)
{
	for (size_t i = 0; i < f->ngiven; i++)
		free(f->given[i].name);
	for (size_t i = 0; i < f->nin; i++)
		free((void *)f->in[i].data);
	free(f->given);
	free(f->in);
	free(f->from);
}
