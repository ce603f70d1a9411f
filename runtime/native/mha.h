/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention with a past: what code for few queries and for prompts share.
 */
#ifndef BRN_NATIVE_MHA_H
#define BRN_NATIVE_MHA_H

#include "ir/op/mha.h"
#include "runtime/native/isa.h"

/* Prefetch keys and values so many tokens ahead, past the end of a head too:
 * the values come after its keys, and the next head's keys after its values.
 * A head alone is too short for the hardware prefetcher.  */
enum { AHEAD = 16 };

/* [batch][heads][seq][depth] in any order.  step: floats from batch to batch,
 * head to head, token to token.  */
struct view {
	float *p;
	int64_t seq, step[3];
};

/* Keys or values: those of the past, then the new ones.  */
struct history {
	struct view past, now;
	int64_t depth;
};

struct mha {
	const struct brn_call *c;
	struct view q, y;
	struct history k, v;
	int64_t batch, heads, groups;   /* groups: heads of keys */
	int64_t keys, rows;             /* rows: queries of a group */
	int64_t item_rows;              /* at most, of an item */
	const struct brn_tensor *mask, *sinks;
	int64_t mask_step[4];
	struct brn_mha_window window;
	float scale, cap;
	int nan_to_zero;
	int64_t nitem, ntask;
};

/* Queries that share a head of keys.  */
struct item {
	const struct mha *a;
	int64_t batch, group, first, rows;
	int64_t past;                   /* tokens of the past */
	int64_t from, keys;             /* any of them sees keys [from, keys) */
	float *q;                       /* [rows][depth], scaled */
	float *p;                       /* [rows][a->keys] scores */
	const float *after;             /* keys that are read next */
};

static inline float *
view_at(const struct view *v, int64_t b, int64_t h, int64_t s)
{
	return v->p + b * v->step[0] + h * v->step[1] + s * v->step[2];
}

/* n tokens of one head, step floats apart, and where tokens are that are read
 * next.  */
struct part {
	const float *p, *next;
	int64_t step, n;
};

static inline int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The parts of the past and of the new tokens of h that the item sees.  */
static inline void
find_parts(const struct item *m, const struct history *h, const float *next,
    struct part v[2])
{
	int64_t past = smaller(m->keys, m->past), from = smaller(m->from, past);
	int64_t now = m->from - from;   /* new tokens that none sees */

	v[0] = (struct part){ h->past.p ? view_at(&h->past, m->batch,
	    m->group, from) : NULL, next, h->past.step[2], past - from };
	v[1] = (struct part){ view_at(&h->now, m->batch, m->group, now), next,
	    h->now.step[2], m->keys - past - now };
}

/* What to prefetch while token j is read.  */
static inline const float *
ahead_of(const struct part *v, int64_t j)
{
	return j + AHEAD < v->n ? v->p + (j + AHEAD) * v->step :
	    v->next + (j + AHEAD - v->n) * v->step;
}

/* Head and token of query r of an item.  */
static inline int64_t
head_of(const struct item *m, int64_t r)
{
	return m->group * (m->a->heads / m->a->groups) +
	    (m->first + r) / m->a->q.seq;
}

static inline int64_t
token_of(const struct item *m, int64_t r)
{
	return (m->first + r) % m->a->q.seq;
}

/* The first key that query r sees, and how many there are up to its last.  */
static inline int64_t
first_of(const struct item *m, int64_t r)
{
	return brn_mha_first(&m->a->window, m->past + token_of(m, r));
}

static inline int64_t
end_of(const struct item *m, int64_t r)
{
	return brn_mha_end(&m->a->window, m->past + token_of(m, r),
	    m->past + m->a->k.now.seq);
}

/* The keys that any query sees; if there are keys, at least one, so that a
 * query that sees none has a score to make NaN of.  */
static inline void
find_keys(struct item *m)
{
	m->past = brn_mha_past(m->a->c->n, m->a->c->in, m->batch);
	m->keys = 0;
	m->from = INT64_MAX;
	for (int64_t r = 0; r < m->rows; r++) {
		int64_t n = end_of(m, r);

		m->keys = n > m->keys ? n : m->keys;
		m->from = smaller(m->from, first_of(m, r));
	}
	m->from = m->keys > 0 ? smaller(m->from, m->keys - 1) : 0;
}

/* Copy the queries of m to m->q, scaled.  */
static inline void
scale_queries(const struct item *m)
{
	const struct mha *a = m->a;

	for (int64_t r = 0; r < m->rows; r++) {
		const float *q = view_at(&a->q, m->batch, head_of(m, r),
		    token_of(m, r));

		for (int64_t d = 0; d < a->k.depth; d++)
			m->q[r * a->k.depth + d] = a->scale * q[d];
	}
}

/* The mask of query r: that of key j is j * mask_step[3] elements further.  */
static inline int64_t
mask_at(const struct item *m, int64_t r)
{
	const int64_t *step = m->a->mask_step;

	return m->batch * step[0] + head_of(m, r) * step[1] +
	    token_of(m, r) * step[2];
}

/* Up to 16 queries with at least one key; m->q has brn_prompt_room floats.  */
void BRN_FOR_ISA(brn_prompt_item)(struct item *m);
int64_t BRN_FOR_ISA(brn_prompt_room)(int64_t depth, int64_t width,
    int64_t keys);

#endif
