/* SPDX-License-Identifier: Apache-2.0
 *
 * RMS normalisation over the last axis, which exporters write as several nodes
 * before opset 23, becomes one node:
 *
 *	x / sqrt(mean(x * x) + eps) * gamma  ->  rms_norm(x, gamma)
 *
 * The quotient may be x * (1 / sqrt(..)), the square pow(x, 2), and operands of
 * * and + in either order.
 */
#include "passes/pass.h"

#include "passes/rewrite.h"

struct norm {
	struct brn_node *x, *gamma;
	double eps;
	struct brn_match m;
};

static int
accept(struct norm *p, const struct brn_node *n, enum brn_op op)
{
	return n->op == op && brn_match_add(&p->m, n);
}

static int
is_number(const struct brn_node *n, double v)
{
	double x;

	return brn_const_scalar(n, &x) && x == v;
}

/* Is n x squared?  */
static int
is_square(struct norm *p, const struct brn_node *n)
{
	if (n->op == BRN_OP_mul)
		return n->in[0] == p->x && n->in[1] == p->x &&
		    brn_match_add(&p->m, n);
	return accept(p, n, BRN_OP_pow) && n->in[0] == p->x &&
	    is_number(n->in[1], 2);
}

/* Is n the mean of x * x over the last axis, kept as 1?  */
static int
is_mean_of_squares(struct norm *p, const struct brn_node *n)
{
	int rank = p->x->type.rank;
	double axis;

	return accept(p, n, BRN_OP_reduce_mean) &&
	    brn_attr_int(n, "keepdims") && n->nin == 2 && n->in[1] &&
	    brn_const_scalar(n->in[1], &axis) &&
	    (axis == -1 || axis == rank - 1) && is_square(p, n->in[0]);
}

/* Is n sqrt(mean(x * x) + eps)?  */
static int
is_root(struct norm *p, const struct brn_node *n)
{
	const struct brn_node *sum = n->in[0];

	if (!accept(p, n, BRN_OP_sqrt) || !accept(p, sum, BRN_OP_add))
		return 0;
	for (int k = 0; k < 2; k++)
		if (brn_const_scalar(sum->in[k], &p->eps) && p->eps >= 0)
			return is_mean_of_squares(p, sum->in[!k]);
	return 0;
}

/* Is n 1 / sqrt(..)?  */
static int
is_inverse_root(struct norm *p, const struct brn_node *n)
{
	if (n->op == BRN_OP_reciprocal)
		return brn_match_add(&p->m, n) && is_root(p, n->in[0]);
	return accept(p, n, BRN_OP_div) && is_number(n->in[0], 1) &&
	    is_root(p, n->in[1]);
}

/* Is n x over its root, of any x?  */
static int
is_quotient(struct norm *p, const struct brn_node *n)
{
	if (n->op == BRN_OP_div) {
		p->x = n->in[0];
		return brn_match_add(&p->m, n) && is_root(p, n->in[1]);
	}
	if (!accept(p, n, BRN_OP_mul))
		return 0;
	for (int k = 0; k < 2; k++) {
		struct norm try = *p;

		try.x = n->in[k];
		if (is_inverse_root(&try, n->in[!k])) {
			*p = try;
			return 1;
		}
	}
	return 0;
}

/* One number a feature?  */
static int
is_gamma(const struct brn_type *g, const struct brn_type *x)
{
	return g->rank == 1 && g->dtype == BURIN_F32 && x->rank >= 1 &&
	    g->dim[0] == x->dim[x->rank - 1];
}

static int
fuse_rms_norm_visit(struct brn_rewrite *r, struct brn_node *n,
    burin_error *err)
{
	if (n->op != BRN_OP_mul)
		return BURIN_OK;
	for (int k = 0; k < 2; k++) {
		struct norm p = { .gamma = n->in[k] };
		struct brn_node *new;

		if (!is_quotient(&p, n->in[!k]) ||
		    !is_gamma(&p.gamma->type, &p.x->type) ||
		    p.x->type.dtype != BURIN_F32 ||
		    !brn_match_is_closed(&p.m, r, n))
			continue;
		new = brn_graph_add(r->g, BRN_OP_rms_norm, n->name,
		    (struct brn_node *[]){ p.x, p.gamma }, 2);
		if (!new || brn_attr_set_float(r->g, new, "epsilon",
		    (float)p.eps) < 0)
			return brn_nomem(err);
		return brn_rewrite_as(r, n, new, err);
	}
	return BURIN_OK;
}

int
brn_pass_fuse_rms_norm(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fuse_rms_norm_visit, changed, err);
}
