/* SPDX-License-Identifier: Apache-2.0
 *
 * The ops that have a form on tiles, and for which inputs.
 */
#include "ir/graph/tiles.h"

#include "ir/graph/chain.h"

/* At least [tokens][features], of f32.  */
static int
is_tensor(const struct brn_type *t)
{
	return t->dtype == BURIN_F32 && t->rank >= 2;
}

/* A layer whose weight and bias are known before a run.  */
static int
is_layer(const struct brn_node *n)
{
	const struct brn_node *w = n->in[1];

	if (w->op != BRN_OP_bsr && !brn_is_const(w))
		return 0;
	return n->nin < 3 || !n->in[2] || brn_is_const(n->in[2]);
}

/* Input i is absent or has one number a feature, as gamma and beta.  */
static int
is_param(const struct brn_node *n, int i)
{
	const struct brn_type *x = &n->type, *t;

	if (i >= n->nin || !n->in[i])
		return 1;
	t = &n->in[i]->type;
	return t->dtype == BURIN_F32 && t->rank == 1 &&
	    t->dim[0] == x->dim[x->rank - 1];
}

static int
is_last_axis(const struct brn_node *n)
{
	int64_t axis = brn_attr_int(n, "axis");

	return axis == -1 || axis == n->type.rank - 1;
}

static int
is_number(const struct brn_node *n)
{
	double v;

	return brn_const_scalar(n, &v);
}

/* Both operands have the shape of the result, or one of them is a number.  */
static int
is_uniform(const struct brn_node *n)
{
	if (is_number(n->in[0]) && is_number(n->in[1]))
		return 0;
	for (int i = 0; i < 2; i++)
		if (!is_number(n->in[i]) &&
		    !brn_type_equal(&n->in[i]->type, &n->type))
			return 0;
	return 1;
}

/* Other operands of a chain are a number, or a vector of the features.  */
static int
is_like_result(const struct brn_node *n, int i)
{
	return brn_chain_operand(&n->type, &n->in[i]->type) == BRN_CHAIN_SAME;
}

int
brn_tiles_fit(const struct brn_node *n)
{
	if (!is_tensor(&n->type))
		return 0;
	switch (n->op) {
	case BRN_OP_dense:
	case BRN_OP_bsr_dense:
		return is_layer(n);
	case BRN_OP_layer_norm:
		return is_last_axis(n) && is_param(n, 1) && is_param(n, 2) &&
		    !brn_attr(n, "index");
	case BRN_OP_add:
	case BRN_OP_sub:
	case BRN_OP_mul:
	case BRN_OP_div:
		return is_uniform(n);
	case BRN_OP_attention:
	case BRN_OP_chain:
	case BRN_OP_erf:
	case BRN_OP_exp:
	case BRN_OP_gelu:
	case BRN_OP_relu:
	case BRN_OP_sigmoid:
	case BRN_OP_sqrt:
	case BRN_OP_tanh:
	case BRN_OP_to_tiles:
		return 1;
	default:
		return 0;
	}
}

int
brn_tiles_input(const struct brn_node *n, int i)
{
	if (n->op == BRN_OP_from_tiles)
		return 1;
	if (!n->tiles)
		return 0;
	switch (n->op) {
	case BRN_OP_to_tiles:
		return 0;
	case BRN_OP_dense:
	case BRN_OP_bsr_dense:
		return i == 0 || i == 3;
	case BRN_OP_attention:
		return i < 3;
	case BRN_OP_layer_norm:
		return i == 0;
	case BRN_OP_chain:
		return is_like_result(n, i);
	default:
		return !is_number(n->in[i]);
	}
}
