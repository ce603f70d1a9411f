/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens: one, or up to four, which are computed as four, or eight packed
 * ones.  Each vector of weights is loaded once for all tokens:
 *
 *	acc[token] += w[column] * x[column][token]
 *
 * Lanes are the rows of a block where these fill a vector; else rows times four
 * tokens, with the weights spread by a shuffle, or eight tokens of a row.  One
 * token and one or two rows are scalar.  Blocks are done in passes of 1, 2, 4,
 * .. rows.  Each sum takes its blocks in the same order as in every other
 * kernel, so the results are the same bits.
 *
 * The wanted tokens of x are gathered first.  In a tile each feature has a line
 * of its own, which is more than L1 holds.  Tokens that are not wanted are
 * written as zero.  Packed x and y are used as they are.
 */
#include "jit/builtin/few_tokens.h"

#include "jit/builtin/few_tokens_line.h"
#include "jit/builtin/few_tokens_low.h"

#include <stddef.h>

enum {
	MAX_BROWS = 8,                  /* block rows of a pass */
	MAX_VECS = 4,                   /* vectors of weights of a column */
	MAX_ACC = 8,                    /* accumulators of a block row */
	PREFETCH_FLOATS = 1024,         /* of a row's weights */
	X_FLOATS = 34 << 10,            /* room for gathered x, on the stack: a
	                                   panel of few_weights.h at least */
};

/* The shape of a pass: nbrow block rows side by side, `rows` rows of each,
 * `tokens` tokens.  A column is nv vectors of weights times nt vectors of x.
 * The sum of row r and token t is float r * row_stride + t * token_stride of
 * the accumulators of its block row.  */
struct shape {
	int rows, tokens;
	int nv, nt, nbrow;
	int row_stride, token_stride;
};

/* Where a pass starts.  */
struct pass {
	const struct brn_kernel_args *a;
	const float *x;                 /* of the tile */
	int64_t stride;                 /* floats from feature to feature */
	int64_t bw;                     /* of all columns when full */
	float *y;                       /* of the tile */
	int full;                       /* every block is stored: a block row
	                                   is one wide block */
	int in_l2;                      /* weights are */
	int64_t brow, end;              /* block rows */
	int64_t row;                    /* in each of them */
};

/* A block row of a pass.  */
struct block_row {
	const int32_t *col;
	const float *w, *bias;
	int32_t n;                      /* blocks */
};

/* The i-th block row.  Past the end it is the last again, which is computed and
 * stored twice.  */
static inline int64_t
brow_of(const struct pass *p, int i)
{
	int64_t b = p->brow + i;

	return b < p->end ? b : p->end - 1;
}

static inline struct block_row
block_row_at(const struct pass *p, int i, int64_t bw)
{
	static const int32_t first_column;
	const struct brn_kernel_args *a = p->a;
	int64_t b = brow_of(p, i), at = p->full ? b : a->rowptr[b];

	return (struct block_row){
		.col = p->full ? &first_column : a->colidx + at,
		.w = a->vals + at * bw * a->bh + p->row,
		.bias = a->bias ? a->bias + b * a->bh + p->row : NULL,
		.n = p->full ? 1 : (int32_t)(a->rowptr[b + 1] - at),
	};
}

/* Transpose four rows of four tokens from sums that have the rows of a token
 * together; tokens are `step` floats apart.  */
static inline __attribute__((always_inline)) void
transpose_4x4(v4 *row, const float *sum, int64_t step)
{
	typedef int32_t i4 __attribute__((vector_size(16)));
	v4 a = *(const v4 *)sum, b = *(const v4 *)(sum + step);
	v4 c = *(const v4 *)(sum + 2 * step);
	v4 d = *(const v4 *)(sum + 3 * step);
	v4 ab = __builtin_shuffle(a, b, (i4){ 0, 4, 1, 5 });
	v4 cd = __builtin_shuffle(c, d, (i4){ 0, 4, 1, 5 });

	row[0] = __builtin_shuffle(ab, cd, (i4){ 0, 1, 4, 5 });
	row[1] = __builtin_shuffle(ab, cd, (i4){ 2, 3, 6, 7 });
	ab = __builtin_shuffle(a, b, (i4){ 2, 6, 3, 7 });
	cd = __builtin_shuffle(c, d, (i4){ 2, 6, 3, 7 });
	row[2] = __builtin_shuffle(ab, cd, (i4){ 0, 1, 4, 5 });
	row[3] = __builtin_shuffle(ab, cd, (i4){ 2, 3, 6, 7 });
}

