/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention on tiles.  Queries are in the lanes: for 16 of them the scores of
 * all keys are lines of a scratch [key][16], softmax goes over lines, and both
 * products are the loop of the sparse kernels, with K and V tiles as weights.
 */
#include <math.h>
#include <string.h>

#include "runtime/native/attention.h"
#include "runtime/native/attention_few.h"
#include "runtime/native/exp.h"
#include "runtime/native/lines.h"

/* Scores of one tile of keys: s[key][16] = k . q.  */
static void
score_tile(const struct attention *t, const float *q, const float *k,
    float *s)
{
	for (int j = 0; j < BRN_TILE; j += ROWS) {
		brn_vec acc[ROWS][BRN_LINE] = { 0 };

		multiply(acc, ROWS, q, t->depth, (struct weights){ k + j,
		    BRN_TILE, 1, k + t->k.features * BRN_TILE, BRN_TILE });
		for (int r = 0; r < ROWS; r++)
			store_line(s + (j + r) * BRN_TILE, acc[r]);
	}
}

/* s[key][16] += mask.  The lanes are queries, the first of which is query;
 * those beyond the last get the mask of the last.  */
static void
add_mask(const struct attention *t, const float *mask, int64_t query,
    int64_t keys, float *s)
{
	int64_t step = t->step[2], last = t->q.tokens - 1 - query;

	mask += query * step;
	for (; keys > 0; keys--, mask += t->step[3], s += BRN_TILE) {
		float m[BRN_TILE];

		for (int i = 0; i < BRN_TILE; i++)
			m[i] = mask[(i < last ? i : last) * step];
		for (int i = 0; i < BRN_TILE; i++)
			s[i] += m[i];
	}
}

/* The same for a mask that all queries share.  */
static void
add_key_mask(const struct attention *t, const float *mask, int64_t keys,
    float *s)
{
	for (; keys > 0; keys--, mask += t->step[3], s += BRN_TILE) {
		float m = *mask;

		for (int i = 0; i < BRN_TILE; i++)
			s[i] += m;
	}
}

void
BRN_FOR_ISA(brn_mask_scores)(const struct attention *t, const float *mask,
    int64_t query, int64_t keys, float *s)
{
	if (mask && t->step[2])
		add_mask(t, mask, query, keys, s);
	else if (mask)
		add_key_mask(t, mask, keys, s);
}

/* The larger of each lane; the first where one is NaN.  */
static inline brn_vec
larger(brn_vec a, brn_vec b)
{
#ifdef __AVX512F__
	return _mm512_max_ps(b, a);
#else
	brn_ivec m = b > a;

	return (brn_vec)(((brn_ivec)b & m) | ((brn_ivec)a & ~m));
#endif
}

static inline void
larger_line(brn_vec m[BRN_LINE], const float *s)
{
	for (int l = 0; l < BRN_LINE; l++)
		m[l] = larger(m[l], *(const brn_vec *)(s + l * BRN_LANES));
}

void
BRN_FOR_ISA(brn_max_lines)(const float *s, int64_t keys,
    float max[BRN_TILE])
{
	brn_vec m[BRN_CHAINS][BRN_LINE];
	int64_t j = 0;

	for (int c = 0; c < BRN_CHAINS; c++)
		memcpy(m[c], s, sizeof m[c]);
	for (; j + BRN_CHAINS <= keys; j += BRN_CHAINS)
		for (int c = 0; c < BRN_CHAINS; c++)
			larger_line(m[c], s + (j + c) * BRN_TILE);
	for (; j < keys; j++)
		larger_line(m[0], s + j * BRN_TILE);
	for (int c = 1; c < BRN_CHAINS; c++)
		larger_line(m[0], (const float *)m[c]);
	store_line(max, m[0]);
}

/* s = exp(s - max) of one line.  */
static inline void
exp_line(float *s, const float *max)
{
#ifdef __AVX512F__
	_mm512_storeu_ps(s, brn_exp_line(_mm512_sub_ps(_mm512_loadu_ps(s),
	    _mm512_loadu_ps(max))));
#else
#pragma omp simd
	for (int i = 0; i < BRN_TILE; i++)
		s[i] = brn_expf(s[i] - max[i]);
#endif
}

