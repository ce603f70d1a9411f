/* SPDX-License-Identifier: Apache-2.0
 *
 * QuantizeLinear and DequantizeLinear with one scale for the tensor.  A scale
 * for each index of an axis occurs with weights, which were made f32 at load.
 */
#include <math.h>

#include "ir/graph/iter.h"
#include "runtime/native/job.h"

/* Adding and taking away 1.5 * 2^23 rounds to an integer, half to even.  */
static const float ROUND = 12582912.0f;

static int64_t
zero_point(const struct brn_job *j)
{
	return j->n->nin > 2 && j->in[2] ? brn_get_int(j->in[2], 0) : 0;
}

#define QUANTIZE(name, ctype) \
	static void \
	run_quantize_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const float *restrict x = brn_f32(j->in[0]); \
		ctype *restrict y = j->out->data; \
		float scale = *brn_f32(j->in[1]), zero = (float)zero_point(j); \
		float lo = (float)brn_int_min(BURIN_##name) - zero; \
		float hi = (float)brn_int_max(BURIN_##name) - zero; \
	\
		for (int64_t i = r0; i < r1; i++) { \
			float v = x[i] / scale; \
	\
			v = v < lo ? lo : v > hi ? hi : v == v ? v : 0; \
			v = (v + ROUND) - ROUND; \
			y[i] = (ctype)(int32_t)(v + zero); \
		} \
	}
QUANTIZE(U8, uint8_t)
QUANTIZE(I8, int8_t)
QUANTIZE(U16, uint16_t)
QUANTIZE(I16, int16_t)

#define DEQUANTIZE(name, ctype) \
	static void \
	run_dequantize_##name(const struct brn_job *j, int64_t r0, \
	    int64_t r1) \
	{ \
		const ctype *restrict x = j->in[0]->data; \
		float *restrict y = j->out->data; \
		float scale = *brn_f32(j->in[1]); \
		int32_t zero = (int32_t)zero_point(j); \
	\
		for (int64_t i = r0; i < r1; i++) \
			y[i] = (float)((int32_t)x[i] - zero) * scale; \
	}
DEQUANTIZE(U8, uint8_t)
DEQUANTIZE(I8, int8_t)
DEQUANTIZE(U16, uint16_t)
DEQUANTIZE(I16, int16_t)

/* By type; NULL where there is none.  */
static brn_job_fn *const quantize[BURIN_BF16 + 1] = {
	[BURIN_U8] = run_quantize_U8, [BURIN_I8] = run_quantize_I8,
	[BURIN_U16] = run_quantize_U16, [BURIN_I16] = run_quantize_I16,
};
static brn_job_fn *const dequantize[BURIN_BF16 + 1] = {
	[BURIN_U8] = run_dequantize_U8, [BURIN_I8] = run_dequantize_I8,
	[BURIN_U16] = run_dequantize_U16, [BURIN_I16] = run_dequantize_I16,
};

/* One scale, and a loop for the integer type.  */
int
BRN_FOR_ISA(brn_takes_quantize)(const struct brn_call *c)
{
	return brn_is_f32(c->in[0]) && brn_numel(c->in[1]) == 1 &&
	    quantize[c->out->type.dtype];
}

int
BRN_FOR_ISA(brn_rows_quantize_linear)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, quantize[c->out->type.dtype]);

	return brn_job_run_elements(&j, c->threads);
}

int
BRN_FOR_ISA(brn_takes_dequantize)(const struct brn_call *c)
{
	return brn_numel(c->in[1]) == 1 && dequantize[c->in[0]->type.dtype];
}

int
BRN_FOR_ISA(brn_rows_dequantize_linear)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, dequantize[c->in[0]->type.dtype]);

	return brn_job_run_elements(&j, c->threads);
}
