/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers of dynamically quantized models.
 */
#include "tests/support/quant_graph.h"

#include "ir/graph/iter.h"
#include "tests/support/build.h"

enum { COLS = 5, ROWS = 3 };

static struct brn_node *
ints(struct brn_graph *g, const char *name, struct brn_type t, int from)
{
	struct brn_node *n = brn_graph_constant(g, name, &t, NULL);

	ck_assert_ptr_nonnull(n);
	for (int64_t i = 0; i < brn_numel(n->value); i++)
		brn_set_int(n->value, i, from + i * 7 % 23 * (i ? 1 : 0));
	return n;
}

static struct brn_node *
cast(struct brn_graph *g, struct brn_node *n, int dtype)
{
	return set_int(g, OP(g, cast, n), "to", dtype);
}

static struct brn_node *
i32_weight(struct brn_graph *g, const char *name)
{
	return ints(g, name, (struct brn_type){ BURIN_I32, 2,
	    { COLS, ROWS } }, -11);
}

/* The integers of x less their zero point.  */
static struct brn_node *
left_side(struct brn_graph *g, int variant, struct brn_node *x,
    struct brn_node *scale)
{
	struct brn_node *zero = ints(g, "zero", (struct brn_type){
	    .dtype = BURIN_U8 }, 128);
	struct brn_node *q = OP(g, quantize_linear, x, scale, zero);

	if (variant == INTS_WIDE)
		return cast(g, x, BURIN_I32);
	if (variant == INTS_NO_ZERO)
		return cast(g, q, BURIN_I32);
	if (variant == INTS_ZERO_FOLDED)
		zero = ints(g, "zero", (struct brn_type){
		    .dtype = BURIN_I32 }, 128);
	else
		zero = cast(g, zero, BURIN_I32);
	return OP(g, sub, cast(g, q, BURIN_I32), zero);
}

void
quant_layers(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 3, BATCH, 4, COLS);
	struct brn_node *scale = set_int(g, OP(g, reduce_max, x), "keepdims",
	    0);
	struct brn_node *left = left_side(g, variant, x, scale), *m, *y;
	struct brn_node *w = variant == INTS_NOT_CONSTANT ?
	    cast(g, input(g, "w", 2, COLS, ROWS), BURIN_I32) :
	    i32_weight(g, "w");
	struct brn_node *ws = vector(g, "ws", ROWS, 1, 7);

	m = cast(g, named(OP(g, matmul, left, w), "layer"), BURIN_F32);
	if (variant == INTS_NO_SCALE)
		y = m;
	else if (variant == INTS_ONE_BY_ONE)
		y = OP(g, mul, scale, OP(g, mul, m, ws));
	else
		y = OP(g, mul, m, OP(g, mul, scale, ws));
	output(g, "y", y);
	if (variant == INTS_USED)
		output(g, "z", m);
	if (variant == INTS_TWO_LAYERS) {
		m = cast(g, OP(g, matmul, left, i32_weight(g, "v")),
		    BURIN_F32);
		output(g, "z", OP(g, mul, m, OP(g, mul, scale,
		    scalar(g, 0.5f))));
	}
}
