/* SPDX-License-Identifier: Apache-2.0
 *
 * The block shapes that bsr_dense chooses from, and how many blocks of each a
 * weight would store.
 */
#ifndef BRN_BLOCKS_H
#define BRN_BLOCKS_H

#include "ir/graph/row_groups.h"
#include "ir/graph/bsr.h"

/* bh and bw are powers of two, 32 at most.  */
struct brn_block {
	int bh, bw;
};

/* By falling area, so that the first of equals is the largest; among those of
 * one area the tall ones, which have the faster kernels, come first.  The last
 * is 1x1, whose count is that of the nonzero elements.  */
#define BRN_NUM_BLOCKS 13
extern const struct brn_block brn_blocks[BRN_NUM_BLOCKS];

struct brn_counts {
	int64_t nblk[BRN_NUM_BLOCKS];   /* blocks that hold a nonzero */
	uint64_t mask;                  /* hash of where the nonzeros are */
};

/* Of m, in one pass over it (-0.0 is zero, NaN is not).  */
int brn_blocks_count(const struct brn_matrix *m, struct brn_counts *out,
    burin_error *err);

/* The nonzeros of m by the size of the group that their row is in.  ENOMEM.  */
int brn_count_row_groups(const struct brn_matrix *m,
    struct brn_row_stats *out, burin_error *err);

#endif
