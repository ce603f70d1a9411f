/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the ops that look at many elements for one result: reductions,
 * CumSum, Softmax, LayerNormalization.  All are two walks, one inside the
 * other; sums are kept in double.
 */
#include "ir/op/ref_fn.h"

#include <math.h>

void
brn_split_shape(const struct brn_type *t, int set, struct brn_type *outer,
    struct brn_type *inner)
{
	*outer = *inner = *t;
	for (int d = 0; d < t->rank; d++)
		if (set & 1 << d)
			outer->dim[d] = 1;
		else
			inner->dim[d] = 1;
}

/* Walk over shape with x along.  */
static void
walk(struct brn_iter *it, const struct brn_type *shape,
    const struct brn_tensor *x)
{
	int64_t stride[BRN_MAX_RANK];

	brn_type_strides(&x->type, stride);
	brn_iter_init(it, shape);
	brn_iter_add_strided(it, 0, stride);
}

/* All axes of [axis, rank).  */
static int
axes_from(int axis, int rank)
{
	return ((1 << rank) - 1) & ~((1 << axis) - 1);
}

struct reducer {
	double f0;
	int64_t i0;
	double (*ff)(double acc, double x);
	int64_t (*fi)(int64_t acc, int64_t x);  /* NULL: integers as floats */
	int mean;
	double (*last)(double acc);             /* or NULL */
};

static void
reduce_one(const struct reducer *r, const struct brn_tensor *x, int64_t at,
    struct brn_iter *it, struct brn_tensor *out, int64_t pos)
{
	int64_t count = it->left, i = r->i0;
	double f = r->f0;

	if (x->type.dtype == BURIN_F32 || !r->fi) {
		for (; it->left; brn_iter_next(it))
			f = r->ff(f, brn_get_float(x, at + it->off[0]));
		if (r->last)
			f = r->last(f);
		brn_set_float(out, pos, r->mean ? f / (double)count : f);
		return;
	}
	for (; it->left; brn_iter_next(it))
		i = r->fi(i, brn_get_int(x, at + it->off[0]));
	brn_set_int(out, pos, r->mean && count ? i / count : i);
}

static int
reduce(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, const struct reducer *r)
{
	int rank = in[0]->type.rank;
	int set = brn_axes(brn_opt_in(n, in, 1), rank);
	struct brn_type outer, inner;
	struct brn_iter o, i;

	if (!set && brn_attr_int(n, "noop_with_empty_axes"))
		return brn_copy_elems(in[0], out);
	brn_split_shape(&in[0]->type, set ? set : axes_from(0, rank), &outer,
	    &inner);
	for (walk(&o, &outer, in[0]); o.left; brn_iter_next(&o)) {
		walk(&i, &inner, in[0]);
		reduce_one(r, in[0], o.off[0], &i, out, o.pos);
	}
	return BURIN_OK;
}

static double
f_sum(double acc, double x)
{
	return acc + x;
}

static int64_t
i_sum(int64_t acc, int64_t x)
{
	return (int64_t)((uint64_t)acc + (uint64_t)x);
}

static double
f_max(double acc, double x)
{
	return isnan(acc) || acc > x ? acc : x;
}

static int64_t
i_max(int64_t acc, int64_t x)
{
	return acc > x ? acc : x;
}

static double
f_min(double acc, double x)
{
	return isnan(acc) || acc < x ? acc : x;
}

static int64_t
i_min(int64_t acc, int64_t x)
{
	return acc < x ? acc : x;
}

static double
f_prod(double acc, double x)
{
	return acc * x;
}

static int64_t
i_prod(int64_t acc, int64_t x)
{
	return (int64_t)((uint64_t)acc * (uint64_t)x);
}

static double
f_l1(double acc, double x)
{
	return acc + fabs(x);
}

static double
f_square(double acc, double x)
{
	return acc + x * x;
}

/* acc is the logarithm of the sum so far.  */
static double
f_log_sum_exp(double acc, double x)
{
	double max = acc > x || isnan(acc) ? acc : x;

	return isinf(max) ? max : max + log(exp(acc - max) + exp(x - max));
}

