/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantizing x, and sums back to floats (runtime/native/tile_quant.h).
 */
#include <float.h>
#include <math.h>

#include "runtime/native/isa.h"

/* One line of 16 tokens in registers.  */
struct line {
	brn_vec v[BRN_LINE];
};

static inline struct line
load(const float *p)
{
	struct line l;

	memcpy(&l, p, sizeof l);
	return l;
}

/* The lesser and the larger of v and of, lane by lane; of where v is NaN.  */
#ifdef __AVX512F__
static inline brn_vec
lesser(brn_vec v, brn_vec of)
{
	return (brn_vec)_mm512_min_ps((__m512)v, (__m512)of);
}

static inline brn_vec
larger(brn_vec v, brn_vec of)
{
	return (brn_vec)_mm512_max_ps((__m512)v, (__m512)of);
}
#else
static inline brn_vec
choose(brn_ivec is, brn_vec v, brn_vec of)
{
	return (brn_vec)((is & (brn_ivec)v) | (~is & (brn_ivec)of));
}

static inline brn_vec
lesser(brn_vec v, brn_vec of)
{
	return choose(v < of, v, of);
}

static inline brn_vec
larger(brn_vec v, brn_vec of)
{
	return choose(v > of, v, of);
}
#endif

static inline void
widen(struct line *lo, struct line *hi, struct line l)
{
	for (int i = 0; i < BRN_LINE; i++) {
		lo->v[i] = lesser(l.v[i], lo->v[i]);
		hi->v[i] = larger(l.v[i], hi->v[i]);
	}
}

/* Two chains: each step waits for the one before it in its chain.  */
void
BRN_FOR_ISA(brn_range)(const float *x, int64_t n, float lo[BRN_TILE],
    float hi[BRN_TILE])
{
	struct line l[2] = { load(lo), load(lo) };
	struct line h[2] = { load(hi), load(hi) };
	int64_t f = 0;

	for (; f + 1 < n; f += 2)
		for (int k = 0; k < 2; k++)
			widen(&l[k], &h[k], load(x + (f + k) * BRN_TILE));
	if (f < n)
		widen(&l[0], &h[0], load(x + f * BRN_TILE));
	widen(&l[0], &h[0], l[1]);
	widen(&l[0], &h[0], h[1]);
	memcpy(lo, &l[0], sizeof l[0]);
	memcpy(hi, &h[0], sizeof h[0]);
}

static inline brn_vec
to_floats(brn_ivec v)
{
#ifdef __AVX512F__
	return (brn_vec)_mm512_cvtepi32_ps((__m512i)v);
#else
	return __builtin_convertvector(v, brn_vec);
#endif
}

void
BRN_FOR_ISA(brn_dequantize)(float *restrict y, int64_t n,
    const struct brn_tile_quant *q, const struct brn_row_quant *w)
{
	static const float none;
	const float *restrict step = w->scale;
	const float *restrict bias = w->bias ? w->bias : &none;
	const int32_t *restrict sums = w->sum;
	struct line scale = load(q->scale), zero;
	int64_t next = w->bias != NULL;

	memcpy(&zero, q->zero, sizeof zero);
	for (int64_t r = 0; r < n; r++) {
		struct line l = load(y + r * BRN_TILE);

		for (int i = 0; i < BRN_LINE; i++)
			l.v[i] = to_floats((brn_ivec)l.v[i] -
			    (brn_ivec)zero.v[i] * sums[r]) *
			    (scale.v[i] * step[r]) + bias[r * next];
		memcpy(y + r * BRN_TILE, &l, sizeof l);
	}
}

void
BRN_FOR_ISA(brn_dequantize_row)(float *y, int64_t n, float scale, int32_t zero,
    const struct brn_row_quant *w)
{
	static const float none;
	const float *restrict step = w->scale;
	const float *restrict bias = w->bias ? w->bias : &none;
	const int32_t *restrict sums = w->sum;
	int64_t next = w->bias != NULL;

	for (int64_t r = 0; r < n; r++) {
		int32_t sum;

		memcpy(&sum, &y[r], sizeof sum);
		y[r] = (float)(sum - zero * sums[r]) * (scale * step[r]) +
		    bias[r * next];
	}
}

#ifdef __AVX512F__

struct scales {
	const struct brn_tile_quant *q;
	__m512 scale, inverse;
	__m512i zero;                   /* words as in bytes_of_four */
	__mmask16 far;                  /* lanes whose inverse is not finite */
};

/* What is larger than any i32 is clipped.  What is less, and NaN, becomes the
 * least i32.  */
static inline __m512
clip(__m512 t)
{
	return _mm512_min_ps(_mm512_set1_ps(1e6f), t);
}

