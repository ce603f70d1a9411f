/* SPDX-License-Identifier: Apache-2.0
 *
 * A batch of specs becomes a batch of kernels, in the calling thread or in a
 * thread of its own.
 */
#include "jit/get/jit.h"

#include "jit/get/batch.h"
#include "jit/get/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Fewer kernels are missing than may be compiled, or none will be.  */
static int
check_missing(struct brn_batch *b, burin_error *err)
{
	int64_t most = b->o.max_kernels, work = b->o.work_kernels;
	int n = brn_batch_count_open(b);

	if (b->o.mode == BRN_JIT_off)
		return BURIN_OK;
	if (work && n > work)
		return brn_fail(err, BURIN_EUNSUPPORTED, "the model needs %d "
		    "kernels that no cache has, max_load_work and the size of "
		    "the file allow %lld", n, (long long)work);
	if (!most || n <= most)
		return BURIN_OK;
	return brn_fail(err, BURIN_EUNSUPPORTED,
	    "the model needs %d kernels that no cache has, max_kernels is %lld",
	    n, (long long)most);
}

/* Claim every spec, and settle those that a cache has.  */
static int
claim_and_search(struct brn_batch *b, const struct brn_spec *spec,
    burin_error *err)
{
	int rc = BURIN_OK;

	for (int i = 0; i < b->n && rc == 0; i++)
		rc = brn_batch_claim(b, i, &spec[i], err);
	if (rc == 0) {
		brn_batch_search(b);
		rc = check_missing(b, err);
	}
	return rc;
}

/* Compile our claims, then wait for those of other batches, and compile those
 * that they give up.  */
static void
compile_and_wait(struct brn_batch *b)
{
	for (;;) {
		brn_batch_compile(b);
		brn_batch_wait(b);
		if (b->stop || brn_batch_count_open(b) == 0)
			break;
		brn_batch_search(b);
	}
	brn_batch_abandon(b);
	brn_batch_upload(b);
}

/* Give the kernels to the caller, or release them when rc is an error.  */
static void
hand_over(struct brn_batch *b, int rc, struct brn_kernel **out)
{
	if (rc < 0)
		brn_batch_abandon(b);
	for (int i = 0; i < b->n; i++) {
		struct brn_slot *s = b->item[i].slot;

		if (rc == 0)
			out[i] = brn_table_kernel(s);
		else if (s)
			brn_table_release(brn_table_kernel(s));
	}
}

int
brn_jit_get(const struct brn_jit_opts *o, const struct brn_spec *spec, int n,
    struct brn_kernel **out, burin_stats *st, burin_error *err)
{
	double start = brn_now_ms();
	struct brn_batch b;
	int rc;

	if ((rc = brn_batch_init(&b, o, n, err)) < 0)
		return rc;
	rc = claim_and_search(&b, spec, err);
	if (rc == 0)
		compile_and_wait(&b);
	hand_over(&b, rc, out);
	b.st.ms = brn_now_ms() - start;
	brn_batch_report(&b);
	*st = b.st;
	brn_batch_clear(&b);
	return rc;
}

struct brn_kernel *
brn_jit_ref(struct brn_kernel *k)
{
	return brn_table_ref(k);
}

void
brn_jit_release(struct brn_kernel *k)
{
	brn_table_release(k);
}

void
brn_jit_process_stats(burin_stats *st)
{
	brn_batch_total(st);
}

/* ---- in the background ------------------------------------------------ */

struct brn_jit_task {
	struct brn_batch batch;
	double start;
	pid_t owner;            /* a forked child does not have the thread */
	int running;            /* there is a thread to join */
	pthread_t thread;
	pthread_cond_t ended;   /* under batch.lock */
	int done;
};

/* Add to the statistics of the process before waking who waits for the
 * task.  */
static void
report_end(struct brn_jit_task *t)
{
	pthread_mutex_lock(&t->batch.lock);
	t->batch.st.ms = brn_now_ms() - t->start;
	pthread_mutex_unlock(&t->batch.lock);
	brn_batch_report(&t->batch);
	pthread_mutex_lock(&t->batch.lock);
	t->done = 1;
	pthread_cond_broadcast(&t->ended);
	pthread_mutex_unlock(&t->batch.lock);
}

