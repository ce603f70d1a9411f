/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention of decoders, with a past and groups of queries, becomes mha:
 *
 *	k, v = concat(past, new)            the present, if it is used
 *	p    = softmax(q * repeat(k)^T + masks)
 *	out  = p * repeat(v)
 *
 * so that keys and values are read where they lie.  The concat becomes an mha
 * with attribute index, whose result is the past and the new tokens.  Also
 * attention to keys and values that are inputs, as those of an encoder.  repeat
 * is Unsqueeze, Expand and Reshape.  Inputs and the result of any mha lose
 * their Transpose and Reshape where those only split features into heads.
 */
#include "passes/pass.h"

#include <math.h>

#include "passes/heads.h"

enum { MAX_MASKS = 3 };

static const int by_head[] = { 0, 2, 1, 3 };
static const int turned[] = { 0, 1, 3, 2 };

/* Keys or values.  */
struct kept {
	struct brn_node *concat, *past; /* NULL: no past */
	struct brn_node *now;
	int64_t heads;
};

struct pattern {
	const struct brn_rewrite *r;
	struct brn_node *q;
	int64_t heads;
	struct kept k, v;
	int nmask;
	struct brn_score_mask mask[MAX_MASKS];
	double scale;
	int nan_to_zero;
	const struct brn_node *soft;
	struct brn_match m;
};

static int
accept(struct pattern *p, const struct brn_node *n, enum brn_op op)
{
	return n->op == op && brn_match_add(&p->m, n);
}

static int
is_heads(const struct brn_node *n)
{
	return n->type.dtype == BURIN_F32 && n->type.rank == 4 &&
	    n->type.dim[1] > 0 && n->type.dim[3] > 0;
}

/* x, if n is each head of x several times; else n.  */
static struct brn_node *
unrepeated(struct brn_node *n)
{
	const struct brn_node *e, *u;
	const int64_t *d, *x;

	if (n->op != BRN_OP_reshape || n->in[0]->op != BRN_OP_expand)
		return n;
	e = n->in[0];
	u = e->in[0];
	if (u->op != BRN_OP_unsqueeze || e->type.rank != 5 ||
	    u->type.rank != 5 || u->type.dim[2] != 1 || !is_heads(u->in[0]))
		return n;
	d = n->type.dim;
	x = u->in[0]->type.dim;
	if (u->type.dim[1] != x[1] || e->type.dim[1] != x[1] ||
	    e->type.dim[2] < 1 || d[1] != x[1] * e->type.dim[2] ||
	    d[3] != x[3] || (d[0] != x[0] && d[2] != x[2]))
		return n;
	return u->in[0];
}

/* x [batch, tokens, features], if n is x split into heads; else n.  */
static struct brn_node *
unsplit(struct brn_node *n)
{
	const struct brn_node *parts = n->nin ? n->in[0] : NULL;

	if (!brn_is_transpose(n, by_head) || parts->op != BRN_OP_reshape ||
	    !brn_is_split(&parts->in[0]->type, &parts->type))
		return n;
	return parts->in[0];
}

static int
is_axis_of_tokens(const struct brn_node *concat)
{
	int64_t axis = brn_attr_int(concat, "axis");

	return concat->nin == 2 && (axis == 2 || axis == -2);
}

/* Match keys or values [batch, heads, tokens, depth].  */
static int
read_kept(struct pattern *p, struct brn_node *n, struct kept *k)
{
	int64_t all = n->type.dim[1];

	if (!is_heads(n))
		return 0;
	n = unrepeated(n);
	*k = (struct kept){ .now = n, .heads = n->type.dim[1] };
	if (n->op == BRN_OP_concat && is_axis_of_tokens(n)) {
		k->concat = n;
		k->past = n->in[0];
		k->now = n->in[1];
	} else if (n->op != BRN_OP_input) {
		return 0;
	}
	return is_heads(k->now) && (!k->past || is_heads(k->past)) &&
	    all == p->heads;
}

