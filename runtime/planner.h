/* SPDX-License-Identifier: Apache-2.0
 *
 * Making plans.
 */
#ifndef BRN_PLANNER_H
#define BRN_PLANNER_H

#include "runtime/plan.h"

struct brn_plan_opts {
	enum brn_plan_how how;
	int nthread;
	struct brn_memory *account;     /* NULL: no limit */
	const struct brn_shares *shares;        /* NULL: none; borrowed */
};

/* For runs with inputs like in.  ESHAPE, EUNSUPPORTED (not in stages, and a
 * shape depends on data), ENOMEM, also where the account does not have
 * the memory.  */
int brn_plan_new(struct brn_net *m, const struct brn_tensor *in,
    const struct brn_plan_opts *o, struct brn_plan **out, burin_error *err);
/* The stage that follows p when its open nodes have the types of given; takes
 * given, which p->shapes does not own.  */
int brn_plan_stage(struct brn_plan *p, struct brn_type *given,
    struct brn_plan **out, burin_error *err);

#endif
