/* SPDX-License-Identifier: Apache-2.0
 *
 * The stretches of a plan that run band by band, and its memory.
 */
#include "runtime/plan_memory.h"

#include <limits.h>
#include <stdlib.h>

#include "runtime/lifetimes.h"

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
int
brn_planner_bands(struct brn_planner *k, burin_error *err)
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
 * nothing reads the operand later, it is not another operand, too, and their
 * sizes are equal.  Then a thread writes lines that its own cache has; those of
 * another tensor may be in that of another core.  -1: it may not.  */
static int
slot_to_reuse(const struct brn_planner *k, int i)
{
	const struct brn_step *s = &k->p->step[i];
	int root;

	if (!(s->form->flags & BRN_IN_PLACE) ||
	    !brn_type_equal(&s->in[0]->type, &s->out->type))
		return -1;
	root = k->root[s->node->in[0]->id];
	for (int j = 1; j < s->node->nin; j++)
		if (s->node->in[j] && k->root[s->node->in[j]->id] == root)
			return -1;
	return k->last[root] == i ? k->slot[root] : -1;
}

/* Add the interval of the result of step i to v; called in order of birth.  */
static int
add_interval(struct brn_planner *k, int i, struct brn_interval *v, int *n,
    burin_error *err)
{
	const struct brn_node *node = k->p->step[i].node;
	size_t bytes;
	int rc;

	if (brn_is_alias(node) || brn_is_list(&k->p->val[node->id].type) ||
	    k->slot[node->id] >= 0 || brn_share_capacity(k->p->shares,
	    k->m->graph, node))
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
set_intervals(struct brn_planner *k, struct brn_interval *v, int *n,
    burin_error *err)
{
	struct brn_plan *p = k->p;
	const struct brn_bands *b = p->bands;
	struct brn_room room = largest_room(p);
	int rc = 0;

	p->scratch_size = room.thread;
	v[0] = whole_run(room.shared);
	v[1] = whole_run(room.thread * k->nthread);
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

/* Count size bytes as used.  *used is what others use; 0: that is too much.
 */
static int
reserve(struct brn_memory *m, size_t size, int64_t *used)
{
	*used = atomic_load(&m->used);
	do
		if (m->most && size > (uint64_t)(m->most - *used))
			return 0;
	while (!atomic_compare_exchange_weak(&m->used, used,
	    *used + (int64_t)size));
	return 1;
}

void *
brn_plan_alloc(struct brn_plan *p, size_t size, burin_error *err)
{
	struct brn_memory *m = p->account;
	int64_t used;
	void *memory;

	if (m && !reserve(m, size, &used)) {
		brn_fail(err, BURIN_ENOMEM, "a run with these shapes "
		    "takes %zu bytes, max_memory is %lld, of which %lld are "
		    "used", size, (long long)m->most, (long long)used);
		return NULL;
	}
	memory = brn_alloc_aligned(size);
	if (memory) {
		p->counted += size;
		return memory;
	}
	if (m)
		atomic_fetch_sub(&m->used, (int64_t)size);
	brn_nomem(err);
	return NULL;
}

int
brn_planner_memory(struct brn_planner *k, burin_error *err)
{
	struct brn_plan *p = k->p;
	struct brn_interval *v = brn_alloc((size_t)p->nstep + 2, sizeof *v);
	int n, rc;

	if (!v)
		return brn_nomem(err);
	rc = set_intervals(k, v, &n, err);
	if (rc == 0)
		rc = brn_lifetimes_assign(v, n, &p->memory_size, err);
	if (rc == 0 && !(p->memory = brn_plan_alloc(p, p->memory_size, err)))
		rc = BURIN_ENOMEM;
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
is_same_x(const struct brn_planner *k, const struct brn_step *a,
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
void
brn_planner_share_x(struct brn_planner *k)
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
