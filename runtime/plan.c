/* SPDX-License-Identifier: Apache-2.0
 *
 * Making and running plans.
 */
#include "runtime/plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ir/ref.h"
#include "runtime/memory.h"

void
brn_plan_free(struct brn_plan *p)
{
	if (!p)
		return;
	free(p->memory);
	brn_shapes_free(p->shapes);
	free(p);
}

/* Known before a run: constants and what shapes decide.  */
static const struct brn_tensor *
known(const struct brn_plan *p, const struct brn_node *n)
{
	const struct brn_tensor *v = p->shapes->val[n->id];

	if (n->op == BRN_OP_constant)
		return n->value;
	return v && brn_value_is_concrete(v) ? v : NULL;
}

static int
is_alias(const struct brn_node *n)
{
	return brn_ops[n->op].flags & BRN_ALIAS;
}

/* What a plan is made with.  */
struct maker {
	struct burin_model *m;
	struct brn_plan *p;
	char *needed;           /* [nnode]: is a step, or an input */
	int *root;              /* [nnode]: whose memory its value is */
	int *last;              /* [nnode]: last step that reads a root */
	int *slot;              /* [nnode]: interval of a root */
};

/* Mark what the outputs need, backwards; nothing behind a known value.  */
static void
mark_needed(struct maker *k)
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

static int
add_step(struct maker *k, const struct brn_node *n, burin_error *err)
{
	struct brn_plan *p = k->p;
	struct brn_step *s = &p->step[p->nstep];

	s->node = n;
	s->out = &p->val[n->id];
	s->layer = k->m->layer_of[n->id];
	s->info = (burin_step_info){ .name = n->name,
	    .op = brn_ops[n->op].name, .layer = s->layer, .kernel = "" };
	if (s->layer >= 0)
		s->info.kernel = k->m->layer[s->layer].kernel->name;
	s->in = brn_arena_alloc(p->shapes->arena, (size_t)n->nin,
	    sizeof *s->in);
	if (!s->in)
		return brn_nomem(err);
	for (int i = 0; i < n->nin; i++)
		if (n->in[i])
			s->in[i] = &p->val[n->in[i]->id];
	p->nstep++;
	return 0;
}

/* Types and known values of all nodes, and the steps between them.  */
static int
make_steps(struct maker *k, burin_error *err)
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
		k->root[i] = i;
		k->last[i] = -1;
		if (!k->needed[i])
			continue;
		if ((rc = check_type(n, &p->val[i].type, err)) < 0)
			return rc;
		if (brn_ops[n->op].flags & BRN_LEAF)
			continue;
		if (is_alias(n))
			k->root[i] = k->root[n->in[0]->id];
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

/* Room for the tiles of the largest layer: of x, and of y.  */
static int
tile_bytes(const struct maker *k, size_t *x, size_t *y, burin_error *err)
{
	const struct brn_plan *p = k->p;

	*x = *y = 0;
	for (int i = 0; i < p->nstep; i++) {
		const struct brn_step *s = &p->step[i];
		const struct brn_layer *l;
		size_t line, nx, ny, tokens;

		if (s->layer < 0)
			continue;
		l = &k->m->layer[s->layer];
		if (!l->bsr->cols)
			continue;
		tokens = (size_t)(brn_numel(s->in[0]) / l->bsr->cols);
		if (brn_mul((tokens + BRN_TILE - 1) / BRN_TILE,
		    BRN_TILE * sizeof (float), &line) < 0 ||
		    brn_mul(line, (size_t)brn_layer_colsp(l), &nx) < 0 ||
		    brn_mul(line, (size_t)brn_layer_rowsp(l), &ny) < 0)
			return brn_nomem(err);
		*x = nx > *x ? nx : *x;
		*y = ny > *y ? ny : *y;
	}
	return 0;
}

/* The intervals of all tensors that steps make, and of the tiles.  */
static int
make_intervals(struct maker *k, struct brn_interval *v, int *n,
    burin_error *err)
{
	struct brn_plan *p = k->p;
	size_t x, y;
	int rc = tile_bytes(k, &x, &y, err);

	if (rc < 0)
		return rc;
	v[0] = (struct brn_interval){ 0, INT_MAX, x, 0 };
	v[1] = (struct brn_interval){ 0, INT_MAX, y, 0 };
	*n = 2;
	for (int i = 0; i < p->nstep; i++) {
		const struct brn_node *node = p->step[i].node;
		size_t bytes;

		k->slot[node->id] = -1;
		if (is_alias(node))
			continue;
		rc = brn_type_bytes(&p->val[node->id].type, node->name,
		    &bytes, err);
		if (rc < 0)
			return rc;
		k->slot[node->id] = *n;
		v[(*n)++] = (struct brn_interval){ i, k->last[node->id],
		    bytes, 0 };
	}
	return 0;
}

