/* SPDX-License-Identifier: Apache-2.0
 *
 * From sums of integers to the scores of a quantized file, in registers.
 */
#ifndef BRN_NATIVE_SCORE_STEPS_H
#define BRN_NATIVE_SCORE_STEPS_H

#include "ir/graph/rounds.h"
#include "runtime/native/round.h"

#ifdef __AVX512F__
/* What a quantized file does to a sum of integers until it is a score: n times
 * by[i], rounded, times to[i]; then times by[n].  */
struct brn_score_steps {
	int n;
	__m512 by[BRN_ROUND_PROBABILITY + 1], to[BRN_ROUND_PROBABILITY];
	struct brn_rounding round[BRN_ROUND_PROBABILITY];
};

/* The steps of attribute rounds, up to the mask if there is one.  Where values
 * are rounded again and the second scale is the first times what is between,
 * the integers stay what they are: none is near a half.  */
static inline struct brn_score_steps
brn_score_steps(const float *rounds, float scale, int masked)
{
	float by = rounds[2 * BRN_ROUND_Q] * rounds[2 * BRN_ROUND_K];
	const float *last = NULL;
	struct brn_score_steps s = { 0 };

	for (int i = BRN_ROUND_PRODUCT; i < BRN_ROUND_MASKED + !masked; i++) {
		const float *r = rounds + 2 * i;

		if (i == BRN_ROUND_SCALED)
			by *= scale;
		if (!(r[0] > 0))
			continue;
		if (!last || last[1] != r[1] ||
		    !(fabsf(last[0] * by / r[0] - 1) < 1e-5f)) {
			s.by[s.n] = _mm512_set1_ps(by);
			s.round[s.n++] = brn_rounding(r[0], (int)r[1]);
		}
		s.to[s.n - 1] = _mm512_set1_ps(r[0]);
		last = r;
		by = 1;
	}
	s.by[s.n] = _mm512_set1_ps(by);
	return s;
}

/* Sums of integers, to scores at s.  */
static inline __attribute__((always_inline)) void
brn_sums_to_scores(const struct brn_score_steps *steps, const __m512i *acc,
    float *s)
{
	__m512 v[BRN_ROUND_LINES];
	__m512i n[BRN_ROUND_LINES];

#pragma GCC unroll 8
	for (int k = 0; k < BRN_ROUND_LINES; k++)
		v[k] = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[k]), steps->by[0]);
	for (int i = 0; i < steps->n; i++) {
		brn_round_lines(v, BRN_ROUND_LINES, &steps->round[i], n);
#pragma GCC unroll 8
		for (int k = 0; k < BRN_ROUND_LINES; k++)
			v[k] = _mm512_mul_ps(_mm512_mul_ps(
			    _mm512_cvtepi32_ps(n[k]), steps->to[i]),
			    steps->by[i + 1]);
	}
#pragma GCC unroll 8
	for (int k = 0; k < BRN_ROUND_LINES; k++)
		_mm512_storeu_ps(s + k * BRN_TILE, v[k]);
}
#endif

#endif
