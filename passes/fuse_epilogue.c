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

#define NO "not in the store of its layer: "

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

/* Why the layer that makes v does not do n, too; NULL: no layer makes it.  */
static const char *
reason(const struct brn_rewrite *r, const struct brn_node *n,
    struct brn_node *v)
{
	const struct brn_node *l = layer_of(r, v);

	if (!l)
		return NULL;
	if (n->op == BRN_OP_add &&
	    !brn_type_equal(&n->in[0]->type, &n->in[1]->type))
		return NO "what is added is not known to be of its shape";
	if (r->uses[v->id] != 1)
		return NO "something else uses what that makes";
	return has_residual(l) ? NO "that adds something already" :
	    NO "that has an activation already";
}

static int
visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	int add = n->op == BRN_OP_add, rc;

	if (!add && act_of(n) == BRN_ACT_none)
		return BURIN_OK;
	rc = add ? brn_take_residual(r, n, open_layer, err) :
	    take_act(r, n, err);
	if (rc < 0 || r->to[n->id])
		return rc;
	for (int k = 0; k < 1 + add && !n->unfused; k++)
		n->unfused = reason(r, n, n->in[k]);
	return BURIN_OK;
}

int
brn_pass_fuse_epilogue(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, visit, changed, err);
}
