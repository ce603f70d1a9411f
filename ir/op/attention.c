/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention: of each head, softmax(scale * Q K^T + mask) V.  Q is
 * [.., queries, heads * depth], K [.., keys, heads * depth], V [.., keys,
 * heads * width]; mask broadcasts to [.., heads, queries, keys].  The result is
 * [.., queries, heads * width].  (Vaswani et al., arXiv 1706.03762.)
 * With nan_to_zero the softmax of a row of -inf is 0 instead of NaN.  Attribute
 * rounds: what is rounded in between (ir/graph/rounds.h).
 */
#include <math.h>
#include <stdlib.h>

#include "ir/graph/rounds.h"
#include "ir/op/op.h"

/* [.., heads, queries, keys], to which the mask broadcasts.  */
static struct brn_type
score_type(const struct brn_type *q, const struct brn_type *k, int64_t heads)
{
	struct brn_type t = *q;

	t.rank = q->rank + 1;
	t.dim[t.rank - 1] = k->dim[k->rank - 2];
	t.dim[t.rank - 2] = q->dim[q->rank - 2];
	t.dim[t.rank - 3] = heads;
	return t;
}

static int
check_mask(struct brn_infer *c, int64_t heads)
{
	struct brn_type scores = score_type(brn_infer_in(c, 0),
	    brn_infer_in(c, 1), heads), all = scores;
	int rc;

	if ((rc = brn_infer_dtype(c, 3, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_broadcast(c, &all, brn_infer_in(c, 3))) < 0)
		return rc;
	if (all.rank != scores.rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "mask has more dimensions than the scores");
	for (int i = 0; i < all.rank; i++)
		if (scores.dim[i] == 1 && all.dim[i] != 1)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "mask is larger than the scores");
	return BURIN_OK;
}

/* Check that a and b have the same sizes, but for axis except.  */
static int
match_dims(struct brn_infer *c, const struct brn_type *a,
    const struct brn_type *b, int except)
{
	for (int i = 0; i < a->rank; i++) {
		int64_t d = a->dim[i];
		int rc;

		if (i == except)
			continue;
		if ((rc = brn_infer_same_dim(c, &d, b->dim[i])) < 0)
			return rc;
	}
	return BURIN_OK;
}

int
infer_attention(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *q = brn_infer_in(c, 0), *k = brn_infer_in(c, 1);
	const struct brn_type *v = brn_infer_in(c, 2);
	int64_t heads = brn_attr_int(c->n, "heads");
	int rc;

	for (int i = 0; i < 3; i++)
		if ((rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0)
			return rc;
	if (!brn_rounds_are_valid(c->n, BRN_SCORE_ROUNDS))
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "rounds is not 7 scales and zero points");
	if (q->rank < 2 || q->rank >= BRN_MAX_RANK || k->rank != q->rank ||
	    v->rank != q->rank || heads < 1)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "not query, key, value [..][tokens][features]");
	/* query and key share features, key and value tokens. */
	if ((rc = match_dims(c, q, k, q->rank - 2)) < 0 ||
	    (rc = match_dims(c, k, v, q->rank - 1)) < 0)
		return rc;
	if ((!brn_is_sym(k->dim[k->rank - 1]) &&
	    k->dim[k->rank - 1] % heads) ||
	    (!brn_is_sym(v->dim[v->rank - 1]) && v->dim[v->rank - 1] % heads))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "features do not divide into %lld heads",
		    (long long)heads);
	*out = *q;
	out->dim[out->rank - 1] = v->dim[v->rank - 1];
	return brn_infer_in(c, 3) ? check_mask(c, heads) : BURIN_OK;
}

/* Every query meets every key: a product of depth, a softmax, a product of
 * width.  */
BRN_WORK(attention)
{
	const struct brn_type *q = brn_infer_in(c, 0), *k = brn_infer_in(c, 1);
	const struct brn_type *v = brn_infer_in(c, 2);
	int last = q->rank - 1;

	return brn_work_per_element(brn_work_product(q, 0, last) *
	    (double)k->dim[last - 1] * ((double)q->dim[last] +
	    (double)v->dim[last] + 3.0 *
	    (double)brn_attr_int(c->n, "heads")), out);
}

/* A query and its keys and values: where they begin in q, k and v.  */
struct row {
	const struct brn_tensor *q, *k, *v;
	int64_t q_at, k_at, v_at;
	int64_t keys, depth, width;
	int64_t k_step, v_step;         /* from key to key */
};

