/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops that move elements to where other elements say,
 * of Einsum, and of normalizations and losses.
 */
#include "ir/op/einsum.h"
#include "ir/op/infer_fn.h"

/* ---- by index ---- */

/* x and an index of the same rank.  */
static int
by_element(struct brn_infer *c)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int rc = brn_infer_dtype(c, 1, BRN_SET_INT);

	if (rc < 0)
		return rc;
	if (brn_infer_in(c, 1)->rank != x->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the index has another rank than x");
	rc = brn_infer_axis(c, "axis", x->rank);
	return rc < 0 ? rc : BURIN_OK;
}

int
infer_gather_elements(struct brn_infer *c, struct brn_type *out)
{
	int rc = by_element(c);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 1);
	out->dtype = brn_infer_in(c, 0)->dtype;
	return BURIN_OK;
}

/* Input 2 has the elements for out, which is as input 0.  */
static int
scatter(struct brn_infer *c, const struct brn_type *shape,
    struct brn_type *out)
{
	const struct brn_type *u = brn_infer_in(c, 2);
	int rc;

	*out = *brn_infer_in(c, 0);
	if (u->dtype != out->dtype || u->rank != shape->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "updates have another type or rank than is wanted");
	for (int d = 0; d < shape->rank; d++) {
		int64_t dim = shape->dim[d];

		if ((rc = brn_infer_same_dim(c, &dim, u->dim[d])) < 0)
			return rc;
	}
	return BURIN_OK;
}

int
infer_scatter_elements(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_type *index = brn_infer_in(c, 1);
	int rc = by_element(c);
	int axis = rc < 0 ? 0 : brn_axis(brn_attr_int(c->n, "axis"),
	    x->rank);

	if (rc < 0)
		return rc;
	for (int d = 0; d < x->rank; d++)
		if (d != axis && !brn_is_sym(x->dim[d]) &&
		    index->dim[d] > x->dim[d])
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "the index is larger than x");
	return scatter(c, index, out);
}

/* What an index of tuples takes from x behind its first dimensions: its shape
 * but for the last dimension, then what is left of x.  */
static int
by_tuple(struct brn_infer *c, int first, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	int64_t k = t->rank ? t->dim[t->rank - 1] : 0;
	int rc = brn_infer_dtype(c, 1, BRN_SET_INT), rank = 0;

	if (rc < 0)
		return rc;
	*out = (struct brn_type){ x->dtype, -1, { 0 } };
	if (brn_is_sym(k))
		return BURIN_OK;
	if (t->rank < 1 || first < 0 || first >= t->rank || k < 1 ||
	    k > x->rank - first)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the index does not fit the rank of x");
	if (t->rank - 1 + x->rank - first - (int)k > BRN_MAX_RANK)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "more than %d dimensions", BRN_MAX_RANK);
	for (int d = 0; d < t->rank - 1; d++)
		out->dim[rank++] = t->dim[d];
	for (int d = first + (int)k; d < x->rank; d++)
		out->dim[rank++] = x->dim[d];
	out->rank = rank;
	return BURIN_OK;
}

int
infer_gather_nd(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	int64_t first = brn_attr_int(c->n, "batch_dims");
	int rc;

	if (first < 0 || first > x->rank || first > t->rank)
		return brn_infer_bad(c, BURIN_ESHAPE, "batch_dims is %lld",
		    (long long)first);
	for (int d = 0; d < first; d++) {
		int64_t dim = x->dim[d];

		if ((rc = brn_infer_same_dim(c, &dim, t->dim[d])) < 0)
			return rc;
	}
	return by_tuple(c, (int)first, out);
}

int
infer_scatter_nd(struct brn_infer *c, struct brn_type *out)
{
	struct brn_type shape;
	int rc = by_tuple(c, 0, &shape);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	return shape.rank < 0 ? BURIN_OK : scatter(c, &shape, out);
}

/* ---- by position ---- */

/* Input i as the one number that it holds; 0 when it is not known.  */
static int
number(struct brn_infer *c, int i, int64_t *v)
{
	const struct brn_tensor *t = brn_infer_val(c, i, NULL);

	if (!t || brn_numel(t) != 1)
		return 0;
	*v = brn_get_int(t, 0);
	return 1;
}

