/* SPDX-License-Identifier: Apache-2.0
 *
 * LayerNorm and GELU as exporters spell them out.
 */
#ifndef FUSE_GRAPH_H
#define FUSE_GRAPH_H

#include "ir/graph/graph.h"

/* Bits: how a LayerNorm is written, or what is odd about it.  */
enum {
	SQUARE_MUL = 1, TWO_SUBS = 2, SWAPPED = 4, LAST_AXIS = 8,
	NO_BETA = 16, RECIPROCAL = 32, INNER_USER = 64, OUTPUT_MEAN = 128,
	FIRST_AXIS = 256, SCALAR_GAMMA = 512, NO_EPSILON = 1024, CUBED = 2048,
	OTHER_X = 4096, NOT_CENTERED = 8192, NOT_DIVIDED = 16384,
};
void layernorm(struct brn_graph *g, int v);
/* x * gain + (beta - mean * gain), as TensorFlow writes it.  */
void distributed(struct brn_graph *g, int v);

enum { EARLY_HALF, LATE_HALF, TF, SUM, SCALED_X, ERF_USED, WRONG_SCALE,
	NO_HALF, RANK, NO_X, NO_ONE };
void gelu_erf(struct brn_graph *g, int v);

enum { POW, MULS, LATE, FACTORED, WRONG_CUBE, NO_CUBE };
void gelu_tanh(struct brn_graph *g, int v);

#endif
