/* SPDX-License-Identifier: Apache-2.0
 *
 * Making plans: types and known values, the steps between them with their
 * forms, the stretches that run band by band, and the memory.
 */
#include "runtime/plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/forms.h"
#include "runtime/lifetimes.h"

void
brn_plan_free(struct brn_plan *p)
{
	if (!p)
		return;
	for (int i = 0; p->copy && i < p->net->graph->nout; i++)
		free(p->copy[i]);
	free(p->memory);
	brn_shapes_free(p->shapes);
	brn_net_free(p->net);
	free(p);
}

static const struct brn_tensor *
output_value(const struct brn_plan *p, int i)
{
	return &p->val[p->net->graph->out[i].node->id];
}

int
brn_plan_owns(const struct brn_plan *p, const void *at)
{
	uintptr_t a = (uintptr_t)at;

	if (a - (uintptr_t)p->memory < p->memory_size)
		return 1;
	for (int i = 0; i < p->net->graph->nout; i++)
		if (p->copy[i] && a - (uintptr_t)p->copy[i] <
		    brn_value_bytes(output_value(p, i)))
			return 1;
	return 0;
}

int
brn_plan_copy(struct brn_plan *p, int i, burin_error *err)
{
	const struct brn_tensor *v = output_value(p, i);
	size_t n = brn_value_bytes(v);

	if (!p->copy[i] && !(p->copy[i] = brn_alloc_aligned(n)))
		return brn_nomem(err);
	if (n)
		memcpy(p->copy[i], v->data, n);
	return 0;
}

/* The value of n if it is known before a run: a constant, or decided by shapes;
 * else NULL.  */
static const struct brn_tensor *
known(const struct brn_plan *p, const struct brn_node *n)
{
	if (n->op == BRN_OP_constant)
		return n->value;
	return p->shapes->sym[n->id] ? NULL : p->shapes->val[n->id];
}

static int
is_alias(const struct brn_node *n)
{
	return brn_ops[n->op].flags & BRN_ALIAS;
}

/* A plan in the making.  The root of a value is the node whose memory it has:
 * of an alias that of its input, else the node itself.  Arrays have an element
 * a node.  */
struct planner {
	const struct brn_net *m;
	struct brn_plan *p;
	const struct brn_plan_opts *o;
	char *needed;           /* has a step, or is an input */
	int *root;              /* id of the root */
	int *born;              /* step that computes it; -1: none */
	int *last;              /* last step that reads a root; -1: none */
	int *slot;              /* interval of a root; -1: none */
};

/* Mark what the outputs need, backwards; nothing behind a known value.  */
static void
mark_needed(struct planner *k)
{
	const struct brn_graph *g = k->m->graph;

	for (int i = 0; i < g->nout; i++)
		k->needed[g->out[i].node->id] = 1;
	for (int i = g->nnode - 1; i >= 0; i--) {
		const struct brn_node *n = g->node[i];

		if (!k->needed[i] || known(k->p, n)) {
			k->needed[i] = 0;
			continue;
		}
		for (int j = 0; j < n->nin; j++)
			if (n->in[j] && (brn_ops[n->op].flags & BRN_SHAPE) == 0)
				k->needed[n->in[j]->id] = 1;
	}
}

static int
check_type(const struct brn_node *n, const struct brn_type *t,
    burin_error *err)
{
	size_t bytes;

	if (!brn_type_is_concrete(t))
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "node '%s': the shape of %s depends on data", n->name,
		    brn_ops[n->op].name);
	return brn_type_bytes(t, n->name, &bytes, err);
}

/* The operands of a step: values and their types in rows.  */
static int
set_operands(struct brn_plan *p, struct brn_step *s, burin_error *err)
{
	const struct brn_node *n = s->node;

	s->in = brn_arena_alloc(p->shapes->arena, (size_t)n->nin,
	    sizeof *s->in);
	s->type = brn_arena_alloc(p->shapes->arena, (size_t)n->nin,
	    sizeof *s->type);
	if (!s->in || !s->type)
		return brn_nomem(err);
	for (int i = 0; i < n->nin; i++)
		if (n->in[i]) {
			s->in[i] = &p->val[n->in[i]->id];
			s->type[i] = &p->shapes->type[n->in[i]->id];
		}
	s->out = &p->val[n->id];
	s->out_type = &p->shapes->type[n->id];
	return 0;
}

