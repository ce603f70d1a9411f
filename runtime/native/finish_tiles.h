/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of runtime/native/finish.h on the four tiles of a row, for files
 * that have AVX512BW.  VPACKSSDW and VPACKUSWB put bytes into the order of a
 * plain quad (runtime/native/quads.h).
 */
#ifndef BRN_FINISH_TILES_H
#define BRN_FINISH_TILES_H

#include "runtime/native/finish.h"
#include "runtime/native/isa.h"
#include "runtime/native/quads.h"

#ifdef __AVX512BW__
/* The four tiles of a row.  */
struct tiles {
	__m512 v[BRN_QUAD];
};

/* The first n positions of a quad, plain or not.  */
struct part {
	int64_t n;
	int plain;
};

static inline __mmask64
first_bits(int64_t n)
{
	return n >= 64 ? ~0ull : n <= 0 ? 0 : (1ull << n) - 1;
}

/* Between positions in order and those of a quad; it is its own inverse.  */
static inline __m512i
reorder(__m512i v)
{
	return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9,
	    13, 2, 6, 10, 14, 3, 7, 11, 15), v);
}

/* The same for floats: 4 by 4 parts of 16 bytes.  */
static inline struct tiles
transpose(struct tiles a)
{
	__m512 lo = _mm512_shuffle_f32x4(a.v[0], a.v[1], 0x44);
	__m512 hi = _mm512_shuffle_f32x4(a.v[0], a.v[1], 0xee);
	__m512 lo2 = _mm512_shuffle_f32x4(a.v[2], a.v[3], 0x44);
	__m512 hi2 = _mm512_shuffle_f32x4(a.v[2], a.v[3], 0xee);

	return (struct tiles){ { _mm512_shuffle_f32x4(lo, lo2, 0x88),
	    _mm512_shuffle_f32x4(lo, lo2, 0xdd),
	    _mm512_shuffle_f32x4(hi, hi2, 0x88),
	    _mm512_shuffle_f32x4(hi, hi2, 0xdd) } };
}

/* Sums of a row to floats.  */
static inline struct tiles
of_sums(const struct brn_finish *f, const __m512i sum[BRN_QUAD], int64_t row)
{
	const __m512i offset = _mm512_set1_epi32(f->offset[row]);
	const __m512 scale = _mm512_set1_ps(f->scale[row]);
	const __m512 add = _mm512_set1_ps(f->add[row]);
	struct tiles a;

	for (int t = 0; t < BRN_QUAD; t++)
		a.v[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(
		    sum[t], offset)), scale, add);
	return a;
}

/* n bytes of a plane.  */
static inline struct tiles
of_bytes(const uint8_t *p, struct part q, uint8_t flip)
{
	const __m512i none = _mm512_setzero_si512();
	__m512i v = _mm512_xor_si512(_mm512_maskz_loadu_epi8(first_bits(q.n),
	    p), _mm512_set1_epi8((char)flip)), lo, hi;

	if (!q.plain)
		v = reorder(v);
	lo = _mm512_unpacklo_epi8(v, none);
	hi = _mm512_unpackhi_epi8(v, none);
	return (struct tiles){ {
	    _mm512_cvtepi32_ps(_mm512_unpacklo_epi16(lo, none)),
	    _mm512_cvtepi32_ps(_mm512_unpackhi_epi16(lo, none)),
	    _mm512_cvtepi32_ps(_mm512_unpacklo_epi16(hi, none)),
	    _mm512_cvtepi32_ps(_mm512_unpackhi_epi16(hi, none)) } };
}

static inline __mmask16
first_lanes(int64_t n)
{
	return (__mmask16)first_bits(n < BRN_TILE ? n : BRN_TILE);
}

static inline struct tiles
of_floats(const float *p, struct part q)
{
	struct tiles a;

	for (int t = 0; t < BRN_QUAD; t++)
		a.v[t] = _mm512_maskz_loadu_ps(first_lanes(q.n -
		    t * BRN_TILE), p + t * BRN_TILE);
	return q.plain ? transpose(a) : a;
}

/* The first operand of min and max gives way to the second one if that is
 * NaN.  */
