/* SPDX-License-Identifier: Apache-2.0
 *
 * A component is opened with O_PATH and O_NOFOLLOW, and owner, mode and target
 * of a symbolic link are read through that descriptor.  So it does not matter
 * what happens to its name meanwhile.
 */
#include "cache/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40
#define OPEN_FLAGS (O_PATH | O_NOFOLLOW | O_CLOEXEC)

int
brn_is_privileged(void)
{
	return getauxval(AT_SECURE) != 0;
}

int
brn_is_trusted_owner(uid_t uid)
{
	return uid == 0 || (uid == geteuid() && !brn_is_privileged());
}

struct walk {
	int fd;                         /* where it is */
	char at[PATH_MAX];              /* the same as text, for messages */
	char rest[PATH_MAX];            /* components still to come */
	uid_t top;                      /* owner of "/" */
	int links, flags;
};

static int
walk_fail(const struct walk *w, const char *name, const char *why,
    burin_error *err)
{
	return brn_fail(err, BURIN_ECACHE, "%s%s%s: %s", w->at,
	    *name ? "/" : *w->at ? "" : "/", name, why);
}

/* The owner of "/" is root of another user namespace.  */
static int
is_owner_above(const struct walk *w, uid_t uid)
{
	return brn_is_trusted_owner(uid) ||
	    (uid == w->top && !brn_is_privileged());
}

/* Check the directory where w is, which is above the one that is wanted.  */
static int
check_above(const struct walk *w, burin_error *err)
{
	struct stat st;

	if (fstat(w->fd, &st) < 0)
		return walk_fail(w, "", strerror(errno), err);
	if (!is_owner_above(w, st.st_uid))
		return walk_fail(w, "", "foreign owner, who could replace "
		    "what is below", err);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		return walk_fail(w, "", "writable by others and not sticky",
		    err);
	return BURIN_OK;
}

static int
go_to_root(struct walk *w, burin_error *err)
{
	struct stat st;

	if (w->fd >= 0)
		close(w->fd);
	w->at[0] = '\0';
	w->fd = open("/", OPEN_FLAGS | O_DIRECTORY);
	if (w->fd < 0 || fstat(w->fd, &st) < 0)
		return walk_fail(w, "", strerror(errno), err);
	w->top = st.st_uid;
	return BURIN_OK;
}

/* Put the target of the symbolic link fd before the rest.  */
static int
follow(struct walk *w, int fd, const struct stat *st, const char *name,
    burin_error *err)
{
	char to[PATH_MAX];
	size_t n, rest = strlen(w->rest);
	ssize_t got;

	if (!is_owner_above(w, st->st_uid))
		return walk_fail(w, name, "symbolic link of a foreign owner",
		    err);
	got = readlinkat(fd, "", to, sizeof to);
	n = got < 0 ? 0 : (size_t)got;
	if (got <= 0 || ++w->links > MAX_LINKS || n + rest + 2 > PATH_MAX)
		return walk_fail(w, name, strerror(ELOOP), err);
	memmove(w->rest + n + 1, w->rest, rest + 1);
	memcpy(w->rest, to, n);
	w->rest[n] = '/';
	return to[0] == '/' ? go_to_root(w, err) : BURIN_OK;
}

/* Open name where w is; BRN_PATH_MAKE creates it if it is absent.  */
static int
open_component(const struct walk *w, const char *name)
{
	int fd = openat(w->fd, name, OPEN_FLAGS);

	if (fd >= 0 || errno != ENOENT || !(w->flags & BRN_PATH_MAKE))
		return fd;
	if (mkdirat(w->fd, name, 0700) == 0)
		/* The umask may have removed our own permissions.  */
		(void)!fchmodat(w->fd, name, 0700, 0);
	else if (errno != EEXIST)
		return -1;
	return openat(w->fd, name, OPEN_FLAGS);
}

static int
enter(struct walk *w, const char *name, burin_error *err)
{
	struct stat st;
	int fd, rc;

	if ((rc = check_above(w, err)) < 0)
		return rc;
	fd = open_component(w, name);
	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = walk_fail(w, name, strerror(errno), err);
	} else if (S_ISLNK(st.st_mode)) {
		rc = follow(w, fd, &st, name, err);
	} else if (!S_ISDIR(st.st_mode)) {
		rc = walk_fail(w, name, "not a directory", err);
	} else {
		close(w->fd);
		w->fd = fd;
		fd = -1;
		snprintf(strchr(w->at, '\0'), PATH_MAX - strlen(w->at),
		    "/%s", name);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Take the next component off the rest; it may be empty.  */
static int
next_component(struct walk *w, char name[NAME_MAX + 1], burin_error *err)
{
	size_t n = strcspn(w->rest, "/");

	if (n > NAME_MAX)
		return walk_fail(w, "", strerror(ENAMETOOLONG), err);
	memcpy(name, w->rest, n);
	name[n] = '\0';
	n += w->rest[n] == '/';
	memmove(w->rest, w->rest + n, strlen(w->rest + n) + 1);
	return BURIN_OK;
}

int
brn_path_open(const char *path, int flags, burin_error *err)
{
	struct walk w = { .fd = -1, .flags = flags };
	char name[NAME_MAX + 1];
	int rc;

	if (strlen(path) >= sizeof w.rest)
		return brn_fail(err, BURIN_ECACHE, "%s: path is too long",
		    path);
	strcpy(w.rest, path);
	rc = go_to_root(&w, err);
	while (rc == 0 && w.rest[0]) {
		rc = next_component(&w, name, err);
		if (rc == 0 && name[0] && strcmp(name, ".") != 0)
			rc = enter(&w, name, err);
	}
	if (rc == 0 && (flags & BRN_PATH_PARENT))
		rc = check_above(&w, err);
	if (rc == 0)
		return w.fd;
	if (w.fd >= 0)
		close(w.fd);
	return rc;
}
