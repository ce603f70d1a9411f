/* SPDX-License-Identifier: Apache-2.0
 *
 * Resize: values of its attributes in the normal form, the size that a scale
 * makes, and what each element of a resized axis is made of.
 */
#ifndef BRN_RESIZE_H
#define BRN_RESIZE_H

#include "ir/graph/graph.h"

#include <math.h>

/* resize: attributes mode, coordinates, nearest.  */
enum brn_resize_mode {
	BRN_RESIZE_nearest,
	BRN_RESIZE_linear,
	BRN_RESIZE_cubic,
};
enum brn_resize_coordinates {
	BRN_RESIZE_half_pixel,
	BRN_RESIZE_pytorch_half_pixel,
	BRN_RESIZE_align_corners,
	BRN_RESIZE_asymmetric,
	BRN_RESIZE_tf_half_pixel_for_nn,
	BRN_RESIZE_tf_crop_and_resize,
};
enum brn_resize_nearest {
	BRN_RESIZE_round_prefer_floor,
	BRN_RESIZE_round_prefer_ceil,
	BRN_RESIZE_floor,
	BRN_RESIZE_ceil,
	BRN_RESIZE_simple,      /* ceil of an axis that shrinks, else floor */
};

/* The product is rounded to f32 first, as ONNX Runtime does it: 5 times 1.4f is
 * 7.  Files are exported against that.  */
static inline int64_t
brn_resized(int64_t dim, double scale)
{
	float n = floorf((float)dim * (float)scale);

	return n < 0x1p62f ? (int64_t)n : INT64_MAX;
}

/* Whether corners are aligned and dim * scale is not whole.  Then ONNX's text
 * and ONNX Runtime align the elements there are, ONNX's tests the fraction.  */
static inline int
brn_resize_is_vague(const struct brn_node *n, int64_t dim, double scale)
{
	int64_t to = brn_resized(dim, scale);

	return brn_attr_int(n, "coordinates") == BRN_RESIZE_align_corners &&
	    dim > 1 && to > 1 && (float)dim * (float)scale - (float)to > 1e-3f;
}

/* An axis: sizes, scale, and the part of the input that is resized.  */
struct brn_resize_axis {
	int64_t in, out;
	double scale;
	double start, end;              /* of [0, 1]; input roi */
};
void brn_resize_axes(const struct brn_node *n,
    const struct brn_tensor *const *in, const struct brn_type *out,
    struct brn_resize_axis axis[BRN_MAX_RANK]);

/* The elements of which element i of the resized axis is the weighted sum.  */
enum { BRN_TAPS = 4 };
struct brn_taps {
	int n;
	int outside;                    /* the extrapolation value instead */
	int64_t at[BRN_TAPS];
	double weight[BRN_TAPS];
};
void brn_resize_taps(const struct brn_node *n,
    const struct brn_resize_axis *a, int64_t i, struct brn_taps *t);

#endif
