/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of element types with dot width 2 (bf16): the stored columns of a
 * block row, adjacent or not, are taken in pairs.  A pair is a multiply-add of
 * each row.  The column that an odd number of them lacks is the line of zeros
 * after the last column of x (jit/abi.h), with weights of zero.
 */
#ifndef BRN_PAIRS_H
#define BRN_PAIRS_H

#include "jit/spec.h"

/* Pairs of n columns.  */
static inline int64_t
brn_pairs_of(int64_t n)
{
	return (n + 1) / 2;
}

/* Pairs of block row b, and of all block rows before it.  */
int64_t brn_pairs_in_row(const struct brn_spec *s, int32_t b);
int64_t brn_pairs_before(const struct brn_spec *s, int32_t b);

/* Write the columns of all pairs to col: two a pair.  */
void brn_pair_columns(const struct brn_spec *s, int32_t *col);

/* Write vals, the values of the brn_bsr, to out, rounded to bf16:
 * [pair][bh][2].  */
void brn_pack_pairs(const struct brn_spec *s, const float *vals,
    uint16_t *out);

#endif
