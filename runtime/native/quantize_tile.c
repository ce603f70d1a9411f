/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantizing x, and sums back to floats (runtime/native/tile_quant.h).
 */
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
BRN_FOR_ISA(brn_dequantize)(float *y, int64_t n,
    const struct brn_tile_quant *q, const struct brn_row_quant *w)
{
	struct line scale = load(q->scale), zero;

	memcpy(&zero, q->zero, sizeof zero);
	for (int64_t r = 0; r < n; r++) {
		struct line l = load(y + r * BRN_TILE);
		float bias = w->bias ? w->bias[r] : 0;

		for (int i = 0; i < BRN_LINE; i++)
			l.v[i] = to_floats((brn_ivec)l.v[i] -
			    (brn_ivec)zero.v[i] * w->sum[r]) *
			    (scale.v[i] * w->scale[r]) + bias;
		memcpy(y + r * BRN_TILE, &l, sizeof l);
	}
}

#ifdef __AVX512F__

struct scales {
	__m512 scale, inverse, rest;
	__m512i zero, most;
};

/* A line as 0 .. 255.  x times the inverse of the scale is off by an ulp or
 * two, which matters only next to a half: those are divided.  */
static inline __m512i
quantize_line(const float *x, const struct scales *s)
{
	__m512 v = _mm512_loadu_ps(x), t, r;
	__m512i q;

	t = _mm512_mul_ps(v, s->inverse);
	r = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT |
	    _MM_FROUND_NO_EXC);
	if (_mm512_cmp_ps_mask(_mm512_abs_ps(_mm512_sub_ps(t, r)), s->rest,
	    _CMP_NLE_UQ))
		t = _mm512_div_ps(v, s->scale);
	q = _mm512_add_epi32(_mm512_cvtps_epi32(t), s->zero);
	/* What is too large for cvtps_epi32, as NaN, is its least integer.  */
	q = _mm512_mask_mov_epi32(q, _mm512_cmp_ps_mask(t,
	    _mm512_set1_ps(1e6f), _CMP_GE_OQ), s->most);
	return _mm512_max_epi32(_mm512_min_epi32(q, s->most),
	    _mm512_setzero_si512());
}

static inline void
quantize_group(const float *x, int64_t n, const struct scales *s, void *to)
{
	__m512i g = _mm512_setzero_si512();

	for (int k = 0; k < 4; k++) {
		__m512i q = k < n ? quantize_line(x + k * BRN_TILE, s) :
		    s->zero;

		g = _mm512_or_si512(g, _mm512_slli_epi32(q, 8 * (unsigned)k));
	}
	_mm512_storeu_si512(to, g);
}

static void
quantize_groups(const float *x, int64_t n, const struct scales *s, uint8_t *to)
{
	for (int64_t f = 0; f < n; f += 4)
		quantize_group(x + f * BRN_TILE, n - f, s, to + f * BRN_TILE);
}

static void
quantize_lines(const float *x, int64_t n, const struct scales *s, uint8_t *to)
{
	for (int64_t f = 0; f < n; f++)
		_mm_storeu_si128((__m128i *)(void *)(to + f * BRN_TILE),
		    _mm512_cvtepi32_epi8(quantize_line(x + f * BRN_TILE, s)));
}

static void
round_lines(const float *x, int64_t n, const struct scales *s, float *to)
{
	for (int64_t f = 0; f < n; f++) {
		__m512i q = _mm512_sub_epi32(quantize_line(x + f * BRN_TILE,
		    s), s->zero);

		_mm512_storeu_ps(to + f * BRN_TILE,
		    _mm512_mul_ps(_mm512_cvtepi32_ps(q), s->scale));
	}
}

static struct scales
scales_of(const struct brn_tile_quant *q)
{
	__m512 scale = _mm512_loadu_ps(q->scale);

	return (struct scales){ scale,
	    _mm512_div_ps(_mm512_set1_ps(1), scale), _mm512_set1_ps(0.4999f),
	    _mm512_loadu_si512(q->zero), _mm512_set1_epi32(255) };
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

	v = v > lo ? v < hi ? v : hi : lo;
	return (int32_t)rintf(v) + s->q->zero[i];
}

/* Four lines from x on, of which n are there.  */
static void
quantize_group(const float *x, int64_t n, const struct scales *s, uint8_t *to)
{
	uint8_t g[BRN_TILE * 4];

	for (int i = 0; i < BRN_TILE * 4; i++)
		g[i] = (uint8_t)(i % 4 < n ? quantize_one(x[i % 4 * BRN_TILE +
		    i / 4], s, i / 4) : s->q->zero[i / 4]);
	memcpy(to, g, sizeof g);
}

static void
quantize_groups(const float *x, int64_t n, const struct scales *s, uint8_t *to)
{
	for (int64_t f = 0; f < n; f += 4)
		quantize_group(x + f * BRN_TILE, n - f, s, to + f * BRN_TILE);
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

	if (form == BRN_QUANT_GROUPS)
		quantize_groups(x, n, &s, to);
	else if (form == BRN_QUANT_LINES)
		quantize_lines(x, n, &s, to);
	else
		round_lines(x, n, &s, to);
}
