/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops on f32, of one operand and of several.  Transcendental
 * functions come vectorised from glibc's libmvec: the simd attribute says that
 * it has them.
 */
#include <math.h>

#include "runtime/native/broadcast.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float acosf(float);
__attribute__((simd("notinbranch"), const)) float acoshf(float);
__attribute__((simd("notinbranch"), const)) float asinf(float);
__attribute__((simd("notinbranch"), const)) float asinhf(float);
__attribute__((simd("notinbranch"), const)) float atanf(float);
__attribute__((simd("notinbranch"), const)) float atanhf(float);
__attribute__((simd("notinbranch"), const)) float coshf(float);
__attribute__((simd("notinbranch"), const)) float sinhf(float);
__attribute__((simd("notinbranch"), const)) float tanf(float);
__attribute__((simd("notinbranch"), const)) float erff(float);
__attribute__((simd("notinbranch"), const)) float expf(float);
__attribute__((simd("notinbranch"), const)) float tanhf(float);
__attribute__((simd("notinbranch"), const)) float logf(float);
__attribute__((simd("notinbranch"), const)) float log1pf(float);
__attribute__((simd("notinbranch"), const)) float sinf(float);
__attribute__((simd("notinbranch"), const)) float cosf(float);
__attribute__((simd("notinbranch"), const)) float powf(float, float);
#endif

/* v * tanh(log(1 + e^v)), where tanh(log(1 + e)) is n / (n + 2) with
 * n = e (e + 2); from 20 on that is 1.  */
static inline float
mish(float v)
{
	float e = expf(v < 20 ? v : 20), n = e * (e + 2);

	return v * (n / (n + 2));
}

/* UNARY(name, expression of v) */
#define UNARIES(UNARY) \
	UNARY(abs,     fabsf(v)) \
	UNARY(acos,    acosf(v)) \
	UNARY(acosh,   acoshf(v)) \
	UNARY(asin,    asinf(v)) \
	UNARY(asinh,   asinhf(v)) \
	UNARY(atan,    atanf(v)) \
	UNARY(atanh,   atanhf(v)) \
	UNARY(ceil,    ceilf(v)) \
	UNARY(cos,     cosf(v)) \
	UNARY(cosh,    coshf(v)) \
	UNARY(erf,     erff(v)) \
	UNARY(exp,     expf(v)) \
	UNARY(floor,   floorf(v)) \
	UNARY(log,     logf(v)) \
	UNARY(neg,     -v) \
	UNARY(reciprocal, 1 / v) \
	UNARY(relu,    v < 0 ? 0 : v) \
	UNARY(round,   rintf(v)) \
	UNARY(sigmoid, 1 / (1 + expf(-v))) \
	UNARY(sign,    v > 0 ? 1 : v < 0 ? -1 : v) \
	UNARY(sin,     sinf(v)) \
	UNARY(sinh,    sinhf(v)) \
	UNARY(softplus, (v > 0 ? v : 0) + log1pf(expf(-fabsf(v)))) \
	UNARY(sqrt,    sqrtf(v)) \
	UNARY(tan,     tanf(v)) \
	UNARY(tanh,    tanhf(v)) \
	UNARY(mish,    mish(v)) \
	UNARY(gelu_erf,  0.5f * v * (1 + erff(v * 0.70710678118654752f))) \
	UNARY(gelu_tanh, 0.5f * v * (1 + tanhf(0.79788456080286536f * \
	    (v + 0.044715f * v * v * v))))

#define UNARY(name, expr) \
	static void \
	run_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const float *restrict x = brn_f32(j->in[0]); \
		float *restrict y = j->out->data; \
	\
		for (int64_t i = r0; i < r1; i++) { \
			float v = x[i]; \
	\
			y[i] = expr; \
		} \
	}
UNARIES(UNARY)
#undef UNARY

