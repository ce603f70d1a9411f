/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages: a plan whose shapes depend on data computes what has shapes.  Then
 * the inputs of its open nodes are there and decide their types, and the stage
 * that follows is found by these, or made.  So data that lead to the same
 * shapes are planned once.
 */
#include "runtime/stages.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/planner.h"

/* Stages that are kept after one; the least recently used is freed first.  */
enum { MAX_STAGES = 16 };

struct brn_plan *
brn_stages_last(struct brn_plan *p)
{
	while (p->ran)
		p = p->ran;
	return p;
}

/* The type that the values of its inputs give open node n.  */
static int
open_type(struct brn_plan *p, const struct brn_node *n, struct brn_type *out,
    burin_error *err)
{
	struct brn_shapes *s = p->shapes;
	int rc;

	for (int i = 0; i < n->nin; i++)
		if (n->in[i] && !s->val[n->in[i]->id] && !n->in[i]->tiles)
			s->val[n->in[i]->id] = &p->val[n->in[i]->id];
	rc = brn_infer_one(p->net->graph, n, s, out, err);
	for (int i = 0; i < n->nin; i++)
		if (n->in[i] && s->val[n->in[i]->id] ==
		    &p->val[n->in[i]->id])
			s->val[n->in[i]->id] = NULL;
	return rc;
}

/* Whether the open nodes of p have the types that q was made for.  */
static int
is_for(const struct brn_plan *q, const struct brn_plan *p,
    const struct brn_type *type)
{
	for (int i = 0; i < p->nopen; i++)
		if (!brn_type_equal(&type[i], &q->given[p->open[i]->id]))
			return 0;
	return 1;
}

static int
new_stage(struct brn_plan *p, const struct brn_type *type,
    struct brn_plan **out, burin_error *err)
{
	size_t n = (size_t)p->net->graph->nnode;
	struct brn_type *given = brn_alloc(n, sizeof *given);

	if (!given)
		return brn_nomem(err);
	if (p->given)
		memcpy(given, p->given, n * sizeof *given);
	for (int i = 0; i < p->nopen; i++)
		given[p->open[i]->id] = type[i];
	return brn_plan_stage(p, given, out, err);
}

/* Those of other types make room for it, in number and in memory.  */
static int
add_stage(struct brn_plan *p, const struct brn_type *type,
    struct brn_plan **out, burin_error *err)
{
	int rc;

	brn_plan_keep(&p->after, MAX_STAGES - 1);
	rc = new_stage(p, type, out, err);
	if (rc == BURIN_ENOMEM && brn_plan_keep(&p->after, 0))
		rc = new_stage(p, type, out, err);
	return rc;
}

/* The stage after p for these types of its open nodes, moved to the head of
 * the list.  */
static int
get_stage(struct brn_plan *p, const struct brn_type *type, burin_error *err)
{
	struct brn_plan *q, **at = &p->after;
	int rc;

	while ((q = *at) && !is_for(q, p, type))
		at = &q->next;
	if (q)
		*at = q->next;
	else if ((rc = add_stage(p, type, &q, err)) < 0)
		return rc;
	q->next = p->after;
	p->after = p->ran = q;
	q->ran = NULL;
	return 0;
}

/* p has run: the stage that follows, in p->ran.  */
static int
follow(struct brn_plan *p, burin_error *err)
{
	struct brn_type *type = p->open_type;
	int rc = 0;

	for (int i = 0; i < p->nopen && rc == 0; i++)
		rc = open_type(p, p->open[i], &type[i], err);
	if (rc == 0)
		rc = get_stage(p, type, err);
	for (int i = 0; rc == 0 && i < p->ran->nimport; i++) {
		int id = p->ran->import[i];

		p->ran->val[id].data = p->val[id].data;
	}
	return rc;
}

int
brn_stages_run(struct brn_plan *p, struct brn_run *r, burin_error *err)
{
	int rc;

	p->ran = NULL;
	while ((rc = brn_plan_run(p, r, err)) == 0 && p->nopen) {
		if ((rc = follow(p, err)) < 0)
			return rc;
		p = p->ran;
	}
	return rc;
}

/* The stage after q in a walk over p and all that follow it.  */
static struct brn_plan *
walk(const struct brn_plan *p, struct brn_plan *q)
{
	if (q->after)
		return q->after;
	while (q != p && !q->next)
		q = q->before;
	return q == p ? NULL : q->next;
}

void
brn_stages_profile(struct brn_plan *p)
{
	for (struct brn_plan *q = p; q; q = walk(p, q))
		for (int i = 0; i < q->nstep; i++) {
			q->step[i].info.calls = 0;
			q->step[i].info.ms = 0;
		}
}
