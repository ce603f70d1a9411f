/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains of elementwise steps (ir/graph/chain.h), on rows and on tiles.  All
 * steps are applied to a block of the result that stays in L1 before the next
 * block.
 */
#include "ir/graph/chain.h"
#include "runtime/native/job.h"
#include "runtime/native/round.h"

enum { BLOCK = 1024 };          /* elements of a block: 4 KB */

/* Rows of the job are tiles, [feature][width], or the rows of the tensor, for
 * which width is 1.  */
struct chain {
	struct brn_job job;
	int64_t width;
	enum brn_chain_operand operand[BRN_CHAIN_STEPS];
};

/* n elements, the first of which is element at of a row.  y may be x.  */
struct block {
	const float *x;
	float *y;
	int64_t row, at, n;
};

#ifdef __AVX512F__
static inline __attribute__((always_inline)) void
round_group(const float *x, float *y, int lines, const struct brn_rounding *q)
{
	__m512 v[BRN_ROUND_LINES];
	__m512i i[BRN_ROUND_LINES];

#pragma GCC unroll 8
	for (int k = 0; k < lines; k++)
		v[k] = _mm512_loadu_ps(x + k * BRN_TILE);
	brn_round_lines(v, lines, q, i);
#pragma GCC unroll 8
	for (int k = 0; k < lines; k++)
		_mm512_storeu_ps(y + k * BRN_TILE, _mm512_mul_ps(
		    _mm512_cvtepi32_ps(i[k]), q->scale));
}

void
BRN_FOR_ISA(brn_round)(const float *x, float *y, int64_t n, float scale,
    int zero)
{
	struct brn_rounding q = brn_rounding(scale, zero);
	float last[BRN_TILE] = { 0 };
	int64_t i = 0;

	for (; i + BRN_ROUND_LINES * BRN_TILE <= n;
	    i += BRN_ROUND_LINES * BRN_TILE)
		round_group(x + i, y + i, BRN_ROUND_LINES, &q);
	for (; i + BRN_TILE <= n; i += BRN_TILE)
		round_group(x + i, y + i, 1, &q);
	if (i == n)
		return;
	memcpy(last, x + i, (size_t)(n - i) * sizeof *last);
	round_group(last, last, 1, &q);
	memcpy(y + i, last, (size_t)(n - i) * sizeof *last);
}

/* y = table[byte].  GCC makes 16 loads of a loop.  */
static void
look_up(const uint8_t *byte, const float *table, float *y, int64_t n)
{
	int64_t i = 0;

	for (; i + BRN_TILE <= n; i += BRN_TILE)
		_mm512_storeu_ps(y + i, _mm512_i32gather_ps(
		    _mm512_cvtepu8_epi32(_mm_loadu_si128(
		    (const __m128i *)(byte + i))), table, sizeof *table));
	for (; i < n; i++)
		y[i] = table[byte[i]];
}
#else
void
BRN_FOR_ISA(brn_round)(const float *x, float *y, int64_t n, float scale,
    int zero)
{
	for (; n > 0; n -= BLOCK, x += BLOCK, y += BLOCK) {
		int64_t some = n < BLOCK ? n : BLOCK;
		uint8_t byte[BLOCK];

		BRN_FOR_ISA(brn_quantize_u8)(x, byte, some, scale, zero);
		for (int64_t i = 0; i < some; i++)
			y[i] = (float)(byte[i] - zero) * scale;
	}
}

static void
look_up(const uint8_t *byte, const float *table, float *y, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] = table[byte[i]];
}
#endif

static void
table_block(const struct block *b, const float *q)
{
	uint8_t byte[BLOCK];

	BRN_FOR_ISA(brn_quantize_u8)(b->x, byte, b->n, q[0],
	    brn_chain_zero(q));
	look_up(byte, q + 2, b->y, b->n);
}

/* y = x op v, by lines of width elements, each with a v of its own.  */
#define STEP(name, op) \
	static inline void \
	name##_line(float *y, const float *x, float v, int64_t n) \
	{ \
		_Pragma("GCC ivdep") \
		for (int64_t i = 0; i < n; i++) \
			y[i] = x[i] op v; \
	} \
	static inline void \
	name##_tile_line(float *y, const float *x, float v) \
	{ \
		for (int i = 0; i < BRN_TILE; i += BRN_LANES) \
			*(brn_vec *)(y + i) = *(const brn_vec *)(x + i) op v; \
	} \
	static void \
	name##_block(const struct block *b, const float *v, int64_t width) \
	{ \
		if (width == 1) { \
			_Pragma("GCC ivdep") \
			for (int64_t i = 0; i < b->n; i++) \
				b->y[i] = b->x[i] op v[i]; \
			return; \
		} \
		for (int64_t i = 0; i < b->n; i += width, v++) \
			if (width == BRN_TILE) \
				name##_tile_line(b->y + i, b->x + i, *v); \
			else \
				name##_line(b->y + i, b->x + i, *v, width); \
	}
