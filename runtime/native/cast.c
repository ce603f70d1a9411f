/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions between f32, integers of 32 and 64 bits and bool, and Where on
 * f32 and i64.  Other types, and floats to integers, which clamp, are the
 * ref's.
 */
#include "runtime/native/isa.h"

/* PAIR(from, its C type, to, its C type, expression of v) */
#define PAIRS(PAIR) \
	PAIR(I64,  int64_t, F32,  float,   (float)v) \
	PAIR(I32,  int32_t, F32,  float,   (float)v) \
	PAIR(BOOL, uint8_t, F32,  float,   v != 0) \
	PAIR(F32,  float,   BOOL, uint8_t, v != 0) \
	PAIR(I64,  int64_t, BOOL, uint8_t, v != 0) \
	PAIR(I32,  int32_t, BOOL, uint8_t, v != 0) \
	PAIR(BOOL, uint8_t, I64,  int64_t, v != 0) \
	PAIR(BOOL, uint8_t, I32,  int32_t, v != 0) \
	PAIR(I32,  int32_t, I64,  int64_t, v) \
	PAIR(I64,  int64_t, I32,  int32_t, (int32_t)v) \
	PAIR(F32,  float,   F32,  float,   v)

#define PAIR(from, ctype, to, otype, expr) \
	static void \
	run_##from##_##to(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const ctype *restrict x = j->in[0]->data; \
		otype *restrict y = j->out->data; \
	\
		for (int64_t i = r0; i < r1; i++) { \
			ctype v = x[i]; \
	\
			y[i] = expr; \
		} \
	}
PAIRS(PAIR)
#undef PAIR

static const struct {
	int from, to;
	void (*run)(const struct brn_job *j, int64_t r0, int64_t r1);
} pairs[] = {
#define PAIR(from, ctype, to, otype, expr) \
	{ BURIN_##from, BURIN_##to, run_##from##_##to },
PAIRS(PAIR)
#undef PAIR
};

int
BRN_FOR_ISA(brn_native_cast)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct brn_job j = { .n = n, .in = in, .out = out, .cols = 1,
	    .rows = brn_numel(out) };

	for (int i = 0; i < BRN_COUNT(pairs); i++)
		if (pairs[i].from == in[0]->type.dtype &&
		    pairs[i].to == out->type.dtype)
			j.run = pairs[i].run;
	if (!j.run)
		return BRN_DECLINED;
	brn_job_run(&j, t);
	return 0;
}

/* An operand of Where is as large as the result, or is repeated along its
 * first dims, or is one element.  A row is as long as the shortest of them, or
 * an element where all are as large.  */
#define WHERE(name, ctype) \
	static inline void \
	choose_##name(ctype *restrict to, const uint8_t *c, const ctype *x, \
	    const ctype *y, const int64_t step[3], int64_t n) \
	{ \
		for (int64_t i = 0; i < n; i++) \
			to[i] = c[i * step[0]] ? x[i * step[1]] : \
			    y[i * step[2]]; \
	} \
	static void \
	where_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		int64_t n = j->cols > 1 ? j->cols : r1 - r0, size[3], step[3]; \
	\
		for (int i = 0; i < 3; i++) { \
			size[i] = brn_numel(j->in[i]); \
			step[i] = size[i] > 1; \
		} \
		for (int64_t at = r0 * j->cols; at < r1 * j->cols; at += n) { \
			ctype *to = (ctype *)j->out->data + at; \
			const uint8_t *c = (const uint8_t *)j->in[0]->data + \
			    at % size[0]; \
			const ctype *x = (const ctype *)j->in[1]->data + \
			    at % size[1]; \
			const ctype *y = (const ctype *)j->in[2]->data + \
			    at % size[2]; \
	\
			if (step[0] && step[1] && step[2]) \
				choose_##name(to, c, x, y, (int64_t[]){ 1, 1, \
				    1 }, n); \
			else if (step[0] && step[1]) \
				choose_##name(to, c, x, y, (int64_t[]){ 1, 1, \
				    0 }, n); \
			else if (step[0] && step[2]) \
				choose_##name(to, c, x, y, (int64_t[]){ 1, 0, \
				    1 }, n); \
			else \
				choose_##name(to, c, x, y, step, n); \
		} \
	}
WHERE(f32, float)
WHERE(i64, int64_t)

/* Whether t is repeated along the first dims of out only.  */
static int
is_suffix(const struct brn_type *t, const struct brn_type *out)
{
	int d = 1, most = t->rank < out->rank ? t->rank : out->rank;

	while (d <= most && t->dim[t->rank - d] == out->dim[out->rank - d])
		d++;
	for (; d <= t->rank; d++)
		if (t->dim[t->rank - d] != 1)
			return 0;
	return 1;
}

int
BRN_FOR_ISA(brn_native_where)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	int64_t all = brn_numel(out);
	struct brn_job j = { .n = n, .in = in, .out = out, .cols = all };

	for (int i = 0; i < 3; i++) {
		int64_t size = brn_numel(in[i]);

		if (size != 1 && !is_suffix(&in[i]->type, &out->type))
			return BRN_DECLINED;
		if (size > 1 && size < j.cols)
			j.cols = size;
	}
	if (out->type.dtype == BURIN_F32)
		j.run = where_f32;
	else if (out->type.dtype == BURIN_I64)
		j.run = where_i64;
	else
		return BRN_DECLINED;
	if (j.cols == all)
		j.cols = 1;
	j.rows = all / j.cols;
	brn_job_run(&j, t);
	return 0;
}
