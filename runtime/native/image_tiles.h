/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the planes of an image and tiles of its pixels: what gather and
 * scatter of struct brn_native are given, and window_product, which needs no
 * gather.  A layer on images (runtime/conv.h)
 * does this for a group of tiles at a time.
 */
#ifndef BRN_IMAGE_TILES_H
#define BRN_IMAGE_TILES_H

#include "ir/graph/epilogue.h"
#include "runtime/native/planes.h"

/* Lines of ntile tiles, from src + from[k] on, into [tile][cols][16] as column
 * col[k], for k below n.  The last tile has last floats a line.  */
struct brn_gather {
	const float *src;
	const int64_t *from;
	const int32_t *col;
	int64_t n, cols, ntile, last;
};

/* Rows y [tile][rows][16] of ntile tiles: the sum over k below n of the line
 * from src + from[k] on, as gather takes it, times column col[k] of a dense
 * layer, whose vals are blocks of bh rows by one of cols columns, and bias,
 * which may be NULL.  bh is a multiple of BRN_PRODUCT_ROWS; at least the first
 * nrow rows are written.  */
enum { BRN_PRODUCT_ROWS = 8 };
struct brn_window_product {
	const float *src;
	const int64_t *from;
	const int32_t *col;
	const float *vals, *bias;
	int64_t n, cols, bh, rows, nrow, ntile;
};

/* The first nrow rows of tiles t [tile][rows][16], which begin at position pos
 * (runtime/native/planes.h), into planes, with activation and residual as
 * epilogue says.  */
struct brn_scatter {
	const struct brn_planes *g;
	struct brn_epilogue epilogue;
	const float *t;
	int64_t rows, nrow, ntile, pos;
};

#endif
