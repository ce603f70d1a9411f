/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops that place or fetch elements of images: grid_sample, max_unpool, col2im,
 * center_crop_pad.
 */
#include "ir/op/op.h"

#include <math.h>

/* ---- grid_sample ---- */

enum { LINEAR, NEAREST, CUBIC };
enum { ZEROS, BORDER, REFLECTION };
enum { MAX_SPATIAL = 3, MAX_TAPS = 4 };

int
infer_grid_sample(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *g = brn_infer_in(c, 1);
	int64_t dim;
	int rc, n = x->rank - 2;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_F32)) < 0)
		return rc;
	if (n < 1 || n > MAX_SPATIAL || g->rank != x->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "x and grid are no images of 1 to 3 dimensions");
	*out = *x;
	if ((rc = brn_infer_same_dim(c, &out->dim[0], g->dim[0])) < 0)
		return rc;
	for (int d = 0; d < n; d++)
		out->dim[2 + d] = g->dim[1 + d];
	dim = n;
	return brn_infer_same_dim(c, &dim, g->dim[x->rank - 1]);
}

/* A dimension of the image, with what is fetched along it.  */
struct line {
	int64_t dim;
	double least, most;             /* of places inside */
	int ntap;
	int64_t at[MAX_TAPS];           /* -1: outside */
	double weight[MAX_TAPS];
};

static double
reflect(const struct line *l, double v)
{
	double range = l->most - l->least;
	double over = v < l->least ? l->least - v : v - l->most, turns, rest;
	int odd;

	if (!(over > 0) || !(range > 0))
		return over > 0 ? l->least : v;
	turns = floor(over / range);
	rest = over - turns * range;
	odd = fmod(turns, 2) != 0;
	return (v < l->least) != odd ? l->least + rest : l->most - rest;
}

static int64_t
pixel(const struct line *l, double v, int padding)
{
	double last = (double)l->dim - 1;

	if (v >= 0 && v <= last)
		return (int64_t)v;
	if (padding == ZEROS)
		return -1;
	if (padding == REFLECTION)
		v = rint(reflect(l, v));
	return (int64_t)fmax(0, fmin(v, last));
}

/* The weight of a pixel that is x away, by a cubic with a = -0.75.  */
static double
cubic(double x)
{
	const double a = -0.75;

	x = fabs(x);
	if (x <= 1)
		return ((a + 2) * x - (a + 3)) * x * x + 1;
	return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/* Since opset 20 the words are linear and cubic.  */
static int
mode_of(const struct brn_node *n)
{
	static const int modes[] = { LINEAR, NEAREST, CUBIC, LINEAR, CUBIC };

	return modes[brn_attr_int(n, "mode")];
}

/* Which pixels the place v of -1 to 1 takes.  */
static void
set_taps(struct line *l, const struct brn_node *n, double v)
{
	int mode = mode_of(n);
	int padding = (int)brn_attr_int(n, "padding_mode");
	int corners = brn_attr_int(n, "align_corners") != 0;
	double dim = (double)l->dim, first;

	l->least = corners ? 0 : -0.5;
	l->most = corners ? dim - 1 : dim - 0.5;
	v = corners ? (v + 1) / 2 * (dim - 1) : ((v + 1) * dim - 1) / 2;
	if (mode == NEAREST)
		v = rint(v);
	if (!(v >= l->least && v <= l->most) && padding != ZEROS)
		v = padding == BORDER ? fmax(0, fmin(v, dim - 1)) :
		    reflect(l, v);
	if (mode == NEAREST)
		v = rint(v);
	if (!isfinite(v))
		v = -4;
	first = floor(v) - (mode == CUBIC);
	l->ntap = mode == NEAREST ? 1 : mode == CUBIC ? 4 : 2;
	for (int t = 0; t < l->ntap; t++) {
		double x = v - (first + t);

		l->at[t] = pixel(l, first + t, padding);
		l->weight[t] = mode == NEAREST ? 1 : mode == CUBIC ?
		    cubic(x) : 1 - fabs(x);
	}
}

/* The sum over the taps of all n dimensions.  */
static double
fetch(const float *x, const struct line *l, int n)
{
	double sum = 0;
	int all = 1;

	for (int d = 0; d < n; d++)
		all *= l[d].ntap;
	for (int k = 0; k < all; k++) {
		double weight = 1;
		int64_t at = 0;
		int t = k;

		for (int d = 0; d < n && at >= 0; d++) {
			int64_t i = l[d].at[t % l[d].ntap];

			weight *= l[d].weight[t % l[d].ntap];
			at = i < 0 ? -1 : at * l[d].dim + i;
			t /= l[d].ntap;
		}
		if (at >= 0)
			sum += weight * (double)x[at];
	}
	return sum;
}

BRN_REF(grid_sample)
{
	const struct brn_type *t = &in[0]->type;
	int s = t->rank - 2;
	int64_t plane = brn_product(t, 2, t->rank);
	int64_t places = brn_product(&out->type, 2, t->rank);
	int64_t channels = t->dim[1];
	const float *grid = in[1]->data, *x = in[0]->data;
	float *y = out->data;

	for (int64_t p = 0; plane && p < t->dim[0] * places; p++) {
		struct line l[MAX_SPATIAL];

		for (int d = 0; d < s; d++) {
			l[d].dim = t->dim[2 + d];
			set_taps(&l[d], n, (double)grid[p * s + s - 1 - d]);
		}
		for (int64_t c = 0; c < channels; c++) {
			int64_t k = p / places * channels + c;

			y[k * places + p % places] =
			    (float)fetch(x + k * plane, l, s);
		}
	}
	if (!plane)
		memset(out->data, 0, brn_tensor_bytes(out));
	return BURIN_OK;
}

/* ---- max_unpool ---- */

static int64_t
int_at(const struct brn_node *n, const char *name, int i, int64_t dflt)
{
	const struct brn_attr *a = brn_attr(n, name);

	return a && i < a->nints ? a->ints[i] : dflt;
}

int
infer_max_unpool(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *i = brn_infer_in(c, 1);
	int rc, s = x->rank - 2;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0)
		return rc;
	if (s < 1 || brn_attr(c->n, "kernel_shape")->nints != s)
		return brn_infer_bad(c, BURIN_ESHAPE, "no kernel for x");
	*out = *x;
	if (i->rank != x->rank)
		return brn_infer_bad(c, BURIN_ESHAPE, "places are not like x");
	for (int d = 0; d < x->rank; d++)
		if ((rc = brn_infer_same_dim(c, &out->dim[d], i->dim[d])) < 0)
			return rc;
	if (brn_infer_in(c, 2)) {
		out->dtype = BURIN_F32;
		return brn_infer_dims(c, 2, 0, out);
	}
	for (int d = 0; d < s; d++) {
		int64_t dim = out->dim[2 + d];

		out->dim[2 + d] = brn_is_sym(dim) ? brn_infer_new_dim(c) :
		    (dim - 1) * int_at(c->n, "strides", d, 1) +
		    int_at(c->n, "kernel_shape", d, 1) -
		    int_at(c->n, "pads", d, 0) -
		    int_at(c->n, "pads", d + s, 0);
		if (out->dim[2 + d] < 0 && !brn_is_sym(out->dim[2 + d]))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "nothing is left of dimension %d", 2 + d);
	}
	return BURIN_OK;
}

