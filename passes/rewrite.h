/* SPDX-License-Identifier: Apache-2.0
 *
 * Rewrites.  A pass matches patterns in the graph as it was when the pass
 * began, and records which node replaces which.  All users are redirected
 * together at the end.  So a match never sees half a rewrite, and a pass takes
 * time linear in the size of the graph.
 */
#ifndef BRN_REWRITE_H
#define BRN_REWRITE_H

#include "ir/graph/graph.h"

struct brn_rewrite {
	struct brn_graph *g;
	int n;                          /* nodes of g when it began */
	int *uses;                      /* [n], outputs of the graph included */
	int *shape_uses;                /* [n] those of them by Shape */
	struct brn_node **user;         /* [n] the only user; NULL: none or
	                                   several */
	struct brn_node **to;           /* [n] the replacement; NULL: none */
	struct brn_node **memo;         /* [2 * n] NULL: for nodes that a pass
	                                   made from others, by their ids */
	int count;                      /* replacements */
};

/* Fills *r; freed by brn_rewrite_end or brn_rewrite_free.  */
int brn_rewrite_begin(struct brn_rewrite *r, struct brn_graph *g,
    burin_error *err);
/* Record that new replaces old, which is one of the first n nodes.  */
void brn_rewrite_to(struct brn_rewrite *r, struct brn_node *old,
    struct brn_node *new);
/* The same for a new node that was made for it: it gets the type of old.
 * ENOMEM when new is NULL.  */
int brn_rewrite_as(struct brn_rewrite *r, struct brn_node *old,
    struct brn_node *new, burin_error *err);
/* The node that n is replaced by so far, n itself where it is not.  */
struct brn_node *brn_rewrite_now(const struct brn_rewrite *r,
    struct brn_node *n);
/* Redirect all users, sort the graph, add the number of rewrites to *changed.
 * Frees what r holds, also when it fails.  */
int brn_rewrite_end(struct brn_rewrite *r, int *changed, burin_error *err);
void brn_rewrite_free(struct brn_rewrite *r);
/* Begin, visit each node of g in order, end: for a pass that keeps nothing from
 * node to node.  */
typedef int brn_visit_fn(struct brn_rewrite *r, struct brn_node *n,
    burin_error *err);
int brn_rewrite_each(struct brn_graph *g, brn_visit_fn *visit, int *changed,
    burin_error *err);

/* The inner nodes of a pattern: all of its nodes but the root, which the fused
 * node replaces.  */
#define BRN_MATCH_MAX 32
struct brn_match {
	int n;
	const struct brn_node *node[BRN_MATCH_MAX];
};

/* Add an inner node unless it is there already.  0: no room.  */
int brn_match_add(struct brn_match *m, const struct brn_node *n);
/* Is no inner node used outside the pattern?  A Shape does not count: it needs
 * no value, shapes are known before a run.  */
int brn_match_is_closed(const struct brn_match *m,
    const struct brn_rewrite *r, const struct brn_node *root);

/* Does n swap the two axes of a matrix?  */
int brn_is_matrix_transpose(const struct brn_node *n);
/* Is n a constant f32 matrix?  */
int brn_is_const_matrix(const struct brn_node *n);

#endif