/* Store the sums of a block row, packed.  */
static inline __attribute__((always_inline)) void
store_packed(float *y, const struct shape z, const float *sum)
{
	v4 row[4];

	if (z.token_stride == 1) {
		__builtin_memcpy(y, sum, (size_t)(z.rows * z.tokens) *
		    sizeof *y);
		return;
	}
#pragma GCC unroll 1
	for (int r = 0; r < z.rows; r += 4)
#pragma GCC unroll 2
		for (int t = 0; t < z.tokens; t += 4) {
			transpose_4x4(row, sum + t * z.token_stride + r,
			    z.token_stride);
#pragma GCC unroll 4
			for (int k = 0; k < 4; k++)
				*(v4 *)(y + (r + k) * z.tokens + t) = row[k];
		}
}

/* Store the sums of the i-th block row.  */
static inline __attribute__((always_inline)) void
store_sums(const struct pass *p, int i, const struct shape z,
    const float *sum)
{
	int64_t at = brow_of(p, i) * p->a->bh + p->row;
	float *y = p->y + at * BRN_TILE;
	v4 row[4];

	if (z.tokens == BRN_PACKED_TOKENS || p->a->stride)
		store_packed(p->y + at * z.tokens, z, sum);
	else if (z.tokens == 1)
#pragma GCC unroll 8
		for (int r = 0; r < z.rows; r++)
			brn_store_line(y + r * BRN_TILE, (v4){ sum[r] });
	else if (z.token_stride == 1)
#pragma GCC unroll 8
		for (int r = 0; r < z.rows; r++)
			brn_store_line(y + r * BRN_TILE,
			    *(const v4 *)(sum + 4 * r));
	else
#pragma GCC unroll 1
		for (int r = 0; r < z.rows; r += 4) {
			transpose_4x4(row, sum + r, z.token_stride);
#pragma GCC unroll 4
			for (int k = 0; k < 4; k++)
				brn_store_line(y + (r + k) * BRN_TILE, row[k]);
		}
}

/* ---- passes by what their lanes are ----------------------------------- */

/* Lanes are rows; or there is one lane, a row.  */
#define W(p, j) ((const VEC *)(p))[j]
#define X(p, t) ((p)[t] - (VEC){ 0 })

/* Scalars must call for the FMA: GCC would multiply in vectors and then add the
 * products one by one, which rounds twice.  */
#ifdef __FP_FAST_FMAF
#define MAC(a, b, c) __builtin_fmaf(b, c, a)
#else
#define MAC(a, b, c) ((a) + (b) * (c))
#endif
#define VEC float
#define NAME(f) scalar_##f
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

/* Lanes are eight tokens of a row.  */
#define VEC v8
#define NAME(f) tokens_##f
#define W(p, j) ((p)[j] - (v8){ 0 })
#define X(p, t) (*(const v8 *)(p))
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#undef W
#undef X

/* Lanes are one, two or four rows times four tokens.  */
#define VEC v4
#define NAME(f) tokens4_##f
#define W(p, j) ((p)[j] - (v4){ 0 })
#define X(p, t) (*(const v4 *)(p))
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#undef W
#undef X

#ifdef __AVX__
/* Four floats, twice.  */
static inline v8
repeat2(const float *p)
{
	return (v8)_mm256_broadcast_ps((const __m128 *)p);
}

