/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention in the ways in which exporters write it: the sum of a variant of
 * each group.
 */
#ifndef ATTENTION_GRAPH_H
#define ATTENTION_GRAPH_H

#include "ir/graph.h"

enum {
	/* The scale: none, or where it stands.  */
	SCALE_MUL = 1, SCALE_DIV = 2, SCALE_Q = 3, SCALE_EARLY = 4,
	SCALE_BOTH = 5, SCALE_TENSOR = 6, SCALE_SHAPE = 7,
	SCALES = 7,
	/* K: one permutation, two, or two by way of three dimensions.  */
	K_TWICE = 8, K_FLAT = 16, K_WRONG = 24,
	KS = 24,
	/* The mask: none, or what it is.  */
	MASK_ADD = 32, MASK_LEFT = 64, MASK_KEEP = 96, MASK_FILL = 128,
	MASK_EXPANDED = 160, MASK_LOOSE = 192, MASK_LARGE = 224,
	MASK_INF = 256, MASK_ALL = 288,
	MASKS = 15 * 32,
	/* What is odd about it.  */
	NAN_TO_ZERO = 512, SCORES_USED = 1024, ONE_KEY_HEAD = 1536,
	OTHER_AXIS = 2048, OTHER_KEYS = 2560, SHAPE_USED = 3072,
	ODDITIES = 7 * 512,
};

void attention_graph(struct brn_graph *g, int variant);
/* Two with one Where for a mask.  */
void attention_shared_mask(struct brn_graph *g, int variant);

#endif
