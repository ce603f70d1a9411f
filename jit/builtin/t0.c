/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 0: the instruction set is fixed, block shape and pattern are read from
 * the arguments.  Compiled once for each instruction set, with its flags and
 * -DBRN_ISA=<name>.  Passes are like those of tier 1 (jit/emit/t1.c), but of
 * whole tiles and with powers of two for rows: 7 rows take passes of 4, 2 and
 * 1.
 */
#include "jit/builtin/t0.h"

#include <stddef.h>

#if defined __AVX512F__
enum { LANES = 16, MAX_ROWS = 16 };
#elif defined __AVX__
enum { LANES = 8, MAX_ROWS = 4 };
#else
enum { LANES = 4, MAX_ROWS = 2 };
#endif

enum {
	NVEC = BRN_TILE / LANES,        /* vectors a tile */
	MAX_ACC = MAX_ROWS * NVEC,      /* accumulators of a pass */
	MAX_TILES = 4,
	WANT_ROWS = 8,                  /* up to here rows save more loads than
	                                   tiles */
	TILE_GROUP = 8,                 /* tiles that go through a block row
	                                   before the next */
	PREFETCH_FLOATS = 512,          /* of weights */
};

typedef float vec __attribute__((vector_size(LANES * sizeof (float))));

/* Where a pass starts.  */
struct at {
	int64_t tile, brow;
	int64_t row;                    /* within the block */
};

static inline vec
splat(float f)
{
	return f - (vec){ 0 };
}

/* R rows through T tiles, in blocks of bw columns.  R and T are constants
 * wherever this is inlined, so that accumulators are registers.  */
static inline __attribute__((always_inline)) void
pass(const struct brn_kernel_args *a, const struct at *at, const int R,
    const int T, const int64_t bw)
{
	const int nx = T * NVEC;
	const int64_t xtile = a->nbcol * bw * NVEC;
	const int64_t ytile = a->nbrow * a->bh * NVEC;
	const int64_t row = at->brow * a->bh + at->row;
	const int32_t lo = a->rowptr[at->brow], hi = a->rowptr[at->brow + 1];
	const vec *x0 = (const vec *)a->x + at->tile * xtile;
	const float *w = a->vals + lo * a->bh * bw + at->row;
	vec *y = (vec *)a->y + at->tile * ytile + row * NVEC;
	vec acc[MAX_ACC], xs[MAX_ACC];

#pragma GCC unroll 16
	for (int r = 0; r < R; r++)
#pragma GCC unroll 16
		for (int i = 0; i < nx; i++)
			acc[r * nx + i] = splat(a->bias ? a->bias[row + r] : 0);
	for (int32_t b = lo; b < hi; b++) {
		const vec *x = x0 + a->colidx[b] * bw * NVEC;

		for (int64_t c = 0; c < bw; c++) {
			if (R >= 4)
				__builtin_prefetch(w + PREFETCH_FLOATS);
#pragma GCC unroll 16
			for (int i = 0; i < nx; i++)
				xs[i] = x[i / NVEC * xtile + i % NVEC];
#pragma GCC unroll 16
			for (int r = 0; r < R; r++)
#pragma GCC unroll 16
				for (int i = 0; i < nx; i++)
					acc[r * nx + i] += splat(w[r]) * xs[i];
			x += NVEC;
			w += a->bh;
		}
	}
#pragma GCC unroll 16
	for (int r = 0; r < R; r++)
#pragma GCC unroll 16
		for (int i = 0; i < nx; i++)
			y[i / NVEC * ytile + r * NVEC + i % NVEC] =
			    acc[r * nx + i];
}

#define PASS(R, T) \
	static void \
	pass_##R##x##T(const struct brn_kernel_args *a, const struct at *at) \
	{ \
		if (a->bw == 1) \
			pass(a, at, R, T, 1); \
		else \
			pass(a, at, R, T, a->bw); \
	}
PASS(1, 1) PASS(2, 1) PASS(1, 2)
#if defined __AVX__
PASS(4, 1) PASS(2, 2) PASS(1, 4)
#endif
#if defined __AVX512F__
PASS(8, 1) PASS(16, 1) PASS(4, 2) PASS(8, 2) PASS(2, 4) PASS(4, 4)
#endif

/* [log2 of tiles][log2 of rows] */
static void (*const passes[3][5])(const struct brn_kernel_args *,
    const struct at *) = {
#if defined __AVX512F__
	{ pass_1x1, pass_2x1, pass_4x1, pass_8x1, pass_16x1 },
	{ pass_1x2, pass_2x2, pass_4x2, pass_8x2 },
	{ pass_1x4, pass_2x4, pass_4x4 },
#elif defined __AVX__
	{ pass_1x1, pass_2x1, pass_4x1 },
	{ pass_1x2, pass_2x2 },
	{ pass_1x4 },
#else
	{ pass_1x1, pass_2x1 },
	{ pass_1x2 },
#endif
};

/* All rows of a block row through 1 << t tiles.  */
static void
run_block_row(const struct brn_kernel_args *a, struct at at, int t)
{
	int r = 4;

	while (!passes[t][r])
		r--;
	for (at.row = 0; at.row < a->bh; at.row += 1 << r) {
		while (a->bh - at.row < 1 << r)
			r--;
		passes[t][r](a, &at);
	}
}

/* log2 of the tiles of the widest pass.  */
static int
widest_pass(const struct brn_kernel_args *a)
{
	int64_t want = a->bh < WANT_ROWS ? a->bh : WANT_ROWS;
	int t = 0;

	while (2 << t <= MAX_TILES && MAX_ROWS >> (t + 1) >= want)
		t++;
	return t;
}

/* All block rows through the tiles from `tile` to `end`.  */
static void
run_tiles(const struct brn_kernel_args *a, int64_t tile, int64_t end)
{
	for (int64_t b = a->brow0; b < a->brow1; b++) {
		struct at at = { tile, b, 0 };

		for (int t = widest_pass(a); t >= 0; t--)
			for (; at.tile + (1 << t) <= end; at.tile += 1 << t)
				run_block_row(a, at, t);
	}
}

void
BRN_T0(BRN_ISA)(const struct brn_kernel_args *a)
{
	int64_t end;

	for (int64_t tile = a->tile0; tile < a->tile1; tile = end) {
		end = tile + TILE_GROUP < a->tile1 ? tile + TILE_GROUP :
		    a->tile1;
		run_tiles(a, tile, end);
	}
}
