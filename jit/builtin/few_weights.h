/* SPDX-License-Identifier: Apache-2.0
 *
 * The weights of a layer with low blocks, packed for few tokens.
 *
 * Eight rows are interleaved, a row group.  A step of a group holds a piece of
 * each row: one column of a block, or four adjacent ones where block widths are
 * multiples of four.  So the kernel runs through steps and never tests for the
 * end of a row.  A group has as many steps as its longest row has pieces;
 * within windows of rows those of similar length are put together, and the
 * places of a shorter row are filled with weights of -0 for a feature past the
 * last, whose x is +0: the product leaves every sum as it is.
 *
 * Features are cut into panels, whose x fits L1.  All groups go through a panel
 * before the next panel; a panel has its own order of rows.
 */
#ifndef BRN_FEW_WEIGHTS_H
#define BRN_FEW_WEIGHTS_H

#include "jit/spec.h"

enum {
	BRN_FEW_MAX_BH = 3,     /* higher blocks are not packed */
	BRN_FEW_ROWS = 8,       /* a group */
	BRN_FEW_WINDOW = 56,    /* rows that may change places: calls are cut at
	                           any block row, and redo the windows that they
	                           share */
	BRN_FEW_MAX_COLS = 4,   /* columns of a piece, at most */
	BRN_FEW_PANEL = 2048,   /* features of a panel, at most */
};

/* Floats of a step: by column, the weights of all rows; then by row, twice the
 * feature within the panel, in 16 bits.  */
#define BRN_FEW_STEP(cols) ((cols) * BRN_FEW_ROWS + BRN_FEW_ROWS / 2)

struct brn_few_weights {
	int32_t cols;                   /* of a piece: 1 or 4 */
	int32_t panel, npanel;          /* features a panel; the last may have
	                                   fewer */
	int32_t *row;                   /* [npanel][groups][BRN_FEW_ROWS]; the
	                                   number of rows where there is none */
	int32_t *start;                 /* [npanel][groups] and the end: the
	                                   first step of each group */
	float *step;                    /* [steps][BRN_FEW_STEP(cols)] */
};

/* Pack vals, the values of the brn_bsr that s describes, for the argument
 * `few`.  *out is NULL when the kernel for few tokens reads vals: blocks are
 * higher, all are stored, or there are too few.  ENOMEM.  */
int brn_few_weights_pack(const struct brn_spec *s, const float *vals,
    struct brn_few_weights **out, burin_error *err);
/* Tiles of a call up to which the kernel for few tokens, with these weights, is
 * faster than the kernel of s, which takes more code or more latency.  */
int brn_few_weights_tiles(const struct brn_spec *s);
void brn_few_weights_free(struct brn_few_weights *f);   /* NULL is fine */

#endif
