/* SPDX-License-Identifier: Apache-2.0
 *
 * Outputs as the caller asks for them: by name, written to a buffer of his or
 * lent from the memory of the plan.  The contract is that of burin_run.
 */
#ifndef BRN_OUTPUTS_H
#define BRN_OUTPUTS_H

#include "runtime/plan.h"

/* The index of the value of that name, -1: none.  It is looked for at hint
 * first: callers tend to keep the order of the model.  name may be NULL.  */
int brn_value_find(const struct brn_value *v, int n, size_t hint,
    const char *name);

/* EINVAL unless the graph has all that are asked for, or if one that is shared
 * has a buffer.  */
int brn_outputs_check(const struct brn_graph *g, const struct brn_shares *s,
    const burin_output *out, size_t n, burin_error *err);
/* Set dtype, rank, dims and nbytes to what p makes, data to NULL.  A shape that
 * a later stage decides has dims of -1, or rank -1, and nbytes 0.  */
void brn_outputs_describe(const struct brn_plan *p, burin_output *out,
    size_t n);
/* Whether the buffers of described outputs are large enough (EROOM) and apart
 * from each other (EINVAL).  */
int brn_outputs_fit(const burin_output *out, size_t n, burin_error *err);
/* Before a run of p, whose inputs are set: let what computes an output write it
 * to its buffer, if that is aligned as memory of a plan is, is apart from all
 * inputs, and only one of the n outputs is this value.  Others are copied.  */
void brn_outputs_place(struct brn_plan *p, const burin_output *out, size_t n);
/* After a run of p: copy or lend what is not in its buffer, and set data.
 * ENOMEM.  */
int brn_outputs_give(struct brn_plan *p, burin_output *out, size_t n,
    burin_error *err);
/* After a run of p, also a failed one: end what brn_outputs_place did.  */
void brn_outputs_replace(struct brn_plan *p);

#endif
