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

struct attention {
	const struct brn_tiled *a;
	struct brn_tiles q, k, v;
	int64_t heads, depth, width;
	float scale;
	int64_t nitem, ntask;           /* batch x head x tile of queries */
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
	for (int64_t j = 0; j < keys; j++, mask += t->step[3])
		for (int i = 0; i < BRN_TILE; i++)
			s[j * BRN_TILE + i] += step ?
			    mask[(i < last ? i : last) * step] : *mask;
}

/* s = exp(s - max) of each lane, its sum inverted in scale.  */
static void
softmax_lines(float *s, int64_t keys, float scale[BRN_TILE], int nan_to_zero)
{
	float max[BRN_TILE], sum[BRN_TILE] = { 0 };

	for (int i = 0; i < BRN_TILE; i++)
		max[i] = -INFINITY;
	for (int64_t j = 0; j < keys; j++)
		for (int i = 0; i < BRN_TILE; i++)
			max[i] = s[j * BRN_TILE + i] > max[i] ?
			    s[j * BRN_TILE + i] : max[i];
	for (int i = 0; nan_to_zero && i < BRN_TILE; i++)
		max[i] = max[i] == -INFINITY ? 0 : max[i];
	for (int64_t j = 0; j < keys; j++)
		for (int i = 0; i < BRN_TILE; i++) {
			float e = brn_expf(s[j * BRN_TILE + i] - max[i]);

			s[j * BRN_TILE + i] = e;
			sum[i] += e;
		}
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

static void
value_head(const struct attention *t, const float *p, const float *v,
    int64_t keys, struct output out)
{
	int64_t d = 0;

	for (; d + ROWS <= t->width; d += ROWS) {
		value_rows(t, ROWS, p, v + d * BRN_TILE, keys, out);
		out.y += ROWS * BRN_TILE;
	}
	for (; d < t->width; d++) {
		value_rows(t, 1, p, v + d * BRN_TILE, keys, out);
		out.y += BRN_TILE;
	}
}

/* How many keys can count: behind them the mask takes so much off that exp is
 * 0 for any scores less than 5000 apart.  */
static int64_t
keys_that_count(const struct attention *t, const float *mask)
{
	int64_t n = t->k.tokens;
	float max = -INFINITY;

	if (!mask || t->step[2])
		return n;
	for (int64_t j = 0; j < n; j++)
		max = mask[j * t->step[3]] > max ? mask[j * t->step[3]] : max;
	while (n > 1 && mask[(n - 1) * t->step[3]] <= max - 6000)
		n--;
	return n;
}

static void
run_item(const struct attention *t, int64_t item, float *s)
{
	int64_t tile = item % t->q.per, head = item / t->q.per % t->heads;
	int64_t batch = item / t->q.per / t->heads;
	const float *q = brn_f32(t->a->in[0]), *k = brn_f32(t->a->in[1]);
	const float *v = brn_f32(t->a->in[2]);
	const float *mask = t->mask ? t->mask + batch * t->step[0] +
	    head * t->step[1] : NULL;
	float *y = t->a->out->data, scale[BRN_TILE];
	int64_t keys = keys_that_count(t, mask);
	int64_t line = t->q.features * BRN_TILE;

	q += (batch * t->q.per + tile) * line + head * t->depth * BRN_TILE;
	k += batch * t->k.per * line + head * t->depth * BRN_TILE;
	v += (batch * t->v.per * t->v.features + head * t->width) * BRN_TILE;
	y += ((batch * t->q.per + tile) * t->v.features + head * t->width) *
	    BRN_TILE;
	for (int64_t j = 0; j < keys; j += BRN_TILE)
		score_tile(t, q, k + j / BRN_TILE * line, s + j * BRN_TILE);
	if (mask)
		add_mask(t, mask, tile * BRN_TILE, keys, s);
	softmax_lines(s, keys, scale,
	    brn_attr_int(t->a->n, "nan_to_zero", 0) != 0);
	value_head(t, s, v, keys, (struct output){ y, scale });
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
	t.nitem = t.q.n * t.heads;
	if (a->n->nin > 3 && a->in[3])
		set_mask(&t, a->in[3]);
	brn_parallel(a->threads, (size_t)t.ntask, run_task, &t);
}
