/* SPDX-License-Identifier: Apache-2.0
 *
 * Packing the weights of low blocks for few tokens.
 */
#include "jit/builtin/few_weights.h"

#include <stdlib.h>
#include <string.h>

/* What is packed, and to where.  */
struct packing {
	const struct brn_spec *s;
	const float *vals;
	struct brn_few_weights *f;
	int32_t nrow, ngroup;           /* groups of each panel */
};

/* The number of the first piece of a row at or after a feature.  */
static int32_t
first_piece_at(const struct packing *k, int32_t row, int64_t feature)
{
	const struct brn_spec *s = k->s;
	const int32_t *ptr = s->rowptr + row / s->bh;
	int32_t lo = ptr[0], hi = ptr[1], cols = k->f->cols, n;
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

/* Numbers of the pieces of a row in a panel.  */
struct span {
	int32_t from, to;
};

static struct span
pieces_in(const struct packing *k, int32_t row, int32_t panel)
{
	int64_t first = (int64_t)panel * k->f->panel;

	if (row >= k->nrow)
		return (struct span){ 0, 0 };
	return (struct span){ first_piece_at(k, row, first),
	    first_piece_at(k, row, first + k->f->panel) };
}

/* The n rows from `first` on, sorted by their number of pieces in a panel, the
 * most first.  row has room for them.  length[i] is the number of row[i].  */
static void
order_rows_by_length(const struct packing *k, int32_t panel, int32_t first,
    int n, int32_t *row, int32_t *length)
{
	for (int i = 0; i < n; i++) {
		int32_t r = first + i < k->nrow ? first + i : k->nrow;
		struct span at = pieces_in(k, r, panel);
		int j = i;

		for (; j > 0 && length[j - 1] < at.to - at.from; j--) {
			row[j] = row[j - 1];
			length[j] = length[j - 1];
		}
		row[j] = r;
		length[j] = at.to - at.from;
	}
}

/* The rows of all groups of a panel, and the first step of each group.  */
static void
order_groups(const struct packing *k, int32_t panel)
{
	const int32_t per = BRN_FEW_WINDOW / BRN_FEW_ROWS, all = k->ngroup;
	int32_t *row = k->f->row + (int64_t)panel * all * BRN_FEW_ROWS;
	int32_t *start = k->f->start + (int64_t)panel * all;

	for (int32_t g = 0; g < all; g += per) {
		int32_t n = all - g < per ? all - g : per;
		int32_t first = g * BRN_FEW_ROWS, length[BRN_FEW_WINDOW];

		order_rows_by_length(k, panel, first, n * BRN_FEW_ROWS,
		    row + first, length);
		for (int32_t i = 0; i < n; i++)
			start[g + i + 1] = start[g + i] +
			    length[i * BRN_FEW_ROWS];
	}
}

/* The place of a row in a panel: the i-th of a group.  */
struct place {
	int32_t panel, group, row;
	int i;
};

/* Write piece n of a row to a step.  n < 0: fill its place with -0 times the
 * feature past the last of the panel, whose x is +0.  */
static void
put_piece(const struct packing *k, const struct place *at, int32_t n,
    float *step)
{
	const struct brn_spec *s = k->s;
	const struct brn_few_weights *f = k->f;
	int64_t first = (int64_t)at->panel * f->panel, feature;
	int64_t b = n / (s->bw / f->cols), c = n % (s->bw / f->cols) * f->cols;
	const float *vals = k->vals;
	float *w = step + at->i;
	uint16_t col;

	if (n >= 0) {
		b += s->rowptr[at->row / s->bh];
		vals += (b * s->bw + c) * s->bh + at->row % s->bh;
		feature = (int64_t)s->colidx[b] * s->bw + c - first;
	} else {
		feature = (int64_t)s->nbcol * s->bw - first;
		feature = feature < f->panel ? feature : f->panel;
	}
	for (int i = 0; i < f->cols; i++)
		w[i * BRN_FEW_ROWS] = n >= 0 ? vals[i * s->bh] : -0.0f;
	col = (uint16_t)(2 * feature);
	memcpy((char *)(step + f->cols * BRN_FEW_ROWS) + at->i *
	    (int)sizeof col, &col, sizeof col);
}

static void
fill_row(const struct packing *k, const struct place *at)
{
	struct span in = pieces_in(k, at->row, at->panel);
	const int32_t *start = k->f->start +
	    (int64_t)at->panel * k->ngroup + at->group;

	for (int32_t n = 0; n < start[1] - start[0]; n++)
		put_piece(k, at, n < in.to - in.from ? in.from + n : -1,
		    k->f->step + (int64_t)(start[0] + n) *
		    BRN_FEW_STEP(k->f->cols));
}

static int
fill_steps(const struct packing *k)
{
	struct brn_few_weights *f = k->f;
	int32_t n = k->ngroup;
	int64_t all = (int64_t)n * f->npanel;

	f->row = brn_alloc((size_t)all * BRN_FEW_ROWS, sizeof *f->row);
	f->start = brn_alloc((size_t)all + 1, sizeof *f->start);
	if (!f->row || !f->start)
		return -1;
	for (int32_t p = 0; p < f->npanel; p++)
		order_groups(k, p);
	f->step = brn_alloc_aligned((size_t)f->start[all] *
	    BRN_FEW_STEP((size_t)f->cols) * sizeof *f->step);
	if (!f->step)
		return -1;
	for (int64_t i = 0; i < all * BRN_FEW_ROWS; i++)
		fill_row(k, &(struct place){
		    (int32_t)(i / BRN_FEW_ROWS / n),
		    (int32_t)(i / BRN_FEW_ROWS % n), f->row[i],
		    (int)(i % BRN_FEW_ROWS) });
	return 0;
}

/* Cut features into panels of about the same size, in whole pieces.  */
static void
cut_panels(const struct brn_spec *s, struct brn_few_weights *f)
{
	int64_t n = (int64_t)s->nbcol * s->bw;

	f->cols = s->bw % BRN_FEW_MAX_COLS ? 1 : BRN_FEW_MAX_COLS;
	f->npanel = (int32_t)((n + BRN_FEW_PANEL - 1) / BRN_FEW_PANEL);
	n = (n + f->npanel - 1) / f->npanel;
	f->panel = (int32_t)((n + BRN_FEW_MAX_COLS - 1) / BRN_FEW_MAX_COLS *
	    BRN_FEW_MAX_COLS);
}

int
brn_few_weights_pack(const struct brn_spec *s, const float *vals,
    struct brn_few_weights **out, burin_error *err)
{
	int64_t weights = (int64_t)s->nblk * s->bh * s->bw;
	struct packing k = { .s = s, .vals = vals };

	*out = NULL;
	if (s->bh > BRN_FEW_MAX_BH || weights == 0 || brn_spec_is_full(s) ||
	    weights > INT32_MAX / 2)
		return 0;
	k.f = brn_alloc(1, sizeof *k.f);
	if (!k.f)
		return brn_nomem(err);
	cut_panels(s, k.f);
	k.nrow = s->nbrow * s->bh;
	k.ngroup = (k.nrow + BRN_FEW_ROWS - 1) / BRN_FEW_ROWS;
	if ((int64_t)k.ngroup * k.f->npanel > weights) {
		free(k.f);      /* more rows in groups than weights */
		return 0;
	}
	if (fill_steps(&k) < 0) {
		brn_few_weights_free(k.f);
		return brn_nomem(err);
	}
	*out = k.f;
	return 0;
}

/* Measured (jit/NOTES.md).  Kernels compute all the tiles of a call in one pass
 * through their weights, up to four or eight of them; these are read again for
 * each tile.  */
int
brn_few_weights_tiles(const struct brn_spec *s)
{
	int lanes = brn_isas[s->isa].lanes;

	if (s->elem != BRN_ELEM_f32 || s->bh > BRN_FEW_MAX_BH || lanes < 8)
		return 0;
	if (lanes == BRN_TILE)
		return s->bh == 1 ? 4 : 1;
	return s->bh == 1 ? 2 : 0;
}

void
brn_few_weights_free(struct brn_few_weights *f)
{
	if (!f)
		return;
	free(f->row);
	free(f->start);
	free(f->step);
	free(f);
}
