/* SPDX-License-Identifier: Apache-2.0
 *
 * What the passes that fuse attention share: splitting into heads, factors, and
 * masks.
 */
#ifndef BRN_HEADS_H
#define BRN_HEADS_H

#include "passes/rewrite.h"

/* A value that is added to scores, or the bool of a Where, which has the scores
 * where it equals keep and fill elsewhere.  */
struct brn_score_mask {
	struct brn_node *node;          /* NULL: none */
	int is_where, keep;
	double fill;
};

/* The permutation, if n is a transpose of that rank.  0: it is not.  */
int brn_get_perm(const struct brn_node *n, int rank, int perm[4]);
/* Is n a transpose by that permutation of four axes?  */
int brn_is_transpose(const struct brn_node *n, const int perm[4]);
/* x, if n is x * c or x / c for a constant c, which goes into *scale; else
 * NULL.  */
struct brn_node *brn_unscaled(struct brn_node *n, double *scale);
/* Are these [B, S, heads * size] and [B, S, heads, size]?  If one of B and S is
 * the same, so is the other, even where sizes are not known.  */
int brn_is_split(const struct brn_type *whole, const struct brn_type *parts);
/* Does a mask of type m broadcast to the scores, and not they to it?  Sizes
 * that are not known yet count as the same: a run checks them.  */
int brn_mask_fits(const struct brn_type *m, const struct brn_type *scores);
/* Fill *m with what n, an Add or a Where, does to the scores, its input at.
 * 0: its fill is no constant that is as good as -inf.  */
int brn_mask_read(const struct brn_node *n, int at, struct brn_score_mask *m);
/* *out is m as a value to add to scores, one node for all masks that are the
 * same.  memo is by the id of m->node.  ENOMEM.  */
int brn_mask_put(struct brn_graph *g, const struct brn_score_mask *m,
    struct brn_node **memo, struct brn_node **out, burin_error *err);

#endif