#define REDUCE(name, ...) \
BRN_REF(name) \
{ \
	const struct reducer r = { __VA_ARGS__ }; \
\
	return reduce(n, in, out, &r); \
}

REDUCE(reduce_sum,  0, 0, f_sum, i_sum, 0, NULL)
REDUCE(reduce_mean, 0, 0, f_sum, i_sum, 1, NULL)
REDUCE(reduce_max,  -INFINITY, brn_int_min(out->type.dtype), f_max, i_max, 0,
    NULL)
REDUCE(reduce_min,  INFINITY, brn_int_max(out->type.dtype), f_min, i_min, 0,
    NULL)

REDUCE(reduce_prod, 1, 1, f_prod, i_prod, 0, NULL)
REDUCE(reduce_l1, 0, 0, f_l1, NULL, 0, NULL)
REDUCE(reduce_l2, 0, 0, f_square, NULL, 0, sqrt)
REDUCE(reduce_log_sum, 0, 0, f_sum, NULL, 0, log)
REDUCE(reduce_log_sum_exp, -INFINITY, 0, f_log_sum_exp, NULL, 0, NULL)
REDUCE(reduce_sum_square, 0, 0, f_square, NULL, 0, NULL)

/* Which of the dim elements from x[at] on, step apart, is the greatest; of
 * several the first, or the last.  NaN is greater than all.  */
static int64_t
greatest(const struct brn_tensor *x, int64_t at, int64_t dim, int64_t step,
    int last, int sign)
{
	int64_t best = 0;

	for (int64_t k = 1; k < dim; k++) {
		double a = sign * brn_get_float(x, at + best * step);
		double b = sign * brn_get_float(x, at + k * step);

		if (b > a || (isnan(b) && !isnan(a)) || (last && b == a))
			best = k;
	}
	return best;
}

static int
arg(const struct brn_node *n, const struct brn_tensor *x,
    struct brn_tensor *out, int sign)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), x->type.rank);
	int last = brn_attr_int(n, "select_last_index") != 0;
	int64_t stride[BRN_MAX_RANK];
	struct brn_type outer, inner;
	struct brn_iter o;

	brn_type_strides(&x->type, stride);
	brn_split_shape(&x->type, 1 << axis, &outer, &inner);
	for (walk(&o, &outer, x); o.left; brn_iter_next(&o))
		brn_set_int(out, o.pos, greatest(x, o.off[0],
		    x->type.dim[axis], stride[axis], last, sign));
	return BURIN_OK;
}

BRN_REF(argmax)
{
	return arg(n, in[0], out, 1);
}

BRN_REF(argmin)
{
	return arg(n, in[0], out, -1);
}

/* Along one line of count elements, stride apart.  */
static void
cumsum_line(const struct brn_tensor *x, struct brn_tensor *out, int64_t at,
    int64_t count, int64_t stride, int exclusive)
{
	int64_t isum = 0;
	double fsum = 0;

	for (int64_t k = 0; k < count; k++, at += stride) {
		double f = fsum;
		int64_t i = isum;

		fsum += brn_get_float(x, at);
		isum = i_sum(isum, brn_get_int(x, at));
		if (x->type.dtype == BURIN_F32)
			brn_set_float(out, at, exclusive ? f : fsum);
		else
			brn_set_int(out, at, exclusive ? i : isum);
	}
}

BRN_REF(cumsum)
{
	int64_t want = brn_get_int(in[1], 0), dim, stride[BRN_MAX_RANK];
	int rank = out->type.rank, axis = brn_axis(want, rank);
	int reverse = brn_attr_int(n, "reverse") != 0;
	int exclusive = brn_attr_int(n, "exclusive") != 0;
	struct brn_type outer, inner;
	struct brn_iter o;

	if (axis < 0)
		return brn_fail(err, BURIN_ESHAPE,
		    "node '%s': axis %lld of %d dimensions", n->name,
		    (long long)want, rank);
	if (brn_numel(out) == 0)
		return BURIN_OK;
	dim = out->type.dim[axis];
	brn_type_strides(&out->type, stride);
	brn_split_shape(&out->type, 1 << axis, &outer, &inner);
	for (walk(&o, &outer, out); o.left; brn_iter_next(&o))
		cumsum_line(in[0], out, o.off[0] +
		    (reverse ? (dim - 1) * stride[axis] : 0), dim,
		    reverse ? -stride[axis] : stride[axis], exclusive);
	return BURIN_OK;
}

