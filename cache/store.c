/* SPDX-License-Identifier: Apache-2.0
 *
 * Open a store, look up an entry, lock a shard.  A file appears under its final
 * name complete or not at all and never changes afterwards, so a hit takes no
 * lock.
 */
#include "cache/store.h"

#include "cache/entry.h"
#include "cache/path.h"
#include "cache/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TOUCH_SECONDS 3600      /* age at which a hit renews the mtime */
#define LOCK_POLL_MS 5

/* The environment variable name, or NULL if it is unset or empty, or relative
 * where an absolute path is required.  */
static const char *
env_dir(const char *name, int absolute)
{
	const char *v = secure_getenv(name);

	if (!v || !v[0] || (absolute && v[0] != '/'))
		return NULL;
	return v;
}

int
brn_store_default_dir(char *buf, size_t size, burin_error *err)
{
	const char *dir, *tail = "";
	int n;

	if ((dir = env_dir("BURIN_CACHE_DIR", 0)))
		tail = "";
	else if ((dir = env_dir("XDG_CACHE_HOME", 1)))
		tail = "/burin";
	else if ((dir = env_dir("HOME", 1)))
		tail = "/.cache/burin";
	else
		return brn_fail(err, BURIN_ECACHE, "cache: none of "
		    "BURIN_CACHE_DIR, XDG_CACHE_HOME and HOME is set");
	n = snprintf(buf, size, "%s%s", dir, tail);
	if (n < 0 || (size_t)n >= size)
		return brn_fail(err, BURIN_ECACHE, "%s%s: path is too long",
		    dir, tail);
	return BURIN_OK;
}

/* Write dir as an absolute path to out.  */
static int
absolute(const char *dir, char out[PATH_MAX], burin_error *err)
{
	char cwd[PATH_MAX];
	int n;

	if (dir[0] != '/' && !getcwd(cwd, sizeof cwd))
		return brn_fail(err, BURIN_ECACHE, "%s: %s", dir,
		    strerror(errno));
	if (dir[0] == '/')
		n = snprintf(out, PATH_MAX, "%s", dir);
	else
		n = snprintf(out, PATH_MAX, "%s/%s", cwd, dir);
	/* 16 bytes hold "/v1/<hh>/" before the file name.  */
	if (n < 0 || n >= PATH_MAX - BRN_NAME_MAX - 16)
		return brn_fail(err, BURIN_ECACHE, "%s: path is too long",
		    dir);
	return BURIN_OK;
}

/* Open v1 in the directory top, which is checked, too.  */
static int
open_v1(int top, const char *dir, int readonly, burin_error *err)
{
	const char *why;
	int self, v1 = -1;

	self = brn_dir_open(top, ".", readonly ? BRN_DIR_read :
	    BRN_DIR_write, &why);
	if (self >= 0) {
		v1 = brn_dir_open(self, "v1", readonly ? BRN_DIR_read :
		    BRN_DIR_make, &why);
		close(self);
	}
	if (v1 < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", dir,
		    why ? why : "no v1 in it");
	return v1;
}

/* A store with the descriptor v1, which it takes, also on failure.  */
static int
store_new(int v1, const char *dir, int readonly, struct brn_store **out,
    burin_error *err)
{
	struct brn_store *s = brn_alloc(1, sizeof *s);

	if (s)
		s->dir = brn_alloc(strlen(dir) + 1, 1);
	if (!s || !s->dir) {
		free(s);
		close(v1);
		return brn_nomem(err);
	}
	strcpy(s->dir, dir);
	s->v1 = v1;
	s->parent = -1;
	s->readonly = readonly;
	*out = s;
	return BURIN_OK;
}

static int
open_store(const char *dir, int readonly, struct brn_store **out,
    burin_error *err)
{
	char full[PATH_MAX];
	int top, v1, rc;

	if ((rc = absolute(dir, full, err)) < 0)
		return rc;
	if ((top = brn_path_open(full, readonly ? 0 : BRN_PATH_MAKE,
	    err)) < 0)
		return top;
	v1 = open_v1(top, full, readonly, err);
	close(top);
	return v1 < 0 ? v1 : store_new(v1, full, readonly, out, err);
}

int
brn_store_open_at(int top, const char *dir, struct brn_store **out,
    burin_error *err)
{
	int v1 = open_v1(top, dir, 0, err);

	return v1 < 0 ? v1 : store_new(v1, dir, 0, out, err);
}

