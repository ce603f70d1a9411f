/* SPDX-License-Identifier: Apache-2.0
 *
 * Images of another size: resize, depth_to_space, space_to_depth.
 *
 * In resize a position of an axis is a weighted sum of elements along it, its
 * taps, at most four; the result is the sum over all combinations of the taps
 * of all axes.
 */
#include "ir/op/op.h"

#include <math.h>

#include "ir/op/resize.h"

/* ---- resize ---- */

static int
resize_to_scales(struct brn_infer *c, const struct brn_tensor *scales,
    struct brn_type *out)
{
	const struct brn_attr *axes = brn_attr(c->n, "axes");
	int n = axes ? axes->nints : out->rank;

	if (scales && brn_numel(scales) != n)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld scales, wanted %d", (long long)brn_numel(scales), n);
	for (int i = 0; i < n; i++) {
		int d = axes ? brn_axis(axes->ints[i], out->rank) : i;
		double s = scales ? brn_get_float(scales, i) : 0;

		if (d < 0 || (scales && !(s > 0 && s < 1e9)))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "scale or axis %d does not fit", i);
		if (scales && !brn_is_sym(out->dim[d]) &&
		    brn_resize_is_vague(c->n, out->dim[d], s))
			return brn_infer_bad(c, BURIN_EUNSUPPORTED,
			    "aligns the corners of %g elements, ONNX is not "
			    "clear on fractions", (double)out->dim[d] * s);
		if (s != 1)
			out->dim[d] = !scales || brn_is_sym(out->dim[d]) ?
			    brn_infer_new_dim(c) :
			    brn_resized(out->dim[d], s);
	}
	return BURIN_OK;
}

static int
resize_to_sizes(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *axes = brn_attr(c->n, "axes");
	int n = axes ? axes->nints : out->rank, rc;
	struct brn_type sizes = { 0 };

	if ((rc = brn_infer_dims(c, 3, 0, &sizes)) < 0)
		return rc;
	if (sizes.rank >= 0 && sizes.rank != n)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%d sizes, wanted %d", sizes.rank, n);
	for (int i = 0; i < n; i++) {
		int d = axes ? brn_axis(axes->ints[i], out->rank) : i;

		if (d < 0)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "axis %d does not fit", i);
		out->dim[d] = sizes.rank < 0 ? brn_infer_new_dim(c) :
		    sizes.dim[i];
	}
	return BURIN_OK;
}

int
infer_resize(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *scales = brn_infer_in(c, 2);
	const struct brn_tensor *v = brn_infer_val(c, 2, NULL);
	int rc = brn_infer_dtype(c, 0, BRN_SET_NUM);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (brn_infer_in(c, 3))
		return resize_to_sizes(c, out);
	if (!scales)
		return brn_infer_bad(c, BURIN_ESHAPE, "no scales, no sizes");
	if ((rc = brn_infer_dtype(c, 2, BRN_SET_F32)) < 0)
		return rc;
	return resize_to_scales(c, v, out);
}

/* A product over the axes for each combination of their taps.  */
BRN_WORK(resize)
{
	static const int taps[] = { [BRN_RESIZE_nearest] = 1,
	    [BRN_RESIZE_linear] = 2, [BRN_RESIZE_cubic] = BRN_TAPS };
	int rank = brn_infer_in(c, 0)->rank;

	return rank + pow(taps[brn_attr_int(c->n, "mode")], rank);
}

/* The place in the input of position i of an axis, in double for weights.  What
 * depends on the side of a border that the place is on, the nearest element and
 * whether it is outside, is found from the place in f32, rounded as ONNX
 * Runtime rounds it.  */
#define SOURCE(name, real) \
static real \
name(const struct brn_node *n, const struct brn_resize_axis *a, int64_t i) \
{ \
	real x = (real)i, in1 = (real)(a->in - 1), out1 = (real)(a->out - 1); \
	real scale = (real)a->scale, half = (real)0.5; \
	real start = (real)a->start, end = (real)a->end; \
\
	switch ((enum brn_resize_coordinates)brn_attr_int(n, \
	    "coordinates")) { \
	case BRN_RESIZE_half_pixel: \
		return (x + half) / scale - half; \
	case BRN_RESIZE_pytorch_half_pixel: \
		return a->out > 1 ? (x + half) / scale - half : 0; \
	case BRN_RESIZE_align_corners: \
		return a->out > 1 ? x * in1 / out1 : 0; \
	case BRN_RESIZE_asymmetric: \
		return x / scale; \
	case BRN_RESIZE_tf_half_pixel_for_nn: \
		return (x + half) / scale; \
	case BRN_RESIZE_tf_crop_and_resize: \
		return a->out > 1 ? start * in1 + x * (end - start) * in1 / \
		    out1 : half * (start + end) * in1; \
	} \
	return 0; \
}
SOURCE(source, double)
SOURCE(source_f32, float)

