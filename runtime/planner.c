/* SPDX-License-Identifier: Apache-2.0
 *
 * Making plans: types and known values, and the steps between them with their
 * forms.
 */
#include "runtime/planner.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/forms.h"
#include "runtime/plan_memory.h"

/* The value of n if it is known before a run: a constant, or decided by shapes;
 * else NULL.  */
static const struct brn_tensor *
known(const struct brn_plan *p, const struct brn_node *n)
{
	if (n->op == BRN_OP_constant)
		return n->value;
	return p->shapes->sym[n->id] ? NULL : p->shapes->val[n->id];
}

/* Whether n, whose value is not known, needs its operand in.  For the shape of
 * one that a later stage decides, that stage needs the operand.  */
static int
reads(const struct brn_plan *p, const struct brn_node *n,
    const struct brn_node *in)
{
	return !(brn_ops[n->op].flags & BRN_SHAPE) ||
	    !brn_type_is_concrete(&p->shapes->type[in->id]);
}

/* Mark what the outputs need, backwards; nothing behind a known value.  */
static void
mark_needed(struct brn_planner *k)
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
			if (n->in[j] && reads(k->p, n, n->in[j]))
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
set_form(struct brn_planner *k, struct brn_step *s, burin_error *err)
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
set_bodies(struct brn_planner *k, struct brn_step *s, burin_error *err)
{
	s->inside.net = k->m->body + k->m->body_of[s->node->id];
	s->inside.plan = brn_arena_alloc(k->p->shapes->arena,
	    (size_t)s->node->nbody, sizeof *s->inside.plan);
	return s->inside.plan ? 0 : brn_nomem(err);
}

static int
add_step(struct brn_planner *k, const struct brn_node *n, burin_error *err)
{
	struct brn_step *s = &k->p->step[k->p->nstep];
	int layer = k->m->layer_of[n->id], rc;

	*s = (struct brn_step){
		.node = n,
		.layer = layer < 0 ? NULL : &k->m->layer[layer],
		.info = { .name = n->name, .op = brn_ops[n->op].name,
		    .layer = layer },
	};
	if (n->nbody && (rc = set_bodies(k, s, err)) < 0)
		return rc;
	if (brn_is_list(&k->p->val[n->id].type) && !brn_is_alias(n))
		k->p->val[n->id].data = &k->p->list[k->p->nlist++];
	if ((rc = set_operands(k->p, s, err)) < 0)
		return rc;
	for (int i = 4; n->op == BRN_OP_mha && i < n->nin && i < 6; i++)
		s->past_room[i - 4] = brn_share_capacity(k->p->shares,
		    k->m->graph, n->in[i]);
	if ((rc = set_form(k, s, err)) < 0)
		return rc;
	k->p->nstep++;
	return 0;
}

/* Type and value of n, as far as they are known.  */
static void
set_value(struct brn_planner *k, const struct brn_node *n)
{
	struct brn_plan *p = k->p;
	const struct brn_tensor *v = known(p, n);
	int i = n->id;

	p->val[i].type = p->shapes->type[i];
	if (v)
		p->val[i] = *v;
	else if (n->tiles && k->needed[i])
		p->val[i].type = brn_tiles_type(&p->shapes->type[i]);
	k->root[i] = i;
	k->born[i] = k->last[i] = k->slot[i] = -1;
	k->ready[i] = v || brn_ops[n->op].flags & BRN_LEAF ||
	    (p->done && p->done[i]);
}

static int
inputs_are_ready(const struct brn_planner *k, const struct brn_node *n)
{
	for (int i = 0; i < n->nin; i++)
		if (n->in[i] && !k->ready[n->in[i]->id])
			return 0;
	return 1;
}

/* n is needed and cannot be computed in this stage: its operands are kept for
 * the next, and if they are all there, they decide its shape.  */
