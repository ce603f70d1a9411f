/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention on tiles whose products are of 16-bit integers, two at a time with
 * VPDPWSSD, with sums in 32 bits that cannot overflow:
 *
 *	q, k    a vector of a head is scaled to length VECTOR; a product is not
 *	        larger than that of the lengths (Cauchy and Schwarz)
 *	v       a feature of a head is scaled to 13 bits and a sign
 *	p       probabilities of a query are scaled to at most 15 bits, and to a
 *	        sum of at most 18
 *
 * Or of the integers of a quantized file, which rounds all four.
 *
 * K and V are packed once a head, for all tiles of queries.  A head in which a
 * number of q, k or v is not finite gives NaN.
 */
#include "runtime/native/attention.h"

#include <float.h>
#include <math.h>

#include "runtime/native/exp.h"
#include "runtime/native/score_steps.h"

#ifdef __AVX512F__

/* SUM: with a half for each key, from rounding, it is less than 2^18.  */
enum { ROWS = 16, PAIRS = BRN_TILE / 2, VECTOR = 32000, VALUE = 8191,
	PROBABILITY = 32767, MAX_KEYS = 2048, SUM = (1 << 18) - MAX_KEYS,
	MAX_DEPTH = INT32_MAX / (255 * 255) };

/* A head, in integers: each i32 is a pair of i16.  */
struct head {
	int64_t keys, pairs;            /* pairs of features of q and k */
	const float *mask;              /* NULL: none */
	const float *rounds;            /* NULL: integers are chosen here */
	struct brn_score_steps steps;             /* with rounds */
	int32_t *q;                     /* [pairs][16 queries] */
	float *s;                       /* scores [key][16 queries] */
	int32_t *p;                     /* [pair of keys][16 queries] */
	int32_t *k;                     /* [tile][pairs][16 keys] */
	float *k_scale;                 /* [key] */
	int32_t *v;                     /* [tile][feature][PAIRS] */
	float *v_scale, *v_by;          /* [feature], and its inverse */
	__m512i *most;                  /* [feature], while V is packed */
	float *end;
};

/* n of the room's floats, from a whole line on.  */
static void *
take(float **room, int64_t n)
{
	float *at = *room;

	*room += (n + BRN_TILE - 1) / BRN_TILE * BRN_TILE;
	return at;
}

static struct head
lay_out(int64_t depth, int64_t width, int64_t tiles, float *room)
{
	struct head h = { .pairs = (depth + 1) / 2 };

	h.q = take(&room, h.pairs * BRN_TILE);
	h.s = take(&room, tiles * BRN_TILE * BRN_TILE);
	h.p = take(&room, tiles * PAIRS * BRN_TILE);
	h.k = take(&room, tiles * h.pairs * BRN_TILE);
	h.k_scale = take(&room, tiles * BRN_TILE);
	h.v = take(&room, tiles * width * PAIRS);
	h.v_scale = take(&room, width);
	h.v_by = take(&room, width);
	h.most = take(&room, width * BRN_TILE);
	h.end = room;
	return h;
}

/* Does the file round all factors of both products?  */
static int
has_integers(const struct brn_node *n)
{
	const float *r = brn_rounds(n);

	return r && r[2 * BRN_ROUND_Q] > 0 && r[2 * BRN_ROUND_K] > 0 &&
	    r[2 * BRN_ROUND_V] > 0 && r[2 * BRN_ROUND_PROBABILITY] > 0;
}

int
BRN_FOR_ISA(brn_takes_attention_int16)(const struct brn_call *c)
{
	return (has_integers(c->n) ? brn_tiles_of(c->type[0]).features <=
	    MAX_DEPTH : !brn_rounds(c->n) && brn_attr_int(c->n, "narrow")) &&
	    brn_tiles_of(c->type[0]).per > 1 &&
	    brn_tiles_of(c->type[1]).tokens <= MAX_KEYS &&
	    brn_elem_runs(BRN_ELEM_i8, BRN_ISA_avx512);
}

int64_t
BRN_FOR_ISA(brn_room_attention_int16)(const struct brn_call *c)
{
	int64_t heads = brn_attr_int(c->n, "heads");
	float room;

	return lay_out(brn_tiles_of(c->type[0]).features / heads,
	    brn_tiles_of(c->type[2]).features / heads,
	    brn_tiles_of(c->type[1]).per, &room).end - &room;
}

/* ---- packing ------------------------------------------------------------- */

/* Lanes of most / x, or 0 where x is too small for it; *scale is its inverse,
 * or NaN where x is not finite.  */
