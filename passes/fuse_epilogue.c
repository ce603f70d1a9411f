/* SPDX-License-Identifier: Apache-2.0
 *
 * What a layer can do while it stores its result, it does: an activation, and
 * after it the addition of another value of the same shape.
 *
 *	gelu(dense(x, w, b)) + r  ->  dense(x, w, b, r) {act=gelu}
 */
#include "passes/pass.h"

#include "passes/extend.h"

static enum brn_act
act_of(const struct brn_node *n)
{
	switch (n->op) {
	case BRN_OP_gelu:
		return brn_attr_int(n, "tanh", 0) ? BRN_ACT_gelu_tanh :
		    BRN_ACT_gelu;
	case BRN_OP_relu:
		return BRN_ACT_relu;
	case BRN_OP_tanh:
		return BRN_ACT_tanh;
	default:
		return BRN_ACT_none;
	}
}

/* The layer that now makes v, for one user alone, and adds nothing to it; else
 * NULL.  */
static struct brn_node *
open_layer(const struct brn_rewrite *r, struct brn_node *v)
{
	struct brn_node *n = brn_rewrite_now(r, v);

	if (r->uses[v->id] != 1 ||
	    (n->op != BRN_OP_dense && n->op != BRN_OP_bsr_dense))
		return NULL;
	return n->nin == 4 && n->in[3] ? NULL : n;
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
	if (n->op == BRN_OP_add)
		return brn_take_residual(r, n, open_layer, err);
	return act_of(n) != BRN_ACT_none ? take_act(r, n, err) : BURIN_OK;
}

int
brn_pass_fuse_epilogue(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, visit, changed, err);
}
