/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts/ort/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of ONNX's messages, by number.  */
enum { MODEL_IR_VERSION = 1, MODEL_GRAPH = 7, MODEL_OPSET = 8 };
enum { OPSET_DOMAIN = 1, OPSET_VERSION };
enum { GRAPH_NODE = 1, GRAPH_NAME, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11,
	GRAPH_OUTPUT };
enum { NODE_INPUT = 1, NODE_OUTPUT, NODE_NAME, NODE_OP, NODE_ATTRIBUTE,
	NODE_DOMAIN = 7 };
enum { ATTR_NAME = 1, ATTR_F, ATTR_I, ATTR_S, ATTR_T, ATTR_G, ATTR_FLOATS,
	ATTR_INTS, ATTR_STRINGS, ATTR_TYPE = 20 };
enum { TYPE_FLOAT = 1, TYPE_INT, TYPE_STRING, TYPE_A_TENSOR, TYPE_GRAPH,
	TYPE_FLOATS, TYPE_INTS, TYPE_STRINGS };
enum { TENSOR_DIMS = 1, TENSOR_TYPE, TENSOR_NAME = 8, TENSOR_RAW,
	TENSOR_EXTERNAL = 13, TENSOR_LOCATION };
enum { ENTRY_KEY = 1, ENTRY_VALUE };
enum { VALUE_NAME = 1, VALUE_TYPE };
enum { TYPE_TENSOR = 1, TYPE_ELEMENT = 1, TYPE_SHAPE };
enum { SHAPE_DIM = 1, DIM_VALUE = 1, DIM_PARAM };

enum { IR_VERSION = 10, EXTERNAL = 1 };
/* Weights of fewer bytes are in the model's.  */
enum { LARGE = 1024 };

/* ---- sets of values ------------------------------------------------------ */

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct value *)a)->name,
	    ((const struct value *)b)->name);
}

static void
set_sort(struct value_set *s)
{
	size_t k = 0;

	qsort(s->v, s->n, sizeof *s->v, by_name);
	for (size_t i = 0; i < s->n; i++)
		if (!k || strcmp(s->v[i].name, s->v[k - 1].name))
			s->v[k++] = s->v[i];
	s->n = k;
}

/* Is a value made by a node of the model?  */
static bool
is_inside(const struct graph *g, const bool *in, const char *name)
{
	long i = graph_maker(g, name);

	return i >= 0 && in[i];
}

static struct OrtStatus *
find_borders(const struct graph *g, const bool *in, struct model *m)
{
	size_t all = g->nout;

	for (size_t i = 0; i < g->n; i++)
		all += g->node[i].nin;
	m->from.v = calloc(all + 1, sizeof *m->from.v);
	m->out.v = calloc(all + 1, sizeof *m->out.v);
	if (!m->from.v || !m->out.v)
		return ort_nomem(g->api);
	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < g->node[i].nin; j++) {
			const struct value *v = &g->node[i].in[j];
			bool inside = is_inside(g, in, v->name);

			if (in[i] && !inside && *v->name)
				m->from.v[m->from.n++] = *v;
			if (!in[i] && inside)
				m->out.v[m->out.n++] = *v;
		}
	for (size_t i = 0; i < g->nout; i++)
		if (is_inside(g, in, g->out[i].name))
			m->out.v[m->out.n++] = g->out[i];
	set_sort(&m->from);
	set_sort(&m->out);
	return NULL;
}

/* ---- tensors ------------------------------------------------------------- */

static void
put_entry(struct bytes *b, const char *key, const char *value)
{
	size_t at = bytes_open(b, TENSOR_EXTERNAL);

	bytes_text(b, ENTRY_KEY, key);
	bytes_text(b, ENTRY_VALUE, value);
	bytes_close(b, at);
}

/* Blobs get their names when there are no more.  */
static void
name_blob(size_t i, char name[24])
{
	snprintf(name, 24, "%zu", i);
}

static struct OrtStatus *
put_blob(const struct ort_api *api, struct model *m, const void *data,
    size_t size)
{
	char name[24];

	if (m->nblob == m->blob_room) {
		size_t room = 2 * m->blob_room + 64;
		void *p = realloc(m->blob, room * sizeof *m->blob);

		if (!p)
			return ort_nomem(api);
		m->blob = p;
		m->blob_room = room;
	}
	name_blob(m->nblob, name);
	m->blob[m->nblob++] = (burin_blob){ NULL, data, size };
	put_entry(&m->bytes, "location", name);
	bytes_int(&m->bytes, TENSOR_LOCATION, EXTERNAL);
	return NULL;
}