/* Place at of the image that the attributes give, in one that output_shape
 * makes larger.  -1: outside.  */
static int64_t
unpooled(const struct brn_node *n, const struct brn_type *x,
    const struct brn_type *out, int64_t at)
{
	int s = x->rank - 2;
	int64_t to = 0, scale = 1;

	for (int d = x->rank - 1; d >= 0 && at >= 0; d--) {
		int k = d - 2;
		int64_t dim = k < 0 ? x->dim[d] : (x->dim[d] - 1) *
		    int_at(n, "strides", k, 1) +
		    int_at(n, "kernel_shape", k, 1) -
		    int_at(n, "pads", k, 0) - int_at(n, "pads", k + s, 0);

		if (dim < 1 || at % dim >= out->dim[d])
			return -1;
		to += at % dim * scale;
		at /= dim;
		scale *= out->dim[d];
	}
	return at ? -1 : to;
}

BRN_REF(max_unpool)
{
	int64_t count = brn_numel(in[0]);
	const float *x = in[0]->data;
	float *y = out->data;

	memset(y, 0, brn_tensor_bytes(out));
	for (int64_t i = 0; i < count; i++) {
		int64_t at = unpooled(n, &in[0]->type, &out->type,
		    brn_get_int(in[1], i));

		if (at < 0)
			return brn_ref_bad(n, err,
			    "place %lld is outside of the result",
			    (long long)brn_get_int(in[1], i));
		y[at] = x[i];
	}
	return BURIN_OK;
}

/* ---- col2im ---- */

int
infer_col2im(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_tensor *block = brn_infer_val(c, 2, NULL);
	struct brn_type image = { 0 };
	int64_t taps = 1;
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dims(c, 1, 0, &image)) < 0)
		return rc;
	*out = (struct brn_type){ BURIN_F32, -1, { 0 } };
	if (x->rank != 3)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "x has three dimensions");
	if (image.rank < 0)
		return BURIN_OK;
	if (image.rank > BRN_MAX_RANK - 2)
		return brn_infer_too_many_dims(c);
	if (block && brn_numel(block) != image.rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "image and block have other dimensions");
	for (int d = 0; block && d < image.rank; d++)
		if (brn_get_int(block, d) < 1 || __builtin_mul_overflow(taps,
		    brn_get_int(block, d), &taps))
			return brn_infer_bad(c, BURIN_ESHAPE, "no block");
	out->rank = image.rank + 2;
	out->dim[0] = x->dim[0];
	out->dim[1] = !block || brn_is_sym(x->dim[1]) ?
	    brn_infer_new_dim(c) : x->dim[1] / taps;
	memcpy(out->dim + 2, image.dim,
	    (size_t)image.rank * sizeof *image.dim);
	return BURIN_OK;
}

