/* SPDX-License-Identifier: Apache-2.0
 *
 * The two GELUs.  With 32 registers of 16 lanes a table of 32 polynomials fits
 * them, and looking a coefficient up is one instruction, no dearer than a
 * product.  Without, one polynomial or quotient serves all x: branch-free, so
 * that a loop becomes vector code of any width.
 *
 * Off by less than 2.5e-7 |x| with the table, by 6e-7 |x| without; a NaN stays
 * one, and -inf gives 0 or NaN, which is what x Phi(x) is.
 */
#ifndef BRN_NATIVE_GELU_H
#define BRN_NATIVE_GELU_H

#include <stdint.h>

#ifdef __AVX512F__
#include <immintrin.h>

#include "runtime/native/gelu_table.h"

/* n floats, whole lines: x Phi(x) = max(x, 0) - |x| Q(|x|), where Q = 1 - Phi,
 * 0 from 61/12 on.  Adding 1.5 * 2^23 to 6 |x| rounds it to the number of the
 * segment, in the lowest bits, where the permutations look for it.  */
static inline void
brn_gelu_lines(float *y, int64_t n, const float table[4][32])
{
	const __m512 six = _mm512_set1_ps(6), round = _mm512_set1_ps(12582912);
	const __m512 most = _mm512_set1_ps(5.1f);
	__m512 low[4], high[4];

	for (int k = 0; k < 4; k++) {
		low[k] = _mm512_loadu_ps(table[k]);
		high[k] = _mm512_loadu_ps(table[k] + 16);
	}
	for (int64_t i = 0; i < n; i += 16) {
		__m512 x = _mm512_loadu_ps(y + i), a, q;
		__m512i at;

		/* By its bits: comparing floats takes the units that
		 * multiply.  */
		a = _mm512_castsi512_ps(_mm512_min_epi32(
		    _mm512_castps_si512(_mm512_abs_ps(x)),
		    _mm512_castps_si512(most)));
		at = _mm512_castps_si512(_mm512_fmadd_ps(a, six, round));
		q = _mm512_permutex2var_ps(low[3], at, high[3]);
		for (int k = 2; k >= 0; k--)
			q = _mm512_fmadd_ps(q, a,
			    _mm512_permutex2var_ps(low[k], at, high[k]));
		/* The second operand of max is what it gives for a NaN.  */
		x = _mm512_max_ps(_mm512_setzero_ps(), x);
		_mm512_storeu_ps(y + i, _mm512_fnmadd_ps(a, q, x));
	}
}
#else
#include <string.h>

#include "runtime/native/tanh.h"

/* x Phi(x) = x (1 / 2 + c P(c^2)), with c = x up to 5.09, beyond which Phi is 0
 * or 1 but for 2e-7: a polynomial in t = 2 c^2 / 5.09^2 - 1, since division
 * costs as much as ten products.  Phi below 0, as at -5.09, becomes 0.  */
static inline float
brn_gelu_erf(float x)
{
	float c = brn_limitf(x, 5.0911688f), t = c * c * 7.7160494e-2f - 1, p;
	float phi;
	int32_t i;

	p = 7.943393045e-4f;
	p = p * t - 2.046851601e-3f;
	p = p * t + 1.990412420e-3f;
	p = p * t - 2.894063217e-3f;
	p = p * t + 7.129552550e-3f;
	p = p * t - 1.218707989e-2f;
	p = p * t + 1.725243039e-2f;
	p = p * t - 2.386900795e-2f;
	p = p * t + 3.171616944e-2f;
	p = p * t - 4.025326370e-2f;
	p = p * t + 5.084762257e-2f;
	p = p * t - 6.911564827e-2f;
	p = p * t + 1.388446949e-1f;
	phi = 0.5f + c * p;
	memcpy(&i, &phi, sizeof i);
	i = i > 0 ? i : 0;
	memcpy(&phi, &i, sizeof phi);
	return x * phi;
}

static inline float
brn_gelu_tanh(float x)
{
	float z = 0.79788456f * (x + 0.044715f * x * x * x);

	return 0.5f * x * (1 + brn_tanhf(z));
}
#endif

#endif