/* The element nearest to place x, as a whole number.  */
static double
nearest(const struct brn_node *n, const struct brn_resize_axis *a, double x)
{
	switch ((enum brn_resize_nearest)brn_attr_int(n, "nearest")) {
	case BRN_RESIZE_round_prefer_floor:
		return ceil(x - 0.5);
	case BRN_RESIZE_round_prefer_ceil:
		return floor(x + 0.5);
	case BRN_RESIZE_floor:
		return floor(x);
	case BRN_RESIZE_ceil:
		return ceil(x);
	case BRN_RESIZE_simple:
		return a->scale < 1 ? ceil(x) : floor(x);
	}
	return x;
}

/* Weights of the elements -1, 0, 1 and 2 for a place f after element 0, by the
 * cubic convolution of Keys with coefficient a.  */
static void
cubic(double a, double f, double *w)
{
	for (int i = 0; i < BRN_TAPS; i++) {
		double d = fabs(f - (i - 1));

		w[i] = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 :
		    ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
	}
}

static int64_t
clamp(int64_t i, int64_t n)
{
	return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Set the weights of the taps for place x; the first tap, which may lie outside
 * the axis.  */
static int64_t
weigh(const struct brn_node *n, const struct brn_resize_axis *a, double x,
    struct brn_taps *t)
{
	enum brn_resize_mode mode =
	    (enum brn_resize_mode)brn_attr_int(n, "mode");

	if (mode == BRN_RESIZE_nearest) {
		t->n = 1;
		t->weight[0] = 1;
		return (int64_t)nearest(n, a, x);
	}
	if (mode == BRN_RESIZE_linear) {
		t->n = 2;
		t->weight[1] = x - floor(x);
		t->weight[0] = 1 - t->weight[1];
		return (int64_t)floor(x);
	}
	t->n = BRN_TAPS;
	cubic((double)brn_attr_float(n, "cubic_coeff_a"),
	    x - floor(x), t->weight);
	return (int64_t)floor(x) - 1;
}

/* Taps outside the axis get no weight; the others are scaled to a sum of 1.  */
static void
exclude(const struct brn_resize_axis *a, int64_t first, struct brn_taps *t)
{
	double sum = 0;

	for (int i = 0; i < t->n; i++) {
		if (first + i < 0 || first + i >= a->in)
			t->weight[i] = 0;
		sum += t->weight[i];
	}
	for (int i = 0; i < t->n; i++)
		t->weight[i] /= sum;
}

void
brn_resize_taps(const struct brn_node *n, const struct brn_resize_axis *a,
    int64_t i, struct brn_taps *t)
{
	double place = (double)source_f32(n, a, i);
	double x = brn_attr_int(n, "mode") == BRN_RESIZE_nearest ? place :
	    source(n, a, i);
	int64_t first;

	*t = (struct brn_taps){ .n = 1, .at = { i }, .weight = { 1 } };
	if (a->in == a->out && a->scale == 1 && a->start == 0 && a->end == 1)
		return;
	t->outside = brn_attr_int(n, "coordinates") ==
	    BRN_RESIZE_tf_crop_and_resize &&
	    (place < 0 || place > (double)(a->in - 1));
	/* All places beyond BRN_TAPS outside have the same taps.  A NaN, from
	 * the roi, counts as one of them.  */
	x = !(x >= -BRN_TAPS) ? -BRN_TAPS : x > (double)a->in + BRN_TAPS ?
	    (double)a->in + BRN_TAPS : x;
	first = weigh(n, a, x, t);
	if (brn_attr_int(n, "exclude_outside") && t->n == BRN_TAPS)
		exclude(a, first, t);
	for (int k = 0; k < t->n; k++)
		t->at[k] = clamp(first + k, a->in);
}

/* The weighted sum over all combinations of taps of the axes from d on, seen
 * from element off of x.  */
static double
combine(const struct brn_tensor *x, const struct brn_taps *t,
    const int64_t *stride, int d, int64_t off)
{
	double sum = 0;

	if (d == x->type.rank)
		return brn_get_float(x, off);
	for (int k = 0; k < t[d].n; k++)
		if (t[d].weight[k] != 0)
			sum += t[d].weight[k] * combine(x, t, stride, d + 1,
			    off + t[d].at[k] * stride[d]);
	return sum;
}

void
brn_resize_axes(const struct brn_node *n, const struct brn_tensor *const *in,
    const struct brn_type *out, struct brn_resize_axis axis[BRN_MAX_RANK])
{
	const struct brn_tensor *roi = brn_opt_in(n, in, 1);
	const struct brn_tensor *scales = brn_opt_in(n, in, 2);
	const struct brn_attr *axes = brn_attr(n, "axes");
	int rank = out->rank, count = axes ? axes->nints : rank;

	for (int d = 0; d < rank; d++) {
		int64_t was = in[0]->type.dim[d];

		axis[d] = (struct brn_resize_axis){ was, out->dim[d],
		    (double)out->dim[d] / (double)was, 0, 1 };
	}
	for (int i = 0; i < count; i++) {
		int d = axes ? brn_axis(axes->ints[i], rank) : i;

		if (scales && !brn_opt_in(n, in, 3))
			axis[d].scale = brn_get_float(scales, i);
		if (roi && brn_numel(roi) == 2 * count &&
		    brn_attr_int(n, "coordinates") ==
		    BRN_RESIZE_tf_crop_and_resize) {
			axis[d].start = brn_get_float(roi, i);
			axis[d].end = brn_get_float(roi, count + i);
		}
	}
}

BRN_REF(resize)
{
	double beyond = (double)brn_attr_float(n, "extrapolation_value");
	int64_t stride[BRN_MAX_RANK];
	struct brn_resize_axis axis[BRN_MAX_RANK];
	struct brn_taps t[BRN_MAX_RANK];
	struct brn_iter it;

	if (brn_numel(in[0]) == 0 && brn_numel(out) > 0)
		return brn_ref_bad(n, err, "nothing to resize");
	brn_resize_axes(n, in, &out->type, axis);
	brn_type_strides(&in[0]->type, stride);
	for (brn_iter_init(&it, &out->type); it.left; brn_iter_next(&it)) {
		int outside = 0;
		double v;

		for (int d = 0; d < out->type.rank; d++) {
			brn_resize_taps(n, &axis[d], it.at[d], &t[d]);
			outside |= t[d].outside;
		}
		v = outside ? beyond : combine(in[0], t, stride, 0, 0);
		if (out->type.dtype == BURIN_F32)
			brn_set_float(out, it.pos, v);
		else
			brn_set_int(out, it.pos, (int64_t)nearbyint(v));
	}
	return BURIN_OK;
}

/* ---- depth_to_space, space_to_depth ---- */

/* *a becomes *a * b, or *a / b, which must have no rest; a symbol becomes a new
 * one.  */
static int
scale_dim(struct brn_infer *c, int64_t *a, int64_t b, int divide)
{
	if (brn_is_sym(*a))
		*a = brn_infer_new_dim(c);
	else if (divide ? *a % b : __builtin_mul_overflow(*a, b, a))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "blocks of %lld do not fit", (long long)b);
	else if (divide)
		*a /= b;
	return BURIN_OK;
}

