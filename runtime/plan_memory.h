/* SPDX-License-Identifier: Apache-2.0
 *
 * A plan in the making (runtime/planner.c), and what is done when its steps are
 * there: bands and memory.
 */
#ifndef BRN_PLAN_MEMORY_H
#define BRN_PLAN_MEMORY_H

#include "runtime/plan.h"

/* The root of a value is the node whose memory it has:
 * of an alias that of its input, else the node itself.  Arrays have an element
 * a node.  */
struct brn_planner {
	const struct brn_net *m;
	struct brn_plan *p;
	int nthread;
	char *needed;           /* has a step, here or in a later stage, or is
	                           an input */
	char *ready;            /* computed when this stage has run */
	int *root;              /* id of the root */
	int *born;              /* step that computes it; -1: none */
	int *last;              /* last step that reads a root; -1: none */
	int *slot;              /* interval of a root; -1: none */
};

/* Whether the value of n is in that of its first input, or, of a result, lives
 * as long.  */
static inline int
brn_is_alias(const struct brn_node *n)
{
	return brn_ops[n->op].flags & BRN_ALIAS || n->op == BRN_OP_result;
}

/* Find the stretches that run band by band, and change lifetimes.  */
int brn_planner_bands(struct brn_planner *k, burin_error *err);
/* Offsets of all results in one block of memory, and room for steps.  */
int brn_planner_memory(struct brn_planner *k, burin_error *err);
/* Let consecutive layers that read the same x pack it once.  */
void brn_planner_share_x(struct brn_planner *k);

#endif
