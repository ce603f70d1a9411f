/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens.  Each vector of weights is loaded once for all tokens.  Lanes are
 * rows where there is a vector of them; else rows times four tokens, weights
 * spread by a shuffle; and with one token and one or two rows there are none:
 *
 *	acc[t] += w[column] * x[column][t]
 *
 * Rows of a block are done in powers of two.  Each sum takes its blocks in the
 * order in which the passes of other tiers do, so the results are the same
 * bits.  The tokens of x are brought together first: in tiles each has a line
 * of its own, which is more than the first cache holds.  What is beyond the
 * tokens is written as zero.
 */
#include "jit/builtin/few_tokens_line.h"

#include <stddef.h>

enum {
	MAX_ABREAST = 8,
	MAX_VECS = 4,
	MAX_ACC = 8,
	AHEAD = 1024,                   /* weights of a row to be brought */
	ROOM = 32 << 10,                /* floats of x on the stack */
};

/* How a pass is made: vectors of rows, and of tokens; block rows abreast; where
 * the sum of a row and a token is among the accumulators of a block row.  */
struct kind {
	int rows, tokens;
	int nv, nt, abreast;
	int per_row, per_token;
};

/* Where it starts.  */
struct pass {
	const struct brn_kernel_args *a;
	const float *x;                 /* of the tile */
	int64_t stride;                 /* floats from one x to the next */
	int64_t bw;                     /* all columns when full */
	float *y;                       /* of the tile */
	int full;                       /* every block is stored */
	int64_t brow, end;              /* block rows */
	int64_t row;                    /* in each of them */
};

/* A block row in it.  */
struct row {
	const int32_t *col;
	const float *w, *bias;
	int32_t n;                      /* blocks */
};

/* Past the last block row, the last once more, which does no harm.  */
static inline int64_t
brow_of(const struct pass *p, int i)
{
	int64_t b = p->brow + i;

	return b < p->end ? b : p->end - 1;
}

static inline struct row
row_at(const struct pass *p, int i, int64_t bw)
{
	static const int32_t first;
	const struct brn_kernel_args *a = p->a;
	int64_t b = brow_of(p, i), at = p->full ? b : a->rowptr[b];

	return (struct row){
		.col = p->full ? &first : a->colidx + at,
		.w = a->vals + at * bw * a->bh + p->row,
		.bias = a->bias ? a->bias + b * a->bh + p->row : NULL,
		.n = p->full ? 1 : (int32_t)(a->rowptr[b + 1] - at),
	};
}

/* Four rows of four tokens; sums of a token are step apart.  */
static inline __attribute__((always_inline)) void
put_square(float *y, const float *sum, int64_t step)
{
	typedef int32_t i4 __attribute__((vector_size(16)));
	v4 a = *(const v4 *)sum, b = *(const v4 *)(sum + step);
	v4 c = *(const v4 *)(sum + 2 * step);
	v4 d = *(const v4 *)(sum + 3 * step);
	v4 ab = __builtin_shuffle(a, b, (i4){ 0, 4, 1, 5 });
	v4 cd = __builtin_shuffle(c, d, (i4){ 0, 4, 1, 5 });

	brn_put_line(y, __builtin_shuffle(ab, cd, (i4){ 0, 1, 4, 5 }));
	brn_put_line(y + BRN_TILE, __builtin_shuffle(ab, cd,
	    (i4){ 2, 3, 6, 7 }));
	ab = __builtin_shuffle(a, b, (i4){ 2, 6, 3, 7 });
	cd = __builtin_shuffle(c, d, (i4){ 2, 6, 3, 7 });
	brn_put_line(y + 2 * BRN_TILE, __builtin_shuffle(ab, cd,
	    (i4){ 0, 1, 4, 5 }));
	brn_put_line(y + 3 * BRN_TILE, __builtin_shuffle(ab, cd,
	    (i4){ 2, 3, 6, 7 }));
}

