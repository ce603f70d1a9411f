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

/* x within [-bound, bound], by its bits, since comparing floats takes the
 * units that multiply.  NaN becomes one of the bounds.  */
static inline float
brn_limitf(float x, float bound)
{
	int32_t i, b, m;

	memcpy(&i, &x, sizeof i);
	memcpy(&b, &bound, sizeof b);
	m = i & INT32_MAX;
	m = m < b ? m : b;
	i = m | (i & INT32_MIN);
	memcpy(&x, &i, sizeof x);
	return x;
}

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

/* tanh(z) as z P(z^2) / Q(z^2), all coefficients positive, fitted by least
 * squares of the relative error, reweighted until it was level, up to where
 * the result rounds to 1.  */
static inline float
brn_gelu_tanh(float x)
{
	float z = 0.79788456f * (x + 0.044715f * x * x * x), u, p, q;

	z = brn_limitf(z, 9.011f);
	u = z * z;
	p = 5.076248399e-8f;
	p = p * u + 3.158913751e-5f;
	p = p * u + 4.008512478e-3f;
	p = p * u + 1.378536671e-1f;
	p = p * u + 1;
	q = 7.374487132e-10f;
	q = q * u + 1.617491193e-6f;
	q = q * u + 4.207413585e-4f;
	q = q * u + 2.773752436e-2f;
	q = q * u + 4.711869955e-1f;
	q = q * u + 1;
	return 0.5f * x * (1 + brn_limitf(z * p / q, 1));
}
#endif

#endif
