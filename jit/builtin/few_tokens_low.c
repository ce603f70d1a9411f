/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens of low blocks: through the steps of few_weights.h.  With one token
 * the lanes are the eight rows of a group; with four tokens a vector holds two
 * rows of four tokens; of a whole tile the lanes are tokens.  Between panels of
 * features the sums wait in y.
 */
#include "jit/builtin/few_tokens_low.h"

#include "jit/builtin/few_tokens_line.h"
#include "jit/builtin/few_weights.h"

#include <stddef.h>
#include <string.h>

enum { PREFETCH_FLOATS = 12 << 10 };    /* ahead of the current step */

/* One panel of one tile.  */
struct panel {
	const struct brn_few_weights *few;
	const float *x;                 /* gathered */
	/* Initial sums: of row r at initial[r * stride].  The bias or zero in
	 * the first panel (stride 1 or 0: one float for all tokens), y in the
	 * next ones (stride line: four tokens, or one where that is 1).  */
	const float *initial;
	int64_t stride;
	float *y;
	int64_t line;                   /* floats of y from row to row */
	int32_t row, nrow;              /* rows of this call */
};

/* The features of four rows from the i-th on, 16 bits each, in one load: the
 * load ports are the bottleneck.  The asm keeps GCC from loading them one by
 * one.  */
static inline uint64_t
load_features(const float *p, int i)
{
	uint64_t all;

	memcpy(&all, (const char *)p + 2 * i, sizeof all);
	__asm__("" : "+r" (all));
	return all;
}

/* The x of the i-th of those four features.  pext replaces a shift and a mask
 * where it is fast.  Features are stored doubled because 2 * tokens, 2 or 8, is
 * a scale that an address can have; 4 * tokens, 16, is not.  */
static inline __attribute__((always_inline)) const float *
x_at(const float *x, uint64_t features, int i, int tokens)
{
#ifdef __AVX512F__
	if (i == 1 || i == 2)
		features = _pext_u64(features, 0xffffull << 16 * i);
	else
#endif
		features = (uint16_t)(features >> 16 * i);
	return (const float *)((const char *)x +
	    features * (uint64_t)(2 * tokens));
}

/* Prefetch steps into L2.  L1 has too few miss buffers to cover the latency of
 * memory at full bandwidth.  */
static inline __attribute__((always_inline)) void
prefetch_step(const float *step, int cols)
{
#pragma GCC unroll 4
	for (int i = 0; i < BRN_FEW_STEP(cols); i += 16)
		__builtin_prefetch(step + PREFETCH_FLOATS + i, 0, 2);
}

/* Is the row of this call?  Another thread computes and stores the others.  */
static inline int
is_mine(const struct panel *p, int32_t row)
{
	return (uint32_t)(row - p->row) < (uint32_t)p->nrow;
}

/* Where the initial sums of a row are.  Zeros for rows of other calls.  */
static inline const float *
initial_of(const struct panel *p, int32_t row)
{
	static const float zeros[BRN_TILE] __attribute__((aligned(64)));

	return is_mine(p, row) ? p->initial + row * p->stride : zeros;
}

/* The initial sums of a row, of four tokens.  */
static inline v4
initial_sums(const struct panel *p, int32_t row)
{
	const float *at = initial_of(p, row);

	if (p->stride > 1)
		return *(const v4 *)at;
	return *at - (v4){ 0 };
}

/* Store the sums of a row, if it is of this call.  */
static inline void
store_row(const struct panel *p, int32_t row, v4 sum)
{
	float *y = p->y + (int64_t)row * p->line;

	if (!is_mine(p, row))
		return;
	if (p->line == BRN_TILE)
		brn_store_line(y, sum);
	else if (p->line == 1)
		*y = sum[0];
	else
		*(v4 *)y = sum;
}

/* The row numbers are loaded anew after the loop: kept in registers they would
 * spill accumulators.  */
#define RELOAD_ROWS() __asm__ volatile("" : : : "memory")

/* The rows of a group, and its steps in a panel.  */
struct group {
	const int32_t *row;
	const float *step, *end;
};

