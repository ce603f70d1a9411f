/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 2, t2: block rows with the same columns are computed together, as one
 * higher block row, a group.  The groups are the block rows of a pattern of
 * their own, one group size after the other, and weights are packed in that
 * order.
 */
#ifndef BRN_T2_GROUPS_H
#define BRN_T2_GROUPS_H

#include "jit/kernel/kernel.h"

/* What a plan of t2 owns.  */
struct brn_t2 {
	struct brn_row_groups groups;   /* of block rows */
	int32_t ngroup, nblk;           /* groups, and blocks of groups */
	int32_t *rowptr, *colidx;       /* the pattern of groups */
	/* By group size: the first group, and where its weights begin in the
	 * stream, in floats; then the end.  */
	int32_t first[BRN_GROUP_SIZES + 1];
	int64_t at[BRN_GROUP_SIZES + 1];
};

#endif
