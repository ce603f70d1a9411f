/* SPDX-License-Identifier: Apache-2.0
 *
 * Timing candidates on the layer itself.  All are compiled first and then timed
 * in turns, so that other load on the machine disturbs all of them alike.  The
 * least time of each counts: it was disturbed the least.
 */
#include "jit/tune/tune.h"

#include <stdlib.h>

#include "jit/get/jit.h"
#include "jit/kernel/choose.h"

enum {
	BEST = 4,               /* block shapes that are timed, beside dense */
	ROUNDS = 15,
	TILES = BRN_COST_TOKENS / BRN_TILE,
	MAX_TRIALS = (BEST + 1) * BRN_NUM_KERNELS,
};

/* Milliseconds of a sample, at least.  */
static const double min_sample_ms = 0.3;

/* A candidate, and the layer stored in its blocks.  */
struct stored {
	struct brn_candidate *cand;
	struct brn_bsr *b;
};

/* A kernel for it.  */
struct trial {
	const struct stored *stored;
	void *stream;
	struct brn_kernel_args args;
	int reps;
	double ms;              /* a call; 0: not timed yet */
};

struct bench {
	const struct brn_jit_opts *o;
	enum brn_isa isa;
	float *x, *y, *bias;
	int nstored, ntrial;
	struct stored stored[BEST + 1];
	struct trial trial[MAX_TRIALS];
	struct brn_spec spec[MAX_TRIALS];
	struct brn_kernel *kernel[MAX_TRIALS];
};

/* The kernel of s, if it fits f and suits its pattern.  */
static int
add_trial(struct bench *t, const struct stored *f, const struct brn_spec *s,
    burin_error *err)
{
	struct trial *r = &t->trial[t->ntrial];
	struct brn_plan plan;
	int rc;

	if (brn_kernels[s->kernel].tier == 0 || !brn_kernel_fits(s))
		return BURIN_OK;
	rc = brn_plan_make(s, &plan, err);
	if (rc < 0)
		return rc == BURIN_EUNSUPPORTED ? BURIN_OK : rc;
	r->stored = f;
	rc = brn_pack_stream(s, &plan, f->b->vals, NULL, &r->stream, err);
	brn_plan_clear(&plan);
	if (rc == 0)
		t->spec[t->ntrial++] = *s;
	return rc;
}

/* All kernels that fit.  For a full pattern only the first: the others would
 * read indices for nothing.  */
static int
add_trials(struct bench *t, const struct stored *f, burin_error *err)
{
	struct brn_spec s;
	int rc = BURIN_OK;

	brn_spec_init(&s, f->b, BRN_EPI_BIAS, t->isa, brn_compiler_id());
	brn_choose_first(&s);
	if (brn_spec_is_full(&s))
		return add_trial(t, f, &s, err);
	for (int k = 0; k < BRN_NUM_KERNELS && rc == 0; k++) {
		s.kernel = (enum brn_kernel_id)k;
		rc = add_trial(t, f, &s, err);
	}
	return rc;
}

static int
add_stored(struct bench *t, const struct brn_matrix *w,
    struct brn_candidate *c, burin_error *err)
{
	struct stored *f = &t->stored[t->nstored++];
	int rc;

	f->cand = c;
	rc = brn_bsr_from_dense(w, c->bh, c->bw, c->dense, &f->b, err);
	return rc < 0 ? rc : add_trials(t, f, err);
}

/* The best by prediction of the candidates that are not taken yet; NULL: all
 * are.  */
static struct brn_candidate *
best_untaken(const struct bench *t, struct brn_candidate *c, int n)
{
	struct brn_candidate *best = NULL;

	for (int i = 0; i < n; i++) {
		int taken = c[i].dense;

		for (int k = 0; k < t->nstored; k++)
			taken |= t->stored[k].cand == &c[i];
		if (!taken && (!best || c[i].predicted < best->predicted))
			best = &c[i];
	}
	return best;
}

static int
add_candidates(struct bench *t, const struct brn_matrix *w,
    struct brn_candidate *c, int n, burin_error *err)
{
	struct brn_candidate *best;
	int rc;

	for (int i = 0; i < n; i++)
		if (c[i].dense && (rc = add_stored(t, w, &c[i], err)) < 0)
			return rc;
	while (t->nstored <= BEST && (best = best_untaken(t, c, n)))
		if ((rc = add_stored(t, w, best, err)) < 0)
			return rc;
	return BURIN_OK;
}