/* The sums of block row i.  */
static inline __attribute__((always_inline)) void
store(const struct pass *p, int i, const struct kind z, const float *sum)
{
	int64_t at = brow_of(p, i) * p->a->bh + p->row;
	float *y = p->y + at * BRN_TILE;

	if (z.tokens == 1)
#pragma GCC unroll 8
		for (int r = 0; r < z.rows; r++)
			brn_put_line(y + r * BRN_TILE, (v4){ sum[r] });
	else if (z.per_token == 1)
#pragma GCC unroll 8
		for (int r = 0; r < z.rows; r++)
			brn_put_line(y + r * BRN_TILE,
			    *(const v4 *)(sum + 4 * r));
	else
#pragma GCC unroll 1
		for (int r = 0; r < z.rows; r += 4)
			put_square(y + r * BRN_TILE, sum + r, z.per_token);
}

/* ---- kinds of lanes --------------------------------------------------- */

/* Lanes are rows, or there is one.  */
#define W(p, j) ((const VEC *)(p))[j]
#define X(p, t) ((p)[t] - (VEC){ 0 })

/* GCC would make vectors of products of which it then adds one after the other:
 * that is not what an FMA rounds to.  */
#ifdef __FP_FAST_FMAF
#define MAC(a, b, c) __builtin_fmaf(b, c, a)
#else
#define MAC(a, b, c) ((a) + (b) * (c))
#endif
#define VEC float
#define NAME(f) ones_##f
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#undef MAC

#define MAC(a, b, c) ((a) + (b) * (c))

#define VEC v4
#define NAME(f) rows4_##f
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC

#ifdef __AVX__
#define VEC v8
#define NAME(f) rows8_##f
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#endif

#ifdef __AVX512F__
#define VEC v16
#define NAME(f) rows16_##f
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#endif

#undef W
#undef X

/* Lanes are rows times tokens.  */
#define VEC v4
#define NAME(f) by4_##f
#define W(p, j) ((p)[j] - (v4){ 0 })
#define X(p, t) (*(const v4 *)(p))
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#undef W
#undef X

#ifdef __AVX__
static inline v8
twice(const float *p)
{
	return (v8)_mm256_broadcast_ps((const __m128 *)p);
}

static inline v8
spread2(const float *p)
{
	return (v8)_mm256_permutevar_ps((__m256)_mm256_broadcast_sd(
	    (const double *)p), _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
}

#define VEC v8
#define NAME(f) by8_##f
#define W(p, j) spread2((p) + 2 * (j))
#define X(p, t) twice(p)
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#undef W
#undef X
#endif

#ifdef __AVX512F__
static inline v16
four(const float *p)
{
	return (v16)_mm512_broadcast_f32x4(_mm_loadu_ps(p));
}

static inline v16
spread4(const float *p)
{
	const __m512i row = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1,
	    2, 2, 2, 2, 3, 3, 3, 3);

	return (v16)_mm512_permutexvar_ps(row,
	    _mm512_castps128_ps512(_mm_loadu_ps(p)));
}

#define VEC v16
#define NAME(f) by16_##f
#define W(p, j) spread4((p) + 4 * (j))
#define X(p, t) four(p)
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#undef W
#undef X
#endif

/* ---- passes ----------------------------------------------------------- */

typedef void pass_fn(const struct pass *p, int64_t bw, int64_t stride);

/* R rows for one token, or for four: for x that was brought together and blocks
 * of one column, of four, and for any.  */
