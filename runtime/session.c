/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions: the caller's tensors are bound to a plan by name, the plan runs,
 * outputs are copied or lent.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/model.h"
#include "runtime/plan.h"

/* Shapes that a session keeps plans for; the one not used longest goes.  */
enum { MAX_PLANS = 16 };

struct burin_session {
	struct burin_model *model;
	struct brn_net *net;            /* of the last run */
	struct brn_threads *threads;
	struct brn_plan *plan;          /* latest first */
	struct brn_tensor *in;          /* [graph->nin], of this run; data NULL:
	                                   not given */
	int by_data;                    /* shapes depend on what inputs hold */
	int profile;
};

static void
drop_plans(burin_session *s)
{
	for (struct brn_plan *p = s->plan, *next; p; p = next) {
		next = p->next;
		brn_plan_free(p);
	}
	s->plan = NULL;
}

/* The net that runs now; plans of another are of no use.  */
static void
get_net(burin_session *s)
{
	struct brn_net *now = brn_model_net(s->model);

	if (now != s->net)
		drop_plans(s);
	brn_net_free(s->net);
	s->net = now;
}

void
burin_session_free(burin_session *s)
{
	if (!s)
		return;
	drop_plans(s);
	brn_threads_free(s->threads);
	brn_net_free(s->net);
	burin_model_free(s->model);
	free(s->in);
	free(s);
}

static int
session_init(burin_session *s, burin_model *m, int threads, burin_error *err)
{
	size_t nin = (size_t)m->nin;

	s->model = brn_model_ref(m);
	s->net = brn_model_net(m);
	s->in = brn_alloc(nin, sizeof *s->in);
	s->threads = brn_threads_new(threads);
	if (!s->in || !s->threads)
		return brn_nomem(err);
	return 0;
}

