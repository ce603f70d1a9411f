/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions of f32 over axes that stand side by side: x is [outer][n][inner],
 * the result [outer][inner].
 */
#include <math.h>

#include "ir/graph/iter.h"
#include "runtime/native/isa.h"

struct reduce {
	struct brn_job job;             /* rows: outer */
	int64_t n, inner;
	float scale;                    /* of the result */
};

/* REDUCE(name, start, clause of omp, acc after v) */
#define REDUCES(REDUCE) \
	REDUCE(sum, 0,         +:acc,   acc + v) \
	REDUCE(max, -INFINITY, max:acc, v > acc ? v : acc) \
	REDUCE(min, INFINITY,  min:acc, v < acc ? v : acc)

#define PRAGMA(x) _Pragma(#x)
#define REDUCE(name, start, clause, expr) \
	static float \
	line_##name(const float *x, int64_t n) \
	{ \
		float acc = start; \
	\
		PRAGMA(omp simd reduction(clause)) \
		for (int64_t i = 0; i < n; i++) { \
			float v = x[i]; \
	\
			acc = expr; \
		} \
		return acc; \
	} \
	static void \
	planes_##name(const float *x, float *restrict y, int64_t n, \
	    int64_t inner) \
	{ \
		for (int64_t i = 0; i < inner; i++) \
			y[i] = start; \
		for (int64_t k = 0; k < n; k++, x += inner) \
			for (int64_t i = 0; i < inner; i++) { \
				float v = x[i], acc = y[i]; \
	\
				y[i] = expr; \
			} \
	} \
	static void \
	run_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct reduce *k = (const struct reduce *)j; \
		const float *x = brn_f32(j->in[0]); \
		float *y = j->out->data; \
	\
		for (int64_t r = r0; r < r1; r++) { \
			const float *row = x + r * k->n * k->inner; \
			float *to = y + r * k->inner; \
	\
			if (k->inner == 1) \
				*to = line_##name(row, k->n); \
			else \
				planes_##name(row, to, k->n, k->inner); \
			for (int64_t i = 0; i < k->inner; i++) \
				to[i] *= k->scale; \
		} \
	}
REDUCES(REDUCE)

/* Fill in the sizes; 0 when the axes do not stand side by side.  */
static int
measure(struct reduce *k, const struct brn_node *n,
    const struct brn_tensor *const *in)
{
	const struct brn_type *x = &in[0]->type;
	int set = brn_axes(n->nin > 1 ? in[1] : NULL, x->rank), d = 0;

	if (!set && brn_attr_int(n, "noop_with_empty_axes"))
		return 0;
	if (!set)
		set = (1 << x->rank) - 1;
	k->job.rows = k->n = k->inner = 1;
	for (; d < x->rank && !(set & 1 << d); d++)
		k->job.rows *= x->dim[d];
	for (; d < x->rank && set & 1 << d; d++)
		k->n *= x->dim[d];
	for (; d < x->rank && !(set & 1 << d); d++)
		k->inner *= x->dim[d];
	return d == x->rank && k->n && k->inner;
}

/* NaN wins: what the comparisons of max and min do not do.  */
static int
has_nan(const struct brn_tensor *x)
{
	int64_t n = brn_numel(x);
	int any = 0;

	for (int64_t i = 0; i < n; i++)
		any |= brn_f32(x)[i] != brn_f32(x)[i];
	return any;
}

#define NATIVE_REDUCE(name, how, ordered, factor) \
	int \
	BRN_FOR_ISA(brn_native_reduce_##name)(const struct brn_node *n, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		struct reduce k = { .job = { .n = n, .in = in, .out = out, \
		    .run = run_##how } }; \
	\
		if (!brn_is_f32(in[0]) || !measure(&k, n, in) || \
		    (ordered && has_nan(in[0]))) \
			return BRN_DECLINED; \
		k.scale = factor; \
		k.job.cols = k.n * k.inner; \
		brn_job_run(&k.job, t); \
		return 0; \
	}
NATIVE_REDUCE(sum, sum, 0, 1)
NATIVE_REDUCE(mean, sum, 0, 1 / (float)k.n)
NATIVE_REDUCE(max, max, 1, 1)
NATIVE_REDUCE(min, min, 1, 1)
