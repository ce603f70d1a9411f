/* SPDX-License-Identifier: Apache-2.0
 *
 * What the matching passes share.  A pass asks its questions of the graph as
 * it was when the pass began, notes which value stands for which from now on,
 * and all users are redirected at once at the end.  So a match never sees half
 * a rewrite, and a pass takes time linear in the graph.
 */
#ifndef BRN_REWRITE_H
#define BRN_REWRITE_H

#include "ir/graph/graph.h"

struct brn_rewrite {
	struct brn_graph *g;
	int n;                          /* nodes when it began */
	int *uses;                      /* [n], outputs of the graph included */
	int *asked;                     /* [n] how many of them are by Shape */
	struct brn_node **user;         /* [n] the one node that makes all the
	                                   uses; NULL: none or several */
	struct brn_node **to;           /* [n] NULL: stays */
	int count;
};

/* Fills *r; freed by brn_rewrite_end or brn_rewrite_free.  */
int brn_rewrite_begin(struct brn_rewrite *r, struct brn_graph *g,
    burin_error *err);
/* From now on new stands for old, a node of the graph that r began with.  */
void brn_rewrite_to(struct brn_rewrite *r, struct brn_node *old,
    struct brn_node *new);
/* What stands for n now.  */
struct brn_node *brn_rewrite_now(const struct brn_rewrite *r,
    struct brn_node *n);
/* Redirect all users, sort the graph, add the number of rewrites to *changed.
 * Frees what r holds, also when it fails.  */
int brn_rewrite_end(struct brn_rewrite *r, int *changed, burin_error *err);
void brn_rewrite_free(struct brn_rewrite *r);
/* All of it for a pass that keeps nothing between nodes: begin, visit each node
 * that g had, in its order, end.  */
typedef int brn_visit_fn(struct brn_rewrite *r, struct brn_node *n,
    burin_error *err);
int brn_rewrite_each(struct brn_graph *g, brn_visit_fn *visit, int *changed,
    burin_error *err);

/* The inner nodes of a pattern: all that a fused node makes needless, except
 * the root, which it replaces.  */
#define BRN_MATCH_MAX 24
struct brn_match {
	int n;
	const struct brn_node *node[BRN_MATCH_MAX];
};

/* Add an inner node, once.  0 when there is no room.  */
int brn_match_add(struct brn_match *m, const struct brn_node *n);
/* No inner node is used outside the pattern.  What asks for its shape needs no
 * value: shapes are known before a run.  */
int brn_match_is_closed(const struct brn_match *m,
    const struct brn_rewrite *r, const struct brn_node *root);

/* A transpose that swaps the two axes of a matrix.  */
int brn_is_matrix_transpose(const struct brn_node *n);
/* A constant f32 matrix.  */
int brn_is_const_matrix(const struct brn_node *n);

#endif
