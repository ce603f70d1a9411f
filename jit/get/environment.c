/* SPDX-License-Identifier: Apache-2.0
 *
 * GCC looks for as and ld in the folders of COMPILER_PATH first.
 */
#include "jit/get/environment.h"

#include "jit/get/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FIXED_PATH "/usr/bin:/bin"
/* More than the assembly text of any kernel.  */
#define MIN_FILE_LIMIT (1ULL << 30)

/* Variables of the host that a worker gets, too.  */
static const char *const passed[] = {
	"BURIN_JIT_MODULE", "BURIN_GCCJIT", "BURIN_TRACE",
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
#endif
};

struct room {
	char *p;
	size_t n;
};

static int
put(struct brn_environment *e, struct room *r, const char *name,
    const char *value)
{
	int n = snprintf(r->p, r->n, "%s=%s", name, value);

	if (n < 0 || (size_t)n >= r->n || e->n == BRN_MAX_VARIABLES)
		return -1;
	e->list[e->n++] = r->p;
	e->list[e->n] = NULL;
	r->p += n + 1;
	r->n -= (size_t)n + 1;
	return 0;
}

/* Pass a variable on.  The worker is in another directory, so a relative path
 * becomes an absolute one.  */
static int
pass(struct brn_environment *e, struct room *r, const char *name)
{
	const char *value = secure_getenv(name);
	char full[PATH_MAX];

	if (!value)
		return 0;
	if (value[0] && value[0] != '/' && strchr(value, '/') &&
	    realpath(value, full))
		value = full;
	return put(e, r, name, value);
}

int
brn_environment_make(struct brn_environment *e, burin_error *err)
{
	char tools[2 * PATH_MAX];
	struct room r = { e->text, sizeof e->text };
	int rc;

	e->n = 0;
	if ((rc = brn_locate_tools(tools, err)) < 0)
		return rc;
	rc = put(e, &r, "PATH", FIXED_PATH) | put(e, &r, "LC_ALL", "C") |
	    put(e, &r, "COMPILER_PATH", tools);
	for (int i = 0; i < BRN_COUNT(passed); i++)
		rc |= pass(e, &r, passed[i]);
	return rc == 0 ? BURIN_OK : brn_fail(err, BURIN_EJIT,
	    "burin-cc: its environment is too long");
}

/* Whether a folder of list, "a:b:c", has the program name.  */
static int
has_program(const char *list, const char *name)
{
	char path[PATH_MAX];

	while (list && *list) {
		size_t n = strcspn(list, ":");
		int len = snprintf(path, sizeof path, "%.*s/%s", (int)n, list,
		    name);

		if (n && len < PATH_MAX && access(path, X_OK) == 0)
			return 1;
		list += n + (list[n] == ':');
	}
	return 0;
}

int
brn_environment_check(burin_error *err)
{
	static const char *const name[] = { "as", "ld" };
	const char *path = getenv("PATH");
	struct rlimit r;

	if (getrlimit(RLIMIT_FSIZE, &r) == 0 && r.rlim_cur < MIN_FILE_LIMIT)
		return brn_fail(err, BURIN_EJIT, "jit=inprocess: the file size "
		    "limit is %llu bytes, wanted %llu",
		    (unsigned long long)r.rlim_cur, MIN_FILE_LIMIT);
	if (!path)
		path = FIXED_PATH;      /* execvp's */
	for (int i = 0; i < BRN_COUNT(name); i++)
		if (!has_program(getenv("COMPILER_PATH"), name[i]) &&
		    !has_program(path, name[i]))
			return brn_fail(err, BURIN_EJIT, "%s not found on "
			    "COMPILER_PATH and PATH", name[i]);
	return BURIN_OK;
}
