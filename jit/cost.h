/* SPDX-License-Identifier: Apache-2.0
 *
 * What a layer will cost, from its stored blocks: measured rates of the
 * kernels by block shape, instruction set by instruction set.
 */
#ifndef BRN_COST_H
#define BRN_COST_H

#include <stdint.h>

#include "jit/target.h"

/* Predicted nanoseconds of one tile of 16 tokens through a layer of rows x
 * cols stored in nblk blocks of bh x bw.  */
double brn_cost(enum brn_isa isa, int64_t rows, int64_t cols, int bh, int bw,
    int64_t nblk);

#endif
