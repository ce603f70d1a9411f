/* SPDX-License-Identifier: Apache-2.0
 *
 * From a layer to its weight, through the nodes that only pass a matrix on.
 */
#include "ir/onnx/weights.h"

#include "ir/onnx/state.h"
#include "ir/onnx/onnx.pb-c.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One for each name.  */
struct brn_onnx_users {
	int layers;             /* uses as a weight or on the way to one */
	int constant;           /* the same in every run */
};

enum { NONE = -1 };

/* Operators with weights, and the inputs that these are; a row a weight.  */
static const struct layer_op {
	const char *domain, *type;
	int weight, scale, zero;
	int conv;
	int left;               /* its weights are left as they are */
	int recurrent;          /* [directions][rows][cols] */
} layer_ops[] = {
	{ "", "MatMul", 1, NONE, NONE, 0, 0 },
	{ "", "Gemm", 1, NONE, NONE, 0, 0 },
	{ "", "Conv", 1, NONE, NONE, 1, 0 },
	{ "", "MatMulInteger", 1, NONE, 3, 0, 0 },
	{ "", "ConvInteger", 1, NONE, 3, 1, 0 },
	{ "", "QLinearMatMul", 3, 4, 5, 0, 0 },
	{ "", "QLinearConv", 3, 4, 5, 1, 0 },
	{ "com.microsoft", "FusedMatMul", 1, NONE, NONE, 0, 0 },
	{ "com.microsoft", "FusedGemm", 1, NONE, NONE, 0, 0 },
	{ "com.microsoft", "FusedConv", 1, NONE, NONE, 1, 0 },
	{ "", "ConvTranspose", 1, NONE, NONE, 1, 1 },
	{ "", "GRU", 1, NONE, NONE, 0, 0, 1 },
	{ "", "GRU", 2, NONE, NONE, 0, 0, 1 },
	{ "", "LSTM", 1, NONE, NONE, 0, 0, 1 },
	{ "", "LSTM", 2, NONE, NONE, 0, 0, 1 },
	{ "", "RNN", 1, NONE, NONE, 0, 0, 1 },
	{ "", "RNN", 2, NONE, NONE, 0, 0, 1 },
	{ "com.microsoft", "Attention", 1, NONE, NONE, 0, 1 },
	{ "com.microsoft", "DynamicQuantizeLSTM", 1, NONE, NONE, 0, 1 },
	{ "com.microsoft", "DynamicQuantizeMatMul", 1, NONE, NONE, 0, 1 },
	{ "com.microsoft", "MatMulIntegerToFloat", 1, NONE, NONE, 0, 1 },
	{ "com.microsoft", "MatMulNBits", 1, NONE, NONE, 0, 1 },
	{ "com.microsoft", "QAttention", 1, NONE, NONE, 0, 1 },
	{ "com.microsoft", "QGemm", 3, NONE, NONE, 0, 1 },
};

/* ---- nodes --------------------------------------------------------------- */

static int
is_op(const struct Onnx__NodeProto *np, const char *domain, const char *type)
{
	return np->op_type && !strcmp(np->op_type, type) && (*domain ?
	    np->domain && !strcmp(np->domain, domain) :
	    brn_onnx_is_default(np->domain));
}

static int
is_onnx(const struct Onnx__NodeProto *np, const char *type)
{
	return is_op(np, "", type);
}

static struct Onnx__AttributeProto *
attr(const struct Onnx__NodeProto *np, const char *name)
{
	for (size_t i = 0; i < np->n_attribute; i++)
		if (np->attribute[i]->name &&
		    !strcmp(np->attribute[i]->name, name))
			return np->attribute[i];
	return NULL;
}

static int64_t
int_attr(const struct Onnx__NodeProto *np, const char *name, int64_t dflt)
{
	const struct Onnx__AttributeProto *a = attr(np, name);

	return a ? a->i : dflt;
}

/* The row of weight k of a node, or NULL.  */
static const struct layer_op *
op_of(const struct Onnx__NodeProto *np, int k)
{
	for (int i = 0; i < BRN_COUNT(layer_ops); i++) {
		const struct layer_op *op = &layer_ops[i];

		if (is_op(np, op->domain, op->type) && k-- == 0)
			return (size_t)op->weight < np->n_input ? op : NULL;
	}
	return NULL;
}

