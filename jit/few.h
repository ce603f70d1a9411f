/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens: for tiles of which at most BRN_FEW tokens are wanted there is
 * code that streams each weight once: brn_few_avx512 ..  It is compiled once
 * for each instruction set and takes block shape and pattern from its
 * arguments, as tier 0 does.
 */
#ifndef BRN_FEW_H
#define BRN_FEW_H

#include "jit/jit.h"

/* Low blocks, weight by weight, for few tokens: eight rows abreast, one weight
 * of each a step, so that nothing is asked at the ends of rows.  A group of
 * eight has as many steps as its longest row; rows of like length meet, within
 * windows, because calls are cut anywhere.  What a row has no weight for is -0
 * times a feature past the last, which is +0: that leaves every sum as it
 * is.  */
enum {
	BRN_ONES_ROWS = 3,      /* of a block, at most */
	BRN_ABREAST = 8,
	BRN_WINDOW = 56,
};

struct brn_step {
	float w[BRN_ABREAST];
	uint16_t col[BRN_ABREAST];      /* twice the feature */
};

struct brn_ones {
	int32_t *row;                   /* [groups][BRN_ABREAST]; past the
	                                   last for those there are not */
	int32_t *start;                 /* [groups + 1] of steps */
	struct brn_step *step;
};

#define BRN_FEW_(isa) brn_few_##isa
#define BRN_FEW_OF(isa) BRN_FEW_(isa)

#define TARGET(name, lanes, nreg, flags) brn_kernel_fn BRN_FEW_OF(name);
BRN_TARGETS(TARGET)
#undef TARGET

#endif
