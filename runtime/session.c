/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions: the caller's tensors are bound to a plan by name, the plan runs,
 * outputs are given (runtime/outputs.h).
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/flow.h"
#include "runtime/model.h"
#include "runtime/outputs.h"
#include "runtime/planner.h"
#include "runtime/session.h"
#include "runtime/stages.h"

/* Plans that a session keeps; the least recently used is freed first.  */
enum { MAX_PLANS = 16 };

struct burin_session {
	struct burin_model *model;
	struct brn_net *net;            /* current as of the last call */
	struct brn_threads *threads;
	struct brn_plan *plan;          /* latest first */
	struct brn_plan *ran;           /* that ran last, whose memory is lent;
	                                   NULL: none */
	struct brn_tensor *in;          /* [graph->nin], of this call */
	enum brn_plan_how how;          /* of its plans: the first that will
	                                   do */
	int profile;
	struct brn_memory *memory;      /* of all plans: own, or of a pool */
	struct brn_memory own;
	int64_t loop_steps, loop_bytes; /* options */
	int deadline_ms;                /* of a run; negative: none */
	atomic_int cancel;              /* of the run under way */
	struct brn_shares shares;
};

/* Free all plans made for another net than net (NULL: all plans), except the
 * one that ran last.  */
static void
drop_plans(burin_session *s, const struct brn_net *net)
{
	struct brn_plan *p, **at = &s->plan;

	while ((p = *at))
		if (p == s->ran || p->net == net) {
			at = &p->next;
		} else {
			*at = p->next;
			brn_plan_free(p);
		}
}

/* Take the current net of the model; free the plans of an older one.
 * EUNSUPPORTED: inputs and outputs cannot be shared any more.  */
static int
get_net(burin_session *s, burin_error *err)
{
	struct brn_net *old = s->net;
	int is_new;

	s->net = brn_model_net(s->model);
	is_new = s->net != old;
	drop_plans(s, s->net);
	brn_net_free(old);
	return is_new ? brn_shares_check(&s->shares, s->net->graph, err) : 0;
}

void
burin_session_free(burin_session *s)
{
	if (!s)
		return;
	s->ran = NULL;
	drop_plans(s, NULL);
	brn_threads_free(s->threads);
	brn_net_free(s->net);
	burin_model_free(s->model);
	free(s->shares.v);
	free(s->in);
	free(s);
}

static int
session_init(burin_session *s, burin_model *m, const burin_options *o,
    struct brn_memory *memory, burin_error *err)
{
	size_t nin = (size_t)m->nin;

	s->model = brn_model_ref(m);
	s->net = brn_model_net(m);
	s->in = brn_alloc(nin, sizeof *s->in);
	s->threads = brn_threads_new(o->threads);
	s->own.most = o->max_memory;
	s->memory = memory ? memory : &s->own;
	s->deadline_ms = -1;
	s->loop_steps = o->loop_steps;
	s->loop_bytes = o->loop_bytes;
	if (!s->in || !s->threads)
		return brn_nomem(err);
	return 0;
}

/* What a session is made of must be fit to run.  */
static int
check_model(const burin_model *m, burin_error *err)
{
	if (m->nunsupported)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "model has %d unsupported operators, the first is %s",
		    m->nunsupported, m->unsupported[0]);
	if (m->options.warm)
		return brn_fail(err, BURIN_EINVAL,
		    "model was loaded with warm=1, its kernels were not");
	return 0;
}

int
brn_session_new(burin_model *m, const burin_options *o,
    struct brn_memory *memory, burin_session **out, burin_error *err)
{
	burin_session *s;
	int rc;

