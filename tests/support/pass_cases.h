/* SPDX-License-Identifier: Apache-2.0
 *
 * One small graph for everything that a pass rewrites or must leave alone.
 * tests/check/passes.c puts each through the pass, compares texts and results.
 */
#ifndef PASS_CASES_H
#define PASS_CASES_H

#include "ir/graph/graph.h"

struct pass_case {
	const char *pass, *name;
	void (*build)(struct brn_graph *g, int variant);
	int variant;
	enum brn_op op;         /* so many of this op are left after it */
	int count;
};

extern const struct pass_case pass_cases[];
extern const int npass_cases;

#endif
