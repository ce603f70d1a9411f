/* SPDX-License-Identifier: Apache-2.0
 *
 * bf16 without a compiled kernel.  Passes take some rows of a block row through
 * one tile and read the pattern from the arguments.
 */
#include "jit/builtin/bf16.h"

#ifdef __x86_64__

#include <immintrin.h>

enum {
	ROWS = 8,               /* of a pass, at most */
	LINE = BRN_TILE,        /* elements of a line */
};

#define BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

/* The words of two lines, alternately.  */
static const uint16_t interleave[2 * LINE] __attribute__((aligned(64))) = {
	0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
	8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31,
};

/* A block row in a tile.  */
struct part {
	const uint16_t *x;              /* the tile */
	const int32_t *colidx;          /* of the row's blocks */
	int64_t ncol;                   /* stored columns */
	int64_t bw, bh;
	const int32_t *w;               /* pairs of weights, [pair][bh] */
	const float *bias;              /* or NULL */
	float *y;
	int64_t zeros;                  /* column of the line of zeros */
};

static inline const uint16_t *
line(const struct part *p, int64_t i)
{
	return p->x + LINE * (i < p->ncol ?
	    p->colidx[i / p->bw] * p->bw + i % p->bw : p->zeros);
}

/* n rows from r on; n is a constant wherever this is inlined.  */
static inline __attribute__((always_inline)) BF16 void
pass(const struct part *p, int64_t r, const int n)
{
	__m512i order = _mm512_load_si512(interleave);
	__m512 acc[ROWS];

#pragma GCC unroll 8
	for (int i = 0; i < n; i++)
		acc[i] = _mm512_set1_ps(p->bias ? p->bias[r + i] : 0);
	for (int64_t c = 0; c < p->ncol; c += 2) {
		const int32_t *w = p->w + c / 2 * p->bh + r;
		__m512i x = _mm512_castsi256_si512(_mm256_load_si256(
		    (const __m256i *)line(p, c)));

		x = _mm512_inserti64x4(x, _mm256_load_si256(
		    (const __m256i *)line(p, c + 1)), 1);
		x = _mm512_permutexvar_epi16(order, x);
#pragma GCC unroll 8
		for (int i = 0; i < n; i++)
			acc[i] = _mm512_dpbf16_ps(acc[i], (__m512bh)x,
			    (__m512bh)_mm512_set1_epi32(w[i]));
	}
#pragma GCC unroll 8
	for (int i = 0; i < n; i++)
		_mm512_store_ps(p->y + (r + i) * BRN_TILE, acc[i]);
}

static BF16 void
block_row(const struct part *p)
{
	int64_t r = 0;

	for (; r + ROWS <= p->bh; r += ROWS)
		pass(p, r, ROWS);
	for (; r < p->bh; r++)
		pass(p, r, 1);
}

BF16 void
brn_t0_bf16(const struct brn_kernel_args *a)
{
	int64_t cols = a->nbcol * a->bw, rows = a->nbrow * a->bh;
	const int32_t *w = a->stream;

	for (int64_t b = 0; b < a->brow1; b++) {
		int64_t ncol = (a->rowptr[b + 1] - a->rowptr[b]) * a->bw;

		for (int64_t t = a->tile0; b >= a->brow0 && t < a->tile1; t++)
			block_row(&(struct part){ (const uint16_t *)a->x +
			    2 * t * cols * LINE, a->colidx + a->rowptr[b], ncol,
			    a->bw, a->bh, w, a->bias ? a->bias + b * a->bh :
			    NULL, a->y + (t * rows + b * a->bh) * BRN_TILE,
			    cols });
		w += (ncol + 1) / 2 * a->bh;
	}
}

BF16 void
brn_bf16_tile(float *x, int64_t n)
{
	__m256i *to = (__m256i *)x;

	for (int64_t i = 0; i < n; i++)
		to[i] = (__m256i)_mm512_cvtneps_pbh(_mm512_load_ps(x +
		    i * LINE));
	to[n] = _mm256_setzero_si256();
}

#else

void
brn_t0_bf16(const struct brn_kernel_args *a)
{
	(void)a;
}

void
brn_bf16_tile(float *x, int64_t n)
{
	(void)x, (void)n;
}

#endif