int
infer_one_hot(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_type *values = brn_infer_in(c, 2);
	int axis = brn_infer_axis(c, "axis", x->rank + 1);
	int64_t depth;

	if (axis < 0)
		return axis;
	if (x->rank == BRN_MAX_RANK)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "more than %d dimensions", BRN_MAX_RANK);
	if (brn_type_is_concrete(values) && brn_type_numel(values) != 2)
		return brn_infer_bad(c, BURIN_ESHAPE, "not two values");
	*out = (struct brn_type){ values->dtype, x->rank + 1, { 0 } };
	for (int d = 0, from = 0; d < out->rank; d++)
		if (d != axis)
			out->dim[d] = x->dim[from++];
	if (!number(c, 1, &depth))
		depth = brn_infer_new_dim(c);
	else if (depth < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "depth is %lld",
		    (long long)depth);
	out->dim[axis] = depth;
	return BURIN_OK;
}

int
infer_trilu(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *k = brn_infer_in(c, 1);

	*out = *brn_infer_in(c, 0);
	if (k && brn_type_is_concrete(k) && brn_type_numel(k) != 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "k is not one number");
	return out->rank >= 2 ? BURIN_OK :
	    brn_infer_bad(c, BURIN_ESHAPE, "x is no matrix");
}

int
infer_eye_like(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *dtype = brn_attr(c->n, "dtype");

	*out = *brn_infer_in(c, 0);
	if (dtype)
		out->dtype = (int)dtype->i;
	return out->rank == 2 ? BURIN_OK :
	    brn_infer_bad(c, BURIN_ESHAPE, "x is no matrix");
}

int
infer_tile(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *times = brn_infer_val(c, 1, NULL);
	int rc = brn_infer_dtype(c, 1, BRN_SET_INT);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (times && brn_numel(times) != out->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld repeats of %d dimensions",
		    (long long)brn_numel(times), out->rank);
	for (int d = 0; d < out->rank; d++) {
		int64_t k = times ? brn_get_int(times, d) : -1;

		if (times && k < 0)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "repeated %lld times", (long long)k);
		if (!times || (brn_is_sym(out->dim[d]) && k != 1 && k))
			out->dim[d] = brn_infer_new_dim(c);
		else if (k != 1 && (k == 0 || __builtin_mul_overflow(
		    out->dim[d], k, &out->dim[d])))
			out->dim[d] = k ? INT64_MAX : 0;
	}
	return BURIN_OK;
}

int
infer_reverse_sequence(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	int64_t time = brn_attr_int(c->n, "time_axis");
	int64_t batch = brn_attr_int(c->n, "batch_axis"), dim;
	int rc = brn_infer_dtype(c, 1, BRN_SET_INT);

	if (rc < 0)
		return rc;
	if (x->rank < 2 || time < 0 || time > 1 || batch != 1 - time ||
	    t->rank != 1)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "time and batch are not the first two dimensions");
	*out = *x;
	dim = x->dim[batch];
	return brn_infer_same_dim(c, &dim, t->dim[0]);
}

int
infer_size(struct brn_infer *c, struct brn_type *out)
{
	(void)c;
	*out = (struct brn_type){ BURIN_I64, 0, { 0 } };
	return BURIN_OK;
}

/* ---- by value ---- */

int
infer_top_k(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_infer_axis(c, "axis", x->rank), rc;
	int64_t k;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0)
		return rc;
	*out = *x;
	if (brn_attr_int(c->n, "index"))
		out->dtype = BURIN_I64;
	if (!number(c, 1, &k))
		k = brn_infer_new_dim(c);
	else if (k < 0 || (!brn_is_sym(x->dim[axis]) && k > x->dim[axis]))
		return brn_infer_bad(c, BURIN_ESHAPE, "%lld of %lld",
		    (long long)k, (long long)x->dim[axis]);
	out->dim[axis] = k;
	return BURIN_OK;
}

/* How many of the first elements of t are not zero; -1: not known.  */
static int64_t
count(const struct brn_tensor *t, int64_t first)
{
	int64_t n = 0;

	for (int64_t i = 0; t && i < brn_numel(t) && i < first; i++)
		n += brn_get_float(t, i) != 0;
	return t ? n : -1;
}

int
infer_nonzero(struct brn_infer *c, struct brn_type *out)
{
	int64_t n = count(brn_infer_val(c, 0, NULL), INT64_MAX);

	*out = (struct brn_type){ BURIN_I64, 2, { brn_infer_in(c, 0)->rank,
	    n < 0 ? brn_infer_new_dim(c) : n } };
	return BURIN_OK;
}

