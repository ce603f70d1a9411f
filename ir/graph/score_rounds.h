/* SPDX-License-Identifier: Apache-2.0
 *
 * Attribute rounds of attention, f32[4, 2]: a scale and a zero point for each
 * value between the two products that is rounded, as dequantize_linear(
 * quantize_linear(v)) does by u8.  Scale 0: it is not.
 */
#ifndef BRN_SCORE_ROUNDS_H
#define BRN_SCORE_ROUNDS_H

#include "ir/graph/graph.h"

enum brn_score_round {
	BRN_ROUND_PRODUCT,              /* q k^T */
	BRN_ROUND_SCALED,               /* the same times scale */
	BRN_ROUND_MASKED,               /* and with the mask */
	BRN_ROUND_PROBABILITY,          /* softmax */
	BRN_SCORE_ROUNDS
};

/* [BRN_SCORE_ROUNDS] pairs; NULL: nothing is rounded.  */
static inline const float *
brn_score_rounds(const struct brn_node *n)
{
	const struct brn_attr *a = brn_attr(n, "rounds");

	return a ? a->t->data : NULL;
}

/* Is the attribute absent, or as described, with zero points of u8?  */
static inline int
brn_score_rounds_are_valid(const struct brn_node *n)
{
	const struct brn_attr *a = brn_attr(n, "rounds");
	const float *r;

	if (!a)
		return 1;
	if (a->t->type.dtype != BURIN_F32 ||
	    brn_numel(a->t) != 2 * BRN_SCORE_ROUNDS)
		return 0;
	r = a->t->data;
	for (int i = 0; i < BRN_SCORE_ROUNDS; i++)
		if (!(r[2 * i] >= 0) || !(r[2 * i + 1] >= 0) ||
		    !(r[2 * i + 1] <= 255))
			return 0;
	return 1;
}

#endif
