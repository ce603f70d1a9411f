/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions of f16, bf16 and f64.
 */
#include "ir/graph/half.h"

#include <float.h>
#include <string.h>

static float
of_bits(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof f);
	return f;
}

static uint32_t
bits_of(float f)
{
	uint32_t u;

	memcpy(&u, &f, sizeof u);
	return u;
}

float
brn_bf16_to_f32(uint16_t h)
{
	return of_bits((uint32_t)h << 16);
}

float
brn_f16_to_f32(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16;
	uint32_t exp = h >> 10 & 31, frac = h & 0x3ff;
	float f;

	if (exp == 0) {         /* zero or subnormal: frac * 2^-24 */
		f = (float)frac * 0x1p-24f;
		return sign ? -f : f;
	}
	return of_bits(sign | (exp == 31 ? 255u : exp + 112) << 23 |
	    frac << 13);
}

/* u without its last n bits, rounded to the nearest even.  */
static uint32_t
round_off(uint32_t u, int n)
{
	uint32_t half = 1u << (n - 1), odd = u >> n & 1;

	return (u + half - 1 + odd) >> n;
}

uint16_t
brn_f32_to_bf16(float f)
{
	uint32_t u = bits_of(f);

	if (f != f)
		return (uint16_t)(u >> 16 | 0x40);
	return (uint16_t)round_off(u, 16);
}

uint16_t
brn_f32_to_f16(float f)
{
	uint32_t u = bits_of(f), sign = u >> 16 & 0x8000, a = u & 0x7fffffff;

	if (f != f)
		return (uint16_t)(sign | 0x7e00);
	if (a >= 0x477ff000)    /* rounds to 65536 or more */
		return (uint16_t)(sign | 0x7c00);
	if (a < 0x38800000)     /* subnormal: a multiple of 2^-24, which is
				   where the fraction of 0.5 + it ends */
		return (uint16_t)(sign | (bits_of(of_bits(a) + 0.5f) -
		    bits_of(0.5f)));
	return (uint16_t)(sign | (round_off(a, 13) - (112u << 10)));
}

float
brn_f64_to_f32(double d)
{
	float f = (float)d;

	if (f - f != 0 && d - d == 0)
		return d < 0 ? -FLT_MAX : FLT_MAX;
	return f;
}
