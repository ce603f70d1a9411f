/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of quantized layers that are not kernels: x to integers, and sums
 * of integers to floats.  All work on lines of a tile, 16 tokens each.
 */
#ifndef BRN_TILE_QUANT_H
#define BRN_TILE_QUANT_H

#include "runtime/native/layout.h"

/* x is scale * (q - zero) with q in 0 .. 255, by token of a tile.  */
struct brn_tile_quant {
	float scale[BRN_TILE];
	int32_t zero[BRN_TILE];
};

/* How quantized x is stored.  */
enum brn_quant_form {
	BRN_QUANT_LINES,        /* lines of 16 bytes */
	BRN_QUANT_FLOATS,       /* scale * (q - zero), for fp32 kernels */
};

/* A quad of tiles, or the fewer that there are, for i8 (jit/abi.h).  */
struct brn_quad {
	const float *x[BRN_QUAD];       /* of each tile, n lines */
	const struct brn_tile_quant *quant;     /* [ntile] */
	int ntile;
	int groups;                     /* in groups of four columns */
	int64_t n;
	uint8_t *to;                    /* may be x[0] */
};

/* Rows of a weight: it is scale * an integer.  */
struct brn_row_quant {
	const float *scale;
	const int32_t *sum;     /* of the integers */
	const float *bias;      /* NULL: none */
};

/* Widen lo and hi, of each token, to the n lines at x.  */
typedef void brn_range_fn(const float *x, int64_t n, float lo[BRN_TILE],
    float hi[BRN_TILE]);
/* Quantize the n lines at x to `to`, which may be x: divide by scale, round to
 * nearest even, add zero, saturate (ONNX QuantizeLinear).  NaN becomes
 * zero.  */
typedef void brn_quantize_fn(const float *x, int64_t n,
    const struct brn_tile_quant *q, enum brn_quant_form form, void *to);
/* The same, of a quad.  */
typedef void brn_quantize_quad_fn(const struct brn_quad *q);
/* n lines of sums in i32, in place: (y - zero * sum) * (x's scale * w's scale)
 * + bias.  */
typedef void brn_dequantize_fn(float *y, int64_t n,
    const struct brn_tile_quant *q, const struct brn_row_quant *w);
/* The same for one token: n sums.  */
typedef void brn_dequantize_row_fn(float *y, int64_t n, float scale,
    int32_t zero, const struct brn_row_quant *w);

#endif
