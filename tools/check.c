/* SPDX-License-Identifier: Apache-2.0
 *
 * Models of the same file with other options: precision=fp32, and fp32_layers
 * with the names of all layers but one.
 */
#include "tools/check.h"

#include "tools/report.h"
#include "tools/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_LAYERS = 12 };

/* A model with a session that has run.  */
struct variant {
	burin_model *model;
	burin_session *session;
	burin_output *out;
};

static void
close_variant(struct variant *v)
{
	burin_session_free(v->session);
	burin_model_free(v->model);
	free(v->out);
}

/* Load the model of b with the options of c, and run it once.  */
static int
open_variant(const struct cli *c, const struct bench *b, struct variant *v)
{
	burin_error err;

	*v = (struct variant){ .out = cli_alloc(b->nout, sizeof *v->out) };
	for (size_t i = 0; i < b->nout; i++)
		v->out[i].name = b->out[i].name;
	if (burin_model_load(b->path, c->options, &v->model, &err) == 0 &&
	    burin_session_new(v->model, c->options, &v->session, &err) == 0 &&
	    burin_run(v->session, b->feed.in, b->feed.nin, v->out, b->nout,
	    &err) == 0)
		return CLI_GO;
	close_variant(v);
	return cli_status(&err);
}

static int
set_key(const struct cli *c, const char *key, const char *value)
{
	burin_error err;

	return burin_options_set(c->options, key, value, &err) < 0 ?
	    cli_status(&err) : CLI_GO;
}

/* ---- errors ------------------------------------------------------------- */

static struct check_error
compare(const burin_output *y, const burin_output *fp32)
{
	const float *a = y->data, *b = fp32->data;
	size_t n = fp32->nbytes / sizeof *b;
	struct check_error e = { 0 };

	if (fp32->dtype != BURIN_F32 || y->nbytes != fp32->nbytes)
		return e;
	for (size_t i = 0; i < n; i++) {
		double d = a[i] == b[i] || (isnan(a[i]) && isnan(b[i])) ? 0 :
		    fabs((double)a[i] - (double)b[i]);

		e.most = isnan(d) ? INFINITY : fmax(e.most, d);
		e.mean += (isnan(d) ? INFINITY : d) / (double)n;
		e.range = fmax(e.range, fabs((double)b[i]));
	}
	return e;
}

/* Of all outputs together: the largest error, the mean of means.  */
static struct check_error
compare_all(const struct bench *b, const burin_output *y,
    const burin_output *fp32)
{
	struct check_error all = { 0 };

	for (size_t i = 0; i < b->nout; i++) {
		struct check_error e = compare(&y[i], &fp32[i]);

		all.most = fmax(all.most, e.most);
		all.mean += e.mean / (double)b->nout;
		all.range = fmax(all.range, e.range);
	}
	return all;
}

static int
largest_first(const void *p, const void *q)
{
	const struct check_layer *a = p, *b = q;

	return (a->e.mean < b->e.mean) - (a->e.mean > b->e.mean);
}

/* ---- layers ------------------------------------------------------------- */

/* The pattern that matches s and nothing else, behind what is in list.  */
static char *
add_name(char *to, const char *s)
{
	for (; *s; s++) {
		if (strchr("*?,\\", *s))
			*to++ = '\\';
		*to++ = *s;
	}
	*to++ = ',';
	return to;
}

/* The value of an option, or that of the environment, or `none`.  */
static const char *
value_of(const char *option, const char *variable, const char *none)
{
	const char *env = getenv(variable);

	return option ? option : env && *env ? env : none;
}

/* Names of all layers of low precision, but for one: a list for fp32_layers,
 * behind what it is.  */
static char *
all_but(const struct bench *b, const struct check *k, const char *one)
{
	const char *before = value_of(b->fp32_layers, "BURIN_FP32_LAYERS", "");
	size_t room = strlen(before) + 2;
	char *list, *to;

	for (size_t i = 0; i < k->nlayer; i++)
		room += 2 * strlen(k->layer[i].name) + 1;
	list = cli_alloc(room, 1);
	to = list + sprintf(list, "%s%s", before, *before ? "," : "");
	for (size_t i = 0; i < k->nlayer; i++)
		if (!one || strcmp(k->layer[i].name, one) != 0)
			to = add_name(to, k->layer[i].name);
	*to = '\0';
	return list;
}

/* The error with these layers in fp32.  */
static int
check_without(const struct cli *c, const struct bench *b, char *list,
    const burin_output *fp32, struct check_error *out)
{
	struct variant v;
	int code = set_key(c, "fp32_layers", list);

	free(list);
	if (code != CLI_GO || (code = open_variant(c, b, &v)) != CLI_GO)
		return code;
	*out = compare_all(b, v.out, fp32);
	close_variant(&v);
	return CLI_GO;
}

