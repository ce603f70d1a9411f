/* SPDX-License-Identifier: Apache-2.0
 *
 * A step of a recurrent cell, after R h is computed: the gates, their
 * activations and the new state, in one pass over the hidden units.
 */
#ifndef BRN_CELL_H
#define BRN_CELL_H

#include "ir/op/recurrent.h"

/* Arrays of n floats a gate or a state: a float for each hidden unit and
 * sequence.  x and z are the arrays of all gates, one after the other, p is
 * that of i, o and f.  */
struct brn_cell_step {
	const struct brn_cell *cell;
	int64_t n;
	const float *x;                 /* x W^T + bias */
	float *z;                       /* R h + bias; changed */
	const float *p;                 /* peepholes, or NULL */
	const float *h, *c;             /* state before */
	float *h_new, *c_new;           /* after; c and c_new of an LSTM only */
};

/* reset: h_new = r * h of a GRU that multiplies R by it (cell->reset_first);
 * then z has R h of the first two gates, which become z and r.  step: the new
 * state.  */
typedef void brn_cell_step_fn(const struct brn_cell_step *s);

#endif