static struct OrtStatus *
name_blobs(const struct ort_api *api, struct model *m)
{
	m->name = calloc(m->nblob + 1, sizeof *m->name);
	if (!m->name)
		return ort_nomem(api);
	for (size_t i = 0; i < m->nblob; i++) {
		name_blob(i, m->name[i]);
		m->blob[i].name = m->name[i];
	}
	return NULL;
}

/* name NULL: of an attribute, which always has its bytes in it.  */
static struct OrtStatus *
put_tensor(const struct graph *g, struct model *m, int field,
    const char *name, const struct OrtValue *value)
{
	struct bytes *b = &m->bytes;
	const void *data = NULL;
	size_t size = 0, at;
	struct type t;

	ORT_TRY(graph_tensor(g, value, &t, &data, &size));
	if (!t.dtype || t.rank < 0)
		return g->api->CreateStatus(ORT_NOT_IMPLEMENTED,
		    "burin: a constant has a type that burin lacks");
	at = bytes_open(b, field);
	for (int i = 0; i < t.rank; i++)
		bytes_int(b, TENSOR_DIMS, t.dim[i]);
	bytes_int(b, TENSOR_TYPE, t.dtype);
	if (name)
		bytes_text(b, TENSOR_NAME, name);
	if (name && size >= LARGE)
		ORT_TRY(put_blob(g->api, m, data, size));
	else
		bytes_data(b, TENSOR_RAW, data, size);
	bytes_close(b, at);
	return NULL;
}

/* ---- nodes --------------------------------------------------------------- */

static void
put_attr_value(struct bytes *b, int type, const void *p, size_t n)
{
	static const int onnx[] = { [ORT_ATTR_FLOAT] = TYPE_FLOAT,
		[ORT_ATTR_INT] = TYPE_INT, [ORT_ATTR_STRING] = TYPE_STRING,
		[ORT_ATTR_FLOATS] = TYPE_FLOATS, [ORT_ATTR_INTS] = TYPE_INTS,
		[ORT_ATTR_STRINGS] = TYPE_STRINGS };
	const int64_t *i = p;
	const float *f = p;
	const char *s = p;

	bytes_int(b, ATTR_TYPE, onnx[type]);
	switch (type) {
	case ORT_ATTR_INT:
		bytes_int(b, ATTR_I, *i);
		break;
	case ORT_ATTR_FLOAT:
		bytes_float(b, ATTR_F, *f);
		break;
	case ORT_ATTR_STRING:
		bytes_data(b, ATTR_S, p, strnlen(p, n));
		break;
	case ORT_ATTR_INTS:
		for (size_t k = 0; k < n / sizeof *i; k++)
			bytes_int(b, ATTR_INTS, i[k]);
		break;
	case ORT_ATTR_STRINGS:          /* each ends in a zero */
		for (size_t k = 0; k < n; k += strnlen(s + k, n - k) + 1)
			bytes_data(b, ATTR_STRINGS, s + k,
			    strnlen(s + k, n - k));
		break;
	default:
		for (size_t k = 0; k < n / sizeof *f; k++)
			bytes_float(b, ATTR_FLOATS, f[k]);
	}
}

static struct OrtStatus *
put_attr_tensor(const struct graph *g, struct model *m,
    const struct OrtOpAttr *a)
{
	struct OrtStatus *status;
	struct OrtValue *v = NULL;

	ORT_TRY(g->api->OpAttr_GetTensorAttributeAsOrtValue(a, &v));
	if (!v)
		return g->api->CreateStatus(ORT_FAIL,
		    "burin: an attribute has no tensor");
	bytes_int(&m->bytes, ATTR_TYPE, TYPE_A_TENSOR);
	status = put_tensor(g, m, ATTR_T, NULL, v);
	g->api->ReleaseValue(v);
	return status;
}

static struct OrtStatus *
put_attr(const struct graph *g, struct model *m, const struct OrtOpAttr *a)
{
	struct OrtStatus *status;
	const char *name;
	void *value = NULL;
	size_t n = 0, at;
	int type;

	ORT_TRY(g->api->OpAttr_GetName(a, &name));
	ORT_TRY(g->api->OpAttr_GetType(a, &type));
	if (type == ORT_ATTR_GRAPH)     /* put_bodies */
		return NULL;
	at = bytes_open(&m->bytes, NODE_ATTRIBUTE);
	bytes_text(&m->bytes, ATTR_NAME, name);
	if (type == ORT_ATTR_TENSOR) {
		status = put_attr_tensor(g, m, a);
	} else {
		status = graph_attr(g->api, a, type, &value, &n);
		if (!status)
			put_attr_value(&m->bytes, type, value, n);
		free(value);
	}
	bytes_close(&m->bytes, at);
	return status;
}