static void *
run_task(void *p)
{
	struct brn_jit_task *t = p;

	compile_and_wait(&t->batch);
	report_end(t);
	return NULL;
}

/* The thread blocks all signals: they are for the threads of the host.  */
static int
start_thread(struct brn_jit_task *t)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&t->thread, NULL, run_task, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static int
has_pending(const struct brn_batch *b)
{
	for (int i = 0; i < b->n; i++)
		if (b->item[i].open ||
		    b->item[i].claim == BRN_CLAIM_pending)
			return 1;
	return 0;
}

static void
start_task(struct brn_jit_task *t)
{
	struct brn_batch *b = &t->batch;

	b->background = !b->o.wait && b->o.mode != BRN_JIT_off &&
	    has_pending(b);
	if (b->background)
		b->stopfd = eventfd(0, EFD_CLOEXEC);
	if (b->stopfd >= 0 && start_thread(t) == 0) {
		t->running = 1;
		return;
	}
	/* Nothing is pending, the caller waits, or there is no thread.  */
	compile_and_wait(b);
	report_end(t);
}

static void
free_task(struct brn_jit_task *t)
{
	brn_batch_clear(&t->batch);
	/* In a child it would wait for ever for waiters of the parent.  */
	if (t->owner == getpid())
		pthread_cond_destroy(&t->ended);
	free(t);
}

static int
task_new(const struct brn_jit_opts *o, int n, struct brn_jit_task **out,
    burin_error *err)
{
	struct brn_jit_task *t = brn_alloc(1, sizeof *t);
	pthread_condattr_t a;
	int rc;

	if (!t)
		return brn_nomem(err);
	if ((rc = brn_batch_init(&t->batch, o, n, err)) < 0) {
		free(t);
		return rc;
	}
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&t->ended, &a);
	pthread_condattr_destroy(&a);
	t->start = brn_now_ms();
	t->owner = getpid();
	*out = t;
	return BURIN_OK;
}

int
brn_jit_start(const struct brn_jit_opts *o, const struct brn_spec *spec,
    int n, struct brn_kernel **out, struct brn_jit_task **task,
    burin_error *err)
{
	struct brn_jit_task *t = NULL;
	int rc;

	if ((rc = task_new(o, n, &t, err)) < 0)
		return rc;
	rc = claim_and_search(&t->batch, spec, err);
	hand_over(&t->batch, rc, out);
	if (rc < 0) {
		free_task(t);
		return rc;
	}
	start_task(t);
	*task = t;
	return BURIN_OK;
}

static int
count_pending(const burin_stats *st)
{
	return st->kernels - st->compiled - st->disk_hits - st->memory_hits -
	    st->remote_hits - st->failed;
}

void
brn_jit_stats(struct brn_jit_task *t, burin_stats *st)
{
	/* In a child the lock may be held by a thread that is not there.  */
	int ours = t->owner == getpid();

	if (ours)
		pthread_mutex_lock(&t->batch.lock);
	*st = t->batch.st;
	st->pending = t->done ? 0 : count_pending(st);
	if (ours)
		pthread_mutex_unlock(&t->batch.lock);
}

int
brn_jit_wait(struct brn_jit_task *t, int ms)
{
	struct timespec end;
	burin_stats st;

	if (t->owner != getpid()) {
		brn_jit_stats(t, &st);
		return st.pending;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * 1000000L;
	if (end.tv_nsec >= 1000000000L) {
		end.tv_nsec -= 1000000000L;
		end.tv_sec++;
	}
	pthread_mutex_lock(&t->batch.lock);
	while (!t->done) {
		if (ms < 0)
			pthread_cond_wait(&t->ended, &t->batch.lock);
		else if (pthread_cond_timedwait(&t->ended, &t->batch.lock,
		    &end) == ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&t->batch.lock);
	brn_jit_stats(t, &st);
	return st.pending;
}

void
brn_jit_end(struct brn_jit_task *t)
{
	uint64_t one = 1;

	if (!t)
		return;
	if (t->running && t->owner == getpid()) {
		t->batch.stop = 1;
		(void)!write(t->batch.stopfd, &one, sizeof one);
		brn_table_wake();
		pthread_join(t->thread, NULL);
	}
	free_task(t);
}
