/* SPDX-License-Identifier: Apache-2.0
 *
 * Layer normalisation over the last axis, as exporters spell it out before
 * opset 17, becomes one node.  Two forms:
 *
 *	d / sqrt(v + eps) * gamma + beta                d = x - mean(x)
 *	x * g + (beta - mean(x) * g)                    v = mean(d * d)
 *	    with g = 1 / sqrt(v + eps) * gamma
 *
 * Operands of + and * may stand in either order, and mean and d may be
 * computed twice.
 */
#include "passes/pass.h"

#include <string.h>

#include "passes/rewrite.h"

struct norm {
	struct brn_node *x, *gamma, *beta;      /* beta may be NULL */
	double eps;
	struct brn_match m;
};

/* Is n such an op?  Then it is part of the pattern.  */
static int
take(struct norm *p, const struct brn_node *n, enum brn_op op)
{
	return n && n->op == op && brn_match_add(&p->m, n);
}

/* The mean of x over its last axis, which stays as 1.  */
static int
is_mean(struct norm *p, const struct brn_node *n, const struct brn_node *x)
{
	int rank = x->type.rank;
	double axis;

	if (n->op != BRN_OP_reduce_mean || n->in[0] != x ||
	    !brn_attr_int(n, "keepdims", 1) || n->nin < 2 ||
	    !brn_const_scalar(n->in[1], &axis))
		return 0;
	if (rank < 1 || (axis != -1 && axis != rank - 1))
		return 0;
	return brn_match_add(&p->m, n);
}

/* x - mean(x), whatever x is when p does not know it yet.  */
static int
is_centered(struct norm *p, struct brn_node *n)
{
	if (!take(p, n, BRN_OP_sub) || (p->x && n->in[0] != p->x))
		return 0;
	p->x = n->in[0];
	return is_mean(p, n->in[1], p->x);
}

/* pow(d, 2) or d * d.  */
static int
is_square(struct norm *p, struct brn_node *n)
{
	double e;

	if (take(p, n, BRN_OP_pow))
		return brn_const_scalar(n->in[1], &e) && e == 2 &&
		    is_centered(p, n->in[0]);
	return take(p, n, BRN_OP_mul) && n->in[0] == n->in[1] &&
	    is_centered(p, n->in[0]);
}

/* sqrt(mean(square) + eps).  */
static int
is_deviation(struct norm *p, struct brn_node *n)
{
	struct brn_node *add, *var;
	int k;

	if (!take(p, n, BRN_OP_sqrt) || !take(p, n->in[0], BRN_OP_add))
		return 0;
	add = n->in[0];
	k = brn_const_scalar(add->in[0], &p->eps);
	if (!k && !brn_const_scalar(add->in[1], &p->eps))
		return 0;
	var = add->in[k];
	return p->eps >= 0 && var->op == BRN_OP_reduce_mean &&
	    is_mean(p, var, var->in[0]) && is_square(p, var->in[0]);
}

static int
is_inverse(struct norm *p, struct brn_node *n)
{
	double one;

	if (take(p, n, BRN_OP_reciprocal))
		return is_deviation(p, n->in[0]);
	return take(p, n, BRN_OP_div) && brn_const_scalar(n->in[0], &one) &&
	    one == 1 && is_deviation(p, n->in[1]);
}

/* (x - mean) / deviation.  */
static int
is_normalized(struct norm *p, struct brn_node *n)
{
	if (take(p, n, BRN_OP_div))
		return is_centered(p, n->in[0]) && is_deviation(p, n->in[1]);
	if (!take(p, n, BRN_OP_mul))
		return 0;
	for (int k = 0; k < 2; k++) {
		struct norm try = *p;

		if (is_centered(&try, n->in[k]) &&
		    is_inverse(&try, n->in[!k])) {
			*p = try;
			return 1;
		}
	}
	return 0;
}

