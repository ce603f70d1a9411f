/* SPDX-License-Identifier: Apache-2.0
 *
 * Rates and the sum.  Another machine with the same instruction set takes about
 * the same factor longer for every term, which changes no comparison.
 */
#include "jit/kernel/cost.h"

#include <math.h>

/* The overlapping terms add up as a norm of this order: the longest, and a
 * little more when two are about equal.  */
static const double overlap = 4;

static const struct brn_cost rates[BRN_NUM_ISAS] = {
#define COST(isa, ...) [BRN_ISA_##isa] = { { __VA_ARGS__ } },
#include "jit/kernel/cost.def"
};

const struct brn_cost *
brn_cost_rates(enum brn_isa isa)
{
	return &rates[isa];
}

double
brn_cost_sum(const struct brn_cost *count, const struct brn_cost *ns)
{
	double longest = 0, t = 0;

	for (int i = 0; i < BRN_NUM_COSTS; i++) {
		double x = count->term[i] * ns->term[i];

		if (i <= BRN_COST_line)
			longest += pow(x, overlap);
		else
			t += x;
	}
	return pow(longest, 1 / overlap) + t;
}