static int
blocks_type(struct brn_infer *c, int to_depth, struct brn_type *out)
{
	int64_t b = brn_attr_int(c->n, "blocksize");
	int rc;

	*out = *brn_infer_in(c, 0);
	if (out->rank != 4 || b < 1 || b > INT16_MAX)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "wanted [batch, channels, height, width] and a blocksize");
	if ((rc = scale_dim(c, &out->dim[1], b * b, !to_depth)) < 0 ||
	    (rc = scale_dim(c, &out->dim[2], b, to_depth)) < 0)
		return rc;
	return scale_dim(c, &out->dim[3], b, to_depth);
}

int
infer_depth_to_space(struct brn_infer *c, struct brn_type *out)
{
	return blocks_type(c, 0, out);
}

int
infer_space_to_depth(struct brn_infer *c, struct brn_type *out)
{
	return blocks_type(c, 1, out);
}

/* The wide image [batch][c][h][w] and the deep one [batch][c * b * b][h / b]
 * [w / b], whose channels are [row in a block][column in a block][c], or with
 * crd [c][row][column].  */
struct blocks {
	int64_t b, c, h, w;
	int crd;
};

/* The place in the deep image of element i of the wide one.  */
static int64_t
deep(const struct blocks *k, int64_t i)
{
	int64_t col = i % k->w, row = i / k->w % k->h;
	int64_t c = i / (k->w * k->h) % k->c, image = i / (k->w * k->h * k->c);
	int64_t part = row % k->b * k->b + col % k->b;
	int64_t to = k->crd ? c * k->b * k->b + part : part * k->c + c;

	return ((image * k->c * k->b * k->b + to) * (k->h / k->b) +
	    row / k->b) * (k->w / k->b) + col / k->b;
}

BRN_REF(depth_to_space)
{
	struct blocks k = { brn_attr_int(n, "blocksize"),
	    out->type.dim[1], out->type.dim[2], out->type.dim[3],
	    brn_attr_int(n, "crd") != 0 };

	for (int64_t i = 0; i < brn_numel(out); i++)
		brn_copy_elem(out, i, in[0], deep(&k, i));
	return BURIN_OK;
}

BRN_REF(space_to_depth)
{
	const struct brn_type *x = &in[0]->type;
	struct blocks k = { brn_attr_int(n, "blocksize"), x->dim[1],
	    x->dim[2], x->dim[3], 0 };

	for (int64_t i = 0; i < brn_numel(out); i++)
		brn_copy_elem(out, deep(&k, i), in[0], i);
	return BURIN_OK;
}
