/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of refs, and running a whole graph with them.
 */
#include "ir/op/op.h"

#include "ir/graph/list.h"

brn_ref_fn *const brn_ref[BRN_NUM_OPS] = {
#define OP(name, onnx, lo, hi, work, flags) ref_##name,
#include "ir/ops.def"
};

/* Nodes are computed in order, and each has its type found when the values of
 * its inputs are there.  */
struct run {
	struct brn_graph *g;
	const struct brn_tensor *in;    /* inputs of the graph */
	struct brn_shapes *s;           /* type, and in val what is computed */
	struct brn_tensor *t;           /* [nodes], what val points to */
	const struct brn_ref_watch *watch;      /* NULL: nobody */
};

static int
compute(struct run *r, const struct brn_node *n, burin_error *err)
{
	struct brn_arena *a = r->s->arena;
	const struct brn_tensor **in = brn_arena_alloc(a, (size_t)n->nin,
	    sizeof *in);
	struct brn_tensor *out = &r->t[n->id];
	size_t bytes;
	int rc;

	if ((rc = brn_type_bytes(&out->type, n->name, &bytes, err)) < 0)
		return rc;
	out->data = brn_arena_alloc(a, bytes, 1);
	if (!in || !out->data)
		return brn_nomem(err);
	for (int i = 0; i < n->nin; i++)
		in[i] = n->in[i] ? &r->t[n->in[i]->id] : NULL;
	if ((rc = brn_ref[n->op](n, in, out, err)) < 0)
		return rc;
	if (brn_is_list(&out->type) && brn_ops[n->op].flags & BRN_ALIAS)
		brn_list_ref(brn_list_of(out));
	return rc;
}

static int
run_node(struct run *r, const struct brn_node *n, burin_error *err)
{
	struct brn_tensor *t = &r->t[n->id];
	int rc = BURIN_OK;

	if (n->op == BRN_OP_constant)
		*t = *n->value;
	if (n->op != BRN_OP_input)
		rc = brn_infer_one(r->g, n, r->s, &r->s->type[n->id], err);
	if (rc < 0)
		return rc;
	t->type = r->s->type[n->id];
	if (!(brn_ops[n->op].flags & BRN_LEAF) &&
	    (rc = compute(r, n, err)) < 0)
		return rc;
	if (n->op == BRN_OP_bsr)
		return rc;
	if (r->watch)
		r->watch->fn(n, t, r->watch->ctx);
	r->s->val[n->id] = t;
	return rc;
}

static int
keep_output(const struct brn_tensor *t, struct brn_arena *arena,
    struct brn_tensor *out, burin_error *err)
{
	void *data = brn_arena_alloc(arena, brn_tensor_bytes(t), 1);

	if (!data)
		return brn_nomem(err);
	*out = (struct brn_tensor){ t->type, data };
	if (brn_is_list(&t->type))
		brn_list_ref(brn_list_of(t));
	return brn_copy_all(t, out);
}

/* Whether the inputs fit their declared types is for inference to say.  */
static int
bind_inputs(struct run *r, burin_error *err)
{
	struct brn_graph *g = r->g;
	struct brn_type *type = brn_arena_alloc(r->s->arena, (size_t)g->nin,
	    sizeof *type);
	struct brn_shapes *s;
	int rc;

	if (!type)
		return brn_nomem(err);
	for (int i = 0; i < g->nin; i++) {
		int id = g->in[i].node->id;

		type[i] = r->s->type[id] = r->in[i].type;
		r->t[id] = r->in[i];
	}
	rc = brn_infer_open(g, type, NULL, &s, err);
	if (rc == BURIN_OK)
		brn_shapes_free(s);
	return rc;
}

static void
drop_lists(const struct run *r)
{
	for (int i = 0; r->t && i < r->g->nnode; i++)
		if (brn_is_list(&r->t[i].type) && r->t[i].data &&
		    r->g->node[i]->op != BRN_OP_input)
			brn_list_drop(brn_list_of(&r->t[i]));
}

int
brn_ref_graph_watched(struct brn_graph *g, const struct brn_tensor *in,
    struct brn_tensor *out, struct brn_arena *arena,
    const struct brn_ref_watch *watch, burin_error *err)
{
	struct run r = { .g = g, .in = in, .s = brn_shapes_new(g->nnode),
	    .watch = watch };
	int rc;

	if (!r.s)
		return brn_nomem(err);
	r.t = brn_arena_alloc(r.s->arena, (size_t)g->nnode, sizeof *r.t);
	rc = r.t ? bind_inputs(&r, err) : brn_nomem(err);
	for (int i = 0; rc == BURIN_OK && i < g->nnode; i++)
		rc = run_node(&r, g->node[i], err);
	for (int i = 0; rc == BURIN_OK && i < g->nout; i++)
		rc = keep_output(&r.t[g->out[i].node->id], arena, &out[i],
		    err);
	drop_lists(&r);
	brn_shapes_free(r.s);
	return rc;
}

int
brn_ref_graph(struct brn_graph *g, const struct brn_tensor *in,
    struct brn_tensor *out, struct brn_arena *arena, burin_error *err)
{
	return brn_ref_graph_watched(g, in, out, arena, NULL, err);
}
