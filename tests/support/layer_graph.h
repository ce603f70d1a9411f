/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers and what stands around them, as the last passes find it.
 */
#ifndef LAYER_GRAPH_H
#define LAYER_GRAPH_H

#include "ir/graph/graph.h"

/* What is done with the result of a layer.  */
enum {
	END_GELU, END_GELU_TANH, END_RELU, END_TANH,
	END_SIGMOID,            /* no layer can do it */
	END_TWO_ACTS,
	END_ACT_USED,           /* by two */
	END_LAYER_USED,
	END_RESIDUAL, END_RESIDUAL_LEFT,
	END_NO_BIAS,            /* and a residual */
	END_ACT_RESIDUAL,
	END_RESIDUAL_ACT,       /* the activation last */
	END_TWO_RESIDUALS,
	END_BOTH,               /* one layer and another */
	END_DOUBLED,            /* a layer and itself */
	END_CHAIN,              /* three layers in one sum */
	END_SPREAD,             /* a residual of fewer dimensions */
};
void layers_end(struct brn_graph *g, int variant);

/* What a value goes through between two layers.  */
enum {
	VIA_UNARY,              /* every function */
	VIA_NORM,
	VIA_NARROW_GAMMA,       /* normalised with a gamma of one element */
	VIA_OTHER_AXIS,         /* normalised over tokens too */
	VIA_NUMBER,             /* 1 - 3 * y */
	VIA_HIGH_NUMBER,        /* times a number of more dimensions */
	VIA_VECTOR,             /* plus a vector */
	VIA_INPUT,              /* times the input of the first layer */
	VIA_SHAPE,              /* nothing, but its shape is asked for */
};
void layers_between(struct brn_graph *g, int variant);

/* Where tiles begin and end.  */
enum {
	EDGE_ENCODER,           /* the second half of an encoder layer */
	EDGE_FORK,              /* a normalisation that is used in rows too */
	EDGE_CHAIN,             /* two normalisations, and a layer */
	EDGE_MIXED,             /* relu(layer * input) */
	EDGE_SUM,               /* two layers */
	EDGE_TWO_OUTPUTS,       /* one value, twice */
	EDGE_RESIDUAL,          /* a layer with a residual */
	EDGE_ATTENTION,         /* of a layer, with a mask */
	EDGE_VECTOR,            /* x has one dimension */
	EDGE_WEIGHT,            /* the weight is an input */
	EDGE_BIAS,              /* the bias is an input */
	EDGE_NO_LAYER,
};
void layers_edge(struct brn_graph *g, int variant);

#endif
