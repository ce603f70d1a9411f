/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise steps one after the other (ir/graph/chain.h).
 */
#include "ir/graph/chain.h"
#include "ir/op/op.h"

static int
check_step(struct brn_infer *c, int i, int64_t kind)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_type *b = brn_infer_in(c, i + 1);
	int64_t want;

	if (kind < 0 || kind >= BRN_CHAIN_KINDS)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "step %d is of kind %lld", i, (long long)kind);
	want = brn_chain_numbers((enum brn_chain_kind)kind);
	if (want)
		return brn_infer_vector(c, i + 1, want);
	if (!b || brn_chain_operand(x, b) == BRN_CHAIN_NONE)
		return brn_infer_bad(c, BURIN_ESHAPE, "the operand of step %d "
		    "is neither like x, nor a number, nor a vector of its "
		    "last axis", i);
	return BURIN_OK;
}

int
infer_chain(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *steps = brn_attr(c->n, "steps");
	int rc;

	if (!steps || steps->nints != c->n->nin - 1)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "not as many steps as operands");
	if ((rc = brn_infer_all_f32(c)) < 0)
		return rc;
	for (int i = 0; i < steps->nints; i++)
		if ((rc = check_step(c, i, steps->ints[i])) < 0)
			return rc;
	*out = *brn_infer_in(c, 0);
	return BURIN_OK;
}

/* v after a step with operand b, whose number for v is b[at].  */
static float
apply(enum brn_chain_kind kind, float v, const float *b, int64_t at)
{
	switch (kind) {
	case BRN_CHAIN_round:
		return (float)(brn_quantized(v, b[0], brn_chain_zero(b),
		    BURIN_U8) - brn_chain_zero(b)) * b[0];
	case BRN_CHAIN_table:
		return b[2 + brn_quantized(v, b[0], brn_chain_zero(b),
		    BURIN_U8)];
	case BRN_CHAIN_add:
		return v + b[at];
	case BRN_CHAIN_sub:
		return v - b[at];
	case BRN_CHAIN_mul:
		return v * b[at];
	default:
		return v / b[at];
	}
}

BRN_REF(chain)
{
	const struct brn_type *x = &in[0]->type;
	int64_t last = x->rank ? x->dim[x->rank - 1] : 1;
	float *y = out->data;

	brn_copy_all(in[0], out);
	for (int i = 0; i + 1 < n->nin; i++) {
		int64_t numbers = brn_numel(in[i + 1]);
		int same = brn_chain_operand(x, &in[i + 1]->type) ==
		    BRN_CHAIN_SAME;

		for (int64_t k = 0; k < brn_numel(out); k++)
			y[k] = apply(brn_chain_kind(n, i), y[k],
			    in[i + 1]->data, same ? k : numbers == 1 ? 0 :
			    k % last);
	}
	return BURIN_OK;
}
