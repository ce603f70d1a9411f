/* SPDX-License-Identifier: Apache-2.0
 *
 * Attribute rounds of layer_norm, f32[2, 2]: a scale and a zero point for the
 * variance, and for the variance plus epsilon, which are rounded as
 * dequantize_linear(quantize_linear(v)) does by u8.  Scale 0: it is not.
 */
#ifndef BRN_NORM_ROUNDS_H
#define BRN_NORM_ROUNDS_H

#include <math.h>

#include "ir/graph/graph.h"

enum { BRN_NORM_ROUNDS = 2 };

/* NULL: nothing is rounded.  */
static inline const float *
brn_norm_rounds(const struct brn_node *n)
{
	const struct brn_attr *a = brn_attr(n, "rounds");

	return a ? a->t->data : NULL;
}

/* Is the attribute absent, or as described, with zero points of u8?  */
static inline int
brn_norm_rounds_are_valid(const struct brn_node *n)
{
	const struct brn_attr *a = brn_attr(n, "rounds");
	const float *r;

	if (!a)
		return 1;
	if (a->t->type.dtype != BURIN_F32 ||
	    brn_numel(a->t) != 2 * BRN_NORM_ROUNDS)
		return 0;
	r = a->t->data;
	for (int i = 0; i < BRN_NORM_ROUNDS; i++)
		if (!(r[2 * i] >= 0) || !(r[2 * i + 1] >= 0) ||
		    !(r[2 * i + 1] <= 255))
			return 0;
	return 1;
}

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