/* x, divided, as i32; NaN becomes 0.  */
static inline __m512i
divide(const float *x, const struct scales *s)
{
	const __m512i nan_to_zero = _mm512_set1_epi32(0x88);
	__m512 t = clip(_mm512_div_ps(_mm512_loadu_ps(x), s->scale));

	return _mm512_cvtps_epi32(_mm512_fixupimm_ps(t, t, nan_to_zero, 0));
}

/* Four lines as integers of i32, not yet saturated.  x times the inverse of
 * the scale is off by an ulp or two, which matters only next to a half: then
 * all are divided, as for scales so small that they have no inverse, and for
 * NaN.  Compared as integers, NaN is larger than numbers.  */
static inline void
quantize_four(const float *const x[4], const struct scales *s, __m512i q[4])
{
	const __m512 near = _mm512_set1_ps(0.4999f);
	__m512i most = _mm512_setzero_si512();

#pragma GCC unroll 4
	for (int k = 0; k < 4; k++) {
		__m512 t = clip(_mm512_mul_ps(_mm512_loadu_ps(x[k]),
		    s->inverse));

		q[k] = _mm512_cvtps_epi32(t);
		most = _mm512_max_epi32(most, _mm512_castps_si512(
		    _mm512_abs_ps(_mm512_reduce_ps(t, 0))));
	}
	if (s->far | _mm512_cmpgt_epi32_mask(most, _mm512_castps_si512(near)))
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++)
			q[k] = divide(x[k], s);
}

/* Four lines as bytes, 0 .. 255.  Every 16 bytes hold four tokens of the first
 * line, of the second, and so on.  Of n lines less than four the last is
 * taken for those that are lacking.  */
static inline __m512i
bytes_of_four(const float *x, int64_t n, const struct scales *s)
{
	const float *line[4];
	__m512i q[4];

#pragma GCC unroll 4
	for (int k = 0; k < 4; k++)
		line[k] = x + (k < n ? k : n - 1) * BRN_TILE;
	quantize_four(line, s, q);
	return _mm512_packus_epi16(_mm512_adds_epi16(s->zero,
	    _mm512_packs_epi32(q[0], q[1])), _mm512_adds_epi16(s->zero,
	    _mm512_packs_epi32(q[2], q[3])));
}

/* Four lines of each tile; tiles that the quad lacks are as the first one.  */
static inline void
bytes_of_quad(const struct brn_quad *q, int64_t f, const struct scales *s,
    __m512i b[BRN_QUAD])
{
	b[0] = bytes_of_four(q->x[0] + f * BRN_TILE, q->n - f, &s[0]);
#pragma GCC unroll 4
	for (int t = 1; t < BRN_QUAD; t++)
		b[t] = t < q->ntile ? bytes_of_four(q->x[t] + f * BRN_TILE,
		    q->n - f, &s[t]) : b[0];
}

/* The bytes of a token side by side.  */
static void
quad_of_groups(const struct brn_quad *q, const struct scales *s)
{
	const __m512i turn = _mm512_set4_epi32(0x0f0b0703, 0x0e0a0602,
	    0x0d090501, 0x0c080400);
	__m512i b[BRN_QUAD];

	for (int64_t f = 0; f < q->n; f += 4) {
		bytes_of_quad(q, f, s, b);
		for (int t = 0; t < q->ntile; t++)
			_mm512_storeu_si512(q->to + BRN_QUAD * BRN_TILE *
			    (f + t), _mm512_shuffle_epi8(b[t], turn));
	}
}

/* Those of a column.  */
static void
quad_of_columns(const struct brn_quad *q, const struct scales *s)
{
	__m512i b[BRN_QUAD], lo, hi, lo2, hi2;

	for (int64_t f = 0; f < q->n; f += 4) {
		bytes_of_quad(q, f, s, b);
		lo = _mm512_unpacklo_epi32(b[0], b[1]);
		hi = _mm512_unpackhi_epi32(b[0], b[1]);
		lo2 = _mm512_unpacklo_epi32(b[2], b[3]);
		hi2 = _mm512_unpackhi_epi32(b[2], b[3]);
		b[0] = _mm512_unpacklo_epi64(lo, lo2);
		b[1] = _mm512_unpackhi_epi64(lo, lo2);
		b[2] = _mm512_unpacklo_epi64(hi, hi2);
		b[3] = _mm512_unpackhi_epi64(hi, hi2);
		for (int k = 0; k < 4 && f + k < q->n; k++)
			_mm512_storeu_si512(q->to + BRN_QUAD * BRN_TILE *
			    (f + k), b[k]);
	}
}

/* Those of a line.  */
static void
quantize_lines(const float *x, int64_t n, const struct scales *s, uint8_t *to)
{
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13,
	    2, 6, 10, 14, 3, 7, 11, 15);

	for (int64_t f = 0; f < n; f += 4) {
		int64_t some = n - f < 4 ? n - f : 4;

		_mm512_mask_storeu_epi32(to + f * BRN_TILE, (__mmask16)
		    ((1u << 4 * some) - 1), _mm512_permutexvar_epi32(order,
		    bytes_of_four(x + f * BRN_TILE, some, s)));
	}
}

