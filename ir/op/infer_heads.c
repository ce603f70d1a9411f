/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of Attention and RotaryEmbedding.
 */
#include "ir/op/heads.h"
#include "ir/op/infer_fn.h"

static int
bad(struct brn_infer *c)
{
	return brn_infer_bad(c, BURIN_ESHAPE, "heads do not fit together");
}

/* Input i as heads, in *v.  */
static int
heads(struct brn_infer *c, int i, const char *attr, struct brn_heads *v)
{
	const struct brn_type *t = brn_infer_in(c, i);
	int64_t n = brn_attr_int(c->n, attr);
	int rc;

	if ((rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0)
		return rc;
	if (t->rank != 4 && (t->rank != 3 || n < 1))
		return bad(c);
	*v = brn_heads_of(t, NULL, n);
	if (v->depth < 0 && !brn_is_sym(t->dim[t->rank - 1]))
		return bad(c);
	if (v->depth < 0)
		v->depth = brn_infer_new_dim(c);
	return BURIN_OK;
}

/* *v with the past in input i, which has the same sizes but for its length.  */
static int
with_past(struct brn_infer *c, int i, struct brn_heads *v)
{
	const struct brn_type *t = brn_infer_in(c, i);
	int rc;

	if (!t)
		return BURIN_OK;
	if (t->rank != 4)
		return bad(c);
	if ((rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_same_dim(c, &v->batch, t->dim[0])) < 0 ||
	    (rc = brn_infer_same_dim(c, &v->heads, t->dim[1])) < 0 ||
	    (rc = brn_infer_same_dim(c, &v->depth, t->dim[3])) < 0)
		return rc;
	v->seq = brn_is_sym(v->seq) || brn_is_sym(t->dim[2]) ?
	    brn_infer_new_dim(c) : v->seq + t->dim[2];
	return BURIN_OK;
}

static int
check_mask(struct brn_infer *c, const struct brn_heads *q,
    const struct brn_heads *k)
{
	struct brn_type all = { BURIN_F32, 4, { q->batch, q->heads, q->seq,
	    k->seq } }, grown = all;
	int rc;

	if (!brn_infer_in(c, 3))
		return BURIN_OK;
	if ((rc = brn_infer_dtype(c, 3, BRN_SET_F32 | BRN_SET_BOOL)) < 0 ||
	    (rc = brn_infer_broadcast(c, &grown, brn_infer_in(c, 3))) < 0)
		return rc;
	if (brn_type_is_concrete(&grown) && brn_type_is_concrete(&all) &&
	    !brn_type_equal(&grown, &all))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the mask does not broadcast to the scores");
	return BURIN_OK;
}

static int
check_heads(struct brn_infer *c, struct brn_heads *q, struct brn_heads *k,
    struct brn_heads *v)
{
	int rc;

	if ((rc = brn_infer_same_dim(c, &q->batch, k->batch)) < 0 ||
	    (rc = brn_infer_same_dim(c, &q->batch, v->batch)) < 0 ||
	    (rc = brn_infer_same_dim(c, &k->heads, v->heads)) < 0 ||
	    (rc = brn_infer_same_dim(c, &k->seq, v->seq)) < 0 ||
	    (rc = brn_infer_same_dim(c, &q->depth, k->depth)) < 0)
		return rc;
	if (!brn_is_sym(q->heads) && !brn_is_sym(k->heads) &&
	    (k->heads < 1 || q->heads % k->heads))
		return bad(c);
	return check_mask(c, q, k);
}

int
infer_mha(struct brn_infer *c, struct brn_type *out)
{
	int64_t index = brn_attr_int(c->n, "index");
	struct brn_heads q, k, v, *kept = index == 1 ? &k : &v;
	int rc;

	if ((rc = heads(c, 0, "q_num_heads", &q)) < 0 ||
	    (rc = heads(c, 1, "kv_num_heads", &k)) < 0 ||
	    (rc = heads(c, 2, "kv_num_heads", &v)) < 0)
		return rc;
	if (brn_infer_in(c, 0)->rank != brn_infer_in(c, 1)->rank ||
	    !brn_infer_in(c, 4) != !brn_infer_in(c, 5))
		return bad(c);
	if ((rc = with_past(c, 4, &k)) < 0 || (rc = with_past(c, 5, &v)) < 0 ||
	    (rc = check_heads(c, &q, &k, &v)) < 0)
		return rc;
	*out = (struct brn_type){ BURIN_F32, 4, { q.batch, q.heads, q.seq,
	    v.depth } };
	if (index)
		*out = (struct brn_type){ BURIN_F32, 4, { kept->batch,
		    kept->heads, kept->seq, kept->depth } };
	else if (brn_infer_in(c, 0)->rank == 3)
		*out = (struct brn_type){ BURIN_F32, 3, { q.batch, q.seq,
		    brn_is_sym(v.depth) ? brn_infer_new_dim(c) :
		    q.heads * v.depth } };
	return BURIN_OK;
}

int
infer_rotary(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *cos = brn_infer_in(c, 1);
	const struct brn_type *sin = brn_infer_in(c, 2);
	const struct brn_type *place = brn_infer_in(c, 3);
	int64_t want = brn_attr_int(c->n, "rotary_embedding_dim"), half;
	struct brn_heads x;
	int rc;

	if ((rc = heads(c, 0, "num_heads", &x)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_F32)) < 0 ||
	    (place && (rc = brn_infer_dtype(c, 3, BRN_SET_INT)) < 0))
		return rc;
	if (!brn_type_equal(cos, sin) || cos->rank != (place ? 2 : 3) ||
	    (place && place->rank != 2))
		return bad(c);
	half = cos->dim[cos->rank - 1];
	if (!brn_is_sym(half) && ((want && half != want / 2) ||
	    (!brn_is_sym(x.depth) && (2 * half > x.depth ||
	    (!want && 2 * half != x.depth)))))
		return bad(c);
	for (int d = 0; d < 2; d++)
		if ((rc = brn_infer_same_dim(c, d ? &x.seq : &x.batch,
		    place ? place->dim[d] : cos->dim[d])) < 0)
			return rc;
	*out = *brn_infer_in(c, 0);
	return BURIN_OK;
}