#define FORM_UNARY(layout, name) \
	int \
	BRN_FOR_ISA(brn_##layout##_##name)(const struct brn_call *c) \
	{ \
		struct brn_job j = brn_job_of(c, run_##name); \
	\
		return brn_job_run_elements(&j, c->threads); \
	}
FORM_UNARY(any, erf)
FORM_UNARY(any, exp)
FORM_UNARY(any, relu)
FORM_UNARY(any, sigmoid)
FORM_UNARY(any, sqrt)
FORM_UNARY(any, tanh)
FORM_UNARY(any, abs)
FORM_UNARY(rows, acos)
FORM_UNARY(rows, acosh)
FORM_UNARY(rows, asin)
FORM_UNARY(rows, asinh)
FORM_UNARY(rows, atan)
FORM_UNARY(rows, atanh)
FORM_UNARY(rows, ceil)
FORM_UNARY(rows, cos)
FORM_UNARY(rows, cosh)
FORM_UNARY(rows, floor)
FORM_UNARY(rows, log)
FORM_UNARY(rows, mish)
FORM_UNARY(any, neg)
FORM_UNARY(rows, reciprocal)
FORM_UNARY(rows, round)
FORM_UNARY(any, sign)
FORM_UNARY(rows, sin)
FORM_UNARY(rows, sinh)
FORM_UNARY(rows, softplus)
FORM_UNARY(rows, tan)

int
BRN_FOR_ISA(brn_any_gelu)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, brn_attr_int(c->n, "tanh") ?
	    run_gelu_tanh : run_gelu_erf);

	return brn_job_run_elements(&j, c->threads);
}

/* Two operands or more, all f32.  */
int
BRN_FOR_ISA(brn_takes_floats)(const struct brn_call *c)
{
	if (c->n->nin < 2 || brn_attr(c->n, "channels"))
		return 0;
	for (int i = 0; i < c->n->nin; i++)
		if (!brn_is_f32(c->in[i]))
			return 0;
	return 1;
}

#define FORM_BINARY(layout, name, expr) \
	BRN_BINARY_RUN(run_##name, float, float, expr) \
	int \
	BRN_FOR_ISA(brn_##layout##_##name)(const struct brn_call *c) \
	{ \
		return brn_fold_operands(c, run_##name); \
	}

FORM_BINARY(any, add, a + b)
FORM_BINARY(any, sub, a - b)
FORM_BINARY(any, mul, a * b)
FORM_BINARY(any, div, a / b)

/* NaN wins.  */
FORM_BINARY(any, max, a != a || a > b ? a : b)
FORM_BINARY(any, min, a != a || a < b ? a : b)

FORM_BINARY(rows, prelu, a < 0 ? a * b : a)
BRN_BINARY_RUN(run_cube, float, float, a * a * b)
BRN_BINARY_RUN(run_pow, float, float, powf(a, b))

int
BRN_FOR_ISA(brn_rows_sum)(const struct brn_call *c)
{
	return brn_fold_operands(c, run_add);
}

int
BRN_FOR_ISA(brn_rows_mean)(const struct brn_call *c)
{
	float count = (float)c->n->nin;
	struct brn_tensor divisor = { { .dtype = BURIN_F32 }, &count };

	brn_fold_operands(c, run_add);
	brn_binary(c->out, &divisor, c->out, c->threads, run_div);
	return 0;
}

/* Squares and cubes are products of x and x.  */
int
BRN_FOR_ISA(brn_rows_pow)(const struct brn_call *c)
{
	const struct brn_tensor *x = c->in[0], *y = c->in[1];
	float power = brn_numel(y) == 1 ? *brn_f32(y) : 0;

	if (power == 2)
		brn_binary(x, x, c->out, c->threads, run_mul);
	else if (power == 3)
		brn_binary(x, x, c->out, c->threads, run_cube);
	else
		brn_binary(x, y, c->out, c->threads, run_pow);
	return 0;
}

BRN_BINARY_RUN(run_fmod, float, float, fmodf(a, b))

/* Of floats mod is fmod.  */
int
BRN_FOR_ISA(brn_takes_fmod)(const struct brn_call *c)
{
	return brn_attr_int(c->n, "fmod") && BRN_FOR_ISA(brn_takes_floats)(c);
}

int
BRN_FOR_ISA(brn_any_mod)(const struct brn_call *c)
{
	return brn_fold_operands(c, run_fmod);
}
