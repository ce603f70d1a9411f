/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of tier 1 for some of the rows of a layer, wherever these are.
 */
#ifndef BRN_EMIT_T1_H
#define BRN_EMIT_T1_H

#include "jit/emit/emit.h"
#include "jit/emit/tables.h"

struct brn_t1_part {
	struct brn_tables t;            /* of s; all NULL: s is full */
	brn_rv row;                     /* a table: where each row of s is in y
	                                   and bias; NULL: where it is in s */
	int64_t yrows;                  /* rows of y */
	brn_rv vals;                    /* of the first block of s */
	brn_rv brow0, brow1;            /* block rows of s that are wanted */
};

/* Of s this asks for isa, epilogue, block shape, nbcol, and whether it is
 * full.  */
void brn_emit_t1_part(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_t1_part *p);

#endif
