/* SPDX-License-Identifier: Apache-2.0
 *
 * Dense layers on integers.  A layer whose weight is integers times a step by
 * row, and whose x a file quantizes, takes x as it was before:
 *
 *	dense(dequantize(quantize(x, s, z), s, z), w)
 *	    ->  dense(x, w) {x_quant, x_scale, x_zero}
 *
 * s and z are constants, or those of ONNX's DynamicQuantizeLinear.  With
 * precision=int8 all other layers are quantized, too: x by token, the weight by
 * row.  A weight of integers becomes f32 where its layer does not run on them.
 */
#include "passes/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph/iter.h"
#include "ir/graph/step.h"
#include "ir/graph/weight.h"
#include "ir/graph/x_quant.h"
#include "passes/rewrite.h"

enum {
	CHECK_ROWS = 4,         /* of a weight for a step; layers check all */
	MAX_COLS = 1 << 16,     /* more products of 255 * 128 exceed i32 */
};

struct match {
	struct brn_node *x;
	enum brn_x_quant how;
	float scale;
	int64_t zero;
};

/* ---- x ---- */

static int
is_number(const struct brn_node *n, double v)
{
	double is;

	return brn_const_scalar(n, &is) && is == v;
}

/* Is n op(a, v) for a number v?  a, or NULL.  */
static struct brn_node *
operand(const struct brn_node *n, enum brn_op op, double v)
{
	if (n->op != op || n->nin != 2)
		return NULL;
	if (is_number(n->in[1], v))
		return n->in[0];
	return op != BRN_OP_div && is_number(n->in[0], v) ? n->in[1] : NULL;
}

/* Is n the least (op min) or largest number (max) of x, and of 0?  */
static int
is_bound(const struct brn_node *n, enum brn_op op, const struct brn_node *x)
{
	const struct brn_node *of = operand(n, op, 0);
	enum brn_op reduce = op == BRN_OP_min ? BRN_OP_reduce_min :
	    BRN_OP_reduce_max;

	return of && of->op == reduce && of->in[0] == x &&
	    brn_type_is_concrete(&of->type) && brn_type_numel(&of->type) == 1;
}

/* The difference of x's bounds whose scale n is, or NULL.  */
static const struct brn_node *
range_of_scale(const struct brn_node *n, const struct brn_node *x)
{
	const struct brn_node *range;

	if (n->op != BRN_OP_where || !is_number(n->in[1], 1) ||
	    !(range = operand(n->in[2], BRN_OP_div, 255)))
		return NULL;
	return range->op == BRN_OP_sub && operand(n->in[0], BRN_OP_equal, 0) ==
	    range && is_bound(range->in[0], BRN_OP_max, x) &&
	    is_bound(range->in[1], BRN_OP_min, x) ? range : NULL;
}

/* Are s and z what DynamicQuantizeLinear makes of x?  */
static int
is_dynamic(const struct brn_node *x, const struct brn_node *s,
    const struct brn_node *z)
{
	const struct brn_node *range = range_of_scale(s, x);

	return range && z && z->op == BRN_OP_quantize_linear && z->nin == 2 &&
	    z->in[1] == s && z->in[0]->op == BRN_OP_neg &&
	    z->in[0]->in[0] == range->in[1];
}

static int
match_fixed(const struct brn_node *s, const struct brn_node *z, int dtype,
    struct match *m)
{
	double scale, zero = 0;

	if (!brn_const_scalar(s, &scale) ||
	    (z && !brn_const_scalar(z, &zero)) ||
	    !isfinite(scale) || !(scale > 0))
		return 0;
	m->how = BRN_X_FIXED;
	m->scale = (float)scale;
	m->zero = (int64_t)zero + (dtype == BURIN_I8 ? 128 : 0);
	return 1;
}

/* The same node, or the same number.  */
static int
is_same(const struct brn_node *a, const struct brn_node *b)
{
	double x, y;

	return a == b || (a && b && brn_const_scalar(a, &x) &&
	    brn_const_scalar(b, &y) && x == y);
}

static const struct brn_node *
zero_of(const struct brn_node *n)
{
	return n->nin > 2 ? n->in[2] : NULL;
}

static int
match_x(const struct brn_node *d, struct match *m)
{
	const struct brn_node *q = d->in[0], *s = d->in[1], *z = zero_of(d);

	if (d->op != BRN_OP_dequantize_linear ||
	    q->op != BRN_OP_quantize_linear || !is_same(q->in[1], s) ||
	    !is_same(zero_of(q), z) || q->in[0]->type.dtype != BURIN_F32)
		return 0;
	*m = (struct match){ q->in[0], BRN_X_TENSOR, 1, 0 };
	if (q->type.dtype == BURIN_U8 && is_dynamic(m->x, s, z))
		return 1;
	return (q->type.dtype == BURIN_U8 || q->type.dtype == BURIN_I8) &&
	    match_fixed(s, z, q->type.dtype, m);
}

/* ---- the weight ---- */

/* Row r of w, and how far its numbers are apart.  */
static const float *
row_of(const struct brn_matrix *w, int64_t r, int64_t *stride)
{
	*stride = w->trans ? w->rows : 1;
	return w->w + (w->trans ? r : r * w->cols);
}

static int
has_steps(const struct brn_matrix *w)
{
	for (int64_t r = 0; r < w->rows && r < CHECK_ROWS; r++) {
		int64_t stride;
		const float *row = row_of(w, r, &stride);

		if (!(brn_step_of(row, w->cols, stride) > 0))
			return 0;
	}
	return 1;
}

/* A row as integers times its step, which is 1 for a row of zeros.  0: not all
 * are finite.  */
