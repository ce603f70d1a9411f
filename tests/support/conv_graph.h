/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions and what follows them.
 */
#ifndef CONV_GRAPH_H
#define CONV_GRAPH_H

#include "ir/graph/graph.h"

/* canon_conv */
enum {
	CONV_BARE, CONV_NORM, CONV_NORM_USED, CONV_SCALED, CONV_PLANE_ADDED,
	CONV_GROUPS, CONV_DEPTHWISE, CONV_VOLUME, CONV_FED, CONV_TRANSPOSED,
};
void conv_norm(struct brn_graph *g, int v);

/* fuse_swish: how x * gate(x) is written.  */
enum {
	SWISH_SIGMOID, SWISH_OTHER, SWISH_HARD, SWISH_LATE, SWISH_EARLY,
	SWISH_HARD_SIGMOID, SWISH_GATE_USED, SWISH_TO_SEVEN,
};
void swish(struct brn_graph *g, int v);

/* fuse_epilogue: what a layer is followed by.  */
enum {
	CONV_RELU, CONV_RELU6, CONV_FED_CLIP, CONV_LEAKY, CONV_SWISH,
	CONV_ADD_RELU, CONV_RELU_ADD, CONV_RELU_ADD_RELU, CONV_SELF,
	CONV_TWO_USERS, CONV_ADD_ROW, CONV_PRUNED,
};
void conv_end(struct brn_graph *g, int v);

#endif
