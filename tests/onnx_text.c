/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of models as text.  All memory is from malloc, as the free
 * function of protobuf-c expects it.
 */
#include "tests/onnx_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTR(type) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##type
#define COUNT(a) ((int)(sizeof (a) / sizeof *(a)))

/* A model on its way, and what statements add to: a function, if there is one
 * open, or a graph.  */
struct text {
	Onnx__ModelProto *m;
	Onnx__GraphProto *g, **graph;   /* graph: given, not used yet */
	size_t n_graph;
	Onnx__FunctionProto *f;
};

/* Not Check's: the program that writes the models has no runner.  */
static void
must(int ok, const char *what, const char *at)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %.60s\n", what, at);
	abort();
}

static const struct {
	const char *name;
	int type, size;
} types[] = {
	{ "float",    1,  4 },
	{ "uint8",    2,  1 },
	{ "int8",     3,  1 },
	{ "uint16",   4,  2 },
	{ "int16",    5,  2 },
	{ "int32",    6,  4 },
	{ "int64",    7,  8 },
	{ "string",   8,  1 },
	{ "bool",     9,  1 },
	{ "float16",  10, 2 },
	{ "double",   11, 8 },
	{ "complex64", 14, 8 },
	{ "bfloat16", 16, 2 },
	{ "odd",      99, 1 },
};

static int
row_of(const char *name, size_t n)
{
	for (int i = 0; i < COUNT(types); i++)
		if (strlen(types[i].name) == n &&
		    !strncmp(types[i].name, name, n))
			return i;
	must(0, "no type", name);
	return 0;
}

static void *
get(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	must(p != NULL, "no memory or file", "");
	return p;
}

static char *
copy(const char *s, size_t n)
{
	char *p = get(n + 1, 1);

	return memcpy(p, s, n);
}

/* Append p to the n pointers at *list.  */
#define APPEND(list, n, p) \
	((list) = grow((list), (n)), (list)[(n)++] = (p))

static void *
grow(void *list, size_t n)
{
	list = realloc(list, (n + 1) * sizeof (void *));
	must(list != NULL, "no memory or file", "");
	return list;
}

/* ---- words --------------------------------------------------------------- */

static void
blanks(const char **s)
{
	*s += strspn(*s, " \t");
}

static int
is_next(const char **s, const char *word)
{
	size_t n = strlen(word);

	blanks(s);
	if (strncmp(*s, word, n))
		return 0;
	*s += n;
	return 1;
}

static void
expect(const char **s, const char *word)
{
	must(is_next(s, word), word, *s);
}

/* Up to one of the characters in end, which stays; '' is empty.  */
static char *
word(const char **s, const char *end)
{
	size_t n;
	char *p;

	if (is_next(s, "''"))
		return copy("", 0);
	n = strcspn(*s, end);
	p = copy(*s, n);
	*s += n;
	return p;
}

static int
at_end(const char **s)
{
	blanks(s);
	return **s == '\n' || **s == 0;
}

static int
type_row(const char **s)
{
	size_t n;
	int row;

	blanks(s);
	n = strcspn(*s, " [\n");
	row = row_of(*s, n);
	*s += n;
	return row;
}

/* "[2,3]" */
static size_t
numbers(const char **s, int64_t **out)
{
	size_t n = 0;

	expect(s, "[");
	*out = get(64, sizeof **out);
	while (!is_next(s, "]")) {
		char *end;

		(*out)[n++] = strtoll(*s, &end, 0);
		must(end != *s && n < 64, "no number", *s);
		*s = end;
		is_next(s, ",");
	}
	return n;
}

/* ---- tensors ------------------------------------------------------------- */

