/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention on tiles.  Queries are in the lanes: for 16 of them the scores of
 * all keys are lines of a scratch [key][16], softmax goes over lines, and both
 * products are the loop of the sparse kernels, with K and V tiles as weights.
 */
#include <math.h>
#include <string.h>

#include "runtime/native_isa.h"
#include "runtime/native_math.h"

/* Accumulated lines at a time: as many as the registers hold beside an
 * operand.  */
#ifdef __AVX512F__
enum { ROWS = 16 };
#elif defined(__AVX2__)
enum { ROWS = 4 };
#else
enum { ROWS = 2 };
#endif

/* Tiles of queries at a time: what is loaded of K and V serves all of them, and
 * their scores still fit the cache.  */
enum { QUERY_TILES = 2 };

struct attention {
	const struct brn_tiled *a;
	struct brn_tiles q, k, v;
	int64_t heads, depth, width;
	float scale;
	int64_t nitem, ntask;           /* batch x head x pair of tiles */
	/* The mask's step along batch, head, query and key; 0: broadcast. */
	const float *mask;
	int64_t step[4];
};

/* Where lines go, and the factor of each lane.  */
struct output {
	float *y;
	const float *scale;
};

/* acc[r] += sum over i < n of line x[i] times w[i * wi + r * wr], for rows of
 * them, a constant where it is inlined.  */
static inline __attribute__((always_inline)) void
multiply(brn_vec acc[ROWS][BRN_LINE], int rows, const float *x, int64_t n,
    const float *w, const int64_t step[2])
{
	for (int64_t i = 0; i < n; i++)
		for (int r = 0; r < rows; r++)
			for (int l = 0; l < BRN_LINE; l++)
				acc[r][l] += *(const brn_vec *)(x +
				    i * BRN_TILE + l * BRN_LANES) *
				    w[i * step[0] + r * step[1]];
}

static inline void
store_rows(float *y, brn_vec acc[ROWS][BRN_LINE], int n, const float *factor)
{
	for (int r = 0; r < n; r++)
		for (int l = 0; l < BRN_LINE; l++)
			*(brn_vec *)(y + r * BRN_TILE + l * BRN_LANES) =
			    acc[r][l] * *(const brn_vec *)(factor +
			    l * BRN_LANES);
}

