/* SPDX-License-Identifier: Apache-2.0
 *
 * From the sums of a convolution on integers to its results: scale, bias,
 * limits, residual and rounding (ir/graph/conv_quant.h) as one formula, whose
 * numbers are folded once.  With v in steps of the result, or in floats where
 * that is not quantized:
 *
 *	v = (sum - offset[row]) * scale[row] + add[row]         (add has more
 *	                                                        if not is_early)
 *	v = clip(v, lo, hi), rounded to an integer if rounds,   if is_early
 *	v = v * step + more                                     if is_early
 *	v = v + residual * unit
 *	result: clip(v, last_lo, last_hi), or the byte
 *	        clip(round(v) + zero, byte_lo, byte_hi) ^ flip
 */
#ifndef BRN_FINISH_H
#define BRN_FINISH_H

#include "ir/graph/conv_quant.h"
#include "ir/graph/epilogue.h"

struct brn_finish {
	int32_t *offset;                /* of each row, as the next two */
	float *scale, *add;
	int is_early, rounds;
	float lo, hi, step, more;
	int residual_type;              /* 0: none, u8, i8 or f32 */
	float unit;                     /* of the residual */
	uint8_t residual_flip;          /* XORed with its bytes */
	int y_type;                     /* 0: f32, else u8 or i8 */
	float last_lo, last_hi;
	int zero;
	uint8_t byte_lo, byte_hi, flip;
	int is_large;                   /* v may exceed an int32_t */
};

/* What the numbers are made of: those of a node, and by row the sum of the
 * integers of the weight, their step, and the bias (NULL: 0).  */
struct brn_finish_of {
	struct brn_epilogue epilogue;   /* act is none or clip */
	struct brn_conv_quant quant;
	int residual_type;
	int64_t rows;
	const int32_t *sum;
	const float *step, *bias;
};

/* Set *f, whose offset, scale and add the caller provides for all rows.  */
void brn_finish_set(struct brn_finish *f, const struct brn_finish_of *of);

#endif
