/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether burin runs a node: its operator, its outputs, its element types and
 * modes.  Attributes with one supported value are in ir/attrs.def (ONLY).
 */
#include "ir/onnx/refuse.h"

#include "ir/onnx/attr.h"
#include "ir/onnx/onnx.pb-c.h"

#include <limits.h>
#include <string.h>

static int
uses_more_outputs(const struct brn_onnx_node *n)
{
	for (size_t k = 1; k < n->np->n_output; k++)
		if (brn_onnx_is_used(n, k))
			return 1;
	return 0;
}

static int
refuse_cast(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(n, "to", BRN_ATTR_INT, &a), to;

	if (rc <= 0)
		return rc;
	to = a->i < 0 || a->i > INT_MAX ? -1 : (int)a->i;
	return brn_onnx_dtype(to) ? 0 : brn_onnx_unsupported(n, "Cast to %s",
	    brn_onnx_dtype_name(to));
}

/* The element type of a Constant or ConstantOfShape.  */
static int
refuse_value(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	int type = 0, rc;

	if ((rc = brn_onnx_attr(n, "value", BRN_ATTR_TENSOR, &a)) < 0)
		return rc;
	if (rc)
		type = a->t->data_type;
	else if ((rc = brn_onnx_attr(n, "sparse_value",
	    BRN_ATTR_SPARSE_TENSOR, &a)) < 0)
		return rc;
	else if (rc)
		type = a->sparse_tensor->values ?
		    a->sparse_tensor->values->data_type : 0;
	else
		return 0;
	return brn_onnx_dtype(type) ? 0 : brn_onnx_unsupported(n, "%s of %s",
	    n->np->op_type, brn_onnx_dtype_name(type));
}

static int
refuse_constant(struct brn_onnx_node *n)
{
	const char *name = n->np->n_attribute == 1 ?
	    n->np->attribute[0]->name : NULL;

	if (!name)
		return brn_onnx_bad(n, "%zu attributes, wanted one value",
		    n->np->n_attribute);
	if (!strncmp(name, "value_string", strlen("value_string")))
		return brn_onnx_unsupported(n, "Constant of string");
	return refuse_value(n);
}

static int
refuse_dropout(struct brn_onnx_node *n)
{
	double training = 0;

	if (n->nin > 2 && n->in[2] &&
	    (!brn_const_scalar(n->in[2], &training) || training != 0))
		return brn_onnx_unsupported(n, "Dropout in training mode");
	return 0;
}

/* Releases of ONNX differ in whether softcap limits the scores before or after
 * the mask is added, so both together are refused.  */
static int
refuse_attention(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(n, "softcap", BRN_ATTR_FLOAT, &a);

	if (rc < 0)
		return rc;
	if (rc && a->f != 0 && n->nin > 3 && n->in[3])
		return brn_onnx_unsupported(n,
		    "Attention with softcap and a mask");
	if (brn_onnx_is_used(n, 3))
		return brn_onnx_unsupported(n,
		    "Attention with scores as an output");
	for (int i = 6; i < n->nin; i++)
		if (n->in[i])
			return brn_onnx_unsupported(n,
			    "Attention with lengths of keys");
	return 0;
}

static int
refuse_form(struct brn_onnx_node *n)
{
	switch (n->op) {
	case BRN_OP_cast:
		return refuse_cast(n);
	case BRN_OP_constant:
		return refuse_constant(n);
	case BRN_OP_constant_of_shape:
		return refuse_value(n);
	case BRN_OP_dropout:
		return refuse_dropout(n);
	case BRN_OP_mha:
		return refuse_attention(n);
	default:
		return 0;
	}
}

int
brn_onnx_refuse(struct brn_onnx_node *n)
{
	const char *type = n->np->op_type;
	int rc;

	if (!brn_onnx_is_default(n->np->domain))
		return brn_onnx_unsupported(n, "%s.%s", n->np->domain, type);
	if (n->op == BRN_OP_unsupported)
		return brn_onnx_unsupported(n, "%s", type);
	if (!(brn_ops[n->op].flags & BRN_MULTI) && uses_more_outputs(n))
		return brn_onnx_unsupported(n, "%s with several outputs",
		    type);
	rc = brn_onnx_attrs_refuse(n);
	return rc < 0 || n->why ? rc : refuse_form(n);
}
