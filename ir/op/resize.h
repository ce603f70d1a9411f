/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of resize and pad: values of their attributes in the normal form,
 * the size that a scale makes, and what each element of a resized axis is made
 * of.
 */
#ifndef BRN_RESIZE_H
#define BRN_RESIZE_H

#include "ir/graph/graph.h"

#include <math.h>

/* pad: attribute mode.  No padding is beyond BRN_PAD_MOST.  */
enum brn_pad_mode {
	BRN_PAD_constant,
	BRN_PAD_reflect,
	BRN_PAD_edge,
	BRN_PAD_wrap,
};
#define BRN_PAD_MOST (INT64_C(1) << 40)

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
};

static inline int64_t
brn_resized(int64_t dim, double scale)
{
	return (int64_t)floor((double)dim * scale);
}

/* Aligned corners where a scale makes a number of elements that is not whole:
 * the text of ONNX, and ONNX Runtime, align what is there, the test cases of
 * ONNX the fraction.  */
static inline int
brn_resize_is_vague(const struct brn_node *n, int64_t dim, double scale)
{
	int64_t to = brn_resized(dim, scale);

	return brn_attr_int(n, "coordinates") == BRN_RESIZE_align_corners &&
	    dim > 1 && to > 1 && (double)dim * scale - (double)to > 1e-3;
}

/* All that is known of an axis.  */
struct brn_resize_axis {
	int64_t in, out;
	double scale;
	double start, end;              /* roi */
};
void brn_resize_axes(const struct brn_node *n,
    const struct brn_tensor *const *in, const struct brn_type *out,
    struct brn_resize_axis axis[BRN_MAX_RANK]);

/* Element i of the axis is the sum of n elements at.  */
enum { BRN_TAPS = 4 };
struct brn_taps {
	int n;
	int outside;                    /* tf_crop_and_resize: no element */
	int64_t at[BRN_TAPS];
	double weight[BRN_TAPS];
};
void brn_resize_taps(const struct brn_node *n,
    const struct brn_resize_axis *a, int64_t i, struct brn_taps *t);

#endif
