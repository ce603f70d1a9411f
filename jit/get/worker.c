/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool of workers: one poll loop over non-blocking sockets, with a
 * deadline for each kernel.  It runs inside the caller's process, so it
 * changes no signal handler, raises no SIGPIPE, reaps only its own children,
 * and passes none of the caller's descriptors to a worker.
 */
#include "jit/get/worker.h"

#include "jit/get/environment.h"
#include "jit/get/locate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 30000
/* After so many workers lost in a row no more are started.  */
#define MAX_LOST 3
/* Milliseconds that a worker has to exit after the last job.  */
#define LEAVE_MS 2000
#define LOWEST 19

struct worker {
	pid_t pid;                      /* 0: no process */
	int fd;
	struct brn_job *job;            /* NULL: idle */
	double deadline;
	struct brn_buf ask;             /* the message to it */
	size_t sent;                    /* bytes of ask already sent */
	struct brn_cc_answer answer;
	size_t got;
};

struct pool {
	const struct brn_pool *o;
	char path[PATH_MAX];            /* of burin-cc */
	struct brn_environment env;
	burin_error missing;            /* code 0: all is there */
	double timeout;
	int nworker, stopped;
	struct worker *worker;
	struct brn_job *job;
	int njob, next;                 /* job[next] is assigned next */
	int lost;                       /* workers since the last answer */
	brn_job_fn *done;
	void *ctx;
};

static void
end_job(struct pool *p, struct brn_job *job)
{
	p->done(p->ctx, job);
}

/* ---- processes -------------------------------------------------------- */

static double
timeout_ms(int low)
{
	const char *t = secure_getenv("BURIN_CC_TIMEOUT");
	double ms = t ? strtod(t, NULL) : 0;

	if (ms > 0)
		return ms;
	return low ? 10 * TIMEOUT_MS : TIMEOUT_MS;
}

/* Give the worker default signal handlers and its own process group, so that
 * killing the group also ends the assembler or linker it waits for.  */
static int
set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setsigmask(a, &none) ||
	    posix_spawnattr_setsigdefault(a, &all) ||
	    posix_spawnattr_setpgroup(a, 0) ||
	    posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

/* The descriptors of a worker: fd as 0 and 1, store as BRN_CC_STORE, and the
 * stderr of the host.  fd and store are above these.  */
static int
set_descriptors(posix_spawn_file_actions_t *f, int fd, int store)
{
	return posix_spawn_file_actions_adddup2(f, fd, 0) ||
	    posix_spawn_file_actions_adddup2(f, fd, 1) ||
	    posix_spawn_file_actions_adddup2(f, store, BRN_CC_STORE) ||
	    posix_spawn_file_actions_addclosefrom_np(f, BRN_CC_STORE + 1);
}

/* Start the program of p.  Returns 0 or an errno.  */
static int
spawn(struct pool *p, int fd, int store, pid_t *pid)
{
	char *argv[] = { (char *)"burin-cc", NULL };
	posix_spawn_file_actions_t f;
	posix_spawnattr_t a;
	int rc = ENOMEM;

	if (posix_spawn_file_actions_init(&f) != 0)
		return rc;
	if (posix_spawnattr_init(&a) != 0) {
		posix_spawn_file_actions_destroy(&f);
		return rc;
	}
	if (set_attributes(&a) == 0 && set_descriptors(&f, fd, store) == 0)
		rc = posix_spawn(pid, p->path, &f, &a, argv, p->env.list);
	posix_spawnattr_destroy(&a);
	posix_spawn_file_actions_destroy(&f);
	return rc;
}

/* spawn with copies of the descriptors above those that the worker gets.  */
static int
spawn_above(struct pool *p, int fd, pid_t *pid)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, BRN_CC_STORE + 1);
	int dir = fcntl(brn_store_fd(p->o->store), F_DUPFD_CLOEXEC,
	    BRN_CC_STORE + 1);
	int rc = high < 0 || dir < 0 ? errno : spawn(p, high, dir, pid);

	if (high >= 0)
		close(high);
	if (dir >= 0)
		close(dir);
	return rc;
}

