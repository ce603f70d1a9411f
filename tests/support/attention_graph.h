/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention in the ways in which exporters write it: the sum of a variant of
 * each group.
 */
#ifndef ATTENTION_GRAPH_H
#define ATTENTION_GRAPH_H

#include "ir/graph/graph.h"

enum {
	/* The scale: none, or where it stands.  */
	SCALE_MUL = 1, SCALE_DIV = 2, SCALE_Q = 3, SCALE_EARLY = 4,
	SCALE_BOTH = 5, SCALE_TENSOR = 6, SCALE_SHAPE = 7,
	SCALES = 7,
	/* K: one permutation, two, or two by way of three dimensions, with
	 * sizes that Gather or Slice takes from a shape.  */
	K_TWICE = 8, K_FLAT = 16, K_SLICED = 24, K_WRONG = 32, K_MIXED = 40,
	KS = 7 * 8,
	/* The mask: none, or what it is.  */
	MASK_ADD = 64, MASK_LEFT = 128, MASK_KEEP = 192, MASK_FILL = 256,
	MASK_EXPANDED = 320, MASK_LOOSE = 384, MASK_LARGE = 448,
	MASK_INF = 512, MASK_ALL = 576,
	MASKS = 15 * 64,
	/* What is odd about it.  */
	NAN_TO_ZERO = 1024, SCORES_USED = 2048, ONE_KEY_HEAD = 3072,
	OTHER_AXIS = 4096, OTHER_KEYS = 5120, SHAPE_USED = 6144,
	ODDITIES = 7 * 1024,
};

void attention_graph(struct brn_graph *g, int variant);
/* Two with one Where for a mask.  */
void attention_shared_mask(struct brn_graph *g, int variant);

#endif