static __m512
invert(__m512 x, float most, __m512 *scale)
{
	__mmask16 small = _mm512_cmp_ps_mask(x, _mm512_set1_ps(1e-18f),
	    _CMP_LT_OQ);
	__mmask16 finite = _mm512_cmp_ps_mask(x, _mm512_set1_ps(FLT_MAX),
	    _CMP_LE_OQ);

	*scale = _mm512_mask_mul_ps(_mm512_set1_ps(NAN), finite, x,
	    _mm512_set1_ps(1 / most));
	return _mm512_maskz_div_ps((__mmask16)~small, _mm512_set1_ps(most), x);
}

/* Lanes of pairs of i16.  */
static inline __m512i
join(__m512i lo, __m512i hi)
{
	return _mm512_mask_blend_epi16(0xaaaaaaaau, lo,
	    _mm512_slli_epi32(hi, 16));
}

/* The same of lo and hi rounded.  */
static inline __m512i
pair(__m512 lo, __m512 hi)
{
	return join(_mm512_cvtps_epi32(lo), _mm512_cvtps_epi32(hi));
}

/* next is where the lines of the next call begin, to be prefetched.  */
static inline __m512
square_sum(const float *x, int64_t n, const float *next)
{
	__m512 s[4] = { 0 };

	for (int64_t i = 0; i < n; i++) {
		__m512 l = _mm512_loadu_ps(x + i * BRN_TILE);

		__builtin_prefetch(next + i * BRN_TILE);
		s[3] = _mm512_fmadd_ps(l, l, s[0]);
		s[0] = s[1];
		s[1] = s[2];
		s[2] = s[3];
	}
	return _mm512_add_ps(_mm512_add_ps(s[0], s[1]), s[2]);
}

/* n lines times by to pairs; the sum of each lane.  */
static __m512
pack_lines(const float *x, int64_t n, __m512 by, int32_t *to)
{
	const __m512i ones = _mm512_set1_epi16(1);
	__m512i sum = _mm512_setzero_si512();

	for (int64_t i = 0; i < n; i += 2, x += 2 * BRN_TILE, to += BRN_TILE) {
		__m512i v = pair(_mm512_mul_ps(by, _mm512_loadu_ps(x)),
		    i + 1 == n ? _mm512_setzero_ps() : _mm512_mul_ps(by,
		    _mm512_loadu_ps(x + BRN_TILE)));

		sum = _mm512_add_epi32(sum, _mm512_madd_epi16(v, ones));
		_mm512_storeu_si512(to, v);
	}
	return _mm512_cvtepi32_ps(sum);
}

/* A tile of n lines, q or k, to `to`; the scale of each token.  round is what
 * they were rounded by, or NULL.  */
static __m512
pack_vectors(const float *x, int64_t n, const float *next, const float *round,
    int32_t *to)
{
	__m512 scale, by;

	if (round) {
		scale = _mm512_set1_ps(round[0]);
		by = _mm512_set1_ps(1 / round[0]);
	} else {
		by = invert(_mm512_sqrt_ps(square_sum(x, n, next)), VECTOR,
		    &scale);
	}
	pack_lines(x, n, by, to);
	return scale;
}

/* The keys of a tile from key j on that there are.  */
static inline __mmask16
some_keys(const struct head *h, int64_t j)
{
	return h->keys - j < BRN_TILE ?
	    (__mmask16)((1u << (h->keys - j)) - 1) : 0xffff;
}

/* most[d] of feature d, widened to the lanes of its line that `some` has.
 * Compared as integers, NaN is larger than numbers.  */
static void
widen(const float *v, int64_t n, __mmask16 some, __m512i *most,
    const float *next)
{
	for (int64_t d = 0; d < n; d++) {
		__builtin_prefetch(next + d * BRN_TILE);
		most[d] = _mm512_max_epi32(most[d], _mm512_castps_si512(
		    _mm512_abs_ps(_mm512_maskz_loadu_ps(some, v + d *
		    BRN_TILE))));
	}
}

/* The scale of each feature and its inverse.  */
static void
scale_features(int64_t n, const __m512i *most, float *scale, float *by)
{
	for (int64_t d = 0; d < n; d++)
		scale[d] = _mm512_cvtss_f32(_mm512_castsi512_ps(
		    _mm512_set1_epi32(_mm512_reduce_max_epi32(most[d]))));
	for (int64_t d = 0; d < n; d += BRN_TILE) {
		__m512 s;

		_mm512_storeu_ps(by + d, invert(_mm512_loadu_ps(scale + d),
		    VALUE, &s));
		_mm512_storeu_ps(scale + d, s);
	}
}

