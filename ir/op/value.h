/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that inference of one graph finds, node by node: for infer.c, value.c
 * and symbolic.c.
 */
#ifndef BRN_VALUE_H
#define BRN_VALUE_H

#include "ir/op/op.h"

/* Store the value of c->n in c->s if its inputs have values and it is cheap to
 * compute.  No value is no error.  */
int brn_infer_value(struct brn_infer *c);

/* Room for a value of this type, in the arena of c->s.  NULL: no memory.  */
struct brn_tensor *brn_value_new(struct brn_infer *c,
    const struct brn_type *type);
/* Fill out with the ref of c->n; its inputs have values.  */
int brn_value_compute(struct brn_infer *c, struct brn_tensor *out);

/* Whether an element of t looks like a symbol (ir/graph/tensor.h).  */
int brn_value_looks_symbolic(const struct brn_tensor *t);
/* The value of c->n where inputs hold symbols (ir/op/symbolic.c).  *out stays
 * NULL when it cannot be found.  */
int brn_value_symbolic(struct brn_infer *c, const struct brn_type *type,
    struct brn_tensor **out);

#endif
