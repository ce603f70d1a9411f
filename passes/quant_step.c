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
