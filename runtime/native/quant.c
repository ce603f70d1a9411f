/* SPDX-License-Identifier: Apache-2.0
 *
 * QuantizeLinear and DequantizeLinear with one scale for the tensor, or one for
 * each index of an axis.
 */
#include <math.h>

#include "ir/graph/iter.h"
#include "runtime/native/job.h"

/* With one scale the rows are elements; else they have one scale each, the
 * inner elements of an index of the axis.  */
struct quant {
	struct brn_job job;
	int64_t channels, inner;        /* 1, 1: one scale */
};

/* Adding and taking away 1.5 * 2^23 rounds to an integer, half to even.  */
static const float ROUND = 12582912.0f;

static int64_t
zero_point(const struct brn_job *j, int64_t channel)
{
	return j->n->nin > 2 && j->in[2] ? brn_get_int(j->in[2], channel) : 0;
}

/* run_<name>: line of each row.  */
#define ROWS(name, from_t, to_t) \
	static void \
	run_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct quant *k = (const struct quant *)j; \
		const from_t *x = j->in[0]->data; \
		const float *scale = brn_f32(j->in[1]); \
		to_t *y = j->out->data; \
		int64_t n = k->inner; \
	\
		if (k->channels == 1) { \
			name(x + r0, y + r0, r1 - r0, *scale, \
			    zero_point(j, 0)); \
			return; \
		} \
		for (int64_t r = r0; r < r1; r++) \
			name(x + r * n, y + r * n, n, scale[r % k->channels], \
			    zero_point(j, r % k->channels)); \
	}

#define QUANTIZE(type, ctype) \
	static void \
	quantize_##type(const float *restrict x, ctype *restrict y, int64_t n, \
	    float scale, int64_t zero_point) \
	{ \
		float zero = (float)zero_point; \
		float lo = (float)brn_int_min(BURIN_##type) - zero; \
		float hi = (float)brn_int_max(BURIN_##type) - zero; \
	\
		for (int64_t i = 0; i < n; i++) { \
			float v = x[i] / scale; \
	\
			v = v < lo ? lo : v > hi ? hi : v == v ? v : 0; \
			v = (v + ROUND) - ROUND; \
			y[i] = (ctype)(int32_t)(v + zero); \
		} \
	} \
	ROWS(quantize_##type, float, ctype)
QUANTIZE(U16, uint16_t)
QUANTIZE(I16, int16_t)

#ifdef __AVX512F__
/* As lines of a tile, which takes no division; zero is that of u8.  */
static void
quantize_bytes(const float *x, uint8_t *y, int64_t n, float scale, int zero)
{
	struct brn_tile_quant q;
	float last[BRN_TILE] = { 0 };
	uint8_t bytes[BRN_TILE];
	int64_t lines = n / BRN_TILE;
	size_t rest = (size_t)(n % BRN_TILE);

	for (int i = 0; i < BRN_TILE; i++) {
		q.scale[i] = scale;
		q.zero[i] = zero;
	}
	BRN_FOR_ISA(brn_quantize)(x, lines, &q, BRN_QUANT_LINES, y);
	if (!rest)
		return;
	memcpy(last, x + lines * BRN_TILE, rest * sizeof *last);
	BRN_FOR_ISA(brn_quantize)(last, 1, &q, BRN_QUANT_LINES, bytes);
	memcpy(y + lines * BRN_TILE, bytes, rest);
}

static void
quantize_U8(const float *x, uint8_t *y, int64_t n, float scale, int64_t zero)
{
	quantize_bytes(x, y, n, scale, (int)zero);
}

static void
quantize_I8(const float *x, int8_t *y, int64_t n, float scale, int64_t zero)
{
	quantize_bytes(x, (uint8_t *)y, n, scale, (int)zero + 128);
	for (int64_t i = 0; i < n; i++)
		y[i] ^= -128;
}
ROWS(quantize_U8, float, uint8_t)
ROWS(quantize_I8, float, int8_t)
#else
QUANTIZE(U8, uint8_t)
QUANTIZE(I8, int8_t)
#endif

void
BRN_FOR_ISA(brn_quantize_u8)(const float *x, uint8_t *y, int64_t n,
    float scale, int zero)
{
	quantize_U8(x, y, n, scale, zero);
}

#define DEQUANTIZE(type, ctype) \
	static void \
	dequantize_##type(const ctype *restrict x, float *restrict y, \
	    int64_t n, float scale, int64_t zero_point) \
	{ \
		int32_t zero = (int32_t)zero_point; \
	\
		for (int64_t i = 0; i < n; i++) \
			y[i] = (float)((int32_t)x[i] - zero) * scale; \
	} \
	ROWS(dequantize_##type, ctype, float)
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

/* One scale, or a vector of them along the axis, in *k; 0: blocks have one.  */
static int
set_sizes(struct quant *k, const struct brn_call *c)
{
	const struct brn_type *x = &c->in[0]->type;
	int axis = brn_axis(brn_attr_int(c->n, "axis"), x->rank);

	k->channels = k->inner = k->job.cols = 1;
	k->job.rows = brn_numel(c->in[0]);
	if (brn_numel(c->in[1]) == 1)
		return 1;
	if (axis < 0 || c->in[1]->type.rank != 1 ||
	    brn_attr_int(c->n, "block_size"))
		return 0;
	k->channels = x->dim[axis];
	for (int d = axis + 1; d < x->rank; d++)
		k->inner *= x->dim[d];
	k->job.cols = k->inner;
	k->job.rows = k->inner ? k->job.rows / k->inner : 0;
	return brn_numel(c->in[1]) == k->channels;
}

int
BRN_FOR_ISA(brn_takes_quantize)(const struct brn_call *c)
{
	struct quant k;

	return brn_is_f32(c->in[0]) && quantize[c->out->type.dtype] &&
	    set_sizes(&k, c);
}

int
BRN_FOR_ISA(brn_rows_quantize_linear)(const struct brn_call *c)
{
	struct quant k = { .job = brn_job_of(c,
	    quantize[c->out->type.dtype]) };

	set_sizes(&k, c);
	return brn_job_run(&k.job, c->threads);
}

int
BRN_FOR_ISA(brn_takes_dequantize)(const struct brn_call *c)
{
	struct quant k;

	return dequantize[c->in[0]->type.dtype] && set_sizes(&k, c);
}

int
BRN_FOR_ISA(brn_rows_dequantize_linear)(const struct brn_call *c)
{
	struct quant k = { .job = brn_job_of(c,
	    dequantize[c->in[0]->type.dtype]) };

	set_sizes(&k, c);
	return brn_job_run(&k.job, c->threads);
}
