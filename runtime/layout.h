/* SPDX-License-Identifier: Apache-2.0
 *
 * The tile layout: [tile][feature][16 tokens].  x[k] of a tile is one line of
 * 64 bytes, so a kernel's lanes are tokens (jit/abi.h).
 */
#ifndef BRN_LAYOUT_H
#define BRN_LAYOUT_H

#include <stdint.h>

#include "jit/target.h"

/* Row-major x [tokens][cols] into tiles tile0 to tile1 of t [tile][colsp][16];
 * features from cols to colsp and tokens beyond the last become zero.  */
typedef void brn_to_tiles_fn(const float *x, int64_t tokens, int64_t cols,
    int64_t colsp, float *t, int64_t tile0, int64_t tile1);
/* The other way: tiles of t [tile][rowsp][16] into y [tokens][rows].  */
typedef void brn_from_tiles_fn(const float *t, int64_t rowsp, float *y,
    int64_t tokens, int64_t rows, int64_t tile0, int64_t tile1);

#endif
