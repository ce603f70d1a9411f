/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention with a past, in rows.  Keys and values are read where they lie,
 * the past first and then the new ones: up to ROWS queries that share a head of
 * keys read each key and each value once.
 */
#include <math.h>

#include "runtime/native/exp.h"
#include "runtime/native/mha.h"

/* Queries and keys whose products are in registers at a time, and vectors of
 * values.  */
#ifdef __AVX512F__
enum { ROWS = 4, KEYS = 4, VECTORS = 4 };
#elif defined(__AVX2__)
enum { ROWS = 2, KEYS = 4, VECTORS = 4 };
#else
enum { ROWS = 2, KEYS = 2, VECTORS = 4 };
#endif

/* Less work than this is done by one thread: about 10 microseconds.  */
enum { THREAD_FLOATS = 100000 };

static struct view
view_of(const struct brn_type *t, void *p, int64_t heads)
{
	const int64_t *d = t->dim;

	if (t->rank == 4)
		return (struct view){ p, d[2], { d[1] * d[2] * d[3],
		    d[2] * d[3], d[3] } };
	return (struct view){ p, d[1], { d[1] * d[2], d[2] / heads, d[2] } };
}

/* Input now, and before it input past, whose heads have room for that many
 * tokens; 0: for those that they have.  */
static struct history
history_of(const struct brn_call *c, int now, int past, int64_t room)
{
	int64_t heads = brn_attr_int(c->n, "kv_num_heads");
	const struct brn_type *t = &c->in[now]->type;
	struct history k = { .now = view_of(t, c->in[now]->data, heads) };

	k.depth = t->rank == 4 ? t->dim[3] : t->dim[2] / heads;
	if (c->n->nin <= past || !c->in[past])
		return k;
	t = &c->in[past]->type;
	k.past = view_of(t, c->in[past]->data, 0);
	if (room) {
		k.past.step[1] = room * t->dim[3];
		k.past.step[0] = t->dim[1] * k.past.step[1];
	}
	return k;
}

/* ---- scores ---- */

static inline float
sum_lanes(brn_vec v)
{
#ifdef __AVX512F__
	return _mm512_reduce_add_ps((__m512)v);
#else
	float sum = 0;

	for (int l = 0; l < BRN_LANES; l++)
		sum += v[l];
	return sum;
#endif
}

/* p[r][key] = q[r] . k[key] for rows queries and keys keys, which are constant
 * once this is inlined.  */
static inline __attribute__((always_inline)) void
score_block(const struct item *m, int rows, int keys, const struct part *v,
    int64_t first, float *p)
{
	const float *k = v->p + first * v->step, *next = ahead_of(v, first);
	int64_t step = v->step;
	brn_vec acc[ROWS][KEYS] = { 0 };
	int64_t depth = m->a->k.depth, d = 0;

	for (; d + BRN_LANES <= depth; d += BRN_LANES)
		for (int j = 0; j < keys; j++) {
			brn_vec x = *(const brn_vec *)(k + j * step + d);

			__builtin_prefetch(next + j * step + d);
			for (int r = 0; r < rows; r++)
				acc[r][j] += x * *(const brn_vec *)(m->q +
				    r * depth + d);
		}
	for (int r = 0; r < rows; r++)
		for (int j = 0; j < keys; j++) {
			float sum = sum_lanes(acc[r][j]);

			for (int64_t i = d; i < depth; i++)
				sum += k[j * step + i] * m->q[r * depth + i];
			p[r * m->a->keys + first + j] = sum;
		}
}

static inline __attribute__((always_inline)) void
score_rows(const struct item *m, int rows, const struct part *v, float *p)
{
	int64_t j = 0;

	for (; j + KEYS <= v->n; j += KEYS)
		score_block(m, rows, KEYS, v, j, p);
	for (; j < v->n; j++)
		score_block(m, rows, 1, v, j, p);
}

/* The scores of the keys in v.  */
static void
score(const struct item *m, const struct part *v, float *p)
{
	if (m->rows == ROWS) {
		score_rows(m, ROWS, v, p);
		return;
	}
	for (int64_t r = 0; r < m->rows; r++) {
		struct item one = *m;

		one.q += r * m->a->k.depth;
		score_rows(&one, 1, v, p + r * m->a->keys);
	}
}

