/* SPDX-License-Identifier: Apache-2.0
 *
 * Layer normalisation over the last axis, which exporters write as several
 * nodes before opset 17, becomes one node.  Two forms:
 *
 *	d / sqrt(v + eps) * gamma + beta                d = x - mean(x)
 *	x * g + (beta - mean(x) * g)                    v = mean(d * d)
 *	    with g = 1 / sqrt(v + eps) * gamma
 *
 * Operands of + and * may be in either order, and mean and d may be computed
 * twice.  A quantized file rounds v, v + eps, and the quotient: then this
 * becomes a node with ones for gamma, and with attribute rounds
 * (ir/graph/rounds.h).  The report says why the square root of a variance
 * stays that is not part of such a form.
 */
#include "passes/pass.h"

#include <string.h>

#include "ir/graph/rounds.h"
#include "passes/quant_step.h"
#include "passes/rewrite.h"

#define NO "no layer_norm: "
#define USED NO "something else uses a value inside of it"

struct norm {
	struct brn_node *x, *gamma, *beta;      /* beta may be NULL */
	double eps;
	struct brn_quant round[BRN_NORM_ROUNDS];        /* of v, of v + eps */
	struct brn_match m;
};

/* If n is that op, add it to the pattern.  0: it is not.  */
static int
accept(struct norm *p, const struct brn_node *n, enum brn_op op)
{
	return n && n->op == op && brn_match_add(&p->m, n);
}

/* Is n the mean of x over its last axis, kept as 1?  */
static int
is_mean(struct norm *p, const struct brn_node *n, const struct brn_node *x)
{
	int rank = x->type.rank;
	double axis;

	if (n->op != BRN_OP_reduce_mean || n->in[0] != x ||
	    !brn_attr_int(n, "keepdims") || n->nin < 2 ||
	    !brn_const_scalar(n->in[1], &axis))
		return 0;
	if (rank < 1 || (axis != -1 && axis != rank - 1))
		return 0;
	return brn_match_add(&p->m, n);
}

/* Is n x - mean(x), for p->x or, where that is NULL, for any x?  */
static int
is_centered(struct norm *p, struct brn_node *n)
{
	if (!accept(p, n, BRN_OP_sub) || (p->x && n->in[0] != p->x))
		return 0;
	p->x = n->in[0];
	return is_mean(p, n->in[1], p->x);
}

/* pow(d, 2) or d * d.  */
static int
is_square(struct norm *p, struct brn_node *n)
{
	double e;

	if (accept(p, n, BRN_OP_pow))
		return brn_const_scalar(n->in[1], &e) && e == 2 &&
		    is_centered(p, n->in[0]);
	return accept(p, n, BRN_OP_mul) && n->in[0] == n->in[1] &&
	    is_centered(p, n->in[0]);
}

/* What n rounds, with *q, or n.  */
static struct brn_node *
unrounded(struct norm *p, struct brn_node *n, struct brn_quant *q)
{
	struct brn_quant is;

	if (!brn_match_rounding(n, &is) || !brn_match_add(&p->m, n) ||
	    !brn_match_add(&p->m, n->in[0]))
		return n;
	*q = is;
	return n->in[0]->in[0];
}

/* sqrt(mean(square) + eps).  */
static int
is_deviation(struct norm *p, struct brn_node *n)
{
	struct brn_node *add, *var;
	int k;

	if (!accept(p, n, BRN_OP_sqrt))
		return 0;
	add = unrounded(p, n->in[0], &p->round[1]);
	if (!accept(p, add, BRN_OP_add))
		return 0;
	k = brn_const_scalar(add->in[0], &p->eps);
	if (!k && !brn_const_scalar(add->in[1], &p->eps))
		return 0;
	var = unrounded(p, add->in[k], &p->round[0]);
	return p->eps >= 0 && var->op == BRN_OP_reduce_mean &&
	    is_mean(p, var, var->in[0]) && is_square(p, var->in[0]);
}

