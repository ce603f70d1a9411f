/* SPDX-License-Identifier: Apache-2.0
 *
 * Casts between f32, i32, i64 and bool.  The ref does other types, and floats
 * to integers, which clamp.
 */
#include "runtime/native/job.h"

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
	brn_job_fn *run;
} pairs[] = {
#define PAIR(from, ctype, to, otype, expr) \
	{ BURIN_##from, BURIN_##to, run_##from##_##to },
PAIRS(PAIR)
#undef PAIR
};

/* The loop for these two types, or NULL.  */
static brn_job_fn *
cast_loop(const struct brn_call *c)
{
	for (int i = 0; i < BRN_COUNT(pairs); i++)
		if (pairs[i].from == c->in[0]->type.dtype &&
		    pairs[i].to == c->out->type.dtype)
			return pairs[i].run;
	return NULL;
}

int
BRN_FOR_ISA(brn_takes_cast)(const struct brn_call *c)
{
	return cast_loop(c) != NULL;
}

int
BRN_FOR_ISA(brn_rows_cast)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, cast_loop(c));

	return brn_job_run_elements(&j, c->threads);
}