static int
make_memory(struct maker *k, burin_error *err)
{
	struct brn_plan *p = k->p;
	struct brn_interval *v = brn_alloc((size_t)p->nstep + 2, sizeof *v);
	int n, rc;

	if (!v)
		return brn_nomem(err);
	rc = make_intervals(k, v, &n, err);
	if (rc == 0)
		rc = brn_memory_assign(v, n, &p->memory_size, err);
	if (rc == 0 && !(p->memory = brn_alloc_aligned(p->memory_size)))
		rc = brn_nomem(err);
	if (rc == 0) {
		p->xt = (float *)(p->memory + v[0].at);
		p->yt = (float *)(p->memory + v[1].at);
		for (int i = 0; i < p->nstep; i++) {
			int slot = k->slot[p->step[i].node->id];

			if (slot >= 0)
				p->step[i].out->data = p->memory + v[slot].at;
		}
	}
	free(v);
	return rc;
}

/* Layers one after the other that read the same x, as Q, K and V do, put it
 * into tiles once.  */
static void
share_tiles(struct maker *k)
{
	struct brn_plan *p = k->p;
	const struct brn_step *before = NULL;

	for (int i = 0; i < p->nstep; i++) {
		struct brn_step *s = &p->step[i];

		if (s->layer < 0)
			continue;
		s->has_xt = before &&
		    k->root[before->node->in[0]->id] ==
		    k->root[s->node->in[0]->id] &&
		    k->m->layer[before->layer].bsr->cols ==
		    k->m->layer[s->layer].bsr->cols &&
		    brn_layer_colsp(&k->m->layer[before->layer]) ==
		    brn_layer_colsp(&k->m->layer[s->layer]);
		before = s;
	}
}

static int
maker_init(struct maker *k, const struct brn_type *in_type, burin_error *err)
{
	const struct brn_graph *g = k->m->graph;
	struct brn_arena *a = k->p->shapes->arena;
	size_t n = (size_t)g->nnode;

	k->p->val = brn_arena_alloc(a, n, sizeof *k->p->val);
	k->p->step = brn_arena_alloc(a, n, sizeof *k->p->step);
	k->p->in_type = brn_arena_alloc(a, (size_t)g->nin, sizeof *in_type);
	k->needed = brn_arena_alloc(a, n, 1);
	k->root = brn_arena_alloc(a, n, sizeof *k->root);
	k->last = brn_arena_alloc(a, n, sizeof *k->last);
	k->slot = brn_arena_alloc(a, n, sizeof *k->slot);
	if (!k->p->val || !k->p->step || !k->p->in_type || !k->needed ||
	    !k->root || !k->last || !k->slot)
		return brn_nomem(err);
	for (int i = 0; i < g->nin; i++)
		k->p->in_type[i] = in_type[i];
	return 0;
}

int
brn_plan_new(struct burin_model *m, const struct brn_type *in_type,
    struct brn_plan **out, burin_error *err)
{
	struct maker k = { .m = m, .p = brn_alloc(1, sizeof *k.p) };
	int rc;

	if (!k.p)
		return brn_nomem(err);
	pthread_mutex_lock(&m->lock);
	rc = brn_infer(m->graph, in_type, &k.p->shapes, err);
	pthread_mutex_unlock(&m->lock);
	if (rc == 0 && (rc = maker_init(&k, in_type, err)) == 0) {
		mark_needed(&k);
		rc = make_steps(&k, err);
		if (rc == 0)
			rc = make_memory(&k, err);
	}
	if (rc < 0) {
		brn_plan_free(k.p);
		return rc;
	}
	share_tiles(&k);
	*out = k.p;
	return 0;
}

static void
run_layer(const struct brn_plan *p, const struct brn_step *s,
    const struct burin_model *m, struct brn_threads *t)
{
	const struct brn_layer *l = &m->layer[s->layer];
	struct brn_layer_run r = {
		.layer = l,
		.native = brn_native(m->isa),
		.threads = t,
		.x = s->in[0]->data,
		.y = s->out->data,
		.xt = p->xt,
		.yt = p->yt,
		.has_xt = s->has_xt,
	};

	if (l->bsr->rows)
		r.tokens = brn_numel(s->out) / l->bsr->rows;
	if (r.tokens)
		brn_layer_run(&r);
}

static int
run_step(const struct brn_plan *p, struct brn_step *s,
    const struct burin_model *m, struct brn_threads *t, burin_error *err)
{
	brn_native_fn *fn = brn_native(m->isa)->op[s->node->op];

	if (s->layer >= 0) {
		run_layer(p, s, m, t);
		return 0;
	}
	if (is_alias(s->node)) {
		s->out->data = s->in[0]->data;
		s->info.kernel = "alias";
		return 0;
	}
	if (fn && fn(s->node, s->in, s->out, t) == 0) {
		s->info.kernel = "native";
		return 0;
	}
	s->info.kernel = "ref";
	return brn_ref[s->node->op](s->node, s->in, s->out, err);
}

int
brn_plan_run(struct brn_plan *p, const struct burin_model *m,
    struct brn_threads *t, int profile, burin_error *err)
{
	for (int i = 0; i < p->nstep; i++) {
		struct brn_step *s = &p->step[i];
		double t0 = profile ? brn_now_ms() : 0;
		int rc = run_step(p, s, m, t, err);

		if (rc < 0)
			return rc;
		if (profile) {
			s->info.ms += brn_now_ms() - t0;
			s->info.calls++;
		}
	}
	return 0;
}
