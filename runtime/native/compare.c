/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparisons, the logic ops on bool, and the kinds of floats.
 */
#include <float.h>

#include "runtime/native/broadcast.h"

typedef brn_job_fn *const loops[BURIN_BF16 + 1];

/* Bools of the caller may have any byte but 0 for true.  */
BRN_BINARY_RUN(equal_bool, uint8_t, uint8_t, !a == !b)

#define COMPARE(name, op, of_bools) \
	BRN_BINARY_RUN(name##_f32, float, uint8_t, a op b) \
	BRN_BINARY_RUN(name##_u8, uint8_t, uint8_t, a op b) \
	BRN_BINARY_RUN(name##_i8, int8_t, uint8_t, a op b) \
	BRN_BINARY_RUN(name##_i32, int32_t, uint8_t, a op b) \
	BRN_BINARY_RUN(name##_i64, int64_t, uint8_t, a op b) \
	static loops name##_loops = { \
		[BURIN_F32] = name##_f32, [BURIN_U8] = name##_u8, \
		[BURIN_I8] = name##_i8, [BURIN_I32] = name##_i32, \
		[BURIN_I64] = name##_i64, [BURIN_BOOL] = of_bools, \
	}; \
	int \
	BRN_FOR_ISA(brn_rows_##name)(const struct brn_call *c) \
	{ \
		return brn_fold_operands(c, \
		    name##_loops[c->in[0]->type.dtype]); \
	}
COMPARE(equal, ==, equal_bool)
COMPARE(greater, >, NULL)
COMPARE(greater_equal, >=, NULL)
COMPARE(less, <, NULL)
COMPARE(less_equal, <=, NULL)

int
BRN_FOR_ISA(brn_takes_comparable)(const struct brn_call *c)
{
	int dtype = c->in[0]->type.dtype;

	return c->n->op == BRN_OP_equal ? equal_loops[dtype] != NULL :
	    less_loops[dtype] != NULL;
}

#define LOGIC(name, expr) \
	BRN_BINARY_RUN(run_##name, uint8_t, uint8_t, expr) \
	int \
	BRN_FOR_ISA(brn_rows_##name)(const struct brn_call *c) \
	{ \
		return brn_fold_operands(c, run_##name); \
	}

LOGIC(and, (a != 0) & (b != 0))
LOGIC(or, (a | b) != 0)
LOGIC(xor, !a != !b)

/* ---- isnan, isinf ---- */

static void
run_isnan(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const float *restrict x = brn_f32(j->in[0]);
	uint8_t *restrict y = j->out->data;

	for (int64_t i = r0; i < r1; i++)
		y[i] = x[i] != x[i];
}

int
BRN_FOR_ISA(brn_rows_isnan)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_isnan);

	return brn_job_run_elements(&j, c->threads);
}

static void
run_isinf(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const float *restrict x = brn_f32(j->in[0]);
	uint8_t *restrict y = j->out->data;
	int down = brn_attr_int(j->n, "detect_negative") != 0;
	int up = brn_attr_int(j->n, "detect_positive") != 0;

	for (int64_t i = r0; i < r1; i++)
		y[i] = (uint8_t)((up & (x[i] > FLT_MAX)) |
		    (down & (x[i] < -FLT_MAX)));
}

int
BRN_FOR_ISA(brn_rows_isinf)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_isinf);

	return brn_job_run_elements(&j, c->threads);
}
