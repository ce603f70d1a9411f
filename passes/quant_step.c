/* SPDX-License-Identifier: Apache-2.0
 *
 * The scale and zero point of a node.
 */
#include "passes/quant_step.h"

#include <math.h>

int
brn_match_quant(const struct brn_node *n, enum brn_op op, struct brn_quant *q)
{
	double scale, zero = 0;
	int dtype;

	if (n->op != op)
		return 0;
	dtype = op == BRN_OP_quantize_linear ? n->type.dtype :
	    n->in[0]->type.dtype;
	if ((dtype != BURIN_U8 && dtype != BURIN_I8) ||
	    !brn_const_scalar(n->in[1], &scale) ||
	    (n->nin > 2 && n->in[2] && !brn_const_scalar(n->in[2], &zero)))
		return 0;
	*q = (struct brn_quant){ (float)scale, (int32_t)zero +
	    brn_byte_offset(dtype) };
	return isnormal(q->scale) && q->scale > 0 && isnormal(1 / q->scale);
}

int
brn_match_rounding(const struct brn_node *n, struct brn_quant *q)
{
	struct brn_quant to, from;

	if (!brn_match_quant(n, BRN_OP_dequantize_linear, &from) ||
	    !brn_match_quant(n->in[0], BRN_OP_quantize_linear, &to) ||
	    to.scale != from.scale || to.zero != from.zero ||
	    n->in[0]->in[0]->type.dtype != BURIN_F32)
		return 0;
	*q = from;
	return 1;
}

int
brn_set_rounds(struct brn_graph *g, struct brn_node *n,
    const struct brn_quant *round, int count)
{
	struct brn_tensor *t = brn_arena_alloc(g->arena, 1, sizeof *t);
	float *r = brn_arena_alloc(g->arena, 2 * (size_t)count, sizeof *r);
	int any = 0;

	if (!t || !r)
		return -1;
	*t = (struct brn_tensor){ { BURIN_F32, 2, { count, 2 } }, r };
	for (int i = 0; i < count; i++) {
		r[2 * i] = round[i].scale;
		r[2 * i + 1] = (float)round[i].zero;
		any |= round[i].scale != 0;
	}
	return any ? brn_attr_set_tensor(g, n, "rounds", t) : 0;
}
