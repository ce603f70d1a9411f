/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens of low blocks: the steps of brn_pack_ones, one after the other.
 * With one token lanes are eight rows, with four two rows of them.  All rows go
 * through a panel of features before the next; their sums wait in y.
 */
#include "jit/builtin/few_tokens_line.h"

#include <stddef.h>
#include <string.h>

enum { FLOATS_AHEAD = 12 << 10 };       /* of steps, to be brought */

/* A panel of a tile.  */
struct pass {
	const struct brn_ones *o;
	const float *x;
	const float *from;              /* what sums start with: per floats */
	int64_t per;                    /* a row; four of them if per > 1 */
	float *y;
	int32_t row, nrow;              /* that are wanted */
};

/* Where the x of four rows are, in one load: there are more loads than
 * anything else.  GCC would take it for four again.  */
static inline uint64_t
cols_at(const float *p, int i)
{
	uint64_t all;

	memcpy(&all, (const char *)p + 2 * i, sizeof all);
	__asm__("" : "+r" (all));
	return all;
}

/* The x of row i of those four, with one instruction more where there is one.
 * Columns count double because addresses are up to 8 times an index.  */
static inline __attribute__((always_inline)) const float *
x_at(const float *x, uint64_t cols, int i, int tokens)
{
#ifdef __AVX512F__
	if (i == 1 || i == 2)
		cols = _pext_u64(cols, 0xffffull << 16 * i);
	else
#endif
		cols = (uint16_t)(cols >> 16 * i);
	return (const float *)((const char *)x + cols * (uint64_t)(2 * tokens));
}

/* Brings what comes a while later to the second cache.  The first has few
 * places to wait in, which would leave bandwidth unused.  */
static inline __attribute__((always_inline)) void
bring(const float *step, int cols)
{
#pragma GCC unroll 4
	for (int i = 0; i < BRN_STEP(cols); i += 16)
		__builtin_prefetch(step + FLOATS_AHEAD + i, 0, 2);
}

/* What the sums of a row start with; nothing for rows of others.  */
static inline v4
start(const struct pass *p, int32_t row)
{
	const float *at = p->from + row * p->per;

	if ((uint32_t)(row - p->row) >= (uint32_t)p->nrow)
		return (v4){ 0 };
	if (p->per > 1)
		return *(const v4 *)at;
	return *at - (v4){ 0 };
}

static inline void
put_row(const struct pass *p, int32_t row, v4 sum)
{
	if ((uint32_t)(row - p->row) < (uint32_t)p->nrow)
		brn_put_line(p->y + (int64_t)row * BRN_TILE, sum);
}

/* What is known of rows is not worth registers between start and end.  */
#define FORGET() __asm__ volatile("" : : : "memory")

/* Rows and their steps.  */
struct eight {
	const int32_t *row;
	const float *step, *end;
};

