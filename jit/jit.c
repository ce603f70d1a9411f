/* SPDX-License-Identifier: Apache-2.0
 *
 * A batch of specs becomes a batch of kernels: claim each in the table, look
 * on disk for those that are ours to make, compile what is not there, and give
 * tier T0 to what is left.  Every claim is settled on every way out, because
 * other threads may be waiting for it; ours are settled before we wait for
 * theirs, so nobody waits in a circle.
 */
#include "jit/jit.h"

#include "jit/compile.h"
#include "jit/load.h"
#include "jit/scratch.h"
#include "jit/table.h"
#include "jit/worker.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct item {
	const struct brn_spec *spec;
	struct brn_key key;
	struct brn_buf desc;
	struct brn_slot *slot;
	enum brn_claim claim;
	int first;                      /* of its slot in this batch */
	int open;                       /* ours, and not settled */
};

struct batch {
	const struct brn_jit_opts *o;
	struct item *item;
	int n;
	burin_stats *st;
	struct brn_store *sink;         /* where the compiler leaves kernels */
	struct brn_job *job;            /* what is to be compiled, */
	int *of;                        /* and which item each is of */
	int njob, ndone, ntotal;
};

/* Add a reason for people to read.  */
static void
note(struct batch *b, const char *text)
{
	size_t n = strlen(b->st->note);

	snprintf(b->st->note + n, sizeof b->st->note - n, "%s%.*s",
	    n ? "; " : "", (int)sizeof b->st->note, text);
}

/* ---- settle ----------------------------------------------------------- */

/* With fn, made for the kernel and instruction set of s.  */
static void
settle(struct item *it, const struct brn_spec *s, brn_kernel_fn *fn,
    void *handle)
{
	struct brn_kernel k = { fn, s->kernel, brn_spec_grain(s), "" };

	snprintf(k.name, sizeof k.name, "%s.%dx%d.%s",
	    brn_kernels[s->kernel].name, s->bh, s->bw,
	    brn_isas[s->isa].name);
	brn_table_settle(it->slot, &k, handle);
	it->open = 0;
}

static void
settle_t0(struct item *it)
{
	struct brn_spec s = *it->spec;

	s.kernel = BRN_KERNEL_t0;
	s.isa = brn_isa_runs(s.isa) ? s.isa : brn_isa_detect();
	settle(it, &s, brn_t0(s.isa), NULL);
}

/* One reason speaks for all.  */
static void
count_failure(struct batch *b, const char *why)
{
	if (b->st->failed++ == 0)
		note(b, why);
}

static void
settle_failed(struct batch *b, struct item *it, const char *why)
{
	count_failure(b, why);
	settle_t0(it);
}

/* ---- claim ------------------------------------------------------------ */

static int
is_first(const struct batch *b, int i)
{
	for (int j = 0; j < i; j++)
		if (b->item[j].slot == b->item[i].slot)
			return 0;
	return 1;
}

/* What no compiler is needed for, or would help with.  */
static void
settle_early(struct batch *b, struct item *it)
{
	const struct brn_spec *s = it->spec;

	if (!s->compiler[0])
		settle_failed(b, it, "libgccjit: not known here");
	else if (brn_kernels[s->kernel].tier == 0)
		settle_t0(it);
	else if (!brn_isa_runs(s->isa))
		settle_failed(b, it, "isa: not of this machine");
}

static int
claim(struct batch *b, int i, const struct brn_spec *spec, burin_error *err)
{
	struct item *it = &b->item[i];
	int rc;

	it->spec = spec;
	brn_spec_encode(spec, &it->desc);
	if (it->desc.fail)
		return brn_nomem(err);
	it->key = brn_key_of(it->desc.p, it->desc.n);
	rc = brn_table_claim(&it->key, it->desc.p, it->desc.n, &it->slot);
	if (rc < 0)
		return brn_nomem(err);
	it->claim = (enum brn_claim)rc;
	it->first = is_first(b, i);
	b->st->kernels += it->first;
	it->open = it->claim == BRN_CLAIM_mine;
	if (it->open)
		settle_early(b, it);
	else if (it->claim == BRN_CLAIM_ready)
		b->st->memory_hits += it->first;
	return BURIN_OK;
}

/* Kernels that other threads make.  */
static void
wait_for_others(struct batch *b)
{
	for (int i = 0; i < b->n; i++) {
		struct item *it = &b->item[i];

		if (!it->slot || it->claim != BRN_CLAIM_pending)
			continue;
		if (brn_table_wait(it->slot)) {
			b->st->memory_hits += it->first;
		} else if (it->first) {
			count_failure(b, "kernel: another thread failed");
		}
	}
}

/* ---- disk ------------------------------------------------------------- */

/* 1: settled with the kernel in s.  0: not; *why says why it is there and
 * cannot be used, NULL when it is not there.  */
static int
from_store(struct brn_store *s, struct item *it, burin_error *why)
{
	brn_kernel_fn *fn;
	const char *word;
	void *handle;
	int fd, rc;

	why->msg[0] = 0;
	if (brn_store_get(s, &it->key, it->desc.p, it->desc.n, &fd, &word)) {
		if (word)
			brn_fail(why, BURIN_ECACHE, "%s: entry has: %s",
			    brn_store_dir(s), word);
		return 0;
	}
	rc = brn_load(fd, &handle, &fn, why);
	close(fd);
	if (rc < 0)
		return 0;
	settle(it, it->spec, fn, handle);
	return 1;
}

static int
count_open(const struct batch *b)
{
	int n = 0;

	for (int i = 0; i < b->n; i++)
		n += b->item[i].open;
	return n;
}

