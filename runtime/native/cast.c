/* SPDX-License-Identifier: Apache-2.0
 *
 * Casts between f32, f64, bool and integers up to i64, from each to each, and
 * between f16 and f32.  The ref does other types.
 */
#include <float.h>

#include "ir/graph/half.h"
#include "runtime/native/job.h"

/* PAIR(from, its C type, to, its C type, expression of v) for each integer type
 * as `to`.  EXPR(its C type, least, greatest) is the expression.  */
#define TO_INTS(PAIR, from, ctype, EXPR) \
	PAIR(from, ctype, U8,  uint8_t,  EXPR(uint8_t, 0, UINT8_MAX)) \
	PAIR(from, ctype, I8,  int8_t,   EXPR(int8_t, INT8_MIN, INT8_MAX)) \
	PAIR(from, ctype, U16, uint16_t, EXPR(uint16_t, 0, UINT16_MAX)) \
	PAIR(from, ctype, I16, int16_t,  EXPR(int16_t, INT16_MIN, INT16_MAX)) \
	PAIR(from, ctype, I32, int32_t,  EXPR(int32_t, INT32_MIN, INT32_MAX)) \
	PAIR(from, ctype, I64, int64_t,  EXPR(int64_t, INT64_MIN, INT64_MAX))

/* Of a float: truncated and clamped, NaN is 0.  An upper limit that is no float
 * becomes the next one, which is clamped, too.  */
#define CLAMP(otype, lo, hi) \
	(v != v ? 0 : v <= LIMIT(lo) ? (otype)lo : \
	v >= LIMIT(hi) ? (otype)hi : (otype)v)
#define LIMIT(n) ((__typeof__(v))(n))
#define WRAP(otype, lo, hi) v
#define IS_TRUE(otype, lo, hi) v != 0

/* As brn_f64_to_f32: a finite number does not become infinite.  */
#define NARROW \
	v - v != 0 || (v <= (double)FLT_MAX && v >= -(double)FLT_MAX) ? \
	(float)v : v < 0 ? -FLT_MAX : FLT_MAX

#define FROM_FLOAT(PAIR, from, ctype) \
	TO_INTS(PAIR, from, ctype, CLAMP) \
	PAIR(from, ctype, BOOL, uint8_t, v != 0)
#define FROM_INT(PAIR, from, ctype) \
	TO_INTS(PAIR, from, ctype, WRAP) \
	PAIR(from, ctype, F32, float, v) \
	PAIR(from, ctype, F64, double, v) \
	PAIR(from, ctype, BOOL, uint8_t, v != 0)
#define PAIRS(PAIR) \
	FROM_FLOAT(PAIR, F32, float) \
	FROM_FLOAT(PAIR, F64, double) \
	FROM_INT(PAIR, U8, uint8_t) \
	FROM_INT(PAIR, I8, int8_t) \
	FROM_INT(PAIR, U16, uint16_t) \
	FROM_INT(PAIR, I16, int16_t) \
	FROM_INT(PAIR, I32, int32_t) \
	FROM_INT(PAIR, I64, int64_t) \
	TO_INTS(PAIR, BOOL, uint8_t, IS_TRUE) \
	PAIR(BOOL, uint8_t, F32, float, v != 0) \
	PAIR(BOOL, uint8_t, F64, double, v != 0) \
	PAIR(F32, float, F32, float, v) \
	PAIR(F32, float, F64, double, v) \
	PAIR(F64, double, F32, float, NARROW)

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
			y[i] = (otype)(expr); \
		} \
	}
PAIRS(PAIR)
#undef PAIR

static void
run_F16_F32(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const uint16_t *x = j->in[0]->data;
	float *y = j->out->data;
	int64_t i = r0;

#ifdef __F16C__
	for (; i + 8 <= r1; i += 8)
		_mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128(
		    (const __m128i *)(const void *)(x + i))));
#endif
	for (; i < r1; i++)
		y[i] = brn_f16_to_f32(x[i]);
}

static void
run_F32_F16(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const float *x = j->in[0]->data;
	uint16_t *y = j->out->data;
	int64_t i = r0;

#ifdef __F16C__
	for (; i + 8 <= r1; i += 8)
		_mm_storeu_si128((__m128i *)(void *)(y + i), _mm256_cvtps_ph(
		    _mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#endif
	for (; i < r1; i++)
		y[i] = brn_f32_to_f16(x[i]);
}

static const struct {
	int from, to;
	brn_job_fn *run;
} pairs[] = {
#define PAIR(from, ctype, to, otype, expr) \
	{ BURIN_##from, BURIN_##to, run_##from##_##to },
PAIRS(PAIR)
#undef PAIR
	{ BURIN_F16, BURIN_F32, run_F16_F32 },
	{ BURIN_F32, BURIN_F16, run_F32_F16 },
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

/* Of the second operand only the type counts.  */
int
BRN_FOR_ISA(brn_rows_cast_like)(const struct brn_call *c)
{
	return BRN_FOR_ISA(brn_rows_cast)(c);
}
