/* SPDX-License-Identifier: Apache-2.0
 *
 * Publish an entry: it is written to a temporary file, completed, and renamed
 * into place.  It never changes afterwards.
 */
#include "cache/store.h"

#include "cache/entry.h"
#include "cache/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Open the shard of k, created if absent.  A descriptor or an error.  */
static int
open_shard(struct brn_store *s, const struct brn_key *k, burin_error *err)
{
	const char *why;
	int shard = brn_shard_open(s, k->b[0], 1, &why);

	if (shard < 0)
		return brn_fail(err, BURIN_ECACHE, "%s/v1/%02x: %s", s->dir,
		    k->b[0], why ? why : "went away");
	return shard;
}

int
brn_store_temp(struct brn_store *s, const struct brn_key *k, char *path,
    size_t size, burin_error *err)
{
	char name[BRN_NAME_MAX];
	int shard, fd, n;

	if ((shard = open_shard(s, k, err)) < 0)
		return shard;
	fd = brn_temp_make(shard, name);
	close(shard);
	if (fd < 0)
		return brn_fail(err, BURIN_ECACHE, "%s/v1/%02x/%s: %s",
		    s->dir, k->b[0], name, strerror(errno));
	close(fd);
	n = snprintf(path, size, "%s/v1/%02x/%s", s->dir, k->b[0], name);
	if (n < 0 || (size_t)n >= size)
		return brn_fail(err, BURIN_ECACHE, "%s: path is too long",
		    s->dir);
	return BURIN_OK;
}

/* Rename the complete file tmp in dirfd to the name of k in shard, and remove
 * the failure recorded for k, if any.  */
static int
rename_into_place(int dirfd, const char *tmp, int shard,
    const struct brn_key *k, burin_error *err)
{
	char name[BRN_NAME_MAX];

	brn_entry_name(k, name);
	if (renameat(dirfd, tmp, shard, name) < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", tmp,
		    strerror(errno));
	brn_failure_name(k, name);
	unlinkat(shard, name, 0);
	return BURIN_OK;
}

static int
seal_and_rename(int shard, const struct brn_key *k, const char *tmp,
    const void *desc, size_t ndesc, burin_error *err)
{
	int fd, rc;

	fd = open(tmp, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", tmp,
		    strerror(errno));
	rc = brn_entry_seal(fd, k, desc, ndesc, tmp, err);
	close(fd);
	return rc < 0 ? rc : rename_into_place(AT_FDCWD, tmp, shard, k, err);
}

int
brn_store_publish(struct brn_store *s, const struct brn_key *k,
    const char *tmp, const void *desc, size_t ndesc, burin_error *err)
{
	int shard, rc;

	rc = shard = open_shard(s, k, err);
	if (shard >= 0) {
		rc = seal_and_rename(shard, k, tmp, desc, ndesc, err);
		close(shard);
	}
	if (rc < 0)
		unlink(tmp);
	return rc;
}

/* ---- complete entries ------------------------------------------------- */

static int
write_entry(int fd, const void *entry, size_t n)
{
	return brn_write_all(fd, entry, n) < 0 || fchmod(fd, 0400) < 0 ||
	    fsync(fd) < 0 ? -1 : 0;
}

static int
put_in_shard(struct brn_store *s, int shard, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err)
{
	char name[BRN_NAME_MAX];
	int fd = brn_temp_make(shard, name), rc;

	if (fd < 0)
		return brn_fail(err, BURIN_ECACHE, "%s/v1/%02x: %s", s->dir,
		    k->b[0], strerror(errno));
	if (write_entry(fd, entry, n) < 0)
		rc = brn_fail(err, BURIN_ECACHE, "%s/v1/%02x/%s: %s", s->dir,
		    k->b[0], name, strerror(errno));
	else
		rc = rename_into_place(shard, name, shard, k, err);
	close(fd);
	if (rc < 0)
		unlinkat(shard, name, 0);
	return rc;
}

int
brn_store_put(struct brn_store *s, const void *entry, size_t n,
    struct brn_key *k, burin_error *err)
{
	struct brn_entry e;
	struct brn_key own;
	int shard, rc;

	brn_entry_read(entry, n, &e);
	if (!e.bad) {
		own = brn_key_of(e.desc, e.ndesc);
		if (!brn_key_equal(&own, &e.key))
			e.bad = "other key";
	}
	if (e.bad)
		return brn_fail(err, BURIN_ECACHE, "%s: entry of %zu bytes "
		    "refused: %s", s->dir, n, e.bad);
	if ((shard = open_shard(s, &e.key, err)) < 0)
		return shard;
	rc = put_in_shard(s, shard, &e.key, entry, n, err);
	close(shard);
	if (rc == 0)
		*k = e.key;
	return rc;
}

int
brn_store_read(struct brn_store *s, const struct brn_key *k,
    uint8_t **entry, size_t *n)
{
	char name[BRN_NAME_MAX];
	struct brn_entry e;
	const char *why;
	int shard = brn_shard_open(s, k->b[0], 0, &why), rc;

	if (shard < 0)
		return BRN_MISS;
	brn_entry_name(k, name);
	rc = brn_entry_open(shard, name, 1, &e);
	close(shard);
	if (rc < 0)
		return BRN_MISS;
	if (e.bad || !brn_key_equal(&e.key, k)) {
		brn_entry_close(&e);
		return BRN_MISS;
	}
	*entry = e.buf;
	*n = (size_t)e.bytes;
	e.buf = NULL;
	brn_entry_close(&e);
	return BURIN_OK;
}

struct brn_key
brn_entry_key(const void *entry, size_t n)
{
	struct brn_key k;

	memcpy(k.b, (const uint8_t *)entry + n - BRN_TRAILER + 32,
	    sizeof k.b);
	return k;
}

void
brn_entry_desc(const void *entry, size_t n, const void **desc, size_t *ndesc)
{
	struct brn_entry e;

	brn_entry_read(entry, n, &e);
	*desc = e.desc;
	*ndesc = e.ndesc;
}

/* ---- scratch directory, free space ------------------------------------ */

int
brn_store_tempdir(struct brn_store *s, char *path, size_t size,
    burin_error *err)
{
	char name[BRN_NAME_MAX];
	int n;

	brn_temp_name(0, name);
	n = snprintf(path, size, "%s/v1/%s", s->dir, name);
	if (n < 0 || (size_t)n >= size)
		return brn_fail(err, BURIN_ECACHE, "%s: path is too long",
		    s->dir);
	brn_dir_remove(s->v1, name);
	if (mkdirat(s->v1, name, 0700) < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", path,
		    strerror(errno));
	return BURIN_OK;
}

void
brn_store_tempdir_remove(struct brn_store *s, const char *path)
{
	brn_dir_remove(s->v1, strrchr(path, '/') + 1);
}

int
brn_store_has_room(struct brn_store *s, size_t n)
{
	char name[BRN_NAME_MAX];
	int fd = brn_temp_make(s->v1, name), ok;

	if (fd < 0)
		return 0;
	ok = posix_fallocate(fd, 0, (off_t)n) == 0;
	close(fd);
	unlinkat(s->v1, name, 0);
	return ok;
}
