/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention with a past of many new tokens.  Queries that share a head of keys
 * are in the lanes, 16 at a time: scores are lines of a scratch [key][16],
 * softmax goes over lines, and keys and values, read where they lie, are the
 * weights of both products.
 */
#include <math.h>

#include "runtime/native/attention.h"
#include "runtime/native/lines.h"
#include "runtime/native/mha.h"

/* Keys a multiple of 4 KB apart share a set of L1, which has 8 or 12 ways: no
 * more than 8 of them are read at a time.  */
enum { ALIAS_FLOATS = 1024, ALIAS_ROWS = ROWS < 8 ? ROWS : 8 };

/* An item; its queries, later its results, with queries in the lanes,
 * [depth][16] (as rows they are in m->q); and its scores [key][16].  */
struct prompt {
	struct item *m;
	float *lines, *s;
	float scale[BRN_TILE];          /* of each query's values */
};

/* Scores s[key][16] of rows keys, which is constant once this is inlined.  */
static inline __attribute__((always_inline)) void
score_keys(const struct prompt *p, int rows, const struct part *k, int64_t j,
    float *s)
{
	int64_t depth = p->m->a->k.depth, step = k->step;
	const float *at = k->p + j * step;
	brn_vec acc[ROWS][BRN_LINE] = { 0 };

	for (int64_t d = 0; d < depth; d += BRN_TILE)
		multiply(acc, rows, p->lines + d * BRN_TILE,
		    smaller(depth - d, BRN_TILE), (struct weights){ at + d, 1,
		    step, at + AHEAD * step + d, step });
	for (int r = 0; r < rows; r++)
		store_line(s + (j + r) * BRN_TILE, acc[r]);
}

static void
score_part(const struct prompt *p, const struct part *k, float *s)
{
	int64_t j = 0;

	if (k->step % ALIAS_FLOATS)
		for (; j + ROWS <= k->n; j += ROWS)
			score_keys(p, ROWS, k, j, s);
	for (; j + ALIAS_ROWS <= k->n; j += ALIAS_ROWS)
		score_keys(p, ALIAS_ROWS, k, j, s);
	for (; j < k->n; j++)
		score_keys(p, 1, k, j, s);
}

/* ---- masks ---- */

/* The query of a lane; lanes beyond the last have that.  */
static int64_t
row_of(const struct prompt *p, int lane)
{
	return lane < p->m->rows ? lane : p->m->rows - 1;
}

static void
cap_scores(const struct prompt *p)
{
	const struct mha *a = p->m->a;
	int64_t n = (p->m->keys - p->m->from) * BRN_TILE;

	for (int64_t i = 0; a->cap > 0 && i < n; i++)
		p->s[i] = a->cap * tanhf(p->s[i] / a->cap);
}

static void
mask_lane(const struct prompt *p, int lane)
{
	const struct mha *a = p->m->a;
	int64_t at = mask_at(p->m, row_of(p, lane)), step = a->mask_step[3];
	float *s = p->s + lane - p->m->from * BRN_TILE;

	for (int64_t j = p->m->from; j < p->m->keys; j++)
		if (a->mask->type.dtype != BURIN_BOOL)
			s[j * BRN_TILE] += brn_f32(a->mask)[at + j * step];
		else if (!((const uint8_t *)a->mask->data)[at + j * step])
			s[j * BRN_TILE] = -INFINITY;
}

/* Are the masks of all queries floats in rows that are equally far apart?  */
static int
has_mask_rows(const struct item *m)
{
	const struct mha *a = m->a;

	return a->mask->type.dtype == BURIN_F32 && a->mask_step[3] == 1 &&
	    token_of(m, 0) + m->rows <= a->q.seq;
}

static int
is_zero(const float *x, int64_t step, int64_t rows, int64_t n)
{
	int any = 0;

	for (int64_t r = 0; r < rows && !any; r++)
		for (int64_t i = 0; i < n; i++)
			any |= x[r * step + i] != 0;
	return !any;
}

/* Add such masks, 16 keys at a time.  */
static void
add_mask_rows(const struct prompt *p)
{
	const struct item *m = p->m;
	const float *mask = brn_f32(m->a->mask) + mask_at(m, 0);
	int64_t step = m->a->mask_step[2];
	float lines[BRN_TILE * BRN_TILE] = { 0 };

	for (int64_t j = m->from; j < m->keys; j += BRN_TILE) {
		int64_t n = smaller(m->keys - j, BRN_TILE);

		if (is_zero(mask + j, step, m->rows, n))
			continue;
		BRN_FOR_ISA(brn_transpose)(mask + j, step, lines, BRN_TILE,
		    m->rows, n);
		for (int64_t i = 0; i < n * BRN_TILE; i++)
			p->s[(j - m->from) * BRN_TILE + i] += lines[i];
	}
}

static void
add_masks(const struct prompt *p)
{
	if (has_mask_rows(p->m))
		add_mask_rows(p);
	else
		for (int i = 0; i < BRN_TILE; i++)
			mask_lane(p, i);
}

