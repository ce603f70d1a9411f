/* SPDX-License-Identifier: Apache-2.0
 *
 * Which elements of a matrix are not zero (-0.0 is zero, NaN is not): a bit for
 * each, in lines of words as the matrix is stored, row by row or column by
 * column, the first element in the lowest bit.
 */
#ifndef BRN_MATRIX_BITS_H
#define BRN_MATRIX_BITS_H

#include "ir/graph/bsr.h"

/* The bits of m, from its own if it has them; free() frees them.  NULL: no
 * memory.  */
uint64_t *brn_matrix_bits(const struct brn_matrix *m);
/* Of one line of n elements.  */
void brn_matrix_line_bits(const struct brn_matrix *m, int64_t line, int64_t n,
    uint64_t *bits);

#endif
