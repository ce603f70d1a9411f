/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions on integers, behind the product: the sums of a quad to planes of
 * bytes or floats (runtime/native/finish.h).
 */
#include "runtime/native/finish_tiles.h"
#include "runtime/native/image_bytes.h"

#include <math.h>

#ifdef __AVX512BW__
static inline __attribute__((always_inline)) void
finish_row(const struct brn_finish *f, const int32_t *sum, int64_t stride,
    int64_t row, int64_t n, void *y, const void *r)
{
	__m512i s[BRN_QUAD];

	for (int t = 0; t < BRN_QUAD; t++)
		s[t] = _mm512_loadu_si512(sum + t * stride);
	finish_sums(f, s, row, (struct part){ n, brn_quad_is_plain(n) }, y, r);
}
#else
/* Without an instruction for the products of bytes this is run by tests
 * only.  */
static float
finish_one(const struct brn_finish *f, int32_t sum, int64_t row, const void *r,
    int64_t p)
{
	float v = (float)(sum - f->offset[row]) * f->scale[row] + f->add[row];

	if (f->is_early) {
		v = brn_clipf(v, f->lo, f->hi);
		v = (f->rounds ? rintf(v) : v) * f->step + f->more;
	}
	if (f->residual_type == BURIN_F32)
		v += ((const float *)r)[p] * f->unit;
	else if (f->residual_type)
		v += (float)(((const uint8_t *)r)[p] ^ f->residual_flip) *
		    f->unit;
	return v;
}

static inline void
finish_row(const struct brn_finish *f, const int32_t *sum, int64_t stride,
    int64_t row, int64_t n, void *y, const void *r)
{
	for (int64_t p = 0; p < n; p++) {
		int64_t i = p / BRN_TILE, l = p % BRN_TILE;
		float v = finish_one(f, brn_quad_is_plain(n) ?
		    sum[l / 4 * stride + i * 4 + l % 4] : sum[i * stride + l],
		    row, r, p), most = 0x1p30f, zero = (float)f->zero;

		if (!f->y_type)
			((float *)y)[p] = brn_clipf(v, f->last_lo, f->last_hi);
		else
			((uint8_t *)y)[p] = (uint8_t)brn_clipf(rintf(
			    brn_clipf(v != v ? -most : v, -most, most)) + zero,
			    f->byte_lo, f->byte_hi) ^ f->flip;
	}
}
#endif

/* Rows whose n results are adjacent, as their residuals.  */
struct rows {
	const struct brn_finish *finish;
	const int32_t *sum;             /* of the first row */
	int64_t stride, row, nrow, n;
	char *y;
	const char *r;                  /* NULL: no residual */
	int64_t y_step, r_step;         /* bytes from a row to the next */
};

enum { AHEAD = 4 };             /* rows */

/* Rows are planes apart, which no hardware prefetcher follows.  Bytes may alias
 * anything, so what stays the same is in locals.  residual is -1 for any type;
 * it is a constant wherever this is inlined, as y_type.  */
static inline __attribute__((always_inline)) void
finish_rows_of(const struct rows *all, const int residual, const int y_type)
{
	const struct rows a = *all;
	struct brn_finish f = *a.finish;
	const int32_t *sum = a.sum;
	const char *r = a.r;
	char *y = a.y;

	if (residual >= 0) {
		f.residual_type = residual;
		f.y_type = y_type;
	}
	for (int64_t i = a.row; i < a.row + a.nrow; i++) {
		__builtin_prefetch(y + AHEAD * a.y_step, 1);
		__builtin_prefetch(y + AHEAD * a.y_step + a.n, 1);
		if (residual) {
			__builtin_prefetch(r + AHEAD * a.r_step, 0);
			__builtin_prefetch(r + AHEAD * a.r_step + a.n, 0);
		}
		finish_row(&f, sum, a.stride, i, a.n, y, r);
		sum += BRN_TILE;
		y += a.y_step;
		r += a.r_step;
	}
}

static void
finish_rows(const struct rows *a)
{
	const struct brn_finish *f = a->finish;

	if (!f->y_type || f->residual_type == BURIN_F32)
		finish_rows_of(a, -1, 0);
	else if (f->residual_type)
		finish_rows_of(a, BURIN_U8, BURIN_U8);
	else
		finish_rows_of(a, 0, BURIN_U8);
}

enum { STRIP = 16, ROW_BYTES = BRN_QUAD_POS * sizeof(float) };

/* Where results are pieces: residuals are put together first, and results taken
 * apart, some rows at a time.  Bytes of an element of either: ry, rr.  */
static void
finish_pieces(const struct brn_quad_pieces *p, struct rows a, int64_t ry,
    int64_t rr)
{
	_Alignas(64) char to[STRIP * ROW_BYTES], from[STRIP * ROW_BYTES];
	struct rows part = a;
	int64_t n;

	part.y = to;
	part.r = a.r ? from : NULL;
	part.y_step = part.r_step = ROW_BYTES;
	for (int64_t i = 0; i < a.nrow; i += n) {
		part.nrow = n = a.nrow - i < STRIP ? a.nrow - i : STRIP;
		for (int64_t j = 0; a.r && j < n; j++)
			for (int k = 0; k < p->n; k++)
				copy_bytes(from + j * ROW_BYTES +
				    p->piece[k].pos * rr, a.r + (i + j) *
				    a.r_step + p->piece[k].at * rr,
				    p->piece[k].n * rr);
		finish_rows(&part);
		part.row += n;
		part.sum += n * BRN_TILE;
		for (int64_t j = 0; j < n; j++)
			for (int k = 0; k < p->n; k++)
				copy_bytes(a.y + (i + j) * a.y_step +
				    p->piece[k].at * ry, to + j * ROW_BYTES +
				    p->piece[k].pos * ry, p->piece[k].n * ry);
	}
}

void
BRN_FOR_ISA(brn_scatter_bytes)(const struct brn_scatter_bytes *a, void *y,
    const void *residual)
{
	const struct brn_finish *f = a->finish;
	const struct brn_quad_pieces *p = a->pieces;
	int64_t ry = f->y_type ? 1 : 4, rr = f->residual_type == BURIN_F32 ?
	    4 : 1;
	struct rows rows = { f, a->sum, a->stride, a->row, a->nrow, p->npos,
	    (char *)y + a->row * a->plane * ry, residual ?
	    (const char *)residual + a->row * a->plane * rr : NULL,
	    a->plane * ry, a->plane * rr };

	if (!p->n)
		return;
	if (p->n > 1 || p->piece[0].n < p->npos) {
		finish_pieces(p, rows, ry, rr);
		return;
	}
	rows.y += p->piece[0].at * ry;
	rows.r += residual ? p->piece[0].at * rr : 0;
	finish_rows(&rows);
}
