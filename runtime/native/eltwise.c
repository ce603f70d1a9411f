/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops on f32.  Transcendental functions come vectorised from
 * glibc's libmvec: the simd attribute says that it has them.
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

static int
unary(const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t,
    void (*run)(const struct brn_job *, int64_t, int64_t))
{
	struct brn_job j = { .in = in, .out = out, .run = run, .cols = 1 };

	if (!brn_is_f32(in[0]))
		return BRN_DECLINED;
	j.rows = brn_numel(out);
	brn_job_run(&j, t);
	return 0;
}

#define NATIVE_UNARY(name) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *n, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		(void)n; \
		return unary(in, out, t, run_##name); \
	}
NATIVE_UNARY(abs)
NATIVE_UNARY(ceil)
NATIVE_UNARY(cos)
NATIVE_UNARY(erf)
NATIVE_UNARY(exp)
NATIVE_UNARY(floor)
NATIVE_UNARY(log)
NATIVE_UNARY(neg)
NATIVE_UNARY(reciprocal)
NATIVE_UNARY(relu)
NATIVE_UNARY(round)
NATIVE_UNARY(sigmoid)
NATIVE_UNARY(sin)
NATIVE_UNARY(softplus)
NATIVE_UNARY(sqrt)
NATIVE_UNARY(tanh)

int
BRN_FOR_ISA(brn_native_gelu)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	return unary(in, out, t, brn_attr_int(n, "tanh", 0) ? run_gelu_tanh :
	    run_gelu_erf);
}

/* Binary ops on two inputs or, one after the other, on more.  */
static int
binary(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, struct brn_threads *t, brn_run_fn *run)
{
	if (n->nin < 2 || brn_attr(n, "channels"))
		return BRN_DECLINED;
	for (int i = 0; i < n->nin; i++)
		if (!brn_is_f32(in[i]))
			return BRN_DECLINED;
	for (int i = 1; i < n->nin; i++)
		brn_binary(i == 1 ? in[0] : out, in[i], out, t, run);
	return 0;
}

#define BINARY(name, expr) \
	BRN_BINARY_RUN(run_##name, float, float, expr) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *node, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		return binary(node, in, out, t, run_##name); \
	}

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a * b)
BINARY(div, a / b)
BINARY(max, a != a || a > b ? a : b)
BINARY(min, a != a || a < b ? a : b)
BINARY(prelu, a < 0 ? a * b : a)
BRN_BINARY_RUN(run_cube, float, float, a * a * b)
BRN_BINARY_RUN(run_pow, float, float, powf(a, b))

int
BRN_FOR_ISA(brn_native_sum)(const struct brn_node *node,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	return binary(node, in, out, t, run_add);
}

int
BRN_FOR_ISA(brn_native_mean)(const struct brn_node *node,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	float count = (float)node->nin;
	struct brn_tensor by = { { .dtype = BURIN_F32 }, &count };
	int rc = binary(node, in, out, t, run_add);

	if (rc == 0)
		brn_binary(out, &by, out, t, run_div);
	return rc;
}

/* Squares and cubes are products of x and x.  */
int
BRN_FOR_ISA(brn_native_pow)(const struct brn_node *node,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	const struct brn_tensor *x[] = { in[0], in[0] };
	float p = brn_is_f32(in[1]) && brn_numel(in[1]) == 1 ?
	    *brn_f32(in[1]) : 0;

	if (p == 2 || p == 3)
		return binary(node, x, out, t, p == 2 ? run_mul : run_cube);
	return binary(node, in, out, t, run_pow);
}