static void
score_row(const struct row *r, double *p)
{
	for (int64_t j = 0; j < r->keys; j++) {
		p[j] = 0;
		for (int64_t d = 0; d < r->depth; d++)
			p[j] += brn_get_float(r->q, r->q_at + d) *
			    brn_get_float(r->k, r->k_at + j * r->k_step + d);
	}
}

/* The rounding which, of the attribute rounds; it may be NULL.  */
static void
round_row(double *p, int64_t n, const float *rounds, enum brn_score_round which)
{
	const float *r = rounds ? rounds + 2 * which : NULL;

	for (int64_t j = 0; r && r[0] > 0 && j < n; j++)
		p[j] = (double)((float)(brn_quantized((float)p[j], r[0],
		    (int64_t)r[1], BURIN_U8) - (int64_t)r[1]) * r[0]);
}

static void
softmax_row(double *p, int64_t n)
{
	double max = -INFINITY, sum = 0;

	for (int64_t j = 0; j < n; j++)
		max = p[j] > max ? p[j] : max;
	for (int64_t j = 0; j < n; j++)
		sum += p[j] = exp(p[j] - max);
	for (int64_t j = 0; j < n; j++)
		p[j] /= sum;
}

static void
drop_nan(double *p, int64_t n)
{
	for (int64_t j = 0; j < n; j++)
		if (isnan(p[j]))
			p[j] = 0;
}

static void
value_row(const struct row *r, const double *p, struct brn_tensor *out,
    int64_t at)
{
	for (int64_t d = 0; d < r->width; d++) {
		double sum = 0;

		for (int64_t j = 0; j < r->keys; j++)
			sum += p[j] * brn_get_float(r->v,
			    r->v_at + j * r->v_step + d);
		brn_set_float(out, at + d, sum);
	}
}

/* Walks over [.., heads, queries, keys] a row of keys at a time; it.off[0] is
 * the place in the mask.  */
BRN_REF(attention)
{
	const struct brn_type *q = &in[0]->type;
	const struct brn_tensor *mask = brn_opt_in(n, in, 3);
	const float *rounds = brn_rounds(n);
	int64_t heads = brn_attr_int(n, "heads");
	struct brn_type scores = score_type(q, &in[1]->type, heads);
	int64_t nq = q->dim[q->rank - 2], nk = scores.dim[scores.rank - 1];
	int64_t qs = q->dim[q->rank - 1];
	int64_t vs = in[2]->type.dim[q->rank - 1];
	struct row r = { .q = in[0], .k = in[1], .v = in[2], .keys = nk,
	    .depth = qs / heads, .width = vs / heads, .k_step = qs,
	    .v_step = vs };
	double *p = brn_alloc((size_t)nk, sizeof *p);
	struct brn_iter it;

	if (!p)
		return brn_nomem(err);
	if (nk == 0)                    /* the sum of nothing */
		memset(out->data, 0, brn_tensor_bytes(out));
	brn_iter_init(&it, &scores);
	if (mask)
		brn_iter_add(&it, &mask->type);
	while (it.left) {
		int64_t row = it.pos / nk, query = row % nq;
		int64_t head = row / nq % heads, batch = row / nq / heads;

		r.q_at = (batch * nq + query) * qs + head * r.depth;
		r.k_at = batch * nk * qs + head * r.depth;
		r.v_at = batch * nk * vs + head * r.width;
		score_row(&r, p);
		round_row(p, nk, rounds, BRN_ROUND_PRODUCT);
		for (int64_t j = 0; j < nk; j++)
			p[j] *= (double)brn_attr_float(n, "scale");
		round_row(p, nk, rounds, BRN_ROUND_SCALED);
		for (int64_t j = 0; j < nk; j++, brn_iter_next(&it))
			if (mask)
				p[j] += brn_get_float(mask, it.off[0]);
		round_row(p, nk, rounds, BRN_ROUND_MASKED);
		softmax_row(p, nk);
		if (brn_attr_int(n, "nan_to_zero"))
			drop_nan(p, nk);
		round_row(p, nk, rounds, BRN_ROUND_PROBABILITY);
		value_row(&r, p, out, (batch * nq + query) * vs +
		    head * r.width);
	}
	free(p);
	return BURIN_OK;
}