static int
is_inverse(struct norm *p, struct brn_node *n)
{
	double one;

	if (accept(p, n, BRN_OP_reciprocal))
		return is_deviation(p, n->in[0]);
	return accept(p, n, BRN_OP_div) && brn_const_scalar(n->in[0], &one) &&
	    one == 1 && is_deviation(p, n->in[1]);
}

/* (x - mean) / deviation.  */
static int
is_normalized(struct norm *p, struct brn_node *n)
{
	if (accept(p, n, BRN_OP_div))
		return is_centered(p, n->in[0]) && is_deviation(p, n->in[1]);
	if (!accept(p, n, BRN_OP_mul))
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

/* Is n a vector with one element for each along the last axis of x?  */
static int
is_param(const struct norm *p, const struct brn_node *n)
{
	const struct brn_type *x = &p->x->type;

	return x->dtype == BURIN_F32 && x->rank >= 1 &&
	    n->type.dtype == BURIN_F32 && n->type.rank == 1 &&
	    n->type.dim[0] == x->dim[x->rank - 1];
}

/* Is n normalized * gamma?  It is the root unless beta is added to it.  */
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

/* The add of beta to n, if that is the only user of n; else NULL.  */
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
	if (!accept(p, n, BRN_OP_mul))
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

/* xg = x * g and mg = mean * g; g is input i of xg and input j of mg.  */
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
		if (!accept(p, xg, BRN_OP_mul) || !accept(p, sub, BRN_OP_sub) ||
		    !accept(p, sub->in[1], BRN_OP_mul))
			continue;
		p->beta = sub->in[0];
		if (match_products(p, xg, sub->in[1], k >> 1 & 1, k >> 2) &&
		    is_param(p, p->beta))
			return 1;
	}
	return 0;
}

/* Is n (x - mean(x)) / deviation with a rounded deviation?  gamma is behind a
 * rounding of n.  */
static int
match_rounded(struct norm *p, struct brn_node *n)
{
	memset(p, 0, sizeof *p);
	return n->op == BRN_OP_div && is_centered(p, n->in[0]) &&
	    is_deviation(p, n->in[1]) &&
	    (p->round[0].scale != 0 || p->round[1].scale != 0) &&
	    !brn_is_sym(n->type.dim[n->type.rank - 1]);
}

/* The root of the layer normalisation that n, or the add of beta to n, ends;
 * else NULL.  */
static struct brn_node *
match_layernorm(const struct brn_rewrite *r, struct norm *p, struct brn_node *n)
{
	struct brn_node *add;

	if (match_distributed(p, n) || match_rounded(p, n))
		return brn_match_is_closed(&p->m, r, n) ? n : NULL;
	if (!match_scaled(p, n) || !brn_match_is_closed(&p->m, r, n))
		return NULL;
	add = shifted(r, p, n);
	return add ? add : n;
}

/* Is d x - mean(x), over any axes?  */
static int
is_shifted(const struct brn_node *d)
{
	return d->op == BRN_OP_sub && d->in[1]->op == BRN_OP_reduce_mean &&
	    d->in[1]->in[0] == d->in[0];
}

/* The mean v, if root is sqrt(v + epsilon) or sqrt(v) and v the mean of the
 * squares of x - mean(x); else NULL.  */
static struct brn_node *
variance(const struct brn_node *root)
{
	struct brn_node *v, *sq;

	if (root->op != BRN_OP_sqrt)
		return NULL;
	v = root->in[0];
	if (v->op == BRN_OP_add)
		v = v->in[v->in[0]->op != BRN_OP_reduce_mean];
	if (v->op != BRN_OP_reduce_mean)
		return NULL;
	sq = v->in[0];
	if (sq->op != BRN_OP_pow &&
	    (sq->op != BRN_OP_mul || sq->in[0] != sq->in[1]))
		return NULL;
	return is_shifted(sq->in[0]) ? v : NULL;
}

/* Why root, the square root of the mean v, is not the deviation of x; NULL: it
 * is.  */
