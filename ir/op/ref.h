/* SPDX-License-Identifier: Apache-2.0
 *
 * The refs: what every op means, slow and obvious.  Tests compare with them,
 * and they run where there is no faster form.
 */
#ifndef BRN_REF_H
#define BRN_REF_H

#include "ir/graph/graph.h"

/* Compute n from in[n->nin] (NULL: absent) into out, whose data has room.
 * Types are those that brn_infer gave, without symbols; out may not share
 * memory with in[].  ESHAPE: data are out of range (a Gather index);
 * EUNSUPPORTED: a leaf, or unsupported; ENOMEM.  */
typedef int brn_ref_fn(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    burin_error *err);

extern brn_ref_fn *const brn_ref[BRN_NUM_OPS];

/* Run the whole graph with the refs: in[i] is graph input i, out[i] is filled
 * for graph output i, its data in the arena; a list is for the caller to drop.
 * For bodies, tests and checks.  */
int brn_ref_graph(struct brn_graph *g, const struct brn_tensor *in,
    struct brn_tensor *out, struct brn_arena *arena, burin_error *err);

#endif
