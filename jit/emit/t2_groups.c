/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 2: block rows with the same columns are computed together, as tier 1
 * computes the rows of one block.  The kernel is the loops of tier 1 once for
 * each height of groups that occurs; where the rows of a group are in y, which
 * may be anywhere in their window, is in a table.
 */
#include "jit/emit/t1.h"

#include "jit/kernel/t2_groups.h"

#include <stdlib.h>

struct t2 {
	struct brn_gcc *g;
	const struct brn_spec *s;
	struct brn_t2 t;
	struct brn_tables tables;       /* of all groups */
	brn_rv row;                     /* a table: of each row of theirs */
	brn_rv window;                  /* a table: see group_at */
};

/* n numbers, n > 0, of which table i is of[i].  */
static brn_rv
make_table(struct brn_gcc *g, const char *name, uint32_t *of, size_t n)
{
	return brn_gcc_table(g, name, g->u32, of,
	    (n + 1) / 2 * 2 * sizeof *of);
}

static int
make_rows(struct t2 *e, burin_error *err)
{
	int32_t n = e->s->nbrow;
	int bh = e->s->bh;
	uint32_t *of = brn_alloc(((size_t)n + 1) * (size_t)bh + 1, sizeof *of);

	if (!of)
		return brn_nomem(err);
	for (int32_t i = 0; i < n; i++)
		for (int r = 0; r < bh; r++)
			of[i * bh + r] = (uint32_t)(e->t.alike.row[i] * bh + r);
	e->row = make_table(e->g, "rows", of, (size_t)n * (size_t)bh + 1);
	free(of);
	return 0;
}

/* Of each height, the first group of each window, and an end.  */
static int
make_windows(struct t2 *e, burin_error *err)
{
	const struct brn_alike *a = &e->t.alike;
	size_t n = (size_t)a->nwindow + 1, k = 0;
	uint32_t *of = brn_alloc(n * BRN_ALIKE_HEIGHTS + 1, sizeof *of);

	if (!of)
		return brn_nomem(err);
	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
		for (int32_t w = 0; w <= a->nwindow; w++)
			of[k++] = (uint32_t)(e->t.first[h] + (a->first[h][w] -
			    a->first[h][0]) / brn_alike_rows(h));
	e->window = make_table(e->g, "windows", of, k);
	free(of);
	return 0;
}

/* The first group of height h in the window that has block row `brow`, or in
 * the next one when that is not its first.  */
static brn_rv
group_at(struct t2 *e, int h, enum brn_arg brow)
{
	struct brn_gcc *g = e->g;
	brn_rv w = brn_gcc_div(g, brn_gcc_add(g, brn_gcc_arg(g, brow),
	    brn_gcc_int(g, e->t.alike.window - 1)), e->t.alike.window);

	w = brn_gcc_add(g, w, brn_gcc_int(g, h * (e->t.alike.nwindow + 1)));
	return brn_gcc_get(brn_gcc_local(g, "group", brn_gcc_cast(g,
	    brn_gcc_get(brn_gcc_at(g, e->window, w)), g->i64)));
}

/* Groups of one height, in which a block row has n rows.  */
static void
emit_groups(struct t2 *e, int h)
{
	struct brn_gcc *g = e->g;
	const struct brn_t2 *t = &e->t;
	int n = brn_alike_rows(h) * e->s->bh;
	struct brn_spec s = *e->s;
	struct brn_t1_part p = {
		.t = e->tables,
		.yrows = (int64_t)e->s->nbrow * e->s->bh,
		.brow0 = group_at(e, h, BRN_ARG_brow0),
		.brow1 = group_at(e, h, BRN_ARG_brow1),
	};

	s.bh = n;
	p.row = brn_gcc_offset(g, e->row, brn_gcc_int(g,
	    (int64_t)t->alike.first[h][0] * e->s->bh -
	    (int64_t)t->first[h] * n));
	p.vals = brn_gcc_offset(g, brn_gcc_arg(g, BRN_ARG_stream),
	    brn_gcc_int(g, t->at[h] - (int64_t)t->rowptr[t->first[h]] * n *
	    s.bw));
	brn_emit_t1_part(g, &s, &p);
}

int
brn_emit_t2(struct brn_gcc *g, const struct brn_spec *s, burin_error *err)
{
	struct t2 e = { .g = g, .s = s };
	struct brn_spec groups = *s;
	int rc;

	if ((rc = brn_t2_make(s, &e.t, err)) < 0)
		return rc;
	groups.nbrow = e.t.ngroup;
	groups.nblk = e.t.nblk;
	groups.rowptr = e.t.rowptr;
	groups.colidx = e.t.colidx;
	if ((rc = brn_tables_make(g, &groups, &e.tables, err)) == 0 &&
	    (rc = make_rows(&e, err)) == 0 &&
	    (rc = make_windows(&e, err)) == 0)
		for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
			if (e.t.first[h + 1] > e.t.first[h])
				emit_groups(&e, h);
	brn_t2_clear(&e.t);
	return rc;
}
