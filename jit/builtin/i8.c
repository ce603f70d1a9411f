/* SPDX-License-Identifier: Apache-2.0
 *
 * i8 without a compiled kernel.  Passes take some rows of a block row through
 * a quad of tiles and read the pattern from the arguments.
 */
#include "jit/builtin/i8.h"

#ifdef __x86_64__

#include <immintrin.h>

enum {
	ROWS = 4,               /* of a pass, at most */
	DOT = 4,
	LINE = BRN_QUAD * BRN_TILE,     /* bytes of a column */
};

#define I8 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

/* A block row in a quad.  */
struct part {
	const uint8_t *x;               /* the quad */
	const int32_t *colidx;          /* of the row's blocks */
	int64_t ncol;                   /* stored columns */
	int64_t bw, bh;
	const int32_t *w;               /* groups of weights, [group][bh] */
	int32_t *y;                     /* of the first tile */
	int64_t tile;                   /* from a tile of y to the next */
};

/* Stored column i; behind the last, any.  */
static inline const __m512i *
line(const struct part *p, int64_t i)
{
	return (const __m512i *)(p->x + LINE * (i < p->ncol ?
	    p->colidx[i / p->bw] * p->bw + i % p->bw : 0));
}

/* The group of stored columns from c on, in the first ntile tiles.  */
static inline __attribute__((always_inline)) I8 void
group(const struct part *p, int64_t c, const int ntile, const int aligned,
    __m512i x[BRN_QUAD])
{
	__m512i l[DOT], lo, hi, lo2, hi2;

	if (aligned) {
		for (int t = 0; t < ntile; t++)
			x[t] = _mm512_load_si512(line(p, c) + t);
		return;
	}
	for (int k = 0; k < DOT; k++)
		l[k] = _mm512_load_si512(line(p, c + k));
	lo = _mm512_unpacklo_epi8(l[0], l[1]);
	hi = _mm512_unpackhi_epi8(l[0], l[1]);
	lo2 = _mm512_unpacklo_epi8(l[2], l[3]);
	hi2 = _mm512_unpackhi_epi8(l[2], l[3]);
	x[0] = _mm512_unpacklo_epi16(lo, lo2);
	x[1] = _mm512_unpackhi_epi16(lo, lo2);
	x[2] = _mm512_unpacklo_epi16(hi, hi2);
	x[3] = _mm512_unpackhi_epi16(hi, hi2);
}

/* n rows from r on, in the first ntile tiles; n, ntile and aligned are
 * constants wherever this is inlined.  */
static inline __attribute__((always_inline)) I8 void
pass(const struct part *p, int64_t r, const int n, const int ntile,
    const int aligned)
{
	__m512i acc[ROWS][BRN_QUAD];

#pragma GCC unroll 16
	for (int i = 0; i < n * ntile; i++)
		acc[i / ntile][i % ntile] = _mm512_setzero_si512();
	for (int64_t c = 0; c < p->ncol; c += DOT) {
		const int32_t *w = p->w + c / DOT * p->bh + r;
		__m512i x[BRN_QUAD];

		group(p, c, ntile, aligned, x);
#pragma GCC unroll 16
		for (int i = 0; i < n * ntile; i++)
			acc[i / ntile][i % ntile] = _mm512_dpbusd_epi32(
			    acc[i / ntile][i % ntile], x[i % ntile],
			    _mm512_set1_epi32(w[i / ntile]));
	}
#pragma GCC unroll 16
	for (int i = 0; i < n * ntile; i++)
		_mm512_store_si512(p->y + i % ntile * p->tile +
		    (r + i / ntile) * BRN_TILE, acc[i / ntile][i % ntile]);
}

static inline __attribute__((always_inline)) I8 void
block_row(const struct part *p, const int ntile, const int aligned)
{
	int64_t r = 0;

	for (; r + ROWS <= p->bh; r += ROWS)
		pass(p, r, ROWS, ntile, aligned);
	for (; r < p->bh; r++)
		pass(p, r, 1, ntile, aligned);
}

/* The last quad may have fewer tiles.  */
static inline __attribute__((always_inline)) I8 void
some_tiles(const struct part *p, int64_t ntile, const int aligned)
{
	if (ntile >= BRN_QUAD)
		block_row(p, BRN_QUAD, aligned);
	else if (ntile == 3)
		block_row(p, 3, aligned);
	else if (ntile == 2)
		block_row(p, 2, aligned);
	else
		block_row(p, 1, aligned);
}

static inline __attribute__((always_inline)) I8 void
layer(const struct brn_kernel_args *a, const int aligned)
{
	int64_t cols = a->nbcol * a->bw, rows = a->nbrow * a->bh;
	const int32_t *w = a->stream;

	for (int64_t b = 0; b < a->brow1; b++) {
		int64_t ncol = (a->rowptr[b + 1] - a->rowptr[b]) * a->bw;
		struct part p = { NULL, a->colidx + a->rowptr[b], ncol, a->bw,
		    a->bh, w, NULL, rows * BRN_TILE };

		for (int64_t t = a->tile0; b >= a->brow0 && t < a->tile1;
		    t += BRN_QUAD) {
			p.x = (const uint8_t *)a->x + t * cols * LINE;
			p.y = (int32_t *)(void *)a->y + (t * rows +
			    b * a->bh) * BRN_TILE;
			some_tiles(&p, a->tile1 - t, aligned);
		}
		w += (ncol + DOT - 1) / DOT * a->bh;
	}
}

I8 void
brn_t0_i8(const struct brn_kernel_args *a)
{
	layer(a, 0);
}

I8 void
brn_t0_i8_aligned(const struct brn_kernel_args *a)
{
	layer(a, 1);
}

#else

void
brn_t0_i8(const struct brn_kernel_args *a)
{
	(void)a;
}

void
brn_t0_i8_aligned(const struct brn_kernel_args *a)
{
	(void)a;
}

#endif
