/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions between f32, integers of 32 and 64 bits and bool, and Where on
 * f32 and i64.  Other types, and floats to integers, which clamp, are the
 * ref's.
 */
#include "runtime/native_isa.h"

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

/* An operand of Where is as large as the result, or one element.  */
#define WHERE(name, ctype) \
	static void \
	where_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		int64_t all = j->rows; \
		int64_t sc = brn_numel(j->in[0]) == all; \
		int64_t sx = brn_numel(j->in[1]) == all; \
		int64_t sy = brn_numel(j->in[2]) == all; \
		const uint8_t *c = j->in[0]->data; \
		const ctype *x = j->in[1]->data, *y = j->in[2]->data; \
		ctype *restrict to = j->out->data; \
	\
		for (int64_t i = r0; i < r1; i++) \
			to[i] = c[i * sc] ? x[i * sx] : y[i * sy]; \
	}
WHERE(f32, float)
WHERE(i64, int64_t)

int
BRN_FOR_ISA(brn_native_where)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct brn_job j = { .n = n, .in = in, .out = out, .cols = 1,
	    .rows = brn_numel(out) };

	for (int i = 0; i < 3; i++)
		if (brn_numel(in[i]) != j.rows && brn_numel(in[i]) != 1)
			return BRN_DECLINED;
	if (out->type.dtype == BURIN_F32)
		j.run = where_f32;
	else if (out->type.dtype == BURIN_I64)
		j.run = where_i64;
	else
		return BRN_DECLINED;
	brn_job_run(&j, t);
	return 0;
}
