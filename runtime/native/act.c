/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops on f32 with up to two parameters, which are attributes or,
 * of Clip, scalar inputs.
 */
#include <math.h>

#include "runtime/native/isa.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float expf(float);
__attribute__((simd("notinbranch"), const)) float expm1f(float);
#endif

struct act {
	struct brn_job job;
	float a, b;
};

/* ACT(name, expression of v, a and b) */
#define ACTS(ACT) \
	ACT(clip,         brn_clipf(v, a, b)) \
	ACT(elu,          v < 0 ? a * expm1f(v) : v) \
	ACT(leaky_relu,   v < 0 ? a * v : v) \
	ACT(hard_sigmoid, brn_clipf(a * v + b, 0, 1)) \
	ACT(hard_swish,   v * brn_clipf(v * (1.0f / 6) + 0.5f, 0, 1)) \
	ACT(softsign,     v / (1 + fabsf(v))) \
	ACT(swish,        v / (1 + expf(-a * v)))

#define ACT(name, expr) \
	static void \
	run_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct act *k = (const struct act *)j; \
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
ACTS(ACT)
#undef ACT

static int
act(struct act *k, const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	k->job.in = in;
	k->job.out = out;
	k->job.cols = 1;
	k->job.rows = brn_numel(out);
	if (!brn_is_f32(in[0]))
		return BRN_DECLINED;
	brn_job_run(&k->job, t);
	return 0;
}

#define NATIVE_ACT(name, va, vb) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *n, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		struct act k = { { .n = n, .run = run_##name }, va, vb }; \
	\
		return act(&k, in, out, t); \
	}
NATIVE_ACT(elu, brn_attr_float(n, "alpha", 1), 0)
NATIVE_ACT(leaky_relu, brn_attr_float(n, "alpha", 0.01f), 0)
NATIVE_ACT(hard_sigmoid, brn_attr_float(n, "alpha", 0.2f),
    brn_attr_float(n, "beta", 0.5f))
NATIVE_ACT(hard_swish, 0, 0)
NATIVE_ACT(softsign, 0, 0)
NATIVE_ACT(swish, brn_attr_float(n, "alpha", 1), 0)

/* The scalar that input i is.  */
static float
limit(const struct brn_node *n, const struct brn_tensor *const *in, int i,
    float none)
{
	return i < n->nin && in[i] ? *brn_f32(in[i]) : none;
}

int
BRN_FOR_ISA(brn_native_clip)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct act k = { .job = { .n = n, .run = run_clip } };

	if (!brn_is_f32(in[0]))
		return BRN_DECLINED;
	k.a = limit(n, in, 1, -INFINITY);
	k.b = limit(n, in, 2, INFINITY);
	return act(&k, in, out, t);
}
