/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention on tiles that are narrow or cross batches
 * (runtime/native/layout.h):
 * query by query, with the same bits as attention.c, which has 16 of them in
 * its lanes.
 */
#include <math.h>

#include "ir/graph/rounds.h"
#include "runtime/native/attention_few.h"
#include "runtime/native/exp.h"

/* Multiply-adds worth a thread.  */
enum { TASK_MACS = 64 << 10 };

#ifdef __FP_FAST_FMAF
#define MAC(a, b, c) __builtin_fmaf(b, c, a)
#else
#define MAC(a, b, c) ((a) + (b) * (c))
#endif

/* Queries, keys or values.  Token t of a batch is lane i % width of tile i /
 * width, where i = batch * step + t.  */
struct side {
	float *at;
	int64_t batch, tokens, features;        /* of the tensor */
	int64_t width, step, size;      /* size of a tile in floats */
};

struct attention {
	const struct brn_call *c;
	struct side q, k, v, y;
	int64_t heads, depth, vdepth;
	float scale;
	int nan_to_zero;
	const float *mask;
	int64_t mask_step[4];           /* batch, head, query, key; 0:
	                                   broadcast */
	int64_t nitem, ntask;
	const float *rounds;            /* ir/graph/rounds.h; or NULL */
};

static struct side
side_of(const struct brn_type *t, void *at)
{
	struct brn_tiles l = brn_tiles_of(t);
	struct side s = { .at = at, .batch = 1, .features = l.features,
	    .width = l.width, .size = l.features * l.width };

	s.tokens = t->rank > 1 ? t->dim[t->rank - 2] : 1;
	for (int i = 0; i < t->rank - 2; i++)
		s.batch *= t->dim[i];
	s.step = s.batch == l.batch ? l.per * l.width : s.tokens;
	return s;
}

static int
is_few(const struct side *s)
{
	return s->width < BRN_TILE || s->step % BRN_TILE != 0;
}

/* Feature f of a token; the next feature is s->width floats on.  */
static float *
token_at(const struct side *s, int64_t batch, int64_t token, int64_t f)
{
	int64_t i = batch * s->step + token;

	return s->at + i / s->width * s->size + f * s->width + i % s->width;
}

/* Tokens of a batch from token t on that are in its tile.  */
static int64_t
tokens_left(const struct side *s, int64_t batch, int64_t t)
{
	int64_t n = s->width - (batch * s->step + t) % s->width;

	return n < s->tokens - t ? n : s->tokens - t;
}

/* ---- scores -------------------------------------------------------------- */

typedef float four
    __attribute__((vector_size(4 * BRN_FEW_TOKENS), aligned(4)));

/* k . q of all keys of a tile.  */
static void
score_tile(const float *q, const float *k, int64_t depth, float *s)
{
	brn_vec acc[BRN_LINE] = { 0 };

	for (int64_t d = 0; d < depth; d++)
		for (int l = 0; l < BRN_LINE; l++)
			acc[l] += *(const brn_vec *)(k + d * BRN_TILE +
			    l * BRN_LANES) * q[d];
	memcpy(s, acc, sizeof acc);
}

static void
score_four(const float *q, const float *k, int64_t depth, float *s)
{
	four acc = { 0 };

	for (int64_t d = 0; d < depth; d++)
		acc += *(const four *)(k + d * BRN_FEW_TOKENS) * q[d];
	memcpy(s, &acc, sizeof acc);
}

static void
score_one(const float *q, const float *k, int64_t depth, float *s)
{
	float acc = 0;

	for (int64_t d = 0; d < depth; d++)
		acc = MAC(acc, k[d], q[d]);
	*s = acc;
}

static void
score_keys(const struct attention *a, int64_t batch, int64_t head,
    const float *q, float *s)
{
	const struct side *k = &a->k;
	int64_t n;

	for (int64_t t = 0; t < k->tokens; t += n) {
		float all[BRN_TILE];
		int64_t lane = (batch * k->step + t) % k->width;

		n = tokens_left(k, batch, t);
		(k->width == BRN_TILE ? score_tile : k->width > 1 ?
		    score_four : score_one)(q, token_at(k, batch, t,
		    head * a->depth) - lane, a->depth, all);
		memcpy(s + t, all + lane, (size_t)n * sizeof *s);
	}
}

/* ---- softmax ------------------------------------------------------------- */

/* s = exp(s - max) of n keys; what is behind them, to a whole line, may
 * change.  */
static void
exp_keys(float *s, int64_t n, float max)
{
#ifdef __AVX512F__
	for (int64_t i = 0; i < n; i += BRN_TILE)
		_mm512_storeu_ps(s + i, brn_exp_line(_mm512_sub_ps(
		    _mm512_loadu_ps(s + i), _mm512_set1_ps(max))));
#else
	for (int64_t i = 0; i < n; i++)
		s[i] = brn_expf(s[i] - max);
#endif
}

/* The inverse of the sum.  */
static float
softmax_keys(float *s, int64_t n, int nan_to_zero)
{
	float max = s[0], sum = 0;

	for (int64_t i = 1; i < n; i++)
		max = s[i] > max ? s[i] : max;
	if (nan_to_zero && max == -INFINITY)
		max = 0;
	exp_keys(s, n, max);
	for (int64_t i = 0; i < n; i++)
		sum += s[i];
	return nan_to_zero && sum == 0 ? 0 : 1 / sum;
}

/* ---- values -------------------------------------------------------------- */

/* y[d] += sum of p[i] v[d * width + i] for n lanes.  */
static void
add_values(const float *restrict p, const float *restrict v, int64_t width,
    int64_t n, float *restrict y, int64_t depth)
{
	if (width == 1)
		for (int64_t d = 0; d < depth; d++)
			y[d] = MAC(y[d], p[0], v[d]);
	else
		for (int64_t d = 0; d < depth; d++)
			for (int64_t i = 0; i < n; i++)
				y[d] = MAC(y[d], p[i], v[d * width + i]);
}