static const char *
why_below(struct brn_node *root, struct brn_node *v)
{
	struct brn_node *sq = v->in[0], *d = sq->in[0];
	struct norm p = { 0 }, try = { 0 };

	if (is_deviation(&p, root))
		return NULL;
	if (!is_mean(&try, v, sq) || !is_mean(&try, d->in[1], d->in[0]))
		return NO "its means are not over the last axis alone, kept "
		    "as 1";
	return is_square(&try, sq) ? NO "it is not of the variance plus a "
	    "constant from 0 on" : NO "its variance is no mean of squares";
}

/* Why n, which is 1 / deviation or a quotient by it, is not used as in a layer
 * normalisation.  */
static const char *
why_above(const struct brn_rewrite *r, struct brn_node *n)
{
	struct norm inverse = { 0 }, p = { 0 };
	struct brn_node *user = r->user[n->id];

	if (is_inverse(&inverse, n)) {
		if (!user)
			return USED;
		if (is_gain(&p, user))
			return NO "its gain is used for more than x * gain + "
			    "(beta - mean * gain)";
		n = user;
		user = r->user[n->id];
	}
	memset(&p, 0, sizeof p);
	if (!is_normalized(&p, n))
		return NO "it does not divide x - mean(x)";
	return user && match_scaled(&p, user) ? USED : NO "(x - mean(x)) / "
	    "it is not scaled by a float32 vector of the features, and no "
	    "more";
}

/* Is n (x - mean(x)) / y, or the factor 1 / y?  */
static int
divides(const struct brn_rewrite *r, const struct brn_node *n)
{
	const struct brn_node *user = r->user[n->id];
	double one;

	if (n->op == BRN_OP_div && !brn_const_scalar(n->in[0], &one))
		return is_shifted(n->in[0]);
	return (n->op == BRN_OP_div || n->op == BRN_OP_reciprocal) &&
	    (!user || user->op == BRN_OP_mul);
}

/* Report why the square root that n divides by stays.  */
static void
explain_layernorm(const struct brn_rewrite *r, struct brn_node *n)
{
	struct brn_node *root, *v;
	const char *why;

	if (!divides(r, n))
		return;
	root = n->in[n->op == BRN_OP_div];
	v = variance(root);
	if (!v)
		return;
	why = why_below(root, v);
	brn_report_unfused(r->g, root, why ? why : why_above(r, n));
}

/* A gamma of ones.  NULL: no memory.  */
static struct brn_node *
ones(struct brn_graph *g, const struct brn_type *x)
{
	struct brn_type t = { BURIN_F32, 1, { x->dim[x->rank - 1] } };
	struct brn_node *n = brn_graph_constant(g, "", &t, NULL);

	if (!n)
		return NULL;
	n->type = t;
	for (int64_t i = 0; i < t.dim[0]; i++)
		((float *)n->value->data)[i] = 1;
	return n;
}

static int
replace_with_layernorm(struct brn_rewrite *r, const struct norm *p,
    struct brn_node *root, burin_error *err)
{
	struct brn_node *in[] = { p->x, p->gamma ? p->gamma :
	    ones(r->g, &p->x->type), p->beta };
	struct brn_node *n;

	if (!in[1])
		return brn_nomem(err);
	n = brn_graph_add(r->g, BRN_OP_layer_norm, root->name, in,
	    p->beta ? 3 : 2);
	if (!n || brn_attr_set_float(r->g, n, "epsilon", (float)p->eps) < 0 ||
	    brn_set_rounds(r->g, n, p->round, BRN_NORM_ROUNDS) < 0)
		return brn_nomem(err);
	n->type = root->type;
	brn_rewrite_to(r, root, n);
	/* A node whose Shape is used stays, but is fused.  */
	for (int i = 0; i < p->m.n; i++)
		brn_report_unfused(r->g, p->m.node[i], NULL);
	return BURIN_OK;
}

static int
fuse_layernorm_visit(struct brn_rewrite *r, struct brn_node *n,
    burin_error *err)
{
	struct norm p;
	struct brn_node *root = match_layernorm(r, &p, n);

	explain_layernorm(r, n);
	return root ? replace_with_layernorm(r, &p, root, err) : BURIN_OK;
}

int
brn_pass_fuse_layernorm(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fuse_layernorm_visit, changed, err);
}
