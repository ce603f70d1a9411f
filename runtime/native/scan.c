/* SPDX-License-Identifier: Apache-2.0
 *
 * argmax, argmin, hardmax and cumsum: x is [outer][n][inner], and the inner
 * elements are lanes, LANES of them at a time.
 */
#include <string.h>

#include "ir/graph/iter.h"
#include "runtime/native/job.h"

enum { LANES = 64, CHAINS = 16 };

struct scan {
	struct brn_job job;             /* rows: outer */
	int64_t n, inner;
	int last;                       /* of equal elements the last one */
	int reverse, exclusive;
};

/* The sizes of *k; 0: there are no elements.  */
static int
set_sizes(struct scan *k, const struct brn_tensor *x, int64_t axis)
{
	int a = brn_axis(axis, x->type.rank);

	k->n = x->type.dim[a];
	k->inner = 1;
	for (int d = a + 1; d < x->type.rank; d++)
		k->inner *= x->type.dim[d];
	k->job.cols = k->n * k->inner;
	k->job.rows = k->job.cols ? brn_numel(x) / k->job.cols : 0;
	return k->job.rows > 0;
}

/* ---- argmax, argmin ---- */

/* The index of the best of n elements that are step apart, where a NaN is
 * best.  */
#define LINES(name, T, better, is_nan) \
	static int64_t \
	name##_short(const struct scan *k, const T *x) \
	{ \
		int64_t best = 0; \
		T a = x[0]; \
	\
		for (int64_t i = 1; i < k->n; i++) { \
			T b = x[i * k->inner]; \
	\
			if (b better a || (k->last && b == a) || \
			    (is_nan(b) && !is_nan(a))) { \
				a = b; \
				best = i; \
			} \
		} \
		return best; \
	} \
	static void \
	name##_lanes(const struct scan *k, const T *x, int64_t *y, \
	    int64_t lanes) \
	{ \
		T best[LANES]; \
		int32_t at[LANES] = { 0 }; \
		int last = k->last; \
	\
		for (int64_t l = 0; l < lanes; l++) \
			best[l] = x[l]; \
		for (int64_t i = 1; i < k->n; i++) \
			for (int64_t l = 0; l < lanes; l++) { \
				T b = x[i * k->inner + l], a = best[l]; \
				int take = (b better a) | \
				    (last & (b == a)) | \
				    (is_nan(b) & !is_nan(a)); \
	\
				best[l] = take ? b : a; \
				at[l] = take ? (int32_t)i : at[l]; \
			} \
		for (int64_t l = 0; l < lanes; l++) \
			y[l] = at[l]; \
	}
#define ARG(name, T, better, is_nan) \
	LINES(name, T, better, is_nan) \
	/* Of a line without a gap first the best value, then its place.  */ \
	static int64_t \
	name##_line(const struct scan *k, const T *x) \
	{ \
		T best[CHAINS]; \
		int64_t n = k->n - k->n % CHAINS, at; \
		int odd = 0; \
	\
		if (k->n < 2 * CHAINS) \
			return name##_short(k, x); \
		for (int l = 0; l < CHAINS; l++) \
			best[l] = x[l]; \
		for (int64_t i = 0; i < n; i += CHAINS) \
			for (int l = 0; l < CHAINS; l++) { \
				best[l] = x[i + l] better best[l] ? \
				    x[i + l] : best[l]; \
				odd |= is_nan(x[i + l]); \
			} \
		for (int l = 1; l < CHAINS; l++) \
			best[0] = best[l] better best[0] ? best[l] : best[0]; \
		for (int64_t i = n; i < k->n; i++) { \
			best[0] = x[i] better best[0] ? x[i] : best[0]; \
			odd |= is_nan(x[i]); \
		} \
		if (odd) \
			return name##_short(k, x); \
		at = k->last ? k->n - 1 : 0; \
		while (x[at] != best[0]) \
			at += k->last ? -1 : 1; \
		return at; \
	} \
	static void \
	name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct scan *k = (const struct scan *)j; \
		int64_t *y = j->out->data, inner = k->inner; \
	\
		for (int64_t r = r0; r < r1; r++) { \
			const T *x = (const T *)j->in[0]->data + \
			    r * j->cols; \
	\
			if (inner == 1) \
				y[r] = name##_line(k, x); \
			else \
				for (int64_t l = 0; l < inner; l += LANES) \
					name##_lanes(k, x + l, \
					    y + r * inner + l, \
					    inner - l < LANES ? inner - l : \
					    LANES); \
		} \
	}
#define IS_NAN(v) ((v) != (v))
#define NEVER(v) 0
ARG(max_i32, int32_t, >, NEVER)
ARG(max_i64, int64_t, >, NEVER)
ARG(max_f32, float, >, IS_NAN)
ARG(min_i32, int32_t, <, NEVER)
ARG(min_i64, int64_t, <, NEVER)
ARG(min_f32, float, <, IS_NAN)
/* NaN is never the greatest, but keeps its place where it is the first.  */
LINES(hard_f32, float, >, NEVER)

