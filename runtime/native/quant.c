/* SPDX-License-Identifier: Apache-2.0
 *
 * Small integers and back, with one scale for the tensor.  Scales of their own
 * for an axis are those of weights, which are constants by now.
 */
#include <math.h>

#include "ir/graph/iter.h"
#include "runtime/native/isa.h"

/* Adding and taking away 1.5 * 2^23 rounds to an integer, half to even.  */
static const float ROUND = 12582912.0f;

static int64_t
zero_of(const struct brn_job *j)
{
	return j->n->nin > 2 && j->in[2] ? brn_get_int(j->in[2], 0) : 0;
}

#define QUANTIZE(name, ctype) \
	static void \
	run_quantize_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const float *restrict x = brn_f32(j->in[0]); \
		ctype *restrict y = j->out->data; \
		float scale = *brn_f32(j->in[1]), zero = (float)zero_of(j); \
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
		int32_t zero = (int32_t)zero_of(j); \
	\
		for (int64_t i = r0; i < r1; i++) \
			y[i] = (float)((int32_t)x[i] - zero) * scale; \
	}
DEQUANTIZE(U8, uint8_t)
DEQUANTIZE(I8, int8_t)
DEQUANTIZE(U16, uint16_t)
DEQUANTIZE(I16, int16_t)

/* By type; NULL where there is none.  */
static void (*const quantize[BURIN_BOOL])(const struct brn_job *, int64_t,
    int64_t) = {
	[BURIN_U8] = run_quantize_U8, [BURIN_I8] = run_quantize_I8,
	[BURIN_U16] = run_quantize_U16, [BURIN_I16] = run_quantize_I16,
};
static void (*const dequantize[BURIN_BOOL])(const struct brn_job *, int64_t,
    int64_t) = {
	[BURIN_U8] = run_dequantize_U8, [BURIN_I8] = run_dequantize_I8,
	[BURIN_U16] = run_dequantize_U16, [BURIN_I16] = run_dequantize_I16,
};

static int
run_all(struct brn_job *j, struct brn_threads *t)
{
	if (!j->run || brn_numel(j->in[1]) != 1)
		return BRN_DECLINED;
	j->rows = brn_numel(j->out);
	j->cols = 1;
	brn_job_run(j, t);
	return 0;
}

int
BRN_FOR_ISA(brn_native_quantize_linear)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct brn_job j = { .n = n, .in = in, .out = out };

	if (!brn_is_f32(in[0]))
		return BRN_DECLINED;
	j.run = quantize[out->type.dtype];
	return run_all(&j, t);
}

int
BRN_FOR_ISA(brn_native_dequantize_linear)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct brn_job j = { .n = n, .in = in, .out = out };

	j.run = dequantize[in[0]->type.dtype];
	return run_all(&j, t);
}
