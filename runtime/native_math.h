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

/* x Phi(x) = x (1 / 2 + c P(c^2)), with c = x up to 5.09, beyond which Phi is 0
 * or 1 but for 2e-7: a polynomial in t = 2 c^2 / 5.09^2 - 1, since division
 * costs as much as ten products.  Phi below 0, as at -5.09, becomes 0.  Off by
 * less than 6e-7 |x|; where ulps of erf matter libmvec is used.  */
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
