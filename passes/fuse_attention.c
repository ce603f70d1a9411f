/* SPDX-License-Identifier: Apache-2.0
 *
 * Multi-head attention, which exporters write with a dozen nodes, becomes one
 * node, and its transposes are gone:
 *
 *	split(x)  = transpose(reshape(x, [B, S, heads, size]), 0 2 1 3)
 *	out       = reshape(transpose(p * split(v), 0 2 1 3), [B, S, features])
 *	p         = softmax(split(q) * split(k)^T + mask)
 *
 * Constant factors may stand anywhere between q, k and the mask.  A mask is
 * added, or is a Where that puts a huge negative number or -inf into the
 * scores; zero may stand for the NaN of rows that are masked as a whole.
 *
 * The report says why a softmax between two products stays.
 */
#include "passes/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "passes/rewrite.h"

/* A score of a model plus this number is this number, since fp32 has 24 bits.
 * So a Where that puts it in place of scores can become an addition.  */
#define HUGE_FILL (-1e30)

#define NO "no attention: "
#define NOT_JOINED NO "its heads are not put together by Transpose and " \
    "Reshape"

/* Where the axes B, S, heads, size are in Q and V, and in K.  */
static const int by_head[] = { 0, 2, 1, 3 };
static const int by_head_turned[] = { 0, 2, 3, 1 };

struct pattern {
	const struct brn_rewrite *r;
	struct brn_node *q, *k, *v;
	struct brn_node *mask;          /* NULL: none.  Added to the scores;
	                                   or the bool of a Where, of scores
	                                   where it equals keep and of fill
	                                   elsewhere */
	int is_where, keep;
	double fill;
	double scale;
	int64_t heads;                  /* 0: not known yet */
	int nan_to_zero;
	struct brn_match m;
	const char *why;                /* the last mismatch */
};

/* Record why a match fails.  */
static int
no(struct pattern *p, const char *why)
{
	p->why = why;
	return 0;
}

static int
accept(struct pattern *p, const struct brn_node *n, enum brn_op op)
{
	return n->op == op && brn_match_add(&p->m, n);
}

/* The permutation, if n is a transpose of that rank.  0: it is not.  */
static int
get_perm(const struct brn_node *n, int rank, int perm[4])
{
	const struct brn_attr *a;

	if (n->op != BRN_OP_transpose || n->type.rank != rank)
		return 0;
	a = brn_attr(n, "perm");
	for (int i = 0; i < rank; i++)
		perm[i] = a ? (int)a->ints[i] : rank - 1 - i;
	return 1;
}

/* x, if n is x * c or x / c for a constant c; else NULL.  c goes into
 * p->scale.  */
static struct brn_node *
unscaled(struct pattern *p, struct brn_node *n)
{
	if (n->op != BRN_OP_mul && n->op != BRN_OP_div)
		return NULL;
	for (int k = n->op == BRN_OP_div; k < 2; k++) {
		struct brn_node *x = n->in[!k];
		double c;

		if (!brn_const_scalar(n->in[k], &c) || c == 0 ||
		    n->type.rank != x->type.rank || !brn_match_add(&p->m, n))
			continue;
		p->scale *= n->op == BRN_OP_div ? 1 / c : c;
		return x;
	}
	return NULL;
}

/* x, if n is x with its last two axes swapped as [B * heads, .., ..]: reshape
 * to three dimensions, transpose, reshape; else NULL.  */
static struct brn_node *
turned(struct pattern *p, struct brn_node *n)
{
	const struct brn_node *t, *flat;
	const int64_t *d, *f;
	struct brn_node *x;
	int perm[4];

	if (n->op != BRN_OP_reshape)
		return NULL;
	t = n->in[0];
	if (!get_perm(t, 3, perm) || perm[0] != 0 || perm[1] != 2)
		return NULL;
	flat = t->in[0];
	if (flat->op != BRN_OP_reshape)
		return NULL;
	x = flat->in[0];
	if (x->type.rank != 4 || n->type.rank != 4)
		return NULL;
	d = x->type.dim;
	f = flat->type.dim;
	if (f[1] != d[2] || f[2] != d[3] || n->type.dim[0] != d[0] ||
	    n->type.dim[1] != d[1] || n->type.dim[2] != d[3] ||
	    n->type.dim[3] != d[2])
		return NULL;
	return brn_match_add(&p->m, n) && brn_match_add(&p->m, t) &&
	    brn_match_add(&p->m, flat) ? x : NULL;
}

