/* SPDX-License-Identifier: Apache-2.0
 *
 * Graphs inside graphs: values of those around.
 */
#include "ir/onnx/scope.h"

#include <string.h>

#include "ir/op/infer.h"

/* ---- values of graphs around --------------------------------------------- */

int
brn_onnx_grow(struct brn_graph *g, void *p, size_t size, int n, int *room)
{
	void **at = p, *q;

	if (n < *room)
		return 0;
	*room = *room ? 2 * *room : 8;
	q = brn_arena_alloc(g->arena, (size_t)*room, size);
	if (!q)
		return -1;
	if (n)
		memcpy(q, *at, (size_t)n * size);
	*at = q;
	return 0;
}

struct brn_node *
brn_onnx_add_input(struct brn_onnx_scope *s, const char *name,
    struct brn_type t)
{
	struct brn_graph *g = s->g;
	struct brn_node *n;

	if (brn_onnx_grow(g, &g->in, sizeof *g->in, g->nin,
	    &s->roomin) < 0)
		return NULL;
	for (int d = 0; d < t.rank; d++)
		if (brn_is_sym(t.dim[d]) &&
		    !(t.dim[d] = brn_follow_sym(s->follow, g)))
			return NULL;
	n = brn_graph_add(g, BRN_OP_input, name, NULL, 0);
	if (n) {
		n->type = t;
		g->in[g->nin++] = (struct brn_value){ n->name, n, t };
	}
	return n;
}

/* Node outer of the graph around s as a node of s.  */
static struct brn_node *
import_value(struct brn_onnx_import *im, struct brn_onnx_scope *s,
    struct brn_node *outer)
{
	const struct brn_shapes *known;
	const struct brn_tensor *v;
	burin_error err;
	int rc = brn_follow(&s->up->follow, s->up->g, &known, &err);

	if (rc < 0) {
		brn_fail(im->err, rc, "%s: %s", im->src.file, err.msg);
		return NULL;
	}
	v = brn_is_const(outer) ? outer->value : known->val[outer->id];
	if (!v || known->sym[outer->id])
		return brn_onnx_add_input(s, outer->name,
		    known->type[outer->id]);
	return brn_graph_constant(s->g, outer->name, &v->type, v->data);
}

/* Remember what outer is in s.  */
static int
remember(struct brn_onnx_scope *s, struct brn_node *outer,
    struct brn_node *inner)
{
	int room = s->room;

	if (brn_onnx_grow(s->g, &s->outer, sizeof *s->outer, s->nouter,
	    &room) < 0 ||
	    brn_onnx_grow(s->g, &s->inner, sizeof *s->inner, s->nouter,
	    &s->room) < 0)
		return -1;
	s->outer[s->nouter] = outer;
	s->inner[s->nouter++] = inner;
	return 0;
}

/* A node of graph owner, which is that of s or one around it, as a node of s:
 * every graph between them has it as well.  */
static struct brn_node *
capture(struct brn_onnx_import *im, struct brn_onnx_scope *s,
    const struct brn_graph *owner, struct brn_node *n)
{
	struct brn_node *outer, *inner;

	if (s->g == owner)
		return n;
	outer = capture(im, s->up, owner, n);
	for (int i = 0; outer && i < s->nouter; i++)
		if (s->outer[i] == outer)
			return s->inner[i];
	inner = outer ? import_value(im, s, outer) : NULL;
	return inner && remember(s, outer, inner) == 0 ? inner : NULL;
}

int
brn_onnx_value(struct brn_onnx_import *im, const char *s,
    struct brn_onnx_name **name, struct brn_node **out)
{
	struct brn_graph *owner;
	struct brn_onnx_name *v = brn_onnx_find_in(&im->names, s, &owner);

	if (name)
		*name = v;
	*out = v ? v->node : NULL;
	if (!*out)
		return 0;
	im->err->code = 0;
	*out = capture(im, im->scope, owner, *out);
	if (*out)
		return 0;
	return im->err->code ? im->err->code : brn_nomem(im->err);
}

int
brn_onnx_known(struct brn_onnx_import *im, const struct brn_shapes **out)
{
	burin_error err;
	int rc = brn_follow(&im->scope->follow, im->g, out, &err);

	return rc < 0 ? brn_fail(im->err, rc, "%s: %s", im->src.file,
	    err.msg) : rc;
}