static int
start(struct pool *p, struct worker *w, burin_error *err)
{
	int sv[2], rc;

	if (p->missing.code < 0) {
		*err = p->missing;
		return err->code;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return brn_fail(err, BURIN_EJIT, "burin-cc: %s",
		    strerror(errno));
	rc = spawn_above(p, sv[1], &w->pid);
	close(sv[1]);
	if (rc != 0) {
		close(sv[0]);
		w->pid = 0;
		return brn_fail(err, BURIN_EJIT, "burin-cc not found at %s: "
		    "%s", p->path, strerror(rc));
	}
	if (p->o->low)
		setpriority(PRIO_PROCESS, (id_t)w->pid, LOWEST);
	w->fd = sv[0];
	return BURIN_OK;
}

/* Kill and reap the process, unless it was reaped already: its number may then
 * belong to another process.  Returns the result of waitpid.  */
static pid_t
finish(struct worker *w, int *status)
{
	pid_t got = waitpid(w->pid, status, WNOHANG);

	if (got == 0) {
		kill(-w->pid, SIGKILL);
		while ((got = waitpid(w->pid, status, 0)) < 0 &&
		    errno == EINTR)
			;
	}
	w->pid = 0;
	return got;
}

/* End the process; describe how it ended, and give its waitpid status.  */
static int
stop(struct worker *w, char *how, size_t size)
{
	int status = 0;

	close(w->fd);
	if (finish(w, &status) < 0)
		snprintf(how, size, "ended");
	else if (WIFSIGNALED(status))
		snprintf(how, size, "died of signal %d", WTERMSIG(status));
	else
		snprintf(how, size, "exited with status %d",
		    WEXITSTATUS(status));
	return status;
}

/* ---- jobs ------------------------------------------------------------- */

/* Signals that mean a crash of the program itself.  */
static int
is_crash(int status)
{
	return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV ||
	    WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGBUS ||
	    WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGFPE);
}

/* Give up a worker and fail its job, with the reason given; NULL: how the
 * process ended.  The job is not tried again: a compiler that crashed or hung
 * on it would do so again.  */
static void
lose(struct pool *p, struct worker *w, const char *why, int refused)
{
	struct brn_job *job = w->job;
	char how[64];
	int status;

	w->job = NULL;
	status = stop(w, how, sizeof how);
	job->made.refused = why ? refused : is_crash(status);
	p->lost++;
	job->code = brn_fail(&job->err, BURIN_EJIT, "burin-cc: %s",
	    why ? why : how);
	end_job(p, job);
}

static void
put_ask(struct pool *p, struct worker *w)
{
	const char *dir = brn_store_dir(p->o->store);
	struct brn_cc_ask ask = {
		BRN_CC_MAGIC, (uint32_t)strlen(dir), (uint32_t)w->job->nspec
	};

	w->ask.n = 0;
	w->sent = w->got = 0;
	brn_buf_put(&w->ask, &ask, sizeof ask);
	brn_buf_put(&w->ask, dir, ask.ndir);
	brn_buf_put(&w->ask, w->job->spec, ask.nspec);
}

/* Assign the next job to w.  A job that cannot be sent fails here.  */
static void
give(struct pool *p, struct worker *w)
{
	struct brn_job *job = &p->job[p->next++];

	if (p->stopped) {
		job->code = brn_fail(&job->err, BURIN_EJIT,
		    "burin-cc: stopped");
	} else if (p->lost >= MAX_LOST) {
		job->code = brn_fail(&job->err, BURIN_EJIT, "burin-cc: "
		    "not tried, %d in a row were lost", p->lost);
	} else if (job->nspec > UINT32_MAX / 4) {
		job->code = brn_fail(&job->err, BURIN_EJIT, "burin-cc: "
		    "%zu bytes of spec are too many", job->nspec);
	} else if (w->pid || start(p, w, &job->err) == 0) {
		w->job = job;
		w->deadline = brn_now_ms() + p->timeout;
		put_ask(p, w);
		if (!w->ask.fail)
			return;
		w->job = NULL;
		w->ask.fail = 0;
		job->code = brn_nomem(&job->err);
	} else {
		job->code = job->err.code;
		p->lost++;
	}
	end_job(p, job);
}

static int
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Errors of send are ignored here, receive reports them: the worker may have
 * answered before it exited.  */
