/* SPDX-License-Identifier: Apache-2.0
 *
 * Publish an entry: it is written to a temporary file, completed, and renamed
 * into place.  It never changes afterwards.
 */
#include "cache/store.h"

#include "cache/entry.h"
#include "cache/file.h"
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
brn_store_temp(struct brn_store *s, const struct brn_key *k,
    struct brn_temp *t, burin_error *err)
{
	int rc;

	if ((t->shard = open_shard(s, k, err)) < 0)
		return t->shard;
	t->fd = brn_temp_make(t->shard, t->name);
	if (t->fd >= 0)
		return BURIN_OK;
	rc = brn_fail(err, BURIN_ECACHE, "%s/v1/%02x/%s: %s", s->dir,
	    k->b[0], t->name, strerror(errno));
	close(t->shard);
	return rc;
}

int
brn_store_temp_write(struct brn_temp *t, const void *p, size_t n)
{
	return brn_file_write(t->fd, p, n);
}

static void
close_temp(struct brn_temp *t)
{
	close(t->fd);
	close(t->shard);
	t->fd = t->shard = -1;
}

void
brn_store_temp_remove(struct brn_temp *t)
{
	if (t->fd < 0)
		return;
	unlinkat(t->shard, t->name, 0);
	close_temp(t);
}

/* Rename t, which is complete, to the name of k, and remove the failure
 * recorded for k, if any.  Closes t.  */
static int
rename_into_place(struct brn_store *s, struct brn_temp *t,
    const struct brn_key *k, burin_error *err)
{
	char name[BRN_NAME_MAX];
	int rc;

	brn_entry_name(k, name);
	if (renameat(t->shard, t->name, t->shard, name) < 0) {
		rc = brn_fail(err, BURIN_ECACHE, "%s/v1/%02x/%s: %s", s->dir,
		    k->b[0], t->name, strerror(errno));
		brn_store_temp_remove(t);
		return rc;
	}
	brn_failure_name(k, name);
	unlinkat(t->shard, name, 0);
	close_temp(t);
	return BURIN_OK;
}

int
brn_store_publish(struct brn_store *s, const struct brn_key *k,
    struct brn_temp *t, const void *desc, size_t ndesc, burin_error *err)
{
	int rc = brn_entry_seal(t->fd, k, desc, ndesc, s->dir, err);

	if (rc == 0)
		return rename_into_place(s, t, k, err);
	brn_store_temp_remove(t);
	return rc;
}

/* ---- complete entries ------------------------------------------------- */

static int
write_entry(int fd, const void *entry, size_t n)
{
	return brn_file_write(fd, entry, n) < 0 || fchmod(fd, 0400) < 0 ||
	    fsync(fd) < 0 ? -1 : 0;
}

int
brn_store_put(struct brn_store *s, const void *entry, size_t n,
    struct brn_key *k, burin_error *err)
{
	struct brn_entry e;
	struct brn_key own;
	struct brn_temp t;
	int rc;

	brn_entry_read(entry, n, &e);
	if (!e.bad) {
		own = brn_key_of(e.desc, e.ndesc);
		if (!brn_key_equal(&own, &e.key))
			e.bad = "other key";
	}
	if (e.bad)
		return brn_fail(err, BURIN_ECACHE, "%s: entry of %zu bytes "
		    "refused: %s", s->dir, n, e.bad);
	if ((rc = brn_store_temp(s, &e.key, &t, err)) < 0)
		return rc;
	if (write_entry(t.fd, entry, n) < 0) {
		rc = brn_fail(err, BURIN_ECACHE, "%s: %s", s->dir,
		    strerror(errno));
		brn_store_temp_remove(&t);
		return rc;
	}
	rc = rename_into_place(s, &t, &e.key, err);
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
brn_store_tempdir(struct brn_store *s, burin_error *err)
{
	char name[BRN_NAME_MAX];
	const char *why;
	int fd;

	brn_temp_name(0, name);
	brn_dir_remove(s->v1, name);
	fd = brn_dir_open(s->v1, name, BRN_DIR_make, &why);
	if (fd < 0)
		return brn_fail(err, BURIN_ECACHE, "%s/v1/%s: %s", s->dir,
		    name, why ? why : "went away");
	return fd;
}

void
brn_store_tempdir_remove(struct brn_store *s)
{
	char name[BRN_NAME_MAX];

	brn_temp_name(0, name);
	brn_dir_remove(s->v1, name);
}

int
brn_store_has_room(struct brn_store *s, size_t n)
{
	char name[BRN_NAME_MAX];
	int fd, ok;

	if (!brn_file_may_have(n) || (fd = brn_temp_make(s->v1, name)) < 0)
		return 0;
	ok = posix_fallocate(fd, 0, (off_t)n) == 0;
	close(fd);
	unlinkat(s->v1, name, 0);
	return ok;
}
