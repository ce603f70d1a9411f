/* SPDX-License-Identifier: Apache-2.0
 *
 * tanh and the logistic function of one float, branch-free, so that a loop over
 * them becomes vector code of any width.
 */
#ifndef BRN_NATIVE_TANH_H
#define BRN_NATIVE_TANH_H

#include "runtime/native/exp.h"

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

/* tanh(z) as z P(z^2) / Q(z^2), all coefficients positive, fitted by least
 * squares of the relative error, reweighted until it was level, up to where
 * the result rounds to 1.  NaN is 1 or -1.  */
static inline float
brn_tanhf(float z)
{
	float u, p, q;

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
	return brn_limitf(z * p / q, 1);
}

/* 1 / (1 + e^-x), within 4 ulp.  */
static inline float
brn_sigmoidf(float x)
{
	float e = brn_expf(x < 0 ? x : -x);

	return (x < 0 ? e : 1) / (1 + e);
}

#endif