/* The result of a query, from p, whose sum is 1 / scale.  */
static void
sum_values(const struct attention *a, int64_t batch, int64_t head,
    const float *p, float *y)
{
	int64_t n;

	memset(y, 0, (size_t)a->vdepth * sizeof *y);
	for (int64_t t = 0; t < a->v.tokens; t += n) {
		n = tokens_left(&a->v, batch, t);
		add_values(p + t, token_at(&a->v, batch, t, head * a->vdepth),
		    a->v.width, n, y, a->vdepth);
	}
}

/* ---- */

static void
add_mask(const struct attention *a, int64_t batch, int64_t head, int64_t query,
    float *s)
{
	const float *m = a->mask + batch * a->mask_step[0] +
	    head * a->mask_step[1] + query * a->mask_step[2];

	for (int64_t i = 0; i < a->k.tokens; i++)
		s[i] += m[i * a->mask_step[3]];
}

/* As attention.c does.  */
static void
round_scores(const struct attention *a, enum brn_score_round which, float *s)
{
	const float *r = a->rounds ? a->rounds + 2 * which : NULL;

	if (r && r[0] > 0)
		BRN_FOR_ISA(brn_round)(s, s, a->k.tokens, r[0], (int)r[1]);
}

static void
scale_scores(const struct attention *a, float *s, float by)
{
	for (int64_t i = 0; i < a->k.tokens; i++)
		s[i] *= by;
}

static void
run_item(const struct attention *a, int64_t item, float *scratch)
{
	int64_t query = item % a->q.tokens;
	int64_t head = item / a->q.tokens % a->heads;
	int64_t batch = item / a->q.tokens / a->heads;
	const float *from = token_at(&a->q, batch, query, head * a->depth);
	float *to = token_at(&a->y, batch, query, head * a->vdepth);
	float *q = scratch, *y = q + a->depth, *s = y + a->vdepth, scale;

	for (int64_t d = 0; d < a->depth; d++)
		q[d] = (a->rounds ? 1 : a->scale) * from[d * a->q.width];
	score_keys(a, batch, head, q, s);
	round_scores(a, BRN_ROUND_PRODUCT, s);
	if (a->rounds)
		scale_scores(a, s, a->scale);
	round_scores(a, BRN_ROUND_SCALED, s);
	if (a->mask)
		add_mask(a, batch, head, query, s);
	round_scores(a, BRN_ROUND_MASKED, s);
	scale = softmax_keys(s, a->k.tokens, a->nan_to_zero);
	if (a->rounds) {
		scale_scores(a, s, scale);
		round_scores(a, BRN_ROUND_PROBABILITY, s);
		scale = 1;
	}
	sum_values(a, batch, head, s, y);
	for (int64_t d = 0; d < a->vdepth; d++)
		to[d * a->y.width] = y[d] * scale;
}

static void
run_task(void *ctx, size_t i)
{
	const struct attention *a = ctx;
	int64_t from = a->nitem * (int64_t)i / a->ntask;
	int64_t to = a->nitem * ((int64_t)i + 1) / a->ntask;

	for (int64_t item = from; item < to; item++)
		run_item(a, item, a->c->scratch + (int64_t)i *
		    a->c->scratch_size);
}

static struct attention
attention_of(const struct brn_call *c)
{
	struct attention a = {
		.c = c,
		.q = side_of(c->type[0], c->in[0]->data),
		.k = side_of(c->type[1], c->in[1]->data),
		.v = side_of(c->type[2], c->in[2]->data),
		.heads = brn_attr_int(c->n, "heads"),
		.scale = brn_attr_float(c->n, "scale"),
		.rounds = brn_rounds(c->n),
		.nan_to_zero = brn_attr_int(c->n, "nan_to_zero") != 0,
	};

	a.depth = a.q.features / a.heads;
	a.vdepth = a.v.features / a.heads;
	a.nitem = a.q.batch * a.heads * a.q.tokens;
	return a;
}

static void
set_mask(struct attention *a, const struct brn_tensor *mask)
{
	int64_t stride[BRN_MAX_RANK];
	const struct brn_type *m = &mask->type;

	a->mask = mask->data;
	brn_type_strides(m, stride);
	for (int i = 0; i < 4; i++) {
		int d = m->rank - 4 + i;

		a->mask_step[i] = d < 0 || m->dim[d] == 1 ? 0 : stride[d];
	}
}

int
BRN_FOR_ISA(brn_is_few_attention)(const struct brn_call *c)
{
	struct attention a = attention_of(c);

	return is_few(&a.q) || is_few(&a.k) || is_few(&a.v);
}

int64_t
BRN_FOR_ISA(brn_few_attention_room)(const struct brn_call *c)
{
	struct attention a = attention_of(c);

	return a.depth + a.vdepth + (a.k.tokens + BRN_TILE - 1) / BRN_TILE *
	    BRN_TILE;
}

int
BRN_FOR_ISA(brn_few_attention)(const struct brn_call *c)
{
	struct attention a = attention_of(c);

	a.y = a.q;
	a.y.at = c->out->data;
	a.y.features = a.v.features;
	a.y.size = a.v.features * a.y.width;
	if (c->n->nin > 3 && c->in[3])
		set_mask(&a, c->in[3]);
	a.ntask = a.nitem * a.k.tokens * (a.depth + a.vdepth) < TASK_MACS ? 1 :
	    brn_threads_count(c->threads);
	brn_parallel(c->threads, (size_t)a.ntask, run_task, &a);
	return 0;
}
