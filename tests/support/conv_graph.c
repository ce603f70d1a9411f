/* SPDX-License-Identifier: Apache-2.0
 *
 * Graphs for the passes on convolutions.
 */
#include "tests/support/conv_graph.h"

#include "tests/support/build.h"

static struct brn_node *
image_const(struct brn_graph *g, const struct brn_type *t, uint64_t seed)
{
	struct brn_node *n = brn_graph_constant(g, "c", t, NULL);

	ck_assert_ptr_nonnull(n);
	suite_fill(n->value->data, brn_numel(n->value), seed);
	return n;
}

static struct brn_node *
by_channel(struct brn_graph *g, int n, uint64_t seed)
{
	return image_const(g, &(struct brn_type){ BURIN_F32, 3,
	    { n, 1, 1 } }, seed);
}

static struct brn_node *
norm(struct brn_graph *g, struct brn_node *x, int n)
{
	struct brn_node *var = vector(g, "v", n, 1, 9);

	for (int i = 0; i < n; i++)
		((float *)var->value->data)[i] += 2;
	return OP(g, batch_norm, x, vector(g, "s", n, 1, 6),
	    vector(g, "b", n, 1, 7), vector(g, "m", n, 1, 8), var);
}

void
conv_norm(struct brn_graph *g, int v)
{
	struct brn_type w = { BURIN_F32, 4, { 4, 4, 3, 3 } };
	struct brn_node *x, *y;

	w.dim[1] = v == CONV_GROUPS ? 2 : v == CONV_DEPTHWISE ? 1 : 4;
	w.rank = v == CONV_VOLUME ? 5 : 4;
	w.dim[4] = 1;
	x = v == CONV_VOLUME ? input(g, "x", 5, BATCH, 4, 3, 3, 2) :
	    input(g, "x", 4, BATCH, 4, 5, SEQ);
	y = OP(g, conv, x, v == CONV_FED ? input(g, "w", 4, 4, 4, 3, 3) :
	    image_const(g, &w, 1), vector(g, "b", 4, 1, 2));
	if (v == CONV_TRANSPOSED)
		y->op = BRN_OP_conv_transpose;
	set_int(g, y, "group", 4 / w.dim[1]);
	if (v != CONV_VOLUME)
		set_int(g, y, "auto_pad", 1);
	if (v == CONV_BARE)
		y = OP(g, tanh, y);
	else if (v == CONV_SCALED)
		y = OP(g, add, OP(g, mul, by_channel(g, 4, 3), y),
		    by_channel(g, 4, 4));
	else if (v == CONV_PLANE_ADDED)
		y = OP(g, add, y, image_const(g, &(struct brn_type){
		    BURIN_F32, 4, { 1, 1, 5, 1 } }, 5));
	else if (v == CONV_NORM_USED)
		output(g, "z", y);
	output(g, "y", v == CONV_NORM || v == CONV_GROUPS ||
	    v == CONV_DEPTHWISE || v == CONV_NORM_USED ||
	    v == CONV_TRANSPOSED ? norm(g, y, 4) : y);
}

void
swish(struct brn_graph *g, int v)
{
	struct brn_node *x = OP(g, neg, input(g, "x", 2, BATCH, 6)), *h;

	h = OP(g, clip, OP(g, add, x, scalar(g, 3)), scalar(g, 0),
	    scalar(g, v == SWISH_TO_SEVEN ? 7 : 6));
	switch (v) {
	case SWISH_SIGMOID:
		x = OP(g, mul, x, OP(g, sigmoid, x));
		break;
	case SWISH_OTHER:
		x = OP(g, mul, x, OP(g, sigmoid, OP(g, tanh, x)));
		break;
	case SWISH_HARD:
	case SWISH_TO_SEVEN:
		x = OP(g, mul, OP(g, div, h, scalar(g, 6)), x);
		break;
	case SWISH_LATE:
		x = OP(g, div, OP(g, mul, x, h), scalar(g, 6));
		break;
	case SWISH_EARLY:
		x = OP(g, mul, x, OP(g, mul, scalar(g, 1.0f / 6), h));
		break;
	case SWISH_HARD_SIGMOID:
		h = OP(g, hard_sigmoid, x);
		set_float(g, h, "alpha", 1.0f / 6);
		x = OP(g, mul, x, h);
		break;
	case SWISH_GATE_USED:
		h = OP(g, sigmoid, x);
		output(g, "z", h);
		x = OP(g, mul, x, h);
		break;
	}
	output(g, "y", x);
}

static struct brn_node *
layer(struct brn_graph *g, struct brn_node *x, int v)
{
	int64_t kernel[] = { 1, v == CONV_PRUNED ? 3 : 1 };
	int rows = v == CONV_PRUNED ? 32 : 4, cols = 4 * (int)kernel[1];
	struct brn_node *w = weight(g, "w", rows, cols, 1);
	struct brn_node *n = OP(g, dense_conv, x, w,
	    vector(g, "b", rows, 1, 2));

	for (int i = 0; v == CONV_PRUNED && i < rows * cols; i++)
		if (i % cols % 5)
			((float *)w->value->data)[i] = 0;
	ck_assert_int_eq(brn_attr_set_ints(g, n, "kernel_shape", kernel, 2),
	    0);
	return n;
}

void
conv_end(struct brn_graph *g, int v)
{
	struct brn_node *x = input(g, "x", 4, BATCH, 4, 3, SEQ);
	struct brn_node *y = layer(g, x, v);

	switch (v) {
	case CONV_RELU:
		y = OP(g, relu, y);
		break;
	case CONV_RELU6:
		y = OP(g, clip, y, scalar(g, 0.25f), scalar(g, 6));
		break;
	case CONV_FED_CLIP:
		y = OP(g, clip, y, input(g, "lo", 0));
		break;
	case CONV_LEAKY:
		y = OP(g, leaky_relu, y);
		break;
	case CONV_SWISH:
		y = OP(g, swish, y);
		break;
	case CONV_ADD_RELU:
		y = OP(g, relu, OP(g, add, x, y));
		break;
	case CONV_RELU_ADD:
		y = OP(g, add, OP(g, relu, y), x);
		break;
	case CONV_RELU_ADD_RELU:
		y = OP(g, relu, OP(g, add, OP(g, relu, y), x));
		break;
	case CONV_SELF:
		y = OP(g, add, y, y);
		break;
	case CONV_TWO_USERS:
		output(g, "z", OP(g, tanh, y));
		y = OP(g, relu, y);
		break;
	case CONV_ADD_ROW:
		y = OP(g, add, y, vector(g, "r", 1, 1, 3));
		break;
	}
	output(g, "y", y);
}