static void
from_disk(struct batch *b, struct brn_store *s)
{
	burin_error why;

	for (int i = 0; i < b->n; i++)
		if (b->item[i].open)
			b->st->disk_hits += from_store(s, &b->item[i], &why);
}

/* ---- compile ---------------------------------------------------------- */

/* A store may fill up or turn read-only at any time; then another is worth a
 * try.  */
static int
is_of_store(const struct brn_job *j)
{
	return j->code == BURIN_ECACHE || j->code == BURIN_EIO;
}

static void
job_done(void *ctx, struct brn_job *job)
{
	struct batch *b = ctx;
	struct item *it = &b->item[b->of[job - b->job]];

	if (job->code == 0 && !from_store(b->sink, it, &job->err)) {
		job->code = BURIN_EJIT;
		if (!job->err.msg[0])
			brn_fail(&job->err, BURIN_EJIT,
			    "kernel: was gone before it was loaded");
	}
	if (job->code < 0) {
		if (is_of_store(job))
			return;
		settle_failed(b, it, job->err.msg);
	} else if (job->compiled) {
		b->st->compiled++;
	} else {
		b->st->disk_hits++;
	}
	if (b->o->progress)
		b->o->progress(b->o->progress_ctx, ++b->ndone, b->ntotal);
}

static void
run_inprocess(struct batch *b)
{
	for (int i = 0; i < b->njob; i++) {
		struct brn_job *j = &b->job[i];

		j->code = brn_compile(b->sink, j->spec, j->nspec,
		    &j->compiled, &j->err);
		job_done(b, j);
	}
}

static int
num_jobs(const struct brn_jit_opts *o)
{
	cpu_set_t set;

	if (o->jobs > 0)
		return o->jobs;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		return CPU_COUNT(&set);
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* Compile what is open into the store s.  */
static void
compile_into(struct batch *b, struct brn_store *s)
{
	b->sink = s;
	b->njob = 0;
	for (int i = 0; i < b->n; i++) {
		struct item *it = &b->item[i];

		if (!it->open)
			continue;
		b->of[b->njob] = i;
		b->job[b->njob++] = (struct brn_job){ .spec = it->desc.p,
		    .nspec = it->desc.n };
	}
	if (b->njob == 0)
		return;
	if (b->o->mode == BRN_JIT_inprocess)
		run_inprocess(b);
	else
		brn_worker_run(brn_store_dir(s), num_jobs(b->o), b->job,
		    b->njob, job_done, b);
}

/* Into the cache, and what that does not take into a directory of the moment:
 * a kernel that is loaded needs its file no more.  */
static void
compile(struct batch *b, struct brn_store *s)
{
	struct brn_scratch t;
	burin_error err;

	b->ntotal = count_open(b);
	if (s)
		compile_into(b, s);
	for (int i = 0; i < b->njob; i++)
		if (is_of_store(&b->job[i])) {
			note(b, b->job[i].err.msg);
			break;
		}
	if (count_open(b) == 0)
		return;
	if (brn_scratch_open(&t, &err) < 0) {
		note(b, err.msg);
		return;
	}
	compile_into(b, t.store);
	brn_scratch_close(&t);
}

/* ---- all of it -------------------------------------------------------- */

static void
make_kernels(struct batch *b)
{
	struct brn_store *s = NULL;
	burin_error err;

	if (count_open(b) == 0)
		return;
	if (brn_store_open(b->o->cache_dir, &s, &err) < 0)
		note(b, err.msg);
	else
		from_disk(b, s);
	if (b->o->mode != BRN_JIT_off && count_open(b) > 0)
		compile(b, s);
	brn_store_close(s);
}

static const char *
why_left(const struct batch *b)
{
	if (b->o->mode == BRN_JIT_off)
		return "jit=off, and the kernel is not in the cache";
	if (b->njob && b->job[0].err.msg[0])
		return b->job[0].err.msg;
	return "kernel: nowhere to compile it to";
}

static int
get(struct batch *b, const struct brn_spec *spec, struct brn_kernel **out,
    burin_error *err)
{
	int i, rc = BURIN_OK;

	for (i = 0; i < b->n && rc == 0; i++)
		rc = claim(b, i, &spec[i], err);
	if (rc == 0)
		make_kernels(b);
	for (i = 0; i < b->n; i++)
		if (b->item[i].open)
			settle_failed(b, &b->item[i], why_left(b));
	wait_for_others(b);
	for (i = 0; i < b->n; i++) {
		struct item *it = &b->item[i];

		if (rc == 0)
			out[i] = brn_table_kernel(it->slot);
		else if (it->slot)
			brn_table_release(brn_table_kernel(it->slot));
		brn_buf_free(&it->desc);
	}
	return rc;
}

int
brn_jit_get(const struct brn_jit_opts *o, const struct brn_spec *spec, int n,
    struct brn_kernel **out, burin_stats *st, burin_error *err)
{
	struct batch b = { .o = o, .n = n, .st = st };
	double start = brn_now_ms();
	int rc;

	b.item = brn_alloc((size_t)n + 1, sizeof *b.item);
	b.job = brn_alloc((size_t)n + 1, sizeof *b.job);
	b.of = brn_alloc((size_t)n + 1, sizeof *b.of);
	if (b.item && b.job && b.of)
		rc = get(&b, spec, out, err);
	else
		rc = brn_nomem(err);
	free(b.item);
	free(b.job);
	free(b.of);
	st->ms += brn_now_ms() - start;
	return rc;
}

void
brn_jit_release(struct brn_kernel *k)
{
	brn_table_release(k);
}
