/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables: offsets into x, of 16 bits where that is enough, and rowptr.
 * First both are made as i32, then they are written.
 */
#include "jit/emit/tables.h"

#include <stdlib.h>
#include <string.h>

#include "jit/kernel/dot_groups.h"

enum { LINE_UNITS = BRN_TILE * 4 / BRN_OFFS_UNIT };

/* Columns and first entries, borrowed from a spec or made of it.  */
struct pattern {
	const int32_t *col, *rowptr;
	int64_t n;              /* columns */
	int64_t unit;           /* of an offset, a column */
	int32_t last;           /* the largest column */
	int32_t *own;
};

/* n bytes rounded up to words of 8, at least one.  */
static size_t
round_to_words(size_t n)
{
	return n < 8 ? 8 : (n + 7) & ~(size_t)7;
}

/* The groups of s.  */
static int
make_groups(const struct brn_spec *s, struct pattern *out, burin_error *err)
{
	int dot = brn_elems[s->elem].dot;
	int64_t n = dot * brn_dot_groups_before(s, s->nbrow);
	int32_t *col = brn_alloc((size_t)(n + s->nbrow) + 1, sizeof *col);
	int32_t *rowptr = col + n;

	if (!col)
		return brn_nomem(err);
	brn_dot_group_columns(s, col);
	rowptr[0] = 0;
	for (int32_t b = 0; b < s->nbrow; b++)
		rowptr[b + 1] = rowptr[b] +
		    (int32_t)brn_dot_groups_in_row(s, b);
	*out = (struct pattern){ col, rowptr, n,
	    s->elem == BRN_ELEM_bf16 ? LINE_UNITS / dot : LINE_UNITS,
	    s->nbcol * s->bw, col };
	return BURIN_OK;
}

static int
make_pattern(const struct brn_spec *s, struct pattern *out, burin_error *err)
{
	if (s->elem != BRN_ELEM_f32)
		return make_groups(s, out, err);
	*out = (struct pattern){ s->colidx, s->rowptr, s->nblk,
	    (int64_t)s->bw * LINE_UNITS, s->nbcol - 1, NULL };
	return BURIN_OK;
}

static int
write_tables(struct brn_gcc *g, const struct brn_spec *s,
    const struct pattern *p, struct brn_tables *out, burin_error *err)
{
	int wide = p->unit * p->last > UINT16_MAX;
	size_t size = round_to_words(((size_t)p->n + BRN_OFFS_AHEAD) *
	    (wide ? 4 : 2));
	size_t nptr = ((size_t)s->nbrow + 1) * sizeof *p->rowptr;
	uint32_t *o32 = brn_alloc(size + round_to_words(nptr), 1);
	uint16_t *o16 = (uint16_t *)o32;

	if (!o32)
		return brn_nomem(err);
	for (int64_t i = 0; i < p->n; i++)
		if (wide)
			o32[i] = (uint32_t)(p->unit * p->col[i]);
		else
			o16[i] = (uint16_t)(p->unit * p->col[i]);
	out->offs = brn_gcc_table(g, "offs", wide ? g->u32 : g->u16, o32,
	    size);
	out->wide = wide;
	memcpy(o32, p->rowptr, nptr);
	out->rowptr = brn_gcc_table(g, "rowptr", g->u32, o32,
	    round_to_words(nptr));
	free(o32);
	return BURIN_OK;
}

int
brn_emit_tables(struct brn_gcc *g, const struct brn_spec *s,
    struct brn_tables *out, burin_error *err)
{
	struct pattern p = { 0 };
	int rc = make_pattern(s, &p, err);

	if (rc < 0)
		return rc;
	rc = write_tables(g, s, &p, out, err);
	free(p.own);
	return rc;
}