#define PASS(R, T, f, NV, NT, A, ROW, TOKEN) \
	enum { abreast_##R##x##T = A }; \
	static void \
	pass_##R##x##T(const struct pass *p, int64_t bw, int64_t stride) \
	{ \
		const struct kind z = { R, T, NV, NT, A, ROW, TOKEN }; \
		\
		if (stride == T && bw == 1) \
			f(p, z, 1, T); \
		else if (stride == T && bw == 4) \
			f(p, z, 4, T); \
		else \
			f(p, z, bw, stride); \
	}
#define PASSES(R) { R, { abreast_##R##x1, abreast_##R##x4 }, \
    { pass_##R##x1, pass_##R##x4 } },

PASS(1, 1, ones_pass, 1, 1, 8, 1, 1)
PASS(2, 1, ones_pass, 2, 1, 4, 1, 1)
PASS(4, 1, rows4_pass, 1, 1, 4, 1, 1)
PASS(1, 4, by4_pass, 1, 1, 8, 4, 1)
#if defined __AVX512F__
PASS(8, 1, rows8_pass, 1, 1, 8, 1, 1)
PASS(16, 1, rows16_pass, 1, 1, 4, 1, 1)
PASS(32, 1, rows16_pass, 2, 1, 2, 1, 1)
PASS(2, 4, by8_pass, 1, 1, 4, 4, 1)
PASS(4, 4, by16_pass, 1, 1, 4, 4, 1)
PASS(8, 4, rows8_pass, 1, 4, 4, 1, 8)
PASS(16, 4, rows16_pass, 1, 4, 2, 1, 16)
PASS(32, 4, rows16_pass, 2, 4, 1, 1, 32)
#elif defined __AVX__
PASS(8, 1, rows8_pass, 1, 1, 8, 1, 1)
PASS(16, 1, rows8_pass, 2, 1, 2, 1, 1)
PASS(2, 4, by8_pass, 1, 1, 4, 4, 1)
PASS(4, 4, by8_pass, 2, 1, 2, 4, 1)
PASS(8, 4, rows8_pass, 1, 4, 2, 1, 8)
PASS(16, 4, rows8_pass, 2, 4, 1, 1, 16)
#else
PASS(8, 1, rows4_pass, 2, 1, 2, 1, 1)
PASS(2, 4, by4_pass, 2, 1, 4, 4, 1)
PASS(4, 4, by4_pass, 4, 1, 2, 4, 1)
PASS(8, 4, rows4_pass, 2, 4, 1, 1, 8)
#endif

/* By rows, the most first; how many block rows each takes.  */
static const struct passes {
	int rows;
	int abreast[2];
	pass_fn *fn[2];
} passes[] = {
#if defined __AVX512F__
	PASSES(32) PASSES(16)
#elif defined __AVX__
	PASSES(16)
#endif
	PASSES(8) PASSES(4) PASSES(2) PASSES(1)
};

/* The rows of some block rows, from p->brow to p->end.  */
static void
some_rows(struct pass *p, int four)
{
	const struct brn_kernel_args *a = p->a;
	const struct passes *s = passes;
	int64_t first = p->brow;

	for (p->row = 0; p->row < a->bh; p->row += s->rows) {
		while (a->bh - p->row < s->rows)
			s++;
		for (p->brow = first; p->brow < p->end;
		    p->brow += s->abreast[four])
			s->fn[four](p, p->bw, p->stride);
	}
}

/* ---- tiles ------------------------------------------------------------ */

static void
tile(const struct brn_kernel_args *a, int64_t i, float *room)
{
	int64_t n = a->nbcol * a->bw;
	int four = a->tokens > 1, ntoken = four ? BRN_FEW : 1;
	const float *x = a->x + i * n * BRN_TILE;
	int near = n <= ROOM / ntoken;
	int full = a->rowptr[a->nbrow] == a->nbrow * a->nbcol;
	struct pass p = { .a = a, .full = full, .bw = full ? n : a->bw,
	    .x = near ? room : x, .stride = near ? ntoken : BRN_TILE,
	    .y = a->y + i * a->nbrow * a->bh * BRN_TILE };

	if (near)
		brn_gather(room, x, n, four);
	for (int64_t b = a->brow0; b < a->brow1; b = p.end) {
		p.brow = b;
		p.end = b + MAX_ABREAST < a->brow1 ? b + MAX_ABREAST :
		    a->brow1;
		some_rows(&p, four);
	}
}

void
BRN_FEW_OF(BRN_ISA)(const struct brn_kernel_args *a)
{
	float room[ROOM] __attribute__((aligned(64)));

	if (a->ones && a->brow0 < a->brow1) {
		BRN_FEW_LOW_OF(BRN_ISA)(a, room);
		return;
	}
	for (int64_t i = a->tile0; i < a->tile1; i++)
		tile(a, i, room);
}
