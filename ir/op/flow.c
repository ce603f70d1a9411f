/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops with bodies: types of if, loop, scan and result; running an if; refs.
 */
#include "ir/op/flow_run.h"

#include <stdlib.h>

#include "ir/op/op.h"

/* ---- types --------------------------------------------------------------- */

const struct brn_type *
brn_body_type(const struct brn_node *n, int body, int k)
{
	return &n->body[body].g->out[k].node->type;
}

int
brn_num_carried(const struct brn_node *n)
{
	return n->op == BRN_OP_loop ? n->body->nformal - 2 :
	    n->body->nformal - (int)brn_attr_int(n, "num_scan_inputs");
}

static int
infer_list(struct brn_type *out)
{
	*out = (struct brn_type){ BRN_LIST, 0, { 0 } };
	return BURIN_OK;
}

int
infer_if(struct brn_infer *c, struct brn_type *out)
{
	(void)c;
	return infer_list(out);
}

int
infer_loop(struct brn_infer *c, struct brn_type *out)
{
	(void)c;
	return infer_list(out);
}

int
infer_scan(struct brn_infer *c, struct brn_type *out)
{
	(void)c;
	return infer_list(out);
}

/* *a becomes what is known of a value that has type *a or b: symbols are those
 * of another graph, and mean nothing.  */
static void
either(struct brn_infer *c, struct brn_type *a, const struct brn_type *b)
{
	if (a->dtype != b->dtype || a->rank != b->rank || a->rank < 0) {
		*a = (struct brn_type){ a->dtype == b->dtype ? a->dtype : 0,
		    -1, { 0 } };
		return;
	}
	for (int d = 0; d < a->rank; d++)
		if (brn_is_sym(a->dim[d]) || a->dim[d] != b->dim[d])
			a->dim[d] = brn_infer_new_dim(c);
}

/* A result that is gathered from the steps has a dimension for them.  */
static int
gathered_type(struct brn_infer *c, const struct brn_type *t,
    struct brn_type *out)
{
	if (t->rank == BRN_MAX_RANK)
		return brn_infer_too_many_dims(c);
	*out = (struct brn_type){ t->dtype, t->rank, { 0 } };
	if (t->rank < 0)
		return BURIN_OK;
	out->rank = t->rank + 1;
	for (int d = 0; d < out->rank; d++)
		out->dim[d] = brn_infer_new_dim(c);
	return BURIN_OK;
}

/* Of a value that goes from step to step: that of the body, or, after no step,
 * the first one.  */
static void
carried_type(struct brn_infer *c, const struct brn_node *n, int k,
    struct brn_type *out)
{
	int loop = n->op == BRN_OP_loop;

	*out = *brn_body_type(n, 0, k + loop);
	either(c, out, &c->s->type[n->in[k + 2 * loop]->id]);
}

int
infer_result(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_node *n = c->n->in[0];
	const struct brn_tensor *list = brn_infer_val(c, 0, NULL);
	int k = (int)brn_attr_int(c->n, "index");
	int loop = n->op == BRN_OP_loop;

	*out = (struct brn_type){ .rank = -1 };
	if (list) {
		*out = brn_list_of(list)->item[k]->t.type;
	} else if (n->op == BRN_OP_if) {
		*out = *brn_body_type(n, 0, k);
		either(c, out, brn_body_type(n, 1, k));
	} else if (brn_attr(n, "batched")) {
		out->dtype = brn_body_type(n, 0, k)->dtype;
	} else if (k < brn_num_carried(n)) {
		carried_type(c, n, k, out);
	} else {
		return gathered_type(c, brn_body_type(n, 0, k + loop), out);
	}
	return BURIN_OK;
}

/* ---- results ------------------------------------------------------------- */

int
brn_flow_add(struct brn_flow *f, struct brn_item *i)
{
	return brn_list_insert(f->list, f->list->n, i) < 0 ?
	    brn_nomem(f->err) : 0;
}

/* Whether v is an input of the node as it is, whose memory may be gone when its
 * result is read.  */
static int
is_input(const struct brn_flow *f, const struct brn_tensor *v)
{
	for (int i = 0; i < f->n->nin; i++)
		if (f->in[i] && f->in[i]->data == v->data)
			return 1;
	return 0;
}

void
brn_flow_bind(struct brn_flow *f, int k)
{
	const struct brn_body *b = &f->n->body[k];

	for (int i = b->nformal; i < b->g->nin; i++)
		f->from[i] = *f->in[b->first + i - b->nformal];
}

int
brn_flow_body(struct brn_flow *f, int k)
{
	return f->b->run(f->b->ctx, k, f->from, f->to, f->err);
}

