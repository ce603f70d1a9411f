/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 2: block rows with the same columns are computed together, as tier 1
 * computes the rows of one block.  The kernel is the loops of tier 1 once for
 * each group size that occurs.  The rows of a group may be anywhere in their
 * window; a table says where each is in y.
 */
#include "jit/emit/t1.h"

#include "jit/kernel/t2_groups.h"

#include <stdlib.h>

struct t2 {
	struct brn_gcc *g;
	const struct brn_spec *s;
	const struct brn_t2 *t;
	struct brn_tables tables;       /* the pattern of all groups */
	brn_rv row;                     /* a table: the row of y for each row
	                                   of a group, group by group */
	brn_rv window;                  /* a table: see emit_windows */
};

/* A constant array of n > 0 numbers; v has room for an even number.  */
static brn_rv
emit_table(struct brn_gcc *g, const char *name, uint32_t *v, size_t n)
{
	return brn_gcc_table(g, name, g->u32, v, (n + 1) / 2 * 2 * sizeof *v);
}

static int
emit_rows(struct t2 *e, burin_error *err)
{
	int32_t n = e->s->nbrow;
	int bh = e->s->bh;
	uint32_t *v = brn_alloc(((size_t)n + 1) * (size_t)bh + 1, sizeof *v);

	if (!v)
		return brn_nomem(err);
	for (int32_t i = 0; i < n; i++)
		for (int r = 0; r < bh; r++)
			v[i * bh + r] = (uint32_t)(
			    e->t->groups.row[i] * bh + r);
	e->row = emit_table(e->g, "rows", v, (size_t)n * (size_t)bh + 1);
	free(v);
	return 0;
}

/* By group size: the first group of each window, then the end.  */
static int
emit_windows(struct t2 *e, burin_error *err)
{
	const struct brn_row_groups *a = &e->t->groups;
	size_t n = (size_t)a->nwindow + 1, k = 0;
	uint32_t *v = brn_alloc(n * BRN_GROUP_SIZES + 1, sizeof *v);

	if (!v)
		return brn_nomem(err);
	for (int h = 0; h < BRN_GROUP_SIZES; h++)
		for (int32_t w = 0; w <= a->nwindow; w++)
			v[k++] = (uint32_t)(e->t->first[h] + (a->first[h][w] -
			    a->first[h][0]) / brn_group_rows(h));
	e->window = emit_table(e->g, "windows", v, k);
	free(v);
	return 0;
}

/* The first group of size h in the first window that begins at block row `brow`
 * or later.  */
static brn_rv
first_group_from(struct t2 *e, int h, enum brn_arg brow)
{
	struct brn_gcc *g = e->g;
	brn_rv w = brn_gcc_div(g, brn_gcc_add(g, brn_gcc_arg(g, brow),
	    brn_gcc_int(g, e->t->groups.window - 1)), e->t->groups.window);

	w = brn_gcc_add(g, w, brn_gcc_int(g, h * (e->t->groups.nwindow + 1)));
	return brn_gcc_get(brn_gcc_local(g, "group", brn_gcc_cast(g,
	    brn_gcc_get(brn_gcc_at(g, e->window, w)), g->i64)));
}

/* The loops over the groups of size h.  */
static void
emit_groups(struct t2 *e, int h)
{
	struct brn_gcc *g = e->g;
	const struct brn_t2 *t = e->t;
	int n = brn_group_rows(h) * e->s->bh;
	struct brn_spec s = *e->s;
	struct brn_t1_part p = {
		.t = e->tables,
		.yrows = (int64_t)e->s->nbrow * e->s->bh,
		.brow0 = first_group_from(e, h, BRN_ARG_brow0),
		.brow1 = first_group_from(e, h, BRN_ARG_brow1),
	};

	s.bh = n;
	p.row = brn_gcc_offset(g, e->row, brn_gcc_int(g,
	    (int64_t)t->groups.first[h][0] * e->s->bh -
	    (int64_t)t->first[h] * n));
	p.vals = brn_gcc_offset(g, brn_gcc_arg(g, BRN_ARG_stream),
	    brn_gcc_int(g, t->at[h] - (int64_t)t->rowptr[t->first[h]] * n *
	    s.bw));
	brn_emit_t1_part(g, &s, &p);
}

int
brn_emit_t2(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_plan *plan, burin_error *err)
{
	struct t2 e = { .g = g, .s = s, .t = plan->own };
	struct brn_spec groups = *s;
	int rc;

	groups.nbrow = e.t->ngroup;
	groups.nblk = e.t->nblk;
	groups.rowptr = e.t->rowptr;
	groups.colidx = e.t->colidx;
	if ((rc = brn_emit_tables(g, &groups, &e.tables, err)) == 0 &&
	    (rc = emit_rows(&e, err)) == 0 &&
	    (rc = emit_windows(&e, err)) == 0)
		for (int h = 0; h < BRN_GROUP_SIZES; h++)
			if (e.t->first[h + 1] > e.t->first[h])
				emit_groups(&e, h);
	return rc;
}
