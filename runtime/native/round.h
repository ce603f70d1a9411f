/* SPDX-License-Identifier: Apache-2.0
 *
 * Rounding of lines in registers, as quantize_linear by u8 does.
 */
#ifndef BRN_NATIVE_ROUND_H
#define BRN_NATIVE_ROUND_H

#include <math.h>

#include "runtime/native/isa.h"

#ifdef __AVX512F__
enum { BRN_ROUND_LINES = 8 };           /* rounded at a time */

struct brn_rounding {
	__m512 scale, inverse, lo, hi;
	int far;                /* the inverse is not finite */
};

static inline struct brn_rounding
brn_rounding(float scale, int zero)
{
	return (struct brn_rounding){ _mm512_set1_ps(scale),
	    _mm512_set1_ps(1 / scale), _mm512_set1_ps((float)-zero),
	    _mm512_set1_ps((float)(255 - zero)), !isfinite(1 / scale) };
}

/* Quotients; NaN becomes 0.  */
static inline void
brn_divide_lines(const __m512 *x, int lines, const struct brn_rounding *q,
    __m512 *t)
{
	const __m512i nan_to_zero = _mm512_set1_epi32(0x88);

#pragma GCC unroll 8
	for (int k = 0; k < lines; k++) {
		t[k] = _mm512_div_ps(x[k], q->scale);
		t[k] = _mm512_fixupimm_ps(t[k], t[k], nan_to_zero, 0);
	}
}

/* to = the integers, less zero, of lines x; lines <= BRN_ROUND_LINES is
 * constant once this is inlined.  x times the inverse is off by an ulp or two,
 * which matters only next to a half (quantize_tile.c).  NaN, compared as an
 * integer, is larger than numbers.  */
static inline __attribute__((always_inline)) void
brn_round_lines(const __m512 *x, int lines, const struct brn_rounding *q,
    __m512i *to)
{
	const __m512i near = _mm512_castps_si512(_mm512_set1_ps(0.4999f));
	__m512i most = _mm512_setzero_si512();
	__m512 t[BRN_ROUND_LINES];

#pragma GCC unroll 8
	for (int k = 0; k < lines; k++) {
		t[k] = _mm512_mul_ps(x[k], q->inverse);
		most = _mm512_max_epi32(most, _mm512_castps_si512(
		    _mm512_abs_ps(_mm512_reduce_ps(t[k], 0))));
	}
	if (q->far | _mm512_cmpgt_epi32_mask(most, near))
		brn_divide_lines(x, lines, q, t);
#pragma GCC unroll 8
	for (int k = 0; k < lines; k++)
		to[k] = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(t[k],
		    q->lo), q->hi));
}
#endif

#endif
