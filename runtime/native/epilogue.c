/* SPDX-License-Identifier: Apache-2.0
 *
 * Epilogues of dense layers and of convolutions (ir/graph/epilogue.h).
 */
#include <math.h>

#include "runtime/native/gelu.h"
#include "runtime/native/isa.h"

/* tanhf stays the scalar one of libm, within 1 ulp; libmvec's is within 4.  */
#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float expf(float);
#endif

/* e^x for v / (1 + e^x), infinite from 1e38 on.  libmvec leaves numbers beyond
 * +-87.3 to libm, one by one, which takes eight times as long.  */
static inline float
exp_for_one(float x)
{
	const float most = 87.3f;
	float e = expf(brn_clipf(x, -most, most));

	return x > most ? INFINITY : e;
}

/* ACT(name, expression of v, lo and hi) */
#define ACTS(ACT) \
	ACT(none, v) \
	ACT(clip, brn_clipf(v, lo, hi)) \
	ACT(leaky_relu, v < 0 ? lo * v : v) \
	ACT(hard_swish, v * (v < -3 ? 0 : v > 3 ? 1 : \
	    v * 0.16666667f + 0.5f)) \
	ACT(swish, v / (1 + exp_for_one(-v))) \
	ACT(tanh, tanhf(v))

/* One loop a place of the residual, so that no loop has a branch in it.  */
#define ACT(name, expr) \
	static void \
	finish_##name(float *restrict y, const float *restrict residual, \
	    int64_t n, const struct brn_epilogue *e) \
	{ \
		float lo = e->lo, hi = e->hi; \
	\
		(void)lo; \
		(void)hi; \
		for (int64_t i = 0; i < n && residual && e->act_last; i++) { \
			float v = y[i] + residual[i]; \
	\
			y[i] = expr; \
		} \
		for (int64_t i = 0; i < n && residual && !e->act_last; i++) { \
			float v = y[i]; \
	\
			y[i] = (expr) + residual[i]; \
		} \
		for (int64_t i = 0; i < n && !residual; i++) { \
			float v = y[i]; \
	\
			y[i] = expr; \
		} \
	}
ACTS(ACT)
#undef ACT

#ifdef __AVX512F__
/* The last line may be shorter than the table lookup wants it.  */
static void
gelu(float *y, int64_t n, const float table[4][32])
{
	int64_t whole = n / BRN_LANES * BRN_LANES;
	float line[BRN_LANES] = { 0 };

	brn_gelu_lines(y, whole, table);
	if (whole == n)
		return;
	brn_copy_some(line, y + whole, n - whole);
	brn_gelu_lines(line, BRN_LANES, table);
	brn_copy_some(y + whole, line, n - whole);
}

static void
gelu_erf(float *y, int64_t n)
{
	gelu(y, n, brn_gelu_erf_table);
}

static void
gelu_tanh(float *y, int64_t n)
{
	gelu(y, n, brn_gelu_tanh_table);
}
#else
static void
gelu_erf(float *y, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] = brn_gelu_erf(y[i]);
}

static void
gelu_tanh(float *y, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] = brn_gelu_tanh(y[i]);
}
#endif

/* The GELUs are functions of whole arrays: the residual is a pass of its
 * own.  */
static void
finish_gelu(float *y, const float *residual, int64_t n,
    const struct brn_epilogue *e)
{
	const struct brn_epilogue add = { .act = BRN_ACT_none };

	if (residual && e->act_last)
		finish_none(y, residual, n, &add);
	if (e->act == BRN_ACT_gelu)
		gelu_erf(y, n);
	else
		gelu_tanh(y, n);
	if (residual && !e->act_last)
		finish_none(y, residual, n, &add);
}

void
BRN_FOR_ISA(brn_epilogue)(float *y, const float *residual, int64_t n,
    const struct brn_epilogue *e)
{
	switch (e->act) {
	case BRN_ACT_gelu:
	case BRN_ACT_gelu_tanh:
		finish_gelu(y, residual, n, e);
		break;
#define ACT(name, expr) \
	case BRN_ACT_##name: \
		finish_##name(y, residual, n, e); \
		break;
	ACTS(ACT)
#undef ACT
	}
}