static inline struct tiles
clipped(struct tiles a, float lo, float hi)
{
	for (int t = 0; t < BRN_QUAD; t++)
		a.v[t] = _mm512_min_ps(_mm512_set1_ps(hi),
		    _mm512_max_ps(_mm512_set1_ps(lo), a.v[t]));
	return a;
}

static inline struct tiles
early(const struct brn_finish *f, struct tiles a)
{
	a = clipped(a, f->lo, f->hi);
	for (int t = 0; t < BRN_QUAD; t++) {
		if (f->rounds)
			a.v[t] = _mm512_cvtepi32_ps(_mm512_cvtps_epi32(
			    a.v[t]));
		a.v[t] = _mm512_fmadd_ps(a.v[t], _mm512_set1_ps(f->step),
		    _mm512_set1_ps(f->more));
	}
	return a;
}

static inline struct tiles
with_residual(const struct brn_finish *f, struct tiles a, const void *r,
    struct part q)
{
	struct tiles b = f->residual_type == BURIN_F32 ? of_floats(r, q) :
	    of_bytes(r, q, f->residual_flip);

	for (int t = 0; t < BRN_QUAD; t++)
		a.v[t] = _mm512_fmadd_ps(b.v[t], _mm512_set1_ps(f->unit),
		    a.v[t]);
	return a;
}

/* What does not fit an int32_t is negative once converted.  */
static inline __m512i
steps_of(const struct brn_finish *f, struct tiles a, int t)
{
	const __m512 most = _mm512_set1_ps(0x1p30f);

	return _mm512_cvtps_epi32(f->is_large ? _mm512_min_ps(most, a.v[t]) :
	    a.v[t]);
}

static inline void
put_bytes(const struct brn_finish *f, struct tiles a, uint8_t *y,
    struct part q)
{
	const __m512i zero = _mm512_set1_epi16((short)f->zero);
	__m512i lo = _mm512_packs_epi32(steps_of(f, a, 0), steps_of(f, a, 1));
	__m512i hi = _mm512_packs_epi32(steps_of(f, a, 2), steps_of(f, a, 3));
	__m512i v = _mm512_packus_epi16(_mm512_adds_epi16(lo, zero),
	    _mm512_adds_epi16(hi, zero));

	v = _mm512_min_epu8(_mm512_max_epu8(v,
	    _mm512_set1_epi8((char)f->byte_lo)),
	    _mm512_set1_epi8((char)f->byte_hi));
	v = _mm512_xor_si512(v, _mm512_set1_epi8((char)f->flip));
	_mm512_mask_storeu_epi8(y, first_bits(q.n), q.plain ? v : reorder(v));
}

static inline void
put_floats(const struct brn_finish *f, struct tiles a, float *y,
    struct part q)
{
	a = clipped(a, f->last_lo, f->last_hi);
	if (q.plain)
		a = transpose(a);
	for (int t = 0; t < BRN_QUAD; t++)
		_mm512_mask_storeu_ps(y + t * BRN_TILE, first_lanes(q.n -
		    t * BRN_TILE), a.v[t]);
}

/* Results of a row, which are adjacent, as their residuals.  */
static inline __attribute__((always_inline)) void
finish_sums(const struct brn_finish *f, const __m512i sum[BRN_QUAD],
    int64_t row, struct part q, void *y, const void *r)
{
	struct tiles a = of_sums(f, sum, row);

	if (f->is_early)
		a = early(f, a);
	if (f->residual_type)
		a = with_residual(f, a, r, q);
	if (f->y_type)
		put_bytes(f, a, y, q);
	else
		put_floats(f, a, y, q);
}

/* Copy n bytes, no more.  Inline: a call of memcpy costs more than the copy. */
static inline void
copy_bytes(char *to, const char *from, int64_t n)
{
	for (int64_t i = 0; i < n; i += 64) {
		__mmask64 m = first_bits(n - i);

		_mm512_mask_storeu_epi8(to + i, m,
		    _mm512_maskz_loadu_epi8(m, from + i));
	}
}
#else
static inline void
copy_bytes(char *to, const char *from, int64_t n)
{
	memcpy(to, from, (size_t)n);
}
#endif

#endif