#ifdef __AVX2__
/* Four floats from each of two addresses.  */
static inline v8
load_halves(const float *low, const float *high)
{
	return (v8)_mm256_insertf128_ps(_mm256_castps128_ps256(
	    _mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}

#ifdef __AVX512F__
/* The x of one feature a row, in the lanes of the rows.  Masked broadcasts load
 * into a lane, where inserts would need the shuffle port.  */
static inline __attribute__((always_inline)) v8
gather_rows(const float *x, uint64_t k, uint64_t m)
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
gather_rows(const float *x, uint64_t k, uint64_t m)
{
	return (v8){ *x_at(x, k, 0, 1), *x_at(x, k, 1, 1),
	    *x_at(x, k, 2, 1), *x_at(x, k, 3, 1), *x_at(x, m, 0, 1),
	    *x_at(x, m, 1, 1), *x_at(x, m, 2, 1), *x_at(x, m, 3, 1) };
}
#endif

/* The x of four adjacent features a row, transposed: to[c] has feature c of
 * each row.  */
static inline __attribute__((always_inline)) void
gather_rows_by_4(const float *x, uint64_t k, uint64_t m, v8 *to)
{
	__m256 a = (__m256)load_halves(x_at(x, k, 0, 1), x_at(x, m, 0, 1));
	__m256 b = (__m256)load_halves(x_at(x, k, 1, 1), x_at(x, m, 1, 1));
	__m256 c = (__m256)load_halves(x_at(x, k, 2, 1), x_at(x, m, 2, 1));
	__m256 d = (__m256)load_halves(x_at(x, k, 3, 1), x_at(x, m, 3, 1));
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
one_token(const struct panel *p, const struct group *e, const int cols)
{
	float sum[BRN_FEW_ROWS] __attribute__((aligned(32)));
	v4 s0[BRN_FEW_ROWS];
	v8 acc;

#pragma GCC unroll 8
	for (int i = 0; i < BRN_FEW_ROWS; i++)
		s0[i] = initial_sums(p, e->row[i]);
	acc = (v8){ s0[0][0], s0[1][0], s0[2][0], s0[3][0], s0[4][0],
	    s0[5][0], s0[6][0], s0[7][0] };
	for (const float *s = e->step; s < e->end; s += BRN_FEW_STEP(cols)) {
		uint64_t k = load_features(s + cols * BRN_FEW_ROWS, 0);
		uint64_t m = load_features(s + cols * BRN_FEW_ROWS, 4);
		v8 x[BRN_FEW_MAX_COLS];

		prefetch_step(s, cols);
		if (cols == 1)
			x[0] = gather_rows(p->x, k, m);
		else
			gather_rows_by_4(p->x, k, m, x);
#pragma GCC unroll 4
		for (int c = 0; c < cols; c++)
			acc += ((const v8 *)s)[c] * x[c];
	}
	*(v8 *)sum = acc;
	RELOAD_ROWS();
#pragma GCC unroll 8
	for (int i = 0; i < BRN_FEW_ROWS; i++)
		store_row(p, e->row[i], (v4){ sum[i] });
}

static inline __attribute__((always_inline)) void
four_tokens(const struct panel *p, const struct group *e, const int cols)
{
	enum { N = BRN_FEW_ROWS / 2 };
	__m256i spread[N];
	v8 acc[N];

#pragma GCC unroll 4
	for (int i = 0; i < N; i++) {
		v4 low = initial_sums(p, e->row[2 * i]);
		v4 high = initial_sums(p, e->row[2 * i + 1]);

		acc[i] = (v8)_mm256_insertf128_ps(_mm256_castps128_ps256(
		    (__m128)low), (__m128)high, 1);
		spread[i] = _mm256_setr_epi32(2 * i, 2 * i, 2 * i, 2 * i,
		    2 * i + 1, 2 * i + 1, 2 * i + 1, 2 * i + 1);
	}
	for (const float *s = e->step; s < e->end; s += BRN_FEW_STEP(cols)) {
		uint64_t k = load_features(s + cols * BRN_FEW_ROWS, 0);
		uint64_t m = load_features(s + cols * BRN_FEW_ROWS, 4);
		const float *x[BRN_FEW_ROWS];

		prefetch_step(s, cols);
#pragma GCC unroll 8
		for (int i = 0; i < BRN_FEW_ROWS; i++)
			x[i] = x_at(p->x, i < 4 ? k : m, i % 4, BRN_FEW_TOKENS);
#pragma GCC unroll 4
		for (int c = 0; c < cols; c++) {
			v8 w = ((const v8 *)s)[c];

			/* Else GCC loads w again for each row pair.  */
			__asm__("" : "+x" (w));
#pragma GCC unroll 4
			for (int i = 0; i < N; i++)
				acc[i] += load_halves(
				    x[2 * i] + c * BRN_FEW_TOKENS,
				    x[2 * i + 1] + c * BRN_FEW_TOKENS) *
				    (v8)_mm256_permutevar8x32_ps((__m256)w,
				    spread[i]);
		}
	}
	RELOAD_ROWS();
#pragma GCC unroll 4
	for (int i = 0; i < N; i++) {
		__m256 sum = (__m256)acc[i];

		store_row(p, e->row[2 * i], (v4)_mm256_castps256_ps128(sum));
		store_row(p, e->row[2 * i + 1],
		    (v4)_mm256_extractf128_ps(sum, 1));
	}
}
#else
static inline __attribute__((always_inline)) void
one_token(const struct panel *p, const struct group *e, const int cols)
{
	enum { N = BRN_FEW_ROWS / 4 };
	v4 acc[N], s0[BRN_FEW_ROWS];

#pragma GCC unroll 8
	for (int i = 0; i < BRN_FEW_ROWS; i++)
		s0[i] = initial_sums(p, e->row[i]);
#pragma GCC unroll 2
	for (int i = 0; i < N; i++)
		acc[i] = (v4){ s0[4 * i][0], s0[4 * i + 1][0],
		    s0[4 * i + 2][0], s0[4 * i + 3][0] };
	for (const float *s = e->step; s < e->end; s += BRN_FEW_STEP(cols)) {
		prefetch_step(s, cols);
#pragma GCC unroll 2
		for (int i = 0; i < N; i++) {
			uint64_t k = load_features(s + cols * BRN_FEW_ROWS,
			    4 * i);
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
	for (int i = 0; i < BRN_FEW_ROWS; i++)
		store_row(p, e->row[i], (v4){ acc[i / 4][i % 4] });
}

static inline __attribute__((always_inline)) void
four_tokens(const struct panel *p, const struct group *e, const int cols)
{
	v4 acc[BRN_FEW_ROWS];

#pragma GCC unroll 8
	for (int i = 0; i < BRN_FEW_ROWS; i++)
		acc[i] = initial_sums(p, e->row[i]);
	for (const float *s = e->step; s < e->end; s += BRN_FEW_STEP(cols)) {
		prefetch_step(s, cols);
#pragma GCC unroll 8
		for (int i = 0; i < BRN_FEW_ROWS; i++) {
			const float *x = x_at(p->x, load_features(s + cols *
			    BRN_FEW_ROWS, i / 4 * 4), i % 4, BRN_FEW_TOKENS);
#pragma GCC unroll 4
			for (int c = 0; c < cols; c++)
				acc[i] +=
				    *(const v4 *)(x + c * BRN_FEW_TOKENS) *
				    (s[c * BRN_FEW_ROWS + i] - (v4){ 0 });
		}
	}
#pragma GCC unroll 8
	for (int i = 0; i < BRN_FEW_ROWS; i++)
		store_row(p, e->row[i], acc[i]);
}
#endif

/* Rows of a group whose sums of a whole tile fit the registers together.  */
enum { VECS = BRN_TILE / LANES, TILE_ROWS = BRN_FEW_ROWS / VECS };

/* Store the sums of all tokens of a row, if it is of this call.  */
static inline __attribute__((always_inline)) void
store_tile_row(const struct panel *p, int32_t row, const line *sum)
{
	line *to = (line *)(p->y + (int64_t)row * BRN_TILE);

	if (!is_mine(p, row))
		return;
#pragma GCC unroll 4
	for (int v = 0; v < VECS; v++)
		to[v] = sum[v];
}

/* TILE_ROWS rows of the group, from number `first` on.  */
static inline __attribute__((always_inline)) void
some_rows_of_tile(const struct panel *p, const struct group *e, const int cols,
    const int first)
{
	const float *initial[TILE_ROWS];
	line acc[TILE_ROWS][VECS];

#pragma GCC unroll 8
	for (int i = 0; i < TILE_ROWS; i++) {
		initial[i] = initial_of(p, e->row[first + i]);
#pragma GCC unroll 4
		for (int v = 0; v < VECS; v++)
			acc[i][v] = p->stride > 1 ?
			    ((const line *)initial[i])[v] :
			    *initial[i] - (line){ 0 };
	}
	for (const float *s = e->step; s < e->end; s += BRN_FEW_STEP(cols)) {
		prefetch_step(s, cols);
#pragma GCC unroll 8
		for (int i = 0; i < TILE_ROWS; i++) {
			const int at = first + i;
			const line *x = (const line *)x_at(p->x, load_features(
			    s + cols * BRN_FEW_ROWS, at / 4 * 4), at % 4,
			    BRN_TILE);
#pragma GCC unroll 4
			for (int c = 0; c < cols; c++)
#pragma GCC unroll 4
				for (int v = 0; v < VECS; v++)
					acc[i][v] += x[c * VECS + v] *
					    (s[c * BRN_FEW_ROWS + at] -
					    (line){ 0 });
		}
	}
	RELOAD_ROWS();
#pragma GCC unroll 8
	for (int i = 0; i < TILE_ROWS; i++)
		store_tile_row(p, e->row[first + i], acc[i]);
}

static inline __attribute__((always_inline)) void
whole_tile(const struct panel *p, const struct group *e, const int cols)
{
#pragma GCC unroll 4
	for (int i = 0; i < BRN_FEW_ROWS; i += TILE_ROWS)
		some_rows_of_tile(p, e, cols, i);
}

/* name_<cols>: groups g to end, numbered through all panels.  */
#define GROUPS(name, cols) \
	static void __attribute__((noinline)) \
	name##_##cols(const struct panel *p, int64_t g, int64_t end) \
	{ \
		const struct brn_few_weights *f = p->few; \
		const int64_t size = BRN_FEW_STEP(cols); \
		\
		for (; g < end; g++) \
			name(p, &(struct group){ f->row + g * BRN_FEW_ROWS, \
			    f->step + f->start[g] * size, \
			    f->step + f->start[g + 1] * size }, cols); \
	}
GROUPS(one_token, 1) GROUPS(one_token, 4)
GROUPS(four_tokens, 1) GROUPS(four_tokens, 4)
GROUPS(whole_tile, 1) GROUPS(whole_tile, 4)

/* How many tokens are computed together: 1, 4 or all of a tile.  */
static int
tokens_at_once(const struct brn_kernel_args *a)
{
	if (a->tokens < 1 || a->tokens > BRN_FEW_TOKENS)
		return BRN_TILE;
	return a->tokens > 1 ? BRN_FEW_TOKENS : 1;
}

/* The groups of panel k that have rows of this call.  Whole windows, since rows
 * change places in them: the first and the last window may have rows of other
 * calls, too.  */
static void
run_panel(const struct brn_kernel_args *a, const struct panel *p,
    int32_t k)
{
	static void (*const groups[3][2])(const struct panel *, int64_t,
	    int64_t) = {
		{ one_token_1, one_token_4 }, { four_tokens_1, four_tokens_4 },
		{ whole_tile_1, whole_tile_4 },
	};
	int tokens = tokens_at_once(a);
	const int64_t per = BRN_FEW_WINDOW / BRN_FEW_ROWS;
	int64_t all = (a->nbrow * a->bh + BRN_FEW_ROWS - 1) / BRN_FEW_ROWS;
	int64_t first = a->brow0 * a->bh / BRN_FEW_WINDOW * per;
	int64_t end = ((a->brow1 * a->bh - 1) / BRN_FEW_WINDOW + 1) * per;

	end = end < all ? end : all;
	groups[(tokens > 1) + (tokens > BRN_FEW_TOKENS)][p->few->cols > 1](p,
	    k * all + first, k * all + end);
}

/* The x of n features, and zeros behind them, which is the x of filled up
 * places.  */
static void
gather_panel(const struct brn_kernel_args *a, float *to, const float *x,
    int64_t n)
{
	int tokens = tokens_at_once(a);
	int64_t size = n * (a->stride ? a->stride : tokens);

	if (a->stride || tokens == BRN_TILE)
		memcpy(to, x, (size_t)size * sizeof *to);
	else
		brn_gather_tokens(to, x, n, tokens > 1);
	memset(to + size, 0, (size_t)(BRN_FEW_MAX_COLS * tokens) * sizeof *to);
}

static void
run_tile(const struct brn_kernel_args *a, int64_t t, float *x_panel)
{
	static const float zero;
	int64_t n = a->nbcol * a->bw, wide = a->few->panel;
	int64_t feature = a->stride ? a->stride : BRN_TILE;
	const float *x = a->x;
	struct panel p = { a->few, x_panel, a->bias ? a->bias : &zero,
	    a->bias != NULL, a->y + t * a->nbrow * a->bh * feature, feature,
	    (int32_t)(a->brow0 * a->bh),
	    (int32_t)((a->brow1 - a->brow0) * a->bh) };

	for (int32_t k = 0; k < p.few->npanel; k++) {
		int64_t at = k * wide, some = n - at < wide ? n - at : wide;

		gather_panel(a, x_panel, x + (t * n + at) * feature, some);
		run_panel(a, &p, k);
		p.initial = p.y;
		p.stride = feature;
	}
}

void
BRN_FEW_TOKENS_LOW(BRN_ISA)(const struct brn_kernel_args *a, float *x_panel)
{
	for (int64_t t = a->tile0; t < a->tile1; t++)
		run_tile(a, t, x_panel);
}
