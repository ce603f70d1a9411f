/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer with a transposed weight gets the weight itself and attribute
 * trans_w; no element is moved.  The weight is not changed, since it may have
 * other users (a tied embedding, another layer).
 */
#include "passes/pass.h"

#include "ir/graph/weight.h"
#include "passes/rewrite.h"

/* The constant under a stack of transposes; *flips is their number.  NULL:
 * none.  */
static struct brn_node *
source(struct brn_node *w, int *flips)
{
	for (*flips = 0; brn_is_matrix_transpose(w); ++*flips)
		w = w->in[0];
	return *flips && brn_is_const_matrix(w) ? w : NULL;
}

int
brn_pass_simplify_fc_transpose(struct brn_graph *g,
    const struct brn_pass_opts *o, int *changed, burin_error *err)
{
	int count = 0;

	(void)o;
	for (int i = 0; i < g->nnode; i++) {
		struct brn_node *n = g->node[i], *w;
		int flips;

		if (n->op != BRN_OP_dense || !(w = source(n->in[1], &flips)))
			continue;
		flips += brn_weight_is_transposed(n);
		if (flips % 2 == 0)
			brn_attr_drop(n, "trans_w");
		else if (brn_attr_set_int(g, n, "trans_w", 1) < 0)
			return brn_nomem(err);
		n->in[1] = w;
		count++;
	}
	*changed += count;
	return BURIN_OK;
}