static int
set_form(struct planner *k, struct brn_step *s, burin_error *err)
{
	struct brn_call c = brn_step_call(s);

	s->form = brn_form_find(k->m->target.isa, &c);
	if (!s->form)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "node '%s': %s has no form on tiles", s->node->name,
		    brn_ops[s->node->op].name);
	s->room = s->form->room(&c);
	s->info.kernel = s->layer ? s->layer->kernel->name : s->form->word;
	return 0;
}

static int
add_step(struct planner *k, const struct brn_node *n, burin_error *err)
{
	struct brn_step *s = &k->p->step[k->p->nstep];
	int layer = k->m->layer_of[n->id], rc;

	*s = (struct brn_step){
		.node = n,
		.layer = layer < 0 ? NULL : &k->m->layer[layer],
		.info = { .name = n->name, .op = brn_ops[n->op].name,
		    .layer = layer },
	};
	if ((rc = set_operands(k->p, s, err)) < 0 ||
	    (rc = set_form(k, s, err)) < 0)
		return rc;
	k->p->nstep++;
	return 0;
}

/* Types and known values of all nodes, and the steps between them.  */
static int
add_steps(struct planner *k, burin_error *err)
{
	const struct brn_graph *g = k->m->graph;
	struct brn_plan *p = k->p;
	int rc;

	for (int i = 0; i < g->nnode; i++) {
		const struct brn_node *n = g->node[i];
		const struct brn_tensor *v = known(p, n);

		p->val[i].type = p->shapes->type[i];
		if (v)
			p->val[i] = *v;
		else if (n->tiles && k->needed[i])
			p->val[i].type = brn_tiles_type(&p->shapes->type[i]);
		k->root[i] = i;
		k->born[i] = k->last[i] = k->slot[i] = -1;
		if (!k->needed[i])
			continue;
		if ((rc = check_type(n, &p->shapes->type[i], err)) < 0)
			return rc;
		if (brn_ops[n->op].flags & BRN_LEAF)
			continue;
		if (is_alias(n))
			k->root[i] = k->root[n->in[0]->id];
		k->born[i] = p->nstep;
		for (int j = 0; j < n->nin; j++)
			if (n->in[j])
				k->last[k->root[n->in[j]->id]] = p->nstep;
		if ((rc = add_step(k, n, err)) < 0)
			return rc;
	}
	for (int i = 0; i < g->nout; i++)
		k->last[k->root[g->out[i].node->id]] = INT_MAX;
	return 0;
}

/* The interval of n floats that any step may use.  */
static struct brn_interval
whole_run(int64_t n)
{
	return (struct brn_interval){ 0, INT_MAX,
	    (size_t)n * sizeof (float), 0 };
}

/* Find the stretches that run band by band, and change lifetimes, since each
 * band goes from the first to the last step: what a stretch reads lives to its
 * end, a result that others read lives from its beginning, and one that only
 * the stretch reads has the tiles of one band.  */
static int
set_bands(struct planner *k, burin_error *err)
{
	struct brn_plan *p = k->p;

	p->bands = brn_arena_alloc(p->shapes->arena, (size_t)p->nstep,
	    sizeof *p->bands);
	if (!p->bands)
		return brn_nomem(err);
	p->nbands = brn_bands_find(p->step, p->nstep, p->bands);
	for (const struct brn_bands *b = p->bands;
	    b < p->bands + p->nbands; b++)
		for (int i = b->first; i <= b->last; i++) {
			const struct brn_node *n = p->step[i].node;

			for (int j = 0; j < n->nin; j++) {
				int r = n->in[j] ? k->root[n->in[j]->id] : -1;

				if (r >= 0 && k->born[r] < b->first &&
				    k->last[r] < b->last)
					k->last[r] = b->last;
			}
			if (k->last[n->id] <= b->last)
				p->val[n->id].type.dim[0] = b->step;
			else
				k->born[n->id] = b->first;
		}
	return 0;
}

/* The slot of the first operand of step i, if the result may have it as well:
 * nothing reads the operand later, and their sizes are equal.  Then a thread
 * writes lines that its own cache has; those of another tensor may be in that
 * of another core.  -1: it may not.  */
