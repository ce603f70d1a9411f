/* SPDX-License-Identifier: Apache-2.0
 *
 * A body is planned once for each tuple of types that it is given, as a model
 * is by a session; its plans belong to the step of its node.
 */
#include "runtime/flow.h"

#include "ir/op/flow.h"
#include "runtime/planner.h"
#include "runtime/stages.h"

/* Plans that are kept of a body; the least recently used is freed first.  */
enum { MAX_PLANS = 16 };

/* Older plans make room for it, in number and in memory.  */
static int
add_plan(struct brn_plan **list, struct brn_net *net,
    const struct brn_tensor *in, const struct brn_run *run,
    struct brn_plan **out, burin_error *err)
{
	struct brn_plan_opts o = { BRN_IN_STAGES,
	    brn_threads_count(run->threads), run->account };
	int rc;

	brn_plan_keep(list, MAX_PLANS - 1);
	rc = brn_plan_new(net, in, &o, out, err);
	if (rc == BURIN_ENOMEM && brn_plan_keep(list, 0))
		rc = brn_plan_new(net, in, &o, out, err);
	return rc;
}

/* The plan for such inputs, moved to the head of its list.  */
static int
get_plan(struct brn_plan **list, struct brn_net *net,
    const struct brn_tensor *in, const struct brn_run *run, burin_error *err)
{
	struct brn_plan *p, **at = list;
	int rc;

	while ((p = *at) && !brn_plan_fits(p, net, in))
		at = &p->next;
	if (p) {
		*at = p->next;
	} else if ((rc = add_plan(list, net, in, run, &p, err)) < 0) {
		return rc;
	}
	p->next = *list;
	*list = p;
	return 0;
}

static int
run_body(void *ctx, int k, const struct brn_tensor *in,
    struct brn_tensor *out, burin_error *err)
{
	const struct brn_call *c = ctx;
	struct brn_net *net = c->inside->net[k];
	const struct brn_graph *g = net->graph;
	struct brn_plan *p;
	int rc = get_plan(&c->inside->plan[k], net, in, c->run, err);

	if (rc < 0)
		return rc;
	p = c->inside->plan[k];
	for (int i = 0; i < g->nin; i++)
		p->val[g->in[i].node->id].data = in[i].data;
	if ((rc = brn_stages_run(p, c->run, err)) < 0)
		return rc;
	p = brn_stages_last(p);
	for (int i = 0; i < g->nout; i++)
		out[i] = p->val[g->out[i].node->id];
	return 0;
}

int
brn_run_bodies(const struct brn_call *c)
{
	struct brn_bodies b = { run_body, (void *)c, &c->run->steps,
	    c->run->bytes };

	return brn_flow_run(c->n, c->in, &b, c->out->data, c->err);
}