int
brn_flow_truth(struct brn_flow *f, const struct brn_tensor *t, const char *what)
{
	if (t->type.dtype == BURIN_BOOL && brn_numel(t) == 1)
		return brn_get_int(t, 0) != 0;
	return brn_fail(f->err, BURIN_ESHAPE, "node '%s': %s is not one bool",
	    f->n->name, what);
}

/* ---- if ------------------------------------------------------------------ */

static int
run_if(struct brn_flow *f)
{
	int yes = brn_flow_truth(f, f->in[0], "the condition"), k = !yes, rc;

	if (yes < 0)
		return yes;
	brn_flow_bind(f, k);
	rc = brn_flow_body(f, k);
	for (int i = 0; rc == 0 && i < f->n->body[k].g->nout; i++) {
		struct brn_tensor *v = &f->to[i];
		int copy = brn_is_list(&v->type) || is_input(f, v);

		rc = brn_flow_add(f, copy ? brn_item_copy(v) :
		    brn_item_wrap(v, 0));
	}
	return rc;
}

/* ---- all ----------------------------------------------------------------- */

static int
flow_init(struct brn_flow *f)
{
	int nin = 0, nout = 0;

	for (int k = 0; k < f->n->nbody; k++) {
		const struct brn_graph *g = f->n->body[k].g;

		nin = g->nin > nin ? g->nin : nin;
		nout = g->nout > nout ? g->nout : nout;
	}
	f->from = brn_alloc((size_t)nin + (size_t)nout, sizeof *f->from);
	f->list = brn_list_new();
	if (!f->from || !f->list)
		return brn_nomem(f->err);
	f->to = f->from + nin;
	return 0;
}

int
brn_flow_run(const struct brn_node *n, const struct brn_tensor *const *in,
    const struct brn_bodies *b, struct brn_list **out, burin_error *err)
{
	struct brn_flow f = { .n = n, .in = in, .b = b, .err = err };
	int rc = flow_init(&f);

	if (rc == 0)
		rc = n->op == BRN_OP_if ? run_if(&f) :
		    n->op == BRN_OP_loop ? brn_flow_loop(&f) :
		    brn_flow_scan(&f);
	free(f.from);
	if (rc < 0)
		brn_list_drop(f.list);
	else
		*out = f.list;
	return rc;
}

/* ---- refs ---------------------------------------------------------------- */

/* Bodies that the refs run; what they return is in an arena.  */
struct ref_bodies {
	const struct brn_node *n;
	struct brn_arena *arena;
	struct brn_list *lists;         /* items hold the lists in the arena */
};

/* Let r->lists have the reference to a list that out has.  */
static int
keep_list(struct ref_bodies *r, const struct brn_tensor *out,
    burin_error *err)
{
	int rc = brn_list_insert(r->lists, r->lists->n, brn_item_copy(out));

	brn_list_drop(brn_list_of(out));
	return rc < 0 ? brn_nomem(err) : 0;
}

static int
run_by_ref(void *ctx, int k, const struct brn_tensor *in,
    struct brn_tensor *out, burin_error *err)
{
	struct ref_bodies *r = ctx;
	struct brn_graph *g = r->n->body[k].g;
	int rc = brn_ref_graph(g, in, out, r->arena, err);

	for (int i = 0; i < g->nout && rc == 0; i++)
		if (brn_is_list(&out[i].type))
			rc = keep_list(r, &out[i], err);
	return rc;
}

static int
flow_by_ref(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, burin_error *err)
{
	struct ref_bodies r = { n, brn_arena_new(), brn_list_new() };
	int64_t steps = 1 << 20;
	struct brn_bodies b = { run_by_ref, &r, &steps, 1 << 30 };
	struct brn_list *list = NULL;
	int rc = r.arena && r.lists ? brn_flow_run(n, in, &b, &list, err) :
	    brn_nomem(err);

	for (int i = 0; rc == 0 && i < list->n; i++) {
		struct brn_item *copy = brn_item_copy(&list->item[i]->t);

		if (!copy)
			rc = brn_nomem(err);
		brn_item_drop(list->item[i]);
		list->item[i] = copy;
	}
	brn_list_drop(r.lists);
	brn_arena_free(r.arena);
	if (rc < 0)
		brn_list_drop(list);
	else
		*(struct brn_list **)out->data = list;
	return rc;
}

BRN_REF(if)
{
	return flow_by_ref(n, in, out, err);
}

BRN_REF(loop)
{
	return flow_by_ref(n, in, out, err);
}

BRN_REF(scan)
{
	return flow_by_ref(n, in, out, err);
}

BRN_REF(result)
{
	int k = (int)brn_attr_int(n, "index");
	const struct brn_tensor *t = &brn_list_of(in[0])->item[k]->t;

	if (brn_is_list(&t->type)) {
		*(struct brn_list **)out->data =
		    brn_list_ref(brn_list_of(t));
		return BURIN_OK;
	}
	return brn_copy_all(t, out);
}
