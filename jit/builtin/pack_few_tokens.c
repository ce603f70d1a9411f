/* SPDX-License-Identifier: Apache-2.0
 *
 * Low blocks as few.c streams them: rows of like length eight abreast, panel by
 * panel.  What a row has in a step is a piece: some columns of a block.
 */
#include "jit/builtin/few_tokens.h"

#include <stdlib.h>
#include <string.h>

static int32_t
ngroup(const struct brn_spec *s)
{
	return (s->nbrow * s->bh + BRN_ABREAST - 1) / BRN_ABREAST;
}

/* The first piece of a row, counted within it, at or behind a feature.  */
static int32_t
piece_at(const struct brn_spec *s, int32_t cols, int32_t row, int64_t feature)
{
	const int32_t *ptr = s->rowptr + row / s->bh;
	int32_t lo = ptr[0], hi = ptr[1], n;
	int64_t in;

	while (lo < hi) {
		int32_t mid = lo + (hi - lo) / 2;

		if ((s->colidx[mid] + (int64_t)1) * s->bw <= feature)
			lo = mid + 1;
		else
			hi = mid;
	}
	n = (lo - ptr[0]) * (s->bw / cols);
	in = lo < ptr[1] ? feature - (int64_t)s->colidx[lo] * s->bw : 0;
	return in > 0 ? n + (int32_t)(in / cols) : n;
}

/* Pieces of a row in panel p.  */
struct span {
	int32_t from, to;
};

static struct span
span_of(const struct brn_spec *s, const struct brn_ones *o, int32_t row,
    int32_t p)
{
	int64_t first = (int64_t)p * o->panel;

	if (row >= s->nbrow * s->bh)
		return (struct span){ 0, 0 };
	return (struct span){ piece_at(s, o->cols, row, first),
	    piece_at(s, o->cols, row, first + o->panel) };
}

/* n rows from first on by what they have in panel p, the most first; that of
 * every eighth goes to most.  */
static void
order_rows(const struct brn_spec *s, const struct brn_ones *o, int32_t p,
    int32_t first, int n, int32_t *row, int32_t *most)
{
	int32_t nrow = s->nbrow * s->bh, length[BRN_WINDOW];

	for (int i = 0; i < n; i++) {
		int32_t r = first + i < nrow ? first + i : nrow;
		struct span at = span_of(s, o, r, p);
		int j = i;

		for (; j > 0 && length[j - 1] < at.to - at.from; j--) {
			row[j] = row[j - 1];
			length[j] = length[j - 1];
		}
		row[j] = r;
		length[j] = at.to - at.from;
	}
	for (int i = 0; i < n; i += BRN_ABREAST)
		most[i / BRN_ABREAST] = length[i];
}

/* The rows of all groups of panel p, and where the steps of each start.  */
static void
order_groups(const struct brn_spec *s, int32_t p, struct brn_ones *o)
{
	const int32_t per = BRN_WINDOW / BRN_ABREAST, all = ngroup(s);
	int32_t *row = o->row + (int64_t)p * all * BRN_ABREAST;
	int32_t *start = o->start + (int64_t)p * all;

	for (int32_t g = 0; g < all; g += per) {
		int32_t n = all - g < per ? all - g : per;
		int32_t most[BRN_WINDOW / BRN_ABREAST];

		order_rows(s, o, p, g * BRN_ABREAST, n * BRN_ABREAST,
		    row + g * BRN_ABREAST, most);
		for (int32_t i = 0; i < n; i++)
			start[g + i + 1] = start[g + i] + most[i];
	}
}

/* A row in a group of a panel, which it is and its place in the group.  */
struct place {
	int32_t panel, group, row;
	int i;
};

/* Piece k of a row to its place in a step; past the last what changes no
 * sum.  */
