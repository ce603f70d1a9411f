/* SPDX-License-Identifier: Apache-2.0
 *
 * burin run: run a model once, print a summary of its outputs, and with
 * --output-dir write them as .npy files.
 */
#include "tools/cli.h"
#include "tools/feed.h"
#include "tools/load.h"
#include "tools/npy.h"
#include "tools/report.h"
#include "tools/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct run {
	struct feed feed;
	const char *dir;        /* --output-dir or NULL */
	burin_output *out;
	size_t nout;
};

struct summary {
	double min, max, mean;  /* NaN: no elements, or one of them is NaN */
};

/* ---- outputs ------------------------------------------------------------ */

static burin_tensor
tensor_of(const burin_output *o)
{
	burin_tensor t = { .name = o->name, .dtype = o->dtype,
	    .rank = o->rank, .data = o->data, .nbytes = o->nbytes };

	memcpy(t.dims, o->dims, sizeof t.dims);
	return t;
}

static struct summary
summarize(const burin_output *o)
{
	const burin_tensor out = tensor_of(o), *t = &out;
	size_t n = t->nbytes / npy_dtype_size(t->dtype);
	struct summary s = { NAN, NAN, NAN };
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double v = npy_get(t, i);

		if (isnan(v))
			return (struct summary){ NAN, NAN, NAN };
		s.min = i && s.min < v ? s.min : v;
		s.max = i && s.max > v ? s.max : v;
		sum += v;
	}
	if (n)
		s.mean = sum / (double)n;
	return s;
}

/* DIR/NAME.npy, with each '/' in the name replaced by '_'.  The caller frees
 * it.  */
static char *
output_path(const char *dir, const char *name)
{
	char *path, *s;

	if (asprintf(&path, "%s/%s.npy", dir, name) < 0)
		exit(cli_fail(CLI_IO, "%s", strerror(ENOMEM)));
	for (s = path + strlen(dir) + 1; *s; s++)
		if (*s == '/')
			*s = '_';
	return path;
}

/* Names that differ only in '/' and '_' would get the same file.  */
static int
check_paths(const struct run *r)
{
	for (size_t i = 0; i < r->nout; i++)
		for (size_t k = 0; k < i; k++) {
			char *a = output_path(r->dir, r->out[i].name);
			char *b = output_path(r->dir, r->out[k].name);
			int same = !strcmp(a, b);

			free(a);
			free(b);
			if (same)
				return cli_fail(CLI_IO, "outputs '%s' and '%s' "
				    "would be one file", r->out[k].name,
				    r->out[i].name);
		}
	return CLI_GO;
}

static int
write_outputs(const struct run *r)
{
	burin_error err;

	if (mkdir(r->dir, 0777) < 0 && errno != EEXIST)
		return cli_fail(CLI_IO, "%s: %s", r->dir, strerror(errno));
	for (size_t i = 0; i < r->nout; i++) {
		char *path = output_path(r->dir, r->out[i].name);
		burin_tensor t = tensor_of(&r->out[i]);
		int rc = npy_write(path, &t, &err);

		free(path);
		if (rc < 0)
			return cli_status(&err);
	}
	return CLI_GO;
}

/* ---- report ------------------------------------------------------------- */

static json_t *
json_inputs(const struct run *r)
{
	json_t *j = json_array();

	for (size_t i = 0; i < r->feed.nin; i++) {
		const burin_tensor *t = &r->feed.in[i];

		json_array_append_new(j, json_pack("{s:o, s:s, s:o, s:o}",
		    "name", report_string(t->name),
		    "dtype", npy_dtype_name(t->dtype),
		    "shape", report_shape(t->rank, t->dims),
		    "from", report_string(r->feed.from[i])));
	}
	return j;
}

static json_t *
json_outputs(const struct run *r)
{
	json_t *j = json_array();

	for (size_t i = 0; i < r->nout; i++) {
		const burin_output *t = &r->out[i];
		struct summary s = summarize(t);
		char *path = r->dir ? output_path(r->dir, t->name) : NULL;

		json_array_append_new(j, json_pack(
		    "{s:o, s:s, s:o, s:o, s:o, s:o, s:o}",
		    "name", report_string(t->name),
		    "dtype", npy_dtype_name(t->dtype),
		    "shape", report_shape(t->rank, t->dims),
		    "min", report_real(s.min), "max", report_real(s.max),
		    "mean", report_real(s.mean), "file", report_string(path)));
		free(path);
	}
	return j;
}

static int
print_text(const struct run *r)
{
	const char *const header[] = { "output", "type", "shape", "min", "max",
	    "mean" };
	struct table t;
	char buf[256];

	table_init(&t, "lllrrr", header);
	for (size_t i = 0; i < r->nout; i++) {
		const burin_output *o = &r->out[i];
		struct summary s = summarize(o);

		table_cell(&t, "%s", o->name);
		table_cell(&t, "%s", npy_dtype_name(o->dtype));
		table_cell(&t, "%s", report_dims(o->rank, o->dims, buf));
		table_cell(&t, "%g", s.min);
		table_cell(&t, "%g", s.max);
		table_cell(&t, "%g", s.mean);
	}
	table_print(&t);
	return CLI_OK;
}

/* ---- the verb ----------------------------------------------------------- */

static int
run_session(const struct cli *c, struct run *r, burin_session *s)
{
	burin_error err;
	int code;

	cli_note_threads(s);
	if (burin_run(s, r->feed.in, r->feed.nin, r->out, r->nout, &err) < 0)
		return feed_status(&r->feed, &err);
	if (r->dir && (code = write_outputs(r)) != CLI_GO)
		return code;
	if (!c->json)
		return print_text(r);
	return report_json(json_pack("{s:o, s:o, s:o}",
	    "model", report_string(c->argv[0]), "inputs", json_inputs(r),
	    "outputs", json_outputs(r)));
}

static int
run_model(const struct cli *c, struct run *r, burin_model *m)
{
	burin_session *s;
	burin_error err;
	int code;

	r->nout = burin_model_num_outputs(m);
	r->out = cli_alloc(r->nout, sizeof *r->out);
	for (size_t i = 0; i < r->nout; i++)
		r->out[i].name = burin_model_output(m, i)->name;
	if (r->dir && (code = check_paths(r)) != CLI_GO)
		return code;
	if ((code = feed_make(&r->feed, m)) != CLI_GO)
		return code;
	if (burin_session_new(m, c->options, &s, &err) < 0)
		return cli_status(&err);
	code = run_session(c, r, s);
	burin_session_free(s);
	return code;
}

int
verb_run(struct cli *c)
{
	struct run r = { .dir = NULL };
	const struct cli_option own[] = {
		FEED_OPTIONS(&r.feed),
		{ .name = "output-dir", .arg = "DIR", .set = cli_set_text,
		  .to = &r.dir, .help = "write each output to DIR/NAME.npy" },
		CLI_SESSION_OPTIONS,
		{ .name = NULL },
	};
	burin_model *m = NULL;
	int code;

	c->notes = feed_notes;
	code = cli_parse(c, own);
	if (code == CLI_GO)
		code = load_model(c, c->argv[0], &m);
	if (code == CLI_GO)
		code = run_model(c, &r, m);
	burin_model_free(m);
	feed_free(&r.feed);
	free(r.out);
	return code;
}