/* Scores of one tile of keys: s[key][16] = scale * k . q.  */
static void
score_tile(const struct attention *t, const float *q, const float *k,
    float *s)
{
	static const int64_t step[2] = { BRN_TILE, 1 };
	float scale[BRN_TILE];

	for (int i = 0; i < BRN_TILE; i++)
		scale[i] = t->scale;
	for (int j = 0; j < BRN_TILE; j += ROWS) {
		brn_vec acc[ROWS][BRN_LINE] = { 0 };

		multiply(acc, ROWS, q, t->depth, k + j, step);
		store_rows(s + j * BRN_TILE, acc, ROWS, scale);
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

/* The larger of each lane; the first where one is NaN.  */
static inline brn_vec
larger(brn_vec a, brn_vec b)
{
	brn_ivec m = b > a;

	return (brn_vec)(((brn_ivec)b & m) | ((brn_ivec)a & ~m));
}

static void
max_lines(const float *s, int64_t keys, float max[BRN_TILE])
{
	brn_vec m[BRN_LINE];

	for (int l = 0; l < BRN_LINE; l++)
		m[l] = *(const brn_vec *)(s + l * BRN_LANES);
	for (int64_t j = 1; j < keys; j++)
		for (int l = 0; l < BRN_LINE; l++)
			m[l] = larger(m[l], *(const brn_vec *)(s +
			    j * BRN_TILE + l * BRN_LANES));
	for (int l = 0; l < BRN_LINE; l++)
		*(brn_vec *)(max + l * BRN_LANES) = m[l];
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

/* s = exp(s - max) of each lane, its sum inverted in scale.  */
static void
softmax_lines(float *s, int64_t keys, float scale[BRN_TILE], int nan_to_zero)
{
	float max[BRN_TILE], sum[BRN_TILE];
	brn_vec all[BRN_LINE] = { 0 };

	max_lines(s, keys, max);
	for (int i = 0; nan_to_zero && i < BRN_TILE; i++)
		max[i] = max[i] == -INFINITY ? 0 : max[i];
	for (int64_t j = 0; j < keys; j++, s += BRN_TILE) {
		exp_line(s, max);
		for (int l = 0; l < BRN_LINE; l++)
			all[l] += *(const brn_vec *)(s + l * BRN_LANES);
	}
	memcpy(sum, all, sizeof sum);
	for (int i = 0; i < BRN_TILE; i++)
		scale[i] = nan_to_zero && sum[i] == 0 ? 0 : 1 / sum[i];
}

/* rows lines of y: scale * sum over keys of p[key] v[key][feature], where v is
 * at the first of the features.  */
static inline __attribute__((always_inline)) void
value_rows(const struct attention *t, int rows, const float *p,
    const float *v, int64_t keys, struct output out)
{
	static const int64_t step[2] = { 1, BRN_TILE };
	brn_vec acc[ROWS][BRN_LINE] = { 0 };

	for (int64_t j = 0; j < keys; j += BRN_TILE)
		multiply(acc, rows, p + j * BRN_TILE,
		    keys - j < BRN_TILE ? keys - j : BRN_TILE,
		    v + j * t->v.features, step);
	store_rows(out.y, acc, rows, out.scale);
}

/* One head of nq tiles of queries, those of tile i at q[i], and so on.  */
struct head {
	int nq;
	const float *q[QUERY_TILES];
	const float *k, *v;
	float *s[QUERY_TILES], *y[QUERY_TILES];
	float scale[QUERY_TILES][BRN_TILE];
	int64_t keys;
};

static void
score_head(const struct attention *t, const struct head *h)
{
	int64_t line = t->k.features * BRN_TILE;

	for (int64_t j = 0; j < h->keys; j += BRN_TILE)
		for (int i = 0; i < h->nq; i++)
			score_tile(t, h->q[i], h->k + j / BRN_TILE * line,
			    h->s[i] + j * BRN_TILE);
}

static void
value_head(const struct attention *t, const struct head *h)
{
	int64_t d = 0;

	for (; d + ROWS <= t->width; d += ROWS)
		for (int i = 0; i < h->nq; i++)
			value_rows(t, ROWS, h->s[i], h->v + d * BRN_TILE,
			    h->keys, (struct output){
			    h->y[i] + d * BRN_TILE, h->scale[i] });
	for (; d < t->width; d++)
		for (int i = 0; i < h->nq; i++)
			value_rows(t, 1, h->s[i], h->v + d * BRN_TILE,
			    h->keys, (struct output){
			    h->y[i] + d * BRN_TILE, h->scale[i] });
}

/* How many keys can count: behind them the mask takes so much off that exp is
 * 0 for any scores less than 5000 apart.  A mask that is 0 for all that do is
 * none.  */
static int64_t
keys_that_count(const struct attention *t, const float **mask)
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

/* Tile i of the head's queries is tile of its batch.  */
static void
set_query(const struct attention *t, struct head *h, int i, int64_t tile,
    int64_t head)
{
	h->q[i] = brn_f32(t->a->in[0]) + (tile * t->q.features +
	    head * t->depth) * BRN_TILE;
	h->y[i] = (float *)t->a->out->data + (tile * t->v.features +
	    head * t->width) * BRN_TILE;
}

static void
run_item(const struct attention *t, int64_t item, float *scratch)
{
	int64_t pairs = (t->q.per + QUERY_TILES - 1) / QUERY_TILES;
	int64_t tile = item % pairs * QUERY_TILES;
	int64_t head = item / pairs % t->heads, batch = item / pairs / t->heads;
	const float *mask = t->mask ? t->mask + (t->a->batch0 + batch) *
	    t->step[0] + head * t->step[1] : NULL;
	int nan_to_zero = brn_attr_int(t->a->n, "nan_to_zero", 0) != 0;
	struct head h = { .nq = QUERY_TILES };

	if (t->q.per - tile < h.nq)
		h.nq = (int)(t->q.per - tile);
	h.keys = keys_that_count(t, &mask);
	h.k = brn_f32(t->a->in[1]) + (batch * t->k.per * t->k.features +
	    head * t->depth) * BRN_TILE;
	h.v = brn_f32(t->a->in[2]) + (batch * t->v.per * t->v.features +
	    head * t->width) * BRN_TILE;
	for (int i = 0; i < h.nq; i++) {
		h.s[i] = scratch + i * t->k.per * BRN_TILE * BRN_TILE;
		set_query(t, &h, i, batch * t->q.per + tile + i, head);
	}
	score_head(t, &h);
	for (int i = 0; i < h.nq; i++) {
		if (mask && t->step[2])
			add_mask(t, mask, (tile + i) * BRN_TILE, h.keys,
			    h.s[i]);
		else if (mask)
			add_key_mask(t, mask, h.keys, h.s[i]);
		softmax_lines(h.s[i], h.keys, h.scale[i], nan_to_zero);
	}
	value_head(t, &h);
}

static void
run_task(void *ctx, size_t i)
{
	const struct attention *t = ctx;
	int64_t from = t->nitem * (int64_t)i / t->ntask;
	int64_t to = t->nitem * ((int64_t)i + 1) / t->ntask;

	for (int64_t item = from; item < to; item++)
		run_item(t, item, t->a->scratch +
		    (int64_t)i * t->a->scratch_size);
}

/* mask broadcasts to [.., heads, queries, keys]; the dims before heads are
 * taken as one, which is right as long as at most one of them is not 1.  */
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

void
BRN_FOR_ISA(brn_tiled_attention)(const struct brn_tiled *a)
{
	struct attention t = {
		.a = a,
		.q = brn_tiles_of(a->type[0]),
		.k = brn_tiles_of(a->type[1]),
		.v = brn_tiles_of(a->type[2]),
		.heads = brn_attr_int(a->n, "heads", 1),
		.scale = brn_attr_float(a->n, "scale", 1),
		.ntask = brn_threads_count(a->threads),
	};

	t.depth = t.q.features / t.heads;
	t.width = t.v.features / t.heads;
	t.nitem = t.q.batch * t.heads *
	    ((t.q.per + QUERY_TILES - 1) / QUERY_TILES);
	if (a->n->nin > 3 && a->in[3])
		set_mask(&t, a->in[3]);
	brn_parallel(a->threads, (size_t)t.ntask, run_task, &t);
}
