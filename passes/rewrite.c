/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts the uses of nodes, records replacements and redirects users.
 */
#include "passes/rewrite.h"

#include <stdlib.h>
#include <string.h>

static void
count_uses(struct brn_rewrite *r)
{
	struct brn_graph *g = r->g;

	for (int i = 0; i < g->nnode; i++) {
		struct brn_node *n = g->node[i];

		for (int k = 0; k < n->nin; k++) {
			int id;

			if (!n->in[k])
				continue;
			id = n->in[k]->id;
			if (brn_ops[n->op].flags & BRN_SHAPE)
				r->shape_uses[id]++;
			if (r->uses[id]++ == 0)
				r->user[id] = n;
			else if (r->user[id] != n)
				r->user[id] = NULL;
		}
	}
	for (int i = 0; i < g->nout; i++) {
		r->uses[g->out[i].node->id]++;
		r->user[g->out[i].node->id] = NULL;
	}
}

int
brn_rewrite_begin(struct brn_rewrite *r, struct brn_graph *g,
    burin_error *err)
{
	size_t n = (size_t)g->nnode + 1;        /* an empty graph is legal */

	memset(r, 0, sizeof *r);
	r->g = g;
	r->n = g->nnode;
	r->uses = brn_alloc(n, sizeof *r->uses);
	r->shape_uses = brn_alloc(n, sizeof *r->shape_uses);
	r->user = brn_alloc(n, sizeof *r->user);
	r->to = brn_alloc(n, sizeof *r->to);
	r->memo = brn_alloc(2 * n, sizeof *r->memo);
	if (!r->uses || !r->shape_uses || !r->user || !r->to ||
	    !r->memo) {
		brn_rewrite_free(r);
		return brn_nomem(err);
	}
	count_uses(r);
	return BURIN_OK;
}

void
brn_rewrite_free(struct brn_rewrite *r)
{
	free(r->uses);
	free(r->shape_uses);
	free(r->user);
	free(r->to);
	free(r->memo);
	r->uses = r->shape_uses = NULL;
	r->user = r->to = r->memo = NULL;
}

void
brn_rewrite_to(struct brn_rewrite *r, struct brn_node *old,
    struct brn_node *new)
{
	r->to[old->id] = brn_rewrite_now(r, new);
	r->count++;
}

int
brn_rewrite_as(struct brn_rewrite *r, struct brn_node *old,
    struct brn_node *new, burin_error *err)
{
	if (!new)
		return brn_nomem(err);
	new->type = old->type;
	brn_rewrite_to(r, old, new);
	return BURIN_OK;
}

struct brn_node *
brn_rewrite_now(const struct brn_rewrite *r, struct brn_node *n)
{
	while (n && n->id < r->n && r->to[n->id])
		n = r->to[n->id];
	return n;
}

int
brn_rewrite_end(struct brn_rewrite *r, int *changed, burin_error *err)
{
	struct brn_graph *g = r->g;
	int rc = BURIN_OK;

	for (int i = 0; i < g->nnode; i++) {
		struct brn_node *n = g->node[i];

		for (int k = 0; k < n->nin; k++)
			n->in[k] = brn_rewrite_now(r, n->in[k]);
	}
	for (int i = 0; i < g->nout; i++)
		g->out[i].node = brn_rewrite_now(r, g->out[i].node);
	if (r->count)
		rc = brn_graph_sort(g, err);
	if (rc == BURIN_OK)
		*changed += r->count;
	brn_rewrite_free(r);
	return rc;
}

int
brn_rewrite_each(struct brn_graph *g, brn_visit_fn *visit, int *changed,
    burin_error *err)
{
	struct brn_rewrite r;
	int rc;

	if ((rc = brn_rewrite_begin(&r, g, err)) < 0)
		return rc;
	for (int i = 0; i < r.n && rc == BURIN_OK; i++)
		if ((rc = brn_spend(g, 0, err)) == BURIN_OK)
			rc = visit(&r, g->node[i], err);
	if (rc == BURIN_OK)
		return brn_rewrite_end(&r, changed, err);
	brn_rewrite_free(&r);
	return rc;
}

int
brn_match_add(struct brn_match *m, const struct brn_node *n)
{
	for (int i = 0; i < m->n; i++)
		if (m->node[i] == n)
			return 1;
	if (m->n == BRN_MATCH_MAX)
		return 0;
	m->node[m->n++] = n;
	return 1;
}

static int
uses_by(const struct brn_node *user, const struct brn_node *n)
{
	int uses = 0;

	for (int k = 0; k < user->nin; k++)
		uses += user->in[k] == n;
	return uses;
}

int
brn_match_is_closed(const struct brn_match *m, const struct brn_rewrite *r,
    const struct brn_node *root)
{
	for (int i = 0; i < m->n; i++) {
		const struct brn_node *n = m->node[i];
		int inside = uses_by(root, n) + r->shape_uses[n->id];

		for (int k = 0; k < m->n; k++)
			inside += uses_by(m->node[k], n);
		if (inside != r->uses[n->id])
			return 0;
	}
	return 1;
}

int
brn_is_matrix_transpose(const struct brn_node *n)
{
	const struct brn_attr *perm;

	if (n->op != BRN_OP_transpose || n->in[0]->type.rank != 2)
		return 0;
	perm = brn_attr(n, "perm");
	return !perm || (perm->nints == 2 && perm->ints[0] == 1 &&
	    perm->ints[1] == 0);
}

int
brn_is_const_matrix(const struct brn_node *n)
{
	return brn_is_const(n) && n->value->type.dtype == BURIN_F32 &&
	    n->value->type.rank == 2;
}