static int
quantize_row(const float *row, int64_t n, int64_t stride, int8_t *out,
    float *step)
{
	float most = 0;

	for (int64_t i = 0; i < n; i++) {
		float a = fabsf(row[i * stride]);

		most = a > most || a != a ? a : most;
	}
	if (!isfinite(most))
		return 0;
	*step = most / 127 > 0 ? most / 127 : 1;
	for (int64_t i = 0; i < n; i++)
		out[i * stride] = (int8_t)brn_round_small(row[i * stride] /
		    *step);
	return 1;
}

/* A weight in integers, and its steps.  */
struct quantized {
	struct brn_node *w, *step;
	int ok;                         /* 0: it cannot be */
};

/* The weight of layer, each row rounded to integers times its step.  0: its
 * numbers are not finite; ENOMEM.  */
static int
quantize_weight(struct brn_graph *g, const struct brn_node *layer,
    struct quantized *out, burin_error *err)
{
	struct brn_node *w = layer->in[1];
	struct brn_matrix m = brn_weight(layer);
	struct brn_type t = w->type, one = { BURIN_F32, 1, { m.rows } };

	t.dtype = BURIN_I8;
	out->step = brn_graph_constant(g, w->name, &one, NULL);
	out->w = brn_graph_constant(g, w->name, &t, NULL);
	if (!out->step || !out->w)
		return brn_nomem(err);
	for (int64_t r = 0; r < m.rows; r++) {
		int64_t stride;
		const float *row = row_of(&m, r, &stride);

		if (!quantize_row(row, m.cols, stride,
		    (int8_t *)out->w->value->data + (row - m.w),
		    (float *)out->step->value->data + r))
			return 0;
	}
	return 1;
}

/* ---- the layer ---- */

static int
set(struct brn_graph *g, struct brn_node *n, const struct match *m)
{
	n->in[0] = m->x;
	if (brn_attr_set_int(g, n, "x_quant", m->how) < 0)
		return -1;
	if (m->how != BRN_X_FIXED)
		return 0;
	return brn_attr_set_float(g, n, "x_scale", m->scale) < 0 ||
	    brn_attr_set_int(g, n, "x_zero", m->zero) < 0 ? -1 : 0;
}

/* Give layer n the weight in integers.  */
static int
set_weight(struct brn_graph *g, struct brn_node *n, const struct quantized *q,
    burin_error *err)
{
	struct brn_node **in = brn_arena_alloc(g->arena, BRN_MAX_LAYER_IN,
	    sizeof *in);

	if (!in)
		return brn_nomem(err);
	memcpy(in, n->in, (size_t)n->nin * sizeof *in);
	in[1] = q->w;
	in[4] = q->step;
	n->in = in;
	n->nin = BRN_MAX_LAYER_IN;
	return BURIN_OK;
}

/* memo: by id of a weight and the way round that it is read, quantized.  */
static int
visit(struct brn_graph *g, const struct brn_pass_opts *o, struct brn_node *n,
    struct quantized *memo, burin_error *err)
{
	struct match m = { n->in[0], BRN_X_TOKEN, 1, 0 };
	struct brn_matrix w = brn_weight(n);
	struct quantized *q = &memo[2 * n->in[1]->id +
	    brn_weight_is_transposed(n)];
	int rc = 0;

	if (w.cols > MAX_COLS)
		return 0;
	if (!match_x(n->in[0], &m) || (!w.ints && !has_steps(&w))) {
		if (o->quantize != BRN_QUANTIZE_ALL)
			return 0;
		m = (struct match){ n->in[0], BRN_X_TOKEN, 1, 0 };
		if (!w.ints && !q->w)
			q->ok = rc = quantize_weight(g, n, q, err);
		if (!w.ints && q->ok > 0)
			rc = set_weight(g, n, q, err);
		if (rc < 0 || (!w.ints && !q->ok))
			return rc;
	}
	return set(g, n, &m) < 0 ? brn_nomem(err) : 1;
}

/* Quantize the layers of g.  Their number, or a code.  */
static int
quantize(struct brn_graph *g, const struct brn_pass_opts *o, burin_error *err)
{
	int end = g->nnode, count = 0, rc = 0;
	struct quantized *memo = brn_alloc(2 * (size_t)end + 2, sizeof *memo);

	if (!memo)
		return brn_nomem(err);
	for (int i = 0; i < end && rc >= 0; i++) {
		struct brn_node *n = g->node[i];

		if (n->op == BRN_OP_dense && brn_weight_is_const(n) &&
		    brn_numel(n->in[1]->value) > 0 &&
		    !brn_attr(n, "x_quant") &&
		    !brn_is_listed(o->fp32_layers, n->name))
			count += (rc = visit(g, o, n, memo, err)) > 0;
	}
	free(memo);
	return rc < 0 ? rc : count;
}

/* Give f32 weights to layers of integers whose x is not quantized, or to all.
 * Their number, or a code.  */
static int
expand(struct brn_graph *g, int all, burin_error *err)
{
	int end = g->nnode, count = 0, rc = 0;

	for (int i = 0; i < end && rc == 0; i++) {
		struct brn_node *n = g->node[i];

		if (!brn_weight_step(n) || (!all && brn_attr(n, "x_quant")))
			continue;
		rc = brn_weight_expand(g, n, err);
		count++;
	}
	return rc < 0 ? rc : count;
}

int
brn_pass_quantize_dense(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	int none = o->quantize == BRN_QUANTIZE_NONE, count, more, rc;

	if ((rc = count = none ? 0 : quantize(g, o, err)) >= 0 &&
	    (rc = more = expand(g, none, err)) >= 0)
		count += more;
	if (rc >= 0 && count)
		rc = brn_graph_sort(g, err);
	*changed += count;
	return rc < 0 ? rc : BURIN_OK;
}
