/* SPDX-License-Identifier: Apache-2.0
 *
 * burin inspect: print inputs, outputs and operators of a model, which of them
 * are unsupported, and the decision for each layer.  Nothing is compiled.
 */
#include "tools/cli.h"
#include "tools/npy.h"
#include "tools/report.h"
#include "tools/table.h"

#include <stdio.h>
#include <string.h>

enum { CANDIDATES = 5 };        /* printed for each layer */

typedef const burin_value_info *value_fn(const burin_model *m, size_t i);

/* NULL: the type is unknown, as after an unsupported operator.  */
static const char *
type_name(const burin_value_info *v)
{
	return v->dtype ? npy_dtype_name(v->dtype) : NULL;
}

/* ---- JSON --------------------------------------------------------------- */

/* Each dimension is a size, the name of an open one, or null; the shape is null
 * if it is unknown.  */
static json_t *
json_dims(const burin_value_info *v)
{
	json_t *j = v->rank < 0 ? json_null() : json_array();

	for (int i = 0; i < v->rank; i++)
		json_array_append_new(j, v->dims[i] >= 0 ?
		    json_integer(v->dims[i]) : report_string(v->dim_names[i]));
	return j;
}

static json_t *
json_values(const burin_model *m, value_fn *value)
{
	json_t *j = json_array();
	const burin_value_info *v;

	for (size_t i = 0; (v = value(m, i)); i++)
		json_array_append_new(j, json_pack("{s:o, s:s?, s:o}",
		    "name", report_string(v->name),
		    "dtype", type_name(v), "shape", json_dims(v)));
	return j;
}

static json_t *
json_ops(const burin_model *m)
{
	json_t *j = json_object();
	const burin_op_info *op;

	for (size_t i = 0; (op = burin_model_op(m, i)); i++)
		json_object_set_new(j, op->name, json_integer(op->count));
	return j;
}

typedef const char *line_fn(const burin_model *m, size_t i);

static json_t *
json_lines(const burin_model *m, line_fn *line)
{
	json_t *j = json_array();
	const char *s;

	for (size_t i = 0; (s = line(m, i)); i++)
		json_array_append_new(j, report_string(s));
	return j;
}

static json_t *
json_candidates(const burin_model *m, size_t layer)
{
	json_t *j = json_array();
	const burin_candidate_info *k;

	for (size_t i = 0; (k = burin_model_candidate(m, layer, i)); i++)
		json_array_append_new(j, json_pack("{s:[i,i], s:b, s:b, s:o, "
		    "s:o, s:o, s:o}", "block", k->bh, k->bw,
		    "dense", k->dense, "chosen", k->chosen,
		    "density", report_real(k->density),
		    "kernel", report_string(k->kernel),
		    "predicted_us", report_real(k->predicted_us),
		    "measured_us", k->measured_us > 0 ?
		    report_real(k->measured_us) : json_null()));
	return j;
}

static json_t *
json_layers(const burin_model *m)
{
	json_t *j = json_array();
	const burin_layer_info *l;

	for (size_t i = 0; (l = burin_model_layer(m, i)); i++) {
		json_t *layer = report_layer(l);

		json_object_set_new(layer, "candidates", json_candidates(m, i));
		json_array_append_new(j, layer);
	}
	return j;
}

static int
print_json(const burin_model *m, const char *path)
{
	return report_json(json_pack("{s:o, s:i, s:o, s:o, s:o, s:o, s:o, "
	    "s:i, s:o}",
	    "model", report_string(path), "opset", burin_model_opset(m),
	    "inputs", json_values(m, burin_model_input),
	    "outputs", json_values(m, burin_model_output),
	    "ops", json_ops(m),
	    "unsupported", json_lines(m, burin_model_unsupported),
	    "unfused", json_lines(m, burin_model_unfused),
	    "dequantized", (int)burin_model_num_dequantized(m),
	    "layers", json_layers(m)));
}

/* ---- text --------------------------------------------------------------- */

/* "batch x 128"; an unknown size or shape is "?".  */
static const char *
text_dims(const burin_value_info *v, char *buf, size_t size)
{
	size_t n = 0;

	if (v->rank <= 0)
		return v->rank ? "?" : "scalar";
	for (int i = 0; i < v->rank && n < size; i++) {
		const char *x = i ? " x " : "";
		const char *name = v->dim_names[i];

		if (v->dims[i] >= 0)
			n += (size_t)snprintf(buf + n, size - n, "%s%lld", x,
			    (long long)v->dims[i]);
		else
			n += (size_t)snprintf(buf + n, size - n, "%s%s", x,
			    name ? name : "?");
	}
	return buf;
}

static void
print_values(const burin_model *m, const char *title, value_fn *value)
{
	const char *const header[] = { title, "type", "shape" };
	const burin_value_info *v;
	struct table t;
	char buf[512];

	table_init(&t, "lll", header);
	for (size_t i = 0; (v = value(m, i)); i++) {
		table_cell(&t, "%s", v->name);
		table_cell(&t, "%s", type_name(v) ? type_name(v) : "?");
		table_cell(&t, "%s", text_dims(v, buf, sizeof buf));
	}
	putchar('\n');
	table_print(&t);
}