static void
leave_open(struct brn_planner *k, const struct brn_node *n)
{
	for (int i = 0; i < n->nin; i++)
		if (n->in[i])
			k->last[k->root[n->in[i]->id]] = INT_MAX;
	if (inputs_are_ready(k, n))
		k->p->open[k->p->nopen++] = n;
}

/* n is needed and its operands are there.  */
static int
add_ready(struct brn_planner *k, const struct brn_node *n, burin_error *err)
{
	struct brn_plan *p = k->p;
	int i = n->id, rc;

	if ((rc = check_type(n, &p->shapes->type[i], err)) < 0)
		return rc;
	k->ready[i] = 1;
	if (brn_is_alias(n))
		k->root[i] = k->root[n->in[0]->id];
	k->born[i] = p->nstep;
	for (int j = 0; j < n->nin; j++)
		if (n->in[j])
			k->last[k->root[n->in[j]->id]] = p->nstep;
	return add_step(k, n, err);
}

/* Types and known values of all nodes, and the steps between them.  */
static int
add_steps(struct brn_planner *k, burin_error *err)
{
	const struct brn_graph *g = k->m->graph;
	struct brn_plan *p = k->p;
	int rc = 0;

	for (int i = 0; i < g->nnode && rc == 0; i++) {
		const struct brn_node *n = g->node[i];
		int concrete = brn_type_is_concrete(&p->shapes->type[i]);

		set_value(k, n);
		if (!k->needed[i])
			continue;
		if (n->op == BRN_OP_bsr)
			continue;
		if (k->ready[i])
			p->import[p->nimport++] = i;
		else if (p->how != BRN_IN_STAGES ||
		    (concrete && inputs_are_ready(k, n)))
			rc = add_ready(k, n, err);
		else
			leave_open(k, n);
	}
	for (int i = 0; i < g->nout; i++)
		k->last[k->root[g->out[i].node->id]] = INT_MAX;
	return rc;
}

static int
planner_init(struct brn_planner *k, const struct brn_tensor *in,
    burin_error *err)
{
	const struct brn_graph *g = k->m->graph;
	struct brn_arena *a = k->p->shapes->arena;
	size_t n = (size_t)g->nnode;

	k->p->val = brn_arena_alloc(a, n, sizeof *k->p->val);
	k->p->step = brn_arena_alloc(a, n, sizeof *k->p->step);
	k->p->in_type = brn_arena_alloc(a, (size_t)g->nin,
	    sizeof *k->p->in_type);
	k->p->copy = brn_arena_alloc(a, (size_t)g->nout, sizeof *k->p->copy);
	k->p->direct = brn_arena_alloc(a, (size_t)g->nout,
	    sizeof *k->p->direct);
	k->p->list = brn_arena_alloc(a, n, sizeof *k->p->list);
	k->p->open = brn_arena_alloc(a, n, sizeof *k->p->open);
	k->p->open_type = brn_arena_alloc(a, n, sizeof *k->p->open_type);
	k->p->import = brn_arena_alloc(a, n, sizeof *k->p->import);
	k->needed = brn_arena_alloc(a, n, 1);
	k->ready = brn_arena_alloc(a, n, 1);
	k->root = brn_arena_alloc(a, n, sizeof *k->root);
	k->born = brn_arena_alloc(a, n, sizeof *k->born);
	k->last = brn_arena_alloc(a, n, sizeof *k->last);
	k->slot = brn_arena_alloc(a, n, sizeof *k->slot);
	if (!k->p->val || !k->p->step || !k->p->in_type || !k->p->copy ||
	    !k->p->direct || !k->p->list || !k->p->open || !k->p->open_type ||
	    !k->p->import || !k->needed || !k->ready || !k->root ||
	    !k->born || !k->last || !k->slot)
		return brn_nomem(err);
	for (int i = 0; i < g->nin; i++)
		k->p->in_type[i] = in[i].type;
	return 0;
}

