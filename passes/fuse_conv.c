/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers on images take an activation and the addition of another image while
 * they store their result, in the order in which they stand:
 *
 *	relu(dense_conv(x, w, b) + r)  ->  dense_conv(x, w, b, r) {act=clip}
 *
 * x * sigmoid(x) and the forms of HardSwish become one node first.
 */
#include "passes/pass.h"

#include <math.h>
#include <string.h>

#include "ir/op/image.h"
#include "passes/extend.h"

/* ---- activations --------------------------------------------------------- */

/* The value of a scalar constant is v, to float precision.  */
static int
is_number(const struct brn_node *n, double v)
{
	double x;

	return brn_const_scalar(n, &x) && fabs(x - v) <= 1e-6 * fabs(v);
}

static int
is_near(float a, double b)
{
	return fabs((double)a - b) <= 1e-6 * fabs(b);
}

/* The operand of n that is not a constant v; NULL: there is none.  */
static struct brn_node *
beside(const struct brn_node *n, enum brn_op op, double v)
{
	if (n->op != op)
		return NULL;
	if (is_number(n->in[1], v))
		return n->in[0];
	return op != BRN_OP_div && is_number(n->in[0], v) ? n->in[1] : NULL;
}

/* clip(x, 0, 6) */
static struct brn_node *
clipped(struct brn_node *n)
{
	double lo;

	if (n->op != BRN_OP_clip || n->nin != 3 || !n->in[1] || !n->in[2] ||
	    !brn_const_scalar(n->in[1], &lo) || lo != 0 ||
	    !is_number(n->in[2], 6))
		return NULL;
	return n->in[0];
}

/* The x of a gate: sigmoid(x), or min(1, max(0, x / 6 + 0.5)) written in one
 * of the usual ways.  NULL: it is no gate.  */
static struct brn_node *
gated(const struct brn_rewrite *r, struct brn_node *n, struct brn_match *m,
    enum brn_op *op)
{
	struct brn_node *v;

	brn_match_add(m, n);
	*op = n->op == BRN_OP_sigmoid ? BRN_OP_swish : BRN_OP_hard_swish;
	if (n->op == BRN_OP_sigmoid)
		return n->in[0];
	if (n->op == BRN_OP_hard_sigmoid)
		return is_near(brn_attr_float(n, "alpha"), 1.0 / 6) &&
		    is_near(brn_attr_float(n, "beta"), 0.5) ?
		    n->in[0] : NULL;
	v = beside(n, BRN_OP_div, 6);
	if (!v)
		v = beside(n, BRN_OP_mul, 1.0 / 6);
	if (!v)
		return NULL;
	brn_match_add(m, v);
	v = clipped(v);
	if (!v)
		return NULL;
	brn_match_add(m, v);
	(void)r;
	return beside(v, BRN_OP_add, 3);
}

/* x * gate(x)  */
static int
make_swish(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	for (int i = 0; i < 2; i++) {
		struct brn_match m = { 0 };
		struct brn_node *x = n->in[i], *new;
		enum brn_op op;

		if (gated(r, n->in[!i], &m, &op) != x ||
		    !brn_match_is_closed(&m, r, n))
			continue;
		new = brn_graph_add(r->g, op, n->name, &x, 1);
		if (!new)
			return brn_nomem(err);
		new->type = n->type;
		brn_rewrite_to(r, n, new);
		return BURIN_OK;
	}
	return BURIN_OK;
}

/* (x * clip(x + 3, 0, 6)) / 6 */
static int
make_late_swish(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *mul = beside(n, BRN_OP_div, 6), *new;

	if (!mul)
		mul = beside(n, BRN_OP_mul, 1.0 / 6);
	if (!mul || mul->op != BRN_OP_mul)
		return BURIN_OK;
	for (int i = 0; i < 2; i++) {
		struct brn_match m = { 0 };
		struct brn_node *x = mul->in[i], *v = clipped(mul->in[!i]);

		brn_match_add(&m, mul);
		brn_match_add(&m, mul->in[!i]);
		if (!v || beside(v, BRN_OP_add, 3) != x)
			continue;
		brn_match_add(&m, v);
		if (!brn_match_is_closed(&m, r, n))
			continue;
		new = brn_graph_add(r->g, BRN_OP_hard_swish, n->name, &x, 1);
		if (!new)
			return brn_nomem(err);
		new->type = n->type;
		brn_rewrite_to(r, n, new);
		return BURIN_OK;
	}
	return BURIN_OK;
}