static void
put_piece(const struct brn_spec *s, const float *vals, const struct brn_ones *o,
    const struct place *at, int32_t k, float *step)
{
	int64_t first = (int64_t)at->panel * o->panel, feature;
	int64_t b = k / (s->bw / o->cols), c = k % (s->bw / o->cols) * o->cols;
	float *w = step + at->i;
	uint16_t col;

	if (k >= 0) {
		b += s->rowptr[at->row / s->bh];
		vals += (b * s->bw + c) * s->bh + at->row % s->bh;
		feature = (int64_t)s->colidx[b] * s->bw + c - first;
	} else {
		feature = (int64_t)s->nbcol * s->bw - first;
		feature = feature < o->panel ? feature : o->panel;
	}
	for (int i = 0; i < o->cols; i++)
		w[i * BRN_ABREAST] = k >= 0 ? vals[i * s->bh] : -0.0f;
	col = (uint16_t)(2 * feature);
	memcpy((char *)(step + o->cols * BRN_ABREAST) + at->i *
	    (int)sizeof col, &col, sizeof col);
}

static void
fill_row(const struct brn_spec *s, const float *vals, const struct brn_ones *o,
    const struct place *at)
{
	struct span in = span_of(s, o, at->row, at->panel);
	const int32_t *start = o->start + (int64_t)at->panel * ngroup(s) +
	    at->group;

	for (int32_t k = 0; k < start[1] - start[0]; k++)
		put_piece(s, vals, o, at, k < in.to - in.from ? in.from + k :
		    -1, o->step + (int64_t)(start[0] + k) *
		    BRN_STEP(o->cols));
}

static int
fill_ones(const struct brn_spec *s, const float *vals, struct brn_ones *o)
{
	int32_t n = ngroup(s);
	int64_t all = (int64_t)n * o->npanel;

	o->row = brn_alloc((size_t)all * BRN_ABREAST, sizeof *o->row);
	o->start = brn_alloc((size_t)all + 1, sizeof *o->start);
	if (!o->row || !o->start)
		return -1;
	for (int32_t p = 0; p < o->npanel; p++)
		order_groups(s, p, o);
	o->step = brn_alloc_aligned((size_t)o->start[all] *
	    BRN_STEP((size_t)o->cols) * sizeof *o->step);
	if (!o->step)
		return -1;
	for (int64_t i = 0; i < all * BRN_ABREAST; i++)
		fill_row(s, vals, o, &(struct place){
		    (int32_t)(i / BRN_ABREAST / n),
		    (int32_t)(i / BRN_ABREAST % n), o->row[i],
		    (int)(i % BRN_ABREAST) });
	return 0;
}

/* Panels of about the same size, whole pieces.  */
static void
cut_panels(const struct brn_spec *s, struct brn_ones *o)
{
	int64_t n = (int64_t)s->nbcol * s->bw;

	o->cols = s->bw % BRN_ONES_COLS ? 1 : BRN_ONES_COLS;
	o->npanel = (int32_t)((n + BRN_PANEL - 1) / BRN_PANEL);
	n = (n + o->npanel - 1) / o->npanel;
	o->panel = (int32_t)((n + BRN_ONES_COLS - 1) / BRN_ONES_COLS *
	    BRN_ONES_COLS);
}

int
brn_pack_ones(const struct brn_spec *s, const float *vals,
    struct brn_ones **out, burin_error *err)
{
	int64_t weights = (int64_t)s->nblk * s->bh * s->bw;
	struct brn_ones *o;

	*out = NULL;
	if (s->bh > BRN_ONES_ROWS || weights == 0 || brn_spec_is_full(s) ||
	    weights > INT32_MAX / 2)
		return 0;
	o = brn_alloc(1, sizeof *o);
	if (!o)
		return brn_nomem(err);
	cut_panels(s, o);
	if ((int64_t)ngroup(s) * o->npanel > weights) {
		free(o);        /* there would be more rows than weights */
		return 0;
	}
	if (fill_ones(s, vals, o) < 0) {
		brn_ones_free(o);
		return brn_nomem(err);
	}
	*out = o;
	return 0;
}

void
brn_ones_free(struct brn_ones *o)
{
	if (!o)
		return;
	free(o->row);
	free(o->start);
	free(o->step);
	free(o);
}
