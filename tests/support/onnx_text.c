/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of models as text: the statements.
 */
#include "tests/support/onnx_text.h"

#include "tests/support/onnx_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ATTR(type) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##type

/* A model on its way, and what statements add to: a function, if there is one
 * open, or a graph.  */
struct text {
	Onnx__ModelProto *m;
	Onnx__GraphProto *g, **graph;   /* graph: given, not used yet */
	size_t n_graph;
	Onnx__FunctionProto *f;
};

/* ---- inputs and outputs -------------------------------------------------- */

static Onnx__TensorShapeProto *
shape(const char **s)
{
	Onnx__TensorShapeProto *p = get(1, sizeof *p);

	onnx__tensor_shape_proto__init(p);
	expect(s, "[");
	while (!is_next(s, "]")) {
		Onnx__TensorShapeProto__Dimension *d = get(1, sizeof *d);
		char *w = word(s, ",]");

		onnx__tensor_shape_proto__dimension__init(d);
		if (isdigit((unsigned char)*w) || *w == '-') {
			d->value_case = 1;
			d->dim_value = strtoll(w, NULL, 10);
			free(w);
		} else if (*w == '?') {
			free(w);
		} else {
			d->value_case = 2;
			d->dim_param = w;
		}
		APPEND(p->dim, p->n_dim, d);
		is_next(s, ",");
	}
	return p;
}

static Onnx__ValueInfoProto *
port(const char **s)
{
	Onnx__ValueInfoProto *v = get(1, sizeof *v);

	onnx__value_info_proto__init(v);
	v->name = word(s, " \n");
	if (at_end(s))
		return v;
	v->type = get(1, sizeof *v->type);
	onnx__type_proto__init(v->type);
	v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	v->type->tensor_type = get(1, sizeof *v->type->tensor_type);
	onnx__type_proto__tensor__init(v->type->tensor_type);
	v->type->tensor_type->has_elem_type = 1;
	v->type->tensor_type->elem_type = types[type_row(s)].type;
	if (!at_end(s))
		v->type->tensor_type->shape = shape(s);
	return v;
}

/* ---- nodes --------------------------------------------------------------- */

/* Names between commas, up to end.  */
static void
names(const char **s, char end, char ***list, size_t *n)
{
	char stop[] = { ',', ' ', end, 0 };

	blanks(s);
	while (**s != end) {
		APPEND(*list, *n, word(s, stop));
		is_next(s, ",");
		blanks(s);
	}
}

static int
is_float(const char *s, const char *end)
{
	size_t n = strcspn(s, end);

	return n && s[n - 1] == 'f';
}

static void
strings(const char **s, Onnx__AttributeProto *a)
{
	a->type = ATTR(STRINGS);
	a->strings = get(64, sizeof *a->strings);
	expect(s, "[");
	while (!is_next(s, "]")) {
		ProtobufCBinaryData *d = &a->strings[a->n_strings++];

		expect(s, "'");
		d->len = strcspn(*s, "'");
		d->data = (uint8_t *)word(s, "'");
		expect(s, "'");
		is_next(s, ",");
	}
}

static void
list(const char **s, Onnx__AttributeProto *a)
{
	if ((*s)[1] == '\'') {
		strings(s, a);
		return;
	}
	if (!is_float(*s + 1, ",]")) {
		a->type = ATTR(INTS);
		a->n_ints = numbers(s, &a->ints);
		return;
	}
	a->type = ATTR(FLOATS);
	a->floats = get(64, sizeof *a->floats);
	expect(s, "[");
	while (!is_next(s, "]")) {
		char *end;

		a->floats[a->n_floats++] = strtof(*s, &end);
		*s = end + 1;           /* the f */
		is_next(s, ",");
	}
}

static void
attr_tensor(const char **s, Onnx__AttributeProto *a)
{
	int row;

	if (is_next(s, "sparse")) {
		a->type = ATTR(SPARSE_TENSOR);
		a->sparse_tensor = sparse(s);
		return;
	}
	a->type = ATTR(TENSOR);
	a->t = tensor(s, &row);
	expect(s, "{");
	values(s, a->t, row, 0);
	expect(s, "}");
}

static void
number(const char **s, Onnx__AttributeProto *a)
{
	int real = is_float(*s, " \n");
	char *end;

	a->type = real ? ATTR(FLOAT) : ATTR(INT);
	a->has_f = real;
	a->has_i = !real;
	if (real)
		a->f = strtof(*s, &end);
	else
		a->i = strtoll(*s, &end, 0);
	must(end != *s, "no number", *s);
	*s = end + real;
}

/* A graph that was given before, by its name; it goes into one place.  */
static Onnx__GraphProto *
take_graph(struct text *t, const char *name)
{
	for (size_t i = 0; i < t->n_graph; i++) {
		Onnx__GraphProto *g = t->graph[i];

		if (g && !strcmp(g->name, name)) {
			t->graph[i] = NULL;
			return g;
		}
	}
	must(0, "no graph", name);
	return NULL;
}

