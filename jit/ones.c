/* SPDX-License-Identifier: Apache-2.0
 *
 * Low blocks as few.c streams them: rows of like length eight abreast.
 */
#include "jit/few.h"

#include <stdlib.h>

static int32_t
length(const struct brn_spec *s, int32_t row)
{
	int32_t b = row / s->bh;

	return b < s->nbrow ? (s->rowptr[b + 1] - s->rowptr[b]) * s->bw : 0;
}

/* n rows from first on, by length; the longest first.  */
static void
order_rows(const struct brn_spec *s, int32_t first, int n, int32_t *row)
{
	int32_t nrow = s->nbrow * s->bh;

	for (int i = 0; i < n; i++) {
		int32_t r = first + i < nrow ? first + i : nrow;
		int j = i;

		for (; j > 0 && length(s, row[j - 1]) < length(s, r); j--)
			row[j] = row[j - 1];
		row[j] = r;
	}
}

/* Weight k of a row; past the last one what changes no sum.  */
static void
put_weight(const struct brn_spec *s, const float *vals, int32_t row, int32_t k,
    struct brn_step *to, int i)
{
	if (k < length(s, row)) {
		int32_t b = s->rowptr[row / s->bh] + k / s->bw;
		int c = k % s->bw;

		to->w[i] = vals[((int64_t)b * s->bw + c) * s->bh +
		    row % s->bh];
		to->col[i] = (uint16_t)(2 * (s->colidx[b] * s->bw + c));
	} else {
		to->w[i] = -0.0f;
		to->col[i] = (uint16_t)(2 * s->nbcol * s->bw);
	}
}

/* The rows of all groups, and where the steps of each start.  */
static void
order_groups(const struct brn_spec *s, int32_t ngroup, struct brn_ones *o)
{
	const int32_t per = BRN_WINDOW / BRN_ABREAST;

	for (int32_t g = 0; g < ngroup; g += per) {
		int32_t n = ngroup - g < per ? ngroup - g : per;

		order_rows(s, g * BRN_ABREAST, n * BRN_ABREAST,
		    o->row + g * BRN_ABREAST);
	}
	for (int32_t g = 0; g < ngroup; g++)
		o->start[g + 1] = o->start[g] +
		    length(s, o->row[g * BRN_ABREAST]);
}

static int
fill_ones(const struct brn_spec *s, const float *vals, struct brn_ones *o)
{
	int32_t nrow = s->nbrow * s->bh;
	int32_t ngroup = (nrow + BRN_ABREAST - 1) / BRN_ABREAST;

	o->row = brn_alloc((size_t)ngroup * BRN_ABREAST, sizeof *o->row);
	o->start = brn_alloc((size_t)ngroup + 1, sizeof *o->start);
	if (!o->row || !o->start)
		return -1;
	order_groups(s, ngroup, o);
	o->step = brn_alloc_aligned((size_t)o->start[ngroup] *
	    sizeof *o->step);
	if (!o->step)
		return -1;
	for (int32_t g = 0; g < ngroup; g++)
		for (int32_t at = o->start[g]; at < o->start[g + 1]; at++)
			for (int i = 0; i < BRN_ABREAST; i++)
				put_weight(s, vals, o->row[g * BRN_ABREAST +
				    i], at - o->start[g], &o->step[at], i);
	return 0;
}

int
brn_pack_ones(const struct brn_spec *s, const float *vals,
    struct brn_ones **out, burin_error *err)
{
	struct brn_ones *o;

	*out = NULL;
	if (s->bh > BRN_ONES_ROWS || brn_spec_is_full(s) ||
	    (int64_t)s->nbcol * s->bw > UINT16_MAX / 2 ||
	    (int64_t)s->nblk * s->bh * s->bw > INT32_MAX / 2)
		return 0;
	o = brn_alloc(1, sizeof *o);
	if (!o || fill_ones(s, vals, o) < 0) {
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