static void
round_lines(const float *x, int64_t n, const struct scales *s, float *to)
{
	const __m512i zero = _mm512_loadu_si512(s->q->zero);

	for (int64_t f = 0; f < n; f++) {
		const float *line = x + f * BRN_TILE;
		__m512i q[4];

		quantize_four((const float *[4]){ line, line, line, line }, s,
		    q);
		q[0] = _mm512_min_epi32(_mm512_max_epi32(q[0],
		    _mm512_sub_epi32(_mm512_setzero_si512(), zero)),
		    _mm512_sub_epi32(_mm512_set1_epi32(255), zero));
		_mm512_storeu_ps(to + f * BRN_TILE, _mm512_mul_ps(
		    _mm512_cvtepi32_ps(q[0]), s->scale));
	}
}

static struct scales
scales_of(const struct brn_tile_quant *q)
{
	__m512 scale = _mm512_loadu_ps(q->scale);
	__m512 inverse = _mm512_div_ps(_mm512_set1_ps(1), scale);

	__m512i zero = _mm512_loadu_si512(q->zero);

	return (struct scales){ q, scale, inverse,
	    _mm512_packs_epi32(zero, zero), _mm512_cmp_ps_mask(
	    _mm512_abs_ps(inverse), _mm512_set1_ps(FLT_MAX), _CMP_NLE_UQ) };
}

#else

struct scales {
	const struct brn_tile_quant *q;
};

static int32_t
quantize_one(float x, const struct scales *s, int i)
{
	float lo = (float)-s->q->zero[i], hi = 255 + lo;
	float v = x / s->q->scale[i];

	v = v < lo ? lo : v > hi ? hi : v == v ? v : 0;
	return (int32_t)rintf(v) + s->q->zero[i];
}

/* Lines f to f + 3 of the quad, of which n are there, as a column or group.  */
static void
quantize_lines_of_quad(const struct brn_quad *q, const struct scales *s,
    int64_t f, int n)
{
	uint8_t b[4 * BRN_QUAD * BRN_TILE] = { 0 };
	int64_t at = f * BRN_QUAD * BRN_TILE;
	size_t size = (size_t)(q->groups ? q->ntile : n) * BRN_QUAD * BRN_TILE;

	for (int i = 0; i < q->ntile * n * BRN_TILE; i++) {
		int t = i / BRN_TILE / n, k = i / BRN_TILE % n;
		int l = i % BRN_TILE;

		b[q->groups ? t * 64 + l * 4 + k : k * 64 + l / 4 * 16 +
		    t * 4 + l % 4] = (uint8_t)quantize_one(q->x[t][(f + k) *
		    BRN_TILE + l], &s[t], l);
	}
	memcpy(q->to + at, b, size);
}

static void
quad_of_columns(const struct brn_quad *q, const struct scales *s)
{
	for (int64_t f = 0; f < q->n; f += 4)
		quantize_lines_of_quad(q, s, f, q->n - f < 4 ?
		    (int)(q->n - f) : 4);
}

static void
quad_of_groups(const struct brn_quad *q, const struct scales *s)
{
	quad_of_columns(q, s);
}

static void
quantize_lines(const float *x, int64_t n, const struct scales *s, uint8_t *to)
{
	for (int64_t f = 0; f < n; f++) {
		uint8_t line[BRN_TILE];

		for (int i = 0; i < BRN_TILE; i++)
			line[i] = (uint8_t)quantize_one(x[f * BRN_TILE + i], s,
			    i);
		memcpy(to + f * BRN_TILE, line, sizeof line);
	}
}

static void
round_lines(const float *x, int64_t n, const struct scales *s, float *to)
{
	for (int64_t f = 0; f < n * BRN_TILE; f++) {
		int i = (int)(f % BRN_TILE);

		to[f] = (float)(quantize_one(x[f], s, i) - s->q->zero[i]) *
		    s->q->scale[i];
	}
}

static struct scales
scales_of(const struct brn_tile_quant *q)
{
	return (struct scales){ q };
}

#endif

void
BRN_FOR_ISA(brn_quantize)(const float *x, int64_t n,
    const struct brn_tile_quant *q, enum brn_quant_form form, void *to)
{
	struct scales s = scales_of(q);

	if (form == BRN_QUANT_LINES)
		quantize_lines(x, n, &s, to);
	else
		round_lines(x, n, &s, to);
}

void
BRN_FOR_ISA(brn_quantize_quad)(const struct brn_quad *q)
{
	struct scales s[BRN_QUAD];

	for (int t = 0; t < q->ntile; t++)
		s[t] = scales_of(&q->quant[t]);
	if (q->groups)
		quad_of_groups(q, s);
	else
		quad_of_columns(q, s);
}
