/* SPDX-License-Identifier: Apache-2.0
 *
 * The layer as tier 2 sees it: block rows with the same columns are one higher
 * block row, a group.  Groups of one height after the other are the block rows
 * of a pattern of their own; their values are packed in that order.  What the
 * emitter writes code for and what values are packed by is asked for here.
 */
#ifndef BRN_T2_H
#define BRN_T2_H

#include "ir/graph/row_groups.h"
#include "jit/spec.h"

struct brn_t2 {
	struct brn_alike alike;         /* groups of block rows */
	int32_t ngroup, nblk;           /* groups, and blocks of theirs */
	int32_t *rowptr, *colidx;       /* of groups */
	/* Of each height: the first group, and where its values are in the
	 * stream, in floats; then the end.  */
	int32_t first[BRN_ALIKE_HEIGHTS + 1];
	int64_t at[BRN_ALIKE_HEIGHTS + 1];
};

/* Groups of s, whose pattern is not full.  ENOMEM; EUNSUPPORTED when hashes of
 * different rows are the same.  */
int brn_t2_make(const struct brn_spec *s, struct brn_t2 *out,
    burin_error *err);
void brn_t2_clear(struct brn_t2 *t);

/* Weights that block rows in groups of each height have.  */
void brn_t2_weights(const struct brn_t2 *t,
    int64_t out[BRN_ALIKE_HEIGHTS]);
/* Whether rows that are alike have a good part of them: else it is tier 1 with
 * detours.  */
int brn_t2_pays(const int64_t weights[BRN_ALIKE_HEIGHTS]);

/* vals of brn_bsr in the order of t.  */
void brn_t2_pack(const struct brn_spec *s, const struct brn_t2 *t,
    const float *vals, float *out);

#endif
