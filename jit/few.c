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
#include "jit/few.h"

#include <stddef.h>
#include <string.h>
#ifdef __AVX__
#include <immintrin.h>
#endif

#if defined __AVX512F__
enum { LANES = 16 };
#elif defined __AVX__
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

enum {
	MAX_ABREAST = 8,
	MAX_VECS = 4,
	MAX_ACC = 8,
	AHEAD = 128,                    /* weights of a row to be brought, */
	STEPS_AHEAD = 64,               /* and steps of low blocks */
	ROOM = 128 << 10,                /* bytes of stack for x */
};

/* Vectors of floats anywhere.  */
#define FLOATS(n) \
	__attribute__((vector_size(4 * n), aligned(4), may_alias))
typedef float v4 FLOATS(4), v8 FLOATS(8), v16 FLOATS(16);

typedef float line __attribute__((vector_size(4 * LANES)));

/* How a pass is made: vectors of rows, and of tokens; block rows abreast; where
 * the sum of a row and a token is among the accumulators of a block row.  */
struct kind {
	int rows, tokens;
	int nv, nt, abreast;
	int per_row, per_token;
	int ahead;                      /* a column is half a line or more */
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

/* A line of y: some tokens, then zeros.  */
static inline __attribute__((always_inline)) void
put_line(float *y, const float *sum, int64_t step, int tokens)
{
#pragma GCC unroll 4
	for (int l = 0; l < BRN_TILE / LANES; l++)
		((line *)y)[l] = (line){ 0 };
#pragma GCC unroll 4
	for (int t = 0; t < tokens; t++)
		y[t] = sum[t * step];
}

/* The sums of block row i.  */
static inline __attribute__((always_inline)) void
store(const struct pass *p, int i, const struct kind z, const float *sum)
{
	int64_t at = brow_of(p, i) * p->a->bh + p->row;
	float *y = p->y + at * BRN_TILE;

#pragma GCC unroll 1
	for (int r = 0; r < z.rows; r++)
		put_line(y + r * BRN_TILE, sum + r * z.per_row, z.per_token,
		    z.tokens);
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
#include "jit/few_pass.def"
#undef NAME
#undef VEC
#undef MAC

#define MAC(a, b, c) ((a) + (b) * (c))

#define VEC v4
#define NAME(f) rows4_##f
#include "jit/few_pass.def"
#undef NAME
#undef VEC

#ifdef __AVX__
#define VEC v8
#define NAME(f) rows8_##f
#include "jit/few_pass.def"
#undef NAME
#undef VEC
#endif

#ifdef __AVX512F__
#define VEC v16
#define NAME(f) rows16_##f
#include "jit/few_pass.def"
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
#include "jit/few_pass.def"
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
#include "jit/few_pass.def"
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
#include "jit/few_pass.def"
#undef NAME
#undef VEC
#undef W
#undef X
#endif

/* ---- passes ----------------------------------------------------------- */

typedef void pass_fn(const struct pass *p);

/* R rows for one token, or for four: for x that was brought together and blocks
 * of one column, and for any.  */
#define PASS(R, T, f, NV, NT, A, ROW, TOKEN) \
	enum { abreast_##R##x##T = A }; \
	static void \
	near_##R##x##T(const struct pass *p) \
	{ \
		f(p, (struct kind){ R, T, NV, NT, A, ROW, TOKEN, R >= 8 }, \
		    1, T); \
	} \
	static void \
	any_##R##x##T(const struct pass *p) \
	{ \
		f(p, (struct kind){ R, T, NV, NT, A, ROW, TOKEN, R >= 8 }, \
		    p->bw, p->stride); \
	}
#define PASSES(R) { R, { abreast_##R##x1, abreast_##R##x4 }, \
    { { near_##R##x1, any_##R##x1 }, { near_##R##x4, any_##R##x4 } } },

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
	pass_fn *fn[2][2];
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
	int near = p->bw == 1 && p->stride != BRN_TILE;
	const struct passes *s = passes;
	int64_t first = p->brow;

	for (p->row = 0; p->row < a->bh; p->row += s->rows) {
		while (a->bh - p->row < s->rows)
			s++;
		for (p->brow = first; p->brow < p->end;
		    p->brow += s->abreast[four])
			s->fn[four][!near](p);
	}
}

/* ---- single weights --------------------------------------------------- */

/* Where the x of four weights are, in one load: there are more loads than
 * anything else.  GCC would take it for four again.  */
static inline uint64_t
cols_at(const uint16_t *col)
{
	uint64_t all;

	memcpy(&all, col, sizeof all);
	__asm__("" : "+r" (all));
	return all;
}

/* The x of weight i of those four.  Columns count double because addresses are
 * up to 8 times an index.  */
static inline const float *
x_at(const float *x, uint64_t cols, int i, int tokens)
{
	return (const float *)((const char *)x + (uint16_t)(cols >> 16 * i) *
	    (int64_t)(2 * tokens));
}

/* Eight rows: where their steps are, and which they are.  */
struct eight {
	const struct brn_step *step, *end;
	const int32_t *row;
};

/* What sums of a row start with.  */
static inline float
start(const struct brn_kernel_args *a, int32_t row)
{
	return a->bias && row < a->nbrow * a->bh ? a->bias[row] : 0;
}

/* The sums of a row, which may be somebody else's.  */
static inline __attribute__((always_inline)) void
put_row(const struct pass *p, int32_t row, const float *sum, int tokens)
{
	const struct brn_kernel_args *a = p->a;

	if (row >= a->brow0 * a->bh && row < a->brow1 * a->bh)
		put_line(p->y + (int64_t)row * BRN_TILE, sum, 1, tokens);
}

/* One token: lanes are rows.  */
static void
eight_rows(const struct pass *p, const struct eight *e)
{
	enum { N = BRN_ABREAST / 4 };
	const float *x = p->x;
	v4 acc[N], sum[N];

#pragma GCC unroll 2
	for (int i = 0; i < N; i++)
		acc[i] = (v4){ start(p->a, e->row[4 * i]),
		    start(p->a, e->row[4 * i + 1]),
		    start(p->a, e->row[4 * i + 2]),
		    start(p->a, e->row[4 * i + 3]) };
	for (const struct brn_step *s = e->step; s < e->end; s++) {
		__builtin_prefetch(s + STEPS_AHEAD, 0, 0);
#pragma GCC unroll 2
		for (int i = 0; i < N; i++) {
			uint64_t k = cols_at(s->col + 4 * i);

			acc[i] += *(const v4 *)(s->w + 4 * i) * (v4){
			    *x_at(x, k, 0, 1), *x_at(x, k, 1, 1),
			    *x_at(x, k, 2, 1), *x_at(x, k, 3, 1) };
		}
	}
#pragma GCC unroll 2
	for (int i = 0; i < N; i++)
		sum[i] = acc[i];
	for (int i = 0; i < BRN_ABREAST; i++)
		put_row(p, e->row[i], (const float *)sum + i, 1);
}

/* Four: they are the lanes.  */
static void
eight_rows_4(const struct pass *p, const struct eight *e)
{
	typedef int32_t i4 __attribute__((vector_size(16)));
	v4 acc[BRN_ABREAST];

#pragma GCC unroll 8
	for (int i = 0; i < BRN_ABREAST; i++)
		acc[i] = start(p->a, e->row[i]) - (v4){ 0 };
	for (const struct brn_step *s = e->step; s < e->end; s++) {
		__builtin_prefetch(s + STEPS_AHEAD, 0, 0);
#pragma GCC unroll 2
		for (int i = 0; i < BRN_ABREAST; i += 4) {
			uint64_t k = cols_at(s->col + i);
			v4 w = *(const v4 *)(s->w + i);

#ifdef __AVX__
			/* GCC would load each of them alone.  */
			__asm__("" : "+x" (w));
#endif
#pragma GCC unroll 4
			for (int j = 0; j < 4; j++)
				acc[i + j] += *(const v4 *)x_at(p->x, k, j,
				    BRN_FEW) *
				    __builtin_shuffle(w, w, (i4){ j, j,
				    j, j });
		}
	}
#pragma GCC unroll 8
	for (int i = 0; i < BRN_ABREAST; i++) {
		v4 sum = acc[i];

		put_row(p, e->row[i], (const float *)&sum, BRN_FEW);
	}
}

/* All rows, in windows; those at either end may be others' in part.  */
static void
ones(const struct pass *p, int four)
{
	const struct brn_kernel_args *a = p->a;
	const struct brn_ones *o = a->ones;
	const int64_t per = BRN_WINDOW / BRN_ABREAST;
	int64_t ngroup = (a->nbrow * a->bh + BRN_ABREAST - 1) / BRN_ABREAST;
	int64_t end = ((a->brow1 * a->bh - 1) / BRN_WINDOW + 1) * per;

	end = end < ngroup ? end : ngroup;
	for (int64_t g = a->brow0 * a->bh / BRN_WINDOW * per; g < end; g++) {
		struct eight e = { o->step + o->start[g],
		    o->step + o->start[g + 1], o->row + g * BRN_ABREAST };

		if (four)
			eight_rows_4(p, &e);
		else
			eight_rows(p, &e);
	}
}

/* ---- tiles ------------------------------------------------------------ */

/* The tokens of a tile of n features, and zeros.  */
static inline __attribute__((always_inline)) void
gather(float *to, const float *x, int64_t n, int tokens)
{
	for (int64_t i = 0; i < n; i++, x += BRN_TILE, to += tokens)
		memcpy(to, x, (size_t)tokens * sizeof *x);
	memset(to, 0, (size_t)tokens * sizeof *x);
}

static void
tile(const struct brn_kernel_args *a, int64_t i, float *room)
{
	int64_t n = a->nbcol * a->bw;
	int four = a->tokens > 1, ntoken = four ? BRN_FEW : 1;
	const float *x = a->x + i * n * BRN_TILE;
	int near = n < ROOM / (int64_t)sizeof *x / ntoken;
	int full = a->rowptr[a->nbrow] == a->nbrow * a->nbcol;
	struct pass p = { .a = a, .full = full, .bw = full ? n : a->bw,
	    .x = near ? room : x, .stride = near ? ntoken : BRN_TILE,
	    .y = a->y + i * a->nbrow * a->bh * BRN_TILE };

	if (near && four)
		gather(room, x, n, BRN_FEW);
	else if (near)
		gather(room, x, n, 1);
	if (near && a->ones && a->brow0 < a->brow1) {
		ones(&p, four);
		return;
	}
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
	float room[ROOM / sizeof (float)]
	    __attribute__((aligned(64)));

	for (int64_t i = a->tile0; i < a->tile1; i++)
		tile(a, i, room);
}