static void
pack_tile(const float *v, int64_t n, __mmask16 some, const float *by,
    int32_t *to)
{
	for (int64_t d = 0; d < n; d++)
		_mm256_storeu_si256((__m256i *)(to + d * PAIRS),
		    _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(
		    _mm512_set1_ps(by[d]), _mm512_maskz_loadu_ps(some, v + d *
		    BRN_TILE)))));
}

/* Set v_scale and v_by.  */
static void
scale_values(const struct attention *t, const struct head *h, const float *v)
{
	int64_t step = t->v.features, n = t->width;

	for (int64_t d = 0; h->rounds && d < n; d++) {
		h->v_scale[d] = h->rounds[2 * BRN_ROUND_V];
		h->v_by[d] = 1 / h->v_scale[d];
	}
	if (h->rounds)
		return;
	memset(h->most, 0, (size_t)n * sizeof *h->most);
	for (int64_t j = 0; j < h->keys; j += BRN_TILE)
		widen(v + j * step, n, some_keys(h, j), h->most,
		    v + (j + BRN_TILE) * step);
	scale_features(n, h->most, h->v_scale, h->v_by);
}

static void
pack_values(const struct attention *t, const struct head *h, const float *v)
{
	int64_t step = t->v.features, n = t->width;

	scale_values(t, h, v);
	for (int64_t j = 0; j < h->keys; j += BRN_TILE)
		pack_tile(v + j * step, n, some_keys(h, j), h->v_by,
		    h->v + j / BRN_TILE * n * PAIRS);
}

/* Set the mask and the keys that count.  Rounded, a masked score is at the end
 * of its range, not so low: all keys count then.  */
static void
set_keys(const struct attention *t, struct head *h, const float *mask)
{
	h->mask = mask;
	h->keys = BRN_FOR_ISA(brn_unmasked_keys)(t, &h->mask);
	if (!t->rounds)
		return;
	if (h->keys < t->k.tokens)
		h->mask = mask;
	h->keys = t->k.tokens;
	h->rounds = t->rounds;
	h->steps = brn_score_steps(t->rounds, t->scale, h->mask != NULL);
}

/* What an input was rounded by; NULL: it was not.  */
static const float *
input_round(const struct head *h, enum brn_score_round which)
{
	return h->rounds ? h->rounds + 2 * which : NULL;
}

static void
pack_head(const struct attention *t, struct head *h, int64_t batch,
    int64_t head)
{
	const float *k = brn_f32(t->c->in[1]) + (batch * t->k.per *
	    t->k.features + head * t->depth) * BRN_TILE;
	const float *v = brn_f32(t->c->in[2]) + (batch * t->v.per *
	    t->v.features + head * t->width) * BRN_TILE;

	set_keys(t, h, brn_head_mask(t, batch, head));
	for (int64_t j = 0; j < h->keys; j += BRN_TILE)
		_mm512_storeu_ps(h->k_scale + j, pack_vectors(k + j *
		    t->k.features, t->depth, k + (j + BRN_TILE) *
		    t->k.features, input_round(h, BRN_ROUND_K),
		    h->k + j * h->pairs));
	pack_values(t, h, v);
}

/* ---- products ------------------------------------------------------------ */

/* acc[r] += sum over i < n of the pairs of line x[i] times the pair at
 * w[i * wi + r * wr], for r < rows, which is constant once this is inlined.  As
 * asm: GCC 12 broadcasts to a register and spills accumulators.  */
static inline __attribute__((always_inline)) void
multiply(__m512i acc[ROWS], int rows, const int32_t *x, int64_t n,
    const int32_t *w, int64_t wi, int64_t wr)
{
#pragma GCC unroll 4
	for (int64_t i = 0; i < n; i++) {
		__m512i line = _mm512_loadu_si512(x + i * BRN_TILE);

#pragma GCC unroll 16
		for (int r = 0; r < rows; r++)
			__asm__ ("vpdpwssd %2%{1to16%}, %1, %0" :
			    "+v" (acc[r]) : "v" (line),
			    "m" (w[i * wi + r * wr]));
	}
}

/* Scores of the tile of keys from key j on.  */
static void
score_tile(const struct head *h, __m512 scale, int64_t j)
{
	__m512i acc[ROWS] = { 0 };

	multiply(acc, ROWS, h->q, h->pairs, h->k + j * h->pairs, BRN_TILE, 1);
#pragma GCC unroll 16
	for (int r = 0; r < ROWS; r++)
		_mm512_storeu_ps(h->s + (j + r) * BRN_TILE, _mm512_mul_ps(
		    _mm512_mul_ps(_mm512_cvtepi32_ps(acc[r]), scale),
		    _mm512_set1_ps(h->k_scale[j + r])));
}