/* Two floats, four times each.  */
static inline v8
spread2(const float *p)
{
	return (v8)_mm256_permutevar_ps((__m256)_mm256_broadcast_sd(
	    (const double *)p), _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
}

#define VEC v8
#define NAME(f) tokens8_##f
#define W(p, j) spread2((p) + 2 * (j))
#define X(p, t) repeat2(p)
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#undef W
#undef X
#endif

#ifdef __AVX512F__
static inline v16
repeat4(const float *p)
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
#define NAME(f) tokens16_##f
#define W(p, j) spread4((p) + 4 * (j))
#define X(p, t) repeat4(p)
#include "jit/builtin/few_tokens_pass.def"
#undef NAME
#undef VEC
#undef W
#undef X
#endif

/* ---- passes by size --------------------------------------------------- */

typedef void pass_fn(const struct pass *p, int64_t bw, int64_t stride);

/* A pass of R rows and T tokens by function f, with the rest of its struct
 * shape.  Compiled for packed x and blocks of one and of four columns, for
 * weights of which every block is stored, and once for all others; also for
 * packed x and weights in L2, where every block is stored or has one
 * column.  */
#define PASS(R, T, f, NV, NT, NBROW, ROW, TOKEN) \
	enum { nbrow_##R##x##T = NBROW }; \
	static void \
	pass_##R##x##T(const struct pass *p, int64_t bw, int64_t stride) \
	{ \
		const struct shape z = { R, T, NV, NT, NBROW, ROW, \
		    TOKEN }; \
		\
		if (stride == T && p->full && p->in_l2) \
			f(p, z, bw, T, 1, 0); \
		else if (stride == T && p->full) \
			f(p, z, bw, T, 1, 1); \
		else if (stride == T && bw == 1 && p->in_l2) \
			f(p, z, 1, T, 0, 0); \
		else if (stride == T && bw == 1) \
			f(p, z, 1, T, 0, 1); \
		else if (stride == T && bw == 4) \
			f(p, z, 4, T, 0, 1); \
		else \
			f(p, z, bw, stride, 0, 1); \
	}
#define PASSES_4(R) { R, { nbrow_##R##x1, nbrow_##R##x4, 0 }, \
    { pass_##R##x1, pass_##R##x4, NULL } },
#define PASSES(R) { R, { nbrow_##R##x1, nbrow_##R##x4, nbrow_##R##x8 }, \
    { pass_##R##x1, pass_##R##x4, pass_##R##x8 } },

PASS(1, 1, scalar_pass, 1, 1, 8, 1, 1)
PASS(2, 1, scalar_pass, 2, 1, 4, 1, 1)
PASS(4, 1, rows4_pass, 1, 1, 4, 1, 1)
PASS(1, 4, tokens4_pass, 1, 1, 8, 4, 1)
PASS(1, 8, tokens_pass, 1, 1, 8, 8, 1)
PASS(2, 8, tokens_pass, 2, 1, 4, 8, 1)
PASS(4, 8, tokens_pass, 4, 1, 2, 8, 1)
#if defined __AVX512F__
PASS(8, 1, rows8_pass, 1, 1, 8, 1, 1)
PASS(16, 1, rows16_pass, 1, 1, 4, 1, 1)
PASS(32, 1, rows16_pass, 2, 1, 2, 1, 1)
PASS(2, 4, tokens8_pass, 1, 1, 4, 4, 1)
PASS(4, 4, tokens16_pass, 1, 1, 4, 4, 1)
PASS(8, 4, rows8_pass, 1, 4, 4, 1, 8)
PASS(16, 4, rows16_pass, 1, 4, 2, 1, 16)
PASS(32, 4, rows16_pass, 2, 4, 1, 1, 32)
PASS(8, 8, rows8_pass, 1, 8, 2, 1, 8)
PASS(16, 8, rows16_pass, 1, 8, 2, 1, 16)
#elif defined __AVX__
PASS(8, 1, rows8_pass, 1, 1, 8, 1, 1)
PASS(16, 1, rows8_pass, 2, 1, 2, 1, 1)
PASS(2, 4, tokens8_pass, 1, 1, 4, 4, 1)
PASS(4, 4, tokens8_pass, 2, 1, 2, 4, 1)
PASS(8, 4, rows8_pass, 1, 4, 2, 1, 8)
PASS(16, 4, rows8_pass, 2, 4, 1, 1, 16)
PASS(8, 8, rows8_pass, 1, 8, 1, 1, 8)
#else
PASS(8, 1, rows4_pass, 2, 1, 2, 1, 1)
PASS(2, 4, tokens4_pass, 2, 1, 4, 4, 1)
PASS(4, 4, tokens4_pass, 4, 1, 2, 4, 1)
PASS(8, 4, rows4_pass, 2, 4, 1, 1, 8)
#endif

/* By rows, the most first.  Each has a function for one token, one for four and
 * maybe one for eight, and the number of block rows that it takes.  */
static const struct passes {
	int rows;
	int nbrow[3];
	pass_fn *fn[3];
} passes[] = {
#if defined __AVX512F__
	PASSES_4(32) PASSES(16) PASSES(8)
#elif defined __AVX__
	PASSES_4(16) PASSES(8)
#else
	PASSES_4(8)
#endif
	PASSES(4) PASSES(2) PASSES(1)
};

/* All rows of the block rows from p->brow to p->end.  */
static void
run_block_rows(struct pass *p, int tokens)
{
	int k = tokens == 1 ? 0 : tokens == BRN_FEW_TOKENS ? 1 : 2;
	const struct brn_kernel_args *a = p->a;
	const struct passes *s = passes;
	int64_t first = p->brow;

	for (p->row = 0; p->row < a->bh; p->row += s->rows) {
		while (a->bh - p->row < s->rows || !s->fn[k])
			s++;
		for (p->brow = first; p->brow < p->end;
		    p->brow += s->nbrow[k])
			s->fn[k](p, p->bw, p->stride);
	}
}

/* ---- tiles ------------------------------------------------------------ */

static void
run_tile(const struct brn_kernel_args *a, int64_t i, int in_l2, float *room)
{
	int64_t n = a->nbcol * a->bw;
	int64_t feature = a->stride ? a->stride : BRN_TILE;
	int four = a->tokens > 1, ntoken = a->stride ? (int)a->stride :
	    four ? BRN_FEW_TOKENS : 1;
	const float *x = (const float *)a->x + i * n * feature;
	int gather = !a->stride && n <= X_FLOATS / ntoken;
	int full = a->rowptr[a->nbrow] == a->nbrow * a->nbcol;
	struct pass p = { .a = a, .full = full, .in_l2 = in_l2,
	    .bw = full ? n : a->bw,
	    .x = gather ? room : x, .stride = gather ? ntoken : feature,
	    .y = a->y + i * a->nbrow * a->bh * feature };

	if (gather)
		brn_gather_tokens(room, x, n, four);
	for (int64_t b = a->brow0; b < a->brow1; b = p.end) {
		p.brow = b;
		p.end = b + MAX_BROWS < a->brow1 ? b + MAX_BROWS :
		    a->brow1;
		run_block_rows(&p, ntoken);
	}
}

static void
run_tiles(const struct brn_kernel_args *a, int in_l2)
{
	float room[X_FLOATS] __attribute__((aligned(64)));

	if (a->few && a->brow0 < a->brow1) {
		BRN_FEW_TOKENS_LOW(BRN_ISA)(a, room);
		return;
	}
	for (int64_t i = a->tile0; i < a->tile1; i++)
		run_tile(a, i, in_l2, room);
}

void
BRN_FEW_TOKENS_OF(BRN_ISA)(const struct brn_kernel_args *a)
{
	run_tiles(a, 0);
}

void
BRN_FEW_TOKENS_IN_L2(BRN_ISA)(const struct brn_kernel_args *a)
{
	run_tiles(a, 1);
}
