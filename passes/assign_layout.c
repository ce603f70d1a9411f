/* SPDX-License-Identifier: Apache-2.0
 *
 * Chooses the layout of every value, rows or tiles (ir/graph/tiles.h), and adds
 * a conversion where a user wants the other one, at most one a value.  Layers
 * and attention compute on tiles.  Other ops that can (brn_tiles_fit) take the
 * layout of their inputs, unless that only adds a conversion.  So an encoder
 * converts nothing between its first layer and its result.
 */
#include "passes/pass.h"

#include <stdlib.h>

#include "ir/graph/tiles.h"

/* A node of the graph that the pass began with.  */
struct value {
	int was_tiles;                  /* before the pass */
	int rows, tiles;                /* uses in that layout */
	struct brn_node *other;         /* converted; NULL: not yet */
};

struct layout {
	struct brn_graph *g;
	int n;                          /* nodes when it began */
	struct value *value;            /* [n] */
	int count;                      /* changes */
};

static int
always_takes_tiles(enum brn_op op)
{
	return op == BRN_OP_dense || op == BRN_OP_bsr_dense ||
	    op == BRN_OP_attention || op == BRN_OP_to_tiles;
}

static int
takes_any(const struct brn_node *n)
{
	return brn_ops[n->op].flags & BRN_SHAPE;
}

/* Of the inputs that n would take in tiles, count those that are tiles now and
 * those that are rows.  An input given twice counts once.  */
static void
count_inputs(const struct brn_node *n, int *tiles, int *rows)
{
	*tiles = *rows = 0;
	for (int k = 0; k < n->nin; k++) {
		int again = 0;

		for (int j = 0; j < k; j++)
			again |= n->in[j] == n->in[k];
		if (!n->in[k] || again || !brn_tiles_input(n, k))
			continue;
		if (n->in[k]->tiles)
			++*tiles;
		else
			++*rows;
	}
}

/* From inputs to users: a node with an input in tiles, and an op that can
 * compute on tiles, does.  */
static void
go_forward(struct layout *l)
{
	for (int i = 0; i < l->n; i++) {
		struct brn_node *n = l->g->node[i];
		int tiles, rows;

		l->value[i].was_tiles = n->tiles;
		n->tiles = brn_tiles_fit(n);
		if (!n->tiles || always_takes_tiles(n->op))
			continue;
		count_inputs(n, &tiles, &rows);
		n->tiles = tiles > 0;
	}
}

/* Now that the users of n are known.  A layer_norm all of whose users want
 * tiles computes on tiles.  A node none of whose users does goes back to rows
 * where that saves a conversion.  */
static void
reconsider(struct brn_node *n, const struct value *v)
{
	int tiles, rows;

	if (n->op == BRN_OP_layer_norm) {
		n->tiles = n->tiles || (v->tiles && !v->rows &&
		    brn_tiles_fit(n));
		return;
	}
	if (!n->tiles || always_takes_tiles(n->op) || v->tiles)
		return;
	count_inputs(n, &tiles, &rows);
	n->tiles = tiles > rows + 1;
}

/* From users to inputs.  */
static void
go_backward(struct layout *l)
{
	for (int i = 0; i < l->g->nout; i++)
		l->value[l->g->out[i].node->id].rows++;
	for (int i = l->n - 1; i >= 0; i--) {
		struct brn_node *n = l->g->node[i];

		reconsider(n, &l->value[i]);
		for (int k = 0; k < n->nin; k++) {
			if (!n->in[k] || takes_any(n))
				continue;
			if (brn_tiles_input(n, k))
				l->value[n->in[k]->id].tiles++;
			else
				l->value[n->in[k]->id].rows++;
		}
	}
}

/* Replace *v by the same value in that layout.  */
static int
convert(struct layout *l, struct brn_node **v, int tiles, burin_error *err)
{
	struct brn_node **other = &l->value[(*v)->id].other;

	if ((*v)->tiles == tiles)
		return BURIN_OK;
	if (!*other) {
		*other = brn_graph_add(l->g, tiles ? BRN_OP_to_tiles :
		    BRN_OP_from_tiles, (*v)->name, v, 1);
		if (!*other)
			return brn_nomem(err);
		(*other)->type = (*v)->type;
		(*other)->tiles = tiles;
		l->count++;
	}
	*v = *other;
	return BURIN_OK;
}

static int
convert_all(struct layout *l, burin_error *err)
{
	int rc;

	for (int i = 0; i < l->n; i++) {
		struct brn_node *n = l->g->node[i];

		l->count += n->tiles != l->value[i].was_tiles;
		for (int k = 0; k < n->nin; k++) {
			if (!n->in[k] || takes_any(n))
				continue;
			rc = convert(l, &n->in[k], brn_tiles_input(n, k), err);
			if (rc < 0)
				return rc;
		}
	}
	for (int i = 0; i < l->g->nout; i++)
		if ((rc = convert(l, &l->g->out[i].node, 0, err)) < 0)
			return rc;
	return BURIN_OK;
}

int
brn_pass_assign_layout(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	struct layout l = { .g = g, .n = g->nnode };
	int rc;

	if (o->rows)
		return BURIN_OK;
	l.value = brn_alloc((size_t)l.n + 1, sizeof *l.value);
	if (!l.value)
		return brn_nomem(err);
	go_forward(&l);
	go_backward(&l);
	rc = convert_all(&l, err);
	free(l.value);
	if (rc == BURIN_OK && l.count)
		rc = brn_graph_sort(g, err);
	if (rc == BURIN_OK)
		*changed += l.count;
	return rc;
}
