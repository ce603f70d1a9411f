/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the planes of a quantized image, which are bytes, and tiles of its
 * pixels: as runtime/native/image_tiles.h, for convolutions on integers
 * (ir/graph/conv_quant.h).
 */
#ifndef BRN_IMAGE_BYTES_H
#define BRN_IMAGE_BYTES_H

#include "runtime/native/finish.h"
#include "runtime/native/planes.h"
#include "runtime/native/quads.h"

/* npos bytes from src + from[k] on, as column col[k] of quads that are stride
 * bytes apart, for k below n, col ascending.  grouped: the four columns of a
 * group are side by side.  flip is XORed with each byte.  */
struct brn_gather_bytes {
	const uint8_t *src;
	const int64_t *from;
	const int32_t *col;
	int64_t n, stride, npos;
	int grouped;
	uint8_t flip;
};

/* Where the results of a quad's positions lie in a plane.  */
struct brn_quad_pieces {
	struct brn_piece piece[BRN_QUAD_POS];
	int n;
	int64_t npos;
};

/* Sums of rows row to row + nrow of a quad into planes of `plane` elements:
 * those of tile t begin at sum + t * stride, 16 a row.  */
struct brn_scatter_bytes {
	const struct brn_finish *finish;
	const struct brn_quad_pieces *pieces;
	const int32_t *sum;
	int64_t stride, row, nrow, plane;
};

#endif
