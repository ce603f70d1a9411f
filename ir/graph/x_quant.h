/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers whose x is quantized: attributes x_quant, x_scale and x_zero of dense
 * and bsr_dense.  In place of x they take
 *
 *	scale * (clip(round(x / scale) + zero, 0, 255) - zero)
 *
 * with round to nearest even (ONNX QuantizeLinear and DequantizeLinear to u8),
 * and 0 in place of NaN.
 */
#ifndef BRN_X_QUANT_H
#define BRN_X_QUANT_H

#include "ir/graph/graph.h"

/* Attribute x_quant: what scale and zero are of.  */
enum brn_x_quant {
	BRN_X_FLOAT,                    /* x is not quantized */
	BRN_X_FIXED,                    /* attributes x_scale and x_zero */
	BRN_X_TENSOR,                   /* the range of x */
	BRN_X_TOKEN,                    /* the range of each token */
};

/* Scale and zero for numbers from lo to hi (ONNX DynamicQuantizeLinear).  An
 * empty range has scale 1, as in ONNX Runtime.  */
void brn_quant_of_range(float lo, float hi, float *scale, int32_t *zero);

#endif
