/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions along axes: reduce_*, argmax, argmin, and cumsum, whose result has
 * every partial sum.  Sums are kept in double.
 */
#include "ir/op/op.h"

#include <math.h>

/* ---- reduce_* ---- */

/* The type where the axes are not known: with keepdims every size may have
 * become 1, without it the rank may be unknown, too.  */
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
reduce_type(struct brn_infer *c, int types, struct brn_type *out)
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

/* acc = f(acc, x) for every element, for floats and for integers.  */
struct reducer {
	double f0;                              /* acc of no element */
	int64_t i0;
	double (*ff)(double acc, double x);
	int64_t (*fi)(int64_t acc, int64_t x);  /* NULL: integers as floats */
	int mean;                               /* divide by their number */
	double (*last)(double acc);             /* at the end, or NULL */
};

/* Element pos of out from those that it walks over, seen from x[at].  */
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

	/* With noop_with_empty_axes each element is reduced on its own, which
	 * is no copy: the norm of an element is its magnitude.  */
	if (!set && !brn_attr_int(n, "noop_with_empty_axes"))
		set = brn_axes_from(0, rank);
	brn_split_shape(&in[0]->type, set, &outer, &inner);
	for (brn_walk(&o, &outer, in[0]); o.left; brn_iter_next(&o)) {
		brn_walk(&i, &inner, in[0]);
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

/* REDUCE(name, types it takes, reducer)  */
#define REDUCE(name, set, ...) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	return reduce_type(c, BRN_SET_##set, out); \
} \
BRN_REF(name) \
{ \
	const struct reducer r = { __VA_ARGS__ }; \
\
	return reduce(n, in, out, &r); \
}

REDUCE(reduce_sum,  NUM, 0, 0, f_sum, i_sum, 0, NULL)
REDUCE(reduce_mean, NUM, 0, 0, f_sum, i_sum, 1, NULL)
REDUCE(reduce_max,  ANY, -INFINITY, brn_int_min(out->type.dtype), brn_max_nan,
    i_max, 0, NULL)
REDUCE(reduce_min,  ANY, INFINITY, brn_int_max(out->type.dtype), f_min, i_min,
    0, NULL)
REDUCE(reduce_prod, NUM, 1, 1, f_prod, i_prod, 0, NULL)
REDUCE(reduce_l1,   NUM, 0, 0, f_l1, NULL, 0, NULL)
REDUCE(reduce_l2,   NUM, 0, 0, f_square, NULL, 0, sqrt)
REDUCE(reduce_log_sum, NUM, 0, 0, f_sum, NULL, 0, log)
REDUCE(reduce_log_sum_exp, NUM, -INFINITY, 0, f_log_sum_exp, NULL, 0, NULL)
REDUCE(reduce_sum_square, NUM, 0, 0, f_square, NULL, 0, NULL)

/* ---- argmax, argmin ---- */

static int
arg_type(struct brn_infer *c, struct brn_type *out)
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
	return arg_type(c, out);
}

int
infer_argmin(struct brn_infer *c, struct brn_type *out)
{
	return arg_type(c, out);
}

/* The index of the greatest (sign -1: least) of the dim elements from x[at] on,
 * step apart; of equal ones the first, or the last.  NaN is before all.  */
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
	for (brn_walk(&o, &outer, x); o.left; brn_iter_next(&o))
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

/* ---- cumsum ---- */

int
infer_cumsum(struct brn_infer *c, struct brn_type *out)
{
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0 ||
	    (rc = brn_infer_one_element(c, 1)) < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	return BURIN_OK;
}

/* The sums along one line of count elements, stride apart.  */
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
		return brn_ref_bad(n, err, "axis %lld of %d dimensions",
		    (long long)want, rank);
	if (brn_numel(out) == 0)
		return BURIN_OK;
	dim = out->type.dim[axis];
	brn_type_strides(&out->type, stride);
	brn_split_shape(&out->type, 1 << axis, &outer, &inner);
	for (brn_walk(&o, &outer, out); o.left; brn_iter_next(&o))
		cumsum_line(in[0], out, o.off[0] +
		    (reverse ? (dim - 1) * stride[axis] : 0), dim,
		    reverse ? -stride[axis] : stride[axis], exclusive);
	return BURIN_OK;
}