static void
mask_row(const struct item *m, int64_t r, float *p)
{
	const struct mha *a = m->a;
	const int64_t *step = a->mask_step;
	int64_t at = mask_at(m, r);

	if (a->mask->type.dtype == BURIN_BOOL) {
		const uint8_t *yes = (const uint8_t *)a->mask->data + at;

		for (int64_t j = m->from; j < m->keys; j++)
			p[j] = yes[j * step[3]] ? p[j] : -INFINITY;
	} else {
		const float *add = brn_f32(a->mask) + at;

		for (int64_t j = m->from; j < m->keys; j++)
			p[j] += add[j * step[3]];
	}
}

/* p = exp(p - max); returns the inverse of the sum, to which sink is one score
 * more.  */
static float
softmax_row(float *p, int64_t n, float sink, int nan_to_zero)
{
	float max = sink, sum = 0;

#pragma omp simd reduction(max:max)
	for (int64_t j = 0; j < n; j++)
		max = p[j] > max ? p[j] : max;
	if (nan_to_zero && max == -INFINITY)
		max = 0;
#pragma omp simd reduction(+:sum)
	for (int64_t j = 0; j < n; j++) {
		p[j] = brn_expf(p[j] - max);
		sum += p[j];
	}
	sum += sink == -INFINITY ? 0 : brn_expf(sink - max);
	return nan_to_zero && sum == 0 ? 0 : 1 / sum;
}

/* Scores to probabilities.  */
static void
weigh(const struct item *m)
{
	const struct mha *a = m->a;

	for (int64_t r = 0; r < m->rows; r++) {
		float *p = m->p + r * a->keys, scale;
		int64_t n = end_of(m, r), from = first_of(m, r);

		for (int64_t j = m->from; a->cap > 0 && j < m->keys; j++)
			p[j] = a->cap * tanhf(p[j] / a->cap);
		if (a->mask)
			mask_row(m, r, p);
		for (int64_t j = m->from; j < smaller(from, n); j++)
			p[j] = -INFINITY;
		scale = softmax_row(p + m->from, n - m->from, a->sinks ?
		    brn_f32(a->sinks)[head_of(m, r)] : -INFINITY,
		    a->nan_to_zero);
		for (int64_t j = m->from; j < n; j++)
			p[j] *= scale;
		for (int64_t j = n; j < m->keys; j++)
			p[j] = 0;
	}
}

/* ---- values ---- */

/* acc[r] += sum over the keys of p[r][key] v[key], of vectors from depth d
 * on.  */
static inline __attribute__((always_inline)) void
add_values(const struct item *m, int rows, int vectors,
    brn_vec acc[ROWS][VECTORS], const struct part *v, int64_t d,
    const float *p)
{
	for (int64_t j = 0; j < v->n; j++) {
		const float *next = ahead_of(v, j) + d;

		for (int i = 0; i < vectors; i++) {
			brn_vec x = *(const brn_vec *)(v->p + j * v->step + d +
			    i * BRN_LANES);

			__builtin_prefetch(next + i * BRN_LANES);
			for (int r = 0; r < rows; r++)
				acc[r][i] += x * p[r * m->a->keys + j];
		}
	}
}

/* vectors of the results of rows queries, from depth d on.  */
static inline __attribute__((always_inline)) void
value_block(const struct item *m, int rows, int vectors, int64_t r0,
    int64_t d)
{
	const float *p = m->p + r0 * m->a->keys + m->from;
	brn_vec acc[ROWS][VECTORS] = { 0 };
	struct part v[2];

	find_parts(m, &m->a->v, m->after, v);
	for (int k = 0; k < 2; p += v[k++].n)
		add_values(m, rows, vectors, acc, &v[k], d, p);
	for (int r = 0; r < rows; r++) {
		float *y = view_at(&m->a->y, m->batch, head_of(m, r0 + r),
		    token_of(m, r0 + r)) + d;

		for (int i = 0; i < vectors; i++)
			*(brn_vec *)(y + i * BRN_LANES) = acc[r][i];
	}
}

/* The results of one query from depth d on, fewer than a vector.  */
static void
value_rest(const struct item *m, int64_t r, int64_t d)
{
	float *y = view_at(&m->a->y, m->batch, head_of(m, r), token_of(m, r));
	struct part v[2];

	find_parts(m, &m->a->v, m->after, v);
	for (; d < m->a->v.depth; d++) {
		const float *p = m->p + r * m->a->keys + m->from;
		float sum = 0;

		for (int k = 0; k < 2; p += v[k++].n)
			for (int64_t j = 0; j < v[k].n; j++)
				sum += p[j] * v[k].p[j * v[k].step + d];
		y[d] = sum;
	}
}

