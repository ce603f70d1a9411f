/* SPDX-License-Identifier: Apache-2.0
 *
 * exp of one float: branch-free, so that a loop over it becomes vector code of
 * any width.
 */
#ifndef BRN_NATIVE_EXP_H
#define BRN_NATIVE_EXP_H

#include <stdint.h>
#include <string.h>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* e^x of an x that is not above 0, as in a softmax: within 1 ulp down to -87.3,
 * 0 below.  x = n ln 2 + r with |r| <= ln 2 / 2; adding 1.5 * 2^23 rounds to
 * the integer n, which then stands in the lowest bits.  */
static inline float
brn_expf(float x)
{
	const float shift = 12582912.0f;
	float c = x < -87.3365f ? -87.3365f : x, n, r, p;
	int32_t in, ip;

	n = c * 1.44269504f + shift;
	memcpy(&in, &n, sizeof in);
	n -= shift;
	r = c - n * 0.693145752f;
	r = r - n * 1.42860677e-6f;
	p = 1.9875691500e-4f;
	p = p * r + 1.3981999507e-3f;
	p = p * r + 8.3334519073e-3f;
	p = p * r + 4.1665795894e-2f;
	p = p * r + 1.6666665459e-1f;
	p = p * r + 5.0000001201e-1f;
	p = p * (r * r) + r + 1;
	memcpy(&ip, &p, sizeof ip);
	ip += (int32_t)((uint32_t)in << 23);
	memcpy(&p, &ip, sizeof p);
	return x < -87.3365f ? 0 : p;
}

#ifdef __AVX512F__
/* The same of a line, within 2 ulp; below -87.3 as exact as denormal numbers
 * are.  n counts sixteenths, so that r is a sixteenth as large and degree 3
 * does; its lowest bits choose a root of 2 in a register, and vscalef takes the
 * whole of it, and underflows as it should.  */
static inline __m512
brn_exp_line(__m512 x)
{
	const __m512 shift = _mm512_set1_ps(786432);
	const __m512 root = _mm512_setr_ps(1, 1.04427378f, 1.09050773f,
	    1.13878863f, 1.18920712f, 1.24185781f, 1.29683955f, 1.35425555f,
	    1.41421356f, 1.47682615f, 1.54221083f, 1.61049033f, 1.68179283f,
	    1.75625216f, 1.83400809f, 1.91520656f);
	__m512 n, r, p, w;

	/* The second operand is what max gives for a NaN.  */
	x = _mm512_max_ps(_mm512_set1_ps(-104), x);
	n = _mm512_fmadd_ps(x, _mm512_set1_ps(1.44269504f), shift);
	w = _mm512_permutexvar_ps(_mm512_castps_si512(n), root);
	n = _mm512_sub_ps(n, shift);
	r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693147182f), x);
	r = _mm512_fmadd_ps(n, _mm512_set1_ps(1.90465421e-9f), r);
	p = _mm512_fmadd_ps(r, _mm512_set1_ps(1.66666672e-1f),
	    _mm512_set1_ps(0.5f));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
	p = _mm512_fmadd_ps(_mm512_mul_ps(w, r), p, w);
	return _mm512_scalef_ps(p, n);
}
#endif

#endif
