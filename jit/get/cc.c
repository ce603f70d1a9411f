/* SPDX-License-Identifier: Apache-2.0
 *
 * burin-cc: reads requests from stdin one after the other, compiles a kernel
 * for each, answers on stdout, and ends when stdin ends.  A compiler that
 * crashes or leaks does so here, not in the process that needs the kernel.  The
 * protocol is in jit/get/worker.h.  stderr is for BURIN_TRACE only.
 */
#include "jit/get/compile.h"
#include "jit/get/sandbox.h"
#include "jit/get/trace.h"
#include "jit/get/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_SPEC ((uint32_t)1 << 30)

/* Read n bytes.  -1: the input ended before.  */
static int
read_all(int fd, void *p, size_t n)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = read(fd, to, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

/* The store for the kernels, and whether this process is in a directory of its
 * own there for the temporary files of the compiler.  The next prune removes it
 * should this process be killed.  */
static struct brn_store *store;
static int has_tempdir;

/* Seconds of processor time for one kernel: the host gives up long before.  */
#define MAX_SECONDS 3600
static int sandboxed;

/* Go to the directory for temporary files: compiler, assembler and linker then
 * find them from where they are, whatever happens to its name.  */
static int
enter_tempdir(burin_error *err)
{
	int fd = brn_store_tempdir(store, err), rc = BURIN_OK;

	if (fd < 0)
		return fd;
	has_tempdir = 1;
	if (fchdir(fd) < 0 || setenv("TMPDIR", ".", 1) < 0)
		rc = brn_fail(err, BURIN_ECACHE, "%s: %s",
		    brn_store_dir(store), strerror(errno));
	close(fd);
	return rc;
}

static int
compile(const char *dir, const void *spec, size_t n, struct brn_made *made,
    burin_error *err)
{
	int rc;

	if (!store && (rc = brn_store_open_fd(BRN_CC_STORE, dir, &store,
	    err)) < 0)
		return rc;
	if (!has_tempdir && (rc = enter_tempdir(err)) < 0)
		return rc;
	brn_sandbox_allow(MAX_SECONDS);
	rc = brn_compile(store, spec, n, made, err);
	made->sandboxed = sandboxed;
	return rc;
}

static void
serve(const char *dir, const void *spec, size_t n, struct brn_cc_answer *a)
{
	double start = brn_now_ms();
	burin_error err = { 0 };

	a->magic = BRN_CC_MAGIC;
	a->code = compile(dir, spec, n, &a->made, &err);
	snprintf(a->msg, sizeof a->msg, "%.*s", (int)sizeof a->msg - 1,
	    err.msg);
	brn_trace("burin-cc: %zu bytes of spec, %s, %.1f ms", n,
	    a->code < 0 ? a->msg : a->made.compiled ? "compiled" : "found",
	    brn_now_ms() - start);
}

/* Serve one request.  -1: the input ended, or is no request.  */
static int
serve_request(int in, int out)
{
	struct brn_cc_answer a = { 0 };
	struct brn_cc_ask ask;
	char dir[PATH_MAX];
	void *spec;
	int rc;

	if (read_all(in, &ask, sizeof ask) < 0 ||
	    ask.magic != BRN_CC_MAGIC || ask.ndir >= sizeof dir ||
	    ask.nspec > MAX_SPEC || read_all(in, dir, ask.ndir) < 0)
		return -1;
	dir[ask.ndir] = 0;
	spec = brn_alloc(ask.nspec, 1);
	if (!spec || read_all(in, spec, ask.nspec) < 0) {
		free(spec);
		return -1;
	}
	serve(dir, spec, ask.nspec, &a);
	free(spec);
	rc = brn_write_all(out, &a, sizeof a);
	return rc;
}

/* Move fd to a descriptor that as and ld do not inherit, and put /dev/null in
 * its place: they must not read requests or write answers.  Returns the new
 * descriptor.  */
static int
keep_private(int fd, int flags)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", flags | O_CLOEXEC);

	if (kept < 0 || null < 0 || dup2(null, fd) < 0)
		return -1;
	if (null != fd)
		close(null);
	return kept;
}

/* The host has ended: end at once, with assembler and linker, which are in the
 * same process group.  */
static void
end_group(int sig)
{
	(void)sig;
	kill(getpgrp() == getpid() ? 0 : getpid(), SIGKILL);
}

/* GCC has handlers of its own for the signals that are usual here.  */
static void
end_with_host(void)
{
	signal(SIGUSR1, end_group);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
}

int
main(void)
{
	int in, out;

	end_with_host();

	/* Report a closed pipe and a full disk as errors of write.  */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	fcntl(BRN_CC_STORE, F_SETFD, FD_CLOEXEC);
	in = keep_private(0, O_RDONLY);
	out = keep_private(1, O_WRONLY);
	if (in < 0 || out < 0)
		return 1;
	if (!brn_trace_on() && keep_private(2, O_WRONLY) < 0)
		return 1;
	sandboxed = brn_sandbox_enter(BRN_CC_STORE);
	while (serve_request(in, out) == 0)
		;
	if (has_tempdir)
		brn_store_tempdir_remove(store);
	brn_store_close(store);
	return 0;
}