/* The elements of input 0, maybe of another type or turned around.  */
static int
passes_on(const struct Onnx__NodeProto *np)
{
	return np->n_input && (is_onnx(np, "Transpose") ||
	    is_onnx(np, "Identity") || is_onnx(np, "Cast") ||
	    is_onnx(np, "DequantizeLinear"));
}

/* Of a matrix: no perm reverses the axes.  */
static int
swaps_axes(const struct Onnx__NodeProto *np)
{
	struct Onnx__AttributeProto *a = attr(np, "perm");

	return !a || (a->n_ints == 2 && a->ints[0] == 1);
}

/* The value of that name that a node of *l sees; *l becomes the graph that has
 * it.  NULL: there is none.  */
static struct brn_onnx_name *
find(const struct brn_onnx_layers **l, const char *s)
{
	struct brn_onnx_name *v = NULL;

	for (const struct brn_onnx_layers *k = *l; k && !v; k = k->up) {
		v = brn_onnx_find(&k->names, s);
		*l = k;
	}
	return v;
}

/* The tensor that a value of l is, or NULL.  */
static struct Onnx__TensorProto *
tensor_of(const struct brn_onnx_layers *l, const struct brn_onnx_name *v)
{
	const struct Onnx__GraphProto *g = l->g;
	struct Onnx__AttributeProto *a;

	if (v->origin == BRN_ONNX_INITIALIZER)
		return g->initializer[v->index];
	if (v->origin != BRN_ONNX_NODE || !is_onnx(g->node[v->index],
	    "Constant"))
		return NULL;
	a = attr(g->node[v->index], "value");
	return a ? a->t : NULL;
}

/* ---- the way from a layer to its weight ---------------------------------- */

static int BRN_PRINTF(2, 3)
leave(struct brn_onnx_weight *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->why, sizeof w->why, fmt, ap);
	va_end(ap);
	return 1;
}

/* Input i of np is what the elements are multiplied with, or their zero point.
 */
static void
find_quant(const struct brn_onnx_layers *l, const struct Onnx__NodeProto *np,
    int i, struct Onnx__TensorProto **out, struct brn_onnx_weight *w)
{
	struct brn_onnx_name *v = i == NONE || (size_t)i >= np->n_input ||
	    !*np->input[i] ? NULL : find(&l, np->input[i]);

	if (!v)
		return;
	*out = tensor_of(l, v);
	if (!*out)
		leave(w, "'%.64s', of its quantized weight, is computed", v->s);
}

/* One step back, from the result of np to its input.  */
static void
step_back(const struct brn_onnx_layers *l, const struct Onnx__NodeProto *np,
    struct brn_onnx_weight *w)
{
	if (is_onnx(np, "Transpose")) {
		if (w->conv || w->recurrent)
			leave(w, "the weight of the %s is transposed",
			    w->conv ? "convolution" : "recurrent layer");
		if (swaps_axes(np)) {
			w->stored_nk = !w->stored_nk;
			w->axis = 1 - w->axis;
		}
	}
	if (!is_onnx(np, "DequantizeLinear"))
		return;
	if (w->recurrent)
		leave(w, "the weight of the recurrent layer is quantized");
	w->quantised = 1;
	w->axis = (int)int_attr(np, "axis", 1);
	find_quant(l, np, 1, &w->scale, w);
	find_quant(l, np, 2, &w->zero, w);
	if (int_attr(np, "block_size", 0))
		leave(w, "its weight is quantized in blocks");
}

/* The end of the way: 1 and the tensor or why there is none, 0 when the value
 * differs from run to run.  */
static int
arrive(const struct brn_onnx_layers *l, const struct brn_onnx_name *v,
    struct brn_onnx_weight *w)
{
	w->name = v->s;
	w->stream = l->stream + (size_t)v->index +
	    (v->origin == BRN_ONNX_NODE ? l->g->n_initializer : 0);
	w->t = tensor_of(l, v);
	if (w->t)
		return 1;
	if (v->origin == BRN_ONNX_SPARSE)
		return leave(w, "its weight '%.64s' is sparse already", v->s);
	if (!l->users[v - l->names.v].constant)
		return 0;
	return leave(w, "its weight '%.64s' is computed from constants by "
	    "%.40s", v->s, l->g->node[v->index]->op_type);
}

