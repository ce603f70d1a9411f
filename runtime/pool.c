/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool: at most so many sessions of one model, made when they are needed,
 * for any number of threads.  Who finds none waits in a queue; a session that
 * is given back goes to the first in it, and else on a stack, so that the one
 * that ran last, whose memory is in the caches, is used next.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/cores.h"
#include "runtime/model.h"
#include "runtime/plan.h"
#include "runtime/session.h"

/* A session, and where it runs.  */
struct lane {
	struct lane *next;              /* on the stack */
	burin_session *session;         /* NULL: not made yet */
	cpu_set_t cores;                /* with pin=1 */
	cpu_set_t before;               /* of the thread that has it */
};

struct waiter {
	struct waiter *next;
	pthread_cond_t changed;
	struct lane *lane;              /* what it gets */
};

struct burin_pool {
	burin_model *model;
	struct burin_options o;         /* the numbers in it, no strings */
	struct brn_memory memory;
	pthread_condattr_t clock;
	pthread_mutex_t lock;           /* of all that follows */
	struct waiter *first, **end;
	struct lane *idle;
	int made;
	int n;
	struct lane lane[];             /* [n] */
};

/* ---- making ------------------------------------------------------------ */

/* Lane i gets the cores i * threads and following, from the first again where
 * there are no more.  */
static int
set_cores(struct burin_pool *p, burin_error *err)
{
	int most = brn_cores_count(), k = p->o.threads;
	int *core = brn_alloc((size_t)most, sizeof *core);

	if (!core)
		return brn_nomem(err);
	most = brn_cores_list(NULL, core, most);
	for (int i = 0; i < p->n; i++) {
		CPU_ZERO(&p->lane[i].cores);
		for (int t = 0; t < k; t++)
			CPU_SET((size_t)core[(i * k + t) % most],
			    &p->lane[i].cores);
	}
	free(core);
	return 0;
}

/* Free a plan of a session that nobody has.  */
static int
reclaim(void *ctx)
{
	struct burin_pool *p = ctx;
	int is_freed = 0;

	pthread_mutex_lock(&p->lock);
	for (struct lane *l = p->idle; l && !is_freed; l = l->next)
		is_freed = l->session && brn_session_shrink(l->session);
	pthread_mutex_unlock(&p->lock);
	return is_freed;
}

static struct burin_pool *
pool_alloc(burin_model *m, const burin_options *o)
{
	int cores = brn_cores_count(), k = o->threads ? o->threads : cores;
	int n = o->sessions ? o->sessions : cores / k > 1 ? cores / k : 1;
	struct burin_pool *p = brn_alloc(1,
	    sizeof *p + (size_t)n * sizeof p->lane[0]);

	if (!p)
		return NULL;
	p->model = brn_model_ref(m);
	p->o.threads = k;
	p->o.pin = o->pin;
	p->o.loop_steps = o->loop_steps;
	p->o.loop_bytes = o->loop_bytes;
	p->memory.most = o->max_memory;
	p->memory.reclaim = reclaim;
	p->memory.ctx = p;
	p->n = n;
	p->end = &p->first;
	pthread_condattr_init(&p->clock);
	pthread_condattr_setclock(&p->clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&p->lock, NULL);
	for (struct lane *l = p->lane + n; l-- > p->lane;) {
		l->next = p->idle;
		p->idle = l;
	}
	return p;
}

void
burin_pool_free(burin_pool *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->n; i++)
		burin_session_free(p->lane[i].session);
	pthread_mutex_destroy(&p->lock);
	pthread_condattr_destroy(&p->clock);
	burin_model_free(p->model);
	free(p);
}

/* ---- a session of a thread --------------------------------------------- */

/* The lane is the calling thread's from here on.  Threads of a session that is
 * made here inherit the cores of the caller.  */
static int
enter(struct burin_pool *p, struct lane *l, burin_error *err)
{
	burin_session *s;
	int rc;

	if (p->o.pin) {
		CPU_ZERO(&l->before);
		sched_getaffinity(0, sizeof l->before, &l->before);
		sched_setaffinity(0, sizeof l->cores, &l->cores);
	}
	if (l->session)
		return 0;
	rc = brn_session_new(p->model, &p->o, &p->memory, &s, err);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&p->lock);
	l->session = s;
	p->made++;
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static void
put(struct burin_pool *p, struct lane *l)
{
	struct waiter *w;

	pthread_mutex_lock(&p->lock);
	w = p->first;
	if (w) {
		p->first = w->next;
		if (!p->first)
			p->end = &p->first;
		w->lane = l;
		pthread_cond_signal(&w->changed);
	} else {
		l->next = p->idle;
		p->idle = l;
	}
	pthread_mutex_unlock(&p->lock);
}

static void
leave(struct burin_pool *p, struct lane *l)
{
	if (p->o.pin)
		sched_setaffinity(0, sizeof l->before, &l->before);
	if (l->session)
		brn_session_reset(l->session);
	put(p, l);
}

static void
dequeue(struct burin_pool *p, const struct waiter *w)
{
	struct waiter **at = &p->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (!w->next)
		p->end = at;
}

