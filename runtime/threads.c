/* SPDX-License-Identifier: Apache-2.0
 *
 * A team of threads, over pthreadpool, which spins only briefly and then
 * sleeps.
 */
#include "runtime/threads.h"

#include <pthreadpool.h>
#include <sched.h>
#include <stdlib.h>

#include "ir/base.h"

struct brn_threads {
	pthreadpool_t pool;             /* NULL: the caller alone */
};

static int
cores(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 1;
	return CPU_COUNT(&set);
}

struct brn_threads *
brn_threads_new(int n)
{
	struct brn_threads *t = brn_alloc(1, sizeof *t);

	if (!t)
		return NULL;
	if (n == 0)
		n = cores();
	if (n > 1 && !(t->pool = pthreadpool_create((size_t)n))) {
		free(t);
		return NULL;
	}
	return t;
}

void
brn_threads_free(struct brn_threads *t)
{
	if (!t)
		return;
	if (t->pool)
		pthreadpool_destroy(t->pool);
	free(t);
}

int
brn_threads_count(const struct brn_threads *t)
{
	return t->pool ? (int)pthreadpool_get_threads_count(t->pool) : 1;
}

void
brn_parallel(struct brn_threads *t, size_t n, brn_task_fn *fn, void *ctx)
{
	if (t->pool && n > 1) {
		pthreadpool_parallelize_1d(t->pool, fn, ctx, n, 0);
		return;
	}
	for (size_t i = 0; i < n; i++)
		fn(ctx, i);
}