typedef void row_fn(const float *x, float *y, const struct brn_iter *row);

/* x may hold -inf.  A row of nothing else gives NaN, as in every runtime.  */
static void
softmax_row(const float *x, float *y, const struct brn_iter *row)
{
	double max = -INFINITY, sum = 0;
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i))
		max = f_max(max, (double)x[i.off[0]]);
	for (i = *row; i.left; brn_iter_next(&i))
		sum += exp((double)x[i.off[0]] - max);
	for (i = *row; i.left; brn_iter_next(&i))
		y[i.off[0]] = (float)(exp((double)x[i.off[0]] - max) / sum);
}

static void
log_softmax_row(const float *x, float *y, const struct brn_iter *row)
{
	double max = -INFINITY, sum = 0;
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i))
		max = f_max(max, (double)x[i.off[0]]);
	for (i = *row; i.left; brn_iter_next(&i))
		sum += exp((double)x[i.off[0]] - max);
	for (i = *row; i.left; brn_iter_next(&i))
		y[i.off[0]] = (float)((double)x[i.off[0]] - max - log(sum));
}

/* 1 for the first that is the greatest.  */
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
	int set = brn_attr_int(n, "coerce2d") ? axes_from(axis, rank) :
	    1 << axis;
	struct brn_type outer, inner;
	struct brn_iter o, row;

	if (brn_numel(out) == 0)
		return BURIN_OK;
	brn_split_shape(&out->type, set, &outer, &inner);
	walk(&row, &inner, out);
	for (walk(&o, &outer, out); o.left; brn_iter_next(&o))
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

/* The mean of a row and 1 / its standard deviation.  */
struct moments {
	double mean, scale;
};

static struct moments
moments_of(const float *x, const struct brn_iter *row, double epsilon)
{
	double mean = 0, var = 0, d;
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i))
		mean += (double)x[i.off[0]];
	mean /= (double)row->left;
	for (i = *row; i.left; brn_iter_next(&i)) {
		d = (double)x[i.off[0]] - mean;
		var += d * d;
	}
	return (struct moments){ mean,
	    1 / sqrt(var / (double)row->left + epsilon) };
}

/* row has x as its first operand, then scale, then bias if there is one.  */
static void
layer_norm_row(const float *x, float *y, const struct brn_iter *row,
    const struct brn_tensor *const *in, struct moments m)
{
	const float *scale = in[1]->data, *bias = in[2] ? in[2]->data : NULL;
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i)) {
		double d = ((double)x[i.off[0]] - m.mean) * m.scale *
		    (double)scale[i.off[1]];

		y[i.off[0]] = (float)(bias ? d + (double)bias[i.off[2]] : d);
	}
}

BRN_REF(layer_norm)
{
	const struct brn_tensor *all[] = { in[0], in[1], brn_opt_in(n, in, 2) };
	double epsilon = (double)brn_attr_float(n, "epsilon");
	int rank = in[0]->type.rank;
	int axis = brn_axis(brn_attr_int(n, "axis"), rank);
	int64_t index = brn_attr_int(n, "index");
	struct brn_type outer, inner;
	struct brn_iter o, row;

	if (brn_numel(in[0]) == 0)
		return BURIN_OK;
	brn_split_shape(&in[0]->type, axes_from(axis, rank), &outer, &inner);
	walk(&row, &inner, in[0]);
	brn_iter_add(&row, &in[1]->type);
	if (all[2])
		brn_iter_add(&row, &all[2]->type);
	for (walk(&o, &outer, in[0]); o.left; brn_iter_next(&o)) {
		const float *x = (const float *)in[0]->data + o.off[0];
		float *y = out->data;
		struct moments m = moments_of(x, &row, epsilon);

		if (index)
			y[o.pos] = (float)(index == 1 ? m.mean : m.scale);
		else
			layer_norm_row(x, y + o.off[0], &row, all, m);
	}
	return BURIN_OK;
}
