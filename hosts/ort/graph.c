/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts/ort/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct made {
	const char *name;
	long node;
};

struct OrtStatus *
ort_nomem(const struct ort_api *api)
{
	return api->CreateStatus(ORT_FAIL, "burin: out of memory");
}

struct OrtStatus *
ort_burin(const struct ort_api *api, const burin_error *err)
{
	char line[sizeof err->msg + 16];
	int code = err->code == BURIN_EINVAL || err->code == BURIN_ESHAPE ?
	    ORT_INVALID_ARGUMENT : err->code == BURIN_EUNSUPPORTED ?
	    ORT_NOT_IMPLEMENTED : ORT_EP_FAIL;

	snprintf(line, sizeof line, "burin: %s", err->msg);
	return api->CreateStatus(code, line);
}

/* ---- types --------------------------------------------------------------- */

/* Burin computes doubles as floats, ONNX Runtime does not.  */
static int
dtype_of(int element)
{
	switch (element) {
	case BURIN_F32: case BURIN_F16: case BURIN_BF16:
	case BURIN_U8: case BURIN_U16: case BURIN_U32: case BURIN_U64:
	case BURIN_I8: case BURIN_I16: case BURIN_I32: case BURIN_I64:
	case BURIN_BOOL:
		return element;
	default:
		return 0;
	}
}

static struct OrtStatus *
read_type(const struct ort_api *api, const struct OrtTensorInfo *info,
    struct type *t)
{
	size_t rank = 0;
	int element = 0;

	*t = (struct type){ .rank = -1 };
	ORT_TRY(api->GetTensorElementType(info, &element));
	ORT_TRY(api->GetDimensionsCount(info, &rank));
	if (rank > BURIN_MAX_RANK)
		return NULL;
	t->dtype = dtype_of(element);
	if (!api->TensorTypeAndShape_HasShape(info))
		return NULL;
	t->rank = (int)rank;
	ORT_TRY(api->GetDimensions(info, t->dim, rank));
	return api->GetSymbolicDimensions(info, t->dim_name, rank);
}

struct OrtStatus *
graph_type(const struct graph *g, const struct value *v, struct type *t)
{
	const struct OrtTensorInfo *tensor = NULL;
	const struct OrtTypeInfo *info = NULL;

	*t = (struct type){ .rank = -1 };
	ORT_TRY(g->api->GetValueInfoTypeInfo(v->info, &info));
	if (info)
		ORT_TRY(g->api->CastTypeInfoToTensorInfo(info, &tensor));
	return tensor ? read_type(g->api, tensor, t) : NULL;
}

struct OrtStatus *
graph_tensor(const struct graph *g, const struct OrtValue *v, struct type *t,
    const void **data, size_t *size)
{
	struct OrtTensorInfo *info;
	struct OrtStatus *status;

	ORT_TRY(g->api->GetTensorTypeAndShape(v, &info));
	status = read_type(g->api, info, t);
	g->api->ReleaseTensorTypeAndShapeInfo(info);
	if (!status)
		status = g->api->GetTensorSizeInBytes(v, size);
	return status ? status : g->api->GetTensorData(v, data);
}

/* ---- nodes --------------------------------------------------------------- */

/* Names of n infos, which are in g->scratch.  */
static struct OrtStatus *
read_values(const struct graph *g, struct value *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		v[i] = (struct value){ "", g->scratch[i] };
		if (v[i].info)
			ORT_TRY(g->api->GetValueInfoName(v[i].info,
			    &v[i].name));
	}
	return NULL;
}

typedef struct OrtStatus *count_fn(const struct OrtGraph *, size_t *);
typedef struct OrtStatus *list_fn(const struct OrtGraph *,
    const struct OrtValueInfo **, size_t);

static struct OrtStatus *
list_values(struct graph *g, count_fn *count, list_fn *list,
    struct value **v, size_t *n)
{
	*v = NULL;
	ORT_TRY(count(g->graph, n));
	free(g->scratch);
	g->scratch = calloc(*n + 1, sizeof *g->scratch);
	*v = calloc(*n + 1, sizeof **v);
	if (!g->scratch || !*v)
		return ort_nomem(g->api);
	ORT_TRY(list(g->graph, (void *)g->scratch, *n));
	return read_values(g, *v, *n);
}

