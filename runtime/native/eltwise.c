/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops on f32, of one operand and of several; of several also on i32
 * and i64.  Transcendental
 * functions come vectorised from glibc's libmvec: the simd attribute says that
 * it has them.
 */
#include <math.h>

#include "runtime/native/binary.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float erff(float);
__attribute__((simd("notinbranch"), const)) float expf(float);
__attribute__((simd("notinbranch"), const)) float tanhf(float);
__attribute__((simd("notinbranch"), const)) float logf(float);
__attribute__((simd("notinbranch"), const)) float log1pf(float);
__attribute__((simd("notinbranch"), const)) float sinf(float);
__attribute__((simd("notinbranch"), const)) float cosf(float);
__attribute__((simd("notinbranch"), const)) float powf(float, float);
#endif

/* UNARY(name, expression of v) */
#define UNARIES(UNARY) \
	UNARY(abs,     fabsf(v)) \
	UNARY(ceil,    ceilf(v)) \
	UNARY(cos,     cosf(v)) \
	UNARY(erf,     erff(v)) \
	UNARY(exp,     expf(v)) \
	UNARY(floor,   floorf(v)) \
	UNARY(log,     logf(v)) \
	UNARY(neg,     -v) \
	UNARY(reciprocal, 1 / v) \
	UNARY(relu,    v < 0 ? 0 : v) \
	UNARY(round,   rintf(v)) \
	UNARY(sigmoid, 1 / (1 + expf(-v))) \
	UNARY(sin,     sinf(v)) \
	UNARY(softplus, (v > 0 ? v : 0) + log1pf(expf(-fabsf(v)))) \
	UNARY(sqrt,    sqrtf(v)) \
	UNARY(tanh,    tanhf(v)) \
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
FORM_UNARY(rows, abs)
FORM_UNARY(rows, ceil)
FORM_UNARY(rows, cos)
FORM_UNARY(rows, floor)
FORM_UNARY(rows, log)
FORM_UNARY(rows, neg)
FORM_UNARY(rows, reciprocal)
FORM_UNARY(rows, round)
FORM_UNARY(rows, sin)
FORM_UNARY(rows, softplus)

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

/* Two operands or more, all i32 or all i64.  */
int
BRN_FOR_ISA(brn_takes_integers)(const struct brn_call *c)
{
	int dtype = c->out->type.dtype;

	for (int i = 0; i < c->n->nin; i++)
		if (c->in[i]->type.dtype != dtype)
			return 0;
	return c->n->nin > 1 && (dtype == BURIN_I32 || dtype == BURIN_I64);
}

int
BRN_FOR_ISA(brn_takes_numbers)(const struct brn_call *c)
{
	return BRN_FOR_ISA(brn_takes_floats)(c) ||
	    BRN_FOR_ISA(brn_takes_integers)(c);
}

/* run of the first two operands, then of the result and each further one.  */
static int
fold_operands(const struct brn_call *c, brn_job_fn *run)
{
	for (int i = 1; i < c->n->nin; i++)
		brn_binary(i == 1 ? c->in[0] : c->out, c->in[i], c->out,
		    c->threads, run);
	return 0;
}

#define FORM_BINARY(layout, name, expr) \
	BRN_BINARY_RUN(run_##name, float, float, expr) \
	int \
	BRN_FOR_ISA(brn_##layout##_##name)(const struct brn_call *c) \
	{ \
		return fold_operands(c, run_##name); \
	}

FORM_BINARY(any, add, a + b)
FORM_BINARY(any, sub, a - b)
FORM_BINARY(any, mul, a * b)
FORM_BINARY(any, div, a / b)

/* Sums and products of integers wrap.  */
#define FORM_INTEGERS(name, i32, i64, expr) \
	BRN_BINARY_RUN(run_##name##_i32, i32, i32, expr) \
	BRN_BINARY_RUN(run_##name##_i64, i64, i64, expr) \
	static int \
	name##_integers(const struct brn_call *c) \
	{ \
		return fold_operands(c, c->out->type.dtype == BURIN_I32 ? \
		    run_##name##_i32 : run_##name##_i64); \
	}
FORM_INTEGERS(add, uint32_t, uint64_t, a + b)
FORM_INTEGERS(sub, uint32_t, uint64_t, a - b)
FORM_INTEGERS(mul, uint32_t, uint64_t, a * b)
FORM_INTEGERS(max, int32_t, int64_t, a > b ? a : b)
FORM_INTEGERS(min, int32_t, int64_t, a < b ? a : b)
BRN_BINARY_RUN(run_max, float, float, a != a || a > b ? a : b)
BRN_BINARY_RUN(run_min, float, float, a != a || a < b ? a : b)

int
BRN_FOR_ISA(brn_rows_add)(const struct brn_call *c)
{
	return add_integers(c);
}

int
BRN_FOR_ISA(brn_rows_sub)(const struct brn_call *c)
{
	return sub_integers(c);
}

int
BRN_FOR_ISA(brn_rows_mul)(const struct brn_call *c)
{
	return mul_integers(c);
}

int
BRN_FOR_ISA(brn_rows_max)(const struct brn_call *c)
{
	return brn_is_f32(c->out) ? fold_operands(c, run_max) :
	    max_integers(c);
}

int
BRN_FOR_ISA(brn_rows_min)(const struct brn_call *c)
{
	return brn_is_f32(c->out) ? fold_operands(c, run_min) :
	    min_integers(c);
}

FORM_BINARY(rows, prelu, a < 0 ? a * b : a)
BRN_BINARY_RUN(run_cube, float, float, a * a * b)
BRN_BINARY_RUN(run_pow, float, float, powf(a, b))

int
BRN_FOR_ISA(brn_rows_sum)(const struct brn_call *c)
{
	return fold_operands(c, run_add);
}

int
BRN_FOR_ISA(brn_rows_mean)(const struct brn_call *c)
{
	float count = (float)c->n->nin;
	struct brn_tensor divisor = { { .dtype = BURIN_F32 }, &count };

	fold_operands(c, run_add);
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
