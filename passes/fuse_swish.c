/* SPDX-License-Identifier: Apache-2.0
 *
 * x times a gate of x becomes one node:
 *
 *	x * sigmoid(x)               ->  swish(x)
 *	x * clip(x + 3, 0, 6) / 6    ->  hard_swish(x)
 *	x * hard_sigmoid(x)          ->  hard_swish(x)
 */
#include "passes/pass.h"

#include <math.h>

#include "passes/rewrite.h"

/* Is n a scalar constant v, to float precision?  */
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

/* x, if n is op(x, v) for a constant v; else NULL.  */
static struct brn_node *
other_operand(const struct brn_node *n, enum brn_op op, double v)
{
	if (n->op != op)
		return NULL;
	if (is_number(n->in[1], v))
		return n->in[0];
	return op != BRN_OP_div && is_number(n->in[0], v) ? n->in[1] : NULL;
}

/* x, if n is clip(x, 0, 6); else NULL.  */
static struct brn_node *
input_of_relu6(struct brn_node *n)
{
	double lo;

	if (n->op != BRN_OP_clip || n->nin != 3 || !n->in[1] || !n->in[2] ||
	    !brn_const_scalar(n->in[1], &lo) || lo != 0 ||
	    !is_number(n->in[2], 6))
		return NULL;
	return n->in[0];
}

/* x, if n is sigmoid(x) or a hard sigmoid, clip(x + 3, 0, 6) / 6; else NULL.
 * *op is the op that x times n is.  */
static struct brn_node *
input_of_gate(struct brn_node *n, struct brn_match *m, enum brn_op *op)
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
	v = other_operand(n, BRN_OP_div, 6);
	if (!v)
		v = other_operand(n, BRN_OP_mul, 1.0 / 6);
	if (!v)
		return NULL;
	brn_match_add(m, v);
	v = input_of_relu6(v);
	if (!v)
		return NULL;
	brn_match_add(m, v);
	return other_operand(v, BRN_OP_add, 3);
}

/* x * gate(x) */
static int
fuse_gate(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	for (int i = 0; i < 2; i++) {
		struct brn_match m = { 0 };
		struct brn_node *x = n->in[i], *new;
		enum brn_op op;

		if (input_of_gate(n->in[!i], &m, &op) != x ||
		    !brn_match_is_closed(&m, r, n))
			continue;
		new = brn_graph_add(r->g, op, n->name, &x, 1);
		return brn_rewrite_as(r, n, new, err);
	}
	return BURIN_OK;
}

/* (x * clip(x + 3, 0, 6)) / 6 */
static int
fuse_late_division(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *mul = other_operand(n, BRN_OP_div, 6), *new;

	if (!mul)
		mul = other_operand(n, BRN_OP_mul, 1.0 / 6);
	if (!mul || mul->op != BRN_OP_mul)
		return BURIN_OK;
	for (int i = 0; i < 2; i++) {
		struct brn_match m = { 0 };
		struct brn_node *x = mul->in[i];
		struct brn_node *v = input_of_relu6(mul->in[!i]);

		brn_match_add(&m, mul);
		brn_match_add(&m, mul->in[!i]);
		if (!v || other_operand(v, BRN_OP_add, 3) != x)
			continue;
		brn_match_add(&m, v);
		if (!brn_match_is_closed(&m, r, n))
			continue;
		new = brn_graph_add(r->g, BRN_OP_hard_swish, n->name, &x, 1);
		return brn_rewrite_as(r, n, new, err);
	}
	return BURIN_OK;
}

static int
fuse_swish_visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	int rc;

	if (n->op != BRN_OP_mul && n->op != BRN_OP_div)
		return BURIN_OK;
	rc = fuse_late_division(r, n, err);
	if (rc == BURIN_OK && n->op == BRN_OP_mul && !r->to[n->id])
		rc = fuse_gate(r, n, err);
	return rc;
}

int
brn_pass_fuse_swish(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fuse_swish_visit, changed, err);
}
