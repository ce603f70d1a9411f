/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens: for tiles of which at most BRN_FEW tokens are wanted there is
 * code that streams each weight once: brn_few_avx512 ..  It is compiled once
 * for each instruction set and takes block shape and pattern from its
 * arguments, as tier 0 does.
 */
#ifndef BRN_FEW_H
#define BRN_FEW_H

#include "jit/get/jit.h"

/* Low blocks for few tokens: eight rows abreast, some columns of each a step,
 * so that nothing is asked at the ends of rows.  Columns are one, or four where
 * blocks have a multiple of four.  A group of eight has as many steps as its
 * longest row; rows of like length meet, within windows, because calls are cut
 * anywhere.  What a row has no weight for is -0 times features past the last,
 * which are +0: that leaves every sum as it is.  All rows go through a panel of
 * features, which fits the first cache, before the next.  */
enum {
	BRN_ONES_ROWS = 3,      /* of a block, at most */
	BRN_ABREAST = 8,
	BRN_WINDOW = 56,
	BRN_ONES_COLS = 4,      /* of a step, at most */
	BRN_PANEL = 2048,       /* features, at most */
};

/* A step has a weight of each row for each column, and for each row twice the
 * feature within the panel, 16 bits: so many floats.  */
#define BRN_STEP(cols) ((cols) * BRN_ABREAST + BRN_ABREAST / 2)

struct brn_ones {
	int32_t cols;                   /* of a step */
	int32_t panel, npanel;          /* features; the last may have fewer */
	int32_t *row;                   /* [npanel][groups][BRN_ABREAST]; past
	                                   the last for those there are not */
	int32_t *start;                 /* [npanel][groups] and 1, of steps */
	float *step;
};

#define BRN_FEW_(isa) brn_few_##isa
#define BRN_FEW_OF(isa) BRN_FEW_(isa)

#define TARGET(name, lanes, nreg, flags) brn_kernel_fn BRN_FEW_OF(name);
BRN_TARGETS(TARGET)
#undef TARGET

/* The same where there are brn_ones; room is for four tokens of a panel and
 * BRN_ONES_COLS features more, aligned to 64.  */
typedef void brn_few_low_fn(const struct brn_kernel_args *a, float *room);
#define BRN_FEW_LOW_(isa) brn_few_low_##isa
#define BRN_FEW_LOW_OF(isa) BRN_FEW_LOW_(isa)

#define TARGET(name, lanes, nreg, flags) brn_few_low_fn BRN_FEW_LOW_OF(name);
BRN_TARGETS(TARGET)
#undef TARGET

#endif
