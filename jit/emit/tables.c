/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables: offsets into x, of 16 bits where that is enough, and rowptr.
 */
#include "jit/emit/tables.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_UNITS = BRN_TILE * 4 / BRN_OFFS_UNIT };

/* n bytes rounded up to words of 8, at least one.  */
static size_t
round_to_words(size_t n)
{
	return n < 8 ? 8 : (n + 7) & ~(size_t)7;
}

int
brn_emit_tables(struct brn_gcc *g, const struct brn_spec *s,
    struct brn_tables *out, burin_error *err)
{
	int64_t unit = (int64_t)s->bw * LINE_UNITS;
	int wide = unit * (s->nbcol - 1) > UINT16_MAX;
	size_t size = round_to_words(((size_t)s->nblk + BRN_OFFS_AHEAD) *
	    (wide ? 4 : 2));
	size_t nptr = ((size_t)s->nbrow + 1) * sizeof *s->rowptr;
	uint32_t *o32 = brn_alloc(size + round_to_words(nptr), 1);
	uint16_t *o16 = (uint16_t *)o32;

	if (!o32)
		return brn_nomem(err);
	for (int32_t i = 0; i < s->nblk; i++)
		if (wide)
			o32[i] = (uint32_t)(unit * s->colidx[i]);
		else
			o16[i] = (uint16_t)(unit * s->colidx[i]);
	out->offs = brn_gcc_table(g, "offs", wide ? g->u32 : g->u16, o32,
	    size);
	out->wide = wide;
	memcpy(o32, s->rowptr, nptr);
	out->rowptr = brn_gcc_table(g, "rowptr", g->u32, o32,
	    round_to_words(nptr));
	free(o32);
	return 0;
}
