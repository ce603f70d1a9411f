/* SPDX-License-Identifier: Apache-2.0
 *
 * The product of a dense layer on images, from lines of phases that are not
 * gathered.  Sums are added up in the order of the layer's kernel, one product
 * at a time, so that results have the same bits.
 */
#include "runtime/native/image_tiles.h"
#include "runtime/native/isa.h"

#if BRN_LANES == 16
enum { TILES = 3 };
#else
enum { TILES = 1 };
#endif

/* Keep v in a register: GCC would load it again for every use.  */
#if defined(__AVX512F__)
#define HOLD(v) __asm__("" : "+v"(v))
#elif defined(__x86_64__)
#define HOLD(v) __asm__("" : "+x"(v))
#else
#define HOLD(v) (void)(v)
#endif

/* Accumulators of a pass are registers.  */
enum { R = BRN_PRODUCT_ROWS / BRN_LINE };

/* Vector i of the tiles of row r of a pass that writes to y.  */
static inline brn_vec *
line(const struct brn_window_product *a, float *y, int r, int i)
{
	return (brn_vec *)(y + (i / BRN_LINE * a->rows + r) * BRN_TILE +
	    i % BRN_LINE * BRN_LANES);
}

/* Columns that all rows go through before the next: their x stays in L1.  */
enum { COLS = 512 };

/* Where a pass starts: the first of R rows, of T tiles, of COLS of the n
 * columns.  */
struct at {
	int64_t row, tile, first;
};

static inline __attribute__((always_inline)) void
pass(const struct brn_window_product *a, const struct at *at, const int T,
    float *y)
{
	int64_t row = at->row, brow = row - row % a->bh;
	int64_t past = at->first + COLS < a->n ? at->first + COLS : a->n;
	const float *vals = a->vals + brow * a->cols + row - brow;
	const float *x = a->src + at->tile * BRN_TILE;
	brn_vec acc[R][TILES * BRN_LINE];

	y += (at->tile * a->rows + row) * BRN_TILE;
#pragma GCC unroll 16
	for (int r = 0; r < R; r++)
#pragma GCC unroll 16
		for (int i = 0; i < T * BRN_LINE; i++)
			acc[r][i] = at->first ? *line(a, y, r, i) :
			    (a->bias ? a->bias[row + r] : 0) - (brn_vec){ 0 };
	for (int64_t k = at->first; k < past; k++) {
		const float *w = vals + a->col[k] * a->bh;
		const float *from = x + a->from[k];
		brn_vec xs[TILES * BRN_LINE];

#pragma GCC unroll 16
		for (int i = 0; i < T * BRN_LINE; i++) {
			xs[i] = *(const brn_vec *)(from + i * BRN_LANES);
			HOLD(xs[i]);
		}
#pragma GCC unroll 16
		for (int r = 0; r < R; r++) {
			brn_vec v = w[r] - (brn_vec){ 0 };

			HOLD(v);
#pragma GCC unroll 16
			for (int i = 0; i < T * BRN_LINE; i++)
				acc[r][i] += v * xs[i];
		}
	}
#pragma GCC unroll 16
	for (int r = 0; r < R; r++)
#pragma GCC unroll 16
		for (int i = 0; i < T * BRN_LINE; i++)
			*line(a, y, r, i) = acc[r][i];
}

#define PASSES(T) \
	static void \
	passes_##T(const struct brn_window_product *a, int64_t tile, float *y) \
	{ \
		struct at at = { 0, tile, 0 }; \
	\
		do { \
			for (at.row = 0; at.row < a->nrow; at.row += R) \
				pass(a, &at, T, y); \
			at.first += COLS; \
		} while (at.first < a->n); \
	}
PASSES(1)
#if BRN_LANES == 16
PASSES(2)
PASSES(3)
#endif

/* All rows through a few tiles, so that their x stays in L1.  */
void
BRN_FOR_ISA(brn_window_product)(const struct brn_window_product *a, float *y)
{
	int64_t t = 0;

#if BRN_LANES == 16
	for (; t + 3 <= a->ntile && a->ntile - t != 4; t += 3)
		passes_3(a, t, y);
	for (; t + 2 <= a->ntile; t += 2)
		passes_2(a, t, y);
#endif
	for (; t < a->ntile; t++)
		passes_1(a, t, y);
}
