/* SPDX-License-Identifier: Apache-2.0
 *
 * The pattern as constant tables of an artifact.  Part of the module only.
 */
#ifndef BRN_TABLES_H
#define BRN_TABLES_H

#include "jit/emit/gcc.h"

/* Offsets into x are counted in 8 bytes: an index register times 8 costs
 * nothing, and 16 bits then reach 8191 features.  */
enum {
	BRN_OFFS_UNIT = 8,
	BRN_OFFS_AHEAD = 16,    /* entries past the last, all 0 */
};

struct brn_tables {
	brn_rv offs;            /* of x of each block, in units */
	int wide;               /* they are u32, else u16 */
	brn_rv rowptr;
};

/* Tables for s, whose pattern is not full.  ENOMEM.  */
int brn_tables_make(struct brn_gcc *g, const struct brn_spec *s,
    struct brn_tables *out, burin_error *err);

#endif
