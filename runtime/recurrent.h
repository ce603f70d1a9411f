/* SPDX-License-Identifier: Apache-2.0
 *
 * RNN, GRU and LSTM: the layer for R once a step, and the cell.
 *
 * The hidden units of a few sequences are in lanes: [group][unit][width], where
 * width is 1 for one sequence, 4 or 8 for up to as many, else a tile of 16.
 * The states stay there from the first step to the last.
 */
#ifndef BRN_RECURRENT_RUN_H
#define BRN_RECURRENT_RUN_H

#include "runtime/layer.h"

/* Floats that a step of the plan needs beside its operands.  */
int64_t brn_recurrent_room(const struct brn_call *c);

/* Run c, which has that room.  ESHAPE: a length is out of range.  */
int brn_recurrent(const struct brn_call *c);

#endif