static float
largest(const float *x, int64_t from, int64_t to)
{
	float max = -INFINITY;

#pragma omp simd reduction(max:max)
	for (int64_t j = from; j < to; j++)
		max = x[j] > max ? x[j] : max;
	return max;
}

/* Leave out the last keys if all queries mask them.  Causal masks are made in
 * the graph more often than not.  exp of these is 0 for any scores less than
 * 5000 apart.  */
static void
trim_keys(struct item *m)
{
	const struct mha *a = m->a;
	int64_t n = m->from + 1;

	if (!a->mask || !has_mask_rows(m))
		return;
	for (int64_t r = m->rows - 1; r >= 0 && n < m->keys; r--) {
		const float *mask = brn_f32(a->mask) + mask_at(m, r);
		float tail = largest(mask, n, m->keys), max;
		int64_t end = m->keys;

		max = fmaxf(tail, largest(mask, m->from, n));
		if (tail <= max - 6000)
			continue;
		while (mask[end - 1] <= max - 6000)
			end--;
		n = end;
	}
	m->keys = smaller(n, m->keys);
}

/* Mask the scores of keys that the query of a lane does not see.  */
static void
cut_lane(const struct prompt *p, int lane)
{
	int64_t from = first_of(p->m, row_of(p, lane));
	int64_t to = end_of(p->m, row_of(p, lane));
	float *s = p->s + lane;

	for (int64_t j = p->m->from; j < smaller(from, p->m->keys); j++)
		s[(j - p->m->from) * BRN_TILE] = -INFINITY;
	for (int64_t j = to; j < p->m->keys; j++)
		s[(j - p->m->from) * BRN_TILE] = -INFINITY;
}

static void
weigh(struct prompt *p)
{
	const struct mha *a = p->m->a;
	float sink[BRN_TILE];

	cap_scores(p);
	if (a->mask)
		add_masks(p);
	for (int i = 0; i < BRN_TILE; i++) {
		cut_lane(p, i);
		if (a->sinks)
			sink[i] = brn_f32(a->sinks)[head_of(p->m,
			    row_of(p, i))];
	}
	BRN_FOR_ISA(brn_softmax_lines)(p->s, p->m->keys - p->m->from,
	    a->sinks ? sink : NULL, p->scale, a->nan_to_zero);
}

/* ---- values ---- */

/* rows lines of the result from depth d on.  */
static inline __attribute__((always_inline)) void
value_lines(const struct prompt *p, int rows, const struct part v[2],
    int64_t d)
{
	brn_vec acc[ROWS][BRN_LINE] = { 0 };
	const float *s = p->s;

	for (int i = 0; i < 2; s += v[i++].n * BRN_TILE)
		multiply(acc, rows, s, v[i].n, (struct weights){ v[i].p + d,
		    v[i].step, 1, v[i].p + AHEAD * v[i].step + d,
		    v[i].step });
	for (int r = 0; r < rows; r++)
		for (int l = 0; l < BRN_LINE; l++)
			*(brn_vec *)(p->lines + (d + r) * BRN_TILE +
			    l * BRN_LANES) = acc[r][l] *
			    *(const brn_vec *)(p->scale + l * BRN_LANES);
}

static void
add_up(const struct prompt *p, const struct part v[2])
{
	const struct mha *a = p->m->a;
	int64_t width = a->v.depth, d = 0;

	for (; d + ROWS <= width; d += ROWS)
		value_lines(p, ROWS, v, d);
	for (; d < width; d++)
		value_lines(p, 1, v, d);
	BRN_FOR_ISA(brn_transpose)(p->lines, BRN_TILE, p->m->q, width, width,
	    p->m->rows);
	for (int64_t r = 0; r < p->m->rows; r++)
		memcpy(view_at(&a->y, p->m->batch, head_of(p->m, r),
		    token_of(p->m, r)), p->m->q + r * width,
		    (size_t)width * sizeof (float));
}

/* ---- items ---- */

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t
BRN_FOR_ISA(brn_prompt_room)(int64_t depth, int64_t width, int64_t keys)
{
	return (2 * larger(depth, width) + keys) * BRN_TILE;
}

void
BRN_FOR_ISA(brn_prompt_item)(struct item *m)
{
	const struct mha *a = m->a;
	int64_t depth = a->k.depth, most = larger(depth, a->v.depth);
	struct prompt p = { .m = m, .lines = m->q + most * BRN_TILE,
	    .s = m->q + 2 * most * BRN_TILE };
	struct part part[2];

	scale_queries(m);
	for (int64_t r = m->rows; r < BRN_TILE; r++)
		memcpy(m->q + r * depth, m->q, (size_t)depth * sizeof *m->q);
	BRN_FOR_ISA(brn_transpose)(m->q, depth, p.lines, BRN_TILE, BRN_TILE,
	    depth);
	find_keys(m);
	trim_keys(m);
	find_parts(m, &a->k, m->after, part);
	score_part(&p, &part[0], p.s);
	score_part(&p, &part[1], p.s + part[0].n * BRN_TILE);
	weigh(&p);
	find_parts(m, &a->v, m->after, part);
	add_up(&p, part);
}