#ifdef __AVX2__
static inline v8
pair(const float *low, const float *high)
{
	return (v8)_mm256_insertf128_ps(_mm256_castps128_ps256(
	    _mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}

#ifdef __AVX512F__
/* One feature of each of eight rows: the load puts it in its place.  */
static inline __attribute__((always_inline)) v8
of_eight(const float *x, uint64_t k, uint64_t m)
{
	__m256 low = _mm256_castps128_ps256(_mm_load_ss(x_at(x, k, 0, 1)));
	__m256 high = _mm256_broadcast_ss(x_at(x, m, 0, 1));

#define PUT(to, i, p) \
	to = _mm256_mask_broadcastss_ps(to, 1 << (i), _mm_load_ss(p))
	PUT(low, 1, x_at(x, k, 1, 1));
	PUT(high, 5, x_at(x, m, 1, 1));
	PUT(low, 2, x_at(x, k, 2, 1));
	PUT(high, 6, x_at(x, m, 2, 1));
	PUT(low, 3, x_at(x, k, 3, 1));
	PUT(high, 7, x_at(x, m, 3, 1));
#undef PUT
	return (v8)_mm256_blend_ps(low, high, 0xf0);
}
#else
static inline __attribute__((always_inline)) v8
of_eight(const float *x, uint64_t k, uint64_t m)
{
	return (v8){ *x_at(x, k, 0, 1), *x_at(x, k, 1, 1),
	    *x_at(x, k, 2, 1), *x_at(x, k, 3, 1), *x_at(x, m, 0, 1),
	    *x_at(x, m, 1, 1), *x_at(x, m, 2, 1), *x_at(x, m, 3, 1) };
}
#endif

/* Four features of each: four vectors of rows.  */
static inline __attribute__((always_inline)) void
turn(const float *x, uint64_t k, uint64_t m, v8 *to)
{
	__m256 a = (__m256)pair(x_at(x, k, 0, 1), x_at(x, m, 0, 1));
	__m256 b = (__m256)pair(x_at(x, k, 1, 1), x_at(x, m, 1, 1));
	__m256 c = (__m256)pair(x_at(x, k, 2, 1), x_at(x, m, 2, 1));
	__m256 d = (__m256)pair(x_at(x, k, 3, 1), x_at(x, m, 3, 1));
	__m256d ab = (__m256d)_mm256_unpacklo_ps(a, b);
	__m256d cd = (__m256d)_mm256_unpacklo_ps(c, d);

	to[0] = (v8)_mm256_unpacklo_pd(ab, cd);
	to[1] = (v8)_mm256_unpackhi_pd(ab, cd);
	ab = (__m256d)_mm256_unpackhi_ps(a, b);
	cd = (__m256d)_mm256_unpackhi_ps(c, d);
	to[2] = (v8)_mm256_unpacklo_pd(ab, cd);
	to[3] = (v8)_mm256_unpackhi_pd(ab, cd);
}

static inline __attribute__((always_inline)) void
one_token(const struct pass *p, const struct eight *e, const int cols)
{
	float sum[BRN_ABREAST] __attribute__((aligned(32)));
	v4 s0[BRN_ABREAST];
	v8 acc;

#pragma GCC unroll 8
	for (int i = 0; i < BRN_ABREAST; i++)
		s0[i] = start(p, e->row[i]);
	acc = (v8){ s0[0][0], s0[1][0], s0[2][0], s0[3][0], s0[4][0],
	    s0[5][0], s0[6][0], s0[7][0] };
	for (const float *s = e->step; s < e->end; s += BRN_STEP(cols)) {
		uint64_t k = cols_at(s + cols * BRN_ABREAST, 0);
		uint64_t m = cols_at(s + cols * BRN_ABREAST, 4);
		v8 x[BRN_ONES_COLS];

		bring(s, cols);
		if (cols == 1)
			x[0] = of_eight(p->x, k, m);
		else
			turn(p->x, k, m, x);
#pragma GCC unroll 4
		for (int c = 0; c < cols; c++)
			acc += ((const v8 *)s)[c] * x[c];
	}
	*(v8 *)sum = acc;
	FORGET();
#pragma GCC unroll 8
	for (int i = 0; i < BRN_ABREAST; i++)
		put_row(p, e->row[i], (v4){ sum[i] });
}

static inline __attribute__((always_inline)) void
four_tokens(const struct pass *p, const struct eight *e, const int cols)
{
	enum { N = BRN_ABREAST / 2 };
	__m256i spread[N];
	v8 acc[N];

#pragma GCC unroll 4
	for (int i = 0; i < N; i++) {
		v4 low = start(p, e->row[2 * i]);
		v4 high = start(p, e->row[2 * i + 1]);

		acc[i] = (v8)_mm256_insertf128_ps(_mm256_castps128_ps256(
		    (__m128)low), (__m128)high, 1);
		spread[i] = _mm256_setr_epi32(2 * i, 2 * i, 2 * i, 2 * i,
		    2 * i + 1, 2 * i + 1, 2 * i + 1, 2 * i + 1);
	}
	for (const float *s = e->step; s < e->end; s += BRN_STEP(cols)) {
		uint64_t k = cols_at(s + cols * BRN_ABREAST, 0);
		uint64_t m = cols_at(s + cols * BRN_ABREAST, 4);
		const float *x[BRN_ABREAST];

		bring(s, cols);
#pragma GCC unroll 8
		for (int i = 0; i < BRN_ABREAST; i++)
			x[i] = x_at(p->x, i < 4 ? k : m, i % 4, BRN_FEW);
#pragma GCC unroll 4
		for (int c = 0; c < cols; c++) {
			v8 w = ((const v8 *)s)[c];

			/* GCC would load it for each of them.  */
			__asm__("" : "+x" (w));
#pragma GCC unroll 4
			for (int i = 0; i < N; i++)
				acc[i] += pair(x[2 * i] + c * BRN_FEW,
				    x[2 * i + 1] + c * BRN_FEW) *
				    (v8)_mm256_permutevar8x32_ps((__m256)w,
				    spread[i]);
		}
	}
	FORGET();
#pragma GCC unroll 4
	for (int i = 0; i < N; i++) {
		__m256 sum = (__m256)acc[i];

		put_row(p, e->row[2 * i], (v4)_mm256_castps256_ps128(sum));
		put_row(p, e->row[2 * i + 1],
		    (v4)_mm256_extractf128_ps(sum, 1));
	}
}
#else
static inline __attribute__((always_inline)) void
one_token(const struct pass *p, const struct eight *e, const int cols)
{
	enum { N = BRN_ABREAST / 4 };
	v4 acc[N], s0[BRN_ABREAST];

#pragma GCC unroll 8
	for (int i = 0; i < BRN_ABREAST; i++)
		s0[i] = start(p, e->row[i]);
#pragma GCC unroll 2
	for (int i = 0; i < N; i++)
		acc[i] = (v4){ s0[4 * i][0], s0[4 * i + 1][0],
		    s0[4 * i + 2][0], s0[4 * i + 3][0] };
	for (const float *s = e->step; s < e->end; s += BRN_STEP(cols)) {
		bring(s, cols);
#pragma GCC unroll 2
		for (int i = 0; i < N; i++) {
			uint64_t k = cols_at(s + cols * BRN_ABREAST, 4 * i);
#pragma GCC unroll 4
			for (int c = 0; c < cols; c++)
				acc[i] += ((const v4 *)s)[N * c + i] * (v4){
				    x_at(p->x, k, 0, 1)[c],
				    x_at(p->x, k, 1, 1)[c],
				    x_at(p->x, k, 2, 1)[c],
				    x_at(p->x, k, 3, 1)[c] };
		}
	}
#pragma GCC unroll 8
	for (int i = 0; i < BRN_ABREAST; i++)
		put_row(p, e->row[i], (v4){ acc[i / 4][i % 4] });
}

static inline __attribute__((always_inline)) void
four_tokens(const struct pass *p, const struct eight *e, const int cols)
{
	v4 acc[BRN_ABREAST];

#pragma GCC unroll 8
	for (int i = 0; i < BRN_ABREAST; i++)
		acc[i] = start(p, e->row[i]);
	for (const float *s = e->step; s < e->end; s += BRN_STEP(cols)) {
		bring(s, cols);
#pragma GCC unroll 8
		for (int i = 0; i < BRN_ABREAST; i++) {
			const float *x = x_at(p->x, cols_at(s + cols *
			    BRN_ABREAST, i / 4 * 4), i % 4, BRN_FEW);
#pragma GCC unroll 4
			for (int c = 0; c < cols; c++)
				acc[i] += *(const v4 *)(x + c * BRN_FEW) *
				    (s[c * BRN_ABREAST + i] - (v4){ 0 });
		}
	}
#pragma GCC unroll 8
	for (int i = 0; i < BRN_ABREAST; i++)
		put_row(p, e->row[i], acc[i]);
}
#endif

/* Groups from g to end, counted over all panels.  */
#define GROUPS(name, cols) \
	static void __attribute__((noinline)) \
	name##_##cols(const struct pass *p, int64_t g, int64_t end) \
	{ \
		const struct brn_ones *o = p->o; \
		const int64_t size = BRN_STEP(cols); \
		\
		for (; g < end; g++) \
			name(p, &(struct eight){ o->row + g * BRN_ABREAST, \
			    o->step + o->start[g] * size, \
			    o->step + o->start[g + 1] * size }, cols); \
	}
GROUPS(one_token, 1) GROUPS(one_token, 4)
GROUPS(four_tokens, 1) GROUPS(four_tokens, 4)

/* Some groups of panel k: whole windows, those at either end may be others' in
 * part.  */
static void
panel(const struct brn_kernel_args *a, const struct pass *p, int32_t k)
{
	static void (*const groups[2][2])(const struct pass *, int64_t,
	    int64_t) = {
		{ one_token_1, one_token_4 }, { four_tokens_1, four_tokens_4 },
	};
	const int64_t per = BRN_WINDOW / BRN_ABREAST;
	int64_t all = (a->nbrow * a->bh + BRN_ABREAST - 1) / BRN_ABREAST;
	int64_t first = a->brow0 * a->bh / BRN_WINDOW * per;
	int64_t end = ((a->brow1 * a->bh - 1) / BRN_WINDOW + 1) * per;

	end = end < all ? end : all;
	groups[a->tokens > 1][p->o->cols > 1](p, k * all + first,
	    k * all + end);
}

static void
tile(const struct brn_kernel_args *a, int64_t t, float *room)
{
	static const float zero;
	int64_t n = a->nbcol * a->bw, wide = a->ones->panel;
	struct pass p = { a->ones, room, a->bias ? a->bias : &zero,
	    a->bias != NULL, a->y + t * a->nbrow * a->bh * BRN_TILE,
	    (int32_t)(a->brow0 * a->bh),
	    (int32_t)((a->brow1 - a->brow0) * a->bh) };

	for (int32_t k = 0; k < p.o->npanel; k++) {
		int64_t at = k * wide, some = n - at < wide ? n - at : wide;

		brn_gather(room, a->x + (t * n + at) * BRN_TILE, some,
		    a->tokens > 1);
		memset(room + some * (a->tokens > 1 ? BRN_FEW : 1), 0,
		    BRN_ONES_COLS * BRN_FEW * sizeof *room);
		panel(a, &p, k);
		p.from = p.y;
		p.per = BRN_TILE;
	}
}

void
BRN_FEW_LOW_OF(BRN_ISA)(const struct brn_kernel_args *a, float *room)
{
	for (int64_t t = a->tile0; t < a->tile1; t++)
		tile(a, t, room);
}