static int
make_one(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	int rc;

	if (n->op != BRN_OP_mul && n->op != BRN_OP_div)
		return BURIN_OK;
	rc = make_late_swish(r, n, err);
	if (rc == BURIN_OK && n->op == BRN_OP_mul && !r->to[n->id])
		rc = make_swish(r, n, err);
	return rc;
}

int
brn_pass_fuse_swish(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, make_one, changed, err);
}

/* ---- the end of a layer -------------------------------------------------- */

/* What n does to its input 0; none where a layer cannot.  */
static struct brn_image_end
end_of(const struct brn_node *n)
{
	struct brn_image_end e = { BRN_IMAGE_none, 0, INFINITY, 0 };
	double lo = -INFINITY, hi = INFINITY;

	switch (n->op) {
	case BRN_OP_relu:
		e.act = BRN_IMAGE_clip;
		break;
	case BRN_OP_clip:
		if ((n->nin > 1 && n->in[1] &&
		    !brn_const_scalar(n->in[1], &lo)) ||
		    (n->nin > 2 && n->in[2] &&
		    !brn_const_scalar(n->in[2], &hi)))
			break;
		e = (struct brn_image_end){ BRN_IMAGE_clip, (float)lo,
		    (float)hi, 0 };
		break;
	case BRN_OP_leaky_relu:
		e.act = BRN_IMAGE_leaky;
		e.lo = brn_attr_float(n, "alpha");
		break;
	case BRN_OP_hard_swish:
		e.act = BRN_IMAGE_hard_swish;
		break;
	case BRN_OP_swish:
		if (brn_attr_float(n, "alpha") == 1)
			e.act = BRN_IMAGE_swish;
		break;
	default:
		break;
	}
	return e;
}

/* The layer that now makes v, or NULL.  */
static struct brn_node *
layer_of(const struct brn_rewrite *r, struct brn_node *v)
{
	struct brn_node *n = brn_rewrite_now(r, v);

	return brn_is_image_layer(n) ? n : NULL;
}

static int
has_residual(const struct brn_node *l)
{
	return l->nin > 3 && l->in[3];
}

/* That layer, if it is for one user alone and takes a residual; else NULL.  */
static struct brn_node *
open_layer(const struct brn_rewrite *r, struct brn_node *v)
{
	struct brn_node *l = layer_of(r, v);

	return l && r->uses[v->id] == 1 && !has_residual(l) &&
	    l->op != BRN_OP_depthwise ? l : NULL;
}

static int
take_act(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *l = layer_of(r, n->in[0]);
	struct brn_image_end e = end_of(n);

	if (!l || r->uses[n->in[0]->id] != 1 || brn_attr(l, "act"))
		return BURIN_OK;
	l = brn_extend_layer(r, n, l, NULL);
	if (!l || brn_attr_set_int(r->g, l, "act", e.act) < 0 ||
	    (has_residual(l) && brn_attr_set_int(r->g, l, "act_last", 1) < 0))
		return brn_nomem(err);
	if (e.lo != 0 && brn_attr_set_float(r->g, l, "act_min", e.lo) < 0)
		return brn_nomem(err);
	if (!isinf(e.hi) && brn_attr_set_float(r->g, l, "act_max", e.hi) < 0)
		return brn_nomem(err);
	return BURIN_OK;
}

static int
visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	int rc;

	if (n->op != BRN_OP_add && end_of(n).act == BRN_IMAGE_none)
		return BURIN_OK;
	rc = n->op == BRN_OP_add ? brn_take_residual(r, n, open_layer, err) :
	    take_act(r, n, err);
	if (rc == BURIN_OK)
		brn_extend_explain(r, n, layer_of, 1);
	return rc;
}

int
brn_pass_fuse_conv(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, visit, changed, err);
}