	if ((rc = check_model(m, err)) < 0)
		return rc;
	s = brn_alloc(1, sizeof *s);
	if (!s)
		return brn_nomem(err);
	if ((rc = session_init(s, m, o, memory, err)) < 0) {
		burin_session_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

int
burin_session_new(burin_model *m, const burin_options *o, burin_session **out,
    burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	int rc;

	err = err ? err : &own_err;
	if (!m || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_session_new: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = brn_session_new(m, o, NULL, out, err);
	brn_options_clear(&own);
	return rc;
}

int
burin_session_threads(const burin_session *s)
{
	return brn_threads_count(s->threads);
}

enum { NOT_GIVEN = -1 };                /* rank of an input */

/* Bind the caller's tensor to input i of the graph.  If data may be missing and
 * is, the data of the input is NULL; an input of 0 bytes has data not NULL.  */
static int
bind_input(burin_session *s, int i, const burin_tensor *t, int with_data,
    burin_error *err)
{
	const struct brn_share *share = brn_share_of_input(&s->shares, i);
	struct brn_type *type = &s->in[i].type, room;
	size_t need;
	int rc;

	if (t->rank < 0 || t->rank > BURIN_MAX_RANK)
		return brn_fail(err, BURIN_EINVAL,
		    "input '%s': rank is %d, wanted 0 to %d", t->name,
		    t->rank, BURIN_MAX_RANK);
	*type = (struct brn_type){ .dtype = t->dtype, .rank = t->rank };
	for (int d = 0; d < t->rank; d++) {
		if (t->dims[d] < 0)
			return brn_fail(err, BURIN_EINVAL,
			    "input '%s': dimension %d is negative", t->name,
			    d);
		type->dim[d] = t->dims[d];
	}
	room = *type;
	if (share && room.rank == 4) {
		room.dim[2] = share->capacity;
		if (type->dim[2] > share->capacity)
			return brn_fail(err, BURIN_EINVAL, "input '%s': has "
			    "%lld tokens, it is shared with room for %lld",
			    t->name, (long long)type->dim[2],
			    (long long)share->capacity);
	}
	if ((rc = brn_type_bytes(&room, t->name, &need, err)) < 0)
		return rc;
	if (need && !t->data && !with_data)
		return 0;
	if (t->nbytes < need || (need && !t->data))
		return brn_fail(err, BURIN_EINVAL,
		    "input '%s': has %zu bytes, its shape needs %zu", t->name,
		    t->data ? t->nbytes : 0, need);
	/* Only read, but struct brn_tensor is also for what is written.  */
	s->in[i].data = t->data ? (void *)t->data : s;
	return 0;
}

static int
bind_inputs(burin_session *s, const burin_tensor *in, size_t nin,
    int with_data, burin_error *err)
{
	const struct brn_graph *g = s->net->graph;

	for (int i = 0; i < g->nin; i++)
		s->in[i] = (struct brn_tensor){ .type.rank = NOT_GIVEN };
	for (size_t k = 0; k < nin; k++) {
		int i = brn_value_find(g->in, g->nin, k, in[k].name), rc;

		if (i < 0)
			return brn_fail(err, BURIN_EINVAL,
			    "input '%s': the model has none of that name",
			    in[k].name ? in[k].name : "");
		if (s->in[i].type.rank != NOT_GIVEN)
			return brn_fail(err, BURIN_EINVAL,
			    "input '%s': given twice", in[k].name);
		if ((rc = bind_input(s, i, &in[k], with_data, err)) < 0)
			return rc;
	}
	for (int i = 0; i < g->nin; i++)
		if (s->in[i].type.rank == NOT_GIVEN)
			return brn_fail(err, BURIN_EINVAL,
			    "input '%s': not given", g->in[i].name);
	return 0;
}

/* Plans by data need the data of every input.  */
static int
check_data(const burin_session *s, burin_error *err)
{
	const struct brn_graph *g = s->net->graph;

	for (int i = 0; i < g->nin; i++)
		if (!s->in[i].data && brn_infer_takes(&s->in[i]))
			return brn_fail(err, BURIN_EUNSUPPORTED,
			    "input '%s': has no data, and shapes depend on it",
			    g->in[i].name);
	return 0;
}

/* Make a plan for the bound inputs: for their types; if shapes depend on the
 * values of inputs, for these values; if they depend on what nodes compute, in
 * stages.  */
static int
make_plan(burin_session *s, struct brn_plan **out, burin_error *err)
{
	struct brn_plan_opts o = { s->how, brn_threads_count(s->threads),
	    s->memory, &s->shares };
	int rc = BURIN_EUNSUPPORTED;

	for (; o.how <= BRN_IN_STAGES && rc == BURIN_EUNSUPPORTED; o.how++) {
		/* Inference would read a shared input as contiguous.  */
		if (o.how == BRN_BY_DATA && s->shares.n)
			continue;
		if (o.how == BRN_BY_DATA && (rc = check_data(s, err)) < 0)
			return rc;
		rc = brn_plan_new(s->net, s->in, &o, out, err);
	}
	if (rc == 0)
		s->how = o.how - 1;
	return rc;
}

/* Free the least recently used plan that is not the one that ran last.  0:
 * there is none.  */
static int
free_oldest(burin_session *s)
{
	struct brn_plan *p, **last = NULL;

	for (struct brn_plan **at = &s->plan; *at; at = &(*at)->next)
		if (*at != s->ran)
			last = at;
	if (!last)
		return 0;
	p = *last;
	*last = p->next;
	brn_plan_free(p);
	return 1;
}

int
brn_session_shrink(burin_session *s)
{
	s->ran = NULL;
	return free_oldest(s);
}

void
brn_session_reset(burin_session *s)
{
	s->ran = NULL;
	s->profile = 0;
	s->deadline_ms = -1;
}

/* A plan did not get its memory: free another one, of this session or of the
 * pool.  0: there is none, or no limit that it would help with.  */
static int
make_room(burin_session *s)
{
	struct brn_memory *m = s->memory;

	return m->most &&
	    (free_oldest(s) || (m->reclaim && m->reclaim(m->ctx)));
}

static int
count_plans(const burin_session *s)
{
	int n = 0;

	for (const struct brn_plan *p = s->plan; p; p = p->next)
		n++;
	return n;
}

/* Make a plan; older ones make room for it.  */
static int
add_plan(burin_session *s, struct brn_plan **out, burin_error *err)
{
	int rc;

	if (count_plans(s) >= MAX_PLANS)
		free_oldest(s);
	do
		rc = make_plan(s, out, err);
	while (rc == BURIN_ENOMEM && make_room(s));
	return rc;
}

/* Find or make the plan of the bound inputs and put it at the head of the
 * list.  */
static int
get_plan(burin_session *s, burin_error *err)
{
	struct brn_plan *p, **at = &s->plan;
	int rc;

	if (s->how == BRN_BY_DATA && (rc = check_data(s, err)) < 0)
		return rc;
	while ((p = *at) && !brn_plan_fits(p, s->net, s->in))
		at = &p->next;
	if (p) {
		*at = p->next;
	} else {
		if ((rc = add_plan(s, &p, err)) < 0)
			return rc;
	}
	p->next = s->plan;
	s->plan = p;
	return 0;
}

/* Memory that the last run lent may be freed from here on.  */
static int
check_lent(const burin_session *s, const burin_tensor *in, size_t nin,
    const burin_output *out, size_t nout, burin_error *err)
{
	const struct brn_plan *p = s->ran ? brn_stages_last(s->ran) : NULL;

	for (size_t k = 0; p && k < nin; k++)
		if (brn_plan_owns(p, in[k].data))
			return brn_fail(err, BURIN_EINVAL, "input '%s': is "
			    "memory that the session has lent", in[k].name);
	for (size_t k = 0; p && k < nout; k++)
		if (brn_plan_owns(p, out[k].buffer))
			return brn_fail(err, BURIN_EINVAL, "output '%s': its "
			    "buffer is memory that the session has lent",
			    out[k].name);
	return 0;
}

/* s->plan has run: give the outputs of its last stage.  */
static int
give(burin_session *s, burin_output *out, size_t nout, burin_error *err)
{
	struct brn_plan *p = brn_stages_last(s->plan);
	int rc;

	if (s->plan->nopen) {
		brn_outputs_describe(p, out, nout);
		if ((rc = brn_outputs_fit(out, nout, err)) < 0)
			return rc;
	}
	return brn_outputs_give(p, out, nout, err);
}

/* Run s->plan.  Stages and bodies are planned on the way; plans of other
 * shapes make room for these.  */
static int
run_plan(burin_session *s, double deadline, burin_error *err)
{
	int rc;

	do {
		struct brn_run r = { s->threads, s->profile, &s->cancel,
		    brn_run_bodies, s->loop_steps, s->loop_bytes, s->memory,
		    deadline };

		rc = brn_stages_run(s->plan, &r, err);
	} while (rc == BURIN_ENOMEM && make_room(s));
	return rc;
}

static int
run(burin_session *s, const burin_tensor *in, size_t nin, burin_output *out,
    size_t nout, burin_error *err)
{
	double deadline = s->deadline_ms < 0 ? 0 :
	    brn_now_ms() + s->deadline_ms;
	const struct brn_graph *g;
	int rc;

	atomic_store(&s->cancel, 0);
	if ((rc = brn_outputs_check(s->net->graph, &s->shares, out, nout,
	    err)) < 0 || (rc = bind_inputs(s, in, nin, 1, err)) < 0 ||
	    (rc = check_lent(s, in, nin, out, nout, err)) < 0)
		return rc;
	s->ran = NULL;
	if ((rc = get_net(s, err)) < 0 || (rc = get_plan(s, err)) < 0)
		return rc;
	brn_outputs_describe(s->plan, out, nout);
	if (!s->plan->nopen && (rc = brn_outputs_fit(out, nout, err)) < 0)
		return rc;
	g = s->net->graph;
	for (int i = 0; i < g->nin; i++)
		s->plan->val[g->in[i].node->id].data = s->in[i].data;
	s->ran = s->plan;
	if (!s->plan->nopen)
		brn_outputs_place(s->plan, out, nout);
	rc = run_plan(s, deadline, err);
	if (rc == 0)
		rc = give(s, out, nout, err);
	brn_outputs_replace(s->ran);
	return rc;
}

int
burin_run(burin_session *s, const burin_tensor *in, size_t nin,
    burin_output *out, size_t nout, burin_error *err)
{
	burin_error own_err;
	int rc;

	err = err ? err : &own_err;
	if (!s || (nin && !in) || (nout && !out))
		return brn_fail(err, BURIN_EINVAL,
		    "burin_run: argument is NULL");
	rc = run(s, in, nin, out, nout, err);
	brn_threads_rest(s->threads);
	for (size_t k = 0; rc < 0 && k < nout; k++)
		out[k].data = NULL;
	return rc;
}

int
burin_session_share(burin_session *s, const char *input, const char *output,
    int64_t capacity, burin_error *err)
{
	const struct brn_graph *g;
	struct brn_share new = { .capacity = capacity };
	burin_error own_err;

	err = err ? err : &own_err;
	if (!s || !input || !output || capacity < 1)
		return brn_fail(err, BURIN_EINVAL, "burin_session_share: "
		    "argument is NULL, or capacity below 1");
	if (s->plan || s->memory != &s->own)
		return brn_fail(err, BURIN_EINVAL, "burin_session_share: the "
		    "session has planned a run, or is of a pool");
	g = s->net->graph;
	new.in = brn_value_find(g->in, g->nin, (size_t)g->nin, input);
	new.out = brn_value_find(g->out, g->nout, (size_t)g->nout, output);
	if (new.in < 0 || new.out < 0)
		return brn_fail(err, BURIN_EINVAL, "%s '%s': the model has "
		    "none of that name", new.in < 0 ? "input" : "output",
		    new.in < 0 ? input : output);
	return brn_shares_add(&s->shares, g, &new, err);
}

void
burin_session_cancel(burin_session *s)
{
	atomic_store(&s->cancel, 1);
}

void
burin_session_deadline(burin_session *s, int ms)
{
	s->deadline_ms = ms;
}

int
burin_session_shapes(burin_session *s, const burin_tensor *in, size_t nin,
    burin_output *out, size_t nout, burin_error *err)
{
	burin_error own_err;
	int rc;

	err = err ? err : &own_err;
	if (!s || (nin && !in) || (nout && !out))
		return brn_fail(err, BURIN_EINVAL,
		    "burin_session_shapes: argument is NULL");
	if ((rc = get_net(s, err)) < 0 || (rc = brn_outputs_check(
	    s->net->graph, NULL, out, nout, err)) < 0 ||
	    (rc = bind_inputs(s, in, nin, 0, err)) < 0 ||
	    (rc = get_plan(s, err)) < 0)
		return rc;
	brn_outputs_describe(s->plan, out, nout);
	return 0;
}

void
burin_session_profile(burin_session *s, int on)
{
	s->profile = on;
	if (!on)
		return;
	for (struct brn_plan *p = s->plan; p; p = p->next)
		brn_stages_profile(p);
}

const burin_step_info *
burin_session_step(const burin_session *s, size_t i)
{
	const struct brn_plan *p = s->ran;

	for (; p && i >= (size_t)p->nstep; p = p->ran)
		i -= (size_t)p->nstep;
	return p ? &p->step[i].info : NULL;
}
