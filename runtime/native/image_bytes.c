/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions on integers, before the product: planes of bytes to phases, and
 * to quads of tiles (runtime/native/image_bytes.h).
 */
#include "runtime/native/image_bytes.h"

#include "runtime/native/finish_tiles.h"

/* ---- planes to phases ---------------------------------------------------- */

/* Rows of a phase: n elements of each are from[0], from[step], .., and what
 * follows up to room is fill.  */
struct rows {
	uint8_t *to;
	const uint8_t *from;
	int64_t to_row, from_row;       /* bytes from a row to the next */
	int64_t nrow, n, room, step;
	uint8_t fill;
};

#ifdef __AVX512BW__
/* Elements i to i + 64 of all rows.  */
static inline void
put_adjacent(const struct rows *w, int64_t i)
{
	const __m512i fill = _mm512_set1_epi8((char)w->fill);
	__mmask64 in = first_bits(w->n - i), room = first_bits(w->room - i);
	int64_t nrow = w->nrow, to_row = w->to_row, from_row = w->from_row;
	const uint8_t *from = w->from + i;
	uint8_t *to = w->to + i;

	for (int64_t r = 0; r < nrow; r++, to += to_row, from += from_row)
		_mm512_mask_storeu_epi8(to, room, _mm512_mask_loadu_epi8(fill,
		    in, from));
}

/* Elements i to i + 32, every second one of from.  */
static inline void
put_second(const struct rows *w, int64_t i)
{
	const __m256i fill = _mm256_set1_epi8((char)w->fill);
	__mmask64 load = first_bits(2 * (w->n - i) - 1);
	__mmask32 in = (__mmask32)first_bits(w->n - i);
	__mmask32 room = (__mmask32)first_bits(w->room - i);
	int64_t nrow = w->nrow, to_row = w->to_row, from_row = w->from_row;
	const uint8_t *from = w->from + 2 * i;
	uint8_t *to = w->to + i;

	for (int64_t r = 0; r < nrow; r++, to += to_row, from += from_row)
		_mm256_mask_storeu_epi8(to, room, _mm256_mask_mov_epi8(fill,
		    in, _mm512_cvtepi16_epi8(_mm512_maskz_loadu_epi8(load,
		    from))));
}
#endif

static void
put_each(const struct rows *w)
{
	for (int64_t r = 0; r < w->nrow; r++) {
		const uint8_t *from = w->from + r * w->from_row;
		uint8_t *to = w->to + r * w->to_row;

		for (int64_t i = 0; i < w->room; i++)
			to[i] = i < w->n ? from[i * w->step] : w->fill;
	}
}

static void
put_rows(const struct rows *w)
{
#ifdef __AVX512BW__
	if (w->step <= 2) {
		for (int64_t i = 0; i < w->room && w->step == 1; i += 64)
			put_adjacent(w, i);
		for (int64_t i = 0; i < w->room && w->step == 2; i += 32)
			put_second(w, i);
		return;
	}
#endif
	put_each(w);
}

/* A row is written to the first element of the next one, whose padding lies
 * between them; the last one to the end of the phase.  */
static void
make_phase(const struct brn_planes *g, int64_t fy, int64_t fx,
    const uint8_t *x, uint8_t *to, uint8_t fill)
{
	int64_t y0, y1, x0, x1, last, pitch = g->pitch;
	struct rows w = { .to_row = pitch, .room = pitch,
	    .from_row = g->x.in * g->y.stride, .step = g->x.stride,
	    .fill = fill };

	brn_planes_part(&g->y, fy, g->rows, &y0, &y1);
	brn_planes_part(&g->x, fx, pitch, &x0, &x1);
	memset(to, fill, (size_t)(y0 * pitch + (y0 < y1 ? x0 : 0)));
	if (y0 < y1) {
		w.to = to + y0 * pitch + x0;
		w.from = x + (y0 * g->y.stride + fy - g->y.pad) * g->x.in +
		    x0 * w.step + fx - g->x.pad;
		w.n = x1 - x0;
		w.nrow = y1 - y0 - 1;
		put_rows(&w);
		w.to += w.nrow * w.to_row;
		w.from += w.nrow * w.from_row;
		last = g->size - (y1 - 1) * pitch - x0;
		w.room = last < pitch ? last : pitch;
		w.nrow = 1;
		put_rows(&w);
	}
	memset(to + y1 * pitch, fill, (size_t)(g->size - y1 * pitch));
}

