/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer is not changed in place, since other matches may still look at it
 * until the rewrite ends: a new one is made of it, with what it takes over.
 */
#include "passes/extend.h"

#include <string.h>

struct brn_node *
brn_extend_layer(struct brn_rewrite *r, struct brn_node *n,
    const struct brn_node *l, struct brn_node *residual)
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

/* Of two layers the later one adds: the other has its value by then.  */
int
brn_take_residual(struct brn_rewrite *r, struct brn_node *add,
    brn_open_fn *open, burin_error *err)
{
	int later = add->in[1]->id > add->in[0]->id;

	if (add->type.rank < 0 ||
	    !brn_type_equal(&add->in[0]->type, &add->in[1]->type))
		return BURIN_OK;
	for (int i = 0; i < 2; i++) {
		int k = i ? !later : later;
		struct brn_node *l = open(r, add->in[k]);

		if (l)
			return brn_extend_layer(r, add, l, add->in[!k]) ?
			    BURIN_OK : brn_nomem(err);
	}
	return BURIN_OK;
}

#define NO "not in the store of its layer: "

/* Why l, which makes v, does not do n, too.  */
static const char *
reason(const struct brn_rewrite *r, const struct brn_node *n,
    const struct brn_node *v, const struct brn_node *l, int act_last)
{
	int add = n->op == BRN_OP_add;

	if (add && !brn_type_equal(&n->in[0]->type, &n->in[1]->type))
		return NO "what is added is not known to be of its shape";
	if (r->uses[v->id] != 1)
		return NO "something else uses what that makes";
	if (l->nin > 3 && l->in[3] && (add || !act_last))
		return NO "that adds something already";
	return add ? NO "that is depthwise" :
	    NO "that has an activation already";
}

void
brn_extend_explain(const struct brn_rewrite *r, struct brn_node *n,
    brn_open_fn *layer, int act_last)
{
	int nin = n->op == BRN_OP_add ? 2 : 1;

	if (r->to[n->id])
		return;
	for (int k = 0; k < nin && !n->unfused; k++) {
		struct brn_node *l = layer(r, n->in[k]);

		if (l)
			n->unfused = reason(r, n, n->in[k], l, act_last);
	}
}