void
BRN_FOR_ISA(brn_softmax_lines)(float *s, int64_t keys,
    const float sink[BRN_TILE], float scale[BRN_TILE], int nan_to_zero)
{
	float max[BRN_TILE], sum[BRN_TILE];
	brn_vec all[BRN_LINE] = { 0 };

	BRN_FOR_ISA(brn_max_lines)(s, keys, max);
	for (int i = 0; sink && i < BRN_TILE; i++)
		max[i] = sink[i] > max[i] ? sink[i] : max[i];
	for (int i = 0; nan_to_zero && i < BRN_TILE; i++)
		max[i] = max[i] == -INFINITY ? 0 : max[i];
	for (int64_t j = 0; j < keys; j++, s += BRN_TILE) {
		exp_line(s, max);
		for (int l = 0; l < BRN_LINE; l++)
			all[l] += *(const brn_vec *)(s + l * BRN_LANES);
	}
	memcpy(sum, all, sizeof sum);
	for (int i = 0; sink && i < BRN_TILE; i++)
		sum[i] += brn_expf(sink[i] - max[i]);
	for (int i = 0; i < BRN_TILE; i++)
		scale[i] = nan_to_zero && sum[i] == 0 ? 0 : 1 / sum[i];
}

/* One head of one tile of queries.  */
struct head {
	const float *q, *k, *v;
	float *s, *y;
	float scale[BRN_TILE];          /* of each query's values */
	int64_t keys;
};

static void
score_head(const struct attention *t, const struct head *h)
{
	int64_t line = t->k.features * BRN_TILE;

	for (int64_t j = 0; j < h->keys; j += BRN_TILE)
		score_tile(t, h->q, h->k + j / BRN_TILE * line,
		    h->s + j * BRN_TILE);
}

/* rows lines of y from feature d: scale * sum over keys of p[key]
 * v[key][feature].  */
static inline __attribute__((always_inline)) void
value_rows(const struct attention *t, int rows, const struct head *h,
    int64_t d)
{
	brn_vec acc[ROWS][BRN_LINE] = { 0 };
	float *y = h->y + d * BRN_TILE;

	for (int64_t j = 0; j < h->keys; j += BRN_TILE) {
		const float *v = h->v + d * BRN_TILE + j * t->v.features;

		multiply(acc, rows, h->s + j * BRN_TILE,
		    h->keys - j < BRN_TILE ? h->keys - j : BRN_TILE,
		    (struct weights){ v, 1, BRN_TILE,
		    v + t->v.features * BRN_TILE, BRN_TILE });
	}
	for (int r = 0; r < rows; r++)
		for (int l = 0; l < BRN_LINE; l++)
			*(brn_vec *)(y + r * BRN_TILE + l * BRN_LANES) =
			    acc[r][l] * *(const brn_vec *)(h->scale +
			    l * BRN_LANES);
}

static void
value_head(const struct attention *t, const struct head *h)
{
	int64_t d = 0;

	for (; d + ROWS <= t->width; d += ROWS)
		value_rows(t, ROWS, h, d);
	for (; d < t->width; d++)
		value_rows(t, 1, h, d);
}

int64_t
BRN_FOR_ISA(brn_unmasked_keys)(const struct attention *t, const float **mask)
{
	const float *m = *mask;
	int64_t n = t->k.tokens, step = t->step[3];
	float max = -INFINITY;
	int any = 0;

	if (!m || t->step[2])
		return n;
	for (int64_t j = 0; j < n; j++)
		max = m[j * step] > max ? m[j * step] : max;
	while (n > 1 && m[(n - 1) * step] <= max - 6000)
		n--;
	for (int64_t j = 0; j < n; j++)
		any |= m[j * step] != 0;
	if (!any)
		*mask = NULL;
	return n;
}

/* to = scale * q: there are more scores than queries.  q itself where scores
 * are rounded before they are scaled.  */
static const float *
scale_query(const struct attention *t, const float *q, float *to)
{
	if (t->rounds)
		return q;
	for (int64_t i = 0; i < t->depth * BRN_TILE; i++)
		to[i] = t->scale * q[i];
	return to;
}

/* Scores, masked, where the file rounds.  */
static void
mask_rounded(const struct attention *t, const float *mask, int64_t query,
    const struct head *h)
{
	int64_t n = h->keys * BRN_TILE;

	brn_round_scores(t->rounds, BRN_ROUND_PRODUCT, h->s, n);
	for (int64_t i = 0; i < n; i++)
		h->s[i] *= t->scale;
	brn_round_scores(t->rounds, BRN_ROUND_SCALED, h->s, n);
	BRN_FOR_ISA(brn_mask_scores)(t, mask, query, h->keys, h->s);
	brn_round_scores(t->rounds, BRN_ROUND_MASKED, h->s, n);
}

/* Probabilities from what softmax_lines left.  */
static void
round_probabilities(const struct attention *t, struct head *h)
{
	for (int64_t j = 0; j < h->keys; j++)
		for (int i = 0; i < BRN_TILE; i++)
			h->s[j * BRN_TILE + i] *= h->scale[i];
	brn_round_scores(t->rounds, BRN_ROUND_PROBABILITY, h->s,
	    h->keys * BRN_TILE);
	for (int i = 0; i < BRN_TILE; i++)
		h->scale[i] = 1;
}