static Onnx__AttributeProto *
attr(struct text *t, const char **s, char *name)
{
	Onnx__AttributeProto *a = get(1, sizeof *a);

	onnx__attribute_proto__init(a);
	a->name = name;
	a->has_type = 1;
	if (is_next(s, "@")) {
		char *w = word(s, " \n");

		a->type = ATTR(GRAPH);
		a->g = take_graph(t, w);
		free(w);
	} else if (is_next(s, "$")) {
		a->type = ATTR(INT);
		a->ref_attr_name = word(s, " \n");
	} else if (**s == '[') {
		list(s, a);
	} else if (is_next(s, "'")) {
		a->type = ATTR(STRING);
		a->has_s = 1;
		a->s.len = strcspn(*s, "'");
		a->s.data = (uint8_t *)word(s, "'");
		expect(s, "'");
	} else if (isalpha((unsigned char)**s)) {
		attr_tensor(s, a);
	} else {
		number(s, a);
	}
	return a;
}

static void
node(struct text *t, const char **s)
{
	Onnx__NodeProto *n = get(1, sizeof *n);
	char *op, *dot;

	onnx__node_proto__init(n);
	names(s, '=', &n->output, &n->n_output);
	expect(s, "=");
	op = word(s, "(");
	dot = strrchr(op, '.');
	if (dot)
		n->domain = copy(op, (size_t)(dot - op));
	n->op_type = copy(dot ? dot + 1 : op, strlen(dot ? dot + 1 : op));
	free(op);
	expect(s, "(");
	names(s, ')', &n->input, &n->n_input);
	expect(s, ")");
	while (!at_end(s)) {
		char *name = word(s, "=\n");

		expect(s, "=");
		if (!strcmp(name, "name")) {
			free(name);
			n->name = word(s, " \n");
			continue;
		}
		APPEND(n->attribute, n->n_attribute, attr(t, s, name));
	}
	if (t->f)
		APPEND(t->f->node, t->f->n_node, n);
	else
		APPEND(t->g->node, t->g->n_node, n);
}

/* ---- the model ----------------------------------------------------------- */

/* Of the function that is open, or of the model.  */
static void
opset(const char **s, struct text *t)
{
	Onnx__OperatorSetIdProto *o = get(1, sizeof *o);

	onnx__operator_set_id_proto__init(o);
	o->has_version = 1;
	o->version = strtoll(*s, (char **)s, 10);
	o->domain = at_end(s) ? copy("", 0) : word(s, " \n");
	if (t->f)
		APPEND(t->f->opset_import, t->f->n_opset_import, o);
	else
		APPEND(t->m->opset_import, t->m->n_opset_import, o);
}

/* "y,z = domain.Name(a,b)", its nodes, "end" */
static void
function(struct text *t, const char **s)
{
	Onnx__FunctionProto *f = get(1, sizeof *f);
	char *op, *dot;

	onnx__function_proto__init(f);
	names(s, '=', &f->output, &f->n_output);
	expect(s, "=");
	op = word(s, "(");
	dot = strrchr(op, '.');
	if (dot)
		f->domain = copy(op, (size_t)(dot - op));
	f->name = copy(dot ? dot + 1 : op, strlen(dot ? dot + 1 : op));
	free(op);
	expect(s, "(");
	names(s, ')', &f->input, &f->n_input);
	expect(s, ")");
	APPEND(t->m->functions, t->m->n_functions, f);
	t->f = f;
}

/* "name", its statements, "end" */
static void
graph(struct text *t, const char **s)
{
	t->g = get(1, sizeof *t->g);
	onnx__graph_proto__init(t->g);
	t->g->name = word(s, " \n");
	APPEND(t->graph, t->n_graph, t->g);
}

static void
statement(struct text *t, const char **s)
{
	Onnx__GraphProto *g = t->g;

	if (is_next(s, "opset "))
		opset(s, t);
	else if (is_next(s, "function "))
		function(t, s);
	else if (is_next(s, "graph "))
		graph(t, s);
	else if (is_next(s, "end"))
		t->g = t->m->graph, t->f = NULL;
	else if (is_next(s, "init "))
		init(s, g);
	else if (is_next(s, "sparse "))
		sparse_init(s, g);
	else if (is_next(s, "input "))
		APPEND(g->input, g->n_input, port(s));
	else if (is_next(s, "output "))
		APPEND(g->output, g->n_output, port(s));
	else if (is_next(s, "node "))
		node(t, s);
	must(at_end(s), "no statement", *s);
	*s += **s == '\n';
}

Onnx__ModelProto *
onnx_text_model(const char *text)
{
	struct text t = { .m = get(1, sizeof *t.m) };

	onnx__model_proto__init(t.m);
	t.g = t.m->graph = get(1, sizeof *t.g);
	onnx__graph_proto__init(t.g);
	t.g->name = copy("g", 1);
	while (*text)
		statement(&t, &text);
	for (size_t i = 0; i < t.n_graph; i++)
		must(!t.graph[i], "graph that nobody uses", "");
	free(t.graph);
	return t.m;
}