static inline __attribute__((always_inline)) void
value_rows(const struct item *m, int rows, int64_t r0)
{
	int64_t depth = m->a->v.depth, d = 0;

	for (; d + VECTORS * BRN_LANES <= depth; d += VECTORS * BRN_LANES)
		value_block(m, rows, VECTORS, r0, d);
	for (; d + BRN_LANES <= depth; d += BRN_LANES)
		value_block(m, rows, 1, r0, d);
	for (int r = 0; r < rows && d < depth; r++)
		value_rest(m, r0 + r, d);
}

static void
add_up(const struct item *m)
{
	if (m->rows == ROWS)
		value_rows(m, ROWS, 0);
	else
		for (int64_t r = 0; r < m->rows; r++)
			value_rows(m, 1, r);
}

/* ---- items ---- */

static int64_t
items_of_group(const struct mha *a)
{
	return (a->rows + a->item_rows - 1) / a->item_rows;
}

static void
run_item(const struct mha *a, int64_t i, float *scratch)
{
	int64_t per = items_of_group(a);
	struct item m = { .a = a, .first = i % per * a->item_rows,
	    .group = i / per % a->groups, .batch = i / per / a->groups,
	    .q = scratch, .p = scratch + ROWS * a->k.depth };
	const struct view *past = &a->k.past;
	const float *v = a->v.past.p ? view_at(&a->v.past, m.batch, m.group,
	    0) : a->v.now.p;
	struct part k[2];

	m.after = past->p ? view_at(past, m.batch, m.group + 1, 0) :
	    a->k.now.p;
	m.rows = smaller(a->rows - m.first, a->item_rows);
	if (a->item_rows == BRN_TILE) {
		BRN_FOR_ISA(brn_prompt_item)(&m);
		return;
	}
	scale_queries(&m);
	find_keys(&m);
	find_parts(&m, &a->k, v, k);
	score(&m, &k[0], m.p + m.from);
	score(&m, &k[1], m.p + m.from + k[0].n);
	weigh(&m);
	add_up(&m);
}

static void
run_task(void *ctx, size_t i)
{
	const struct mha *a = ctx;
	int64_t from = a->nitem * (int64_t)i / a->ntask;
	int64_t to = a->nitem * ((int64_t)i + 1) / a->ntask;

	for (; from < to; from++)
		run_item(a, from, a->c->scratch +
		    (int64_t)i * a->c->scratch_size);
}

/* ---- the past with the new tokens behind it ---- */

struct append {
	const struct brn_call *c;
	struct history from;
	struct view to;
	int64_t heads;
	int in_place;                   /* the past is there already */
};

static void
append_head(void *ctx, size_t i)
{
	const struct append *a = ctx;
	int64_t b = (int64_t)i / a->heads, h = (int64_t)i % a->heads;
	size_t bytes = (size_t)a->from.depth * sizeof (float);
	int64_t past = brn_mha_past(a->c->n, a->c->in, b);
	int64_t room = a->from.past.seq, all = past + a->from.now.seq;

	all = all > room ? all : room;
	if (room && !a->in_place)
		memcpy(view_at(&a->to, b, h, 0),
		    view_at(&a->from.past, b, h, 0), (size_t)room * bytes);
	for (int64_t s = 0; s < a->from.now.seq; s++)
		memcpy(view_at(&a->to, b, h, past + s),
		    view_at(&a->from.now, b, h, s), bytes);
	if (!a->in_place)
		memset(view_at(&a->to, b, h, all), 0,
		    (size_t)(a->to.seq - all) * bytes);
}

static int
append(const struct brn_call *c, int index)
{
	struct append a = {
		.c = c,
		.from = history_of(c, index, index + 3,
		    c->past_room[index - 1]),
		.to = view_of(&c->out->type, c->out->data, 0),
		.heads = c->out->type.dim[1],
	};
	size_t n = (size_t)(c->out->type.dim[0] * a.heads);

	if (brn_mha_check_room(c->n, c->in, a.to.seq, c->err) < 0)
		return BURIN_ESHAPE;
	a.in_place = c->past_room[index - 1] != 0;
	if (a.in_place && a.to.seq > c->past_room[index - 1])
		return brn_fail(c->err, BURIN_EINVAL, "node '%s': the shared "
		    "buffer has room for %lld tokens, needs %lld", c->n->name,
		    (long long)c->past_room[index - 1], (long long)a.to.seq);
	if (a.in_place) {
		a.to.p = c->out->data = a.from.past.p;
		memcpy(a.to.step, a.from.past.step, sizeof a.to.step);
	}
	if (brn_numel(c->out) > THREAD_FLOATS && !a.in_place)
		brn_parallel(c->threads, n, append_head, &a);
	else
		for (size_t i = 0; i < n; i++)
			append_head(&a, i);
	return 0;
}

