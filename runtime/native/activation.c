/* SPDX-License-Identifier: Apache-2.0
 *
 * Activations of f32 with up to two parameters a and b, which are attributes
 * or, for Clip, scalar operands.
 */
#include <math.h>

#include "runtime/native/job.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float expf(float);
__attribute__((simd("notinbranch"), const)) float expm1f(float);
#endif

struct activation {
	struct brn_job job;
	float a, b;
};

/* ACT(name, expression of v, a and b) */
#define ACTIVATIONS(ACT) \
	ACT(clip,         brn_clipf(v, a, b)) \
	ACT(celu,         v < 0 ? a * expm1f(v / a) : v) \
	ACT(elu,          v < 0 ? a * expm1f(v) : v) \
	ACT(leaky_relu,   v < 0 ? a * v : v) \
	ACT(hard_sigmoid, brn_clipf(a * v + b, 0, 1)) \
	ACT(hard_swish,   v * brn_clipf(v * (1.0f / 6) + 0.5f, 0, 1)) \
	ACT(selu,         b * (v < 0 ? a * expm1f(v) : v)) \
	ACT(shrink,       v < -a ? v + b : v > a ? v - b : 0) \
	ACT(softsign,     v / (1 + fabsf(v))) \
	ACT(swish,        v / (1 + expf(-a * v))) \
	ACT(thresholded_relu, v > a ? v : 0)

#define ACT(name, expr) \
	static void \
	run_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct activation *k = (const struct activation *)j; \
		const float *restrict x = brn_f32(j->in[0]); \
		float *restrict y = j->out->data; \
		float a = k->a, b = k->b; \
	\
		(void)a; \
		(void)b; \
		for (int64_t i = r0; i < r1; i++) { \
			float v = x[i]; \
	\
			y[i] = expr; \
		} \
	}
ACTIVATIONS(ACT)
#undef ACT

/* An activation whose parameters are these expressions of node n.  */
#define ROWS_ACTIVATION(name, va, vb) \
	int \
	BRN_FOR_ISA(brn_rows_##name)(const struct brn_call *c) \
	{ \
		const struct brn_node *n = c->n; \
		struct activation k = { brn_job_of(c, run_##name), va, vb }; \
	\
		(void)n; \
		return brn_job_run_elements(&k.job, c->threads); \
	}
ROWS_ACTIVATION(celu, brn_attr_float(n, "alpha"), 0)
ROWS_ACTIVATION(elu, brn_attr_float(n, "alpha"), 0)
ROWS_ACTIVATION(leaky_relu, brn_attr_float(n, "alpha"), 0)
ROWS_ACTIVATION(hard_sigmoid, brn_attr_float(n, "alpha"),
    brn_attr_float(n, "beta"))
ROWS_ACTIVATION(hard_swish, 0, 0)
ROWS_ACTIVATION(selu, brn_attr_float(n, "alpha"), brn_attr_float(n, "gamma"))
ROWS_ACTIVATION(shrink, brn_attr_float(n, "lambd"), brn_attr_float(n, "bias"))
ROWS_ACTIVATION(softsign, 0, 0)
ROWS_ACTIVATION(swish, brn_attr_float(n, "alpha"), 0)
ROWS_ACTIVATION(thresholded_relu, brn_attr_float(n, "alpha"), 0)

/* The number that operand i is; none where it is absent.  */
static float
scalar_operand(const struct brn_call *c, int i, float none)
{
	return i < c->n->nin && c->in[i] ? *brn_f32(c->in[i]) : none;
}

int
BRN_FOR_ISA(brn_any_clip)(const struct brn_call *c)
{
	struct activation k = {
		.job = brn_job_of(c, run_clip),
		.a = scalar_operand(c, 1, -INFINITY),
		.b = scalar_operand(c, 2, INFINITY),
	};

	return brn_job_run_elements(&k.job, c->threads);
}
