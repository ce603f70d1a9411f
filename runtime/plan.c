/* SPDX-License-Identifier: Apache-2.0
 *
 * Making plans.
 */
#include "runtime/plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ir/op/ref.h"
#include "runtime/bands.h"
#include "runtime/conv.h"
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

/* Known before a run: constants and what shapes decide.  */
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

/* What a plan is made with.  */
struct maker {
	const struct brn_net *m;
	struct brn_plan *p;
	int nthread;
	char *needed;           /* [nnode]: is a step, or an input */
	int *root;              /* [nnode]: whose memory its value is */
	int *born;              /* [nnode]: step that makes it */
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

void
brn_plan_types(const struct brn_plan *p, const struct brn_node *n,
    const struct brn_type *type[BRN_MAX_RANK])
{
	for (int i = 0; i < n->nin && i < BRN_MAX_RANK; i++)
		type[i] = n->in[i] ? &p->shapes->type[n->in[i]->id] : NULL;
}

/* Room for the tiles of the largest layer, of x and of y, and for what tile
 * ops need beside their operands: in floats.  */
struct room {
	int64_t xt, yt, scratch;
};

static void
need_room(const struct maker *k, const struct brn_step *s, struct room *r)
{
	const struct brn_type *type[BRN_MAX_RANK];
	const struct brn_layer *l;
	int64_t n, m;

	brn_plan_types(k->p, s->node, type);
	if (s->layer < 0) {
		n = brn_tiled_scratch(s->node, type);
		r->scratch = n > r->scratch ? n : r->scratch;
		return;
	}
	l = &k->m->layer[s->layer];
	if (brn_is_image_layer(s->node)) {
		brn_conv_room(l, type[0], &n, &m);
		r->xt = n > r->xt ? n : r->xt;
		r->scratch = m > r->scratch ? m : r->scratch;
		return;
	}
	n = brn_layer_xt_size(l, brn_tiles_of(type[0]).n);
	m = brn_layer_yt_size(l, brn_tiles_of(type[0]).n);
	if (!s->node->in[0]->tiles || brn_layer_packs_tiles(l))
		r->xt = n > r->xt ? n : r->xt;
	if (!s->node->tiles || brn_layer_rowsp(l) != l->bsr->rows)
		r->yt = m > r->yt ? m : r->yt;
}

/* The interval of n floats that every step may use.  */
static struct brn_interval
forever(int64_t n)
{
	return (struct brn_interval){ 0, INT_MAX,
	    (size_t)n * sizeof (float), 0 };
}

/* While a stretch goes band by band, all of it happens at once: what it reads
 * lives to its end, what it leaves lives from its beginning.  What only the
 * stretch itself reads is room for one band.  */
static int
make_bands(struct maker *k, burin_error *err)
{
	struct brn_plan *p = k->p;

	p->bands = brn_arena_alloc(p->shapes->arena, (size_t)p->nstep,
	    sizeof *p->bands);
	if (!p->bands)
		return brn_nomem(err);
	p->nbands = brn_bands_find(p, k->m, p->bands);
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

/* The slot in which step i finds what it may write over, or -1: what nobody
 * reads after a normalisation of tiles.  Lines that a thread has just written
 * are in its own cache; those of another tensor may be in all.  */
static int
slot_of_input(const struct maker *k, int i)
{
	const struct brn_node *n = k->p->step[i].node;
	int root = n->nin > 0 && n->in[0] ? k->root[n->in[0]->id] : -1;

	if (n->op != BRN_OP_layer_norm || !n->tiles || !n->in[0]->tiles ||
	    k->last[root] != i || k->p->val[n->id].type.dim[0] !=
	    k->p->val[n->in[0]->id].type.dim[0])
		return -1;
	return k->slot[root];
}

/* The interval of what step i makes; they come in the order of birth.  */
static int
add_interval(struct maker *k, int i, struct brn_interval *v, int *n,
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
	if ((k->slot[node->id] = slot_of_input(k, i)) >= 0) {
		v[k->slot[node->id]].to = k->last[node->id];
		return 0;
	}
	k->slot[node->id] = *n;
	v[(*n)++] = (struct brn_interval){ k->born[node->id],
	    k->last[node->id], bytes, 0 };
	return 0;
}

/* The intervals of all tensors that steps make, and of the tiles.  */
static int
make_intervals(struct maker *k, struct brn_interval *v, int *n,
    burin_error *err)
{
	struct brn_plan *p = k->p;
	const struct brn_bands *b = p->bands;
	struct room r = { 0 };
	int rc = 0;

	for (int i = 0; i < p->nstep; i++)
		need_room(k, &p->step[i], &r);
	p->scratch_size = r.scratch;
	v[0] = forever(r.xt);
	v[1] = forever(r.yt);
	v[2] = forever(r.scratch * k->nthread);
	*n = 3;
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
make_memory(struct maker *k, burin_error *err)
{
	struct brn_plan *p = k->p;
	struct brn_interval *v = brn_alloc((size_t)p->nstep + 3, sizeof *v);
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
		p->scratch = (float *)(p->memory + v[2].at);
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

/* Layers one after the other that read the same x, as Q, K and V do, put it
 * into tiles once; in the same bands, since each band has its own.  */
static void
share_tiles(struct maker *k)
{
	struct brn_plan *p = k->p;
	const struct brn_step *before = NULL;
	const struct brn_layer *l, *m;

	for (int i = 0; i < p->nstep; i++) {
		struct brn_step *s = &p->step[i];

		if (s->layer < 0)
			continue;
		if (brn_is_image_layer(s->node)) {
			before = NULL;
			continue;
		}
		l = &k->m->layer[s->layer];
		m = before ? &k->m->layer[before->layer] : NULL;
		s->has_xt = m && k->root[before->node->in[0]->id] ==
		    k->root[s->node->in[0]->id] &&
		    bands_of(p, (int)(before - p->step)) == bands_of(p, i) &&
		    m->bsr->cols == l->bsr->cols &&
		    m->spec.elem == l->spec.elem &&
		    brn_layer_colsp(m) == brn_layer_colsp(l);
		before = s;
	}
}

static int
maker_init(struct maker *k, const struct brn_tensor *in, burin_error *err)
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
    int by_data, int nthread, struct brn_plan **out, burin_error *err)
{
	struct maker k = { .m = m, .p = brn_alloc(1, sizeof *k.p),
	    .nthread = nthread };
	int rc;

	if (!k.p)
		return brn_nomem(err);
	k.p->net = brn_net_ref(m);
	k.p->by_data = by_data;
	rc = infer(m, in, by_data, &k.p->shapes, err);
	if (rc == 0 && (rc = maker_init(&k, in, err)) == 0) {
		mark_needed(&k);
		rc = make_steps(&k, err);
		if (rc == 0)
			rc = make_bands(&k, err);
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
