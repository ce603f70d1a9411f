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
 * A quantized file rounds values in between, dequantize(quantize(x)).  Q, K and
 * V are then rounded before they are split, scores and probabilities by the
 * attention (ir/graph/rounds.h).
 *
 * The report says why a softmax between two products stays.
 */
#include "passes/pass.h"

#include <math.h>
#include <string.h>

#include "ir/graph/rounds.h"
#include "passes/heads.h"
#include "passes/quant_step.h"

#define NO "no attention: "
#define NOT_JOINED NO "its heads are not put together by Transpose and " \
    "Reshape"

/* Where the axes B, S, heads, size are in Q and V, and in K.  */
static const int by_head[] = { 0, 2, 1, 3 };
static const int by_head_turned[] = { 0, 2, 3, 1 };

/* A value of [batch, tokens, features], and the dequantize_linear that rounds
 * it behind the split into heads; NULL: it is not rounded.  */
struct side {
	struct brn_node *x, *rounding;
};

struct pattern {
	const struct brn_rewrite *r;
	struct side q, k, v, out;
	struct brn_quant round[BRN_SCORE_ROUNDS];       /* scale 0: none */
	struct brn_score_mask mask;
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

/* x, if n is x * c or x / c for a constant c; else NULL.  c goes into
 * p->scale.  */
static struct brn_node *
unscaled(struct pattern *p, struct brn_node *n)
{
	double scale = p->scale;
	struct brn_node *x = brn_unscaled(n, &scale);

	if (!x || !brn_match_add(&p->m, n))
		return NULL;
	p->scale = scale;
	return x;
}

/* The value that n rounds, with *q; else NULL.  */
static struct brn_node *
unrounded(struct pattern *p, struct brn_node *n, struct brn_quant *q)
{
	return brn_match_rounding(n, q) && brn_match_add(&p->m, n) &&
	    brn_match_add(&p->m, n->in[0]) ? n->in[0]->in[0] : NULL;
}

/* *n, or what it rounds.  */
static void
pass_rounding(struct pattern *p, struct brn_node **n, enum brn_score_round at)
{
	struct brn_node *x = unrounded(p, *n, &p->round[at]);

	*n = x ? x : *n;
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
	if (!brn_get_perm(t, 3, perm) || perm[0] != 0 || perm[1] != 2)
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

/* Replace *n by its input, if *n only moves axes, scales, or rounds, which goes
 * into *s.  axis[i] is the axis of *n that becomes axis i of the value at the
 * start.  0: it does not.  A factor is not taken out of what is rounded.  */
static int
step(struct pattern *p, struct brn_node **n, int axis[4], int scaled,
    struct side *s)
{
	struct brn_quant q;
	int perm[4] = { 0, 1, 3, 2 };
	struct brn_node *x;

	if (scaled && !s->rounding && (x = unscaled(p, *n))) {
		*n = x;
		return 1;
	}
	if (!s->rounding && (x = unrounded(p, *n, &q))) {
		s->rounding = *n;
		*n = x;
		return 1;
	}
	x = turned(p, *n);
	if (!x) {
		if (!brn_get_perm(*n, 4, perm) || !brn_match_add(&p->m, *n))
			return 0;
		x = (*n)->in[0];
	}
	for (int i = 0; i < 4; i++)
		axis[i] = perm[axis[i]];
	*n = x;
	return 1;
}

/* Is n s->x split into heads with its axes in that order?  */
static int
read_heads(struct pattern *p, struct brn_node *n, const int order[4],
    int scaled, struct side *s)
{
	int axis[4] = { 0, 1, 2, 3 };
	struct brn_node *x, *y;

	while (step(p, &n, axis, scaled, s))
		;
	if (!accept(p, n, BRN_OP_reshape) ||
	    !brn_is_split(&n->in[0]->type, &n->type) ||
	    memcmp(axis, order, sizeof axis) ||
	    (p->heads && p->heads != n->type.dim[2]))
		return 0;
	p->heads = n->type.dim[2];
	x = n->in[0];
	while (scaled && !s->rounding && p->r->uses[x->id] == 1 &&
	    (y = unscaled(p, x)))
		x = y;
	s->x = x;
	return 1;
}

/* Are scores rounded after factors that are not factors of scores?  */
static int
is_scaled_before(const struct pattern *p, double scale)
{
	return p->scale != scale && (p->round[BRN_ROUND_PRODUCT].scale ||
	    p->round[BRN_ROUND_SCALED].scale);
}

/* Match Q * K^T, scaled.  Returns the type of the scores, or NULL.  */
static const struct brn_type *
read_product(struct pattern *p, struct brn_node *n)
{
	struct brn_node *x;
	double scale;

	pass_rounding(p, &n, BRN_ROUND_SCALED);
	while ((x = unscaled(p, n)))
		n = x;
	pass_rounding(p, &n, BRN_ROUND_PRODUCT);
	scale = p->scale;
	if (!accept(p, n, BRN_OP_matmul)) {
		no(p, NO "the scores are no product with constant factors "
		    "and at most one mask");
		return NULL;
	}
	if (!read_heads(p, n->in[0], by_head, 1, &p->q)) {
		no(p, NO "Q is not [batch, tokens, features] split into heads");
		return NULL;
	}
	if (!read_heads(p, n->in[1], by_head_turned, 1, &p->k)) {
		no(p, NO "K is not [batch, tokens, features] split into as "
		    "many heads as Q, and transposed");
		return NULL;
	}
	if (is_scaled_before(p, scale)) {
		no(p, NO "scores are rounded, and Q or K has a factor");
		return NULL;
	}
	return &n->type;
}

/* Match n as a mask applied to scores, which are its input at.  */
static int
read_masked(struct pattern *p, struct brn_node *n, int at)
{
	const struct brn_type *scores;

	if (!brn_mask_read(n, at, &p->mask))
		return no(p, NO "what the mask puts in place of scores is no "
		    "constant below -1e30");
	scores = read_product(p, n->in[at]);
	if (!scores)
		return 0;
	if (n->type.rank != 4 || !brn_mask_fits(&p->mask.node->type, scores))
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
	struct pattern whole = *p;
	struct brn_node *rounded = n;
	int first;

	pass_rounding(p, &n, BRN_ROUND_MASKED);
	first = n->op == BRN_OP_where;
	if (n->op != BRN_OP_add && n->op != BRN_OP_where) {
		*p = whole;
		return read_product(p, rounded) != NULL;
	}
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
	struct brn_node *soft;
	int64_t axis;
	double zero;

	pass_rounding(p, &n, BRN_ROUND_PROBABILITY);
	soft = n;
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
	const int64_t *q = p->q.x->type.dim, *k = p->k.x->type.dim;
	const int64_t *v = p->v.x->type.dim;

	return q[0] == k[0] && k[0] == v[0] && k[1] == v[1] &&
	    q[2] == k[2] && isfinite((float)p->scale);
}

/* What n rounds, or n; its rounding goes into *s.  */
static struct brn_node *
read_rounding(struct pattern *p, struct brn_node *n, struct side *s)
{
	struct brn_quant q;
	struct brn_node *x = unrounded(p, n, &q);

	s->rounding = x ? n : NULL;
	return x ? x : n;
}

/* What the value of a side was rounded by; scale 0: it was not.  */
static struct brn_quant
quant_of(const struct side *s)
{
	struct brn_quant q = { 0 };

	brn_match_rounding(s->rounding ? s->rounding : s->x, &q);
	return q;
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
	if (!brn_get_perm(t, 4, perm) || memcmp(perm, by_head, sizeof perm) ||
	    !brn_is_split(&root->type, &t->type) ||
	    !brn_match_add(&p->m, t))
		return no(p, NOT_JOINED);
	product = read_rounding(p, t->in[0], &p->out);
	if (!accept(p, product, BRN_OP_matmul))
		return no(p, NOT_JOINED);
	if (!read_heads(p, product->in[1], by_head, 0, &p->v))
		return no(p, NO "V is not [batch, tokens, features] split into "
		    "heads");
	if (!read_probabilities(p, product->in[0]))
		return 0;
	if (!is_consistent(p))
		return no(p, NO "Q, K and V differ in batch, tokens or "
		    "features");
	p->round[BRN_ROUND_Q] = quant_of(&p->q);
	p->round[BRN_ROUND_K] = quant_of(&p->k);
	p->round[BRN_ROUND_V] = quant_of(&p->v);
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

/* x with a copy of its rounding, unless it is so rounded.  NULL: no memory.  */
static struct brn_node *
rounded(struct brn_graph *g, const struct side *s)
{
	const struct brn_node *like = s->rounding;
	struct brn_node *x = s->x, *n;
	struct brn_quant is, to;

	if (!like || (brn_match_rounding(x, &is) &&
	    brn_match_rounding(like, &to) && is.scale == to.scale &&
	    is.zero == to.zero))
		return x;
	for (int i = 0; i < 2; i++) {
		const struct brn_node *old = i ? like : like->in[0];

		n = brn_graph_add(g, old->op, old->name, old->in, old->nin);
		if (!n)
			return NULL;
		n->in[0] = x;
		n->attr = old->attr;
		n->nattr = old->nattr;
		n->type = s->x->type;
		n->type.dtype = old->type.dtype;
		x = n;
	}
	return x;
}

static int
replace_with_attention(struct brn_rewrite *r, const struct pattern *p,
    struct brn_node *root, struct brn_node **memo, burin_error *err)
{
	struct brn_graph *g = r->g;
	struct side out = p->out;
	struct brn_node *in[] = { rounded(g, &p->q), rounded(g, &p->k),
	    rounded(g, &p->v), NULL };
	struct brn_node *n;
	int rc;

	if (!in[0] || !in[1] || !in[2])
		return brn_nomem(err);
	if (p->mask.node &&
	    (rc = brn_mask_put(g, &p->mask, memo, &in[3], err)) < 0)
		return rc;
	n = brn_graph_add(g, BRN_OP_attention, root->name, in,
	    p->mask.node ? 4 : 3);
	if (!n || brn_attr_set_int(g, n, "heads", p->heads) < 0 ||
	    brn_attr_set_float(g, n, "scale", (float)p->scale) < 0 ||
	    brn_set_rounds(g, n, p->round,
	    BRN_SCORE_ROUNDS) < 0)
		return brn_nomem(err);
	if (p->nan_to_zero && brn_attr_set_int(g, n, "nan_to_zero", 1) < 0)
		return brn_nomem(err);
	n->type = root->type;
	out.x = n;
	return brn_rewrite_as(r, root, rounded(g, &out), err);
}

static int
fuse(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct pattern p;

	explain_attention(r, n);
	return match_attention(r, &p, n) ?
	    replace_with_attention(r, &p, n, r->memo, err) : BURIN_OK;
}

int
brn_pass_fuse_attention(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fuse, changed, err);
}
