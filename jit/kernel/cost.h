/* SPDX-License-Identifier: Apache-2.0
 *
 * The cost model: how often a kernel does each of the operations that take
 * time, for one tile of 16 tokens, times the nanoseconds that the operation
 * takes on an instruction set (cost.def, written by `make fit-cost`).  Each
 * kernel counts its own operations (kernel.h).
 */
#ifndef BRN_COST_H
#define BRN_COST_H

#include "jit/target.h"

/* Tokens of the call that a prediction is for.  */
enum { BRN_COST_TOKENS = 128 };

/* Error of a prediction: a kernel must be predicted to be faster by this factor
 * to replace the first one that fits.  */
#define BRN_COST_GAIN 1.05

/* TERM(name): the operations that are counted.
 *
 *	fma     vector multiply-adds, and shuffles that take their place
 *	load    vectors loaded from L1; a broadcast weight counts half
 *	line    vectors of x loaded from L2
 *	code    bytes of code and of pattern
 *	row     vectors of y, initialized and stored  */
#define BRN_COST_TERMS(TERM) \
	TERM(fma) TERM(load) TERM(line) TERM(code) TERM(row)

enum brn_cost_term {
#define TERM(name) BRN_COST_##name,
	BRN_COST_TERMS(TERM)
#undef TERM
	BRN_NUM_COSTS
};

/* Counts, or nanoseconds for one of each.  */
struct brn_cost {
	double term[BRN_NUM_COSTS];
};

/* Nanoseconds of isa, as fitted.  */
const struct brn_cost *brn_cost_rates(enum brn_isa isa);

/* Nanoseconds that `count` operations take at ns each.  FMAs, loads and
 * lines overlap: the longest of the three dominates; code and row add.  */
double brn_cost_sum(const struct brn_cost *count, const struct brn_cost *ns);

#endif
