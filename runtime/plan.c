/* SPDX-License-Identifier: Apache-2.0
 *
 * What plans hold, and freeing them.
 */
#include "runtime/plan.h"

#include <stdlib.h>
#include <string.h>

void
brn_plan_drop_lists(struct brn_plan *p)
{
	for (int i = 0; i < p->nlist; i++) {
		brn_list_drop(p->list[i]);
		p->list[i] = NULL;
	}
}

static void
free_bodies(struct brn_step *s)
{
	struct brn_plan *p;

	for (int k = 0; s->inside.plan && k < s->node->nbody; k++)
		while ((p = s->inside.plan[k])) {
			s->inside.plan[k] = p->next;
			brn_plan_free(p);
		}
}

static void
free_stage(struct brn_plan *p)
{
	brn_plan_drop_lists(p);
	for (int i = 0; i < p->nstep; i++)
		free_bodies(&p->step[i]);
	for (int i = 0; p->copy && i < p->net->graph->nout; i++)
		free(p->copy[i]);
	if (p->account)
		atomic_fetch_sub(&p->account->used, (int64_t)p->counted);
	free(p->memory);
	brn_shapes_free(p->shapes);
	brn_net_free(p->net);
	free(p->given);
	free(p);
}

/* A list, not a recursion: data decide how many stages there are.  */
void
brn_plan_free(struct brn_plan *p)
{
	struct brn_plan *left = p, *next;

	if (p)
		p->next = NULL;
	for (; left; left = next) {
		struct brn_plan **end = &left->next;

		while (*end)
			end = &(*end)->next;
		*end = left->after;
		next = left->next;
		free_stage(left);
	}
}

int
brn_plan_keep(struct brn_plan **list, int n)
{
	struct brn_plan *old;
	int any = 0;

	for (; *list && n > 0; n--)
		list = &(*list)->next;
	while ((old = *list)) {
		*list = old->next;
		brn_plan_free(old);
		any = 1;
	}
	return any;
}

static const struct brn_tensor *
output_value(const struct brn_plan *p, int i)
{
	return &p->val[p->net->graph->out[i].node->id];
}

static int
owns(const struct brn_plan *p, uintptr_t a)
{

	if (a - (uintptr_t)p->memory < p->memory_size)
		return 1;
	for (int i = 0; i < p->net->graph->nout; i++)
		if (p->copy[i] && a - (uintptr_t)p->copy[i] <
		    brn_value_bytes(output_value(p, i)))
			return 1;
	return 0;
}

int
brn_plan_owns(const struct brn_plan *p, const void *at)
{
	for (; p; p = p->before)
		if (owns(p, (uintptr_t)at))
			return 1;
	return 0;
}

int
brn_plan_copy(struct brn_plan *p, int i, burin_error *err)
{
	const struct brn_tensor *v = output_value(p, i);
	size_t n = brn_value_bytes(v);

	if (!p->copy[i] && !(p->copy[i] = brn_plan_alloc(p, n, err)))
		return BURIN_ENOMEM;
	if (n)
		memcpy(p->copy[i], v->data, n);
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
		if (p->how == BRN_BY_DATA && val && memcmp(val->data,
		    in[i].data, brn_value_bytes(val)))
			return 0;
	}
	return 1;
}
