/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of refs, and running a whole graph with them.
 */
#include "ir/op/op.h"

#include <stdlib.h>

brn_ref_fn *const brn_ref[BRN_NUM_OPS] = {
#define OP(name, onnx, lo, hi, work, flags) ref_##name,
#include "ir/ops.def"
};

struct run {
	struct brn_arena *arena;        /* of all tensors but the outputs */
	struct brn_shapes *s;
	struct brn_tensor *t;           /* [nodes], their values */
};

static int
run_node(struct run *r, const struct brn_node *n, burin_error *err)
{
	const struct brn_tensor **in;
	struct brn_tensor *out = &r->t[n->id];
	size_t bytes;
	int rc;

	out->type = r->s->type[n->id];
	if (r->s->val[n->id]) {
		*out = *r->s->val[n->id];
		return BURIN_OK;
	}
	if (brn_ops[n->op].flags & BRN_LEAF)    /* input: has its data */
		return BURIN_OK;
	if ((rc = brn_type_bytes(&out->type, n->name, &bytes, err)) < 0)
		return rc;
	in = brn_arena_alloc(r->arena, (size_t)n->nin, sizeof *in);
	out->data = brn_arena_alloc(r->arena, bytes, 1);
	if (!in || !out->data)
		return brn_nomem(err);
	for (int i = 0; i < n->nin; i++)
		in[i] = n->in[i] ? &r->t[n->in[i]->id] : NULL;
	return brn_ref[n->op](n, in, out, err);
}

static int
keep_output(const struct brn_tensor *t, struct brn_arena *arena,
    struct brn_tensor *out, burin_error *err)
{
	void *data = brn_arena_alloc(arena, brn_tensor_bytes(t), 1);

	if (!data)
		return brn_nomem(err);
	*out = (struct brn_tensor){ t->type, data };
	return brn_copy_all(t, out);
}

static int
run_nodes(struct run *r, const struct brn_graph *g,
    const struct brn_tensor *in, burin_error *err)
{
	int rc;

	for (int i = 0; i < g->nin; i++)
		r->t[g->in[i].node->id].data = in[i].data;
	for (int i = 0; i < g->nnode; i++)
		if ((rc = run_node(r, g->node[i], err)) < 0)
			return rc;
	return BURIN_OK;
}

int
brn_ref_graph(struct brn_graph *g, const struct brn_tensor *in,
    struct brn_tensor *out, struct brn_arena *arena, burin_error *err)
{
	struct brn_type *type = brn_alloc((size_t)g->nin, sizeof *type);
	struct run r = { .arena = brn_arena_new() };
	int rc;

	r.t = brn_alloc((size_t)g->nnode, sizeof *r.t);
	if (!type || !r.arena || !r.t) {
		rc = brn_nomem(err);
		goto end;
	}
	for (int i = 0; i < g->nin; i++)
		type[i] = in[i].type;
	rc = brn_infer(g, type, &r.s, err);
	if (rc == BURIN_EUNSUPPORTED)
		rc = brn_infer_data(g, in, &r.s, err);
	if (rc < 0)
		goto end;
	rc = run_nodes(&r, g, in, err);
	for (int i = 0; rc == BURIN_OK && i < g->nout; i++)
		rc = keep_output(&r.t[g->out[i].node->id], arena, &out[i],
		    err);
end:
	brn_shapes_free(r.s);
	brn_arena_free(r.arena);
	free(r.t);
	free(type);
	return rc;
}
