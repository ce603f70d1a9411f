/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of an If, Loop or Scan, for flow.c and loop.c.
 */
#ifndef BRN_FLOW_RUN_H
#define BRN_FLOW_RUN_H

#include "ir/graph/list.h"
#include "ir/op/flow.h"

struct brn_flow {
	const struct brn_node *n;
	const struct brn_tensor *const *in;     /* of the node */
	const struct brn_bodies *b;
	struct brn_tensor *from, *to;   /* inputs and outputs of a body */
	struct brn_list *list;          /* results */
	int64_t bytes;                  /* in buffers */
	burin_error *err;
};

/* The type of output k of a body, as it was inferred with its passes.  */
const struct brn_type *brn_body_type(const struct brn_node *n, int body,
    int k);
/* How many of the results are values that go from step to step.  */
int brn_num_carried(const struct brn_node *n);

/* Add i, which may be NULL for no memory, to the results.  */
int brn_flow_add(struct brn_flow *f, struct brn_item *i);
/* Give body k what it reads of the graph around it.  */
void brn_flow_bind(struct brn_flow *f, int k);
int brn_flow_body(struct brn_flow *f, int k);
/* The element of a condition; ESHAPE: it is no condition.  */
int brn_flow_truth(struct brn_flow *f, const struct brn_tensor *t,
    const char *what);

int brn_flow_loop(struct brn_flow *f);
int brn_flow_scan(struct brn_flow *f);

#endif
