/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a plan: the form of each step in turn, or of a stretch band by band
 * (runtime/bands.h).
 */
#include "runtime/plan.h"

struct plan_run {
	const struct brn_plan *p;
	const struct brn_native *native;
	struct brn_run *run;
	const struct brn_band *band;    /* NULL: all tiles */
	burin_error *err;
};

static int
run_step(const struct plan_run *r, struct brn_step *s)
{
	struct brn_call c = brn_step_call(s);
	struct brn_band_call narrowed;

	c.native = r->native;
	c.threads = r->run->threads;
	c.run = r->run;
	c.inside = &s->inside;
	c.shared = r->p->shared;
	c.scratch = r->p->scratch;
	c.scratch_size = r->p->scratch_size;
	c.err = r->err;
	if (r->band)
		brn_band_narrow(&narrowed, r->band, &c);
	return s->form->run(&c);
}

/* Has the caller canceled the run, or is its time over?  */
static int
check_stop(const struct plan_run *r, const struct brn_step *s)
{
	if (atomic_load_explicit(r->run->cancel, memory_order_relaxed))
		return brn_fail(r->err, BURIN_ECANCELED,
		    "canceled after node '%s'", s->node->name);
	if (r->run->deadline != 0 && brn_now_ms() > r->run->deadline)
		return brn_fail(r->err, BURIN_ETIMEOUT,
		    "deadline has passed after node '%s'", s->node->name);
	return 0;
}

/* Steps first to last.  All bands of a step count as one call.  */
static int
run_steps(const struct plan_run *r, int first, int last)
{
	for (int i = first; i <= last; i++) {
		struct brn_step *s = &r->p->step[i];
		double t0 = r->run->profile ? brn_now_ms() : 0;
		int rc = run_step(r, s);

		if (rc < 0 || (rc = check_stop(r, s)) < 0)
			return rc;
		if (r->run->profile) {
			s->info.ms += brn_now_ms() - t0;
			s->info.calls += !r->band || r->band->from == 0;
		}
	}
	return 0;
}

static int
run_bands(struct plan_run *r, const struct brn_bands *b)
{
	struct brn_band band = { .n = b->n };
	int rc = 0;

	r->band = &band;
	for (; band.from < b->n && rc == 0; band.from = band.to) {
		band.to = band.from + b->step < b->n ? band.from + b->step :
		    b->n;
		rc = run_steps(r, b->first, b->last);
	}
	r->band = NULL;
	return rc;
}

/* A kernel that another thread compiles has another name when it is done.  */
static void
update_kernel_names(const struct brn_plan *p)
{
	for (int i = 0; i < p->nstep; i++)
		if (p->step[i].layer)
			p->step[i].info.kernel =
			    p->step[i].layer->kernel->name;
}

int
brn_plan_run(struct brn_plan *p, struct brn_run *run, burin_error *err)
{
	struct plan_run r = { p, brn_native(p->net->target.isa), run, NULL,
	    err };
	const struct brn_bands *b = p->bands, *end = p->bands + p->nbands;
	int rc = 0;

	brn_plan_drop_lists(p);
	update_kernel_names(p);
	for (int i = 0; i < p->nstep && rc == 0; i++)
		if (b < end && b->first == i) {
			rc = run_bands(&r, b);
			i = b++->last;
		} else {
			rc = run_steps(&r, i, i);
		}
	return rc;
}
