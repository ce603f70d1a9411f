/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of resize and pad: values of their attributes in the normal form,
 * and the size that a scale makes.
 */
#ifndef BRN_RESIZE_H
#define BRN_RESIZE_H

#include <math.h>
#include <stdint.h>

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

#endif
