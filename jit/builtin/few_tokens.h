/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel for few tokens: it takes the place of any kernel for tiles of
 * which 1 to BRN_FEW_TOKENS tokens are wanted (the argument `tokens`), or for
 * up to BRN_PACKED_TOKENS packed tokens (the argument `stride`), and streams
 * each weight once for all of them.  With packed weights (`few`) it also
 * computes whole tiles, if `tokens` is 0 or larger and `stride` 0.  It takes
 * block shape and pattern from its arguments, as tier 0 does, and gives the
 * same bits as every other kernel.  Compiled once for each instruction set:
 * brn_few_tokens_avx512 and so on.
 */
#ifndef BRN_FEW_TOKENS_H
#define BRN_FEW_TOKENS_H

#include "jit/abi.h"
#include "jit/target.h"

brn_kernel_fn *brn_few_tokens(enum brn_isa isa);
/* The same for weights that are in L2, which it does not prefetch: that would
 * take L2 as long as reading them.  */
brn_kernel_fn *brn_few_tokens_in_l2(enum brn_isa isa);

enum { BRN_PACKED_TOKENS = 8 };

/* ---- private to jit/builtin ------------------------------------------- */

#define BRN_FEW_TOKENS_OF_(isa) brn_few_tokens_##isa
#define BRN_FEW_TOKENS_OF(isa) BRN_FEW_TOKENS_OF_(isa)

#define BRN_FEW_TOKENS_IN_L2_(isa) brn_few_tokens_in_l2_##isa
#define BRN_FEW_TOKENS_IN_L2(isa) BRN_FEW_TOKENS_IN_L2_(isa)

#define TARGET(name, ...) \
	brn_kernel_fn BRN_FEW_TOKENS_OF(name), BRN_FEW_TOKENS_IN_L2(name);
BRN_TARGETS(TARGET)
#undef TARGET

#endif
