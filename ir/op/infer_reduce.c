/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops that look at many elements for one result, and of
 * the matrix products.
 */
#include "ir/op/op.h"

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
	int keepdims = brn_attr_int(c->n, "keepdims", 1) != 0;
	int set, known, rc, rank = 0;

	if ((rc = brn_infer_dtype(c, 0, types)) < 0 ||
	    (rc = brn_infer_axes(c, 1, x->rank, &set, &known)) < 0)
		return rc;
	*out = *x;
	if (!known) {
		reduce_unknown(c, keepdims, out);
		return BURIN_OK;
	}
	if (!set && brn_attr_int(c->n, "noop_with_empty_axes", 0))
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
	int axis = brn_infer_axis(c, "axis", 0, x->rank), rc;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0)
		return rc;
	*out = *x;
	out->dtype = BURIN_I64;
	if (x->dim[axis] == 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "nothing to choose");
	out->dim[axis] = 1;
	if (brn_attr_int(c->n, "keepdims", 1))
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

/* ---- matrix products ---- */
