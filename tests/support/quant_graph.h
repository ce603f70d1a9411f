/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers of dynamically quantized models.
 */
#ifndef QUANT_GRAPH_H
#define QUANT_GRAPH_H

#include "ir/graph/graph.h"

enum {
	INTS_BOTH_SCALES,       /* of a run, and one a row of the weight */
	INTS_ONE_BY_ONE,        /* the same, multiplied one after the other */
	INTS_NO_SCALE,
	INTS_NO_ZERO,
	INTS_ZERO_FOLDED,       /* the zero point is an i32 constant */
	INTS_TWO_LAYERS,        /* of the same integers */
	INTS_USED,              /* the product without its scale, too */
	INTS_WIDE,              /* not from bytes: stays */
	INTS_NOT_CONSTANT,      /* two sides of a run: stays */
};
void quant_layers(struct brn_graph *g, int variant);

#endif