/* From a value to the tensor it is.  Calls seen for each value on the way until
 * that returns 0.  The file may be in any order, even a circle: the steps are
 * counted.  */
static int
go_back(const struct brn_onnx_layers *l, const char *value,
    struct brn_onnx_weight *w, int (*seen)(const struct brn_onnx_layers *l,
    const struct brn_onnx_name *v, struct brn_onnx_weight *w))
{
	for (int step = 0; step < 16; step++) {
		struct brn_onnx_name *v = find(&l, value);
		const struct Onnx__NodeProto *np;

		if (!v || !seen(l, v, w))
			return 0;
		if (v->origin != BRN_ONNX_NODE)
			return arrive(l, v, w);
		np = l->g->node[v->index];
		if (!passes_on(np))
			return arrive(l, v, w);
		step_back(l, np, w);
		value = np->input[0];
	}
	return 0;
}

/* ---- users --------------------------------------------------------------- */

static int
count_user(const struct brn_onnx_layers *l, const struct brn_onnx_name *v,
    struct brn_onnx_weight *w)
{
	(void)w;
	/* Its maker uses the value before it once, whatever uses v.  */
	return l->users[v - l->names.v].layers++ == 0;
}

static int
compare_users(const struct brn_onnx_layers *l, const struct brn_onnx_name *v,
    struct brn_onnx_weight *w)
{
	w->tied |= l->users[v - l->names.v].layers != v->uses;
	return 1;
}

static int
is_constant(const struct brn_onnx_layers *l, const struct Onnx__NodeProto *np)
{
	for (size_t i = 0; i < np->n_input; i++) {
		const struct brn_onnx_layers *in = l;
		struct brn_onnx_name *v = *np->input[i] ?
		    find(&in, np->input[i]) : NULL;

		if (*np->input[i] && (!v ||
		    !in->users[v - in->names.v].constant))
			return 0;
	}
	return np->op_type && !strstr(np->op_type, "Random") &&
	    !is_onnx(np, "If") && !is_onnx(np, "Loop") &&
	    !is_onnx(np, "Scan");
}

/* Nodes that come before their inputs count as computed.  */
static void
find_constants(struct brn_onnx_layers *l)
{
	const struct Onnx__GraphProto *g = l->g;

	for (int i = 0; i < l->names.n; i++)
		l->users[i].constant = l->names.v[i].origin <=
		    BRN_ONNX_SPARSE;
	for (size_t i = 0; i < g->n_node; i++) {
		if (!is_constant(l, g->node[i]))
			continue;
		for (size_t k = 0; k < g->node[i]->n_output; k++) {
			struct brn_onnx_name *v = brn_onnx_find(&l->names,
			    g->node[i]->output[k]);

			if (v)
				l->users[v - l->names.v].constant = 1;
		}
	}
}

static void
count_users(const struct brn_onnx_layers *l)
{
	const struct Onnx__GraphProto *g = l->g;

	for (size_t i = 0; i < g->n_node; i++) {
		const struct layer_op *op;

		for (int k = 0; (op = op_of(g->node[i], k)); k++) {
			struct brn_onnx_weight w = { .name = NULL };

			go_back(l, g->node[i]->input[op->weight], &w,
			    count_user);
		}
	}
}

/* ---- graphs -------------------------------------------------------------- */

/* The name of a node without that of the graph.  */
static const char *
name_of(const struct Onnx__NodeProto *np)
{
	return np->name && *np->name ? np->name :
	    np->n_output ? np->output[0] : "";
}

static char *
prefix_of(const struct brn_onnx_layers *up, const struct Onnx__NodeProto *np)
{
	const char *around = up ? up->prefix : "", *name = np ? name_of(np) :
	    "";
	size_t n = strlen(around) + strlen(name) + 2;
	char *s = brn_alloc(n, 1);

	if (s)
		snprintf(s, n, "%s%s%s", around, name, np ? "/" : "");
	return s;
}

/* What add needs for each graph.  */
struct graphs {
	const char *file;
	struct brn_onnx_layers **end;   /* of the list */
	size_t stream;
	burin_error *err;
};