/* ---- the form ---- */

/* The depth of a head of input i, which has attribute heads of them.  */
static int64_t
depth_of(const struct brn_call *c, int i, const char *heads)
{
	const struct brn_type *t = c->type[i];

	return t->rank == 4 ? t->dim[3] : t->dim[2] /
	    brn_attr_int(c->n, heads);
}

static int64_t
keys_in(const struct brn_call *c)
{
	const struct brn_type *k = c->type[1];
	int64_t past = c->n->nin > 4 && c->in[4] ? c->type[4]->dim[2] : 0;

	return k->dim[k->rank == 4 ? 2 : 1] + past;
}

/* Are there queries enough to fill the lanes with those of one head?  */
static int
is_prompt(const struct brn_call *c)
{
	const struct brn_type *q = c->type[0];

	return q->dim[q->rank == 4 ? 2 : 1] >= BRN_TILE && keys_in(c) > 0;
}

/* Scaled queries and their scores.  */
struct brn_room
BRN_FOR_ISA(brn_room_mha)(const struct brn_call *c)
{
	if (brn_attr_int(c->n, "index"))
		return (struct brn_room){ 0, 0 };
	if (is_prompt(c))
		return (struct brn_room){ 0, BRN_FOR_ISA(brn_prompt_room)(
		    depth_of(c, 0, "q_num_heads"),
		    depth_of(c, 2, "kv_num_heads"), keys_in(c)) };
	return (struct brn_room){ 0, ROWS * (depth_of(c, 0, "q_num_heads") +
	    keys_in(c)) };
}

static void
set_mask(struct mha *a)
{
	int64_t stride[BRN_MAX_RANK];
	const struct brn_type *m;

	a->mask = a->c->n->nin > 3 ? a->c->in[3] : NULL;
	if (!a->mask)
		return;
	m = &a->mask->type;
	brn_type_strides(m, stride);
	for (int i = 0; i < 4; i++) {
		int d = m->rank - 4 + i;

		a->mask_step[i] = d < 0 || m->dim[d] == 1 ? 0 : stride[d];
	}
}

static void
set_sizes(struct mha *a)
{
	const struct brn_type *q = a->c->type[0], *k = a->c->type[1];
	int64_t threads = brn_threads_count(a->c->threads);

	a->batch = q->dim[0];
	a->heads = q->rank == 4 ? q->dim[1] :
	    brn_attr_int(a->c->n, "q_num_heads");
	a->groups = k->rank == 4 ? k->dim[1] :
	    brn_attr_int(a->c->n, "kv_num_heads");
	a->keys = keys_in(a->c);
	a->rows = a->heads / a->groups * a->q.seq;
	a->item_rows = is_prompt(a->c) ? BRN_TILE : ROWS;
	a->nitem = a->batch * a->groups * items_of_group(a);
	a->ntask = a->nitem * a->keys * (a->k.depth + a->v.depth) <
	    THREAD_FLOATS ? 1 : threads;
	if (a->scale == 0)
		a->scale = 1 / sqrtf((float)a->k.depth);
}

int
BRN_FOR_ISA(brn_rows_mha)(const struct brn_call *c)
{
	int index = (int)brn_attr_int(c->n, "index");
	int64_t heads = brn_attr_int(c->n, "q_num_heads");
	struct mha a = {
		.c = c,
		.scale = brn_attr_float(c->n, "scale"),
		.cap = brn_attr_float(c->n, "softcap"),
		.window = brn_mha_window_of(c->n),
		.sinks = c->n->nin > 8 ? c->in[8] : NULL,
		.nan_to_zero = brn_attr_int(c->n, "nan_to_zero") != 0,
	};

	if (brn_numel(c->out) == 0)
		return 0;
	if (index)
		return append(c, index);
	a.q = view_of(c->type[0], c->in[0]->data, heads);
	a.y = view_of(&c->out->type, c->out->data, heads);
	a.k = history_of(c, 1, 4, c->past_room[0]);
	a.v = history_of(c, 2, 5, c->past_room[1]);
	set_mask(&a);
	set_sizes(&a);
	if (brn_mha_check(c->n, c->in, c->err) < 0)
		return BURIN_ESHAPE;
	brn_parallel(c->threads, (size_t)a.ntask, run_task, &a);
	return 0;
}
