/* SPDX-License-Identifier: Apache-2.0
 *
 * Small graphs of layers with 8 features.
 */
#include "tests/support/layer_graph.h"

#include "tests/support/build.h"

static struct brn_node *
layer(struct brn_graph *g, struct brn_node *x, int rows, int cols)
{
	return OP(g, dense, x, weight(g, "w", rows, cols, (uint64_t)g->nnode),
	    vector(g, "b", rows, 1, (uint64_t)rows));
}

static struct brn_node *
norm(struct brn_graph *g, struct brn_node *x, int ngamma)
{
	return OP(g, layer_norm, x, vector(g, "gamma", ngamma, 1, 7),
	    vector(g, "beta", 8, 1, 8));
}

static struct brn_node *
end_with_act(struct brn_graph *g, struct brn_node *y, int variant)
{
	switch (variant) {
	case END_GELU:
		return OP(g, gelu, y);
	case END_GELU_TANH:
		return set_int(g, OP(g, gelu, y), "tanh", 1);
	case END_RELU:
		return OP(g, relu, y);
	case END_TANH:
		return OP(g, tanh, y);
	case END_SIGMOID:
		return OP(g, sigmoid, y);
	case END_TWO_ACTS:
		return OP(g, tanh, OP(g, relu, y));
	case END_ACT_USED:
		y = OP(g, relu, y);
		output(g, "z", y);
		return OP(g, tanh, y);
	case END_LAYER_USED:
		output(g, "z", y);
		return OP(g, tanh, y);
	}
	return NULL;
}

static struct brn_node *
end_with_sum(struct brn_graph *g, struct brn_node *x, struct brn_node *y,
    int variant)
{
	struct brn_node *z;

	switch (variant) {
	case END_RESIDUAL:
		return OP(g, add, y, x);
	case END_RESIDUAL_LEFT:
		return OP(g, add, x, y);
	case END_NO_BIAS:
		return OP(g, add, OP(g, dense, x, weight(g, "w", 8, 8, 1)), x);
	case END_ACT_RESIDUAL:
		return OP(g, add, OP(g, gelu, y), x);
	case END_RESIDUAL_ACT:
		return OP(g, gelu, OP(g, add, y, x));
	case END_TWO_RESIDUALS:
		return OP(g, add, OP(g, add, y, x), x);
	case END_BOTH:
		return OP(g, add, layer(g, OP(g, relu, x), 8, 8), y);
	case END_DOUBLED:
		return OP(g, add, y, y);
	case END_CHAIN:
		z = layer(g, x, 8, 8);
		return OP(g, add, OP(g, add, y, z), layer(g, x, 8, 8));
	}
	return OP(g, add, y, input(g, "r", 1, 8));
}

void
layers_end(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, SEQ, 8), *y = layer(g, x, 8, 8);
	struct brn_node *z = end_with_act(g, y, variant);

	output(g, "y", z ? z : end_with_sum(g, x, y, variant));
}

static struct brn_node *
via(struct brn_graph *g, struct brn_node *x, struct brn_node *y, int variant)
{
	switch (variant) {
	case VIA_UNARY:
		y = OP(g, exp, OP(g, tanh, OP(g, erf, OP(g, gelu, y))));
		return OP(g, sqrt, OP(g, sigmoid, OP(g, relu, y)));
	case VIA_NORM:
		return norm(g, y, 8);
	case VIA_NARROW_GAMMA:
		return norm(g, y, 1);
	case VIA_OTHER_AXIS:
		y = OP(g, layer_norm, y, scalar(g, 2));
		return set_int(g, y, "axis", 0);
	case VIA_NUMBER:
		return OP(g, sub, scalar(g, 1), OP(g, mul, y, scalar(g, 3)));
	case VIA_HIGH_NUMBER:
		return OP(g, mul, y, vector(g, "c", 1, 3, 9));
	case VIA_VECTOR:
		return OP(g, add, y, vector(g, "v", 8, 1, 9));
	case VIA_INPUT:
		return OP(g, mul, x, y);
	case VIA_SHAPE:
		output(g, "size", set_int(g, OP(g, cast, OP(g, shape, y)),
		    "to", BURIN_F32));
	}
	return y;
}

void
layers_between(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, SEQ, 8);
	struct brn_node *y = via(g, x, layer(g, x, 8, 8), variant);

	output(g, "y", layer(g, y, 4, 8));
}

static struct brn_node *
encoder(struct brn_graph *g, struct brn_node *x)
{
	struct brn_node *y;

	x = norm(g, OP(g, add, x, x), 8);
	y = layer(g, OP(g, gelu, layer(g, x, 16, 8)), 8, 16);
	return norm(g, OP(g, add, y, x), 8);
}

static struct brn_node *
edge(struct brn_graph *g, struct brn_node *x, int variant)
{
	struct brn_node *y = x;

	switch (variant) {
	case EDGE_ENCODER:
		return encoder(g, x);
	case EDGE_FORK:
		x = norm(g, x, 8);
		output(g, "max", OP(g, reduce_max, x, INTS(g, 2)));
		y = layer(g, x, 8, 8);
		return OP(g, add, y, layer(g, x, 8, 8));
	case EDGE_CHAIN:
		return layer(g, norm(g, norm(g, x, 8), 8), 4, 8);
	case EDGE_MIXED:
		return OP(g, relu, OP(g, mul, layer(g, x, 8, 8), x));
	case EDGE_SUM:
		y = layer(g, x, 8, 8);
		return OP(g, sub, y, OP(g, add, y, layer(g, x, 8, 8)));
	case EDGE_TWO_OUTPUTS:
		y = layer(g, x, 4, 8);
		output(g, "z", y);
		return y;
	case EDGE_RESIDUAL:
		return OP(g, dense, x, weight(g, "w", 8, 8, 1), NULL, x);
	case EDGE_ATTENTION:
		y = OP(g, attention, y, y, layer(g, x, 8, 8),
		    input(g, "m", 2, 1, SEQ));
		return set_int(g, y, "heads", 2);
	case EDGE_WEIGHT:
		return OP(g, dense, x, input(g, "w", 2, 4, 8));
	case EDGE_BIAS:
		return OP(g, dense, x, weight(g, "w", 4, 8, 1),
		    input(g, "b", 1, 4));
	case EDGE_VECTOR:
		return layer(g, x, 8, 8);
	}
	return OP(g, relu, norm(g, x, 8));
}

void
layers_edge(struct brn_graph *g, int variant)
{
	struct brn_node *x = variant == EDGE_VECTOR ? input(g, "x", 1, 8) :
	    input(g, "x", 3, BATCH, SEQ, 8);

	output(g, "y", edge(g, x, variant));
}
