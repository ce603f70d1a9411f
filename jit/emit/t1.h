/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of tier 1 for a part of a layer: a pattern whose rows may be
 * anywhere in y.
 */
#ifndef BRN_EMIT_T1_H
#define BRN_EMIT_T1_H

#include "jit/emit/emit.h"
#include "jit/emit/tables.h"

struct brn_t1_part {
	struct brn_tables t;            /* the pattern; all NULL: it is full */
	brn_rv row;                     /* a table: the row of y and bias for
	                                   each row of the part; NULL: they are
	                                   the same */
	int64_t yrows;                  /* rows of y */
	brn_rv vals;                    /* the weights of the first block */
	brn_rv brow0, brow1;            /* block rows of the part to compute */
};

/* s describes the part: isa, epilogue, block shape and nbcol are used.  */
void brn_emit_t1_part(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_t1_part *p);

#endif
