/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of the invariants of a graph: after import, and with option verify
 * after every pass.
 */
#include "ir/graph/graph.h"

#include "ir/attrs.h"
#include "ir/graph/epilogue.h"
#include "ir/graph/tiles.h"

#include <string.h>

static int
check_place(const struct brn_graph *g, int i, burin_error *err)
{
	const struct brn_node *n = g->node[i];
	const struct brn_op_info *op = &brn_ops[n->op];

	if (n->id != i)
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': has id %d, wanted %d", n->name, n->id, i);
	if (n->nin < op->lo || n->nin > op->hi)
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': %s has %d inputs, wanted %d to %d", n->name,
		    op->name, n->nin, op->lo, op->hi);
	return 0;
}

static int
check_inputs(const struct brn_graph *g, int i, burin_error *err)
{
	const struct brn_node *n = g->node[i];

	for (int k = 0; k < n->nin; k++) {
		const struct brn_node *in = n->in[k];

		if (!in && k < brn_ops[n->op].lo)
			return brn_fail(err, BURIN_EFORMAT,
			    "node '%s': input %d is absent, %s needs it",
			    n->name, k, brn_ops[n->op].name);
		if (in && (in->id < 0 || in->id >= i || g->node[in->id] != in))
			return brn_fail(err, BURIN_EFORMAT,
			    "node '%s': input '%s' does not come before it",
			    n->name, in->name);
	}
	return 0;
}

/* The number of values of an attribute that is one of a few, from 0; else 0.
 * Ops rely on the range: ONNX files cannot set these to anything else.  */
static int
count_values(const struct brn_node *n, const struct brn_attr_info *info)
{
	int k = 0;

	if (info->role == BRN_ATTR_WORD)
		while (info->word[k])
			k++;
	else if (!strcmp(info->name, "act"))
		k = BRN_ACT_tanh + 1;
	else if (!strcmp(info->name, "into"))
		k = n->nin;
	return k;
}

/* a is an attribute of the op, of the type and with a value that ir/attrs.def
 * says.  */
static int
check_attr(const struct brn_node *n, const struct brn_attr *a,
    burin_error *err)
{
	const struct brn_attr_info *info = brn_attr_info(n->op, a->name);
	int nval = info ? count_values(n, info) : 0;

	if (!info)
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': %s has no attribute '%s'", n->name,
		    brn_ops[n->op].name, a->name);
	if ((info->type == BRN_ATTR_INTS) != (a->ints != NULL) ||
	    (info->type == BRN_ATTR_TENSOR) != (a->t != NULL))
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': attribute '%s' is of another type", n->name,
		    a->name);
	if (nval && (a->i < 0 || a->i >= nval))
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': attribute '%s' is %lld, wanted 0 to %d",
		    n->name, a->name, (long long)a->i, nval - 1);
	return 0;
}

static int
check_attrs(const struct brn_node *n, burin_error *err)
{
	const struct brn_attr_info *info = brn_attrs_of(n->op);
	int rc = 0;

	for (int i = 0; i < n->nattr && rc == 0; i++)
		rc = check_attr(n, &n->attr[i], err);
	for (; info->name && rc == 0; info++)
		if (info->absence == BRN_ATTR_ALWAYS &&
		    !brn_attr(n, info->name))
			rc = brn_fail(err, BURIN_EFORMAT,
			    "node '%s': %s without attribute '%s'", n->name,
			    brn_ops[n->op].name, info->name);
	return rc;
}

static int
check_leaf(const struct brn_node *n, burin_error *err)
{
	if (n->op == BRN_OP_constant && (!n->value || !n->value->data ||
	    !brn_type_is_concrete(&n->value->type)))
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': constant without a value", n->name);
	if (n->op == BRN_OP_bsr && !n->bsr)
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': bsr without a matrix", n->name);
	if (n->op == BRN_OP_bsr)
		return brn_bsr_check(n->bsr, err);
	if ((n->op == BRN_OP_bsr_dense || n->op == BRN_OP_bsr_conv) &&
	    n->in[1]->op != BRN_OP_bsr)
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': weight is %s, wanted bsr", n->name,
		    brn_ops[n->in[1]->op].name);
	return 0;
}