static struct timespec
after_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	return t;
}

/* Queue for a lane; p is locked.  NULL: none came in time.  */
static struct lane *
wait_in_queue(struct burin_pool *p, int timeout_ms)
{
	struct timespec end = after_ms(timeout_ms < 0 ? 0 : timeout_ms);
	struct waiter w = { .next = NULL };
	int rc = 0;

	pthread_cond_init(&w.changed, &p->clock);
	*p->end = &w;
	p->end = &w.next;
	while (!w.lane && rc != ETIMEDOUT)
		rc = timeout_ms < 0 ?
		    pthread_cond_wait(&w.changed, &p->lock) :
		    pthread_cond_timedwait(&w.changed, &p->lock, &end);
	if (!w.lane)
		dequeue(p, &w);
	pthread_cond_destroy(&w.changed);
	return w.lane;
}

static struct lane *
get(struct burin_pool *p, int timeout_ms)
{
	struct lane *l;

	pthread_mutex_lock(&p->lock);
	l = p->idle;
	if (l)
		p->idle = l->next;
	else if (timeout_ms)
		l = wait_in_queue(p, timeout_ms);
	pthread_mutex_unlock(&p->lock);
	return l;
}

static int
take(struct burin_pool *p, int timeout_ms, struct lane **out,
    burin_error *err)
{
	struct lane *l = get(p, timeout_ms);
	int rc;

	if (!l)
		return brn_fail(err, BURIN_ETIMEOUT,
		    "all %d sessions of the pool were in use for %d ms", p->n,
		    timeout_ms);
	if ((rc = enter(p, l, err)) < 0)
		leave(p, l);
	else
		*out = l;
	return rc;
}

/* ---- the API ----------------------------------------------------------- */

int
burin_pool_new(burin_model *m, const burin_options *o, burin_pool **out,
    burin_error *err)
{
	struct burin_pool *p = NULL;
	struct burin_options own;
	burin_error own_err;
	struct lane *l;
	int rc;

	err = err ? err : &own_err;
	if (!m || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_pool_new: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0 && !(p = pool_alloc(m, o)))
		rc = brn_nomem(err);
	brn_options_clear(&own);
	if (rc == 0 && p->o.pin)
		rc = set_cores(p, err);
	/* The first session shows whether there can be any.  */
	if (rc == 0 && (rc = take(p, 0, &l, err)) == 0)
		leave(p, l);
	if (rc < 0)
		burin_pool_free(p);
	else
		*out = p;
	return rc;
}

void
burin_pool_stats(burin_pool *p, burin_pool_info *out, size_t size)
{
	burin_pool_info now = { .sessions = p->n, .busy = p->n,
	    .bytes = atomic_load(&p->memory.used) };

	pthread_mutex_lock(&p->lock);
	for (const struct lane *l = p->idle; l; l = l->next)
		now.busy--;
	now.made = p->made;
	for (const struct waiter *w = p->first; w; w = w->next)
		now.waiting++;
	pthread_mutex_unlock(&p->lock);
	brn_give(out, size, &now, sizeof now);
}

int
burin_pool_take(burin_pool *p, int timeout_ms, burin_session **out,
    burin_error *err)
{
	burin_error own_err;
	struct lane *l;
	int rc;

	err = err ? err : &own_err;
	if (!p || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_pool_take: argument is NULL");
	if ((rc = take(p, timeout_ms, &l, err)) == 0)
		*out = l->session;
	return rc;
}

void
burin_pool_give(burin_pool *p, burin_session *s)
{
	struct lane *found = NULL;

	pthread_mutex_lock(&p->lock);
	for (int i = 0; s && i < p->n; i++)
		if (p->lane[i].session == s)
			found = &p->lane[i];
	pthread_mutex_unlock(&p->lock);
	if (found)
		leave(p, found);
}

static int
check_buffers(const burin_output *out, size_t nout, burin_error *err)
{
	for (size_t k = 0; k < nout; k++)
		if (!out[k].buffer)
			return brn_fail(err, BURIN_EINVAL, "output '%s': has "
			    "no buffer, and a pool lends none",
			    out[k].name ? out[k].name : "");
	return 0;
}

int
burin_pool_run(burin_pool *p, const burin_tensor *in, size_t nin,
    burin_output *out, size_t nout, int timeout_ms, burin_error *err)
{
	double start = brn_now_ms();
	burin_error own_err;
	struct lane *l;
	int rc;

	err = err ? err : &own_err;
	if (!p || (nin && !in) || (nout && !out))
		return brn_fail(err, BURIN_EINVAL,
		    "burin_pool_run: argument is NULL");
	if ((rc = check_buffers(out, nout, err)) < 0 ||
	    (rc = take(p, timeout_ms, &l, err)) < 0)
		return rc;
	if (timeout_ms >= 0) {
		double left = start + timeout_ms - brn_now_ms();

		burin_session_deadline(l->session, left > 0 ? (int)left : 0);
	}
	rc = burin_run(l->session, in, nin, out, nout, err);
	leave(p, l);
	return rc;
}