int
brn_store_open_fd(int fd, const char *dir, struct brn_store **out,
    burin_error *err)
{
	const char *why;
	int v1 = brn_dir_open(fd, ".", BRN_DIR_write, &why);

	if (v1 < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", dir,
		    why ? why : "went away");
	return store_new(v1, dir, 0, out, err);
}

int
brn_store_open(const char *dir, struct brn_store **out, burin_error *err)
{
	char path[PATH_MAX];
	int rc;

	if (dir)
		return open_store(dir, 0, out, err);
	rc = brn_store_default_dir(path, sizeof path, err);
	return rc < 0 ? rc : open_store(path, 0, out, err);
}

int
brn_store_open_readonly(const char *dir, struct brn_store **out,
    burin_error *err)
{
	return open_store(dir, 1, out, err);
}

int
brn_store_is_readonly(const struct brn_store *s)
{
	return s->readonly;
}

void
brn_store_close(struct brn_store *s)
{
	if (!s)
		return;
	close(s->v1);
	if (s->parent >= 0)
		close(s->parent);
	free(s->dir);
	free(s);
}

const char *
brn_store_dir(const struct brn_store *s)
{
	return s->dir;
}

int
brn_store_fd(const struct brn_store *s)
{
	return s->v1;
}

/* ---- get -------------------------------------------------------------- */

/* Unlink the damaged e, unless another process has replaced the file.  */
static void
remove_damaged(int shard, const char *name, const struct brn_entry *e)
{
	struct stat st;

	if (fstatat(shard, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (uint64_t)st.st_dev == e->dev && (uint64_t)st.st_ino == e->ino)
		unlinkat(shard, name, 0);
}

/* Set the modification time, by which eviction finds the last use.  A time in
 * the future is replaced like an old one.  */
static void
renew_mtime(const struct brn_entry *e)
{
	int64_t age = (int64_t)time(NULL) - e->mtime;

	if (age > TOUCH_SECONDS || age < -TOUCH_SECONDS)
		futimens(e->fd, NULL);
}

/* Reason not to use e for key k and its description, or NULL.  */
static const char *
mismatch_reason(const struct brn_entry *e, const struct brn_key *k,
    const void *desc, size_t ndesc)
{
	if (e->bad)
		return e->bad;
	if (!brn_key_equal(&e->key, k))
		return "other key";
	if (e->ndesc != ndesc || memcmp(e->desc, desc, ndesc) != 0)
		return "other description";
	return NULL;
}

int
brn_store_get(struct brn_store *s, const struct brn_key *k,
    const void *desc, size_t ndesc, int *fd, const char **why)
{
	char name[BRN_NAME_MAX];
	struct brn_entry e;
	int shard;

	shard = brn_shard_open(s, k->b[0], 0, why);
	if (shard < 0)
		return BRN_MISS;
	brn_entry_name(k, name);
	if (brn_entry_open(shard, name, 1, &e) < 0) {
		close(shard);
		return BRN_MISS;
	}
	*why = mismatch_reason(&e, k, desc, ndesc);
	if (e.damaged && !s->readonly)
		remove_damaged(shard, name, &e);
	close(shard);
	if (*why) {
		brn_entry_close(&e);
		return BRN_MISS;
	}
	if (!s->readonly)
		renew_mtime(&e);
	*fd = brn_entry_copy(&e);
	if (*fd < 0) {
		*fd = e.fd;
		e.fd = -1;
	}
	brn_entry_close(&e);
	return BURIN_OK;
}

/* ---- lock ------------------------------------------------------------- */

int
brn_store_lock(struct brn_store *s, const struct brn_key *k, int ms)
{
	struct timespec nap = { 0, LOCK_POLL_MS * 1000000L };
	double end = brn_now_ms() + ms;
	const char *why;
	char name[8];
	int dir, fd;

	dir = brn_dir_open(s->v1, "lock", BRN_DIR_make, &why);
	if (dir < 0)
		return -1;
	snprintf(name, sizeof name, "%02x", k->b[0]);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	close(dir);
	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || brn_now_ms() >= end) {
			close(fd);
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	return fd;
}

void
brn_store_unlock(int lock)
{
	if (lock < 0)
		return;
	/* A child forked meanwhile shares the lock; closing would not free
	 * it.  */
	flock(lock, LOCK_UN);
	close(lock);
}
