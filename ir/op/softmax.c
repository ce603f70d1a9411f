/* SPDX-License-Identifier: Apache-2.0
 *
 * Softmax, LogSoftmax and Hardmax: a row of x, the elements along an axis (with
 * coerce2d along all axes from it on), becomes a row of the result.
 */
#include "ir/op/op.h"

#include <math.h>

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

/* y = f(x) for the elements of one row, whose offsets row walks over.  */
typedef void row_fn(const float *x, float *y, const struct brn_iter *row);

/* The greatest element of a row, and the sum of exp(x - max).  */
static double
exp_sum(const float *x, const struct brn_iter *row, double *max)
{
	double sum = 0;
	struct brn_iter i;

	*max = -INFINITY;
	for (i = *row; i.left; brn_iter_next(&i))
		*max = brn_max_nan(*max, (double)x[i.off[0]]);
	for (i = *row; i.left; brn_iter_next(&i))
		sum += exp((double)x[i.off[0]] - *max);
	return sum;
}

/* A row of -inf only gives NaN.  */
static void
softmax_row(const float *x, float *y, const struct brn_iter *row)
{
	double max, sum = exp_sum(x, row, &max);
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i))
		y[i.off[0]] = (float)(exp((double)x[i.off[0]] - max) / sum);
}

static void
log_softmax_row(const float *x, float *y, const struct brn_iter *row)
{
	double max, sum = exp_sum(x, row, &max);
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i))
		y[i.off[0]] = (float)((double)x[i.off[0]] - max - log(sum));
}

/* 1 for the greatest element, the first of equal ones, 0 for the others.  */
static void
hardmax_row(const float *x, float *y, const struct brn_iter *row)
{
	int64_t best = row->off[0];
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i)) {
		y[i.off[0]] = 0;
		if (x[i.off[0]] > x[best])
			best = i.off[0];
	}
	y[best] = 1;
}

static int
by_row(const struct brn_node *n, const struct brn_tensor *x,
    struct brn_tensor *out, row_fn *fn)
{
	int rank = out->type.rank;
	int axis = brn_axis(brn_attr_int(n, "axis"), rank);
	int set = brn_attr_int(n, "coerce2d") ? brn_axes_from(axis, rank) :
	    1 << axis;
	struct brn_type outer, inner;
	struct brn_iter o, row;

	if (brn_numel(out) == 0)
		return BURIN_OK;
	brn_split_shape(&out->type, set, &outer, &inner);
	brn_walk(&row, &inner, out);
	for (brn_walk(&o, &outer, out); o.left; brn_iter_next(&o))
		fn((const float *)x->data + o.off[0],
		    (float *)out->data + o.off[0], &row);
	return BURIN_OK;
}

BRN_REF(softmax)
{
	return by_row(n, in[0], out, softmax_row);
}

BRN_REF(log_softmax)
{
	return by_row(n, in[0], out, log_softmax_row);
}

BRN_REF(hardmax)
{
	return by_row(n, in[0], out, hardmax_row);
}
