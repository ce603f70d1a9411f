/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions on integers, without the product: planes of bytes to phases, to
 * tiles, and sums to planes (runtime/native/image_bytes.h).
 */
#include <math.h>

#include "runtime/native/image_bytes.h"
#include "runtime/native/isa.h"

/* ---- planes to phases ---------------------------------------------------- */

/* Bytes [x0, x1) of a row of results are from[0], from[step], .. ; what follows
 * to room bytes is fill.  Whole rows of at most 64 bytes are one store.  */
struct row {
	int64_t x0, x1, room, step;
	uint8_t fill;
};

#ifdef __AVX512BW__
static inline __mmask64
first_bits(int64_t n)
{
	return n >= 64 ? ~0ull : n <= 0 ? 0 : (1ull << n) - 1;
}

static inline void
put_row(uint8_t *to, const uint8_t *from, const struct row *w)
{
	const __m512i fill = _mm512_set1_epi8((char)w->fill);
	int64_t n = w->x1 - w->x0;

	to += w->x0;
	if (w->step == 1) {
		for (int64_t i = 0; i < w->room; i += 64)
			_mm512_mask_storeu_epi8(to + i, first_bits(w->room -
			    i), _mm512_mask_loadu_epi8(fill, first_bits(n - i),
			    from + i));
		return;
	}
	for (int64_t i = 0; i < w->room && w->step == 2; i += 32) {
		__m256i v = _mm512_cvtepi16_epi8(_mm512_maskz_loadu_epi8(
		    first_bits(2 * (n - i) - 1), from + 2 * i));

		_mm256_mask_storeu_epi8(to + i, (__mmask32)first_bits(w->room -
		    i), _mm256_mask_mov_epi8(_mm512_castsi512_si256(fill),
		    (__mmask32)first_bits(n - i), v));
	}
	for (int64_t i = 0; i < w->room && w->step > 2; i++)
		to[i] = i < n ? from[i * w->step] : w->fill;
}
#else
static inline void
put_row(uint8_t *to, const uint8_t *from, const struct row *w)
{
	for (int64_t i = 0; i < w->room; i++)
		to[w->x0 + i] = i < w->x1 - w->x0 ? from[i * w->step] :
		    w->fill;
}
#endif

/* A row is written to the first element of the next one, whose padding lies
 * between them.  */
