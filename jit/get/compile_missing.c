/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiling what no cache has: into the cache; where the cache cannot take it,
 * into a scratch directory, since a loaded kernel does not need its file.
 */
#include "jit/get/batch.h"

#include "cache/path.h"
#include "jit/get/compile.h"
#include "jit/get/environment.h"
#include "jit/get/scratch.h"
#include "jit/get/trace.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Did the store fail, not the kernel?  A store may fill up or become read-only
 * at any time; another store may still work.  */
static int
is_store_fault(const struct brn_job *j)
{
	return j->code == BURIN_ECACHE || j->code == BURIN_EIO;
}

static void
count_compile(struct brn_batch *b, const struct brn_item *it,
    const struct brn_made *m)
{
	char hex[BRN_KEY_HEX];

	pthread_mutex_lock(&b->lock);
	b->st.wait_ms += m->wait_ms;
	b->st.compile_ms += m->compile_ms;
	b->st.publish_ms += m->publish_ms;
	b->st.emit_ms += m->emit_ms;
	b->st.assemble_ms += m->assemble_ms;
	pthread_mutex_unlock(&b->lock);
	if (!brn_trace_on() || !m->compiled)
		return;
	brn_key_hex(&it->key, hex);
	brn_trace("compile %s %.1f ms (emit %.1f, gcc %.1f, as and ld %.1f), "
	    "wait %.1f, publish %.1f", hex, m->compile_ms, m->emit_ms,
	    m->compile_ms - m->emit_ms - m->assemble_ms, m->assemble_ms,
	    m->wait_ms, m->publish_ms);
}

static void
fail_job(struct brn_batch *b, struct brn_item *it, const struct brn_job *job)
{
	if (job->made.refused && b->layers.rw)
		brn_store_fail(b->layers.rw, &it->key, job->err.msg);
	brn_batch_fail(b, it, job->err.msg);
}

static void
job_done(void *ctx, struct brn_job *job)
{
	struct brn_batch *b = ctx;
	struct brn_item *it = &b->item[b->item_of[job - b->job]];

	count_compile(b, it, &job->made);
	if (job->code < 0 && b->stop)
		return;
	if (job->code == 0 && !brn_batch_load(b, b->target, it, &job->err)) {
		job->code = BURIN_EJIT;
		if (!job->err.msg[0])
			brn_fail(&job->err, BURIN_EJIT,
			    "kernel: was gone before it was loaded");
	}
	if (is_store_fault(job))
		return;
	if (job->code < 0)
		fail_job(b, it, job);
	else if (job->made.compiled)
		brn_batch_count(b, BRN_COUNT_compiled, 1);
	else
		brn_batch_count(b, BRN_COUNT_disk_hits, 1);
	it->compiled = job->made.compiled;
	if (it->compiled)
		brn_batch_count(b, BRN_COUNT_unsandboxed,
		    !job->made.sandboxed);
	if (job->made.compiled && b->target == b->layers.rw)
		brn_store_label(b->target, it->spec.compiler);
	if (b->o.progress)
		b->o.progress(b->o.progress_ctx, ++b->ndone, b->ntotal);
}

static void
run_inprocess(struct brn_batch *b)
{
	for (int i = 0; i < b->njob && !b->stop; i++) {
		struct brn_job *j = &b->job[i];

		j->code = brn_environment_check(&j->err);
		if (j->code == 0)
			j->code = brn_compile(b->target, j->spec, j->nspec,
			    &j->made, &j->err);
		job_done(b, j);
	}
}

/* Workers: one a core while the caller waits, half as many in the
 * background.  */
static int
num_jobs(const struct brn_batch *b)
{
	cpu_set_t set;
	int n;

	if (b->o.jobs > 0)
		return b->o.jobs;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return b->background ? (n + 1) / 2 : n;
}

/* Compile the open items into the store s.  */
static void
compile_into(struct brn_batch *b, struct brn_store *s)
{
	struct brn_pool pool = { s, num_jobs(b), b->background, b->stopfd };

	b->target = s;
	b->njob = 0;
	for (int i = 0; i < b->n; i++) {
		struct brn_item *it = &b->item[i];

		if (!it->open)
			continue;
		b->item_of[b->njob] = i;
		b->job[b->njob++] = (struct brn_job){ .spec = it->desc.p,
		    .nspec = it->desc.n };
	}
	if (b->njob == 0)
		return;
	if (b->o.mode == BRN_JIT_inprocess)
		run_inprocess(b);
	else
		brn_worker_run(&pool, b->job, b->njob, job_done, b);
}

static void
compile_into_scratch(struct brn_batch *b)
{
	struct brn_store *s;
	burin_error err;

	if (brn_scratch_open(&s, &err) < 0) {
		brn_batch_note(b, err.msg);
		return;
	}
	compile_into(b, s);
	brn_store_close_scratch(s);
}

static void
note_store_fault(struct brn_batch *b)
{
	for (int i = 0; i < b->njob; i++)
		if (is_store_fault(&b->job[i])) {
			brn_batch_note(b, b->job[i].err.msg);
			return;
		}
}

static void
prune(struct brn_batch *b)
{
	burin_error err;
	int64_t n;

	if (brn_store_prune(b->layers.rw, &b->o.limits, &n, &err) == 0 && n) {
		brn_batch_count(b, BRN_COUNT_evicted, (int)n);
		brn_trace("prune %s: %lld files",
		    brn_store_dir(b->layers.rw), (long long)n);
	}
}

static void
compile_open(struct brn_batch *b)
{
	b->ntotal = b->ndone + brn_batch_count_open(b);
	b->njob = 0;
	if (b->layers.rw) {
		compile_into(b, b->layers.rw);
		note_store_fault(b);
		prune(b);
	}
	if (brn_batch_count_open(b) && !b->stop)
		compile_into_scratch(b);
}

/* Fail the open items that failed within the last day, without trying
 * again.  */
static void
fail_again(struct brn_batch *b)
{
	char why[256], text[300];

	if (!b->layers.rw || b->o.retry)
		return;
	for (int i = 0; i < b->n; i++) {
		struct brn_item *it = &b->item[i];

		if (!it->open || !brn_store_failed(b->layers.rw, &it->key,
		    why, sizeof why))
			continue;
		snprintf(text, sizeof text, "failed within a day: %s", why);
		brn_batch_fail(b, it, text);
	}
}

static const char *
why_not_compiled(const struct brn_batch *b)
{
	if (brn_is_privileged())
		return "the program is set-uid or has capabilities: nothing "
		    "is compiled";
	if (b->o.mode == BRN_JIT_off)
		return "jit=off, and the kernel is not in the cache";
	if (b->njob && b->job[0].err.msg[0])
		return b->job[0].err.msg;
	return "kernel: no directory to compile it in";
}

void
brn_batch_compile(struct brn_batch *b)
{
	if (b->o.mode != BRN_JIT_off) {
		fail_again(b);
		if (brn_batch_count_open(b) && !b->stop)
			compile_open(b);
	}
	for (int i = 0; i < b->n && !b->stop; i++)
		if (b->item[i].open)
			brn_batch_fail(b, &b->item[i], why_not_compiled(b));
}