/* score_tile where the file rounds scores.  */
static void
score_tile_rounded(const struct head *h, int64_t j)
{
	__m512i acc[ROWS] = { 0 };

	multiply(acc, ROWS, h->q, h->pairs, h->k + j * h->pairs, BRN_TILE, 1);
	brn_sums_to_scores(&h->steps, acc, h->s + j * BRN_TILE);
	brn_sums_to_scores(&h->steps, acc + BRN_ROUND_LINES, h->s +
	    (j + BRN_ROUND_LINES) * BRN_TILE);
}

/* Scores of all keys, masked.  */
static void
score_head(const struct attention *t, const struct head *h, __m512 scale,
    int64_t query)
{
	for (int64_t j = 0; j < h->keys; j += BRN_TILE)
		if (h->rounds)
			score_tile_rounded(h, j);
		else
			score_tile(h, scale, j);
	BRN_FOR_ISA(brn_mask_scores)(t, h->mask, query, h->keys, h->s);
	if (h->rounds && h->mask)
		brn_round_scores(h->rounds, BRN_ROUND_MASKED, h->s,
		    h->keys * BRN_TILE);
}

/* rows lines of y from feature d on.  */
static inline __attribute__((always_inline)) void
value_rows(const struct attention *t, const struct head *h, int rows,
    int64_t d, __m512 scale, float *y)
{
	__m512i acc[ROWS] = { 0 };

	for (int64_t j = 0; j < h->keys; j += BRN_TILE) {
		int64_t n = h->keys - j < BRN_TILE ? h->keys - j : BRN_TILE;

		multiply(acc, rows, h->p + j * PAIRS, (n + 1) / 2, h->v +
		    (j / BRN_TILE * t->width + d) * PAIRS, 1, PAIRS);
	}
#pragma GCC unroll 16
	for (int r = 0; r < rows; r++)
		_mm512_storeu_ps(y + (d + r) * BRN_TILE, _mm512_mul_ps(
		    _mm512_mul_ps(_mm512_cvtepi32_ps(acc[r]), scale),
		    _mm512_set1_ps(h->v_scale[d + r])));
}

static void
value_head(const struct attention *t, const struct head *h, __m512 scale,
    float *y)
{
	int64_t d = 0;

	for (; d + ROWS <= t->width; d += ROWS)
		value_rows(t, h, ROWS, d, scale, y);
	for (; d + 4 <= t->width; d += 4)
		value_rows(t, h, 4, d, scale, y);
	for (; d < t->width; d++)
		value_rows(t, h, 1, d, scale, y);
}

/* ---- softmax ------------------------------------------------------------- */

/* e^x of an x that is not above 0, within 2e-6: brn_exp_line with degree 2.  r
 * is what is left of x, in powers of 2, above a whole sixteenth.  vscalef takes
 * the next lower integer.  */