static struct OrtStatus *
put_attrs(const struct graph *g, struct model *m, const struct node *n)
{
	const struct OrtOpAttr **a;
	struct OrtStatus *status;
	size_t k = 0;

	ORT_TRY(g->api->Node_GetNumAttributes(n->node, &k));
	a = calloc(k + 1, sizeof (void *));
	if (!a)
		return ort_nomem(g->api);
	status = g->api->Node_GetAttributes(n->node, a, k);
	for (size_t i = 0; i < k && !status; i++)
		if (a[i])
			status = put_attr(g, m, a[i]);
	free(a);
	return status;
}

const char *
model_node_name(const struct graph *g, size_t i, char buf[24])
{
	if (*g->node[i].name)
		return g->node[i].name;
	snprintf(buf, 24, "#%zu", i);
	return buf;
}

static struct OrtStatus *put_bodies(const struct graph *g, struct model *m,
    const struct node *n);

static struct OrtStatus *
put_node(const struct graph *g, struct model *m, size_t i)
{
	const struct node *n = &g->node[i];
	struct bytes *b = &m->bytes;
	size_t at = bytes_open(b, GRAPH_NODE);
	struct OrtStatus *status = NULL;
	char name[24];

	for (size_t k = 0; k < n->nexplicit; k++)
		bytes_text(b, NODE_INPUT, n->in[k].name);
	for (size_t k = 0; k < n->nout; k++)
		bytes_text(b, NODE_OUTPUT, n->out[k].name);
	bytes_text(b, NODE_NAME, model_node_name(g, i, name));
	bytes_text(b, NODE_OP, n->op);
	bytes_text(b, NODE_DOMAIN, n->refused ? "refused" : n->domain);
	if (!n->refused)
		status = put_attrs(g, m, n);
	if (!status && !n->refused && n->nbody)
		status = put_bodies(g, m, n);
	bytes_close(b, at);
	return status;
}

/* ---- inputs and outputs -------------------------------------------------- */

static void
put_shape(struct bytes *b, const struct type *t)
{
	size_t shape = bytes_open(b, TYPE_SHAPE), dim;

	for (int i = 0; i < t->rank; i++) {
		dim = bytes_open(b, SHAPE_DIM);
		if (t->dim[i] >= 0)
			bytes_int(b, DIM_VALUE, t->dim[i]);
		else if (t->dim_name[i] && *t->dim_name[i])
			bytes_text(b, DIM_PARAM, t->dim_name[i]);
		bytes_close(b, dim);
	}
	bytes_close(b, shape);
}

static struct OrtStatus *
put_port(const struct graph *g, struct bytes *b, int field,
    const struct value *v)
{
	size_t port, type, tensor;
	struct type t;

	ORT_TRY(graph_type(g, v, &t));
	port = bytes_open(b, field);
	bytes_text(b, VALUE_NAME, v->name);
	type = bytes_open(b, VALUE_TYPE);
	tensor = bytes_open(b, TYPE_TENSOR);
	bytes_int(b, TYPE_ELEMENT, t.dtype);
	if (t.rank >= 0)
		put_shape(b, &t);
	bytes_close(b, tensor);
	bytes_close(b, type);
	bytes_close(b, port);
	return NULL;
}

/* A weight, or an input.  */
static struct OrtStatus *
put_from(const struct graph *g, struct model *m, const struct value *v)
{
	const struct OrtValue *value = NULL;
	bool constant = false;

	ORT_TRY(g->api->ValueInfo_IsConstantInitializer(v->info, &constant));
	if (constant)
		ORT_TRY(g->api->ValueInfo_GetInitializerValue(v->info,
		    &value));
	if (!value)
		return put_port(g, &m->bytes, GRAPH_INPUT, v);
	return put_tensor(g, m, GRAPH_INITIALIZER, v->name, value);
}

