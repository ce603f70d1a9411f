/* SPDX-License-Identifier: Apache-2.0
 *
 * Adds typed nodes, for passes that replace one node by several.  A function
 * whose input is NULL returns NULL, so that a caller checks only the last node
 * of an expression.  NULL: no memory.
 */
#ifndef BRN_BUILDER_H
#define BRN_BUILDER_H

#include "ir/graph/graph.h"

struct brn_builder {
	struct brn_graph *g;
	const char *name;               /* of all nodes that are added */
};

/* op(a, b), or op(a) where b is NULL.  */
struct brn_node *brn_build(struct brn_builder *m, enum brn_op op,
    const struct brn_type *type, struct brn_node *a, struct brn_node *b);
/* Axis d of the result is axis perm[d] of x.  x itself where perm changes
 * nothing.  */
struct brn_node *brn_build_transpose(struct brn_builder *m, struct brn_node *x,
    const int *perm);
/* x with the dimensions of type.  A symbol of type is the same dimension of x;
 * one may be elsewhere, and then no size is 0.  */
struct brn_node *brn_build_reshape(struct brn_builder *m, struct brn_node *x,
    const struct brn_type *type);
struct brn_node *brn_build_scalar(struct brn_builder *m, float v);

#endif
