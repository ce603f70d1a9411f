/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops that look at many elements for one result, and of
 * the matrix products.
 */
#include "ir/op/infer_fn.h"

/* The axes are not known: with keepdims every size may have become 1, without
 * them it is not even known which are left.  */
static void
reduce_unknown(struct brn_infer *c, int keepdims, struct brn_type *out)
{
	int64_t naxes = brn_infer_in(c, 1)->rank == 1 ?
	    brn_infer_in(c, 1)->dim[0] : BRN_SYM(0);

	if (!keepdims)
		out->rank = naxes > 0 && naxes <= out->rank ?
		    out->rank - (int)naxes : -1;
	for (int d = 0; d < out->rank; d++)
		out->dim[d] = brn_infer_new_dim(c);
}

static int
reduce(struct brn_infer *c, int types, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int keepdims = brn_attr_int(c->n, "keepdims") != 0;
	int set, known, rc, rank = 0;

	if ((rc = brn_infer_dtype(c, 0, types)) < 0 ||
	    (rc = brn_infer_axes(c, 1, x->rank, &set, &known)) < 0)
		return rc;
	*out = *x;
	if (!known) {
		reduce_unknown(c, keepdims, out);
		return BURIN_OK;
	}
	if (!set && brn_attr_int(c->n, "noop_with_empty_axes"))
		return BURIN_OK;
	if (!set)
		set = (1 << x->rank) - 1;
	for (int d = 0; d < x->rank; d++)
		if (!(set & 1 << d))
			out->dim[rank++] = x->dim[d];
		else if (keepdims)
			out->dim[rank++] = 1;
	out->rank = rank;
	return BURIN_OK;
}

#define REDUCE(name, set) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	return reduce(c, BRN_SET_##set, out); \
}

REDUCE(reduce_mean, NUM)
REDUCE(reduce_sum,  NUM)
REDUCE(reduce_max,  ANY)
REDUCE(reduce_min,  ANY)
REDUCE(reduce_prod, NUM)
REDUCE(reduce_l1,   NUM)
REDUCE(reduce_l2,   NUM)
REDUCE(reduce_log_sum, NUM)
REDUCE(reduce_log_sum_exp, NUM)
REDUCE(reduce_sum_square, NUM)

static int
infer_arg(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_infer_axis(c, "axis", x->rank), rc;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0)
		return rc;
	*out = *x;
	out->dtype = BURIN_I64;
	if (x->dim[axis] == 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "nothing to choose");
	out->dim[axis] = 1;
	if (brn_attr_int(c->n, "keepdims"))
		return BURIN_OK;
	out->rank--;
	for (int d = axis; d < out->rank; d++)
		out->dim[d] = x->dim[d + 1];
	return BURIN_OK;
}

int
infer_argmax(struct brn_infer *c, struct brn_type *out)
{
	return infer_arg(c, out);
}

int
infer_argmin(struct brn_infer *c, struct brn_type *out)
{
	return infer_arg(c, out);
}

int
infer_cumsum(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *axis = brn_infer_in(c, 1);
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0)
		return rc;
	if (brn_type_is_concrete(axis) && brn_type_numel(axis) != 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "axis is no scalar");
	*out = *brn_infer_in(c, 0);
	return BURIN_OK;
}

int
infer_softmax(struct brn_infer *c, struct brn_type *out)
{
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	rc = brn_infer_axis(c, "axis", out->rank);
	return rc < 0 ? rc : BURIN_OK;
}

int
infer_log_softmax(struct brn_infer *c, struct brn_type *out)
{
	return infer_softmax(c, out);
}

int
infer_hardmax(struct brn_infer *c, struct brn_type *out)
{
	return infer_softmax(c, out);
}

/* Input i must broadcast to the last dimensions of x, from axis on.  */
static int
fits_last(struct brn_infer *c, int i, const struct brn_type *x, int axis)
{
	const struct brn_type *t = brn_infer_in(c, i);
	int64_t want;
	int rc;

	if (!t)
		return BURIN_OK;
	if ((rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0)
		return rc;
	if (t->rank > x->rank - axis)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "input %d has more dimensions than are normalized", i);
	for (int d = 0; d < t->rank; d++) {
		want = x->dim[x->rank - t->rank + d];
		if (t->dim[d] != 1 &&
		    (rc = brn_infer_same_dim(c, &want, t->dim[d])) < 0)
			return rc;
	}
	return BURIN_OK;
}

int
infer_rms_norm(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_infer_axis(c, "axis", x->rank), rc;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = fits_last(c, 1, x, axis)) < 0)
		return rc;
	*out = *x;
	return BURIN_OK;
}