struct OrtStatus *
graph_inputs(struct graph *g, struct value **v, size_t *n)
{
	return list_values(g, g->api->Graph_GetNumInputs,
	    g->api->Graph_GetInputs, v, n);
}

struct OrtStatus *
graph_initializers(struct graph *g, struct value **v, size_t *n)
{
	return list_values(g, g->api->Graph_GetNumInitializers,
	    g->api->Graph_GetInitializers, v, n);
}

struct OrtStatus *
graph_bodies(const struct graph *g, const struct node *n,
    const struct OrtGraph ***bodies, const char ***names)
{
	*bodies = calloc(n->nbody + 1, sizeof (void *));
	*names = calloc(n->nbody + 1, sizeof **names);
	return *bodies && *names ? g->api->Node_GetSubgraphs(n->node, *bodies,
	    n->nbody, *names) : ort_nomem(g->api);
}

/* Does burin have the types of all n values?  */
static struct OrtStatus *
check_values(const struct graph *g, const struct value *v, size_t n,
    bool *refused)
{
	struct type t;

	for (size_t i = 0; i < n && !*refused; i++) {
		if (!*v[i].name)
			continue;
		ORT_TRY(graph_type(g, &v[i], &t));
		*refused = !t.dtype;
	}
	return NULL;
}

static struct OrtStatus *
check_list(struct graph *g, struct OrtStatus *(*list)(struct graph *,
    struct value **, size_t *), bool *refused)
{
	struct value *v;
	size_t n = 0;
	struct OrtStatus *status = list(g, &v, &n);

	if (!status)
		status = check_values(g, v, n, refused);
	free(v);
	return status;
}

/* Does burin have the types of all values of a body?  */
static struct OrtStatus *
check_body(const struct ort_api *api, const struct OrtGraph *body,
    bool *refused)
{
	struct graph g;
	struct OrtStatus *status = graph_read(api, body, &g);

	for (size_t i = 0; !status && i < g.n; i++)
		*refused |= g.node[i].refused;
	if (!status)
		status = check_values(&g, g.out, g.nout, refused);
	if (!status)
		status = check_list(&g, graph_inputs, refused);
	if (!status)
		status = check_list(&g, graph_initializers, refused);
	graph_free(&g);
	return status;
}

static struct OrtStatus *
check_bodies(const struct graph *g, struct node *n)
{
	const struct OrtGraph **bodies;
	const char **names;
	struct OrtStatus *status = graph_bodies(g, n, &bodies, &names);

	for (size_t i = 0; !status && i < n->nbody && !n->refused; i++)
		status = check_body(g->api, bodies[i], &n->refused);
	free(bodies);
	free(names);
	return status;
}

/* Values of a node, after those of the nodes before it at *next.  */
static struct OrtStatus *
read_node(struct graph *g, struct node *n, struct value **next)
{
	const struct ort_api *api = g->api;
	const struct OrtValueInfo **infos = (void *)g->scratch;
	size_t implicit = 0;

	ORT_TRY(api->Node_GetName(n->node, &n->name));
	ORT_TRY(api->Node_GetOperatorType(n->node, &n->op));
	ORT_TRY(api->Node_GetDomain(n->node, &n->domain));
	ORT_TRY(api->Node_GetNumInputs(n->node, &n->nexplicit));
	ORT_TRY(api->Node_GetNumImplicitInputs(n->node, &implicit));
	ORT_TRY(api->Node_GetNumOutputs(n->node, &n->nout));
	ORT_TRY(api->Node_GetNumSubgraphs(n->node, &n->nbody));
	n->nin = n->nexplicit + implicit;
	n->in = *next;
	n->out = n->in + n->nin;
	*next = n->out + n->nout;
	ORT_TRY(api->Node_GetInputs(n->node, infos, n->nexplicit));
	ORT_TRY(read_values(g, n->in, n->nexplicit));
	ORT_TRY(api->Node_GetImplicitInputs(n->node, infos, implicit));
	ORT_TRY(read_values(g, n->in + n->nexplicit, implicit));
	ORT_TRY(api->Node_GetOutputs(n->node, infos, n->nout));
	ORT_TRY(read_values(g, n->out, n->nout));
	ORT_TRY(check_values(g, n->in, n->nin, &n->refused));
	ORT_TRY(check_values(g, n->out, n->nout, &n->refused));
	return n->nbody ? check_bodies(g, n) : NULL;
}