/* Match Q * K^T with constant factors anywhere.  */
static int
read_product(struct pattern *p, struct brn_node *n)
{
	struct brn_node *x, *k;

	while ((x = brn_unscaled(n, &p->scale)) && brn_match_add(&p->m, n))
		n = x;
	if (!accept(p, n, BRN_OP_matmul))
		return 0;
	for (p->q = n->in[0]; (x = brn_unscaled(p->q, &p->scale)); p->q = x)
		;
	for (k = n->in[1]; (x = brn_unscaled(k, &p->scale)); k = x)
		;
	if (!is_heads(p->q) || !brn_is_transpose(k, turned))
		return 0;
	for (k = k->in[0]; (x = brn_unscaled(k, &p->scale)); k = x)
		;
	p->heads = p->q->type.dim[1];
	return read_kept(p, k, &p->k);
}

/* Match scores with up to left masks applied.  */
static int
read_scores(struct pattern *p, struct brn_node *n, int left)
{
	int first = n->op == BRN_OP_where;

	if (n->op != BRN_OP_add && n->op != BRN_OP_where)
		return read_product(p, n);
	for (int at = first; left && at < first + 2; at++) {
		struct pattern try = *p;
		struct brn_score_mask *m = &try.mask[try.nmask++];

		if (brn_mask_read(n, at, m) && brn_match_add(&try.m, n) &&
		    brn_mask_fits(&m->node->type, &n->type) &&
		    read_scores(&try, n->in[at], left - 1)) {
			*p = try;
			return 1;
		}
	}
	return 0;
}

/* Match softmax(scores), or where(isnan(softmax), 0, softmax).  */
static int
read_probabilities(struct pattern *p, struct brn_node *n)
{
	int64_t axis;
	double zero;

	if (accept(p, n, BRN_OP_where)) {
		if (!brn_const_scalar(n->in[1], &zero) || zero != 0 ||
		    !accept(p, n->in[0], BRN_OP_isnan) ||
		    n->in[0]->in[0] != n->in[2])
			return 0;
		p->nan_to_zero = 1;
		n = n->in[2];
	}
	if (!accept(p, n, BRN_OP_softmax) || n->type.rank != 4)
		return 0;
	p->soft = n;
	axis = brn_attr_int(n, "axis");
	return (axis == -1 || axis == 3) &&
	    read_scores(p, n->in[0], MAX_MASKS);
}

/* Is root softmax(q k^T + masks) v with a past?  */
static int
match_mha(const struct brn_rewrite *r, struct brn_node *root,
    struct pattern *p)
{
	*p = (struct pattern){ .r = r, .scale = 1 };
	if (root->op != BRN_OP_matmul || root->type.rank != 4 ||
	    !read_probabilities(p, root->in[0]) ||
	    !read_kept(p, root->in[1], &p->v))
		return 0;
	return p->k.heads == p->v.heads && !p->k.past == !p->v.past &&
	    p->q->type.dim[3] == p->k.now->type.dim[3] &&
	    isfinite((float)p->scale) && p->scale != 0 &&
	    brn_match_is_closed(&p->m, r, root);
}

/* ---- masks ---- */

/* a + b, which are masks of scores.  */
static struct brn_node *
put_sum(struct brn_graph *g, struct brn_node *a, struct brn_node *b,
    const struct brn_type *scores)
{
	struct brn_node *in[] = { a, b }, *n;

	n = brn_graph_add(g, BRN_OP_add, a->name, in, 2);
	if (!n)
		return NULL;
	n->type = a->type.rank > b->type.rank ? a->type : b->type;
	for (int i = 1; i <= n->type.rank; i++) {
		int both = i <= a->type.rank && i <= b->type.rank;

		if (both && a->type.dim[a->type.rank - i] !=
		    b->type.dim[b->type.rank - i])
			n->type.dim[n->type.rank - i] =
			    scores->dim[scores->rank - i];
	}
	return n;
}

/* All masks as one value to add to the scores; *out NULL: none.  memo has,
 * by the id of a mask, what a Where of a bool became, and n further the sum of
 * the masks up to it.  */
static int
put_masks(struct brn_graph *g, const struct pattern *p,
    struct brn_node **memo, struct brn_node **out, burin_error *err)
{
	struct brn_node **sum = memo + p->r->n;