static inline __m512
exp_line(__m512 x)
{
	const __m512 root = _mm512_setr_ps(1, 1.04427378f, 1.09050773f,
	    1.13878863f, 1.18920712f, 1.24185781f, 1.29683955f, 1.35425555f,
	    1.41421356f, 1.47682615f, 1.54221083f, 1.61049033f, 1.68179283f,
	    1.75625216f, 1.83400809f, 1.91520656f);
	__m512 n, r, p, w;

	x = _mm512_mul_ps(x, _mm512_set1_ps(1.44269504f));
	n = _mm512_add_round_ps(x, _mm512_set1_ps(786432),
	    _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
	w = _mm512_permutexvar_ps(_mm512_castps_si512(n), root);
	r = _mm512_reduce_ps(x, 4 << 4 | _MM_FROUND_TO_NEG_INF);
	p = _mm512_fmadd_ps(r, _mm512_set1_ps(0.2451f),
	    _mm512_set1_ps(0.693053f));
	p = _mm512_fmadd_ps(_mm512_mul_ps(w, r), p, w);
	return _mm512_scalef_ps(p, x);
}

/* s = exp(s - max) of each lane, within 2 ulp if exact, which is constant once
 * this is inlined; the sum.  */
static inline __attribute__((always_inline)) __m512
exp_lines(float *s, int64_t keys, __m512 max, int exact)
{
	__m512 sum = _mm512_setzero_ps();

	for (int64_t j = 0; j < keys; j++) {
		__m512 e = _mm512_sub_ps(_mm512_loadu_ps(s + j * BRN_TILE),
		    max);

		e = exact ? brn_exp_line(e) : exp_line(e);
		sum = _mm512_add_ps(sum, e);
		_mm512_storeu_ps(s + j * BRN_TILE, e);
	}
	return sum;
}

/* What exp_lines left, to pairs of the integers of a quantized file; their
 * scale.  Past the last key, where v is 0, any will do.  */
static __m512
round_probabilities(const struct head *h, __m512 sum)
{
	const float *r = h->rounds + 2 * BRN_ROUND_PROBABILITY;
	struct brn_rounding q = brn_rounding(r[0], (int)r[1]);
	__m512 by = _mm512_div_ps(_mm512_set1_ps(1), sum);

	for (int64_t j = 0; j < h->keys; j += BRN_ROUND_LINES) {
		__m512 v[BRN_ROUND_LINES];
		__m512i n[BRN_ROUND_LINES];

#pragma GCC unroll 8
		for (int k = 0; k < BRN_ROUND_LINES; k++)
			v[k] = _mm512_mul_ps(_mm512_loadu_ps(h->s + (j + k) *
			    BRN_TILE), by);
		brn_round_lines(v, BRN_ROUND_LINES, &q, n);
#pragma GCC unroll 4
		for (int k = 0; k < BRN_ROUND_LINES; k += 2)
			_mm512_storeu_si512(h->p + (j + k) / 2 * BRN_TILE,
			    join(n[k], n[k + 1]));
	}
	return _mm512_set1_ps(r[0]);
}

/* Scores to pairs of probabilities; the inverse of their sum.  */
static __m512
softmax(const struct head *h, int nan_to_zero)
{
	float lane[BRN_TILE];
	__m512 max, sum, by, scale;
	__mmask16 none;

	BRN_FOR_ISA(brn_max_lines)(h->s, h->keys, lane);
	max = _mm512_loadu_ps(lane);
	none = _mm512_cmp_ps_mask(max, _mm512_set1_ps(-INFINITY), _CMP_EQ_OQ);
	if (nan_to_zero)
		max = _mm512_mask_mov_ps(max, none, _mm512_setzero_ps());
	if (h->rounds)
		return round_probabilities(h, exp_lines(h->s, h->keys, max,
		    1));
	sum = exp_lines(h->s, h->keys, max, 0);
	/* The second operand is what min gives for a NaN.  */
	by = _mm512_min_ps(_mm512_set1_ps(PROBABILITY), _mm512_div_ps(
	    _mm512_set1_ps(SUM), sum));
	scale = _mm512_div_ps(_mm512_set1_ps(1), pack_lines(h->s, h->keys, by,
	    h->p));
	return nan_to_zero ? _mm512_mask_mov_ps(scale, none,
	    _mm512_setzero_ps()) : scale;
}

/* ---- heads --------------------------------------------------------------- */

/* One tile of queries.  */
static void
run_tile(const struct attention *t, const struct head *h, int64_t batch,
    int64_t head, int64_t tile)
{
	int64_t at = batch * t->q.per + tile;
	const float *q = brn_f32(t->c->in[0]) + (at * t->q.features +
	    head * t->depth) * BRN_TILE;
	float *y = (float *)t->c->out->data + (at * t->v.features +
	    head * t->width) * BRN_TILE;
	__m512 scale = _mm512_mul_ps(pack_vectors(q, t->depth,
	    q + t->q.features * BRN_TILE, input_round(h, BRN_ROUND_Q), h->q),
	    _mm512_set1_ps(t->scale));

	score_head(t, h, scale, tile * BRN_TILE);
	scale = softmax(h, brn_attr_int(t->c->n, "nan_to_zero") != 0);
	value_head(t, h, scale, y);
}

void
BRN_FOR_ISA(brn_attention_int16)(const struct attention *t, int64_t from,
    int64_t to, float *room)
{
	struct head h = lay_out(t->depth, t->width, t->k.per, room);
	int64_t packed = -1;

	for (int64_t item = from; item < to; item++) {
		int64_t at = item / t->q.per, batch = at / t->heads;

		if (packed != at)
			pack_head(t, &h, batch, at % t->heads);
		packed = at;
		run_tile(t, &h, batch, at % t->heads, item % t->q.per);
	}
}

#else

int
BRN_FOR_ISA(brn_takes_attention_int16)(const struct brn_call *c)
{
	(void)c;
	return 0;
}

int64_t
BRN_FOR_ISA(brn_room_attention_int16)(const struct brn_call *c)
{
	(void)c;
	return 0;
}

void
BRN_FOR_ISA(brn_attention_int16)(const struct attention *t, int64_t from,
    int64_t to, float *room)
{
	(void)t;
	(void)from;
	(void)to;
	(void)room;
}

#endif