static float *
floats(int64_t n)
{
	float *p = brn_alloc_aligned((size_t)n * sizeof *p);

	for (int64_t i = 0; p && i < n; i++)
		p[i] = (float)(i % 17) / 8 - 1;
	return p;
}

static int
add_data(struct bench *t, burin_error *err)
{
	int64_t rows = 0, cols = 0;

	for (int i = 0; i < t->nstored; i++) {
		const struct brn_bsr *b = t->stored[i].b;
		int64_t r = (int64_t)b->nbrow * b->bh;
		int64_t c = (int64_t)b->nbcol * b->bw;

		rows = r > rows ? r : rows;
		cols = c > cols ? c : cols;
	}
	t->x = floats(cols * TILES * BRN_TILE);
	t->y = floats(rows * TILES * BRN_TILE);
	t->bias = floats(rows);
	if (!t->x || !t->y || !t->bias)
		return brn_nomem(err);
	for (int i = 0; i < t->ntrial; i++) {
		struct trial *r = &t->trial[i];
		const struct brn_bsr *b = r->stored->b;

		r->args = (struct brn_kernel_args){ .x = t->x,
		    .vals = b->vals, .stream = r->stream,
		    .bias = t->bias, .y = t->y, .tile1 = TILES,
		    .brow1 = b->nbrow, .rowptr = b->rowptr,
		    .colidx = b->colidx, .bh = b->bh, .bw = b->bw,
		    .nbrow = b->nbrow, .nbcol = b->nbcol };
	}
	return BURIN_OK;
}

/* Milliseconds a call.  */
static double
time_calls(struct trial *r, brn_kernel_fn *fn, int reps)
{
	double start;

	fn(&r->args);           /* fills the caches */
	start = brn_now_ms();
	for (int i = 0; i < reps; i++)
		fn(&r->args);
	return (brn_now_ms() - start) / reps;
}

static void
time_in_turns(struct bench *t)
{
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < t->ntrial; i++) {
			struct trial *r = &t->trial[i];
			double ms;

			if (!brn_kernel_is_made(t->kernel[i]))
				continue;
			if (!r->reps)
				r->reps = 1 + (int)(min_sample_ms /
				    (time_calls(r,
				    brn_kernel_code(t->kernel[i]), 1) +
				    1e-6));
			ms = time_calls(r, brn_kernel_code(t->kernel[i]),
			    r->reps);
			if (r->ms == 0 || ms < r->ms)
				r->ms = ms;
		}
}

/* Set each candidate's time to that of its fastest kernel.  */
static void
keep_fastest(struct bench *t)
{
	for (int i = 0; i < t->ntrial; i++) {
		struct brn_candidate *c = t->trial[i].stored->cand;
		double ns = t->trial[i].ms * 1e6 / TILES;

		if (ns <= 0 || (c->measured > 0 && c->measured <= ns))
			continue;
		c->measured = ns;
		c->kernel = (int)t->spec[i].kernel;
	}
}

static int
compile_and_time(struct bench *t, burin_error *err)
{
	struct brn_jit_opts o = *t->o;
	burin_stats st;
	int rc;

	o.warm = 0;
	o.wait = 1;
	o.progress = NULL;
	rc = brn_jit_get(&o, t->spec, t->ntrial, t->kernel, &st, err);
	if (rc < 0)
		return rc;
	time_in_turns(t);
	keep_fastest(t);
	for (int i = 0; i < t->ntrial; i++)
		brn_jit_release(t->kernel[i]);
	return BURIN_OK;
}

static void
free_bench(struct bench *t)
{
	for (int i = 0; i < t->ntrial; i++)
		free(t->trial[i].stream);
	for (int i = 0; i < t->nstored; i++)
		brn_bsr_free(t->stored[i].b);
	free(t->x);
	free(t->y);
	free(t->bias);
	free(t);
}

int
brn_tune_measure(const struct brn_jit_opts *o, enum brn_isa isa,
    const struct brn_matrix *w, struct brn_candidate *c, int n,
    burin_error *err)
{
	struct bench *t = brn_alloc(1, sizeof *t);
	int rc;

	if (!t)
		return brn_nomem(err);
	t->o = o;
	t->isa = isa;
	if ((rc = add_candidates(t, w, c, n, err)) == 0 &&
	    (rc = add_data(t, err)) == 0)
		rc = compile_and_time(t, err);
	free_bench(t);
	return rc;
}