int
burin_session_new(burin_model *m, const burin_options *o, burin_session **out,
    burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	burin_session *s;
	int rc;

	err = err ? err : &own_err;
	if (!m || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_session_new: argument is NULL");
	if (m->nunsupported)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "model has %d unsupported operators, the first is %s",
		    m->nunsupported, m->unsupported[0]);
	if (m->options.warm)
		return brn_fail(err, BURIN_EINVAL,
		    "model was loaded with warm=1, its kernels were not");
	s = brn_alloc(1, sizeof *s);
	if (!s)
		return brn_nomem(err);
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = session_init(s, m, o->threads, err);
	brn_options_clear(&own);
	if (rc < 0) {
		burin_session_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

int
burin_session_threads(const burin_session *s)
{
	return brn_threads_count(s->threads);
}

static int
find(const struct brn_value *v, int n, const char *name)
{
	for (int i = 0; name && i < n; i++)
		if (!strcmp(v[i].name, name))
			return i;
	return -1;
}

/* The caller's tensor as input i of the graph.  */
static int
bind_input(burin_session *s, int i, const burin_tensor *t, burin_error *err)
{
	struct brn_type *type = &s->in[i].type;
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
	if ((rc = brn_type_bytes(type, t->name, &need, err)) < 0)
		return rc;
	if (t->nbytes < need || (need && !t->data))
		return brn_fail(err, BURIN_EINVAL,
		    "input '%s': has %zu bytes, its shape needs %zu", t->name,
		    t->data ? t->nbytes : 0, need);
	/* Never NULL, even when there is nothing to point to. */
	s->in[i].data = t->data ? t->data : (void *)s;
	return 0;
}

static int
bind_inputs(burin_session *s, const burin_tensor *in, size_t nin,
    burin_error *err)
{
	const struct brn_graph *g = s->net->graph;

	memset(s->in, 0, (size_t)g->nin * sizeof *s->in);
	for (size_t k = 0; k < nin; k++) {
		int i = find(g->in, g->nin, in[k].name), rc;

		if (i < 0)
			return brn_fail(err, BURIN_EINVAL,
			    "input '%s': the model has none of that name",
			    in[k].name ? in[k].name : "");
		if (s->in[i].data)
			return brn_fail(err, BURIN_EINVAL,
			    "input '%s': given twice", in[k].name);
		if ((rc = bind_input(s, i, &in[k], err)) < 0)
			return rc;
	}
	for (int i = 0; i < g->nin; i++)
		if (!s->in[i].data)
			return brn_fail(err, BURIN_EINVAL,
			    "input '%s': not given", g->in[i].name);
	return 0;
}

/* A plan for this run.  A model whose shapes depend on what its inputs hold is
 * planned for that.  */
static int
make_plan(burin_session *s, struct brn_plan **out, burin_error *err)
{
	int nthread = brn_threads_count(s->threads), rc = BURIN_EUNSUPPORTED;

	if (!s->by_data)
		rc = brn_plan_new(s->net, s->in, 0, nthread, out, err);
	if (rc != BURIN_EUNSUPPORTED)
		return rc;
	rc = brn_plan_new(s->net, s->in, 1, nthread, out, err);
	s->by_data |= rc == 0;
	return rc;
}

/* The plan of this run's shapes, found or made, at the head of the list.  */
static int
get_plan(burin_session *s, burin_error *err)
{
	struct brn_plan *p, **at;
	int n = 0, rc;

	for (at = &s->plan; (p = *at); at = &p->next, n++) {
		if (brn_plan_fits(p, s->net, s->in))
			break;
		if (n == MAX_PLANS - 1 && !p->next) {
			*at = NULL;
			brn_plan_free(p);
			p = NULL;
			break;
		}
	}
	if (p)
		*at = p->next;
	else if ((rc = make_plan(s, &p, err)) < 0)
		return rc;
	p->next = s->plan;
	s->plan = p;
	return 0;
}

/* Tell about an output, and copy it or lend it.  */
static int
give_output(const struct brn_tensor *v, burin_tensor *out, burin_error *err)
{
	size_t bytes = (size_t)brn_numel(v) * brn_dtype_size(v->type.dtype);

	if (out->data && out->nbytes < bytes)
		return brn_fail(err, BURIN_EINVAL,
		    "output '%s': has room for %zu bytes, needs %zu",
		    out->name, out->nbytes, bytes);
	if (out->data && bytes)
		memcpy(out->data, v->data, bytes);
	else if (!out->data)
		out->data = v->data;
	out->dtype = (enum burin_dtype)v->type.dtype;
	out->rank = v->type.rank;
	memcpy(out->dims, v->type.dim, sizeof out->dims);
	out->nbytes = bytes;
	return 0;
}

static int
check_outputs(const struct brn_graph *g, const burin_tensor *out, size_t nout,
    burin_error *err)
{
	for (size_t k = 0; k < nout; k++)
		if (find(g->out, g->nout, out[k].name) < 0)
			return brn_fail(err, BURIN_EINVAL,
			    "output '%s': the model has none of that name",
			    out[k].name ? out[k].name : "");
	return 0;
}

int
burin_run(burin_session *s, const burin_tensor *in, size_t nin,
    burin_tensor *out, size_t nout, burin_error *err)
{
	const struct brn_graph *g;
	burin_error own_err;
	int rc;

	err = err ? err : &own_err;
	if (!s || (nin && !in) || (nout && !out))
		return brn_fail(err, BURIN_EINVAL,
		    "burin_run: argument is NULL");
	get_net(s);
	g = s->net->graph;
	if ((rc = check_outputs(g, out, nout, err)) < 0 ||
	    (rc = bind_inputs(s, in, nin, err)) < 0 ||
	    (rc = get_plan(s, err)) < 0)
		return rc;
	for (int i = 0; i < g->nin; i++)
		s->plan->val[g->in[i].node->id].data = s->in[i].data;
	rc = brn_plan_run(s->plan, s->net, s->threads, s->profile, err);
	for (size_t k = 0; rc == 0 && k < nout; k++) {
		int i = find(g->out, g->nout, out[k].name);

		rc = give_output(&s->plan->val[g->out[i].node->id], &out[k],
		    err);
	}
	return rc;
}

void
burin_session_profile(burin_session *s, int on)
{
	s->profile = on;
	if (!on)
		return;
	for (struct brn_plan *p = s->plan; p; p = p->next)
		for (int i = 0; i < p->nstep; i++) {
			p->step[i].info.calls = 0;
			p->step[i].info.ms = 0;
		}
}

const burin_step_info *
burin_session_step(const burin_session *s, size_t i)
{
	if (!s->plan || i >= (size_t)s->plan->nstep)
		return NULL;
	return &s->plan->step[i].info;
}