/* A matrix in blocks is read by its layers only.  */
static int
check_bsr_uses(const struct brn_node *n, burin_error *err)
{
	int layer = n->op == BRN_OP_bsr_dense ||
	    n->op == BRN_OP_bsr_conv || n->op == BRN_OP_recurrent;

	for (int k = 0; k < n->nin; k++)
		if (n->in[k] && n->in[k]->op == BRN_OP_bsr &&
		    !(layer && k == 1))
			return brn_fail(err, BURIN_EFORMAT,
			    "node '%s': input %d of %s is a bsr", n->name, k,
			    brn_ops[n->op].name);
	return 0;
}

static const char *
layout_name(int tiles)
{
	return tiles ? "tiles" : "rows";
}

/* A node with bodies has as many as its op wants, with the inputs that they are
 * given.  */
static int
check_bodies(const struct brn_node *n, burin_error *err)
{
	int want = !(brn_ops[n->op].flags & BRN_BODIES) ? 0 :
	    n->op == BRN_OP_if ? 2 : 1, rc = 0;

	if (n->nbody != want)
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': %s has %d bodies, wanted %d", n->name,
		    brn_ops[n->op].name, n->nbody, want);
	for (int i = 0; i < n->nbody && rc == 0; i++) {
		const struct brn_body *b = &n->body[i];

		if (b->nformal > b->g->nin ||
		    b->first + b->g->nin - b->nformal > n->nin)
			return brn_fail(err, BURIN_EFORMAT, "node '%s': body "
			    "%d has inputs that nothing gives", n->name, i);
		rc = brn_graph_verify(b->g, err);
	}
	if (n->op == BRN_OP_result && !(brn_ops[n->in[0]->op].flags &
	    BRN_BODIES))
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': result of a node without bodies", n->name);
	return rc;
}

/* Each input is in the layout that the node takes.  */
static int
check_layout(const struct brn_node *n, burin_error *err)
{
	if (n->tiles && !brn_tiles_fit(n))
		return brn_fail(err, BURIN_EFORMAT,
		    "node '%s': %s like this has no form on tiles", n->name,
		    brn_ops[n->op].name);
	if (brn_ops[n->op].flags & BRN_SHAPE)
		return 0;
	for (int k = 0; k < n->nin; k++) {
		const struct brn_node *in = n->in[k];

		if (in && in->tiles != brn_tiles_input(n, k))
			return brn_fail(err, BURIN_EFORMAT,
			    "node '%s': input '%s' is in %s, wanted %s",
			    n->name, in->name, layout_name(in->tiles),
			    layout_name(!in->tiles));
	}
	return 0;
}

static int
check_ports(const struct brn_graph *g, const struct brn_value *v, int nv,
    const char *what, burin_error *err)
{
	for (int i = 0; i < nv; i++) {
		const struct brn_node *n = v[i].node;

		if (!n || n->id < 0 || n->id >= g->nnode ||
		    g->node[n->id] != n)
			return brn_fail(err, BURIN_EFORMAT,
			    "%s '%s': no node of the graph", what, v[i].name);
	}
	return 0;
}

int
brn_graph_verify(const struct brn_graph *g, burin_error *err)
{
	int rc;

	for (int i = 0; i < g->nnode; i++)
		if ((rc = check_place(g, i, err)) < 0 ||
		    (rc = check_inputs(g, i, err)) < 0 ||
		    (rc = check_attrs(g->node[i], err)) < 0 ||
		    (rc = check_leaf(g->node[i], err)) < 0 ||
		    (rc = check_bsr_uses(g->node[i], err)) < 0 ||
		    (rc = check_bodies(g->node[i], err)) < 0 ||
		    (rc = check_layout(g->node[i], err)) < 0)
			return rc;
	if ((rc = check_ports(g, g->in, g->nin, "input", err)) < 0)
		return rc;
	if ((rc = check_ports(g, g->out, g->nout, "output", err)) < 0)
		return rc;
	for (int i = 0; i < g->nout; i++) {
		const struct brn_node *n = g->out[i].node;

		if (n->tiles || n->op == BRN_OP_bsr)
			return brn_fail(err, BURIN_EFORMAT,
			    "output '%s': is in %s, wanted rows",
			    g->out[i].name, n->tiles ? "tiles" : "blocks");
	}
	return BURIN_OK;
}
