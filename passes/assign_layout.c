/* SPDX-License-Identifier: Apache-2.0
 *
 * Decides which values live in tiles (ir/graph/tiles.h) and puts conversions
 * where the two layouts meet, one a value.  Layers and attention always work
 * on tiles; what has a form on tiles follows the values that it gets, unless
 * that would only add a conversion.  So from the first layer of an encoder to
 * its result nothing is converted.
 */
#include "passes/pass.h"

#include <stdlib.h>

#include "ir/graph/tiles.h"

/* All that is kept of one node of the graph as it was.  */
struct place {
	int was;                        /* tiles, before the pass */
	int rows, tiles;                /* uses in that layout */
	struct brn_node *other;         /* the value in the other layout */
};

struct layout {
	struct brn_graph *g;
	int n;                          /* nodes when it began */
	struct place *place;            /* [n] */
	int count;
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

/* Inputs that n would take in tiles: how many of them are there, and how many
 * are rows now.  An input given twice counts once.  */
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

/* Tiles stay tiles.  */
static void
go_forward(struct layout *l)
{
	for (int i = 0; i < l->n; i++) {
		struct brn_node *n = l->g->node[i];
		int tiles, rows;

		l->place[i].was = n->tiles;
		n->tiles = brn_tiles_fit(n);
		if (!n->tiles || always_takes_tiles(n->op))
			continue;
		count_inputs(n, &tiles, &rows);
		n->tiles = tiles > 0;
	}
}

/* A normalisation between rows and layers is better on tiles.  And who leaves
 * the tiles does it where less is to be converted.  */
static void
reconsider(struct brn_node *n, const struct place *p)
{
	int tiles, rows;

	if (n->op == BRN_OP_layer_norm) {
		n->tiles = n->tiles || (p->tiles && !p->rows &&
		    brn_tiles_fit(n));
		return;
	}
	if (!n->tiles || always_takes_tiles(n->op) || p->tiles)
		return;
	count_inputs(n, &tiles, &rows);
	n->tiles = tiles > rows + 1;
}

/* From the users to what they use.  */
static void
go_backward(struct layout *l)
{
	for (int i = 0; i < l->g->nout; i++)
		l->place[l->g->out[i].node->id].rows++;
	for (int i = l->n - 1; i >= 0; i--) {
		struct brn_node *n = l->g->node[i];

		reconsider(n, &l->place[i]);
		for (int k = 0; k < n->nin; k++) {
			if (!n->in[k] || takes_any(n))
				continue;
			if (brn_tiles_input(n, k))
				l->place[n->in[k]->id].tiles++;
			else
				l->place[n->in[k]->id].rows++;
		}
	}
}

/* *v in that layout.  */
static int
convert(struct layout *l, struct brn_node **v, int tiles, burin_error *err)
{
	struct brn_node **other = &l->place[(*v)->id].other;

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

		l->count += n->tiles != l->place[i].was;
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
	l.place = brn_alloc((size_t)l.n + 1, sizeof *l.place);
	if (!l.place)
		return brn_nomem(err);
	go_forward(&l);
	go_backward(&l);
	rc = convert_all(&l, err);
	free(l.place);
	if (rc == BURIN_OK && l.count)
		rc = brn_graph_sort(g, err);
	if (rc == BURIN_OK)
		*changed += l.count;
	return rc;
}