/* The graph of node np in up, both NULL for the model's, and those in it.  */
static int
add(struct graphs *a, const struct Onnx__GraphProto *g,
    const struct brn_onnx_layers *up, const struct Onnx__NodeProto *np)
{
	struct brn_onnx_layers *l = brn_alloc(1, sizeof *l);
	int rc;

	if (!l)
		return brn_nomem(a->err);
	*a->end = l;
	a->end = &l->next;
	l->g = g;
	l->up = up;
	l->stream = a->stream;
	a->stream += g->n_initializer + g->n_node;
	if ((rc = brn_onnx_names_init(&l->names, g, a->file, a->err)) < 0)
		return rc;
	l->users = brn_alloc((size_t)l->names.n, sizeof *l->users);
	l->prefix = prefix_of(up, np);
	if (!l->users || !l->prefix)
		return brn_nomem(a->err);
	find_constants(l);
	for (size_t i = 0; i < g->n_node && rc == 0; i++)
		for (size_t k = 0; k < g->node[i]->n_attribute && rc == 0; k++)
			if (g->node[i]->attribute[k]->g)
				rc = add(a, g->node[i]->attribute[k]->g, l,
				    g->node[i]);
	return rc;
}

int
brn_onnx_layers_new(const struct Onnx__GraphProto *g, const char *file,
    struct brn_onnx_layers **out, size_t *streams, burin_error *err)
{
	struct brn_onnx_layers *all = NULL;
	struct graphs a = { file, &all, 0, err };
	int rc = add(&a, g, NULL, NULL);

	for (const struct brn_onnx_layers *l = all; l && rc == 0; l = l->next)
		count_users(l);
	if (rc < 0) {
		brn_onnx_layers_free(all);
		return rc;
	}
	*streams = a.stream;
	*out = all;
	return 0;
}

void
brn_onnx_layers_free(struct brn_onnx_layers *l)
{
	while (l) {
		struct brn_onnx_layers *next = l->next;

		brn_onnx_names_free(&l->names);
		free(l->users);
		free(l->prefix);
		free(l);
		l = next;
	}
}

/* ---- a layer ------------------------------------------------------------- */

/* Whether w->t can be pruned.  A convolution's is [out][in][kernel..], which is
 * [out][in * taps].  */
static int
check_tensor(struct brn_onnx_weight *w)
{
	const struct Onnx__TensorProto *t = w->t;
	int rank = (int)t->n_dims, dtype = brn_onnx_dtype(t->data_type);

	if (w->conv ? rank < 3 : rank != 2 + w->recurrent)
		return leave(w, "its weight has %d dimensions, wanted %s",
		    rank, w->conv ? "3 or more" : w->recurrent ? "3" : "2");
	for (int d = 0; d < rank; d++)
		if (t->dims[d] <= 0)
			return leave(w, "its weight is empty");
	if (w->quantised ? dtype != BURIN_I8 && dtype != BURIN_U8 :
	    dtype != BURIN_F32)
		return leave(w, "its weight is %s, wanted %s",
		    brn_onnx_dtype_name(t->data_type), w->quantised ?
		    "int8 or uint8" : "floats, or int8 with a scale");
	if (w->axis < 0)
		w->axis += rank;
	return 1;
}

int
brn_onnx_layer(const struct brn_onnx_layers *l,
    const struct Onnx__NodeProto *np, int k, struct brn_onnx_weight *w)
{
	const struct layer_op *op = op_of(np, k);

	*w = (struct brn_onnx_weight){ 0 };
	if (!op)
		return 0;
	snprintf(w->layer, sizeof w->layer, "%s%s", l->prefix, name_of(np));
	w->conv = op->conv;
	w->recurrent = op->recurrent;
	w->stored_nk = op->conv || op->recurrent ||
	    int_attr(np, "transB", 0) != 0;
	w->quantised = op->zero != NONE;
	w->axis = op->conv ? 0 : 1;
	find_quant(l, np, op->scale, &w->scale, w);
	find_quant(l, np, op->zero, &w->zero, w);
	if (!go_back(l, np->input[op->weight], w, compare_users))
		return 0;
	if (op->left)
		return leave(w, "weights of %s are not pruned", op->type);
	if (op->conv && int_attr(np, "group", 1) != 1)
		return leave(w, "it has %lld groups",
		    (long long)int_attr(np, "group", 1));
	return *w->why ? 1 : check_tensor(w);
}