static void
run_item(const struct attention *t, int64_t item, float *scratch)
{
	int64_t tile = item % t->q.per, head = item / t->q.per % t->heads;
	int64_t batch = item / t->q.per / t->heads;
	int64_t at = batch * t->q.per + tile;
	const float *mask = brn_head_mask(t, batch, head);
	int nan_to_zero = brn_attr_int(t->c->n, "nan_to_zero") != 0;
	struct head h = {
		.q = scale_query(t, brn_f32(t->c->in[0]) + (at * t->q.features +
		    head * t->depth) * BRN_TILE, scratch),
		.k = brn_f32(t->c->in[1]) + (batch * t->k.per *
		    t->k.features + head * t->depth) * BRN_TILE,
		.v = brn_f32(t->c->in[2]) + (batch * t->v.per *
		    t->v.features + head * t->width) * BRN_TILE,
		.s = scratch + t->depth * BRN_TILE,
		.y = (float *)t->c->out->data + (at * t->v.features +
		    head * t->width) * BRN_TILE,
	};

	/* Rounded, a masked score is at the end of its range, not so low. */
	h.keys = t->rounds ? t->k.tokens :
	    BRN_FOR_ISA(brn_unmasked_keys)(t, &mask);
	score_head(t, &h);
	if (t->rounds)
		mask_rounded(t, mask, tile * BRN_TILE, &h);
	else
		BRN_FOR_ISA(brn_mask_scores)(t, mask, tile * BRN_TILE, h.keys,
		    h.s);
	BRN_FOR_ISA(brn_softmax_lines)(h.s, h.keys, NULL, h.scale,
	    nan_to_zero);
	if (t->rounds)
		round_probabilities(t, &h);
	value_head(t, &h);
}

static void
run_task(void *ctx, size_t i)
{
	const struct attention *t = ctx;
	int64_t from = t->nitem * (int64_t)i / t->ntask;
	int64_t to = t->nitem * ((int64_t)i + 1) / t->ntask;
	float *room = t->c->scratch + (int64_t)i * t->c->scratch_size;

	if (BRN_FOR_ISA(brn_takes_attention_int16)(t->c)) {
		BRN_FOR_ISA(brn_attention_int16)(t, from, to, room);
		return;
	}
	for (int64_t item = from; item < to; item++)
		run_item(t, item, room);
}

/* mask broadcasts to [.., heads, queries, keys].  The dims before heads are
 * taken as one: at most one of them is not 1.  */
static void
set_mask(struct attention *t, const struct brn_tensor *mask)
{
	int64_t stride[BRN_MAX_RANK];
	const struct brn_type *m = &mask->type;

	t->mask = mask->data;
	brn_type_strides(m, stride);
	for (int i = 0; i < 4; i++) {
		int d = m->rank - 4 + i;

		t->step[i] = d < 0 || m->dim[d] == 1 ? 0 : stride[d];
	}
}

/* Scaled queries of a head, and scores of all keys, for a tile of queries.  */
struct brn_room
BRN_FOR_ISA(brn_room_attention)(const struct brn_call *c)
{
	int64_t depth = brn_tiles_of(c->type[0]).features /
	    brn_attr_int(c->n, "heads");
	int64_t keys = brn_tiles_of(c->type[1]).per * BRN_TILE;

	if (BRN_FOR_ISA(brn_is_few_attention)(c))
		return (struct brn_room){ 0,
		    BRN_FOR_ISA(brn_few_attention_room)(c) };
	if (BRN_FOR_ISA(brn_takes_attention_int16)(c))
		return (struct brn_room){ 0,
		    BRN_FOR_ISA(brn_room_attention_int16)(c) };
	return (struct brn_room){ 0, (depth + keys) * BRN_TILE };
}

int
BRN_FOR_ISA(brn_tiles_attention)(const struct brn_call *c)
{
	struct attention t = {
		.c = c,
		.q = brn_tiles_of(c->type[0]),
		.k = brn_tiles_of(c->type[1]),
		.v = brn_tiles_of(c->type[2]),
		.heads = brn_attr_int(c->n, "heads"),
		.scale = brn_attr_float(c->n, "scale"),
		.ntask = brn_threads_count(c->threads),
		.rounds = brn_rounds(c->n),
	};

	if (BRN_FOR_ISA(brn_is_few_attention)(c))
		return BRN_FOR_ISA(brn_few_attention)(c);
	t.depth = t.q.features / t.heads;
	t.width = t.v.features / t.heads;
	t.nitem = t.q.batch * t.heads * t.q.per;
	if (c->n->nin > 3 && c->in[3])
		set_mask(&t, c->in[3]);
	brn_parallel(c->threads, (size_t)t.ntask, run_task, &t);
	return 0;
}
