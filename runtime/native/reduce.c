/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions of f32 over adjacent axes: x is [outer][n][inner], the result
 * [outer][inner].
 */
#include <math.h>

#include "ir/graph/iter.h"
#include "runtime/native/job.h"

struct reduce {
	struct brn_job job;             /* rows: outer */
	int64_t n, inner;
	float scale;                    /* of the result */
};

/* REDUCE(name, start, clause of omp, acc after v, whether that misses a NaN).
 * The result of anything with NaN is NaN.  */
#define REDUCES(REDUCE) \
	REDUCE(sum, 0,         +:acc,   acc + v,           0) \
	REDUCE(max, -INFINITY, max:acc, v > acc ? v : acc, 1) \
	REDUCE(min, INFINITY,  min:acc, v < acc ? v : acc, 1)

#define PRAGMA(x) _Pragma(#x)
#define REDUCE(name, start, clause, expr, misses) \
	static float \
	reduce_run_##name(const float *x, int64_t n) \
	{ \
		float acc = start; \
		int nan = 0; \
	\
		PRAGMA(omp simd reduction(clause) reduction(|:nan)) \
		for (int64_t i = 0; i < n; i++) { \
			float v = x[i]; \
	\
			nan |= misses && v != v; \
			acc = expr; \
		} \
		return nan ? NAN : acc; \
	} \
	static void \
	reduce_rows_##name(const float *x, float *restrict y, int64_t n, \
	    int64_t inner) \
	{ \
		for (int64_t i = 0; i < inner; i++) \
			y[i] = start; \
		for (int64_t k = 0; k < n; k++, x += inner) \
			for (int64_t i = 0; i < inner; i++) { \
				float v = x[i], acc = y[i]; \
	\
				y[i] = misses && v != v ? v : expr; \
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
				*to = reduce_run_##name(row, k->n); \
			else \
				reduce_rows_##name(row, to, k->n, \
				    k->inner); \
			for (int64_t i = 0; i < k->inner; i++) \
				to[i] *= k->scale; \
		} \
	}
REDUCES(REDUCE)

/* The sizes of *k; 0: the axes are not adjacent, or not known.  */
static int
set_sizes(struct reduce *k, const struct brn_call *c)
{
	const struct brn_tensor *axes = c->n->nin > 1 ? c->in[1] : NULL;
	const struct brn_type *x = &c->in[0]->type;
	int set, d = 0;

	if (axes && brn_numel(axes) && !axes->data)
		return 0;
	set = brn_axes(axes, x->rank);
	if (!set && brn_attr_int(c->n, "noop_with_empty_axes"))
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

int
BRN_FOR_ISA(brn_takes_reduce)(const struct brn_call *c)
{
	struct reduce k;

	return brn_is_f32(c->in[0]) && set_sizes(&k, c);
}

#define ROWS_REDUCE(name, how, factor) \
	int \
	BRN_FOR_ISA(brn_rows_reduce_##name)(const struct brn_call *c) \
	{ \
		struct reduce k = { .job = brn_job_of(c, run_##how) }; \
	\
		set_sizes(&k, c); \
		k.scale = factor; \
		k.job.cols = k.n * k.inner; \
		return brn_job_run(&k.job, c->threads); \
	}
ROWS_REDUCE(sum, sum, 1)
ROWS_REDUCE(mean, sum, 1 / (float)k.n)
ROWS_REDUCE(max, max, 1)
ROWS_REDUCE(min, min, 1)