/* One element for each along the last axis of x.  */
static int
is_param(const struct norm *p, const struct brn_node *n)
{
	const struct brn_type *x = &p->x->type;

	return x->dtype == BURIN_F32 && x->rank >= 1 &&
	    n->type.dtype == BURIN_F32 && n->type.rank == 1 &&
	    n->type.dim[0] == x->dim[x->rank - 1];
}

/* normalized * gamma: the root, unless a bias is added to it.  */
static int
match_scaled(struct norm *p, struct brn_node *n)
{
	if (n->op != BRN_OP_mul)
		return 0;
	for (int k = 0; k < 2; k++) {
		memset(p, 0, sizeof *p);
		if (!is_normalized(p, n->in[k]))
			continue;
		p->gamma = n->in[!k];
		if (is_param(p, p->gamma))
			return 1;
	}
	return 0;
}

/* The add of beta to n, if that is all that n is for.  */
static struct brn_node *
shifted(const struct brn_rewrite *r, struct norm *p, struct brn_node *n)
{
	struct brn_node *add = r->user[n->id], *beta;

	if (!add || add->op != BRN_OP_add || r->uses[n->id] != 1)
		return NULL;
	beta = add->in[add->in[0] == n];
	if (!is_param(p, beta))
		return NULL;
	p->beta = beta;
	return add;
}

/* g = 1 / deviation * gamma.  */
static int
is_gain(struct norm *p, struct brn_node *n)
{
	if (!take(p, n, BRN_OP_mul))
		return 0;
	for (int k = 0; k < 2; k++) {
		struct norm try = *p;

		if (!is_inverse(&try, n->in[k]))
			continue;
		try.gamma = n->in[!k];
		*p = try;
		return is_param(p, p->gamma);
	}
	return 0;
}

/* xg = x * g and mg = mean * g, with i and j saying where g stands.  */
static int
match_products(struct norm *p, struct brn_node *xg, struct brn_node *mg,
    int i, int j)
{
	if (xg->in[i] != mg->in[j])
		return 0;
	p->x = xg->in[!i];
	return is_mean(p, mg->in[!j], p->x) && is_gain(p, xg->in[i]);
}

/* x * g + (beta - mean * g).  */
static int
match_distributed(struct norm *p, struct brn_node *n)
{
	if (n->op != BRN_OP_add)
		return 0;
	for (int k = 0; k < 8; k++) {
		struct brn_node *xg = n->in[k & 1], *sub = n->in[!(k & 1)];

		memset(p, 0, sizeof *p);
		if (!take(p, xg, BRN_OP_mul) || !take(p, sub, BRN_OP_sub) ||
		    !take(p, sub->in[1], BRN_OP_mul))
			continue;
		p->beta = sub->in[0];
		if (match_products(p, xg, sub->in[1], k >> 1 & 1, k >> 2) &&
		    is_param(p, p->beta))
			return 1;
	}
	return 0;
}

/* Does n end a layer normalisation?  Then its root, else NULL.  */
static struct brn_node *
match(const struct brn_rewrite *r, struct norm *p, struct brn_node *n)
{
	struct brn_node *add;

	if (match_distributed(p, n))
		return brn_match_is_closed(&p->m, r, n) ? n : NULL;
	if (!match_scaled(p, n) || !brn_match_is_closed(&p->m, r, n))
		return NULL;
	add = shifted(r, p, n);
	return add ? add : n;
}

static int
fuse(struct brn_rewrite *r, const struct norm *p, struct brn_node *root,
    burin_error *err)
{
	struct brn_node *in[] = { p->x, p->gamma, p->beta };
	struct brn_node *n;

	n = brn_graph_add(r->g, BRN_OP_layer_norm, root->name, in,
	    p->beta ? 3 : 2);
	if (!n || brn_attr_set_float(r->g, n, "epsilon", (float)p->eps) < 0)
		return brn_nomem(err);
	n->type = root->type;
	brn_rewrite_to(r, root, n);
	return BURIN_OK;
}

static int
visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct norm p;
	struct brn_node *root = match(r, &p, n);

	return root ? fuse(r, &p, root, err) : BURIN_OK;
}

int
brn_pass_fuse_layernorm(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, visit, changed, err);
}
