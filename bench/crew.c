/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads wait for each other by looking, since calls take microseconds.  Each
 * has the block rows of its share of the blocks.
 */
#include "bench/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Calls before the clock starts bring code and data into the caches of the
 * core that a thread has come to.  */
enum { SAMPLES = 15, TRIES = 50, MAX_THREADS = 64, WARM = 3 };

/* What all look at has cache lines of its own: beside it is the stack of the
 * first, which its kernel may write to all the time.  */
struct crew {
	const struct bench_calls *c;
	int reps;
	double start;                   /* of the clock */
	atomic_int next;                /* member without a number yet */
	_Alignas(128) atomic_long arrived;
};

/* The first block row of member i, at the nearest multiple of the grain.  */
static int64_t
cut(const struct bench_calls *c, int i)
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

	a.brow0 = cut(c, i);
	a.brow1 = cut(c, i + 1);
	for (long n = 1; n <= w->reps; n++) {
		if (i == 0 && n == WARM + 1)
			w->start = brn_now_ms();
		c->fn(&a);
		atomic_fetch_add(&w->arrived, 1);
		while (atomic_load(&w->arrived) < n * c->nthread)
			;
	}
	return NULL;
}

/* How often somebody else took the core.  */
static long
interruptions(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_nivcsw;
}

/* Milliseconds of reps calls.  */
static double
run(const struct bench_calls *c, int reps)
{
	struct crew w = { .c = c, .reps = WARM + reps };
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

static double
undisturbed(const struct bench_calls *c, int reps)
{
	double t = 0;

	for (int try = 0; try < TRIES; try++) {
		long before = interruptions();

		t = run(c, reps);
		if (interruptions() == before)
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
	int reps = 1 + (int)(c->nthread / undisturbed(c, 1));

	for (int i = 0; i < SAMPLES; i++)
		sample[i] = undisturbed(c, reps) / reps * 1e6;
	qsort(sample, SAMPLES, sizeof *sample, compare);
	return (struct bench_time){ sample[SAMPLES / 2], sample[0] };
}
