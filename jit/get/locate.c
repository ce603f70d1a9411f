/* SPDX-License-Identifier: Apache-2.0
 *
 * A file beside the library may be run only where nobody could have put it who
 * could not have replaced the library itself.
 */
#include "jit/get/locate.h"

#include "cache/path.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef BRN_LIBDIR
#define BRN_LIBDIR "/usr/local/lib"
#endif
#ifndef BRN_PKGLIBDIR
#define BRN_PKGLIBDIR "/usr/local/lib/burin"
#endif
#ifndef BRN_LIBEXECDIR
#define BRN_LIBEXECDIR "/usr/local/libexec"
#endif

#ifndef BRN_AS
#define BRN_AS "/usr/bin/as"
#endif
#ifndef BRN_LD
#define BRN_LD "/usr/bin/ld"
#endif

static const struct part {
	const char *env, *file;
	const char *built;              /* folder in the build tree */
	const char *dir;                /* folder in an installation */
} parts[] = {
	[BRN_PART_cc] = { "BURIN_CC", "burin-cc", "", BRN_LIBEXECDIR },
	[BRN_PART_module] = { "BURIN_JIT_MODULE", "burin-jit.so", "/.libs",
	    BRN_PKGLIBDIR },
};

/* The first file that was there and not to be trusted.  */
struct refusal {
	char path[PATH_MAX];
	const char *why;                /* NULL: none */
};

/* ---- trust ------------------------------------------------------------ */

static int
is_ours(const struct stat *st)
{
	return brn_is_trusted_owner(st->st_uid) &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Why path is not to be run or loaded; NULL: it may be.  */
static const char *
distrust(const char *path)
{
	char dir[PATH_MAX];
	struct stat st;

	snprintf(dir, sizeof dir, "%s", path);
	*strrchr(dir, '/') = '\0';
	if (brn_is_privileged())
		return "the program is set-uid or has capabilities";
	if (stat(path, &st) < 0 || !is_ours(&st))
		return "others can write it (chmod go-w, or another owner)";
	if (stat(dir, &st) < 0 || !is_ours(&st))
		return "others can write its folder (chmod go-w, or another "
		    "owner)";
	return NULL;
}

/* ---- candidates ------------------------------------------------------- */

/* A candidate that is there and may be used; r keeps the first that may not. */
static int
is_good(const char *path, int n, struct refusal *r)
{
	const char *why;

	if (n < 0 || n >= PATH_MAX || access(path, F_OK) < 0)
		return 0;
	why = distrust(path);
	if (why && !r->why) {
		r->why = why;
		strcpy(r->path, path);
	}
	return !why;
}

/* From the folder from to the folder to, both absolute: "/../../lib".  */
static void
relative(const char *from, const char *to, char out[PATH_MAX])
{
	size_t same = 0, i = 0, n = 0;

	for (; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			same = i;
	if ((!from[i] || from[i] == '/') && (!to[i] || to[i] == '/'))
		same = i;
	for (const char *p = from + same; *p && n + 4 < PATH_MAX; p++)
		if (*p == '/')
			n += (size_t)sprintf(out + n, "/..");
	snprintf(out + n, PATH_MAX - n, "%s", to + same);
}

/* The folder of the library or program that this code is part of, symbolic
 * links resolved.  0: a library, 1: a program, -1: it cannot be told.  */
static int
own_dir(char dir[PATH_MAX])
{
	struct link_map *map;
	const char *file;
	Dl_info info;
	int is_program;

	if (!dladdr1(parts, &info, (void **)&map, RTLD_DL_LINKMAP))
		return -1;
	is_program = !map->l_name[0];
	file = is_program ? "/proc/self/exe" : map->l_name;
	/* A relative name was right in the working directory of then.  */
	if (file[0] != '/' || !realpath(file, dir))
		return -1;
	*strrchr(dir, '/') = '\0';
	return is_program;
}

/* Beside the object that this code is in.  */
static int
find_beside(const struct part *p, char path[PATH_MAX], struct refusal *r)
{
	char own[PATH_MAX], way[PATH_MAX];
	int is_program = own_dir(own), n;
	size_t len = is_program < 0 ? 0 : strlen(own);

	if (is_program < 0)
		return 0;
	if (len >= 6 && !strcmp(own + len - 6, "/.libs"))
		len -= 6;
	n = snprintf(path, PATH_MAX, "%.*s%s/%s", (int)len, own, p->built,
	    p->file);
	if (is_good(path, n, r))
		return 1;
	n = snprintf(path, PATH_MAX, "%s/%s", own, p->file);
	if (is_good(path, n, r))
		return 1;
	relative(is_program ? BRN_LIBEXECDIR : BRN_LIBDIR, p->dir, way);
	n = snprintf(path, PATH_MAX, "%s%s/%s", own, way, p->file);
	return is_good(path, n, r);
}

int
brn_locate(enum brn_part part, char path[PATH_MAX], burin_error *err)
{
	const struct part *p = &parts[part];
	const char *env = secure_getenv(p->env);
	struct refusal r = { .why = NULL };

	if (env && env[0]) {
		if (snprintf(path, PATH_MAX, "%s", env) < PATH_MAX)
			return 0;
		return brn_fail(err, BURIN_EJIT, "$%s is too long", p->env);
	}
	if (find_beside(p, path, &r))
		return 0;
	snprintf(path, PATH_MAX, "%s/%s", p->dir, p->file);
	if (access(path, F_OK) == 0)
		return 0;
	if (r.why)
		return brn_fail(err, BURIN_EJIT, "%s not found: %s is not "
		    "used, %s", p->file, r.path, r.why);
	return brn_fail(err, BURIN_EJIT, "%s not found at %s: %s", p->file,
	    path, strerror(errno));
}

/* ---- assembler and linker --------------------------------------------- */

int
brn_locate_tools(char folders[2 * PATH_MAX], burin_error *err)
{
	static const struct { const char *name, *file; } tool[] = {
		{ "as", BRN_AS }, { "ld", BRN_LD },
	};
	const char *env = secure_getenv("BURIN_BINUTILS");
	char path[PATH_MAX];
	size_t n = 0;

	for (int i = 0; i < BRN_COUNT(tool); i++) {
		if (snprintf(path, sizeof path, "%s%s%s", env ? env : "",
		    env ? "/" : "", env ? tool[i].name : tool[i].file) >=
		    PATH_MAX)
			return brn_fail(err, BURIN_EJIT,
			    "$BURIN_BINUTILS is too long");
		if (access(path, X_OK) < 0)
			return brn_fail(err, BURIN_EJIT, "%s not found at %s: "
			    "%s; $BURIN_BINUTILS may name the folder of as "
			    "and ld", tool[i].name, path, strerror(errno));
		n += (size_t)sprintf(folders + n, "%s%.*s", i ? ":" : "",
		    (int)(strrchr(path, '/') - path), path);
	}
	return BURIN_OK;
}
