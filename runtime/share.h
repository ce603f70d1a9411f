/* SPDX-License-Identifier: Apache-2.0
 *
 * Outputs in the buffers of inputs: the present of a decoder in that of its
 * past (burin_session_share).
 */
#ifndef BRN_SHARE_H
#define BRN_SHARE_H

#include "ir/graph/graph.h"

struct brn_share {
	int in, out;                    /* indices in g->in and g->out */
	int64_t capacity;               /* tokens of a head */
};

struct brn_shares {
	int n;
	struct brn_share *v;
};

/* Add one, which is good for g.  EUNSUPPORTED: output out is not input in with
 * new tokens behind it, or one of them is used otherwise.  */
int brn_shares_add(struct brn_shares *s, const struct brn_graph *g,
    const struct brn_share *new, burin_error *err);
/* EUNSUPPORTED: not all are good for g, another graph.  */
int brn_shares_check(const struct brn_shares *s, const struct brn_graph *g,
    burin_error *err);
/* That of input or output i; NULL: none.  s may be NULL.  */
const struct brn_share *brn_share_of_input(const struct brn_shares *s, int i);
const struct brn_share *brn_share_of_output(const struct brn_shares *s,
    int i);
/* The capacity of node n of g, if it is a shared input or output; else 0.  */
int64_t brn_share_capacity(const struct brn_shares *s,
    const struct brn_graph *g, const struct brn_node *n);
/* Bytes of a buffer for a value of type t, which has a rank of 4.  */
size_t brn_share_bytes(const struct brn_share *s, const struct brn_type *t);

#endif