typedef brn_job_fn *const loops[BURIN_BF16 + 1];
static loops max_loops = { [BURIN_F32] = max_f32, [BURIN_I32] = max_i32,
	[BURIN_I64] = max_i64 };
static loops min_loops = { [BURIN_F32] = min_f32, [BURIN_I32] = min_i32,
	[BURIN_I64] = min_i64 };

/* An index has 32 bits until it is stored.  */
int
BRN_FOR_ISA(brn_takes_arg)(const struct brn_call *c)
{
	const struct brn_tensor *x = c->in[0];

	return max_loops[x->type.dtype] && brn_numel(x) <= INT32_MAX;
}

static int
find(const struct brn_call *c, brn_job_fn *run, int last)
{
	struct scan k = { .job = brn_job_of(c, run), .last = last };

	return set_sizes(&k, c->in[0], brn_attr_int(c->n, "axis")) ?
	    brn_job_run(&k.job, c->threads) : 0;
}

int
BRN_FOR_ISA(brn_rows_argmax)(const struct brn_call *c)
{
	return find(c, max_loops[c->in[0]->type.dtype],
	    brn_attr_int(c->n, "select_last_index") != 0);
}

int
BRN_FOR_ISA(brn_rows_argmin)(const struct brn_call *c)
{
	return find(c, min_loops[c->in[0]->type.dtype],
	    brn_attr_int(c->n, "select_last_index") != 0);
}

/* ---- hardmax ---- */

/* 1 for the first greatest element of a line, 0 for the others.  */
static void
run_hardmax(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct scan *k = (const struct scan *)j;
	int64_t inner = k->inner, at[LANES];

	for (int64_t r = r0; r < r1; r++) {
		const float *x = brn_f32(j->in[0]) + r * j->cols;
		float *y = (float *)j->out->data + r * j->cols;

		memset(y, 0, (size_t)j->cols * sizeof *y);
		if (inner == 1) {
			y[hard_f32_short(k, x)] = 1;
			continue;
		}
		for (int64_t l = 0; l < inner; l += LANES) {
			int64_t lanes = inner - l < LANES ? inner - l : LANES;

			hard_f32_lanes(k, x + l, at, lanes);
			for (int64_t i = 0; i < lanes; i++)
				y[at[i] * inner + l + i] = 1;
		}
	}
}

int
BRN_FOR_ISA(brn_takes_hardmax)(const struct brn_call *c)
{
	return !brn_attr_int(c->n, "coerce2d") && c->out->type.rank > 0 &&
	    brn_numel(c->out) <= INT32_MAX;
}

int
BRN_FOR_ISA(brn_rows_hardmax)(const struct brn_call *c)
{
	return find(c, run_hardmax, 0);
}

/* ---- cumsum ---- */

/* Sums of floats are kept in double.  */
#define CUMSUM(name, T, sum_t) \
	static void \
	name##_lanes(const struct scan *k, const T *x, T *y, int64_t lanes) \
	{ \
		sum_t sum[LANES] = { 0 }; \
		int exclusive = k->exclusive; \
	\
		for (int64_t i = 0; i < k->n; i++) { \
			int64_t at = (k->reverse ? k->n - 1 - i : i) * \
			    k->inner; \
	\
			for (int64_t l = 0; l < lanes; l++) { \
				sum_t s = sum[l]; \
	\
				sum[l] = s + x[at + l]; \
				y[at + l] = (T)(exclusive ? s : sum[l]); \
			} \
		} \
	} \
	static void \
	name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct scan *k = (const struct scan *)j; \
		int64_t inner = k->inner; \
	\
		for (int64_t r = r0; r < r1; r++) \
			for (int64_t l = 0; l < inner; l += LANES) \
				name##_lanes(k, (const T *)j->in[0]->data + \
				    r * j->cols + l, \
				    (T *)j->out->data + r * j->cols + l, \
				    inner - l < LANES ? inner - l : LANES); \
	}
CUMSUM(cumsum_f32, float, double)
CUMSUM(cumsum_i32, uint32_t, uint32_t)
CUMSUM(cumsum_i64, uint64_t, uint64_t)
static loops cumsum_loops = { [BURIN_F32] = cumsum_f32,
	[BURIN_I32] = cumsum_i32, [BURIN_I64] = cumsum_i64 };

/* The axis is known and in range.  */
int
BRN_FOR_ISA(brn_takes_cumsum)(const struct brn_call *c)
{
	return cumsum_loops[c->out->type.dtype] && c->in[1]->data &&
	    brn_axis(brn_get_int(c->in[1], 0), c->out->type.rank) >= 0;
}

int
BRN_FOR_ISA(brn_rows_cumsum)(const struct brn_call *c)
{
	struct scan k = {
		.job = brn_job_of(c, cumsum_loops[c->out->type.dtype]),
		.reverse = brn_attr_int(c->n, "reverse") != 0,
		.exclusive = brn_attr_int(c->n, "exclusive") != 0,
	};

	return set_sizes(&k, c->in[0], brn_get_int(c->in[1], 0)) ?
	    brn_job_run(&k.job, c->threads) : 0;
}