void
BRN_FOR_ISA(brn_phases_bytes)(const struct brn_planes *g, const uint8_t *x,
    uint8_t *to, uint8_t fill)
{
	for (int i = 0; i < g->y.n; i++)
		for (int j = 0; j < g->x.n; j++, to += g->size)
			make_phase(g, g->y.phase[i], g->x.phase[j], x, to,
			    fill);
}

/* ---- phases to tiles ----------------------------------------------------- */

#ifdef __AVX512BW__
/* n bytes in the order of a quad.  */
static inline __m512i
quad_of(const uint8_t *x, int64_t n, uint8_t flip)
{
	__m512i v = _mm512_xor_si512(_mm512_maskz_loadu_epi8(first_bits(n),
	    x), _mm512_set1_epi8((char)flip));

	return brn_quad_is_plain(n) ? v : reorder(v);
}

/* Column c of the weight, of the quad whose positions begin at x.  */
static inline void
put_column(uint8_t *to, int64_t c, const uint8_t *x, int64_t n, uint8_t flip)
{
	_mm512_storeu_si512(to + c * BRN_QUAD_POS, quad_of(x, n, flip));
}

/* Columns c to c + 4, a multiple of four.  */
static inline void
put_group(uint8_t *to, int64_t c, const uint8_t *const x[4], int64_t n,
    uint8_t flip)
{
	__m512i v[4], lo, hi, lo2, hi2;

	for (int i = 0; i < 4; i++)
		v[i] = quad_of(x[i], n, flip);
	lo = _mm512_unpacklo_epi8(v[0], v[1]);
	hi = _mm512_unpackhi_epi8(v[0], v[1]);
	lo2 = _mm512_unpacklo_epi8(v[2], v[3]);
	hi2 = _mm512_unpackhi_epi8(v[2], v[3]);
	to += c * BRN_QUAD_POS;
	_mm512_storeu_si512(to, _mm512_unpacklo_epi16(lo, lo2));
	_mm512_storeu_si512(to + 64, _mm512_unpackhi_epi16(lo, lo2));
	_mm512_storeu_si512(to + 128, _mm512_unpacklo_epi16(hi, hi2));
	_mm512_storeu_si512(to + 192, _mm512_unpackhi_epi16(hi, hi2));
}
#else
static inline void
put_column(uint8_t *to, int64_t c, const uint8_t *x, int64_t n, uint8_t flip)
{
	to += c * BRN_QUAD_POS;
	for (int64_t p = 0; p < n && p < BRN_QUAD_POS; p++)
		to[brn_quad_is_plain(n) ? p : p % BRN_TILE / 4 * 16 +
		    p / BRN_TILE * 4 + p % 4] = x[p] ^ flip;
}

static inline void
put_group(uint8_t *to, int64_t c, const uint8_t *const x[4], int64_t n,
    uint8_t flip)
{
	to += c * BRN_QUAD_POS;
	for (int64_t p = 0; p < n && p < BRN_QUAD_POS; p++) {
		int64_t t = p / BRN_TILE, l = p % BRN_TILE;
		int64_t at = brn_quad_is_plain(n) ? l / 4 * 64 + (t * 4 +
		    l % 4) * 4 : t * 64 + l * 4;

		for (int i = 0; i < 4; i++)
			to[at + i] = x[i][p] ^ flip;
	}
}
#endif

static void
gather_columns(const struct brn_gather_bytes *a, uint8_t *to)
{
	for (int64_t k = 0; k < a->n; k++)
		for (int64_t p = 0, q = 0; p < a->npos; p += BRN_QUAD_POS, q++)
			put_column(to + q * a->stride, a->col[k], a->src +
			    a->from[k] + p, a->npos - p, a->flip);
}

/* A column of a group that is not there may be anything.  */
static void
gather_groups(const struct brn_gather_bytes *a, uint8_t *to)
{
	int64_t end;

	for (int64_t k = 0; k < a->n; k = end) {
		int64_t col = a->col[k] / 4 * 4;
		const uint8_t *x[4], *now[4];

		for (int i = 0; i < 4; i++)
			x[i] = a->src + a->from[k];
		for (end = k; end < a->n && a->col[end] < col + 4; end++)
			x[a->col[end] - col] = a->src + a->from[end];
		for (int64_t p = 0, q = 0; p < a->npos; p += BRN_QUAD_POS,
		    q++) {
			for (int i = 0; i < 4; i++)
				now[i] = x[i] + p;
			put_group(to + q * a->stride, col, now, a->npos - p,
			    a->flip);
		}
	}
}

void
BRN_FOR_ISA(brn_gather_bytes)(const struct brn_gather_bytes *a, uint8_t *to)
{
	if (a->grouped)
		gather_groups(a, to);
	else
		gather_columns(a, to);
}
