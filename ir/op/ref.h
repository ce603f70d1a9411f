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

/* The same, and fn sees the value of every node once it is there, those of
 * inputs and constants too, but not what bodies compute.  It may change the
 * elements of computed ones, and point *t to other data of the same type.  */
struct brn_ref_watch {
	void (*fn)(const struct brn_node *n, struct brn_tensor *t, void *ctx);
	void *ctx;
};
int brn_ref_graph_watched(struct brn_graph *g, const struct brn_tensor *in,
    struct brn_tensor *out, struct brn_arena *arena,
    const struct brn_ref_watch *watch, burin_error *err);

#endif
