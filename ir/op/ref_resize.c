/* SPDX-License-Identifier: Apache-2.0
 *
 * Ref of resize.  Every axis on its own says for a position which elements it
 * is made of and with what weights, four at most; the result is the sum over
 * all combinations.
 */
#include "ir/op/ref_fn.h"

#include "ir/op/resize.h"

static double
source(const struct brn_node *n, const struct brn_resize_axis *a, int64_t i)
{
	double x = (double)i, in = (double)a->in, out = (double)a->out;

	switch ((enum brn_resize_coordinates)brn_attr_int(n, "coordinates")) {
	case BRN_RESIZE_half_pixel:
		return (x + 0.5) / a->scale - 0.5;
	case BRN_RESIZE_pytorch_half_pixel:
		return a->out > 1 ? (x + 0.5) / a->scale - 0.5 : 0;
	case BRN_RESIZE_align_corners:
		return a->out > 1 ? x * (in - 1) / (out - 1) : 0;
	case BRN_RESIZE_asymmetric:
		return x / a->scale;
	case BRN_RESIZE_tf_half_pixel_for_nn:
		return (x + 0.5) / a->scale;
	case BRN_RESIZE_tf_crop_and_resize:
		return a->out > 1 ? a->start * (in - 1) + x * (a->end -
		    a->start) * (in - 1) / (out - 1) :
		    0.5 * (a->start + a->end) * (in - 1);
	}
	return 0;
}

static double
nearest(const struct brn_node *n, double x)
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
	}
	return x;
}

/* Weights of the elements -1, 0, 1, 2 around a position f behind element 0:
 * the cubic convolution of Keys.  */
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

/* The first of the taps, before it is clamped.  */
static int64_t
weigh(const struct brn_node *n, double x, struct brn_taps *t)
{
	enum brn_resize_mode mode =
	    (enum brn_resize_mode)brn_attr_int(n, "mode");

	if (mode == BRN_RESIZE_nearest) {
		t->n = 1;
		t->weight[0] = 1;
		return (int64_t)nearest(n, x);
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

/* Leave out what lies outside; the others make up for it.  */
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
	double x = source(n, a, i);
	int64_t first;

	*t = (struct brn_taps){ .n = 1, .at = { i }, .weight = { 1 } };
	if (a->in == a->out && a->scale == 1 && a->start == 0 && a->end == 1)
		return;
	t->outside = brn_attr_int(n, "coordinates") ==
	    BRN_RESIZE_tf_crop_and_resize &&
	    (x < 0 || x > (double)(a->in - 1));
	/* Far beyond all elements is as good as just beyond them. */
	x = x < -BRN_TAPS ? -BRN_TAPS : x > (double)a->in + BRN_TAPS ?
	    (double)a->in + BRN_TAPS : x;
	first = weigh(n, x, t);
	if (brn_attr_int(n, "exclude_outside") && t->n == BRN_TAPS)
		exclude(a, first, t);
	for (int k = 0; k < t->n; k++)
		t->at[k] = clamp(first + k, a->in);
}

/* The sum over all taps of the axes from d on.  */
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
		return brn_fail(err, BURIN_ESHAPE,
		    "node '%s': nothing to resize", n->name);
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
