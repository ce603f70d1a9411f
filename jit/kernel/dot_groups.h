/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of element types with a dot width D above 1: the stored columns of a
 * block row, adjacent or not, are taken in groups of D.  A group is a
 * multiply-add of each row.  The last group of a block row may lack columns:
 * they have weights of zero.  In bf16 their x is the line of zeros after the
 * last column of x (jit/abi.h), since x may be infinite elsewhere.
 */
#ifndef BRN_DOT_GROUPS_H
#define BRN_DOT_GROUPS_H

#include "jit/spec.h"

/* Groups of n columns.  */
static inline int64_t
brn_dot_groups_of(enum brn_elem e, int64_t n)
{
	return (n + brn_elems[e].dot - 1) / brn_elems[e].dot;
}

/* Are the columns of every group adjacent, and the first one a multiple of D?
 * Then x of i8 has the four columns of a group side by side (jit/abi.h).  */
int brn_dot_groups_aligned(const struct brn_spec *s);

/* Groups of block row b, and of all block rows before it.  */
int64_t brn_dot_groups_in_row(const struct brn_spec *s, int32_t b);
int64_t brn_dot_groups_before(const struct brn_spec *s, int32_t b);

/* Write the columns of all groups to col: D a group.  */
void brn_dot_group_columns(const struct brn_spec *s, int32_t *col);

/* Write vals, the values of the brn_bsr, to out: [group][bh][D], in bf16
 * rounded to nearest, in i8 divided by the scale of their row (NULL: 1) and
 * rounded.  */
void brn_pack_dot_groups(const struct brn_spec *s, const float *vals,
    const float *scale, void *out);
/* The same in i8 from the integers of the brn_bsr.  */
void brn_pack_dot_ints(const struct brn_spec *s, const int8_t *ints,
    int8_t *out);

#endif
