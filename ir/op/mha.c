/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX's Attention (with groups of queries, a past, a causal mask) and
 * RotaryEmbedding.  A tensor is seen as heads: [batch][heads][seq][depth], or
 * [batch][seq][heads * depth].
 */
#include "ir/op/mha.h"

#include "ir/op/op.h"

#include <math.h>
#include <stdlib.h>

struct heads {
	float *p;
	int64_t batch, heads, seq, depth;
	int64_t step[3];                /* from batch to batch, head, seq */
};

/* Sizes may be symbols, whose product means nothing.  */
static int64_t
heads_mul(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* A tensor of this type and these elements as heads, n of them: that counts for
 * a rank of 3 only.  Sizes may be symbols; depth is -1 when the heads do not
 * divide the features.  */
static struct heads
heads_of(const struct brn_type *t, void *p, int64_t n)
{
	const int64_t *d = t->dim;
	struct heads v = { .p = p, .batch = d[0] };

	if (t->rank == 4) {
		v.heads = d[1];
		v.seq = d[2];
		v.depth = d[3];
		v.step[1] = heads_mul(d[2], d[3]);
		v.step[0] = heads_mul(d[1], v.step[1]);
		v.step[2] = d[3];
		return v;
	}
	v.heads = n;
	v.seq = d[1];
	v.depth = n < 1 || d[2] < 0 || d[2] % n ? -1 : d[2] / n;
	v.step[0] = heads_mul(d[1], d[2]);
	v.step[1] = v.depth;
	v.step[2] = d[2];
	return v;
}

static float *
heads_at(const struct heads *v, int64_t b, int64_t h, int64_t s)
{
	return v->p + b * v->step[0] + h * v->step[1] + s * v->step[2];
}

/* ---- types of mha ---- */

static int
bad(struct brn_infer *c)
{
	return brn_infer_bad(c, BURIN_ESHAPE, "heads do not fit together");
}

/* Input i as heads, in *v.  attr counts them for a rank of 3.  */
static int
input_heads(struct brn_infer *c, int i, const char *attr, struct heads *v)
{
	const struct brn_type *t = brn_infer_in(c, i);
	int64_t n = brn_attr_int(c->n, attr);
	int rc;

	if ((rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0)
		return rc;
	if (t->rank != 4 && (t->rank != 3 || n < 1))
		return bad(c);
	*v = heads_of(t, NULL, n);
	if (v->depth < 0 && !brn_is_sym(t->dim[t->rank - 1]))
		return bad(c);
	if (v->depth < 0)
		v->depth = brn_infer_new_dim(c);
	return BURIN_OK;
}

/* Add the length of the past, input i, to that of *v; their other sizes are the
 * same.  */
static int
with_past(struct brn_infer *c, int i, struct heads *v)
{
	const struct brn_type *t = brn_infer_in(c, i);
	int rc;

	if (!t)
		return BURIN_OK;
	if (t->rank != 4)
		return bad(c);
	if ((rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_same_dim(c, &v->batch, t->dim[0])) < 0 ||
	    (rc = brn_infer_same_dim(c, &v->heads, t->dim[1])) < 0 ||
	    (rc = brn_infer_same_dim(c, &v->depth, t->dim[3])) < 0)
		return rc;
	if (brn_is_sym(v->seq) || brn_is_sym(t->dim[2]))
		v->seq = brn_infer_new_dim(c);
	else if (__builtin_add_overflow(v->seq, t->dim[2], &v->seq))
		return bad(c);
	return BURIN_OK;
}

/* With lengths the mask may have fewer keys than past and new ones together, as
 * the past may be a buffer with room.  */
static int
check_mask(struct brn_infer *c, const struct heads *q,
    const struct heads *k)
{
	const struct brn_type *m = brn_infer_in(c, 3);
	int64_t keys = !brn_infer_in(c, 6) ? k->seq :
	    m && m->rank > 0 ? m->dim[m->rank - 1] : 1;
	struct brn_type all = { BURIN_F32, 4, { q->batch, q->heads, q->seq,
	    keys } }, grown = all;
	int rc;

	if (!m)
		return BURIN_OK;
	if ((rc = brn_infer_dtype(c, 3, BRN_SET_F32 | BRN_SET_BOOL)) < 0 ||
	    (rc = brn_infer_broadcast(c, &grown, m)) < 0)
		return rc;
	if (brn_type_is_concrete(&grown) && brn_type_is_concrete(&all) &&
	    !brn_type_equal(&grown, &all))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the mask does not broadcast to the scores");
	return BURIN_OK;
}

static int
check_heads(struct brn_infer *c, struct heads *q, struct heads *k,
    struct heads *v)
{
	int rc;

	if ((rc = brn_infer_same_dim(c, &q->batch, k->batch)) < 0 ||
	    (rc = brn_infer_same_dim(c, &q->batch, v->batch)) < 0 ||
	    (rc = brn_infer_same_dim(c, &k->heads, v->heads)) < 0 ||
	    (rc = brn_infer_same_dim(c, &k->seq, v->seq)) < 0 ||
	    (rc = brn_infer_same_dim(c, &q->depth, k->depth)) < 0)
		return rc;
	if (!brn_is_sym(q->heads) && !brn_is_sym(k->heads) &&
	    (k->heads < 1 || q->heads % k->heads))
		return bad(c);
	return check_mask(c, q, k);
}

/* The result has the rank of q: [batch][heads][seq][depth], or [batch][seq]
 * [heads * depth].  */
static int
mha_type(struct brn_infer *c, const struct heads *q, const struct heads *v,
    struct brn_type *out)
{
	int64_t features = v->depth;

	*out = (struct brn_type){ BURIN_F32, 4, { q->batch, q->heads, q->seq,
	    v->depth } };
	if (brn_infer_in(c, 0)->rank == 4)
		return BURIN_OK;
	if (brn_is_sym(v->depth))
		features = brn_infer_new_dim(c);
	else if (__builtin_mul_overflow(q->heads, v->depth, &features))
		return bad(c);
	*out = (struct brn_type){ BURIN_F32, 3, { q->batch, q->seq,
	    features } };
	return BURIN_OK;
}

/* Inputs 6 to 8: last, total and sinks.  */
static int
check_lengths(struct brn_infer *c, const struct heads *q)
{
	const struct brn_type *total = brn_infer_in(c, 7);
	int rc = BURIN_OK;

	for (int i = 6; i < 9 && rc == BURIN_OK; i++)
		if (brn_infer_in(c, i))
			rc = brn_infer_dtype(c, i, i == 8 ? BRN_SET_F32 :
			    BRN_SET_INT);
	if (rc < 0 || (rc = brn_infer_vector(c, 6, q->batch)) < 0 ||
	    (!brn_attr_int(c->n, "index") &&
	    (rc = brn_infer_vector(c, 8, q->heads)) < 0))
		return rc;
	if (total && brn_type_is_concrete(total) &&
	    brn_type_numel(total) != 1)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the number of tokens is no scalar");
	return BURIN_OK;
}

/* Tokens of a present of the past, input i, and all tokens of kept.  */
static int64_t
present_tokens(struct brn_infer *c, int i, const struct heads *kept)
{
	const struct brn_type *past = brn_infer_in(c, i);
	const struct brn_tensor *total = brn_infer_val(c, 7, NULL);
	int64_t n = past ? past->dim[2] : 0;

	if (!brn_infer_in(c, 7))
		return kept->seq;
	if (!total || brn_is_sym(n))
		return brn_infer_new_dim(c);
	return brn_get_int(total, 0) > n ? brn_get_int(total, 0) : n;
}

int
infer_mha(struct brn_infer *c, struct brn_type *out)
{
	int64_t index = brn_attr_int(c->n, "index");
	struct heads q, k, v, *kept = index == 1 ? &k : &v;
	int rc;

	if ((rc = input_heads(c, 0, "q_num_heads", &q)) < 0 ||
	    (rc = input_heads(c, 1, "kv_num_heads", &k)) < 0 ||
	    (rc = input_heads(c, 2, "kv_num_heads", &v)) < 0)
		return rc;
	if (!brn_infer_in(c, 4) != !brn_infer_in(c, 5) || index < 0 ||
	    index > 2)
		return bad(c);
	if ((rc = check_lengths(c, &q)) < 0 ||
	    (rc = with_past(c, 4, &k)) < 0 || (rc = with_past(c, 5, &v)) < 0 ||
	    (rc = check_heads(c, &q, &k, &v)) < 0)
		return rc;
	if (!index)
		return mha_type(c, &q, &v, out);
	*out = (struct brn_type){ BURIN_F32, 4, { kept->batch, kept->heads,
	    present_tokens(c, (int)index + 3, kept), kept->depth } };
	return BURIN_OK;
}

/* Every query meets every key: a product of depth, a softmax, a product of
 * width.  */
BRN_WORK(mha)
{
	const struct brn_type *past = brn_infer_in(c, 4);
	struct heads q, k, v;

	if (brn_attr_int(c->n, "index"))
		return 1;
	q = heads_of(brn_infer_in(c, 0), NULL,
	    brn_attr_int(c->n, "q_num_heads"));
	k = heads_of(brn_infer_in(c, 1), NULL,
	    brn_attr_int(c->n, "kv_num_heads"));
	v = heads_of(brn_infer_in(c, 2), NULL,
	    brn_attr_int(c->n, "kv_num_heads"));
	return brn_work_per_element((double)q.batch * (double)q.heads *
	    (double)q.seq *
	    ((double)k.seq + (past ? (double)past->dim[2] : 0)) *
	    ((double)q.depth + (double)v.depth + 3), out);
}

/* ---- values of mha ---- */

int64_t
brn_mha_past(const struct brn_node *n, const struct brn_tensor *const *in,
    int64_t b)
{
	const struct brn_tensor *past = brn_opt_in(n, in, 4);
	const struct brn_tensor *last = brn_opt_in(n, in, 6);
	int64_t before;

	if (!last)
		return past ? past->type.dim[2] : 0;
	before = brn_get_int(last, b) + 1 - brn_mha_new(in[1]);
	return before > 0 ? before : 0;
}

int
brn_mha_check(const struct brn_node *n, const struct brn_tensor *const *in,
    burin_error *err)
{
	const struct brn_tensor *past = brn_opt_in(n, in, 4);
	const struct brn_tensor *mask = brn_opt_in(n, in, 3);
	const struct brn_tensor *last = brn_opt_in(n, in, 6);
	int64_t keys = brn_mha_new(in[1]) + (past ? past->type.dim[2] : 0);

	if (mask && mask->type.rank > 0 &&
	    mask->type.dim[mask->type.rank - 1] != 1 &&
	    mask->type.dim[mask->type.rank - 1] < keys)
		keys = mask->type.dim[mask->type.rank - 1];
	for (int64_t i = 0; last && i < brn_numel(last); i++) {
		int64_t got = brn_get_int(last, i);

		if (got < 0 || got >= keys)
			return brn_ref_bad(n, err, "sequence %lld ends at "
			    "token %lld, wanted one of %lld", (long long)i,
			    (long long)got, (long long)keys);
	}
	return BURIN_OK;
}

int
brn_mha_check_room(const struct brn_node *n,
    const struct brn_tensor *const *in, int64_t room, burin_error *err)
{
	int rc = brn_mha_check(n, in, err);

	for (int64_t b = 0; rc == 0 && b < in[1]->type.dim[0]; b++) {
		int64_t need = brn_mha_past(n, in, b) + brn_mha_new(in[1]);

		if (need > room)
			rc = brn_ref_bad(n, err, "sequence %lld has %lld "
			    "tokens, the present %lld", (long long)b,
			    (long long)need, (long long)room);
	}
	return rc;
}

struct brn_mha_window
brn_mha_window_of(const struct brn_node *n)
{
	struct brn_mha_window w = { brn_attr_int(n, "left_window_size"),
	    brn_attr_int(n, "right_window_size") };

	if (brn_attr_int(n, "is_causal"))
		w.right = 0;
	return w;
}

/* Keys or values: those of the past, then the new ones.  */
struct history {
	struct heads past, now;
};

static struct history
history_of(const struct brn_node *n, const struct brn_tensor *const *in,
    int now, int past)
{
	const struct brn_tensor *p = brn_opt_in(n, in, past);
	struct history k = { .now = heads_of(&in[now]->type, in[now]->data,
	    brn_attr_int(n, "kv_num_heads")) };

	if (p)
		k.past = heads_of(&p->type, p->data, 0);
	return k;
}

static const float *
history_at(const struct history *k, int64_t b, int64_t h, int64_t t)
{
	return t < k->past.seq ? heads_at(&k->past, b, h, t) :
	    heads_at(&k->now, b, h, t - k->past.seq);
}

struct mha {
	struct heads q, y;
	struct history k, v;
	const struct brn_tensor *mask, *sinks;
	struct brn_mha_window window;
	int nan_to_zero;
	double scale, cap;
	int64_t keys;
	double *score;                  /* [keys] */
};

/* The score of key k for query q before the softmax; m is at its mask.  */
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

static struct history
history_up_to(struct history k, int64_t past)
{
	k.past.seq = past;
	return k;
}

/* The result of query s; m is at the mask of its first key and moves on to that
 * of the next query.  */
static void
query(const struct mha *a, int64_t b, int64_t h, int64_t s,
    struct brn_iter *m)
{
	int64_t kv = h / (a->q.heads / a->k.now.heads);
	const float *q = heads_at(&a->q, b, h, s);
	float *y = heads_at(&a->y, b, h, s);
	double max = a->sinks ? brn_get_float(a->sinks, h) : -INFINITY;
	double sum = 0, sink = max;
	int64_t place = s + a->k.past.seq, all = place - s + a->k.now.seq;
	int64_t from = brn_mha_first(&a->window, place);
	int64_t to = brn_mha_end(&a->window, place, all);

	for (int64_t t = 0; t < a->keys; t++, brn_iter_next(m)) {
		a->score[t] = t >= from && t < to ?
		    score(a, q, history_at(&a->k, b, kv, t), m) : -INFINITY;
		max = fmax(max, a->score[t]);
	}
	if (a->nan_to_zero && max == -INFINITY)
		max = 0;
	for (int64_t t = 0; t < a->keys; t++)
		sum += a->score[t] = exp(a->score[t] - max);
	if (a->sinks)
		sum += exp(sink - max);
	if (a->nan_to_zero && sum == 0)
		sum = 1;
	for (int64_t d = 0; d < a->y.depth; d++) {
		double v = 0;

		for (int64_t t = 0; t < all; t++)
			v += a->score[t] / sum *
			    (double)history_at(&a->v, b, kv, t)[d];
		y[d] = (float)v;
	}
}

static int
attend(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, burin_error *err)
{
	int64_t heads = brn_attr_int(n, "q_num_heads");
	struct mha a = {
		.q = heads_of(&in[0]->type, in[0]->data, heads),
		.y = heads_of(&out->type, out->data, heads),
		.k = history_of(n, in, 1, 4), .v = history_of(n, in, 2, 5),
		.mask = brn_opt_in(n, in, 3), .sinks = brn_opt_in(n, in, 8),
		.window = brn_mha_window_of(n),
		.nan_to_zero = brn_attr_int(n, "nan_to_zero") != 0,
		.cap = (double)brn_attr_float(n, "softcap"),
	};
	struct brn_type all = { BURIN_F32, 4, { a.q.batch, a.q.heads,
	    a.q.seq, a.k.past.seq + a.k.now.seq } };
	struct brn_iter m;
	int rc;

	if ((rc = brn_mha_check(n, in, err)) < 0)
		return rc;
	/* With lengths the mask may have fewer keys, but for all that count. */
	if (brn_opt_in(n, in, 6) && a.mask && a.mask->type.rank > 0 &&
	    a.mask->type.dim[a.mask->type.rank - 1] != 1)
		all.dim[3] = a.mask->type.dim[a.mask->type.rank - 1];
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
	for (int64_t b = 0; b < a.q.batch; b++) {
		a.k = history_up_to(a.k, brn_mha_past(n, in, b));
		a.v = history_up_to(a.v, a.k.past.seq);
		for (int64_t h = 0; h < a.q.heads; h++)
			for (int64_t s = 0; s < a.q.seq; s++)
				query(&a, b, h, s, &m);
	}
	free(a.score);
	return BURIN_OK;
}

static void
copy_tokens(const struct heads *y, const struct history *k, int64_t b,
    int64_t h, int64_t n)
{
	for (int64_t t = 0; t < n; t++)
		memcpy(heads_at(y, b, h, t), history_at(k, b, h, t),
		    (size_t)y->depth * sizeof (float));
}

/* The second and third output: the past with the new keys or values in place of
 * what follows each sequence; behind both zeros.  */
static int
present(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, burin_error *err)
{
	int index = (int)brn_attr_int(n, "index"), rc;
	struct history k = history_of(n, in, index, index + 3);
	struct heads y = heads_of(&out->type, out->data, 0);

	if ((rc = brn_mha_check_room(n, in, y.seq, err)) < 0)
		return rc;
	memset(out->data, 0, brn_tensor_bytes(out));
	for (int64_t b = 0; b < y.batch; b++) {
		struct history to = history_up_to(k, brn_mha_past(n, in, b));

		for (int64_t h = 0; h < y.heads; h++) {
			copy_tokens(&y, &k, b, h, k.past.seq);
			copy_tokens(&y, &to, b, h, to.past.seq + k.now.seq);
		}
	}
	return BURIN_OK;
}

BRN_REF(mha)
{
	/* Sizes other than the one that is 0 may be anything.  */
	if (brn_numel(out) == 0)
		return BURIN_OK;
	return brn_attr_int(n, "index") ? present(n, in, out, err) :
	    attend(n, in, out, err);
}

/* ---- rotary ---- */

int
infer_rotary(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *cos = brn_infer_in(c, 1);
	const struct brn_type *sin = brn_infer_in(c, 2);
	const struct brn_type *place = brn_infer_in(c, 3);
	int64_t want = brn_attr_int(c->n, "rotary_embedding_dim"), half;
	struct heads x;
	int rc;

	if ((rc = input_heads(c, 0, "num_heads", &x)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_F32)) < 0 ||
	    (place && (rc = brn_infer_dtype(c, 3, BRN_SET_INT)) < 0))
		return rc;
	if (!brn_type_equal(cos, sin) || cos->rank != (place ? 2 : 3) ||
	    (place && place->rank != 2))
		return bad(c);
	half = cos->dim[cos->rank - 1];
	if (!brn_is_sym(half) && ((want && half != want / 2) ||
	    (!brn_is_sym(x.depth) && (half > x.depth / 2 ||
	    (!want && 2 * half != x.depth)))))
		return bad(c);
	for (int d = 0; d < 2; d++)
		if ((rc = brn_infer_same_dim(c, d ? &x.seq : &x.batch,
		    place ? place->dim[d] : cos->dim[d])) < 0)
			return rc;
	*out = *brn_infer_in(c, 0);
	return BURIN_OK;
}

/* Turn the first 2 * half elements of a head, in pairs, by the angles of a
 * position.  */
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
	struct heads x = heads_of(&in[0]->type, in[0]->data, heads);
	struct heads y = heads_of(&out->type, out->data, heads);
	int interleaved = brn_attr_int(n, "interleaved") != 0;
	int64_t half = in[1]->type.dim[in[1]->type.rank - 1];
	int64_t rows = in[1]->type.dim[0];

	brn_copy_all(in[0], out);
	for (int64_t i = 0; i < x.batch * x.seq; i++) {
		int64_t at = place ? brn_get_int(place, i) : i;

		if (place && (at < 0 || at >= rows))
			return brn_ref_bad(n, err,
			    "position %lld, wanted below %lld",
			    (long long)at, (long long)rows);
		for (int64_t h = 0; h < x.heads; h++)
			rotate(heads_at(&x, i / x.seq, h, i % x.seq),
			    heads_at(&y, i / x.seq, h, i % x.seq),
			    (const float *)in[1]->data + at * half,
			    (const float *)in[2]->data + at * half, half,
			    interleaved);
	}
	return BURIN_OK;
}
