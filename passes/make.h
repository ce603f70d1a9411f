/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes with their types, for passes that write several where there was one.
 * When a node cannot be had, all that are made of it are NULL too, so that only
 * the last one is asked for.
 */
#ifndef BRN_MAKE_H
#define BRN_MAKE_H

#include "ir/graph/graph.h"

struct brn_maker {
	struct brn_graph *g;
	const char *name;               /* of the nodes */
};

/* op(a) or op(a, b); b NULL: only a.  */
struct brn_node *brn_make(struct brn_maker *m, enum brn_op op,
    const struct brn_type *type, struct brn_node *a, struct brn_node *b);
/* x with its axes in that order, x itself when they are.  */
struct brn_node *brn_make_transpose(struct brn_maker *m, struct brn_node *x,
    const int *perm);
/* x as type.  Symbols stand where x has them, but for one; then no other size
 * is 0.  */
struct brn_node *brn_make_reshape(struct brn_maker *m, struct brn_node *x,
    const struct brn_type *type);
struct brn_node *brn_make_scalar(struct brn_maker *m, float v);

#endif