/* Replace *n by its input, if *n only moves axes or scales.  axis[i] is the
 * axis of *n that becomes axis i of the value at the start.  0: it does
 * not.  */
static int
step(struct pattern *p, struct brn_node **n, int axis[4], int scaled)
{
	int perm[4] = { 0, 1, 3, 2 };
	struct brn_node *x;

	if (scaled && (x = unscaled(p, *n))) {
		*n = x;
		return 1;
	}
	x = turned(p, *n);
	if (!x) {
		if (!get_perm(*n, 4, perm) || !brn_match_add(&p->m, *n))
			return 0;
		x = (*n)->in[0];
	}
	for (int i = 0; i < 4; i++)
		axis[i] = perm[axis[i]];
	*n = x;
	return 1;
}

/* Are these [B, S, heads * size] and [B, S, heads, size]?  If one of B and S is
 * the same, so is the other, even where sizes are not known.  */
static int
is_split(const struct brn_type *whole, const struct brn_type *parts)
{
	const int64_t *w = whole->dim, *d = parts->dim;

	return whole->rank == 3 && parts->rank == 4 &&
	    (w[0] == d[0] || w[1] == d[1]) && w[2] > 0 && d[2] > 0 &&
	    w[2] % d[2] == 0 && w[2] / d[2] == d[3];
}

/* x, if n is x split into heads with its axes in that order; else NULL.  */
static struct brn_node *
read_heads(struct pattern *p, struct brn_node *n, const int order[4],
    int scaled)
{
	int axis[4] = { 0, 1, 2, 3 };
	struct brn_node *x, *y;

	while (step(p, &n, axis, scaled))
		;
	if (!accept(p, n, BRN_OP_reshape) ||
	    !is_split(&n->in[0]->type, &n->type) ||
	    memcmp(axis, order, sizeof axis) ||
	    (p->heads && p->heads != n->type.dim[2]))
		return NULL;
	p->heads = n->type.dim[2];
	x = n->in[0];
	while (scaled && p->r->uses[x->id] == 1 && (y = unscaled(p, x)))
		x = y;
	return x;
}

/* Match Q * K^T, scaled.  Returns the type of the scores, or NULL.  */
static const struct brn_type *
read_product(struct pattern *p, struct brn_node *n)
{
	struct brn_node *x;

	while ((x = unscaled(p, n)))
		n = x;
	if (!accept(p, n, BRN_OP_matmul)) {
		no(p, NO "the scores are no product with constant factors "
		    "and at most one mask");
		return NULL;
	}
	p->q = read_heads(p, n->in[0], by_head, 1);
	if (!p->q) {
		no(p, NO "Q is not [batch, tokens, features] split into heads");
		return NULL;
	}
	p->k = read_heads(p, n->in[1], by_head_turned, 1);
	if (!p->k) {
		no(p, NO "K is not [batch, tokens, features] split into as "
		    "many heads as Q, and transposed");
		return NULL;
	}
	return &n->type;
}

/* Does a mask of type m broadcast to the scores, and not they to it?  Sizes
 * that are not known yet count as the same: a run checks them.  */
static int
fits(const struct brn_type *m, const struct brn_type *scores)
{
	if (m->rank < 0 || m->rank > scores->rank)
		return 0;
	for (int i = 1; i <= m->rank; i++) {
		int64_t d = m->dim[m->rank - i];
		int64_t to = scores->dim[scores->rank - i];

		if (d != 1 && d != to && (to == 1 ||
		    (!brn_is_sym(d) && !brn_is_sym(to))))
			return 0;
	}
	return 1;
}

/* Match n as a mask applied to scores, which are its input at.  */
static int
read_masked(struct pattern *p, struct brn_node *n, int at)
{
	const struct brn_type *scores;

	if (n->op == BRN_OP_where) {
		p->is_where = 1;
		p->keep = at == 1;
		p->mask = n->in[0];
		if (!brn_const_scalar(n->in[3 - at], &p->fill) ||
		    !(p->fill <= HUGE_FILL))
			return no(p, NO "what the mask puts in place of scores "
			    "is no constant below -1e30");
	} else {
		p->mask = n->in[!at];
	}
	scores = read_product(p, n->in[at]);
	if (!scores)
		return 0;
	if (n->type.rank != 4 || !fits(&p->mask->type, scores))
		return no(p, NO "the mask does not spread over the scores");
	return brn_match_add(&p->m, n);
}