static void
list_layers(const struct bench *b, struct check *k)
{
	size_t n = burin_model_num_layers(b->model);

	k->layer = cli_alloc(n, sizeof *k->layer);
	for (size_t i = 0; i < n; i++) {
		const burin_layer_info *l = burin_model_layer(b->model, i);

		if (strcmp(l->precision, "fp32") != 0)
			k->layer[k->nlayer++] = (struct check_layer){
			    .name = l->name, .precision = l->precision };
	}
}

static int
check_layers(const struct cli *c, const struct bench *b,
    const burin_output *fp32, struct check *k)
{
	int code = check_without(c, b, all_but(b, k, NULL), fp32,
	    &k->rest);

	for (size_t i = 0; i < k->nlayer && code == CLI_GO; i++)
		code = check_without(c, b, all_but(b, k, k->layer[i].name),
		    fp32, &k->layer[i].e);
	qsort(k->layer, k->nlayer, sizeof *k->layer, largest_first);
	return code;
}

int
check_run(struct cli *c, const struct bench *b, struct check *k)
{
	const char *precision = value_of(b->precision, "BURIN_PRECISION",
	    "auto");
	struct variant fp32;
	int code;

	*k = (struct check){ .nout = b->nout };
	k->out = cli_alloc(b->nout, sizeof *k->out);
	list_layers(b, k);
	if ((code = set_key(c, "precision", "fp32")) != CLI_GO ||
	    (code = open_variant(c, b, &fp32)) != CLI_GO)
		return code;
	for (size_t i = 0; i < b->nout; i++)
		k->out[i] = compare(&b->out[i], &fp32.out[i]);
	if ((code = set_key(c, "precision", precision)) == CLI_GO)
		code = check_layers(c, b, fp32.out, k);
	close_variant(&fp32);
	return code;
}

void
check_free(struct check *k)
{
	free(k->out);
	free(k->layer);
}

/* ---- the report --------------------------------------------------------- */

static json_t *
json_error(const struct check_error *e)
{
	return json_pack("{s:o, s:o, s:o}",
	    "max_error", report_real(e->most),
	    "mean_error", report_real(e->mean),
	    "max_fp32", report_real(e->range));
}

json_t *
check_json(const struct bench *b, const struct check *k)
{
	json_t *outs = json_array(), *layers = json_array(), *j;

	for (size_t i = 0; i < k->nout; i++) {
		j = json_error(&k->out[i]);
		json_object_set_new(j, "name", report_string(b->out[i].name));
		json_array_append_new(outs, j);
	}
	for (size_t i = 0; i < k->nlayer; i++) {
		const struct check_layer *l = &k->layer[i];

		j = json_error(&l->e);
		json_object_set_new(j, "name", report_string(l->name));
		json_object_set_new(j, "precision",
		    report_string(l->precision));
		json_array_append_new(layers, j);
	}
	return json_pack("{s:o, s:o, s:o}", "outputs", outs, "layers", layers,
	    "rest", json_error(&k->rest));
}

static void
print_row(struct table *t, const char *name, const char *what,
    const struct check_error *e)
{
	table_cell(t, "%s", name);
	table_cell(t, "%s", what);
	table_cell(t, "%.3g", e->most);
	table_cell(t, "%.3g", e->mean);
}

static void
print_layers(const struct check *k)
{
	const char *const header[] = { "only this layer", "in", "max error",
	    "mean error" };
	struct table t;

	table_init(&t, "llrr", header);
	for (size_t i = 0; i < k->nlayer && i < PRINTED_LAYERS; i++)
		print_row(&t, k->layer[i].name, k->layer[i].precision,
		    &k->layer[i].e);
	putchar('\n');
	table_print(&t);
	if (k->nlayer > PRINTED_LAYERS)
		printf("  and %zu layers with smaller errors\n",
		    k->nlayer - PRINTED_LAYERS);
	if (k->rest.most > 0)
		printf("  without layers: max error %.3g, mean %.3g\n",
		    k->rest.most, k->rest.mean);
}

void
check_print(const struct bench *b, const struct check *k)
{
	const char *const header[] = { "output against fp32", "max fp32",
	    "max error", "mean error" };
	char range[32];
	struct table t;

	table_init(&t, "lrrr", header);
	for (size_t i = 0; i < k->nout; i++) {
		snprintf(range, sizeof range, "%.3g", k->out[i].range);
		print_row(&t, b->out[i].name, range, &k->out[i]);
	}
	putchar('\n');
	table_print(&t);
	if (k->nlayer)
		print_layers(k);
	else
		printf("  all layers are fp32\n");
}
