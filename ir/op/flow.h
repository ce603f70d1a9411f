/* SPDX-License-Identifier: Apache-2.0
 *
 * What If, Loop and Scan do around their bodies: the same whether the bodies
 * are run by the refs or by plans.
 */
#ifndef BRN_FLOW_H
#define BRN_FLOW_H

#include "ir/graph/graph.h"

struct brn_list;

struct brn_bodies {
	/* Run body k of the node: in has an element an input of its graph,
	 * out gets one an output.  What out points to lasts until this body
	 * runs again, or as long as in where it is the value of one.  */
	int (*run)(void *ctx, int k, const struct brn_tensor *in,
	    struct brn_tensor *out, burin_error *err);
	void *ctx;
	int64_t *steps;                 /* iterations that are left to all
	                                   loops of a run */
	int64_t bytes;                  /* that the results of one node may
	                                   have */
};

/* Run n, an If, Loop or Scan, with inputs in; *out is a new list of its
 * results.  ESHAPE: types change between iterations or do not fit;
 * EUNSUPPORTED: beyond the limits; and what bodies return.  */
int brn_flow_run(const struct brn_node *n, const struct brn_tensor *const *in,
    const struct brn_bodies *b, struct brn_list **out, burin_error *err);

#endif
