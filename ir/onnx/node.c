/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX nodes into graph nodes.  The order for each is: its inputs, whether it
 * is supported, attributes to inputs, the node, the other attributes, its
 * outputs.
 */
#include "ir/onnx/node.h"

#include "ir/onnx/expand.h"
#include "ir/onnx/onnx.pb-c.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int
brn_onnx_is_default(const char *domain)
{
	return !domain || !*domain || !strcmp(domain, "ai.onnx");
}

int
brn_onnx_opset(const struct Onnx__ModelProto *m, const char *domain)
{
	int dflt = brn_onnx_is_default(domain);

	for (size_t i = 0; i < m->n_opset_import; i++) {
		const struct Onnx__OperatorSetIdProto *o = m->opset_import[i];

		if (dflt ? !brn_onnx_is_default(o->domain) :
		    !o->domain || strcmp(o->domain, domain))
			continue;
		return o->version < 0 ? 0 :
		    o->version > INT_MAX ? INT_MAX : (int)o->version;
	}
	return 0;
}

enum brn_op
brn_onnx_op(const char *type)
{
	if (!strcmp(type, "Constant"))
		return BRN_OP_constant;
	if (!strcmp(type, "Upsample"))
		return BRN_OP_resize;
	if (!strcmp(type, "Scatter"))
		return BRN_OP_scatter_elements;
	for (int i = 0; i < BRN_NUM_OPS; i++)
		if (brn_ops[i].onnx && !strcmp(brn_ops[i].onnx, type))
			return (enum brn_op)i;
	return BRN_OP_unsupported;
}

/* What messages call the node: its name, or that of its first output.  */
static int
name_of(struct brn_onnx_call *c, int index)
{
	const struct Onnx__NodeProto *np = c->np;

	if (!np->op_type || !*np->op_type)
		return brn_fail(c->im->err, BURIN_EFORMAT,
		    "%s: node %d has no operator", c->im->src.file, index);
	c->name = np->name ? np->name : "";
	for (size_t k = 0; k < np->n_output && !*c->name; k++)
		c->name = np->output[k];
	if (!*c->name)
		return brn_fail(c->im->err, BURIN_EFORMAT,
		    "%s: node %d (%s): no name and no output",
		    c->im->src.file, index, np->op_type);
	if (!c->im->prefix)
		return 0;
	c->name = brn_arena_printf(c->im->g->arena, "%s%s", c->im->prefix,
	    c->name);
	return c->name ? 0 : brn_nomem(c->im->err);
}

static int
find_input(struct brn_onnx_call *c, int k)
{
	const char *s = c->np->input[k];
	struct brn_onnx_name *v;

	if (!*s)
		return 0;
	v = brn_onnx_find(&c->im->names, s);
	if (!v)
		return brn_onnx_bad(c, "input '%s' is made by nobody", s);
	if (!v->node && !v->absent)
		return brn_onnx_bad(c, "input '%s' is made by this node or a "
		    "later one, wanted topological order", s);
	c->in[k] = v->node;
	return 0;
}

/* The nodes that the inputs name.  */
static int
find_inputs(struct brn_onnx_call *c)
{
	size_t n = c->np->n_input;
	int rc = 0;

	if (n > BRN_MAX_IN)
		return brn_onnx_bad(c, "%zu inputs, wanted at most %d", n,
		    BRN_MAX_IN);
	c->in = brn_alloc(n > BRN_ONNX_ROOM ? n : BRN_ONNX_ROOM,
	    sizeof *c->in);
	if (!c->in)
		return brn_nomem(c->im->err);
	c->nin = (int)n;
	for (int k = 0; k < c->nin && rc == 0; k++)
		rc = find_input(c, k);
	return rc;
}

/* In the normal form: as many as ops.def says, and none cut off at the end.  */
static int
check_inputs(struct brn_onnx_call *c)
{
	const struct brn_op_info *op = &brn_ops[c->op];

	while (c->nin > op->lo && !c->in[c->nin - 1])
		c->nin--;
	if (c->nin < op->lo || c->nin > op->hi)
		return brn_onnx_bad(c, "%d inputs, wanted %d to %d", c->nin,
		    op->lo, op->hi);
	for (int k = 0; k < op->lo; k++)
		if (!c->in[k])
			return brn_onnx_bad(c, "input %d is not given", k);
	return 0;
}

