/* SPDX-License-Identifier: Apache-2.0
 *
 * exp of one float, and the two sigmoids that GELU needs: branch-free, so that
 * a loop over them becomes vector code of any width.  bench/math times them
 * against glibc's libmvec.
 */
#ifndef BRN_NATIVE_MATH_H
#define BRN_NATIVE_MATH_H

#include <stdint.h>
#include <string.h>

/* x within [-bound, bound]; NaN stays.  */
static inline float
brn_clampf(float x, float bound)
{
	x = x < -bound ? -bound : x;
	return x > bound ? bound : x;
}

/* e^x within 1 ulp from -87.3 to 88.3; 0 below, and 2^127.5 above.  x = n ln 2
 * + r with |r| <= ln 2 / 2; adding 1.5 * 2^23 rounds to the integer n, which
 * then stands in the lowest bits.  */
static inline float
brn_expf(float x)
{
	const float shift = 12582912.0f;
	float c = x < -87.3365f ? -87.3365f : x, n, r, p;
	int32_t in, ip;

	c = c > 88.3762f ? 88.3762f : c;
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

/* x Phi(x), with erf(z) = z P(z^2) fitted up to 3.6, beyond which it is 1 but
 * for 4e-7: a polynomial in t = 2 z^2 / 3.6^2 - 1, since division costs as much
 * as ten products.  Off by less than 6e-7 |x|; where ulps of erf matter libmvec
 * is used.  */
static inline float
brn_gelu_erf(float x)
{
	float z = brn_clampf(x * 0.70710678f, 3.6f), h = 0.5f * x;
	float t = z * z * 0.15432099f - 1, p;

	p = 2.246730835e-3f;
	p = p * t - 5.789370589e-3f;
	p = p * t + 5.629736479e-3f;
	p = p * t - 8.185646904e-3f;
	p = p * t + 2.016541982e-2f;
	p = p * t - 3.447026733e-2f;
	p = p * t + 4.879724209e-2f;
	p = p * t - 6.751174954e-2f;
	p = p * t + 8.970687393e-2f;
	p = p * t - 1.138534229e-1f;
	p = p * t + 1.438187949e-1f;
	p = p * t - 1.954885743e-1f;
	p = p * t + 3.927120306e-1f;
	return h + h * (z * p);
}

/* tanh(z) as z P(z^2) / Q(z^2), all coefficients positive, fitted by least
 * squares of the relative error, reweighted until it was level, up to where
 * the result rounds to 1.  */
static inline float
brn_gelu_tanh(float x)
{
	float z = 0.79788456f * (x + 0.044715f * x * x * x), u, p, q;

	z = brn_clampf(z, 9.011f);
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
	return 0.5f * x * (1 + brn_clampf(z * p / q, 1));
}

#endif