/* Room for all values.  */
static struct OrtStatus *
allocate(struct graph *g)
{
	const struct ort_api *api = g->api;
	size_t all = g->nout, most = g->nout > g->n ? g->nout : g->n;

	for (size_t i = 0; i < g->n; i++) {
		size_t c[3] = { 0 }, sum;

		ORT_TRY(api->Node_GetNumInputs(g->node[i].node, &c[0]));
		ORT_TRY(api->Node_GetNumImplicitInputs(g->node[i].node,
		    &c[1]));
		ORT_TRY(api->Node_GetNumOutputs(g->node[i].node, &c[2]));
		sum = c[0] + c[1] + c[2];
		all += sum;
		most = sum > most ? sum : most;
		g->nmade += c[2];
	}
	g->values = calloc(all + 1, sizeof *g->values);
	g->made = calloc(g->nmade + 1, sizeof *g->made);
	free(g->scratch);
	g->scratch = calloc(most + 1, sizeof *g->scratch);
	return g->values && g->made && g->scratch ? NULL : ort_nomem(api);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct made *)a)->name,
	    ((const struct made *)b)->name);
}

static void
sort_made(struct graph *g)
{
	size_t k = 0;

	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < g->node[i].nout; j++)
			g->made[k++] = (struct made){ g->node[i].out[j].name,
			    (long)i };
	qsort(g->made, k, sizeof *g->made, by_name);
}

struct OrtStatus *
graph_read(const struct ort_api *api, const struct OrtGraph *in,
    struct graph *g)
{
	const struct OrtNode **nodes;
	struct value *next;

	*g = (struct graph){ .api = api, .graph = in };
	ORT_TRY(api->Graph_GetNumNodes(in, &g->n));
	ORT_TRY(api->Graph_GetNumOutputs(in, &g->nout));
	g->node = calloc(g->n + 1, sizeof *g->node);
	g->scratch = calloc(g->n + 1, sizeof *g->scratch);
	if (!g->node || !g->scratch)
		return ort_nomem(api);
	nodes = (void *)g->scratch;
	ORT_TRY(api->Graph_GetNodes(in, nodes, g->n));
	for (size_t i = 0; i < g->n; i++)
		g->node[i].node = nodes[i];
	ORT_TRY(allocate(g));
	g->out = g->values;
	next = g->out + g->nout;
	ORT_TRY(api->Graph_GetOutputs(in, (void *)g->scratch, g->nout));
	ORT_TRY(read_values(g, g->out, g->nout));
	for (size_t i = 0; i < g->n; i++)
		ORT_TRY(read_node(g, &g->node[i], &next));
	sort_made(g);
	return NULL;
}

void
graph_free(struct graph *g)
{
	free(g->node);
	free(g->values);
	free(g->made);
	free(g->scratch);
}

struct OrtStatus *
graph_attr(const struct ort_api *api, const struct OrtOpAttr *a, int type,
    void **out, size_t *n)
{
	struct OrtStatus *status;
	size_t have = sizeof (int64_t), need = 0;

	/* The first call may fail for want of room: then it says how much.  */
	*out = calloc(1, have + 1);
	status = *out ? api->ReadOpAttr(a, type, *out, have, &need) :
	    ort_nomem(api);
	if (status && need > have) {
		api->ReleaseStatus(status);
		free(*out);
		have = need;
		*out = calloc(1, have + 1);
		status = *out ? api->ReadOpAttr(a, type, *out, have, &need) :
		    ort_nomem(api);
	}
	*n = need;
	return status;
}

long
graph_maker(const struct graph *g, const char *name)
{
	struct made key = { name, -1 }, *m;

	if (!*name)
		return -1;
	m = bsearch(&key, g->made, g->nmade, sizeof key, by_name);
	return m ? m->node : -1;
}