static int
slot_to_reuse(const struct planner *k, int i)
{
	const struct brn_step *s = &k->p->step[i];
	int root;

	if (!(s->form->flags & BRN_IN_PLACE) ||
	    !brn_type_equal(&s->in[0]->type, &s->out->type))
		return -1;
	root = k->root[s->node->in[0]->id];
	return k->last[root] == i ? k->slot[root] : -1;
}

/* Add the interval of the result of step i to v; called in order of birth.  */
static int
add_interval(struct planner *k, int i, struct brn_interval *v, int *n,
    burin_error *err)
{
	const struct brn_node *node = k->p->step[i].node;
	size_t bytes;
	int rc;

	if (is_alias(node) || k->slot[node->id] >= 0)
		return 0;
	rc = brn_type_bytes(&k->p->val[node->id].type, node->name, &bytes,
	    err);
	if (rc < 0)
		return rc;
	if ((k->slot[node->id] = slot_to_reuse(k, i)) >= 0) {
		v[k->slot[node->id]].to = k->last[node->id];
		return 0;
	}
	k->slot[node->id] = *n;
	v[(*n)++] = (struct brn_interval){ k->born[node->id],
	    k->last[node->id], bytes, 0 };
	return 0;
}

/* Room for the step that needs most of either kind; of a thread in whole cache
 * lines.  */
static struct brn_room
largest_room(const struct brn_plan *p)
{
	struct brn_room most = { 0, 0 };

	for (int i = 0; i < p->nstep; i++) {
		const struct brn_room *r = &p->step[i].room;

		most.shared = r->shared > most.shared ? r->shared :
		    most.shared;
		most.thread = r->thread > most.thread ? r->thread :
		    most.thread;
	}
	most.thread = (most.thread + 15) / 16 * 16;
	return most;
}

/* The intervals of room (the first two) and of all results, in order of
 * birth.  */
static int
set_intervals(struct planner *k, struct brn_interval *v, int *n,
    burin_error *err)
{
	struct brn_plan *p = k->p;
	const struct brn_bands *b = p->bands;
	struct brn_room room = largest_room(p);
	int rc = 0;

	p->scratch_size = room.thread;
	v[0] = whole_run(room.shared);
	v[1] = whole_run(room.thread * k->o->nthread);
	*n = 2;
	for (int i = 0; i < p->nstep && rc == 0; i++) {
		int last = i;

		if (b < p->bands + p->nbands && b->first == i)
			last = b++->last;
		for (int j = i; j <= last && rc == 0; j++)
			if (k->born[p->step[j].node->id] <= i)
				rc = add_interval(k, j, v, n, err);
	}
	return rc;
}

static int
check_memory(const struct planner *k, burin_error *err)
{
	int64_t most = k->o->max_memory;

	if (!most || k->p->memory_size <= (uint64_t)most)
		return 0;
	return brn_fail(err, BURIN_ENOMEM, "a run with these shapes takes %zu "
	    "bytes, max_memory is %lld", k->p->memory_size, (long long)most);
}

static int
set_memory(struct planner *k, burin_error *err)
{
	struct brn_plan *p = k->p;
	struct brn_interval *v = brn_alloc((size_t)p->nstep + 2, sizeof *v);
	int n, rc;

	if (!v)
		return brn_nomem(err);
	rc = set_intervals(k, v, &n, err);
	if (rc == 0)
		rc = brn_lifetimes_assign(v, n, &p->memory_size, err);
	if (rc == 0)
		rc = check_memory(k, err);
	if (rc == 0 && !(p->memory = brn_alloc_aligned(p->memory_size)))
		rc = brn_nomem(err);
	if (rc == 0) {
		p->shared = (float *)(p->memory + v[0].at);
		p->scratch = (float *)(p->memory + v[1].at);
		for (int i = 0; i < p->nstep; i++) {
			int slot = k->slot[p->step[i].node->id];

			if (slot >= 0)
				p->step[i].out->data = p->memory + v[slot].at;
		}
	}
	free(v);
	return rc;
}

/* The stretch of bands that step i is in, or NULL.  */
static const struct brn_bands *
bands_of(const struct brn_plan *p, int i)
{
	for (const struct brn_bands *b = p->bands; b < p->bands + p->nbands;
	    b++)
		if (i >= b->first && i <= b->last)
			return b;
	return NULL;
}