static void
send_more(struct worker *w)
{
	ssize_t n = send(w->fd, w->ask.p + w->sent, w->ask.n - w->sent,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		w->sent += (size_t)n;
	else if (n < 0 && !would_block())
		w->sent = w->ask.n;
}

static int
is_answer(const struct worker *w)
{
	const struct brn_cc_answer *a = &w->answer;

	return w->sent == w->ask.n && a->magic == BRN_CC_MAGIC &&
	    a->code <= 0 && memchr(a->msg, 0, sizeof a->msg);
}

static void
take_answer(struct pool *p, struct worker *w)
{
	struct brn_job *job = w->job;

	if (!is_answer(w)) {
		lose(p, w, "talks nonsense", 0);
		return;
	}
	w->job = NULL;
	p->lost = 0;
	job->made = w->answer.made;
	job->code = w->answer.code;
	if (job->code < 0)
		brn_fail(&job->err, job->code, "%s", w->answer.msg);
	end_job(p, job);
}

static void
receive(struct pool *p, struct worker *w)
{
	ssize_t n = recv(w->fd, (char *)&w->answer + w->got,
	    sizeof w->answer - w->got, MSG_DONTWAIT);

	if (n < 0 && would_block())
		return;
	if (n <= 0) {
		lose(p, w, NULL, 0);
		return;
	}
	w->got += (size_t)n;
	if (w->got == sizeof w->answer)
		take_answer(p, w);
}

/* ---- loop ------------------------------------------------------------- */

/* Milliseconds until the first deadline, for poll; -1: all workers are
 * idle.  */
static int
patience(const struct pool *p)
{
	double first = -1;

	for (int i = 0; i < p->nworker; i++) {
		const struct worker *w = &p->worker[i];

		if (w->job && (first < 0 || w->deadline < first))
			first = w->deadline;
	}
	if (first < 0)
		return -1;
	first -= brn_now_ms();
	if (first < 0)
		return 0;
	return first > 1000 ? 1000 : (int)first + 1;
}

static void
attend(struct pool *p, struct worker *w, int revents)
{
	char late[64];

	if (revents & POLLOUT && w->sent < w->ask.n)
		send_more(w);
	if (revents & (POLLIN | POLLHUP | POLLERR))
		receive(p, w);
	if (w->job && brn_now_ms() >= w->deadline) {
		snprintf(late, sizeof late, "no answer within %g ms",
		    p->timeout);
		lose(p, w, late, 1);
	}
}

static void
stop_all(struct pool *p)
{
	p->stopped = 1;
	for (int i = 0; i < p->nworker; i++)
		if (p->worker[i].job)
			lose(p, &p->worker[i], "stopped", 0);
}

/* One turn of the loop: assign jobs, poll, serve ready workers.  0: all jobs
 * have ended.  */
static int
turn(struct pool *p, struct pollfd *pfd)
{
	int i, ms;

	for (i = 0; i < p->nworker; i++)
		while (!p->worker[i].job && p->next < p->njob)
			give(p, &p->worker[i]);
	ms = patience(p);
	if (ms < 0)
		return 0;
	for (i = 0; i < p->nworker; i++) {
		struct worker *w = &p->worker[i];

		pfd[i].fd = w->job ? w->fd : -1;
		pfd[i].events = w->sent < w->ask.n ? POLLIN | POLLOUT :
		    POLLIN;
		pfd[i].revents = 0;
	}
	pfd[i].fd = p->o->stop;
	pfd[i].events = POLLIN;
	pfd[i].revents = 0;
	poll(pfd, (nfds_t)p->nworker + 1, ms);
	if (pfd[i].revents)
		stop_all(p);
	for (i = 0; i < p->nworker; i++)
		if (p->worker[i].job)
			attend(p, &p->worker[i], pfd[i].revents);
	return 1;
}

static void
fail_all(struct pool *p)
{
	for (; p->next < p->njob; p->next++) {
		p->job[p->next].code = brn_nomem(&p->job[p->next].err);
		end_job(p, &p->job[p->next]);
	}
}

/* Has w exited by itself before the time given?  */
static int
wait_until(struct worker *w, double end)
{
	struct timespec nap = { 0, 1000000 };
	pid_t got;

	while ((got = waitpid(w->pid, NULL, WNOHANG)) == 0 &&
	    brn_now_ms() < end)
		nanosleep(&nap, NULL);
	return got != 0;
}

/* Close the sockets, on which idle workers exit, and kill those that do
 * not.  */
static void
dismiss(struct pool *p)
{
	double end = brn_now_ms() + LEAVE_MS;

	for (int i = 0; p->worker && i < p->nworker; i++) {
		brn_buf_free(&p->worker[i].ask);
		if (p->worker[i].pid)
			close(p->worker[i].fd);
	}
	for (int i = 0; p->worker && i < p->nworker; i++)
		if (p->worker[i].pid && !wait_until(&p->worker[i], end))
			finish(&p->worker[i], NULL);
}

void
brn_worker_run(const struct brn_pool *o, struct brn_job *job, int njob,
    brn_job_fn *done, void *ctx)
{
	struct pool p = {
		.o = o, .timeout = timeout_ms(o->low),
		.nworker = o->nworker < njob ? o->nworker : njob,
		.job = job, .njob = njob, .done = done, .ctx = ctx,
	};
	struct pollfd *pfd;

	if (brn_locate(BRN_PART_cc, p.path, &p.missing) == 0)
		brn_environment_make(&p.env, &p.missing);
	if (p.nworker < 1)
		p.nworker = 1;
	p.worker = brn_alloc((size_t)p.nworker, sizeof *p.worker);
	pfd = brn_alloc((size_t)p.nworker + 1, sizeof *pfd);
	if (p.worker && pfd)
		while (turn(&p, pfd))
			;
	else
		fail_all(&p);
	dismiss(&p);
	free(p.worker);
	free(pfd);
}