static int
add(struct brn_onnx_call *c)
{
	c->node = brn_graph_add(c->im->g, c->op, c->name, c->in, c->nin);
	return c->node ? 0 : brn_nomem(c->im->err);
}

/* From now on, output k of the ONNX node is c->node.  */
static void
bind(struct brn_onnx_call *c, size_t k)
{
	struct brn_onnx_name *v = brn_onnx_find(&c->im->names,
	    c->np->output[k]);

	if (v)
		v->node = c->node;
}

static int
unsupported(struct brn_onnx_call *c)
{
	int rc;

	c->op = BRN_OP_unsupported;
	if ((rc = add(c)) < 0)
		return rc;
	c->node->onnx_op = c->why;
	c->node->opset = brn_onnx_opset(c->im->m, c->np->domain);
	for (size_t k = 0; k < c->np->n_output; k++)
		bind(c, k);
	return 0;
}

/* Output k has a name and, but for the first and those of Split, a use.  */
static int
is_wanted(const struct brn_onnx_call *c, size_t k)
{
	const char *s = c->np->output[k];
	struct brn_onnx_name *v = brn_onnx_find(&c->im->names, s);

	return *s && (!k || c->op == BRN_OP_split || (v && v->uses));
}

/* One node for each output that is wanted; index says which it is, and is
 * left out for the first but of Split.  */
static int
each_output(struct brn_onnx_call *c)
{
	int rc = 0;

	for (size_t k = 0; k < c->np->n_output && rc == 0; k++) {
		if (!is_wanted(c, k))
			continue;
		if (k && c->op == BRN_OP_dropout)
			c->op = BRN_OP_dropout_mask;
		if ((rc = add(c)) < 0 || (rc = brn_onnx_attrs_copy(c)) < 0 ||
		    (rc = brn_onnx_finish(c)) < 0)
			return rc;
		if ((k || c->op == BRN_OP_split) &&
		    c->op != BRN_OP_dropout_mask && brn_attr_set_int(
		    c->im->g, c->node, "index", (int64_t)k) < 0)
			return brn_nomem(c->im->err);
		bind(c, k);
	}
	return rc;
}

static int
supported(struct brn_onnx_call *c)
{
	int rc;

	if ((rc = brn_onnx_attrs_check(c)) < 0 ||
	    (rc = brn_onnx_attrs_to_inputs(c)) < 0 ||
	    (rc = brn_onnx_image_inputs(c)) < 0 ||
	    (rc = check_inputs(c)) < 0)
		return rc;
	if (c->op == BRN_OP_dropout)
		c->nin = 1;
	if (brn_ops[c->op].flags & BRN_MULTI)
		return each_output(c);
	if (c->op == BRN_OP_constant)
		rc = brn_onnx_constant(c);
	else if ((rc = add(c)) == 0 && (rc = brn_onnx_attrs_copy(c)) == 0)
		rc = brn_onnx_finish(c);
	if (rc == 0 && c->np->n_output)
		bind(c, 0);
	return rc;
}

/* What the node is: a body in its place, an operator, or neither.  */
static int
add_node(struct brn_onnx_call *c)
{
	int rc = brn_onnx_inline(c);

	if (rc == 0 && !c->why && c->op == BRN_OP_unsupported)
		rc = brn_onnx_expand(c);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (!c->why && (rc = brn_onnx_refuse(c)) < 0)
		return rc;
	return c->why ? unsupported(c) : supported(c);
}

int
brn_onnx_node(struct brn_onnx_import *im, struct Onnx__NodeProto *np,
    int index)
{
	struct brn_onnx_call c = { .im = im, .np = np };
	int rc;

	if ((rc = brn_onnx_bind_attrs(im, &c.np)) < 0 ||
	    (rc = name_of(&c, index)) < 0)
		return rc;
	c.op = brn_onnx_op(np->op_type);
	if (!brn_onnx_is_default(np->domain))
		c.op = BRN_OP_unsupported;
	rc = find_inputs(&c);
	/* The usual residual, which passes and kernels know as Add.  */
	if (c.op == BRN_OP_sum && c.nin == 2)
		c.op = BRN_OP_add;
	if (rc == 0)
		rc = add_node(&c);
	free(c.in);
	return rc;
}
