/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer that takes over the node behind it: what the passes share that fill
 * in what a layer does while it stores its result.
 */
#ifndef BRN_EXTEND_H
#define BRN_EXTEND_H

#include "passes/rewrite.h"

/* Let a layer like l, which adds residual unless that is NULL, stand for n.
 * NULL: no memory.  */
struct brn_node *brn_extend_layer(struct brn_rewrite *r, struct brn_node *n,
    const struct brn_node *l, struct brn_node *residual);

/* The layer that now makes v, if it is of the kind that is asked for; else
 * NULL.  */
typedef struct brn_node *brn_open_fn(const struct brn_rewrite *r,
    struct brn_node *v);
/* An add of one shape becomes the residual of a layer before it, if one is
 * open to that.  */
int brn_take_residual(struct brn_rewrite *r, struct brn_node *add,
    brn_open_fn *open, burin_error *err);

/* Note at n, an activation or an add, why the layer that makes its input, if
 * layer finds one, has not taken it over.  act_last: such a layer can do an
 * activation after a sum.  */
void brn_extend_explain(const struct brn_rewrite *r, struct brn_node *n,
    brn_open_fn *layer, int act_last);

#endif
