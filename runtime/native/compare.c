/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparisons of f32, i32 and i64, and the logic ops on bool.
 */
#include "runtime/native/binary.h"

int
BRN_FOR_ISA(brn_takes_comparable)(const struct brn_call *c)
{
	int dtype = c->in[0]->type.dtype;

	return dtype == BURIN_F32 || dtype == BURIN_I32 || dtype == BURIN_I64;
}

static int
compare(const struct brn_call *c, brn_job_fn *f32, brn_job_fn *i32,
    brn_job_fn *i64)
{
	int dtype = c->in[0]->type.dtype;

	brn_binary(c->in[0], c->in[1], c->out, c->threads,
	    dtype == BURIN_F32 ? f32 : dtype == BURIN_I32 ? i32 : i64);
	return 0;
}

#define COMPARE(name, op) \
	BRN_BINARY_RUN(name##_f32, float, uint8_t, a op b) \
	BRN_BINARY_RUN(name##_i32, int32_t, uint8_t, a op b) \
	BRN_BINARY_RUN(name##_i64, int64_t, uint8_t, a op b) \
	int \
	BRN_FOR_ISA(brn_rows_##name)(const struct brn_call *c) \
	{ \
		return compare(c, name##_f32, name##_i32, name##_i64); \
	}

COMPARE(equal, ==)
COMPARE(greater, >)
COMPARE(greater_equal, >=)
COMPARE(less, <)
COMPARE(less_equal, <=)

/* Bools of the caller may have any byte but 0 for true.  */
#define LOGIC(name, expr) \
	BRN_BINARY_RUN(run_##name, uint8_t, uint8_t, expr) \
	int \
	BRN_FOR_ISA(brn_rows_##name)(const struct brn_call *c) \
	{ \
		brn_binary(c->in[0], c->in[1], c->out, c->threads, \
		    run_##name); \
		return 0; \
	}

LOGIC(and, (a != 0) & (b != 0))
LOGIC(or, (a | b) != 0)
LOGIC(xor, !a != !b)