int
infer_layer_norm(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_infer_axis(c, "axis", x->rank), rc;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = fits_last(c, 1, x, axis)) < 0 ||
	    (rc = fits_last(c, 2, x, axis)) < 0)
		return rc;
	*out = *x;
	for (int d = axis; d < x->rank && brn_attr_int(c->n, "index"); d++)
		out->dim[d] = 1;        /* mean, 1 / standard deviation */
	return BURIN_OK;
}

/* ---- matrix products ---- */

/* All dimensions but the last two of b join those of out, which are those of
 * a.  */
static int
broadcast_batch(struct brn_infer *c, const struct brn_type *a,
    const struct brn_type *b, struct brn_type *out)
{
	struct brn_type more = *b;

	*out = *a;
	out->rank = a->rank > 2 ? a->rank - 2 : 0;
	more.rank = b->rank > 2 ? b->rank - 2 : 0;
	return brn_infer_broadcast(c, out, &more);
}

int
infer_matmul(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *a = brn_infer_in(c, 0), *b = brn_infer_in(c, 1);
	int64_t k;
	int rc;

	if (a->dtype != b->dtype || !a->rank || !b->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "not two matrices of one type");
	k = a->dim[a->rank - 1];
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0 ||
	    (rc = brn_infer_same_dim(c, &k, b->dim[b->rank == 1 ? 0 :
	    b->rank - 2])) < 0 || (rc = broadcast_batch(c, a, b, out)) < 0)
		return rc;
	if (a->rank > 1)
		out->dim[out->rank++] = a->dim[a->rank - 2];
	if (b->rank > 1)
		out->dim[out->rank++] = b->dim[b->rank - 1];
	return BURIN_OK;
}

/* C of a Gemm broadcasts to the result, which it does not make larger.  */
static int
check_gemm_c(struct brn_infer *c, const struct brn_type *out)
{
	const struct brn_type *t = brn_infer_in(c, 2);
	int64_t want;
	int rc;

	if (!t)
		return BURIN_OK;
	if ((rc = brn_infer_dtype(c, 2, BRN_SET_F32)) < 0)
		return rc;
	if (t->rank > 2)
		return brn_infer_bad(c, BURIN_ESHAPE, "input 2 is no matrix");
	for (int d = 0; d < t->rank; d++) {
		want = out->dim[2 - t->rank + d];
		if (t->dim[d] != 1 &&
		    (rc = brn_infer_same_dim(c, &want, t->dim[d])) < 0)
			return rc;
	}
	return BURIN_OK;
}

int
infer_gemm(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *a = brn_infer_in(c, 0), *b = brn_infer_in(c, 1);
	int ta = brn_attr_int(c->n, "transA") != 0;
	int tb = brn_attr_int(c->n, "transB") != 0, rc;
	int64_t k;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_F32)) < 0)
		return rc;
	if (a->rank != 2 || b->rank != 2)
		return brn_infer_bad(c, BURIN_ESHAPE, "not two matrices");
	k = a->dim[!ta];
	if ((rc = brn_infer_same_dim(c, &k, b->dim[tb])) < 0)
		return rc;
	*out = (struct brn_type){ BURIN_F32, 2, { a->dim[ta], b->dim[!tb] } };
	return check_gemm_c(c, out);
}

/* Input 3 has the shape of out.  */
static int
check_residual(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *r = brn_infer_in(c, 3);
	int rc;

	if (r->rank != out->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "residual has not the shape of the result");
	for (int i = 0; i < out->rank; i++)
		if ((rc = brn_infer_same_dim(c, &out->dim[i], r->dim[i])) < 0)
			return rc;
	return BURIN_OK;
}

int
infer_dense(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *w = brn_infer_in(c, 1);
	const struct brn_type *bias = brn_infer_in(c, 2);
	int trans = brn_attr_int(c->n, "trans_w") != 0, rc;
	int64_t cols, rows;

	for (int i = 0; i < c->n->nin; i++)
		if (brn_infer_in(c, i) &&
		    (rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0)
			return rc;
	if (!x->rank || w->rank != 2 || (bias && bias->rank != 1))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "not x[..][cols], weight [rows][cols], bias [rows]");
	cols = w->dim[!trans];
	rows = w->dim[trans];
	if ((rc = brn_infer_same_dim(c, &cols, x->dim[x->rank - 1])) < 0 ||
	    (bias && (rc = brn_infer_same_dim(c, &rows, bias->dim[0])) < 0))
		return rc;
	*out = *x;
	out->dim[x->rank - 1] = rows;
	return brn_infer_in(c, 3) ? check_residual(c, out) : BURIN_OK;
}

int
infer_bsr_dense(struct brn_infer *c, struct brn_type *out)
{
	if (c->n->in[1]->op != BRN_OP_bsr)
		return brn_infer_bad(c, BURIN_ESHAPE, "weight is no bsr");
	return infer_dense(c, out);
}