/* Is n a matrix product, with factors or without?  */
static int
is_scores(const struct brn_node *n)
{
	for (; n->op == BRN_OP_mul || n->op == BRN_OP_div; n = n->in[0])
		if (n->op == BRN_OP_mul && n->in[1]->op == BRN_OP_matmul)
			return 1;
	return n->op == BRN_OP_matmul;
}

static int
read_scores(struct pattern *p, struct brn_node *n)
{
	const char *why = NO "there is more than one mask";
	int first = n->op == BRN_OP_where;

	if (n->op != BRN_OP_add && n->op != BRN_OP_where)
		return read_product(p, n) != NULL;
	for (int k = first; k < first + 2; k++) {
		struct pattern try = *p;

		if (read_masked(&try, n, k)) {
			*p = try;
			return 1;
		}
		if (is_scores(n->in[k]))
			why = try.why;
	}
	return no(p, why);
}

/* Match softmax(scores), or where(isnan(softmax), 0, softmax).  */
static int
read_probabilities(struct pattern *p, struct brn_node *n)
{
	struct brn_node *soft = n;
	int64_t axis;
	double zero;

	if (accept(p, n, BRN_OP_where)) {
		soft = n->in[2];
		if (!brn_const_scalar(n->in[1], &zero) || zero != 0 ||
		    !accept(p, n->in[0], BRN_OP_isnan) ||
		    n->in[0]->in[0] != soft)
			return no(p, NO "its Where does more than put 0 in the "
			    "place of NaN");
		p->nan_to_zero = 1;
	}
	if (!accept(p, soft, BRN_OP_softmax) || soft->type.rank != 4 ||
	    soft->type.dtype != BURIN_F32)
		return no(p, NO "it is no float32 [batch, heads, queries, "
		    "keys]");
	axis = brn_attr_int(soft, "axis");
	if (axis != -1 && axis != 3)
		return no(p, NO "its axis is not the last");
	return read_scores(p, soft->in[0]);
}

/* Do Q, K and V have one batch, and K and V one number of tokens?  */
static int
is_consistent(const struct pattern *p)
{
	const int64_t *q = p->q->type.dim, *k = p->k->type.dim;
	const int64_t *v = p->v->type.dim;

	return q[0] == k[0] && k[0] == v[0] && k[1] == v[1] &&
	    q[2] == k[2] && isfinite((float)p->scale);
}

static int
match_attention(const struct brn_rewrite *r, struct pattern *p,
    struct brn_node *root)
{
	struct brn_node *t, *product;
	int perm[4];

	*p = (struct pattern){ .r = r, .scale = 1 };
	if (root->op != BRN_OP_reshape)
		return no(p, NOT_JOINED);
	t = root->in[0];
	if (!get_perm(t, 4, perm) || memcmp(perm, by_head, sizeof perm) ||
	    !is_split(&root->type, &t->type) ||
	    !brn_match_add(&p->m, t))
		return no(p, NOT_JOINED);
	product = t->in[0];
	if (!accept(p, product, BRN_OP_matmul))
		return no(p, NOT_JOINED);
	p->v = read_heads(p, product->in[1], by_head, 0);
	if (!p->v)
		return no(p, NO "V is not [batch, tokens, features] split into "
		    "heads");
	if (!read_probabilities(p, product->in[0]))
		return 0;
	if (!is_consistent(p))
		return no(p, NO "Q, K and V differ in batch, tokens or "
		    "features");
	return brn_match_is_closed(&p->m, r, root) ? 1 :
	    no(p, NO "something else uses a value inside of it");
}

/* The softmax, if product is softmax(a * b) * c, perhaps with factors and a
 * mask, and so looks like an attention; else NULL.  */
static struct brn_node *
softmax_of(const struct brn_node *product)
{
	struct brn_node *soft, *n;

	if (product->op != BRN_OP_matmul)
		return NULL;
	soft = product->in[0];
	if (soft->op == BRN_OP_where)
		soft = soft->in[2];
	if (soft->op != BRN_OP_softmax)
		return NULL;
	n = soft->in[0];
	if (n->op == BRN_OP_add || n->op == BRN_OP_where)
		for (int k = 0; k < n->nin; k++)
			if (is_scores(n->in[k]))
				return soft;
	return is_scores(n) ? soft : NULL;
}

