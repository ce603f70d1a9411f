/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of Attention (with groups of queries, a past, a causal mask) and of
 * RotaryEmbedding.
 */
#include "ir/op/heads.h"
#include "ir/op/ref_fn.h"

#include <math.h>
#include <stdlib.h>

/* Keys or values: those of the past, then the new ones.  */
struct kept {
	struct brn_heads past, now;
};

static struct kept
kept_of(const struct brn_node *n, const struct brn_tensor *const *in,
    int now, int past)
{
	const struct brn_tensor *p = brn_opt_in(n, in, past);
	struct kept k = { .now = brn_heads_of(&in[now]->type, in[now]->data,
	    brn_attr_int(n, "kv_num_heads")) };

	if (p)
		k.past = brn_heads_of(&p->type, p->data, 0);
	return k;
}

static const float *
kept_at(const struct kept *k, int64_t b, int64_t h, int64_t t)
{
	return t < k->past.seq ? brn_heads_at(&k->past, b, h, t) :
	    brn_heads_at(&k->now, b, h, t - k->past.seq);
}

struct mha {
	struct brn_heads q, y;
	struct kept k, v;
	const struct brn_tensor *mask;
	int causal;
	double scale, cap;
	int64_t keys;
	double *score;                  /* [keys] */
};

/* Score of key t before the softmax, m being the row of the mask.  */
static double
score(const struct mha *a, const float *q, const float *k,
    const struct brn_iter *m)
{
	double sum = 0;

	for (int64_t d = 0; d < a->q.depth; d++)
		sum += (double)q[d] * (double)k[d];
	sum *= a->scale;
	if (a->cap > 0)
		sum = a->cap * tanh(sum / a->cap);
	if (!a->mask)
		return sum;
	if (a->mask->type.dtype == BURIN_BOOL)
		return brn_get_int(a->mask, m->off[0]) ? sum : -INFINITY;
	return sum + brn_get_float(a->mask, m->off[0]);
}

/* One query; m is at its first key and moves on to the next query.  */
static void
query(const struct mha *a, int64_t b, int64_t h, int64_t s,
    struct brn_iter *m)
{
	int64_t kv = h / (a->q.heads / a->k.now.heads);
	const float *q = brn_heads_at(&a->q, b, h, s);
	float *y = brn_heads_at(&a->y, b, h, s);
	double max = -INFINITY, sum = 0;

	for (int64_t t = 0; t < a->keys; t++, brn_iter_next(m)) {
		a->score[t] = a->causal && t > s + a->k.past.seq ?
		    -INFINITY : score(a, q, kept_at(&a->k, b, kv, t), m);
		max = fmax(max, a->score[t]);
	}
	for (int64_t t = 0; t < a->keys; t++)
		sum += a->score[t] = exp(a->score[t] - max);
	for (int64_t d = 0; d < a->y.depth; d++) {
		double v = 0;

		for (int64_t t = 0; t < a->keys; t++)
			v += a->score[t] / sum *
			    (double)kept_at(&a->v, b, kv, t)[d];
		y[d] = (float)v;
	}
}

static int
attend(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, burin_error *err)
{
	int64_t heads = brn_attr_int(n, "q_num_heads");
	struct mha a = {
		.q = brn_heads_of(&in[0]->type, in[0]->data, heads),
		.y = brn_heads_of(&out->type, out->data, heads),
		.k = kept_of(n, in, 1, 4), .v = kept_of(n, in, 2, 5),
		.mask = brn_opt_in(n, in, 3),
		.causal = brn_attr_int(n, "is_causal") != 0,
		.cap = (double)brn_attr_float(n, "softcap"),
	};
	struct brn_type all = { BURIN_F32, 4, { a.q.batch, a.q.heads,
	    a.q.seq, a.k.past.seq + a.k.now.seq } };
	struct brn_iter m;

	a.keys = all.dim[3];
	a.scale = (double)brn_attr_float(n, "scale");
	if (a.scale == 0)
		a.scale = 1 / sqrt((double)a.q.depth);
	a.score = brn_alloc((size_t)a.keys, sizeof *a.score);
	if (!a.score)
		return brn_nomem(err);
	brn_iter_init(&m, &all);
	if (a.mask)
		brn_iter_add(&m, &a.mask->type);
	for (int64_t b = 0; b < a.q.batch; b++)
		for (int64_t h = 0; h < a.q.heads; h++)
			for (int64_t s = 0; s < a.q.seq; s++)
				query(&a, b, h, s, &m);
	free(a.score);
	return BURIN_OK;
}

BRN_REF(mha)
{
	int64_t index = brn_attr_int(n, "index");
	struct brn_heads y;
	struct kept k;

	if (!index)
		return attend(n, in, out, err);
	/* Keys or values with those of the past.  */
	k = kept_of(n, in, (int)index, (int)index + 3);
	y = brn_heads_of(&out->type, out->data, 0);
	for (int64_t b = 0; b < y.batch; b++)
		for (int64_t h = 0; h < y.heads; h++)
			for (int64_t t = 0; t < y.seq; t++)
				memcpy(brn_heads_at(&y, b, h, t),
				    kept_at(&k, b, h, t),
				    (size_t)y.depth * sizeof (float));
	return BURIN_OK;
}

/* Turn the first 2 * half elements of a head by the angles of a place.  */
static void
rotate(const float *x, float *y, const float *cos, const float *sin,
    int64_t half, int interleaved)
{
	for (int64_t i = 0; i < half; i++) {
		int64_t p = interleaved ? 2 * i : i;
		int64_t q = interleaved ? 2 * i + 1 : i + half;
		float a = x[p], b = x[q];

		y[p] = cos[i] * a - sin[i] * b;
		y[q] = sin[i] * a + cos[i] * b;
	}
}

BRN_REF(rotary)
{
	const struct brn_tensor *place = brn_opt_in(n, in, 3);
	int64_t heads = brn_attr_int(n, "num_heads");
	struct brn_heads x = brn_heads_of(&in[0]->type, in[0]->data, heads);
	struct brn_heads y = brn_heads_of(&out->type, out->data, heads);
	int interleaved = brn_attr_int(n, "interleaved") != 0;
	int64_t half = in[1]->type.dim[in[1]->type.rank - 1];
	int64_t rows = in[1]->type.dim[0];

	brn_copy_elems(in[0], out);
	for (int64_t i = 0; i < x.batch * x.seq; i++) {
		int64_t at = place ? brn_get_int(place, i) : i;

		if (place && (at < 0 || at >= rows))
			return brn_fail(err, BURIN_ESHAPE, "node '%s': "
			    "position %lld, wanted below %lld", n->name,
			    (long long)at, (long long)rows);
		for (int64_t h = 0; h < x.heads; h++)
			rotate(brn_heads_at(&x, i / x.seq, h, i % x.seq),
			    brn_heads_at(&y, i / x.seq, h, i % x.seq),
			    (const float *)in[1]->data + at * half,
			    (const float *)in[2]->data + at * half, half,
			    interleaved);
	}
	return BURIN_OK;
}
