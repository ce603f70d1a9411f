/* SPDX-License-Identifier: Apache-2.0
 *
 * One kernel: lock, look again for the entry, compile to a temporary file,
 * publish.  The lock only saves compiling twice; results are right without it,
 * so it has a deadline.
 */
#include "jit/get/compile.h"

#include "cache/path.h"
#include "jit/get/fork.h"
#include "jit/get/load.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOCK_MS 10000
#define MIN_FREE_BYTES (1 << 20)        /* about what compiling needs */

static int
has_entry(struct brn_store *s, const struct brn_key *k, const void *desc,
    size_t ndesc)
{
	const char *why;
	int fd;

	if (brn_store_get(s, k, desc, ndesc, &fd, &why) == BRN_MISS)
		return 0;
	close(fd);
	return 1;
}

/* Can the artifact in fd be loaded?  A disk that filled up may have truncated
 * it without an error.  */
static int
try_load(int fd, burin_error *err)
{
	brn_kernel_fn *fn;
	void *handle;
	int rc = brn_load(fd, &handle, &fn, err);

	if (rc == 0)
		brn_unload(handle);
	return rc;
}

/* ---- the module ------------------------------------------------------- */

/* libgccjit has a lock of its own.  Ours is held around it, and across fork, so
 * that a child finds neither locked.  */
static pthread_mutex_t compile_lock = PTHREAD_MUTEX_INITIALIZER;

static void
watch_forks(void)
{
	brn_fork_guard(BRN_FORK_compile, &compile_lock, NULL);
}

/* Processor time of all children that have ended.  */
static double
children_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return 1e3 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    1e-3 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Compile into fd with the module, which writes through a path that leads to
 * fd.  libgccjit runs assembler and linker inside its one call; their time is
 * that of the children that end during it.  */
static int
run_module(brn_module_compile_fn *module, const void *desc, size_t ndesc,
    int fd, struct brn_made *made, burin_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char path[32];
	double before;
	int rc;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&compile_lock);
	brn_fork_in_compiler(1);
	before = children_ms();
	rc = module(desc, ndesc, path, &made->emit_ms, err);
	made->assemble_ms = children_ms() - before;
	brn_fork_in_compiler(0);
	pthread_mutex_unlock(&compile_lock);
	return rc;
}

/* Check the directory where libgccjit makes one for its temporary files: in
 * burin-cc the current one, which is private; with jit=inprocess that of the
 * environment.  */
static int
check_tmpdir(burin_error *err)
{
	const char *dir[] = { getenv("TMPDIR"), getenv("TMP"), getenv("TEMP"),
	    P_tmpdir };
	int fd;

	for (int i = 0; i < BRN_COUNT(dir); i++) {
		if (!dir[i] || access(dir[i], R_OK | W_OK | X_OK) < 0)
			continue;
		if (!strcmp(dir[i], "."))
			return BURIN_OK;
		if (dir[i][0] != '/')
			return brn_fail(err, BURIN_ECACHE, "TMPDIR %s: wanted "
			    "an absolute path", dir[i]);
		fd = brn_path_open(dir[i], BRN_PATH_PARENT, err);
		if (fd >= 0)
			close(fd);
		return fd < 0 ? fd : BURIN_OK;
	}
	return BURIN_OK;
}

/* On a full disk GCC ends the process, and assembler and linker may leave a
 * file with holes and report no error.  So space is checked before compiling,
 * for their temporary files, and after.  */
static int
check_room(struct brn_store *s, burin_error *err)
{
	if (brn_store_has_room(s, MIN_FREE_BYTES))
		return 0;
	return brn_fail(err, BURIN_ECACHE, "%s: no space left",
	    brn_store_dir(s));
}

/* Compiling failed with rc.  EJIT means that the compiler refuses this kernel
 * and will again, unless the disk is full.  */
static int
set_refused(struct brn_store *s, int rc, struct brn_made *made,
    burin_error *err)
{
	if (rc != BURIN_EJIT)
		return rc;
	if ((rc = check_room(s, err)) < 0)
		return rc;
	made->refused = 1;
	return BURIN_EJIT;
}

/* ---- compile ---------------------------------------------------------- */

static int
compile(brn_module_compile_fn *module, struct brn_store *s,
    const struct brn_key *k, const void *desc, size_t ndesc,
    struct brn_made *made, burin_error *err)
{
	struct brn_temp tmp;
	double start = brn_now_ms();
	int rc;

	if ((rc = check_room(s, err)) < 0 || (rc = check_tmpdir(err)) < 0 ||
	    (rc = brn_store_temp(s, k, &tmp, err)) < 0)
		return rc;
	rc = run_module(module, desc, ndesc, tmp.fd, made, err);
	made->compile_ms = brn_now_ms() - start;
	if (rc == 0 && (rc = check_room(s, err)) == 0)
		rc = try_load(tmp.fd, err);
	if (rc < 0) {
		brn_store_temp_remove(&tmp);
		return set_refused(s, rc, made, err);
	}
	rc = brn_store_publish(s, k, &tmp, desc, ndesc, err);
	made->publish_ms = brn_now_ms() - start - made->compile_ms;
	return rc;
}

int
brn_compile(struct brn_store *s, const void *desc, size_t ndesc,
    struct brn_made *made, burin_error *err)
{
	struct brn_key k = brn_key_of(desc, ndesc);
	brn_module_compile_fn *module;
	double start = brn_now_ms();
	int lock, found, rc = BURIN_OK;

	*made = (struct brn_made){ 0 };
	lock = brn_store_lock(s, &k, LOCK_MS);
	made->wait_ms = brn_now_ms() - start;
	found = has_entry(s, &k, desc, ndesc);
	if (!found && (rc = brn_load_module(&module, err)) == 0)
		rc = compile(module, s, &k, desc, ndesc, made, err);
	brn_store_unlock(lock);
	made->compiled = rc == 0 && !found;
	return rc;
}
