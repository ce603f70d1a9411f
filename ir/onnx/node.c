/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX nodes into graph nodes.  The order for each is: its inputs, the
 * expanders, whether it is supported, attributes to inputs, the node, its
 * attributes, its outputs.
 */
#include "ir/onnx/node.h"

#include "ir/onnx/attr.h"
#include "ir/onnx/constant.h"
#include "ir/onnx/convert.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/refuse.h"
#include "ir/onnx/scope.h"

#include <stdlib.h>
#include <string.h>

/* ---- names and inputs ---------------------------------------------------- */

/* The op of an ONNX operator, or unsupported.  */
static enum brn_op
op_of(const struct Onnx__NodeProto *np)
{
	if (!brn_onnx_is_default(np->domain))
		return BRN_OP_unsupported;
	if (!strcmp(np->op_type, "Constant"))
		return BRN_OP_constant;
	for (int i = 0; i < BRN_NUM_OPS; i++)
		if (brn_ops[i].onnx && !strcmp(brn_ops[i].onnx, np->op_type))
			return (enum brn_op)i;
	return BRN_OP_unsupported;
}

/* The name of a node is that in the file, or that of its first output.  */
static int
set_name(struct brn_onnx_node *n, int index)
{
	const struct Onnx__NodeProto *np = n->np;

	if (!np->op_type || !*np->op_type)
		return brn_fail(n->im->err, BURIN_EFORMAT,
		    "%s: node %d has no operator", n->im->src.file, index);
	n->name = np->name ? np->name : "";
	for (size_t k = 0; k < np->n_output && !*n->name; k++)
		n->name = np->output[k];
	if (!*n->name)
		return brn_fail(n->im->err, BURIN_EFORMAT,
		    "%s: node %d (%s): no name and no output",
		    n->im->src.file, index, np->op_type);
	if (!n->im->prefix)
		return 0;
	n->name = brn_arena_printf(n->im->g->arena, "%s%s", n->im->prefix,
	    n->name);
	return n->name ? 0 : brn_nomem(n->im->err);
}

static int
find_input(struct brn_onnx_node *n, int k)
{
	const char *s = n->np->input[k];
	struct brn_onnx_name *v;
	int rc;

	if (!*s)
		return 0;
	if ((rc = brn_onnx_value(n->im, s, &v, &n->in[k])) < 0)
		return rc;
	if (!v)
		return brn_onnx_bad(n, "input '%s' is made by nobody", s);
	if (!v->node && !v->absent)
		return brn_onnx_bad(n, "input '%s' is made by this node or a "
		    "later one, wanted topological order", s);
	return 0;
}

/* The values that the inputs name.  */
static int
find_inputs(struct brn_onnx_node *n)
{
	size_t count = n->np->n_input;
	int rc = 0;

	if (count > BRN_MAX_IN)
		return brn_onnx_bad(n, "%zu inputs, wanted at most %d", count,
		    BRN_MAX_IN);
	n->in = brn_alloc(count > BRN_ONNX_ROOM ? count : BRN_ONNX_ROOM,
	    sizeof *n->in);
	if (!n->in)
		return brn_nomem(n->im->err);
	n->nin = (int)count;
	for (int k = 0; k < n->nin && rc == 0; k++)
		rc = find_input(n, k);
	return rc;
}

/* Cut absent inputs off at the end; the others are as ops.def says.  */
static int
check_inputs(struct brn_onnx_node *n)
{
	const struct brn_op_info *op = &brn_ops[n->op];

	while (n->nin > op->lo && !n->in[n->nin - 1])
		n->nin--;
	if (n->nin < op->lo || n->nin > op->hi)
		return brn_onnx_bad(n, "%d inputs, wanted %d to %d", n->nin,
		    op->lo, op->hi);
	for (int k = 0; k < op->lo; k++)
		if (!n->in[k])
			return brn_onnx_bad(n, "input %d is not given", k);
	return 0;
}

/* ---- the node ------------------------------------------------------------ */

