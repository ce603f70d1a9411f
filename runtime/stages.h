/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a plan and the stages after it.
 */
#ifndef BRN_STAGES_H
#define BRN_STAGES_H

#include "runtime/plan.h"

/* Run p, the first stage, and what follows; val[] of the graph's inputs in p
 * must point to the caller's data.  */
int brn_stages_run(struct brn_plan *p, struct brn_run *r, burin_error *err);
/* The last stage of the last run of p, whose val[] has all outputs.  */
struct brn_plan *brn_stages_last(struct brn_plan *p);
/* Let the times of all steps of p and after it start from zero.  */
void brn_stages_profile(struct brn_plan *p);

#endif