static void
put_raw(Onnx__TensorProto *t, int row, const char *s, char **end)
{
	size_t size = (size_t)types[row].size, at = t->raw_data.len;
	int64_t i;
	double d;
	float f;

	t->raw_data.data = realloc(t->raw_data.data, at + size);
	must(t->raw_data.data != NULL, "no memory or file", "");
	t->raw_data.len += size;
	if (types[row].type == 1) {
		f = strtof(s, end);
		memcpy(t->raw_data.data + at, &f, size);
	} else if (types[row].type == 11) {
		d = strtod(s, end);
		memcpy(t->raw_data.data + at, &d, size);
	} else {
		i = strtoll(s, end, 0);
		memcpy(t->raw_data.data + at, &i, size);
	}
}

#define PUT(field, value) \
	(t->field = realloc(t->field, (t->n_##field + 1) * \
	    sizeof *t->field), t->field[t->n_##field++] = (value))

static void
put_typed(Onnx__TensorProto *t, int row, const char *s, char **end)
{
	if (types[row].type == 1)
		PUT(float_data, strtof(s, end));
	else if (types[row].type == 11)
		PUT(double_data, strtod(s, end));
	else if (types[row].type == 7)
		PUT(int64_data, strtoll(s, end, 0));
	else
		PUT(int32_data, (int32_t)strtol(s, end, 0));
}

/* Values up to the end of the line or a character that starts no number.  */
static void
values(const char **s, Onnx__TensorProto *t, int row, int typed)
{
	t->has_raw_data = !typed;
	for (;;) {
		char *end;

		blanks(s);
		if (!strchr("-+.0123456789in", **s) || !**s)
			return;
		(typed ? put_typed : put_raw)(t, row, *s, &end);
		must(end != *s, "no number", *s);
		*s = end;
	}
}

/* "float [2,3]" */
static Onnx__TensorProto *
tensor(const char **s, int *row)
{
	Onnx__TensorProto *t = get(1, sizeof *t);

	onnx__tensor_proto__init(t);
	*row = type_row(s);
	t->has_data_type = 1;
	t->data_type = types[*row].type;
	t->n_dims = numbers(s, &t->dims);
	return t;
}

static void
external(const char **s, Onnx__TensorProto *t)
{
	t->has_data_location = 1;
	t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
	while (!at_end(s)) {
		Onnx__StringStringEntryProto *e = get(1, sizeof *e);

		onnx__string_string_entry_proto__init(e);
		e->key = word(s, "=");
		expect(s, "=");
		e->value = word(s, " \n");
		APPEND(t->external_data, t->n_external_data, e);
	}
}

static void
init(const char **s, Onnx__GraphProto *g)
{
	char *name = word(s, " ");
	int row;
	Onnx__TensorProto *t = tensor(s, &row);

	t->name = name;
	if (is_next(s, "extern")) {
		external(s, t);
	} else {
		int typed = is_next(s, "typed");

		if (!typed)
			expect(s, "raw");
		values(s, t, row, typed);
	}
	APPEND(g->initializer, g->n_initializer, t);
}

static Onnx__SparseTensorProto *
sparse(const char **s)
{
	Onnx__SparseTensorProto *p = get(1, sizeof *p);
	Onnx__TensorProto *v, *i = get(1, sizeof *i);
	int row;

	onnx__sparse_tensor_proto__init(p);
	v = tensor(s, &row);
	p->dims = v->dims;
	p->n_dims = v->n_dims;
	v->dims = get(1, sizeof *v->dims);
	v->n_dims = 1;
	values(s, v, row, 0);
	v->dims[0] = (int64_t)v->raw_data.len / types[row].size;
	expect(s, "at");
	onnx__tensor_proto__init(i);
	i->has_data_type = 1;
	i->data_type = 7;
	i->n_dims = numbers(s, &i->dims);
	values(s, i, row_of("int64", 5), 1);
	p->values = v;
	p->indices = i;
	return p;
}

static void
sparse_init(const char **s, Onnx__GraphProto *g)
{
	char *name = word(s, " ");
	Onnx__SparseTensorProto *p = sparse(s);

	p->values->name = name;
	APPEND(g->sparse_initializer, g->n_sparse_initializer, p);
}

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
list(const char **s, Onnx__AttributeProto *a)
{
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
