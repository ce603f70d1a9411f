/* SPDX-License-Identifier: Apache-2.0
 *
 * What a layer can do while it stores its result, it does: an activation, and
 * after it the addition of another value of the same shape.
 *
 *	gelu(dense(x, w, b)) + r  ->  dense(x, w, b, r) {act=gelu}
 *
 * An activation or an addition that stays behind a layer is told why.
 */
#include "passes/pass.h"

#include "passes/extend.h"

static enum brn_act
act_of(const struct brn_node *n)
{
	switch (n->op) {
	case BRN_OP_gelu:
		return brn_attr_int(n, "tanh") ? BRN_ACT_gelu_tanh :
		    BRN_ACT_gelu;
	case BRN_OP_relu:
		return BRN_ACT_relu;
	case BRN_OP_tanh:
		return BRN_ACT_tanh;
	default:
		return BRN_ACT_none;
	}
}

/* The layer that now makes v, or NULL.  */
static struct brn_node *
layer_of(const struct brn_rewrite *r, struct brn_node *v)
{
	struct brn_node *n = brn_rewrite_now(r, v);

	return n->op == BRN_OP_dense || n->op == BRN_OP_bsr_dense ? n : NULL;
}

static int
has_residual(const struct brn_node *l)
{
	return l->nin == 4 && l->in[3];
}

/* That layer, if it is for one user alone, and adds nothing yet; else NULL.  */
static struct brn_node *
open_layer(const struct brn_rewrite *r, struct brn_node *v)
{
	struct brn_node *l = layer_of(r, v);

	return l && r->uses[v->id] == 1 && !has_residual(l) ? l : NULL;
}

static int
take_act(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *l = open_layer(r, n->in[0]);

	if (!l || brn_attr(l, "act"))
		return BURIN_OK;
	l = brn_extend_layer(r, n, l, NULL);
	if (!l || brn_attr_set_int(r->g, l, "act", act_of(n)) < 0)
		return brn_nomem(err);
	return BURIN_OK;
}

static int
visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	int rc;

	if (n->op != BRN_OP_add && act_of(n) == BRN_ACT_none)
		return BURIN_OK;
	rc = n->op == BRN_OP_add ? brn_take_residual(r, n, open_layer, err) :
	    take_act(r, n, err);
	if (rc == BURIN_OK)
		brn_extend_explain(r, n, layer_of, 0);
	return rc;
}

int
brn_pass_fuse_epilogue(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, visit, changed, err);
}
