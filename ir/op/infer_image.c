/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops on images: [batch, channels, spatial..].
 */
#include "ir/op/op.h"

#include <math.h>

#include "ir/op/pad.h"
#include "ir/op/resize.h"
#include "ir/op/window.h"

/* ---- moving pixels ---- */

/* a * b, or a / b when that has no rest, of what may be a symbol.  */
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
blocks(struct brn_infer *c, int to_depth, struct brn_type *out)
{
	int64_t b = brn_attr_int(c->n, "blocksize", 0);
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
	return blocks(c, 0, out);
}

int
infer_space_to_depth(struct brn_infer *c, struct brn_type *out)
{
	return blocks(c, 1, out);
}

static int
pad_dim(struct brn_infer *c, int64_t *dim, int64_t a, int64_t b, int mode)
{
	int64_t d = *dim;

	if (brn_is_sym(d)) {
		*dim = a || b ? brn_infer_new_dim(c) : d;
		return BURIN_OK;
	}
	if (a < -BRN_PAD_MOST || a > BRN_PAD_MOST || b < -BRN_PAD_MOST ||
	    b > BRN_PAD_MOST || d + a + b < 0 ||
	    (mode == BRN_PAD_reflect && (a >= d || b >= d) &&
	    (a > 0 || b > 0)) || (mode != BRN_PAD_constant && d == 0 &&
	    (a > 0 || b > 0)))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "size %lld is padded by %lld and %lld", (long long)d,
		    (long long)a, (long long)b);
	*dim = d + a + b;
	return BURIN_OK;
}

int
infer_pad(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *pads = brn_infer_val(c, 1, NULL);
	const struct brn_tensor *axes = brn_infer_val(c, 3, NULL);
	int mode = (int)brn_attr_int(c->n, "mode", BRN_PAD_constant);
	int n = brn_infer_in(c, 0)->rank, set, known, rc;

	*out = *brn_infer_in(c, 0);
	if ((rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0 ||
	    (rc = brn_infer_scalar(c, 2)) < 0 ||
	    (rc = brn_infer_axes(c, 3, out->rank, &set, &known)) < 0)
		return rc;
	if (!pads || !known) {
		for (int d = 0; d < out->rank; d++)
			out->dim[d] = brn_infer_new_dim(c);
		return BURIN_OK;
	}
	if (axes)
		n = (int)brn_numel(axes);
	if (brn_numel(pads) != 2 * n)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld numbers in pads, wanted %d",
		    (long long)brn_numel(pads), 2 * n);
	for (int i = 0; i < n; i++) {
		int d = axes ? brn_axis(brn_get_int(axes, i), out->rank) : i;

		rc = pad_dim(c, &out->dim[d], brn_get_int(pads, i),
		    brn_get_int(pads, n + i), mode);
		if (rc < 0)
			return rc;
	}
	return BURIN_OK;
}

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