int
infer_compress(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_attr *a = brn_attr(c->n, "axis");
	int axis = a ? brn_infer_axis(c, "axis", x->rank) : 0;
	int rc = brn_infer_dtype(c, 1, BRN_SET_BOOL);
	int64_t n, all = -1;

	if (axis < 0 || rc < 0)
		return axis < 0 ? axis : rc;
	if (a)
		all = x->dim[axis];
	else if (brn_type_is_concrete(x))
		all = brn_type_numel(x);
	n = all < 0 ? -1 : count(brn_infer_val(c, 1, NULL), all);
	*out = *x;
	out->rank = a ? x->rank : 1;
	out->dim[axis] = n < 0 ? brn_infer_new_dim(c) : n;
	return BURIN_OK;
}

/* ---- sums of products, normalizations, losses ---- */

int
infer_einsum(struct brn_infer *c, struct brn_type *out)
{
	int rank[BRN_EINSUM_MAX], rc;
	struct brn_type all = { BURIN_F32, BRN_MAX_RANK, { 0 } };
	struct brn_einsum e;
	const char *bad;

	for (int i = 0; i < c->n->nin && i < BRN_EINSUM_MAX; i++) {
		if ((rc = brn_infer_dtype(c, i, BRN_SET_NUM)) < 0)
			return rc;
		rank[i] = brn_infer_in(c, i)->rank;
	}
	if ((bad = brn_einsum_parse(c->n, rank, &e)) != NULL)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED, "%s", bad);
	for (int l = 0; l < e.nlabel; l++)
		all.dim[l] = 1;
	for (int i = 0; i < c->n->nin; i++)
		for (int d = 0; d < rank[i]; d++) {
			int64_t dim = brn_infer_in(c, i)->dim[d];
			int64_t *to = &all.dim[e.of[i][d]];

			if (*to == 1)
				*to = dim;
			else if (dim != 1 &&
			    (rc = brn_infer_same_dim(c, to, dim)) < 0)
				return rc;
		}
	*out = all;
	out->dtype = brn_infer_in(c, 0)->dtype;
	out->rank = e.nout;
	return BURIN_OK;
}

int
infer_mvn(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *axes = brn_attr(c->n, "axes");
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (!axes && out->rank != 4)
		return brn_infer_bad(c, BURIN_ESHAPE, "x is no image");
	for (int i = 0; axes && i < axes->nints; i++)
		if (brn_axis(axes->ints[i], out->rank) < 0)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "axis %lld of %d dimensions",
			    (long long)axes->ints[i], out->rank);
	return BURIN_OK;
}

int
infer_group_norm(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int64_t groups = brn_attr_int(c->n, "num_groups");

	for (int i = 0; i < 3; i++) {
		const struct brn_type *t = brn_infer_in(c, i);
		int rc = brn_infer_dtype(c, i, BRN_SET_F32);

		if (rc < 0)
			return rc;
		if (x->rank < 2)
			break;
		if (i && (t->rank != 1 || (!brn_is_sym(t->dim[0]) &&
		    !brn_is_sym(x->dim[1]) && t->dim[0] != groups &&
		    t->dim[0] != x->dim[1])))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "input %d is not one a channel or group", i);
	}
	if (x->rank < 2 || groups < 1 ||
	    (!brn_is_sym(x->dim[1]) && x->dim[1] % groups))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "channels do not make %lld groups", (long long)groups);
	*out = *x;
	return BURIN_OK;
}

int
infer_nll_loss(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	const struct brn_type *w = brn_infer_in(c, 2);
	int64_t classes = x->rank > 1 ? x->dim[1] : 0;
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0 ||
	    (w && (rc = brn_infer_dtype(c, 2, BRN_SET_F32)) < 0))
		return rc;
	if (x->rank < 2 || t->rank != x->rank - 1 || (w && w->rank != 1))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "not scores [..][classes].., labels [..].., weights");
	for (int d = 0; d < t->rank; d++) {
		int64_t dim = x->dim[d ? d + 1 : 0];

		if ((rc = brn_infer_same_dim(c, &dim, t->dim[d])) < 0)
			return rc;
	}
	if (w && (rc = brn_infer_same_dim(c, &classes, w->dim[0])) < 0)
		return rc;
	*out = *t;
	out->dtype = BURIN_F32;
	if (brn_attr_int(c->n, "reduction") != 2)
		out->rank = 0;
	return BURIN_OK;
}

int
infer_sce_loss(struct brn_infer *c, struct brn_type *out)
{
	int rc = infer_nll_loss(c, out);

	if (rc == BURIN_OK && brn_attr_int(c->n, "index"))
		*out = *brn_infer_in(c, 0);
	return rc;
}
