/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the planes of a quantized image, which are bytes, and tiles of its
 * pixels: as runtime/native/image_tiles.h, for convolutions on integers
 * (ir/graph/conv_quant.h).
 */
#ifndef BRN_IMAGE_BYTES_H
#define BRN_IMAGE_BYTES_H

#include "ir/graph/conv_quant.h"
#include "runtime/native/image_tiles.h"

/* Lines of 16 bytes of ntile tiles, from src + from[k] on, into tiles of stride
 * bytes as column col[k] of quads (jit/abi.h), for k below n, col ascending.
 * The last tile has last bytes a line.  grouped: the four columns of a group
 * are side by side.  flip is XORed with each byte.  */
struct brn_gather_bytes {
	const uint8_t *src;
	const int64_t *from;
	const int32_t *col;
	int64_t n, stride, ntile, last;
	int grouped;
	uint8_t flip;
};

/* What sums of row r become: (sum - offset[r]) * scale[r] + bias[r].  */
struct brn_sum_rows {
	const int32_t *offset;
	const float *scale;
	const float *bias;              /* NULL: none */
};

/* The first nrow rows of sums t [tile][rows][16], which begin at position pos,
 * into planes of bytes or floats, as quant and epilogue say: act is none or
 * clip.  */
struct brn_scatter_bytes {
	const struct brn_planes *g;
	struct brn_epilogue epilogue;
	struct brn_conv_quant quant;
	int residual_type;              /* 0: none, u8, i8 or f32 */
	struct brn_sum_rows sums;
	const int32_t *t;
	int64_t rows, nrow, ntile, pos;
};

#endif
