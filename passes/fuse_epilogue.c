/* SPDX-License-Identifier: Apache-2.0
 *
 * What a layer can do while it stores its result, it does: an activation, and
 * after it the addition of another value of the same shape.
 *
 *	gelu(dense(x, w, b)) + r  ->  dense(x, w, b, r) {act=gelu}
 */
#include "passes/pass.h"

#include <string.h>

#include "passes/rewrite.h"

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

/* Let a layer like l, which adds residual unless that is NULL, stand for n.
 * NULL: no memory.  */
static struct brn_node *
extend(struct brn_rewrite *r, struct brn_node *n, const struct brn_node *l,
    struct brn_node *residual)
{
	struct brn_node *in[4] = { NULL }, *new;

	memcpy(in, l->in, (size_t)l->nin * sizeof *in);
	if (residual)
		in[3] = residual;
	new = brn_graph_add(r->g, l->op, l->name, in, residual ? 4 : l->nin);
	if (!new)
		return NULL;
	new->nattr = l->nattr;
	new->attr = l->attr;
	new->choice = l->choice;
	new->type = n->type;
	brn_rewrite_to(r, n, new);
	return new;
}

static int
take_act(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *l = open_layer(r, n->in[0]);

	if (!l || brn_attr(l, "act"))
		return BURIN_OK;
	l = extend(r, n, l, NULL);
	if (!l || brn_attr_set_int(r->g, l, "act", act_of(n)) < 0)
		return brn_nomem(err);
	return BURIN_OK;
}

/* Of two layers the later one adds: the other has its value by then.  */
static int
take_residual(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	int later = n->in[1]->id > n->in[0]->id;

	if (n->type.rank < 0 ||
	    !brn_type_equal(&n->in[0]->type, &n->in[1]->type))
		return BURIN_OK;
	for (int i = 0; i < 2; i++) {
		int k = i ? !later : later;
		struct brn_node *l = open_layer(r, n->in[k]);

		if (l)
			return extend(r, n, l, n->in[!k]) ? BURIN_OK :
			    brn_nomem(err);
	}
	return BURIN_OK;
}

int
brn_pass_fuse_epilogue(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	struct brn_rewrite r;
	int rc;

	(void)o;
	if ((rc = brn_rewrite_begin(&r, g, err)) < 0)
		return rc;
	for (int i = 0; i < r.n && rc == BURIN_OK; i++) {
		struct brn_node *n = g->node[i];

		if (n->op == BRN_OP_add)
			rc = take_residual(&r, n, err);
		else if (act_of(n) != BRN_ACT_none)
			rc = take_act(&r, n, err);
	}
	if (rc == BURIN_OK)
		return brn_rewrite_end(&r, changed, err);
	brn_rewrite_free(&r);
	return rc;
}
