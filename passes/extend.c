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
