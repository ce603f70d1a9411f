/* SPDX-License-Identifier: Apache-2.0
 *
 * One kernel: lock, look again, compile to a temporary file, publish.  The
 * lock saves work and is not needed for right results, so it has a deadline.
 */
#include "jit/compile.h"

#include "jit/load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define LOCK_MS 10000

static int
is_there(struct brn_store *s, const struct brn_key *k, const void *desc,
    size_t ndesc)
{
	const char *why;
	int fd;

	if (brn_store_get(s, k, desc, ndesc, &fd, &why) == BRN_MISS)
		return 0;
	close(fd);
	return 1;
}

/* Whether what the compiler left can be used: a disk that filled up may have
 * cut it short without a word.  */
static int
try_load(const char *path, burin_error *err)
{
	brn_kernel_fn *fn;
	void *handle;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", path,
		    strerror(errno));
	rc = brn_load(fd, &handle, &fn, err);
	close(fd);
	if (rc == 0)
		brn_unload(handle);
	return rc;
}

static int
compile(brn_module_compile_fn *module, struct brn_store *s,
    const struct brn_key *k, const void *desc, size_t ndesc, burin_error *err)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	char tmp[PATH_MAX];
	int rc;

	if ((rc = brn_store_temp(s, k, tmp, sizeof tmp, err)) < 0)
		return rc;
	pthread_mutex_lock(&one);
	rc = module(desc, ndesc, tmp, err);
	pthread_mutex_unlock(&one);
	if (rc == 0)
		rc = try_load(tmp, err);
	if (rc < 0) {
		unlink(tmp);
		return rc;
	}
	return brn_store_publish(s, k, tmp, desc, ndesc, err);
}

int
brn_compile(struct brn_store *s, const void *desc, size_t ndesc,
    int *compiled, burin_error *err)
{
	struct brn_key k = brn_key_of(desc, ndesc);
	brn_module_compile_fn *module;
	int lock, found, rc;

	if ((rc = brn_load_module(&module, err)) < 0)
		return rc;
	lock = brn_store_lock(s, &k, LOCK_MS);
	found = is_there(s, &k, desc, ndesc);
	if (!found)
		rc = compile(module, s, &k, desc, ndesc, err);
	brn_store_unlock(lock);
	if (rc == 0)
		*compiled = !found;
	return rc;
}
