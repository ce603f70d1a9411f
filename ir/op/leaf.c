/* SPDX-License-Identifier: Apache-2.0
 *
 * Leaves, which are never computed: inputs, constants, BSR matrices; and
 * operators that burin does not know.
 */
#include "ir/op/op.h"

int
infer_input(struct brn_infer *c, struct brn_type *out)
{
	*out = c->s->type[c->n->id];    /* bound before the walk, or */
	if (!out->dtype)                /* added since (brn_follow) */
		*out = c->n->type;
	return BURIN_OK;
}

int
infer_constant(struct brn_infer *c, struct brn_type *out)
{
	*out = c->n->value->type;
	return BURIN_OK;
}

int
infer_bsr(struct brn_infer *c, struct brn_type *out)
{
	/* The element type stays when the values are forgotten.  */
	*out = (struct brn_type){ c->n->type.dtype == BURIN_I8 ? BURIN_I8 :
	    BURIN_F32, 2, { c->n->bsr->rows, c->n->bsr->cols } };
	return BURIN_OK;
}

int
infer_unsupported(struct brn_infer *c, struct brn_type *out)
{
	(void)c;
	*out = (struct brn_type){ .rank = -1 };
	return BURIN_OK;
}

static int
cannot(const struct brn_node *n, burin_error *err)
{
	return brn_fail(err, BURIN_EUNSUPPORTED,
	    "node '%s': %s cannot be computed", n->name,
	    n->onnx_op ? n->onnx_op : brn_ops[n->op].name);
}

#define CANNOT(name) \
BRN_REF(name) \
{ \
	return cannot(n, err); \
}

CANNOT(input)
CANNOT(constant)
CANNOT(bsr)
CANNOT(unsupported)