	*out = NULL;
	for (int i = 0; i < p->nmask; i++) {
		int id = p->mask[i].node->id, rc;
		struct brn_node *m;

		rc = brn_mask_put(g, &p->mask[i], memo, &m, err);
		if (rc < 0)
			return rc;
		if (*out && (!sum[id] || sum[id]->in[0] != *out ||
		    sum[id]->in[1] != m)) {
			sum[id] = put_sum(g, *out, m, &p->soft->type);
			if (!sum[id])
				return brn_nomem(err);
		}
		*out = *out ? sum[id] : m;
	}
	return BURIN_OK;
}

/* ---- whole features ---- */

/* The Reshape that joins the heads of product, if nothing else reads them; else
 * NULL.  */
static struct brn_node *
joined(const struct brn_rewrite *r, const struct brn_node *product)
{
	struct brn_node *t = r->user[product->id], *whole;

	if (!t || !brn_is_transpose(t, by_head))
		return NULL;
	whole = r->user[t->id];
	return whole && whole->op == BRN_OP_reshape && whole->in[0] == t &&
	    brn_is_split(&whole->type, &t->type) ? whole : NULL;
}

/* Give n, an mha in the place of old or old itself, features where its inputs
 * are these split into heads.  Its result has the form of queries, so those
 * change only together.  */
static int
take_features(struct brn_rewrite *r, struct brn_node *n,
    struct brn_node *old, burin_error *err)
{
	struct brn_node *whole = NULL;

	for (int i = 0; i < 3; i++) {
		struct brn_node *split = n->in[i], *x = unsplit(split);

		if (x == split || (i == 0 && !brn_attr_int(n, "index") &&
		    !(whole = joined(r, old))))
			continue;
		if (brn_attr_set_int(r->g, n, i ? "kv_num_heads" :
		    "q_num_heads", split->type.dim[1]) < 0)
			return brn_nomem(err);
		n->in[i] = x;
		r->count += n == old && !whole;
	}
	if (whole)
		return brn_rewrite_as(r, whole, n, err);
	return n == old ? BURIN_OK : brn_rewrite_as(r, old, n, err);
}

/* ---- what replaces it ---- */

/* The present as an mha, unless it is one already.  Keys stand for queries,
 * which it does not need.  */
static int
replace_concat(struct brn_rewrite *r, const struct kept *k, burin_error *err)
{
	struct brn_node *x = k->now, *n;
	struct brn_node *in[] = { x, x, x, NULL, k->past, k->past };

	if (!k->concat || r->to[k->concat->id])
		return BURIN_OK;
	n = brn_graph_add(r->g, BRN_OP_mha, k->concat->name, in, 6);
	if (!n || brn_attr_set_int(r->g, n, "index", 1) < 0)
		return brn_nomem(err);
	return take_features(r, n, k->concat, err);
}

static int
replace_attention(struct brn_rewrite *r, const struct pattern *p,
    struct brn_node *root, struct brn_node *mask, burin_error *err)
{
	struct brn_node *in[] = { p->q, p->k.now, p->v.now, mask, p->k.past,
	    p->v.past };
	struct brn_node *n;

	n = brn_graph_add(r->g, BRN_OP_mha, root->name, in, p->k.past ? 6 :
	    mask ? 4 : 3);
	if (!n || brn_attr_set_float(r->g, n, "scale", (float)p->scale) < 0 ||
	    (p->nan_to_zero &&
	    brn_attr_set_int(r->g, n, "nan_to_zero", 1) < 0))
		return brn_nomem(err);
	return take_features(r, n, root, err);
}

static int
fuse(struct brn_rewrite *r, struct brn_node *root, burin_error *err)
{
	struct brn_node *mask;
	struct pattern p;
	int rc;

	if (root->op == BRN_OP_mha)
		return take_features(r, root, root, err);
	if (!match_mha(r, root, &p))
		return BURIN_OK;
	if ((rc = put_masks(r->g, &p, r->memo, &mask, err)) < 0 ||
	    (rc = replace_concat(r, &p.k, err)) < 0 ||
	    (rc = replace_concat(r, &p.v, err)) < 0)
		return rc;
	brn_report_unfused(r->g, p.soft, NULL);
	return replace_attention(r, &p, root, mask, err);
}

int
brn_pass_fuse_mha(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fuse, changed, err);
}
