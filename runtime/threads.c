/* SPDX-License-Identifier: Apache-2.0
 *
 * A team of threads, over pthreadpool, whose threads spin for a while when
 * their work is done and then sleep.  After a fork the child does not have the
 * threads of its parent: it makes a pool of its own when it first needs one,
 * and never frees the other.
 */
#include "runtime/threads.h"

#include <pthreadpool.h>
#include <stdlib.h>
#include <unistd.h>

#include "ir/base.h"
#include "runtime/cores.h"

/* ThreadSanitizer does not see the locks inside pthreadpool, which is not built
 * with it, so it is told when work is handed over.  */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define HAND_OVER(p) __tsan_release(p)
#define RECEIVE(p) __tsan_acquire(p)
#else
#define HAND_OVER(p) ((void)(p))
#define RECEIVE(p) ((void)(p))
#endif

struct work {
	brn_task_fn *fn;
	void *ctx;
};

/* Threads a core, when more are asked for than there are cores.  */
enum { MAX_EXTRA = 4 };

struct brn_threads {
	pthreadpool_t pool;             /* NULL: the caller alone */
	pid_t owner;                    /* of the threads in pool */
};

struct brn_threads *
brn_threads_new(int n)
{
	struct brn_threads *t = brn_alloc(1, sizeof *t);

	if (!t)
		return NULL;
	if (n == 0)
		n = brn_cores_count();
	/* Threads that wait for a core spin: 1000 of them take minutes for
	 * what one does in a millisecond.  */
	if (n > MAX_EXTRA && n > MAX_EXTRA * brn_cores_count())
		n = MAX_EXTRA * brn_cores_count();
	if (n > 1 && !(t->pool = pthreadpool_create((size_t)n))) {
		free(t);
		return NULL;
	}
	t->owner = getpid();
	return t;
}

void
brn_threads_free(struct brn_threads *t)
{
	if (!t)
		return;
	if (t->pool && t->owner == getpid())
		pthreadpool_destroy(t->pool);
	free(t);
}

int
brn_threads_count(const struct brn_threads *t)
{
	return t->pool ? (int)pthreadpool_get_threads_count(t->pool) : 1;
}

static void
run_task(void *p, size_t i)
{
	struct work *w = p;

	RECEIVE(w);
	w->fn(w->ctx, i);
	HAND_OVER(w);
}

/* The pool of this process, made anew after a fork; NULL: there is none.  */
static pthreadpool_t
pool_of_process(struct brn_threads *t)
{
	pthreadpool_t own;

	if (!t->pool || t->owner == getpid())
		return t->pool;
	own = pthreadpool_create(pthreadpool_get_threads_count(t->pool));
	if (own) {
		t->pool = own;
		t->owner = getpid();
	}
	return own;
}

void
brn_parallel(struct brn_threads *t, size_t n, brn_task_fn *fn, void *ctx)
{
	struct work w = { fn, ctx };

	if (n > 1 && pool_of_process(t)) {
		HAND_OVER(&w);
		pthreadpool_parallelize_1d(t->pool, run_task, &w, n, 0);
		RECEIVE(&w);
		return;
	}
	for (size_t i = 0; i < n; i++)
		fn(ctx, i);
}

static void
do_nothing(void *p, size_t i)
{
	(void)p;
	(void)i;
}

/* pthreadpool puts its threads to sleep at the end of work that says so: here
 * one empty task each.  */
void
brn_threads_rest(struct brn_threads *t)
{
	if (t->pool && t->owner == getpid())
		pthreadpool_parallelize_1d(t->pool, do_nothing, NULL,
		    pthreadpool_get_threads_count(t->pool),
		    PTHREADPOOL_FLAG_YIELD_WORKERS);
}
