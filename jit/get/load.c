/* SPDX-License-Identifier: Apache-2.0
 *
 * A kernel is opened through its checked descriptor, so that nobody can replace
 * the file between check and use.
 *
 * The dynamic loader treats two requests for one name as one object, and
 * descriptor numbers are reused: "/proc/self/fd/7" may name another kernel than
 * the last time, and that one may still be loaded.  So every request gets a
 * unique name: a serial number is encoded in separators that do not change the
 * path, "/" for a 0 bit, "/." for a 1 bit.
 */
#include "jit/get/load.h"

#include "cache/file.h"
#include "ir/base.h"
#include "jit/get/fork.h"
#include "jit/get/locate.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LEN 192

static void
unique_name(int fd, char name[NAME_MAX_LEN])
{
	static atomic_ullong serial;
	char *p = name + sprintf(name, "/proc/self/fd");

	for (unsigned long long n = atomic_fetch_add(&serial, 1); n; n >>= 1)
		p = stpcpy(p, n & 1 ? "/." : "/");
	sprintf(p, "/%d", fd);
}

/* The message of dlerror without the made-up name at its beginning.  */
static const char *
reason(const char *name)
{
	const char *e = dlerror();
	size_t n = strlen(name);

	if (!e)
		return "unknown error";
	if (strncmp(e, name, n) == 0 && strncmp(e + n, ": ", 2) == 0)
		e += n + 2;
	return e;
}

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t module_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
watch_forks(void)
{
	brn_fork_guard(BRN_FORK_module, &module_lock, NULL);
	brn_fork_guard(BRN_FORK_load, &loading, NULL);
}

static void *
open_fd(int fd, burin_error *err)
{
	char name[NAME_MAX_LEN];
	void *h;

	unique_name(fd, name);
	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&loading);
	h = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	pthread_mutex_unlock(&loading);
	if (!h)
		brn_fail(err, BURIN_EJIT, "kernel: %s", reason(name));
	return h;
}

/* Load a copy in memory, for a cache on a file system that does not map files
 * as executable.  */
static void *
open_copy(int fd, burin_error *err)
{
	int copy = memfd_create("burin-kernel", MFD_CLOEXEC);
	off_t off = 0;
	void *h = NULL;
	struct stat st;

	if (copy < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && brn_file_may_have((uint64_t)st.st_size)) {
		while (off < st.st_size && sendfile(copy, fd, &off,
		    (size_t)(st.st_size - off)) > 0)
			;
		h = open_fd(copy, err);
	}
	close(copy);
	return h;
}

int
brn_load(int fd, void **handle, brn_kernel_fn **fn, burin_error *err)
{
	void *h, *sym;

	h = open_fd(fd, err);
	if (!h)
		h = open_copy(fd, err);
	if (!h)
		return err->code;
	sym = dlsym(h, BRN_KERNEL_SYMBOL);
	if (!sym) {
		dlclose(h);
		return brn_fail(err, BURIN_EJIT, "kernel: no symbol %s",
		    BRN_KERNEL_SYMBOL);
	}
	memcpy(fn, &sym, sizeof sym);
	*handle = h;
	return BURIN_OK;
}

void
brn_unload(void *handle)
{
	if (!handle)
		return;
	pthread_mutex_lock(&loading);
	dlclose(handle);
	pthread_mutex_unlock(&loading);
}

static brn_module_compile_fn *module_compile;

static int
open_module(burin_error *err)
{
	const char *gccjit;
	char path[PATH_MAX];
	void *h, *sym;
	int rc;

	if ((rc = brn_locate(BRN_PART_module, path, err)) < 0)
		return rc;
	/* It stands for what the module needs: they have one soname.  */
	gccjit = secure_getenv("BURIN_GCCJIT");
	if (gccjit)
		dlopen(gccjit, RTLD_NOW | RTLD_LOCAL);
	h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!h)
		return brn_fail(err, BURIN_EJIT, "%s: %s", path,
		    reason(path));
	sym = dlsym(h, BRN_MODULE_COMPILE);
	if (!sym) {
		dlclose(h);
		return brn_fail(err, BURIN_EJIT, "%s: no symbol %s", path,
		    BRN_MODULE_COMPILE);
	}
	memcpy(&module_compile, &sym, sizeof sym);
	return BURIN_OK;
}

int
brn_load_module(brn_module_compile_fn **fn, burin_error *err)
{
	int rc = BURIN_OK;

	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&module_lock);
	if (!module_compile)
		rc = open_module(err);
	if (rc == 0)
		*fn = module_compile;
	pthread_mutex_unlock(&module_lock);
	return rc;
}
