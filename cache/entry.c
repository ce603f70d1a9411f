/* SPDX-License-Identifier: Apache-2.0
 *
 * Read, check and write one entry.  Bytes are copied with read, never mapped:
 * a file that another process truncates must be a miss and not a SIGBUS.
 */
#include "cache/entry.h"

#include "cache/file.h"
#include "cache/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "BURINELF";

static uint64_t
get_le(const uint8_t *p, int n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* Read exactly n bytes at offset off.  0 or -1.  */
static int
read_all(int fd, uint8_t *p, size_t n, int64_t off)
{
	while (n > 0) {
		ssize_t got = pread(fd, p, n, off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		p += got;
		n -= (size_t)got;
		off += got;
	}
	return 0;
}

/* Reason to distrust a file because of its type, owner, mode or links, or NULL.
 * A link count of 0 is accepted: a newer entry has replaced the file since it
 * was opened.  */
static const char *
distrust_reason(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (!brn_is_trusted_owner(st->st_uid))
		return "foreign owner";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "writable by others";
	if (st->st_nlink > 1)
		return "hard link";
	return NULL;
}

/* Mark *e as damaged: its bytes are wrong, so it can be removed.  Returns
 * why.  */
static const char *
mark_damaged(struct brn_entry *e, const char *why)
{
	e->damaged = 1;
	return why;
}

/* Check the trailer t of a file of size bytes and fill e->key and e->ndesc.
 * Returns the reason not to use it, or NULL, as all check_ and read_ functions
 * below do.  */
static const char *
check_trailer(const uint8_t *t, int64_t size, struct brn_entry *e)
{
	uint64_t payload = get_le(t + 16, 8), desc = get_le(t + 24, 8);
	uint64_t room = (uint64_t)size - BRN_TRAILER;

	if (memcmp(t, magic, sizeof magic) != 0)
		return mark_damaged(e, "no trailer");
	if (get_le(t + 8, 4) != BRN_ENTRY_VERSION || get_le(t + 12, 4) != 0)
		return mark_damaged(e, "other version");
	if (payload == 0 || payload > room || desc != room - payload)
		return mark_damaged(e, "wrong length");
	memcpy(e->key.b, t + 32, sizeof e->key.b);
	e->ndesc = (size_t)desc;
	return NULL;
}

/* Check all n bytes of an entry, checksum included, and set e->desc.  */
static const char *
check_whole(const uint8_t *p, size_t n, struct brn_entry *e)
{
	struct brn_key sum;
	const char *bad = check_trailer(p + n - BRN_TRAILER, (int64_t)n, e);

	if (bad)
		return bad;
	sum = brn_key_of(p, n - sizeof sum.b);
	if (memcmp(sum.b, p + n - sizeof sum.b, sizeof sum.b) != 0)
		return mark_damaged(e, "wrong checksum");
	e->desc = p + n - BRN_TRAILER - e->ndesc;
	return NULL;
}

static const char *
read_whole(struct brn_entry *e)
{
	e->buf = brn_alloc_aligned((size_t)e->bytes);
	if (!e->buf)
		return "out of memory";
	if (read_all(e->fd, e->buf, (size_t)e->bytes, 0) < 0)
		return "cannot be read";
	return check_whole(e->buf, (size_t)e->bytes, e);
}

void
brn_entry_read(const void *p, size_t n, struct brn_entry *e)
{
	memset(e, 0, sizeof *e);
	e->fd = -1;
	e->bytes = (int64_t)n;
	if (n < BRN_TRAILER || n > BRN_ENTRY_MAX)
		e->bad = mark_damaged(e, "wrong length");
	else
		e->bad = check_whole(p, n, e);
}

/* Read description and trailer only.  */
static const char *
read_tail(struct brn_entry *e)
{
	uint8_t t[BRN_TRAILER];
	const char *bad;

	if (read_all(e->fd, t, sizeof t, e->bytes - BRN_TRAILER) < 0)
		return "cannot be read";
	bad = check_trailer(t, e->bytes, e);
	if (bad)
		return bad;
	e->buf = brn_alloc_aligned(e->ndesc + 1);
	if (!e->buf)
		return "out of memory";
	if (read_all(e->fd, e->buf, e->ndesc, e->bytes - BRN_TRAILER -
	    (int64_t)e->ndesc) < 0)
		return "cannot be read";
	e->desc = e->buf;
	return NULL;
}

static void
check_file(struct brn_entry *e, const struct stat *st, int verify)
{
	e->bad = distrust_reason(st);
	if (e->bad)
		return;
	if (st->st_size < BRN_TRAILER || st->st_size > BRN_ENTRY_MAX)
		e->bad = mark_damaged(e, "wrong length");
	else
		e->bad = verify ? read_whole(e) : read_tail(e);
	e->damaged &= st->st_uid == geteuid();
}

int
brn_entry_open(int dirfd, const char *name, int verify, struct brn_entry *e)
{
	struct stat st;

	memset(e, 0, sizeof *e);
	e->fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
	    O_NONBLOCK);
	if (e->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -1;
	if (e->fd < 0) {
		e->bad = errno == ELOOP ? "symbolic link" : "cannot be opened";
		return 0;
	}
	if (fstat(e->fd, &st) < 0) {
		e->bad = "cannot be read";
		return 0;
	}
	e->bytes = st.st_size;
	e->mtime = st.st_mtim.tv_sec;
	e->dev = st.st_dev;
	e->ino = st.st_ino;
	check_file(e, &st, verify);
	return 0;
}

void
brn_entry_close(struct brn_entry *e)
{
	if (e->fd >= 0)
		close(e->fd);
	free(e->buf);
	memset(e, 0, sizeof *e);
	e->fd = -1;
}

/* Linux 6.3 wants to be told whether a file in memory is for code.  */
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

int
brn_entry_copy(const struct brn_entry *e)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("burin-kernel", flags | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("burin-kernel", flags);
	if (fd < 0)
		return -1;
	if (brn_file_write(fd, e->buf, (size_t)e->bytes) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE | F_SEAL_SEAL) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
put_le(uint8_t *p, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* Write description and trailer into all, an entry of n bytes whose payload is
 * already there.  */
static void
put_tail(uint8_t *all, size_t n, const struct brn_key *k, const void *desc,
    size_t ndesc)
{
	uint8_t *t = all + n - BRN_TRAILER;
	struct brn_key sum;

	memcpy(t - ndesc, desc, ndesc);
	memcpy(t, magic, sizeof magic);
	put_le(t + 8, BRN_ENTRY_VERSION, 4);
	put_le(t + 12, 0, 4);
	put_le(t + 16, n - BRN_TRAILER - ndesc, 8);
	put_le(t + 24, ndesc, 8);
	memcpy(t + 32, k->b, sizeof k->b);
	sum = brn_key_of(all, n - sizeof sum.b);
	memcpy(t + 48, sum.b, sizeof sum.b);
}

int
brn_entry_seal(int fd, const struct brn_key *k, const void *desc,
    size_t ndesc, const char *where, burin_error *err)
{
	struct stat st;
	size_t payload, n;
	uint8_t *all;
	int rc = -1;

	if (fstat(fd, &st) < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", where,
		    strerror(errno));
	payload = (size_t)st.st_size;
	if (payload == 0)
		return brn_fail(err, BURIN_ECACHE, "%s: empty, wanted a kernel",
		    where);
	if (brn_add(payload, ndesc, &n) < 0 ||
	    brn_add(n, BRN_TRAILER, &n) < 0 || n > BRN_ENTRY_MAX)
		return brn_fail(err, BURIN_ECACHE, "%s: %zu bytes are too many",
		    where, payload);
	all = brn_alloc_aligned(n);
	if (!all)
		return brn_nomem(err);
	if (read_all(fd, all, payload, 0) == 0) {
		put_tail(all, n, k, desc, ndesc);
		rc = lseek(fd, (off_t)payload, SEEK_SET) < 0 ? -1 :
		    brn_file_write(fd, all + payload, n - payload);
	}
	free(all);
	if (rc < 0 || fchmod(fd, 0400) < 0 || fsync(fd) < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", where,
		    strerror(errno));
	return BURIN_OK;
}