static void
make_phase(const struct brn_planes *g, int64_t fy, int64_t fx,
    const uint8_t *x, uint8_t *to, uint8_t fill)
{
	int64_t y0, y1, pitch = g->pitch;
	struct row w = { .room = pitch, .step = g->x.stride, .fill = fill };

	brn_planes_part(&g->y, fy, g->rows, &y0, &y1);
	brn_planes_part(&g->x, fx, pitch, &w.x0, &w.x1);
	memset(to, fill, (size_t)(y0 * pitch + (y0 < y1 ? w.x0 : 0)));
	for (int64_t r = y0; r < y1; r++) {
		if (r * pitch + w.x0 + pitch > g->size)
			w.room = g->size - r * pitch - w.x0;
		put_row(to + r * pitch, x + (r * g->y.stride + fy - g->y.pad) *
		    g->x.in + w.x0 * w.step + fx - g->x.pad, &w);
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

/* A line.  */
typedef uint8_t bytes __attribute__((vector_size(BRN_TILE), aligned(1)));
typedef uint16_t pairs __attribute__((vector_size(BRN_TILE), aligned(1)));

static inline bytes
load_some(const uint8_t *from, int64_t n)
{
#ifdef __AVX512BW__
	return (bytes)_mm_maskz_loadu_epi8((__mmask16)((1u << n) - 1), from);
#else
	bytes v = { 0 };

	memcpy(&v, from, (size_t)n);
	return v;
#endif
}

/* Line k of tile i; behind the last column any.  */
static inline bytes
line_of(const struct brn_gather_bytes *a, int64_t k, int64_t i)
{
	const uint8_t *x = a->src + a->from[k] + i * BRN_TILE;

	return (i + 1 < a->ntile || a->last == BRN_TILE ? *(const bytes *)x :
	    load_some(x, a->last)) ^ a->flip;
}

/* At most n bytes, of tile after tile, to a column of a quad.  */
static inline void
put_column(uint8_t *to, const uint8_t *x, int64_t n, uint8_t flip)
{
#ifdef __AVX512BW__
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13,
	    2, 6, 10, 14, 3, 7, 11, 15);
	__m512i v = _mm512_maskz_loadu_epi8(first_bits(n), x);

	_mm512_storeu_si512(to, _mm512_permutexvar_epi32(order,
	    _mm512_xor_si512(v, _mm512_set1_epi8((char)flip))));
#else
	for (int64_t i = 0; i < n && i < BRN_QUAD * BRN_TILE; i++)
		to[i % BRN_TILE / 4 * 16 + i / BRN_TILE * 4 + i % 4] =
		    x[i] ^ flip;
#endif
}

static void
gather_columns(const struct brn_gather_bytes *a, uint8_t *to)
{
	int64_t npos = (a->ntile - 1) * BRN_TILE + a->last;

	for (int64_t k = 0; k < a->n; k++)
		for (int64_t i = 0; i < a->ntile; i += BRN_QUAD)
			put_column(to + i * a->stride + (int64_t)a->col[k] *
			    BRN_QUAD * BRN_TILE, a->src + a->from[k] +
			    i * BRN_TILE, npos - i * BRN_TILE, a->flip);
}

static const bytes low8 = { 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7,
    23 };
static const bytes high8 = { 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14,
    30, 15, 31 };
static const pairs low16 = { 0, 8, 1, 9, 2, 10, 3, 11 };
static const pairs high16 = { 4, 12, 5, 13, 6, 14, 7, 15 };

/* Four lines, the bytes of a position side by side.  */
static inline void
store_group(uint8_t *to, const bytes v[4])
{
	pairs a = (pairs)__builtin_shuffle(v[0], v[1], low8);
	pairs b = (pairs)__builtin_shuffle(v[2], v[3], low8);
	pairs c = (pairs)__builtin_shuffle(v[0], v[1], high8);
	pairs d = (pairs)__builtin_shuffle(v[2], v[3], high8);
	pairs *out = (pairs *)to;

	out[0] = __builtin_shuffle(a, b, low16);
	out[1] = __builtin_shuffle(a, b, high16);
	out[2] = __builtin_shuffle(c, d, low16);
	out[3] = __builtin_shuffle(c, d, high16);
}

static void
gather_groups(const struct brn_gather_bytes *a, uint8_t *to)
{
	int64_t end;

	for (int64_t k = 0; k < a->n; k = end) {
		int64_t col = a->col[k] / 4 * 4, at[4];

		for (end = k; end < a->n && a->col[end] < col + 4; end++)
			;
		for (int i = 0; i < 4; i++)
			at[i] = k + i < end ? k + i : k;
		for (int64_t i = 0; i < a->ntile; i++)
			store_group(to + i / BRN_QUAD * BRN_QUAD * a->stride +
			    (col + i % BRN_QUAD) * BRN_QUAD * BRN_TILE,
			    (bytes[4]){ line_of(a, at[0], i),
			    line_of(a, at[1], i), line_of(a, at[2], i),
			    line_of(a, at[3], i) });
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

/* ---- sums to planes ------------------------------------------------------ */

/* A line of floats.  */
struct line {
	brn_vec v[BRN_LINE];
};

/* A quantization: q - zero is x * inverse, clipped to lo .. hi and rounded.  */
struct step {
	float scale, inverse, lo, hi;   /* scale 0: there is none */
	int32_t add;                    /* to q - zero for the byte */
};

#ifdef __AVX512BW__
static inline struct line
of_ints(const int32_t *p, int32_t less)
{
	return (struct line){ { (brn_vec)_mm512_cvtepi32_ps(_mm512_sub_epi32(
	    _mm512_loadu_si512(p), _mm512_set1_epi32(less))) } };
}

static inline struct line
of_bytes(const uint8_t *p, uint8_t flip, int32_t less)
{
	__m128i b = _mm_xor_si128(_mm_loadu_si128((const __m128i *)p),
	    _mm_set1_epi8((char)flip));

	return (struct line){ { (brn_vec)_mm512_cvtepi32_ps(_mm512_sub_epi32(
	    _mm512_cvtepu8_epi32(b), _mm512_set1_epi32(less))) } };
}

static inline struct line
clipped(struct line l, float lo, float hi)
{
	return (struct line){ { (brn_vec)_mm512_min_ps(_mm512_max_ps(
	    (__m512)l.v[0], _mm512_set1_ps(lo)), _mm512_set1_ps(hi)) } };
}

static inline __m512i
steps_of(struct line l, const struct step *q)
{
	l.v[0] *= q->inverse;
	return _mm512_cvtps_epi32((__m512)clipped(l, q->lo, q->hi).v[0]);
}

static inline void
to_bytes(uint8_t *y, struct line l, const struct step *q)
{
	_mm_storeu_si128((__m128i *)y, _mm512_cvtepi32_epi8(_mm512_add_epi32(
	    steps_of(l, q), _mm512_set1_epi32(q->add))));
}

static inline struct line
rounded(struct line l, const struct step *q)
{
	l.v[0] = (brn_vec)_mm512_cvtepi32_ps(steps_of(l, q)) * q->scale;
	return l;
}
#else
static inline struct line
of_ints(const int32_t *p, int32_t less)
{
	float f[BRN_TILE];
	struct line l;

	for (int i = 0; i < BRN_TILE; i++)
		f[i] = (float)(p[i] - less);
	memcpy(&l, f, sizeof l);
	return l;
}

static inline struct line
of_bytes(const uint8_t *p, uint8_t flip, int32_t less)
{
	int32_t v[BRN_TILE];

	for (int i = 0; i < BRN_TILE; i++)
		v[i] = p[i] ^ flip;
	return of_ints(v, less);
}

static inline struct line
clipped(struct line l, float lo, float hi)
{
	for (int i = 0; i < BRN_LINE; i++)
		l.v[i] = brn_clip(l.v[i], lo - (brn_vec){ 0 },
		    hi - (brn_vec){ 0 });
	return l;
}

static inline void
steps_of(struct line l, const struct step *q, int32_t to[BRN_TILE])
{
	float f[BRN_TILE];

	memcpy(f, &l, sizeof l);
	for (int i = 0; i < BRN_TILE; i++)
		to[i] = (int32_t)rintf(fminf(fmaxf(f[i] * q->inverse, q->lo),
		    q->hi));
}

static inline void
to_bytes(uint8_t *y, struct line l, const struct step *q)
{
	int32_t v[BRN_TILE];

	steps_of(l, q, v);
	for (int i = 0; i < BRN_TILE; i++)
		y[i] = (uint8_t)(v[i] + q->add);
}

static inline struct line
rounded(struct line l, const struct step *q)
{
	int32_t v[BRN_TILE];

	steps_of(l, q, v);
	l = of_ints(v, 0);
	for (int i = 0; i < BRN_LINE; i++)
		l.v[i] *= q->scale;
	return l;
}
#endif

/* What a row's lines go through, in this order.  */
struct finish {
	int32_t offset;                 /* of the row, as scale and bias */
	float scale, bias;
	int clips_first, clips_last;    /* as floats, to lo .. hi */
	float lo, hi;
	struct step mid, y;             /* mid: before the residual */
	struct brn_quant residual;
	uint8_t flip;                   /* of the residual */
};

/* The kinds of residual and result, constants wherever finish_line is
 * inlined.  */
enum kind { NONE, BYTES, FLOATS };

static inline __attribute__((always_inline)) void
finish_line(const struct finish *f, const int32_t *sum, void *y, const void *r,
    const enum kind residual, const enum kind result)
{
	struct line l = of_ints(sum, f->offset), add;

	for (int i = 0; i < BRN_LINE; i++)
		l.v[i] = l.v[i] * f->scale + f->bias;
	if (f->clips_first)
		l = clipped(l, f->lo, f->hi);
	if (f->mid.scale)
		l = rounded(l, &f->mid);
	if (residual == BYTES)
		add = of_bytes(r, f->flip, f->residual.zero);
	if (residual == FLOATS)
		memcpy(&add, r, sizeof add);
	for (int i = 0; i < BRN_LINE && residual != NONE; i++)
		l.v[i] += residual == BYTES ? add.v[i] * f->residual.scale :
		    add.v[i];
	if (f->clips_last)
		l = clipped(l, f->lo, f->hi);
	if (result == BYTES)
		to_bytes(y, l, &f->y);
	else
		memcpy(y, &l, sizeof l);
}

/* All tiles of a row, whose result and residual are adjacent.  Bytes may alias
 * anything, so what stays the same is in locals.  */
static inline __attribute__((always_inline)) void
finish_row(const struct brn_scatter_bytes *a, const struct finish *like,
    const int32_t *t, void *y, const void *r, const enum kind residual,
    const enum kind result)
{
	const struct finish f = *like;
	int64_t ntile = a->ntile, stride = a->rows * BRN_TILE;
	int64_t from = residual == BYTES ? BRN_TILE : 4 * BRN_TILE;
	int64_t to = result == BYTES ? BRN_TILE : 4 * BRN_TILE;

	for (int64_t i = 0; i < ntile; i++)
		finish_line(&f, t + i * stride, (char *)y + i * to,
		    residual == NONE ? NULL : (const char *)r + i * from,
		    residual, result);
}

static void
finish_any_row(const struct brn_scatter_bytes *a, const struct finish *f,
    const int32_t *t, void *y, const void *r)
{
	int is_bytes = a->quant.y_type != 0;

	if (a->residual_type == 0) {
		if (is_bytes)
			finish_row(a, f, t, y, NULL, NONE, BYTES);
		else
			finish_row(a, f, t, y, NULL, NONE, FLOATS);
	} else if (a->residual_type == BURIN_F32) {
		if (is_bytes)
			finish_row(a, f, t, y, r, FLOATS, BYTES);
		else
			finish_row(a, f, t, y, r, FLOATS, FLOATS);
	} else {
		if (is_bytes)
			finish_row(a, f, t, y, r, BYTES, BYTES);
		else
			finish_row(a, f, t, y, r, BYTES, FLOATS);
	}
}

/* Rows of results and residuals are planes apart, which no hardware prefetcher
 * follows.  */
static inline void
fetch(const char *p, int64_t n, const int to_write)
{
	for (int64_t i = 0; i < n; i += 64)
		if (to_write)
			__builtin_prefetch(p + i, 1);
		else
			__builtin_prefetch(p + i, 0);
}

/* Inline: a call of memcpy costs more than the copy.  */
static inline void
copy(char *to, const char *from, int64_t n)
{
#ifdef __AVX512BW__
	for (int64_t i = 0; i < n; i += 64) {
		__mmask64 m = first_bits(n - i);

		_mm512_mask_storeu_epi8(to + i, m,
		    _mm512_maskz_loadu_epi8(m, from + i));
	}
#else
	memcpy(to, from, (size_t)n);
#endif
}

enum { AHEAD = 4 };             /* rows */

struct pieces {
	struct brn_piece piece[BRN_MOST_PIECES];
	int n;
};

/* Where results are pieces: the residual is put together first, and the result
 * taken apart.  */
static void
finish_pieces(const struct brn_scatter_bytes *a, const struct finish *f,
    int64_t row, const struct pieces *p, char *y, const char *r)
{
	const int32_t *t = a->t + row * BRN_TILE;
	int64_t ry = a->quant.y_type ? 1 : 4;
	int64_t rr = a->residual_type == BURIN_F32 ? 4 : 1;
	float to[BRN_GROUP_MOST * BRN_TILE], from[BRN_GROUP_MOST * BRN_TILE];
	int64_t at = p->piece[0].at;

	if (p->n == 1 && p->piece[0].n == a->ntile * BRN_TILE) {
		finish_any_row(a, f, t, y + at * ry, r ? r + at * rr : NULL);
		return;
	}
	for (int k = 0; r && k < p->n; k++)
		copy((char *)from + p->piece[k].pos * rr,
		    r + p->piece[k].at * rr, p->piece[k].n * rr);
	finish_any_row(a, f, t, to, from);
	for (int k = 0; k < p->n; k++)
		copy(y + p->piece[k].at * ry, (const char *)to +
		    p->piece[k].pos * ry, p->piece[k].n * ry);
}

/* The steps of q, for bytes that are q less their offset.  Limits in front of
 * them are the same as limits of them, since rounding keeps the order.  */
static struct step
step_of(const struct brn_quant *q, int offset, const struct finish *f,
    int *clips)
{
	struct step s = { q->scale, q->scale ? 1 / q->scale : 0,
	    (float)-q->zero, (float)(255 - q->zero), q->zero - offset };

	if (!*clips || !q->scale)
		return s;
	*clips = 0;
	s.lo = brn_clipf(f->lo * s.inverse, s.lo, s.hi);
	s.hi = brn_clipf(f->hi * s.inverse, s.lo, s.hi);
	return s;
}

static struct finish
finish_of(const struct brn_scatter_bytes *a)
{
	int clips = a->epilogue.act == BRN_ACT_clip;
	int last = a->epilogue.act_last || !a->residual_type;
	struct finish f = {
		.clips_first = clips && !a->epilogue.act_last,
		.lo = a->epilogue.lo,
		.hi = a->epilogue.hi,
		.residual = a->quant.residual,
		.flip = (uint8_t)brn_byte_offset(a->residual_type),
	};

	f.mid = step_of(&a->quant.mid, 0, &f, &f.clips_first);
	f.clips_last = last && clips && (a->epilogue.act_last ||
	    f.clips_first);
	f.clips_first &= !f.clips_last;
	f.y = step_of(&a->quant.y, brn_byte_offset(a->quant.y_type), &f,
	    &f.clips_last);
	return f;
}

void
BRN_FOR_ISA(brn_scatter_bytes)(const struct brn_scatter_bytes *a, void *y,
    const void *residual)
{
	int64_t plane = a->g->y.out * a->g->x.out;
	int64_t ry = plane * (a->quant.y_type ? 1 : 4);
	int64_t rr = plane * (a->residual_type == BURIN_F32 ? 4 : 1);
	struct finish f = finish_of(a);
	struct pieces p;
	int64_t at, span;

	p.n = brn_pieces_find(a->g, a->pos, a->ntile, p.piece);
	at = p.n ? p.piece[0].at : 0;
	span = p.n ? p.piece[p.n - 1].at + p.piece[p.n - 1].n - at : 0;
	for (int64_t r = 0; r < a->nrow && p.n; r++) {
		f.offset = a->sums.offset[r];
		f.scale = a->sums.scale[r];
		f.bias = a->sums.bias ? a->sums.bias[r] : 0;
		if (r + AHEAD < a->nrow) {
			fetch((char *)y + (r + AHEAD) * ry + at * (ry / plane),
			    span * (ry / plane), 1);
			if (residual)
				fetch((const char *)residual + (r + AHEAD) *
				    rr + at * (rr / plane), span * (rr / plane),
				    0);
		}
		finish_pieces(a, &f, r, &p, (char *)y + r * ry,
		    residual ? (const char *)residual + r * rr : NULL);
	}
}
