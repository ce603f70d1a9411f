/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads busy-wait for each other after every call, since a call takes
 * microseconds.  Each thread gets consecutive block rows with about the same
 * number of blocks.
 */
#include "bench/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

/* WARM_CALLS are not timed: they bring code and data into the caches of the
 * core on which the thread was started.  */
enum { SAMPLES = 15, TRIES = 50, MAX_THREADS = 64, WARM_CALLS = 3 };

/* arrived is aligned so that it shares no cache line with the stack of the
 * first thread, to which a kernel writes.  */
struct crew {
	const struct bench_calls *c;
	int reps;
	double start;                   /* ms, when timing begins */
	atomic_int next;                /* number of the next thread */
	_Alignas(128) atomic_long arrived;
};

/* First block row of thread i, rounded to a multiple of the grain.  */
static int64_t
first_row(const struct bench_calls *c, int i)
{
	const struct brn_kernel_args *a = c->args;
	int64_t want = (int64_t)a->rowptr[a->nbrow] * i / c->nthread, r = 0;

	if (i == c->nthread)
		return a->nbrow;
	while (r < a->nbrow && a->rowptr[r] < want)
		r++;
	return (r + c->grain / 2) / c->grain * c->grain;
}

static void *
work(void *p)
{
	struct crew *w = p;
	const struct bench_calls *c = w->c;
	int i = atomic_fetch_add(&w->next, 1);
	struct brn_kernel_args a = *c->args;

	a.brow0 = first_row(c, i);
	a.brow1 = first_row(c, i + 1);
	for (long n = 1; n <= w->reps; n++) {
		if (i == 0 && n == WARM_CALLS + 1)
			w->start = brn_now_ms();
		c->fn(&a);
		atomic_fetch_add(&w->arrived, 1);
		while (atomic_load(&w->arrived) < n * c->nthread)
			;
	}
	return NULL;
}

/* Involuntary context switches of this process so far.  */
static long
num_preemptions(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_nivcsw;
}

/* Milliseconds that reps calls take.  */
static double
run(const struct bench_calls *c, int reps)
{
	struct crew w = { .c = c, .reps = WARM_CALLS + reps };
	pthread_t thread[MAX_THREADS];
	int n = 1;
	double t;

	while (n < c->nthread && pthread_create(&thread[n], NULL, work,
	    &w) == 0)
		n++;
	if (n < c->nthread)
		abort();
	work(&w);
	t = brn_now_ms() - w.start;
	while (n > 1)
		pthread_join(thread[--n], NULL);
	return t;
}

/* run, repeated until no thread was preempted, at most TRIES times.  */
static double
run_undisturbed(const struct bench_calls *c, int reps)
{
	double t = 0;

	for (int try = 0; try < TRIES; try++) {
		long before = num_preemptions();

		t = run(c, reps);
		if (num_preemptions() == before)
			break;
	}
	return t;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct bench_time
bench_time(const struct bench_calls *c)
{
	double sample[SAMPLES];
	int reps = 1 + (int)(c->nthread / run_undisturbed(c, 1));

	for (int i = 0; i < SAMPLES; i++)
		sample[i] = run_undisturbed(c, reps) / reps * 1e6;
	qsort(sample, SAMPLES, sizeof *sample, compare);
	return (struct bench_time){ sample[SAMPLES / 2], sample[0] };
}
