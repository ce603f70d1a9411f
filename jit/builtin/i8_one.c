/* SPDX-License-Identifier: Apache-2.0
 *
 * i8 for one token.  Lanes are rows: a group of four columns and 16 rows is one
 * vector of weights, in the order in which they lie in memory, and the four
 * bytes of x go to all lanes.  The groups of a block row are shared by several
 * accumulators, which hide the latency; sums of integers do not depend on their
 * order.
 */
#include "jit/builtin/i8.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <string.h>

enum {
	ROWS = 16,              /* lanes */
	MIN_ROWS = 8,           /* of a block: with fewer, lanes are idle */
	DOT = 4,
	CHAINS = 8,             /* accumulators */
	PREFETCH_BYTES = 4096,
};

#define I8 __attribute__((target( \
	"avx512f,avx512bw,avx512vl,avx512vnni")))

/* Up to 16 rows of a block row. */
struct part {
	const uint8_t *x;
	const int32_t *colidx;          /* of the row's blocks */
	int64_t ncol;                   /* stored columns */
	int64_t bw, bh;
	const int32_t *w;               /* of the first row, [group][bh] */
	__mmask16 rows;
};

/* How the columns of a group are found: they are those of the same number; a
 * part of a block; or of four blocks.  */
enum how { FULL, IN_A_BLOCK, ONE_WIDE };

/* The four x of the stored columns from c on; behind the last, any.  */
static inline __attribute__((always_inline)) uint32_t
group(const struct part *p, int64_t c, const enum how how)
{
	const int32_t *col = p->colidx + c;
	uint32_t four = 0, at = (uint32_t)c, bw = (uint32_t)p->bw;

	if (how == ONE_WIDE) {
#pragma GCC unroll 4
		for (int i = 0; i < DOT; i++)
			four |= (uint32_t)p->x[col[c + i < p->ncol ? i : 0]]
			    << 8 * i;
		return four;
	}
	if (how == IN_A_BLOCK)
		at = (uint32_t)p->colidx[at / bw] * bw + at % bw;
	memcpy(&four, p->x + at, sizeof four);
	return four;
}

/* acc += the group of the stored columns from c on.  */
static inline __attribute__((always_inline)) I8 __m512i
add_group(const struct part *p, int64_t c, __m512i acc, const enum how how)
{
	const int32_t *w = p->w + c / DOT * p->bh;

	_mm_prefetch((const char *)w + PREFETCH_BYTES, _MM_HINT_T1);
	return _mm512_dpbusd_epi32(acc, _mm512_set1_epi32((int)group(p, c,
	    how)), _mm512_maskz_loadu_epi32(p->rows, w));
}

/* The sums of all groups; how is constant wherever this is inlined.  */
static inline __attribute__((always_inline)) I8 __m512i
sum_groups(const struct part *p, const enum how how)
{
	__m512i acc[CHAINS];
	int64_t c = 0;

#pragma GCC unroll 8
	for (int i = 0; i < CHAINS; i++)
		acc[i] = _mm512_setzero_si512();
	for (; c + DOT * CHAINS <= p->ncol; c += DOT * CHAINS)
#pragma GCC unroll 8
		for (int i = 0; i < CHAINS; i++)
			acc[i] = add_group(p, c + DOT * i, acc[i], how);
	for (; c < p->ncol; c += DOT)
		acc[0] = add_group(p, c, acc[0], how);
#pragma GCC unroll 8
	for (int i = 1; i < CHAINS; i++)
		acc[0] = _mm512_add_epi32(acc[0], acc[i]);
	return acc[0];
}

static inline __attribute__((always_inline)) I8 void
block_row(struct part p, int32_t *y, const enum how how)
{
	const int32_t *w = p.w;

	for (int64_t r = 0; r < p.bh; r += ROWS) {
		int64_t n = p.bh - r < ROWS ? p.bh - r : ROWS;

		p.w = w + r;
		p.rows = (__mmask16)((1u << n) - 1);
		_mm512_mask_storeu_epi32(y + r, p.rows, sum_groups(&p, how));
	}
}

static inline __attribute__((always_inline)) I8 void
layer(const struct brn_kernel_args *a, const enum how how)
{
	struct part p = { .x = a->x, .bw = a->bw, .bh = a->bh,
	    .w = a->stream };
	int32_t *y = (int32_t *)(void *)a->y;

	for (int64_t b = 0; b < a->brow1; b++) {
		p.ncol = (a->rowptr[b + 1] - a->rowptr[b]) * a->bw;
		p.colidx = a->colidx + a->rowptr[b];
		if (b >= a->brow0)
			block_row(p, y + b * a->bh, how);
		p.w += (p.ncol + DOT - 1) / DOT * a->bh;
	}
}

static int
is_full(const struct brn_kernel_args *a)
{
	return a->rowptr[a->nbrow] == a->nbrow * a->nbcol;
}

I8 void
brn_one_i8(const struct brn_kernel_args *a)
{
	if (is_full(a))
		layer(a, FULL);
	else if (a->bw == 1)
		layer(a, ONE_WIDE);
	else
		layer(a, IN_A_BLOCK);
}

int
brn_one_i8_fits(const struct brn_kernel_args *a)
{
	return a->bh >= MIN_ROWS && (is_full(a) || a->bw == 1 ||
	    a->bw % DOT == 0);
}

#else

void
brn_one_i8(const struct brn_kernel_args *a)
{
	(void)a;
}

int
brn_one_i8_fits(const struct brn_kernel_args *a)
{
	(void)a;
	return 0;
}

#endif
