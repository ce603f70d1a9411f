/* SPDX-License-Identifier: Apache-2.0
 *
 * The pattern as constant tables of an artifact.  Part of the module only.
 */
#ifndef BRN_TABLES_H
#define BRN_TABLES_H

#include "jit/emit/gcc.h"

/* Offsets into x count units of 8 bytes: an address scales its index by 8 for
 * free, and 16 bits then reach 8191 features.  */
enum {
	BRN_OFFS_UNIT = 8,
	BRN_OFFS_AHEAD = 16,    /* entries past the last, all 0: prefetches
	                           read ahead */
};

struct brn_tables {
	brn_rv offs;            /* by block, or by column of a dot group: the
	                           offset of its x, in units */
	int wide;               /* offsets are u32, else u16 */
	brn_rv rowptr;          /* by block row: the first of its blocks, or of
	                           its groups */
};

/* Emit the tables of s, whose pattern is not full.  ENOMEM.  */
int brn_emit_tables(struct brn_gcc *g, const struct brn_spec *s,
    struct brn_tables *out, burin_error *err);

#endif
