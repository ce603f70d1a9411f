/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 2: the groups as a pattern, their cost, and weights in their order.  A
 * group has the columns of its first block row.  That the others have them too
 * is checked: equal hashes need not mean equal columns.
 */
#include "jit/kernel/t2_groups.h"

#include <stdlib.h>
#include <string.h>

#include "jit/kernel/t1.h"

/* ---- plan ------------------------------------------------------------- */

static int32_t
num_blocks(const struct brn_spec *s, int32_t b)
{
	return s->rowptr[b + 1] - s->rowptr[b];
}

static uint64_t
hash_columns(const struct brn_spec *s, int32_t b)
{
	uint64_t h = 0;

	for (int32_t i = s->rowptr[b]; i < s->rowptr[b + 1]; i++) {
		h = (h ^ (uint64_t)s->colidx[i]) *
		    UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h ^ (uint64_t)num_blocks(s, b);
}

static int
have_same_columns(const struct brn_spec *s, int32_t a, int32_t b)
{
	int32_t n = num_blocks(s, a);

	return n == num_blocks(s, b) && memcmp(s->colidx + s->rowptr[a],
	    s->colidx + s->rowptr[b], (size_t)n * sizeof *s->colidx) == 0;
}

static int
group_rows(const struct brn_spec *s, struct brn_row_groups *out,
    burin_error *err)
{
	uint64_t *h = brn_alloc((size_t)s->nbrow + 1, sizeof *h);
	int rc;

	if (!h)
		return brn_nomem(err);
	for (int32_t b = 0; b < s->nbrow; b++)
		h[b] = hash_columns(s, b);
	rc = brn_row_groups_find(h, s->nbrow, s->bh, out, err);
	free(h);
	return rc;
}

/* Append the group of n block rows.  0: their columns differ.  */
static int
add_group(const struct brn_spec *s, struct brn_t2 *t, const int32_t *brow,
    int n)
{
	int32_t len = num_blocks(s, brow[0]);

	for (int i = 1; i < n; i++)
		if (!have_same_columns(s, brow[0], brow[i]))
			return 0;
	if (len)
		memcpy(t->colidx + t->nblk, s->colidx + s->rowptr[brow[0]],
		    (size_t)len * sizeof *t->colidx);
	t->nblk += len;
	t->rowptr[++t->ngroup] = t->nblk;
	return 1;
}

static int
add_groups(const struct brn_spec *s, struct brn_t2 *t)
{
	const struct brn_row_groups *g = &t->groups;

	for (int z = 0; z < BRN_GROUP_SIZES; z++) {
		int n = brn_group_rows(z);
		int32_t before = t->nblk;

		for (int32_t i = g->first[z][0]; i < g->first[z][g->nwindow];
		    i += n)
			if (!add_group(s, t, g->row + i, n))
				return 0;
		t->first[z + 1] = t->ngroup;
		t->at[z + 1] = t->at[z] + (int64_t)(t->nblk - before) * n *
		    s->bh * s->bw;
	}
	return 1;
}

/* Do groups hold a quarter of the weights or more?  With fewer the kernel is
 * tier 1 with longer tables.  */
static int
pays(const struct brn_row_stats *rows)
{
	int64_t all = 0;

	for (int z = 0; z < BRN_GROUP_SIZES; z++)
		all += rows->weights[z];
	return 4 * rows->weights[BRN_GROUP_SIZES - 1] < 3 * all;
}

static void
free_groups(void *own)
{
	struct brn_t2 *t = own;

	brn_row_groups_clear(&t->groups);
	free(t->rowptr);
	free(t->colidx);
	free(t);
}

static int
find_groups(const struct brn_spec *s, struct brn_t2 *t, burin_error *err)
{
	int rc = group_rows(s, &t->groups, err);

	if (rc < 0)
		return rc;
	t->rowptr = brn_alloc((size_t)s->nbrow + 1, sizeof *t->rowptr);
	t->colidx = brn_alloc((size_t)s->nblk + 1, sizeof *t->colidx);
	if (!t->rowptr || !t->colidx)
		return brn_nomem(err);
	if (!add_groups(s, t))
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "kernel t2: rows with other columns have the same hash");
	return BURIN_OK;
}

/* Rows change places within a window, so a window is the grain.  */
static int
plan(const struct brn_spec *s, struct brn_plan *out, burin_error *err)
{
	struct brn_t2 *t = brn_alloc(1, sizeof *t);
	int rc;

	if (!t)
		return brn_nomem(err);
	rc = find_groups(s, t, err);
	for (int z = 0; z < BRN_GROUP_SIZES; z++)
		out->rows.weights[z] = t->at[z + 1] - t->at[z];
	if (rc == 0 && !pays(&out->rows))
		rc = brn_fail(err, BURIN_EUNSUPPORTED,
		    "kernel t2: too few rows have the same columns");
	if (rc < 0) {
		free_groups(t);
		return rc;
	}
	out->grain = brn_group_window(s->bh);
	out->own = t;
	out->free_own = free_groups;
	return BURIN_OK;
}

/* ---- the others ------------------------------------------------------- */

/* Blocks as high as the largest group gain nothing from more rows.  */
static int
fits(const struct brn_spec *s)
{
	return s->elem == BRN_ELEM_f32 && s->bh < brn_group_rows(0) &&
	    s->nblk > 0 &&
	    !brn_spec_is_full(s) && brn_t1_fits(s);
}

/* Tier 1 with blocks of the height of each group size.  */
static int
count(const struct brn_spec *s, const struct brn_row_stats *rows,
    struct brn_cost *n)
{
	double row = n->term[BRN_COST_row];

	if (!rows || !pays(rows))
		return 0;
	for (int z = 0; z < BRN_GROUP_SIZES; z++) {
		struct brn_spec part = *s;

		part.bh = s->bh * brn_group_rows(z);
		part.nblk = (int32_t)(rows->weights[z] / part.bh / s->bw);
		brn_t1_count(&part, n);
	}
	n->term[BRN_COST_row] = row + (double)s->nbrow * s->bh *
	    brn_t1_vectors(s->isa);
	return 1;
}

/* The weights of a group: column by column, each column row by row.  */
static float *
pack_group(const struct brn_spec *s, const int32_t *brow, int n,
    const float *vals, float *out)
{
	size_t column = (size_t)s->bh, block = column * (size_t)s->bw;
	size_t len = (size_t)num_blocks(s, brow[0]) * (size_t)s->bw;

	for (size_t c = 0; c < len; c++)
		for (int i = 0; i < n; i++) {
			const float *from = vals + (size_t)s->rowptr[brow[i]] *
			    block + c * column;

			memcpy(out, from, column * sizeof *out);
			out += column;
		}
	return out;
}

static int
pack(const struct brn_spec *s, const struct brn_plan *p, const void *vals,
    void *out, burin_error *err)
{
	const struct brn_t2 *t = p->own;
	const struct brn_row_groups *g = &t->groups;

	(void)err;
	for (int z = 0; z < BRN_GROUP_SIZES; z++)
		for (int32_t i = g->first[z][0]; i < g->first[z][g->nwindow];
		    i += brn_group_rows(z))
			out = pack_group(s, g->row + i, brn_group_rows(z),
			    vals, out);
	return BURIN_OK;
}

const struct brn_kernel_ops brn_kernel_t2 = {
	.only_if_faster = 1,
	.fits = fits,
	.count = count,
	.plan = plan,
	.pack = pack,
};
