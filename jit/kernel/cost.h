/* SPDX-License-Identifier: Apache-2.0
 *
 * What a layer will cost, from its stored blocks: how often its kernel does
 * what takes time, times what each of these takes on an instruction set
 * (jit/kernel/cost.def, which `make fit-cost` measures).
 */
#ifndef BRN_COST_H
#define BRN_COST_H

#include <stdint.h>

#include "jit/spec.h"

/* Tokens that a layer is judged by.  */
enum { BRN_COST_TOKENS = 128 };

/* What predictions err by: less is no reason to take another kernel than the
 * first that fits.  */
#define BRN_COST_GAIN 1.05

/* TERM(name): what is counted, for one tile of 16 tokens.
 *
 *	fma     vector multiply-adds, and what takes their place
 *	load    vectors from L1; a weight that is broadcast is half of one
 *	line    vectors of x that come from L2
 *	code    bytes of code and pattern
 *	row     vectors of y, started and stored  */
#define BRN_COST_TERMS(TERM) \
	TERM(fma) TERM(load) TERM(line) TERM(code) TERM(row)

enum brn_cost_term {
#define TERM(name) BRN_COST_##name,
	BRN_COST_TERMS(TERM)
#undef TERM
	BRN_NUM_COSTS
};

/* Counts, or nanoseconds for each.  */
struct brn_cost {
	double term[BRN_NUM_COSTS];
};

/* What the kernel of s does; its pattern is not asked for.  */
void brn_cost_count(const struct brn_spec *s, struct brn_cost *out);
/* Nanoseconds.  Multiply-adds, loads and lines go on at the same time, so the
 * longest of them is what counts, more or less.  */
double brn_cost_sum(const struct brn_cost *count, const struct brn_cost *ns);

/* Predicted nanoseconds of one tile of 16 tokens through a layer of rows x
 * cols stored in nblk blocks of bh x bw; *kernel is the one that would run
 * it.  */
double brn_cost(enum brn_isa isa, int64_t rows, int64_t cols, int bh, int bw,
    int64_t nblk, enum brn_kernel_id *kernel);

/* What brn_spec_limit says of that layer.  */
const char *brn_cost_limit(enum brn_isa isa, int64_t rows, int64_t cols,
    int bh, int bw, int64_t nblk);

/* The same of single weights, when rows with the same columns are computed
 * together: kernel t2.  weights [BRN_ALIKE_HEIGHTS] are those of rows in groups
 * of each height (ir/graph/row_groups.h).  HUGE_VAL: t2 does not fit.  */
double brn_cost_alike(enum brn_isa isa, int64_t rows, int64_t cols,
    const int64_t *weights);
/* Kernel t2 for s, if that is predicted to be faster by BRN_COST_GAIN.  */
void brn_cost_prefer(struct brn_spec *s);

#endif