/* Do a and b put the same into their shared room (BRN_SHARES_X)?  */
static int
is_same_x(const struct planner *k, const struct brn_step *a,
    const struct brn_step *b)
{
	const struct brn_node *x = a->node->in[0], *y = b->node->in[0];

	return b->form->flags & BRN_SHARES_X && x->tiles == y->tiles &&
	    k->root[x->id] == k->root[y->id] &&
	    brn_type_equal(a->type[0], b->type[0]) &&
	    brn_layer_packs_alike(a->layer, b->layer);
}

/* Steps that read the same x, as the layers of Q, K and V do, pack it once if
 * no other step between them uses the shared room.  Each band has its own.  */
static void
share_packed_x(struct planner *k)
{
	const struct brn_step *before = NULL;

	for (int i = 0; i < k->p->nstep; i++) {
		struct brn_step *s = &k->p->step[i];

		if (!s->room.shared)
			continue;
		s->x_is_packed = before && is_same_x(k, before, s) &&
		    bands_of(k->p, (int)(before - k->p->step)) ==
		    bands_of(k->p, i);
		before = s->form->flags & BRN_SHARES_X ? s : NULL;
	}
}

static int
planner_init(struct planner *k, const struct brn_tensor *in, burin_error *err)
{
	const struct brn_graph *g = k->m->graph;
	struct brn_arena *a = k->p->shapes->arena;
	size_t n = (size_t)g->nnode;

	k->p->val = brn_arena_alloc(a, n, sizeof *k->p->val);
	k->p->step = brn_arena_alloc(a, n, sizeof *k->p->step);
	k->p->in_type = brn_arena_alloc(a, (size_t)g->nin,
	    sizeof *k->p->in_type);
	k->p->copy = brn_arena_alloc(a, (size_t)g->nout, sizeof *k->p->copy);
	k->needed = brn_arena_alloc(a, n, 1);
	k->root = brn_arena_alloc(a, n, sizeof *k->root);
	k->born = brn_arena_alloc(a, n, sizeof *k->born);
	k->last = brn_arena_alloc(a, n, sizeof *k->last);
	k->slot = brn_arena_alloc(a, n, sizeof *k->slot);
	if (!k->p->val || !k->p->step || !k->p->in_type || !k->p->copy ||
	    !k->needed || !k->root || !k->born || !k->last ||
	    !k->slot)
		return brn_nomem(err);
	for (int i = 0; i < g->nin; i++)
		k->p->in_type[i] = in[i].type;
	return 0;
}

int
brn_plan_fits(const struct brn_plan *p, const struct brn_net *m,
    const struct brn_tensor *in)
{
	if (p->net != m)
		return 0;
	for (int i = 0; i < m->graph->nin; i++) {
		const struct brn_tensor *val =
		    p->shapes->val[m->graph->in[i].node->id];

		if (!brn_type_equal(&p->in_type[i], &in[i].type))
			return 0;
		if (p->by_data && val && memcmp(val->data, in[i].data,
		    brn_value_bytes(val)))
			return 0;
	}
	return 1;
}

static int
infer(const struct brn_net *m, const struct brn_tensor *in, int by_data,
    struct brn_shapes **out, burin_error *err)
{
	size_t n = (size_t)m->graph->nin;
	struct brn_type *type;
	int rc;

	if (by_data)
		return brn_infer_data(m->graph, in, out, err);
	type = brn_alloc(n, sizeof *type);
	if (!type)
		return brn_nomem(err);
	for (size_t i = 0; i < n; i++)
		type[i] = in[i].type;
	rc = brn_infer(m->graph, type, out, err);
	free(type);
	return rc;
}

int
brn_plan_new(struct brn_net *m, const struct brn_tensor *in,
    const struct brn_plan_opts *o, struct brn_plan **out, burin_error *err)
{
	struct planner k = { .m = m, .p = brn_alloc(1, sizeof *k.p), .o = o };
	int rc;

	if (!k.p)
		return brn_nomem(err);
	k.p->net = brn_net_ref(m);
	k.p->by_data = o->by_data;
	rc = infer(m, in, o->by_data, &k.p->shapes, err);
	if (rc == 0 && (rc = planner_init(&k, in, err)) == 0) {
		mark_needed(&k);
		rc = add_steps(&k, err);
		if (rc == 0)
			rc = set_bands(&k, err);
		if (rc == 0)
			rc = set_memory(&k, err);
	}
	if (rc < 0) {
		brn_plan_free(k.p);
		return rc;
	}
	share_packed_x(&k);
	*out = k.p;
	return 0;
}