/* The place of block number b under tap number t; -1: in the padding.  */
static int64_t
place_of(const struct brn_node *n, const struct brn_type *image,
    const struct brn_tensor *block, int64_t b, int64_t t)
{
	int s = image->rank - 2;
	int64_t at = 0, scale = 1;

	for (int d = s - 1; d >= 0; d--) {
		int64_t k = brn_get_int(block, d), dim = image->dim[2 + d];
		int64_t step = int_at(n, "strides", d, 1);
		int64_t wide = int_at(n, "dilations", d, 1);
		int64_t pad = int_at(n, "pads", d, 0);
		int64_t blocks = (dim + pad + int_at(n, "pads", d + s, 0) -
		    wide * (k - 1) - 1) / step + 1;
		int64_t p;

		if (blocks < 1 || k < 1)
			return -1;
		p = b % blocks * step + t % k * wide - pad;
		if (p < 0 || p >= dim)
			return -1;
		at += p * scale;
		scale *= dim;
		b /= blocks;
		t /= k;
	}
	return b ? -1 : at;
}

BRN_REF(col2im)
{
	const struct brn_type *x = &in[0]->type, *o = &out->type;
	int64_t plane = brn_product(o, 2, o->rank), blocks = x->dim[2];
	int64_t taps = o->dim[1] ? x->dim[1] / o->dim[1] : 0;
	const float *from = in[0]->data;
	float *to = out->data;

	for (int d = 0; d < o->rank - 2; d++)
		if (int_at(n, "strides", d, 1) < 1)
			return brn_ref_bad(n, err, "a stride below 1");
	memset(to, 0, brn_tensor_bytes(out));
	for (int64_t c = 0; taps && c < o->dim[0] * o->dim[1]; c++)
		for (int64_t t = 0; t < taps; t++)
			for (int64_t b = 0; b < blocks; b++) {
				int64_t at = place_of(n, o, in[2], b, t);
				int64_t row = c / o->dim[1] * x->dim[1] +
				    c % o->dim[1] * taps + t;

				if (at >= 0)
					to[c * plane + at] +=
					    from[row * blocks + b];
			}
	return BURIN_OK;
}

/* ---- center_crop_pad ---- */

/* The axes that the sizes of input 1 are for, in order.  -1: they do not fit.
 */
static int
crop_axes(const struct brn_node *n, int rank, int64_t count, int *axis)
{
	const struct brn_attr *a = brn_attr(n, "axes");

	if (count != (a ? a->nints : rank))
		return -1;
	for (int i = 0; i < count; i++)
		if ((axis[i] = a ? brn_axis(a->ints[i], rank) : i) < 0)
			return -1;
	return 0;
}

int
infer_center_crop_pad(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	struct brn_type sizes = { 0 };
	int axis[BRN_MAX_RANK], rc = brn_infer_dims(c, 1, 0, &sizes);

	*out = *x;
	if (rc < 0)
		return rc;
	if (sizes.rank < 0) {
		for (int d = 0; d < x->rank; d++)
			out->dim[d] = brn_infer_new_dim(c);
		return BURIN_OK;
	}
	if (crop_axes(c->n, x->rank, sizes.rank, axis) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "sizes and axes do not fit");
	for (int i = 0; i < sizes.rank; i++)
		out->dim[axis[i]] = sizes.dim[i];
	return BURIN_OK;
}

/* The part of a dimension that x and the result share: where it begins in each,
 * and its size.  */
struct shared_part {
	int64_t from, to, n;
};

static struct shared_part
shared_part_of(int64_t x, int64_t out)
{
	return x >= out ? (struct shared_part){ (x - out) / 2, 0, out } :
	    (struct shared_part){ 0, (out - x) / 2, x };
}

/* Line by line, a line along the last dimension.  */
BRN_REF(center_crop_pad)
{
	const struct brn_type *x = &in[0]->type, *y = &out->type;
	size_t size = brn_dtype_size(y->dtype);
	int64_t sx[BRN_MAX_RANK], sy[BRN_MAX_RANK], from = 0, to = 0;
	struct brn_type lines = *y;
	struct shared_part p = { 0, 0, 1 };
	struct brn_iter it;

	brn_type_strides(x, sx);
	brn_type_strides(y, sy);
	memset(out->data, 0, brn_tensor_bytes(out));
	for (int d = 0; d < y->rank; d++) {
		p = shared_part_of(x->dim[d], y->dim[d]);
		lines.dim[d] = d < y->rank - 1 ? p.n : p.n > 0;
		from += p.from * sx[d];
		to += p.to * sy[d];
	}
	brn_iter_init(&it, &lines);
	brn_iter_add_strided(&it, from, sx);
	for (brn_iter_add_strided(&it, to, sy); it.left; brn_iter_next(&it))
		memcpy((char *)out->data + (size_t)it.off[1] * size,
		    (const char *)in[0]->data + (size_t)it.off[0] * size,
		    (size_t)p.n * size);
	return BURIN_OK;
}