static int
add_graph_node(struct brn_onnx_node *n)
{
	n->node = brn_graph_add(n->im->g, n->op, n->name, n->in, n->nin);
	return n->node ? 0 : brn_nomem(n->im->err);
}

/* One node of op unsupported stands for all outputs.  */
static int
add_unsupported(struct brn_onnx_node *n)
{
	int rc;

	n->op = BRN_OP_unsupported;
	if ((rc = add_graph_node(n)) < 0)
		return rc;
	n->node->onnx_op = n->why;
	n->node->opset = brn_onnx_opset(n->im->m, n->np->domain);
	for (size_t k = 0; k < n->np->n_output; k++)
		brn_onnx_bind(n, k, n->node);
	return 0;
}

static int
add_with_attrs(struct brn_onnx_node *n)
{
	int rc = add_graph_node(n);

	return rc < 0 ? rc : brn_onnx_convert_attrs(n);
}

/* Output k needs a node: the first one and those of Split when they have a
 * name, others when they have a use.  */
static int
is_wanted(const struct brn_onnx_node *n, size_t k)
{
	return *n->np->output[k] && (!k || n->op == BRN_OP_split ||
	    brn_onnx_is_used(n, k));
}

/* The second output of Dropout is another op.  */
static int
add_output(struct brn_onnx_node *n, size_t k)
{
	int mask = k && n->op == BRN_OP_dropout, rc;
	enum brn_op op = n->op;

	if (mask)
		n->op = BRN_OP_dropout_mask;
	rc = add_with_attrs(n);
	if (rc == 0 && !mask && (k || op == BRN_OP_split) && brn_attr_set_int(
	    n->im->g, n->node, "index", (int64_t)k) < 0)
		rc = brn_nomem(n->im->err);
	n->op = op;
	return rc;
}

/* One node for each output that is wanted.  */
static int
add_outputs(struct brn_onnx_node *n)
{
	int rc = 0;

	for (size_t k = 0; k < n->np->n_output && rc == 0; k++) {
		if (!is_wanted(n, k))
			continue;
		if ((rc = add_output(n, k)) == 0)
			brn_onnx_bind(n, k, n->node);
	}
	return rc;
}

static int
add_supported(struct brn_onnx_node *n)
{
	int rc;

	if ((rc = brn_onnx_attrs_check(n)) < 0 ||
	    (rc = brn_onnx_attrs_to_inputs(n)) < 0 ||
	    (rc = brn_onnx_convert_inputs(n)) < 0 ||
	    (rc = check_inputs(n)) < 0)
		return rc;
	/* Outside of training, Dropout-12 ignores ratio and mode.  */
	if (n->op == BRN_OP_dropout)
		n->nin = 1;
	if (brn_ops[n->op].flags & BRN_MULTI)
		return add_outputs(n);
	rc = n->op == BRN_OP_constant ? brn_onnx_constant(n) :
	    add_with_attrs(n);
	if (rc == 0 && n->np->n_output)
		brn_onnx_bind(n, 0, n->node);
	return rc;
}

/* Several nodes, one, or one of op unsupported.  */
static int
add_expanded_or_single(struct brn_onnx_node *n)
{
	brn_onnx_expander *const *e = n->im->expander;
	int rc = 0;

	for (; *e && rc == 0 && !n->why; e++)
		rc = (*e)(n);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (!n->why && (rc = brn_onnx_refuse(n)) < 0)
		return rc;
	return n->why ? add_unsupported(n) : add_supported(n);
}

int
brn_onnx_add_node(struct brn_onnx_import *im, struct Onnx__NodeProto *np,
    int index)
{
	struct brn_onnx_node n = { .im = im, .np = np };
	int rc;

	if ((rc = set_name(&n, index)) < 0)
		return rc;
	n.op = op_of(np);
	rc = find_inputs(&n);
	/* The usual residual, which passes and kernels know as Add.  */
	if (n.op == BRN_OP_sum && n.nin == 2)
		n.op = BRN_OP_add;
	if (rc == 0)
		rc = add_expanded_or_single(&n);
	free(n.in);
	return rc;
}
