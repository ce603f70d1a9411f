/* SPDX-License-Identifier: Apache-2.0
 *
 * i8 without a compiled kernel.  Passes take some rows of a block row through
 * one tile and read the pattern from the arguments.
 */
#include "jit/builtin/i8.h"

#ifdef __x86_64__

#include <immintrin.h>

enum {
	ROWS = 16,              /* of a pass, at most */
	DOT = 4,
	LINE = BRN_TILE,        /* bytes of a line */
};

#define I8 __attribute__((target( \
	"avx512f,avx512bw,avx512vl,avx512vnni,avx512vbmi")))

/* The bytes of four lines, alternately.  */
static const uint8_t interleave[DOT * LINE] __attribute__((aligned(64))) = {
	0, 16, 32, 48, 1, 17, 33, 49, 2, 18, 34, 50, 3, 19, 35, 51,
	4, 20, 36, 52, 5, 21, 37, 53, 6, 22, 38, 54, 7, 23, 39, 55,
	8, 24, 40, 56, 9, 25, 41, 57, 10, 26, 42, 58, 11, 27, 43, 59,
	12, 28, 44, 60, 13, 29, 45, 61, 14, 30, 46, 62, 15, 31, 47, 63,
};

/* A block row in a tile.  */
struct part {
	const uint8_t *x;               /* the tile */
	const int32_t *colidx;          /* of the row's blocks */
	int64_t ncol;                   /* stored columns */
	int64_t bw, bh;
	const int32_t *w;               /* groups of weights, [group][bh] */
	int32_t *y;
};

/* The line of stored column i; behind the last, that of any.  */
static inline const __m128i *
line(const struct part *p, int64_t i)
{
	return (const __m128i *)(p->x + LINE * (i < p->ncol ?
	    p->colidx[i / p->bw] * p->bw + i % p->bw : 0));
}

/* The group of stored columns from c on.  */
static inline __attribute__((always_inline)) I8 __m512i
group(const struct part *p, int64_t c, const int aligned)
{
	__m512i x;

	if (aligned)
		return _mm512_load_si512(line(p, c));
	x = _mm512_castsi128_si512(_mm_load_si128(line(p, c)));
	x = _mm512_inserti32x4(x, _mm_load_si128(line(p, c + 1)), 1);
	x = _mm512_inserti32x4(x, _mm_load_si128(line(p, c + 2)), 2);
	x = _mm512_inserti32x4(x, _mm_load_si128(line(p, c + 3)), 3);
	return _mm512_permutexvar_epi8(_mm512_load_si512(interleave), x);
}

/* n rows from r on; n and aligned are constants wherever this is inlined.  */
static inline __attribute__((always_inline)) I8 void
pass(const struct part *p, int64_t r, const int n, const int aligned)
{
	__m512i acc[ROWS];

#pragma GCC unroll 16
	for (int i = 0; i < n; i++)
		acc[i] = _mm512_setzero_si512();
	for (int64_t c = 0; c < p->ncol; c += DOT) {
		const int32_t *w = p->w + c / DOT * p->bh + r;
		__m512i x = group(p, c, aligned);

#pragma GCC unroll 16
		for (int i = 0; i < n; i++)
			acc[i] = _mm512_dpbusd_epi32(acc[i], x,
			    _mm512_set1_epi32(w[i]));
	}
#pragma GCC unroll 16
	for (int i = 0; i < n; i++)
		_mm512_store_si512(p->y + (r + i) * BRN_TILE, acc[i]);
}

static inline __attribute__((always_inline)) I8 void
block_row(const struct part *p, const int aligned)
{
	int64_t r = 0;

	for (; r + ROWS <= p->bh; r += ROWS)
		pass(p, r, ROWS, aligned);
	for (; r + 4 <= p->bh; r += 4)
		pass(p, r, 4, aligned);
	for (; r < p->bh; r++)
		pass(p, r, 1, aligned);
}

static inline __attribute__((always_inline)) I8 void
layer(const struct brn_kernel_args *a, const int aligned)
{
	int64_t cols = a->nbcol * a->bw, rows = a->nbrow * a->bh;
	const int32_t *w = a->stream;

	for (int64_t b = 0; b < a->brow1; b++) {
		int64_t ncol = (a->rowptr[b + 1] - a->rowptr[b]) * a->bw;

		for (int64_t t = a->tile0; b >= a->brow0 && t < a->tile1; t++)
			block_row(&(struct part){ (const uint8_t *)a->x +
			    4 * t * cols * LINE, a->colidx + a->rowptr[b], ncol,
			    a->bw, a->bh, w, (int32_t *)(void *)a->y +
			    (t * rows + b * a->bh) * BRN_TILE }, aligned);
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
