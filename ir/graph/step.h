/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of a weight that are integers of 8 bits times a step, as quantization
 * makes them.
 */
#ifndef BRN_STEP_OF_ROW_H
#define BRN_STEP_OF_ROW_H

#include "ir/graph/bsr.h"

/* v rounded to the nearest integer, half to even; |v| is below 2^22.  In line,
 * it needs no instruction that only newer processors have.  */
static inline float
brn_round_small(float v)
{
	const float shift = 0x1.8p23f;

	return (v + shift) - shift;
}

/* The step of n numbers, every stride-th of v: all of them are -128 .. 127
 * times it, up to the rounding of fp32.  1 if all are zero; 0: there is none.
 */
float brn_step_of(const float *v, int64_t n, int64_t stride);

/* The steps of all rows of b, with padding, to step [nbrow * bh].  0: a row has
 * none.  ENOMEM.  */
int brn_bsr_steps(const struct brn_bsr *b, float *step, burin_error *err);

#endif
