/* SPDX-License-Identifier: Apache-2.0
 *
 * Attribute rounds, f32[n, 2]: a scale and a zero point for each of n values
 * inside an op of a quantized file that are rounded, as
 * dequantize_linear(quantize_linear(v)) does by u8.  Scale 0: it is not.
 */
#ifndef BRN_ROUNDS_H
#define BRN_ROUNDS_H

#include <math.h>

#include "ir/graph/graph.h"

/* Of attention: the values between its two products, and what its inputs were
 * rounded by before, for products of integers.  */
enum brn_score_round {
	BRN_ROUND_PRODUCT,              /* q k^T */
	BRN_ROUND_SCALED,               /* the same times scale */
	BRN_ROUND_MASKED,               /* and with the mask */
	BRN_ROUND_PROBABILITY,          /* softmax */
	BRN_ROUND_Q,                    /* these three are inputs */
	BRN_ROUND_K,
	BRN_ROUND_V,
	BRN_SCORE_ROUNDS
};

/* Of layer_norm: the variance, and the variance plus epsilon.  */
enum { BRN_NORM_ROUNDS = 2 };

/* The pairs; NULL: nothing is rounded.  */
static inline const float *
brn_rounds(const struct brn_node *n)
{
	const struct brn_attr *a = brn_attr(n, "rounds");

	return a ? a->t->data : NULL;
}

/* Is the attribute absent, or pairs for count values, with zero points of u8?
 */
static inline int
brn_rounds_are_valid(const struct brn_node *n, int count)
{
	const struct brn_attr *a = brn_attr(n, "rounds");
	const float *r;

	if (!a)
		return 1;
	if (a->t->type.dtype != BURIN_F32 || brn_numel(a->t) != 2 * count)
		return 0;
	r = a->t->data;
	for (int i = 0; i < count; i++)
		if (!(r[2 * i] >= 0) || !(r[2 * i + 1] >= 0) ||
		    !(r[2 * i + 1] <= 255))
			return 0;
	return 1;
}

/* v rounded by a pair.  */
static inline float
brn_norm_round(float v, const float *r)
{
	float q = rintf(v / r[0]), zero = (float)(int)r[1];

	if (!(r[0] > 0))
		return v;
	q = q < -zero ? -zero : q > 255 - zero ? 255 - zero : q == q ? q : 0;
	return q * r[0];
}

/* 1 / sqrt(var + epsilon), of rounded values unless rounds is NULL.  */
static inline float
brn_norm_gain(float var, float epsilon, const float *rounds)
{
	if (!rounds)
		return 1 / sqrtf(var + epsilon);
	return 1 / sqrtf(brn_norm_round(brn_norm_round(var, rounds) + epsilon,
	    rounds + 2));
}

#endif
