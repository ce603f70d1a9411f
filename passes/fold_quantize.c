/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions between floats and bytes that change nothing, or that a later one
 * makes needless.  With the same scale and zero point:
 *
 *	quantize(dequantize(q))             ->  q
 *	quantize(f(dequantize(quantize(x))))  ->  quantize(f(x))
 *	f(quantize(x))                      ->  quantize(f(x))
 *	max_pool(dequantize(q))             ->  dequantize(max_pool(q))
 *
 * where f moves elements.  Rounding keeps their order, and max_pool is faster
 * on bytes.
 */
#include "passes/pass.h"

#include "passes/quant_step.h"
#include "passes/rewrite.h"

static int
is_same(const struct brn_quant *p, const struct brn_quant *q)
{
	return p->scale == q->scale && p->zero == q->zero;
}

/* Does n only move elements of its first input?  */
static int
moves(const struct brn_node *n)
{
	switch (n->op) {
	case BRN_OP_flatten:
	case BRN_OP_reshape:
	case BRN_OP_squeeze:
	case BRN_OP_transpose:
	case BRN_OP_unsqueeze:
		return 1;
	default:
		return 0;
	}
}

static int
has_one_use(const struct brn_rewrite *r, const struct brn_node *n)
{
	return r->uses[n->id] == 1 && !r->shape_uses[n->id];
}

/* n applied to x, which has another type than its input.  NULL: no memory.  */
static struct brn_node *
apply(struct brn_rewrite *r, const struct brn_node *n, struct brn_node *x)
{
	struct brn_node *new = brn_graph_add(r->g, n->op, n->name, n->in,
	    n->nin);

	if (!new)
		return NULL;
	new->in[0] = x;
	new->attr = n->attr;
	new->nattr = n->nattr;
	new->type = n->type;
	new->type.dtype = x->type.dtype;
	return new;
}

/* Replace n by quantize(f(x)), with the numbers of the node like.  */
static int
quantize_last(struct brn_rewrite *r, struct brn_node *n,
    const struct brn_node *like, const struct brn_node *f, burin_error *err)
{
	struct brn_node *x = apply(r, f, brn_rewrite_now(r, like->in[0]));
	struct brn_node *q;

	if (!x)
		return brn_nomem(err);
	q = brn_graph_add(r->g, BRN_OP_quantize_linear, like->name, like->in,
	    like->nin);
	if (!q)
		return brn_nomem(err);
	q->in[0] = x;
	return brn_rewrite_as(r, n, q, err);
}

/* quantize(f(dequantize(quantize(x)))) */
static int
fold_pair(struct brn_rewrite *r, struct brn_node *n,
    const struct brn_quant *q, burin_error *err)
{
	struct brn_node *f = n->in[0], *d = f->nin ? f->in[0] : NULL;
	struct brn_quant p;

	if (!moves(f) || !has_one_use(r, f) || !has_one_use(r, d) ||
	    !brn_match_quant(d, BRN_OP_dequantize_linear, &p) ||
	    !is_same(&p, q) || !has_one_use(r, d->in[0]) ||
	    !brn_match_quant(d->in[0], BRN_OP_quantize_linear, &p) ||
	    !is_same(&p, q) || d->in[0]->type.dtype != n->type.dtype)
		return BURIN_OK;
	return quantize_last(r, n, d->in[0], f, err);
}

static int
fold_max_pool(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	const struct brn_node *d = n->in[0];
	struct brn_node *x, *new;
	struct brn_quant q;

	if (brn_attr(n, "index") || n->type.rank > 4 ||
	    !brn_match_quant(d, BRN_OP_dequantize_linear, &q))
		return BURIN_OK;
	x = apply(r, n, brn_rewrite_now(r, d->in[0]));
	if (!x)
		return brn_nomem(err);
	new = brn_graph_add(r->g, d->op, d->name, d->in, d->nin);
	if (!new)
		return brn_nomem(err);
	new->in[0] = x;
	return brn_rewrite_as(r, n, new, err);
}

static int
fold_quantize_visit(struct brn_rewrite *r, struct brn_node *n,
    burin_error *err)
{
	struct brn_quant q, p;
	struct brn_node *d;

	if (n->op == BRN_OP_max_pool)
		return fold_max_pool(r, n, err);
	if (moves(n) && has_one_use(r, n->in[0]) && !r->to[n->in[0]->id] &&
	    brn_match_quant(n->in[0], BRN_OP_quantize_linear, &p))
		return quantize_last(r, n, n->in[0], n, err);
	if (!brn_match_quant(n, BRN_OP_quantize_linear, &q))
		return BURIN_OK;
	d = brn_rewrite_now(r, n->in[0]);
	if (brn_match_quant(d, BRN_OP_dequantize_linear, &p)) {
		if (is_same(&p, &q) && n->type.dtype == d->in[0]->type.dtype)
			brn_rewrite_to(r, n, brn_rewrite_now(r, d->in[0]));
		return BURIN_OK;
	}
	return fold_pair(r, n, &q, err);
}

int
brn_pass_fold_quantize(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fold_quantize_visit, changed, err);
}