/* Report why the softmax of product stays, or that it does not.  */
static void
explain_attention(const struct brn_rewrite *r, struct brn_node *product)
{
	struct brn_node *soft = softmax_of(product), *root = product;
	struct pattern p;

	if (!soft)
		return;
	for (int i = 0; i < 2 && root; i++)
		root = r->user[root->id];
	brn_report_unfused(r->g, soft, !root ? NOT_JOINED :
	    match_attention(r, &p, root) ? NULL : p.why);
}

/* where(mask, 0, fill) or where(mask, fill, 0).  NULL: no memory.  */
static struct brn_node *
added_mask(struct brn_graph *g, const struct pattern *p,
    struct brn_node *mask, burin_error *err)
{
	static const struct brn_type scalar = { .dtype = BURIN_F32 };
	float fill = (float)p->fill;
	struct brn_node *in[3], *n;

	in[0] = mask;
	in[p->keep ? 1 : 2] = brn_graph_constant(g, "", &scalar, NULL);
	in[p->keep ? 2 : 1] = brn_graph_constant(g, "", &scalar, &fill);
	n = in[1] && in[2] ? brn_graph_add(g, BRN_OP_where, mask->name, in, 3)
	    : NULL;
	if (!n) {
		brn_nomem(err);
		return NULL;
	}
	n->type = mask->type;
	n->type.dtype = BURIN_F32;
	return n;
}

static int
is_same_where(const struct brn_node *n, const struct pattern *p)
{
	double fill;

	return n && brn_const_scalar(n->in[p->keep ? 2 : 1], &fill) &&
	    fill == p->fill;
}

/* The mask as a value to add to the scores, one node for all attentions with
 * the same mask.  memo is by the mask's id.  */
static int
make_mask(struct brn_graph *g, const struct pattern *p,
    struct brn_node **memo, struct brn_node **out, burin_error *err)
{
	struct brn_node *mask = p->mask;

	/* Attention broadcasts the mask itself.  */
	while (mask->op == BRN_OP_expand)
		mask = mask->in[0];
	if (!p->is_where) {
		*out = mask;
		return BURIN_OK;
	}
	if (!is_same_where(memo[mask->id], p)) {
		memo[mask->id] = added_mask(g, p, mask, err);
		if (!memo[mask->id])
			return BURIN_ENOMEM;
	}
	*out = memo[mask->id];
	return BURIN_OK;
}

static int
replace_with_attention(struct brn_rewrite *r, const struct pattern *p,
    struct brn_node *root, struct brn_node **memo, burin_error *err)
{
	struct brn_node *in[] = { p->q, p->k, p->v, NULL };
	struct brn_graph *g = r->g;
	struct brn_node *n;
	int rc;

	if (p->mask && (rc = make_mask(g, p, memo, &in[3], err)) < 0)
		return rc;
	n = brn_graph_add(g, BRN_OP_attention, root->name, in,
	    p->mask ? 4 : 3);
	if (!n || brn_attr_set_int(g, n, "heads", p->heads) < 0 ||
	    brn_attr_set_float(g, n, "scale", (float)p->scale) < 0)
		return brn_nomem(err);
	if (p->nan_to_zero && brn_attr_set_int(g, n, "nan_to_zero", 1) < 0)
		return brn_nomem(err);
	return brn_rewrite_as(r, root, n, err);
}

int
brn_pass_fuse_attention(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	struct brn_node **memo;
	struct brn_rewrite r;
	int rc;

	(void)o;
	if ((rc = brn_rewrite_begin(&r, g, err)) < 0)
		return rc;
	memo = brn_alloc((size_t)r.n + 1, sizeof *memo);
	if (!memo)
		rc = brn_nomem(err);
	for (int i = 0; i < r.n && rc == BURIN_OK; i++) {
		struct pattern p;

		explain_attention(&r, g->node[i]);
		if (match_attention(&r, &p, g->node[i]))
			rc = replace_with_attention(&r, &p, g->node[i], memo,
			    err);
	}
	free(memo);
	if (rc == BURIN_OK)
		return brn_rewrite_end(&r, changed, err);
	brn_rewrite_free(&r);
	return rc;
}