static void
print_ops(const burin_model *m)
{
	const char *const header[] = { "operator", "count" };
	const burin_op_info *op;
	struct table t;

	table_init(&t, "lr", header);
	for (size_t i = 0; (op = burin_model_op(m, i)); i++) {
		table_cell(&t, "%s", op->name);
		table_cell(&t, "%d", op->count);
	}
	putchar('\n');
	table_print(&t);
}

static void
print_layers(const burin_model *m)
{
	const char *const header[] = { "layer", "rows", "cols", "nonzero",
	    "block", "stored", "decision", "why" };
	const burin_layer_info *l;
	struct table t;

	table_init(&t, "lrrrrrll", header);
	for (size_t i = 0; (l = burin_model_layer(m, i)); i++) {
		table_cell(&t, "%s", l->name);
		table_cell(&t, "%lld", (long long)l->rows);
		table_cell(&t, "%lld", (long long)l->cols);
		table_cell(&t, "%.1f%%", l->nonzero_fraction * 100);
		table_cell(&t, "%dx%d", l->bh, l->bw);
		table_cell(&t, "%.1f%%", l->density * 100);
		table_cell(&t, "%s", l->decision);
		table_cell(&t, "%s", l->why);
	}
	table_cut(&t);
	putchar('\n');
	table_print(&t);
}

/* The first CANDIDATES candidates, and the dense and the chosen one.  */
static void
candidate_rows(struct table *t, const burin_model *m, size_t layer)
{
	const burin_candidate_info *k;
	int left = CANDIDATES;

	for (size_t i = 0; (k = burin_model_candidate(m, layer, i)); i++) {
		if (left-- <= 0 && !k->dense && !k->chosen)
			continue;
		table_cell(t, "%s", burin_model_layer(m, layer)->name);
		if (k->dense)
			table_cell(t, "dense");
		else
			table_cell(t, "%dx%d", k->bh, k->bw);
		table_cell(t, "%s", k->kernel ? k->kernel : "");
		table_cell(t, "%.1f%%", k->density * 100);
		table_cell(t, "%.1f", k->predicted_us);
		if (k->measured_us > 0)
			table_cell(t, "%.1f", k->measured_us);
		else
			table_cell(t, "-");
		table_cell(t, "%s", k->chosen ? "chosen" : "");
	}
}

static void
print_candidates(const burin_model *m)
{
	const char *const header[] = { "layer", "block", "kernel", "stored",
	    "predicted us", "measured us", "" };
	struct table t;

	table_init(&t, "lrlrrrl", header);
	for (size_t i = 0; i < burin_model_num_layers(m); i++)
		candidate_rows(&t, m, i);
	table_cut(&t);
	putchar('\n');
	table_print(&t);
}

static size_t
count_sparse(const burin_model *m)
{
	const burin_layer_info *l;
	size_t n = 0;

	for (size_t i = 0; (l = burin_model_layer(m, i)); i++)
		n += !strcmp(l->decision, "sparse");
	return n;
}

static void
print_lines(const burin_model *m, const char *title, line_fn *line)
{
	const char *s;

	if (line(m, 0))
		printf("\n  %s\n", title);
	for (size_t i = 0; (s = line(m, i)); i++)
		printf("  %s\n", s);
}

static size_t
count_int8(const burin_model *m)
{
	const burin_layer_info *l;
	size_t n = 0;

	for (size_t i = 0; (l = burin_model_layer(m, i)); i++)
		n += !strcmp(l->precision, "int8");
	return n;
}

static int
print_text(const burin_model *m, const char *path, int candidates)
{
	size_t nlayer = burin_model_num_layers(m);
	size_t nbad = burin_model_num_unsupported(m);
	size_t nint = burin_model_num_dequantized(m);

	printf("%s: opset %d, %zu of %zu layers sparse, ", path,
	    burin_model_opset(m), count_sparse(m), nlayer);
	if (nbad)
		printf("%zu nodes unsupported\n", nbad);
	else
		puts("all operators supported");
	if (count_int8(m))
		printf("%zu layers run on 8-bit integers\n", count_int8(m));
	if (nint)
		printf("%zu weights are integers in the file and fp32 here\n",
		    nint);
	print_values(m, "input", burin_model_input);
	print_values(m, "output", burin_model_output);
	print_ops(m);
	print_layers(m);
	if (candidates)
		print_candidates(m);
	print_lines(m, "left node by node", burin_model_unfused);
	print_lines(m, "unsupported", burin_model_unsupported);
	return CLI_OK;
}

int
verb_inspect(struct cli *c)
{
	int candidates = 0;
	const struct cli_option own[] = {
		{ .name = "candidates", .set = cli_set_flag,
		  .to = &candidates, .help = "list candidates of each layer" },
		{ .name = NULL },
	};
	burin_error err;
	burin_model *m;
	int code;

	if ((code = cli_parse(c, own)) != CLI_GO)
		return code;
	if (burin_options_set(c->options, "unsupported", "keep", &err) < 0 ||
	    burin_options_set(c->options, "jit", "off", &err) < 0 ||
	    burin_model_load(c->argv[0], c->options, &m, &err) < 0)
		return cli_status(&err);
	code = c->json ? print_json(m, c->argv[0]) : print_text(m, c->argv[0],
	    candidates);
	if (code == CLI_OK && burin_model_num_unsupported(m))
		code = CLI_UNSUPPORTED;
	burin_model_free(m);
	return code;
}
