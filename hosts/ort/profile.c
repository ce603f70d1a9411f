/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts/ort/profile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ONNX Runtime keeps as many events of its own.  */
enum { MAX_EVENTS = 1000000 };

struct event {
	char *name, *op, *kernel;
	int64_t at_us, us;              /* since profiling started */
	int32_t thread;
};

/* One that ONNX Runtime takes: events since start, while it is on.  */
struct profiler {
	struct OrtEpProfilerImpl base;  /* first */
	struct profile *profile;
	struct profiler *next;
	bool on;
	int64_t start;                  /* by profile_now */
	struct event *event;
	size_t n, room;
};

struct profile {
	struct ort_api api;             /* a copy: it may outlive the factory */
	atomic_int refs, on;            /* on: how many profilers are */
	pthread_mutex_t lock;           /* the list, and what is in it */
	struct profiler *first;
};

int64_t
profile_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* ---- events -------------------------------------------------------------- */

static void
event_clear(struct event *e)
{
	free(e->name);
	free(e->op);
	free(e->kernel);
}

static void
drop_events(struct profiler *f)
{
	for (size_t i = 0; i < f->n; i++)
		event_clear(&f->event[i]);
	free(f->event);
	f->event = NULL;
	f->n = f->room = 0;
}

/* Room for one more.  false: there is none.  */
static bool
grow(struct profiler *f)
{
	size_t room = 2 * f->room + 256;
	struct event *p;

	if (f->n < f->room)
		return true;
	if (f->n >= MAX_EVENTS)
		return false;
	p = realloc(f->event, room * sizeof *p);
	if (!p)
		return false;
	f->event = p;
	f->room = room;
	return true;
}

/* A step that took us from at_us on.  Without memory it is left out.  */
static void
add_step(struct profiler *f, const burin_step_info *s, int64_t at_us,
    int64_t us)
{
	struct event e = { strdup(s->name), strdup(s->op), strdup(s->kernel),
		at_us, us, (int32_t)syscall(SYS_gettid) };

	if (e.name && e.op && e.kernel && grow(f))
		f->event[f->n++] = e;
	else
		event_clear(&e);
}

static void
add_run(struct profiler *f, const burin_session *s, int64_t start)
{
	double at = (double)(start - f->start) / 1e3;
	const burin_step_info *step;

	for (size_t i = 0; (step = burin_session_step(s, i)); i++) {
		double us = step->ms * 1e3;

		if (step->calls)
			add_step(f, step, (int64_t)at, (int64_t)us);
		at += us;
	}
}

bool
profile_is_on(const struct profile *p)
{
	return p && atomic_load_explicit(&p->on, memory_order_relaxed) > 0;
}

void
profile_add(struct profile *p, const burin_session *s, int64_t start)
{
	pthread_mutex_lock(&p->lock);
	for (struct profiler *f = p->first; f; f = f->next)
		if (f->on)
			add_run(f, s, start);
	pthread_mutex_unlock(&p->lock);
}

/* ---- what ONNX Runtime calls --------------------------------------------- */

static void
set_on(struct profiler *f, bool on)
{
	pthread_mutex_lock(&f->profile->lock);
	if (f->on != on)
		atomic_fetch_add(&f->profile->on, on ? 1 : -1);
	f->on = on;
	pthread_mutex_unlock(&f->profile->lock);
}

/* offset: ns since profiling started.  */
static struct OrtStatus *
start_profiling(struct OrtEpProfilerImpl *base, int64_t offset)
{
	struct profiler *f = (struct profiler *)base;

	set_on(f, false);
	drop_events(f);
	f->start = profile_now() - offset;
	set_on(f, true);
	return NULL;
}

static struct OrtStatus *
give_event(const struct profiler *f, const struct event *e,
    struct OrtProfilingEvents *to)
{
	static const char *const key[] = { "op_name", "kernel", "provider" };
	const char *const value[] = { e->op, e->kernel,
		"BurinExecutionProvider" };
	const struct OrtEpApi *ep = f->profile->api.ep;
	const struct OrtProfilingEvent *given;
	struct OrtProfilingEvent *event;
	struct OrtStatus *status;

	ORT_TRY(ep->CreateProfilingEvent(ORT_EVENT_KERNEL, (int32_t)getpid(),
	    e->thread, e->name, e->at_us, e->us, key, value,
	    sizeof key / sizeof *key, &event));
	given = event;
	status = ep->ProfilingEventsContainer_AddEvents(to, &given, 1);
	ep->ReleaseProfilingEvent(event);
	return status;
}

static struct OrtStatus *
end_profiling(struct OrtEpProfilerImpl *base, struct OrtProfilingEvents *to)
{
	struct profiler *f = (struct profiler *)base;
	struct OrtStatus *status = NULL;

	set_on(f, false);
	for (size_t i = 0; i < f->n && !status; i++)
		status = give_event(f, &f->event[i], to);
	drop_events(f);
	return status;
}

static void
release(struct OrtEpProfilerImpl *base)
{
	struct profiler *f = (struct profiler *)base;
	struct profile *p = f->profile;
	struct profiler **at = &p->first;

	set_on(f, false);
	pthread_mutex_lock(&p->lock);
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	pthread_mutex_unlock(&p->lock);
	drop_events(f);
	free(f);
	profile_free(p);
}

struct OrtStatus *
profile_create(struct profile *p, struct OrtEpProfilerImpl **out)
{
	struct profiler *f = calloc(1, sizeof *f);

	if (!f)
		return ort_nomem(&p->api);
	f->base = (struct OrtEpProfilerImpl){
		.version = ORT_VERSION_PROFILES,
		.Release = release,
		.StartProfiling = start_profiling,
		.EndProfiling = end_profiling,
	};
	f->profile = profile_ref(p);
	pthread_mutex_lock(&p->lock);
	f->next = p->first;
	p->first = f;
	pthread_mutex_unlock(&p->lock);
	*out = &f->base;
	return NULL;
}

/* ---- references ---------------------------------------------------------- */

struct profile *
profile_new(const struct ort_api *api)
{
	struct profile *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->api = *api;
	atomic_init(&p->refs, 1);
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

struct profile *
profile_ref(struct profile *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

void
profile_free(struct profile *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&p->lock);
	free(p);
}