static struct OrtStatus *
put_graph(const struct graph *g, const bool *in, struct model *m)
{
	size_t at = bytes_open(&m->bytes, MODEL_GRAPH);

	bytes_text(&m->bytes, GRAPH_NAME, "onnxruntime");
	for (size_t i = 0; i < g->n; i++)
		if (in[i])
			ORT_TRY(put_node(g, m, i));
	for (size_t i = 0; i < m->from.n; i++)
		ORT_TRY(put_from(g, m, &m->from.v[i]));
	for (size_t i = 0; i < m->out.n; i++)
		ORT_TRY(put_port(g, &m->bytes, GRAPH_OUTPUT, &m->out.v[i]));
	bytes_close(&m->bytes, at);
	return NULL;
}

/* ---- bodies -------------------------------------------------------------- */

/* inputs: those of the body, else its initializers.  */
static struct OrtStatus *
put_body_values(struct graph *body, struct model *m, bool inputs)
{
	struct value *v;
	size_t n = 0;
	struct OrtStatus *status = (inputs ? graph_inputs :
	    graph_initializers)(body, &v, &n);

	for (size_t i = 0; !status && i < n; i++)
		status = inputs ? put_port(body, &m->bytes, GRAPH_INPUT,
		    &v[i]) : put_from(body, m, &v[i]);
	free(v);
	return status;
}

static struct OrtStatus *
put_body_graph(struct graph *body, struct model *m)
{
	for (size_t i = 0; i < body->n; i++)
		ORT_TRY(put_node(body, m, i));
	ORT_TRY(put_body_values(body, m, false));
	ORT_TRY(put_body_values(body, m, true));
	for (size_t i = 0; i < body->nout; i++)
		ORT_TRY(put_port(body, &m->bytes, GRAPH_OUTPUT,
		    &body->out[i]));
	return NULL;
}

static struct OrtStatus *
put_body(const struct ort_api *api, struct model *m, const char *attribute,
    const struct OrtGraph *subgraph)
{
	struct graph body;
	struct OrtStatus *status = graph_read(api, subgraph, &body);
	size_t at = bytes_open(&m->bytes, NODE_ATTRIBUTE), graph;

	bytes_text(&m->bytes, ATTR_NAME, attribute);
	bytes_int(&m->bytes, ATTR_TYPE, TYPE_GRAPH);
	graph = bytes_open(&m->bytes, ATTR_G);
	bytes_text(&m->bytes, GRAPH_NAME, attribute);
	if (!status)
		status = put_body_graph(&body, m);
	bytes_close(&m->bytes, graph);
	bytes_close(&m->bytes, at);
	graph_free(&body);
	return status;
}

static struct OrtStatus *
put_bodies(const struct graph *g, struct model *m, const struct node *n)
{
	const struct OrtGraph **bodies;
	const char **names;
	struct OrtStatus *status = graph_bodies(g, n, &bodies, &names);

	for (size_t i = 0; !status && i < n->nbody; i++)
		status = put_body(g->api, m, names[i], bodies[i]);
	free(bodies);
	free(names);
	return status;
}

/* ---- all of it ----------------------------------------------------------- */

static void
put_opset(struct bytes *b, const char *domain, int64_t version)
{
	size_t at = bytes_open(b, MODEL_OPSET);

	bytes_text(b, OPSET_DOMAIN, domain);
	bytes_int(b, OPSET_VERSION, version);
	bytes_close(b, at);
}

static struct OrtStatus *
put_opsets(const struct graph *g, struct bytes *b)
{
	struct OrtStatus *status;
	const char **domain;
	int64_t *version;
	size_t n = 0;

	ORT_TRY(g->api->Graph_GetNumOperatorSets(g->graph, &n));
	domain = calloc(n + 1, sizeof *domain);
	version = calloc(n + 1, sizeof *version);
	status = domain && version ? g->api->Graph_GetOperatorSets(g->graph,
	    domain, version, n) : ort_nomem(g->api);
	for (size_t i = 0; i < n && !status; i++)
		put_opset(b, domain[i], version[i]);
	put_opset(b, "refused", 1);
	free(domain);
	free(version);
	return status;
}

struct OrtStatus *
model_write(const struct graph *g, const bool *in, struct model *m)
{
	*m = (struct model){ 0 };
	ORT_TRY(find_borders(g, in, m));
	bytes_int(&m->bytes, MODEL_IR_VERSION, IR_VERSION);
	ORT_TRY(put_opsets(g, &m->bytes));
	ORT_TRY(put_graph(g, in, m));
	ORT_TRY(name_blobs(g->api, m));
	return m->bytes.fail ? ort_nomem(g->api) : NULL;
}

void
model_free(struct model *m)
{
	free(m->bytes.p);
	free(m->from.v);
	free(m->out.v);
	free(m->blob);
	free(m->name);
}