/* Types and known values, in p->shapes.  */
static int
infer(struct brn_plan *p, const struct brn_tensor *in, burin_error *err)
{
	const struct brn_graph *g = p->net->graph;
	size_t n = (size_t)g->nin;
	struct brn_type *type;
	int rc;

	if (p->how == BRN_BY_DATA)
		return brn_infer_data(g, in, &p->shapes, err);
	type = brn_alloc(n, sizeof *type);
	if (!type)
		return brn_nomem(err);
	for (size_t i = 0; i < n; i++)
		type[i] = in[i].type;
	rc = p->how == BRN_BY_TYPES ? brn_infer(g, type, &p->shapes, err) :
	    brn_infer_open(g, type, p->given, &p->shapes, err);
	free(type);
	return rc;
}

/* What stages up to before have computed.  */
static int
set_done(struct brn_plan *p, burin_error *err)
{
	const struct brn_plan *b = p->before;
	size_t n = (size_t)p->net->graph->nnode;

	p->done = brn_arena_alloc(p->shapes->arena, n, 1);
	if (!p->done)
		return brn_nomem(err);
	if (b->done)
		memcpy(p->done, b->done, n);
	for (int i = 0; i < b->nstep; i++)
		p->done[b->step[i].node->id] = 1;
	return 0;
}

/* An alias gets its address from its root while it runs.  */
static void
set_direct(struct brn_planner *k)
{
	const struct brn_graph *g = k->m->graph;
	struct brn_plan *p = k->p;

	for (int i = 0; i < g->nout; i++) {
		int id = g->out[i].node->id, root = k->root[id];

		if (k->slot[root] >= 0 && brn_value_bytes(&p->val[root]) ==
		    brn_value_bytes(&p->val[id]))
			p->direct[i] = (struct brn_direct){ root,
			    p->val[root].data };
	}
}

static int
make(struct brn_planner *k, const struct brn_tensor *in, burin_error *err)
{
	int rc = infer(k->p, in, err);

	if (rc == 0 && k->p->before)
		rc = set_done(k->p, err);
	if (rc < 0 || (rc = planner_init(k, in, err)) < 0)
		return rc;
	mark_needed(k);
	if ((rc = add_steps(k, err)) < 0 ||
	    (rc = brn_planner_bands(k, err)) < 0 ||
	    (rc = brn_planner_memory(k, err)) < 0)
		return rc;
	set_direct(k);
	brn_planner_share_x(k);
	return 0;
}

/* Takes given.  */
static int
new_plan(const struct brn_plan *like, struct brn_type *given,
    const struct brn_tensor *in, struct brn_plan **out, burin_error *err)
{
	struct brn_planner k = { .m = like->net, .p = brn_alloc(1, sizeof *k.p),
	    .nthread = like->nthread };
	int rc;

	if (!k.p) {
		free(given);
		return brn_nomem(err);
	}
	*k.p = (struct brn_plan){ .net = brn_net_ref(like->net),
	    .how = like->how, .nthread = like->nthread,
	    .account = like->account, .shares = like->shares, .given = given };
	if (given)
		k.p->before = (struct brn_plan *)like;
	rc = make(&k, in, err);
	if (rc < 0)
		brn_plan_free(k.p);
	else
		*out = k.p;
	return rc;
}

int
brn_plan_new(struct brn_net *m, const struct brn_tensor *in,
    const struct brn_plan_opts *o, struct brn_plan **out, burin_error *err)
{
	const struct brn_plan like = { .net = m, .how = o->how,
	    .nthread = o->nthread, .account = o->account,
	    .shares = o->shares };

	return new_plan(&like, NULL, in, out, err);
}

int
brn_plan_stage(struct brn_plan *p, struct brn_type *given,
    struct brn_plan **out, burin_error *err)
{
	size_t nin = (size_t)p->net->graph->nin;
	struct brn_tensor *in = brn_alloc(nin, sizeof *in);
	int rc;

	if (!in) {
		free(given);
		return brn_nomem(err);
	}
	for (size_t i = 0; i < nin; i++)
		in[i].type = p->in_type[i];
	rc = new_plan(p, given, in, out, err);
	free(in);
	return rc;
}
