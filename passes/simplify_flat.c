/* SPDX-License-Identifier: Apache-2.0
 *
 * A dense layer between two Reshapes that make rows of all tokens and undo
 * that, as exporters write GPT-2's, takes the tokens as they are:
 *
 *	reshape(dense(reshape(x)))  ->  dense(x)        x [.., cols]
 *
 * Then layers, norms and residuals have one shape, and fuse with each other.
 * The layer over all steps of a recurrent one stays flat: its tokens are one
 * dimension, where x has [steps, batch, features] and tiles would end with each
 * step.
 */
#include "passes/pass.h"

#include "passes/rewrite.h"

/* Are a and b the same but for their last dimension?  */
static int
is_alike(const struct brn_type *a, const struct brn_type *b)
{
	if (a->rank != b->rank || a->rank < 2)
		return 0;
	for (int i = 0; i < a->rank - 1; i++)
		if (a->dim[i] != b->dim[i])
			return 0;
	return 1;
}

static int64_t
last(const struct brn_type *t)
{
	return t->dim[t->rank - 1];
}

/* x, if n is x as a matrix with its last dimension; else NULL.  */
static struct brn_node *
flattened(const struct brn_node *n)
{
	struct brn_node *x = n->op == BRN_OP_reshape ? n->in[0] : NULL;

	return x && n->type.rank == 2 && x->type.rank >= 2 &&
	    last(&x->type) == last(&n->type) && last(&n->type) > 0 ? x : NULL;
}

static int
is_of_recurrent(const struct brn_rewrite *r, const struct brn_node *n)
{
	const struct brn_node *user = r->user[n->id];

	return user && user->op == BRN_OP_recurrent;
}

static int
simplify_flat_visit(struct brn_rewrite *r, struct brn_node *n,
    burin_error *err)
{
	struct brn_node *d, *x, *new;
	int64_t trans_w;

	if (n->op != BRN_OP_reshape || is_of_recurrent(r, n))
		return BURIN_OK;
	d = n->in[0];
	if (d->op != BRN_OP_dense || r->user[d->id] != n || d->nin > 3 ||
	    !(x = flattened(d->in[0])) || !is_alike(&x->type, &n->type) ||
	    last(&n->type) != last(&d->type))
		return BURIN_OK;
	trans_w = brn_attr_int(d, "trans_w");
	new = brn_graph_add(r->g, BRN_OP_dense, d->name,
	    (struct brn_node *[]){ x, d->in[1], d->nin > 2 ? d->in[2] : NULL },
	    d->nin);
	if (!new || (trans_w && brn_attr_set_int(r->g, new, "trans_w",
	    trans_w) < 0))
		return brn_nomem(err);
	return brn_rewrite_as(r, n, new, err);
}

int
brn_pass_simplify_flat(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, simplify_flat_visit, changed, err);
}
