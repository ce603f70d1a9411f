/* SPDX-License-Identifier: Apache-2.0
 *
 * exp of one float: branch-free, so that a loop over it becomes vector code of
 * any width.
 */
#ifndef BRN_NATIVE_MATH_H
#define BRN_NATIVE_MATH_H

#include <stdint.h>
#include <string.h>

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

#endif
