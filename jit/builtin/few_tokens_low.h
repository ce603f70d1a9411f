/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens of a layer with low blocks, whose weights are packed as
 * few_weights.h says: the part of the kernel for few tokens that runs when the
 * argument `few` is there.
 */
#ifndef BRN_FEW_TOKENS_LOW_H
#define BRN_FEW_TOKENS_LOW_H

#include "jit/abi.h"
#include "jit/target.h"

/* x_panel is room for the x of BRN_TILE tokens of a panel and of
 * BRN_FEW_MAX_COLS features more, aligned to 64 bytes.  */
typedef void brn_few_tokens_low_fn(const struct brn_kernel_args *a,
    float *x_panel);

#define BRN_FEW_TOKENS_LOW_(isa) brn_few_tokens_low_##isa
#define BRN_FEW_TOKENS_LOW(isa) BRN_FEW_TOKENS_LOW_(isa)

#define TARGET(name, ...) brn_few_tokens_low_fn BRN_FEW_TOKENS_LOW(name);
BRN_TARGETS(TARGET)
#undef TARGET

#endif
