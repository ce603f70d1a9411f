/* SPDX-License-Identifier: Apache-2.0
 *
 * LayerNorm and GELU spelled out, in every order.
 */
#include "tests/support/fuse_graph.h"

#include "tests/support/build.h"

/* ---- fuse_layernorm ------------------------------------------------------ */

static struct brn_node *
binary(struct brn_graph *g, enum brn_op op, int swap, struct brn_node *a,
    struct brn_node *b)
{
	struct brn_node *in[] = { swap ? b : a, swap ? a : b };

	return build_node(g, op, in, 2);
}

static struct brn_node *
mean(struct brn_graph *g, struct brn_node *x, int v)
{
	int axis = v & LAST_AXIS ? 2 : v & FIRST_AXIS ? 0 : -1;

	return OP(g, reduce_mean, x, INTS(g, axis));
}

static struct brn_node *
deviation(struct brn_graph *g, struct brn_node *d, int v)
{
	struct brn_node *sq = v & SQUARE_MUL ? OP(g, mul, d, d) :
	    OP(g, pow, d, scalar(g, v & CUBED ? 3 : 2));

	if (v & NO_EPSILON)
		return OP(g, sqrt, mean(g, sq, v));
	return OP(g, sqrt, binary(g, BRN_OP_add, v & SWAPPED,
	    mean(g, sq, v), scalar(g, 1e-5f)));
}

void
layernorm(struct brn_graph *g, int v)
{
	struct brn_node *x = input(g, "x", 3, 2, SEQ, 6);
	struct brn_node *m = mean(g, x, v), *d = OP(g, sub, x, m), *s, *y, *z;

	s = deviation(g, v & TWO_SUBS ? OP(g, sub, x, mean(g, x, v)) :
	    v & NOT_CENTERED ? x : d, v);
	z = v & OTHER_X ? OP(g, relu, x) : x;
	if (z != x)
		d = OP(g, sub, z, mean(g, z, v));
	if (v & NOT_DIVIDED)
		y = OP(g, add, d, s);
	else if (v & RECIPROCAL)
		y = binary(g, BRN_OP_mul, v & SWAPPED, d,
		    OP(g, reciprocal, s));
	else
		y = OP(g, div, d, s);
	y = binary(g, BRN_OP_mul, v & SWAPPED, y,
	    vector(g, "gamma", v & SCALAR_GAMMA ? 1 : 6, 1, 1));
	if (!(v & NO_BETA))
		y = binary(g, BRN_OP_add, v & SWAPPED, y,
		    vector(g, "beta", 6, 1, 2));
	output(g, "y", OP(g, relu, y));
	if (v & INNER_USER)
		output(g, "z", OP(g, relu, d));
	if (v & OUTPUT_MEAN)
		output(g, "z", m);
}

/* x * g + (beta - mean * g), g = gamma / deviation.  */
void
distributed(struct brn_graph *g, int v)
{
	struct brn_node *x = input(g, "x", 3, 2, SEQ, 6), *m = mean(g, x, v);
	struct brn_node *s = deviation(g, OP(g, sub, x, m), v), *gain, *shift;

	gain = binary(g, BRN_OP_mul, v & SWAPPED, OP(g, reciprocal, s),
	    vector(g, "gamma", 6, 1, 1));
	shift = OP(g, sub, vector(g, "beta", 6, 1, 2),
	    binary(g, BRN_OP_mul, v & SWAPPED, m, gain));
	output(g, "y", binary(g, BRN_OP_add, v & SWAPPED,
	    binary(g, BRN_OP_mul, v & SWAPPED, x, gain), shift));
	if (v & INNER_USER)
		output(g, "z", OP(g, relu, gain));
}

/* ---- fuse_gelu ----------------------------------------------------------- */

void
gelu_erf(struct brn_graph *g, int v)
{
	struct brn_node *x = input(g, "x", 2, BATCH, 8), *t, *y;
	struct brn_node *half = v == RANK ? vector(g, "", 1, 3, 1) :
	    scalar(g, v == NO_HALF ? 1 : 0.5f);

	if (v == RANK)
		*(float *)half->value->data = 0.5f;
	if (v == SCALED_X)
		x = OP(g, mul, x, scalar(g, 2));
	if (v == TF)
		t = OP(g, erf, OP(g, mul, scalar(g, 0.70710677f), x));
	else
		t = OP(g, erf, OP(g, div, x,
		    scalar(g, v == WRONG_SCALE ? 1.5f : 1.4142f)));
	y = v == SUM || v == NO_ONE ? t : OP(g, add, t, scalar(g, 1));
	if (v == LATE_HALF)
		y = OP(g, mul, OP(g, mul, x, y), half);
	else if (v == TF)
		y = OP(g, mul, x, OP(g, mul, half, y));
	else if (v == NO_X)
		y = OP(g, mul, half, y);
	else
		y = OP(g, mul, OP(g, mul, half, x), y);
	if (v == SUM)
		y = OP(g, add, OP(g, mul, half, x), y);
	output(g, "y", OP(g, relu, y));
	if (v == ERF_USED)
		output(g, "z", OP(g, relu, t));
}

static struct brn_node *
tanh_argument(struct brn_graph *g, struct brn_node *x, int v)
{
	struct brn_node *k = scalar(g, v == WRONG_CUBE ? 0.0447f : 0.044715f);
	struct brn_node *c = scalar(g, 0.7978845608f), *cube;

	if (v == FACTORED)
		return OP(g, mul, OP(g, mul, c, x), OP(g, add, scalar(g, 1),
		    OP(g, mul, OP(g, mul, k, x), x)));
	if (v == MULS)
		cube = OP(g, mul, x, OP(g, mul, x, x));
	else
		cube = OP(g, pow, x, scalar(g, 3));
	if (v == NO_CUBE)
		return OP(g, mul, c, x);
	return OP(g, mul, c, OP(g, add, x, OP(g, mul, cube, k)));
}

void
gelu_tanh(struct brn_graph *g, int v)
{
	struct brn_node *x = input(g, "x", 2, BATCH, 8), *y;

	y = OP(g, add, scalar(g, 1), OP(g, tanh, tanh_argument(g, x, v)));
	if (v == LATE)
		y = OP(g, mul, OP(g, mul, x, y), scalar(g, 0.5f));
	else
		y = OP(g, mul, OP(g, mul, x, scalar(g, 0.5f)), y);
	output(g, "y", y);
}