STEP(add, +)
STEP(sub, -)
STEP(mul, *)
STEP(div, /)

/* The step of that kind with the numbers of v, each for width elements.  */
static void
run_step(enum brn_chain_kind kind, const struct block *b, const float *v,
    int64_t width)
{
	switch (kind) {
	case BRN_CHAIN_round:
		BRN_FOR_ISA(brn_round)(b->x, b->y, b->n, v[0],
		    brn_chain_zero(v));
		break;
	case BRN_CHAIN_table:
		table_block(b, v);
		break;
	case BRN_CHAIN_add:
		add_block(b, v, width);
		break;
	case BRN_CHAIN_sub:
		sub_block(b, v, width);
		break;
	case BRN_CHAIN_mul:
		mul_block(b, v, width);
		break;
	default:
		div_block(b, v, width);
	}
}

static void
run_block(const struct chain *k, struct block b)
{
	const struct brn_job *j = &k->job;

	for (int i = 0; i + 1 < j->n->nin; i++) {
		enum brn_chain_kind kind = brn_chain_kind(j->n, i);
		const float *v = brn_f32(j->in[i + 1]);
		int64_t width = k->width;

		if (k->operand[i] == BRN_CHAIN_SAME) {
			v += b.row * j->cols + b.at;
			width = 1;
		} else if (k->operand[i] == BRN_CHAIN_FEATURE) {
			v += b.at / width;
		} else {
			width = b.n;
		}
		run_step(kind, &b, v, width);
		b.x = b.y;
	}
}

static void
run_rows(const struct brn_job *j, int64_t r0, int64_t r1)
{
	for (int64_t r = r0; r < r1; r++)
		for (int64_t at = 0; at < j->cols; at += BLOCK) {
			int64_t i = r * j->cols + at, left = j->cols - at;

			run_block((const struct chain *)j, (struct block){
			    brn_f32(j->in[0]) + i, (float *)j->out->data + i, r,
			    at, left < BLOCK ? left : BLOCK });
		}
}

/* The same where no operand has numbers for features: blocks cross rows.  */
static void
run_elements(const struct brn_job *j, int64_t r0, int64_t r1)
{
	for (int64_t at = r0; at < r1; at += BLOCK)
		run_block((const struct chain *)j, (struct block){
		    brn_f32(j->in[0]) + at, (float *)j->out->data + at, 0, at,
		    r1 - at < BLOCK ? r1 - at : BLOCK });
}

/* How the operands meet x; those of steps that round are numbers.  Returns
 * whether any has numbers for features.  Types are those of the call: of a
 * band,
 * whose result may have room for all tiles.  */
static int
read_operands(struct chain *k, const struct brn_call *c)
{
	int any = 0;

	for (int i = 0; i + 1 < c->n->nin; i++) {
		k->operand[i] = brn_chain_numbers(brn_chain_kind(c->n, i)) ?
		    BRN_CHAIN_NUMBER : brn_chain_operand(c->type[0],
		    c->type[i + 1]);
		any |= k->operand[i] == BRN_CHAIN_FEATURE;
	}
	return any;
}

int
BRN_FOR_ISA(brn_any_chain)(const struct brn_call *c)
{
	const struct brn_type *x = c->type[0];
	struct chain k = { .job = brn_job_of(c, run_rows), .width = 1 };
	int64_t features = x->rank ? x->dim[x->rank - 1] : 1;
	int by_feature = read_operands(&k, c);

	k.job.rows = features ? brn_type_numel(x) / features : 0;
	if (c->n->tiles) {
		k.width = brn_tiles_of(x).width;
		k.job.rows = brn_tiles_of(x).n;
	}
	k.job.cols = k.width * features;
	if (!by_feature) {
		k.job.run = run_elements;
		k.job.rows *= k.job.cols;
		k.job.cols = 1;
	}
	return brn_job_run(&k.job, c->threads);
}
