/* SPDX-License-Identifier: Apache-2.0
 *
 * Files around a model.  A model says itself where its external data is, so
 * that path is walked folder by folder without following any link: it cannot
 * lead out of the model's folder.
 */
#include "ir/onnx/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: a FIFO must not hang us before we see that it is one.  */
enum { OPEN = O_RDONLY | O_CLOEXEC | O_NONBLOCK };

static int
regular_size(int fd, const char *what, uint64_t *out, burin_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return brn_fail(err, BURIN_EIO, "%s: %s", what,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return brn_fail(err, BURIN_EIO, "%s: not a regular file",
		    what);
	*out = (uint64_t)st.st_size;
	return 0;
}

/* Address space of n bytes; memory comes with the bytes that are read.  Pages
 * are small ones, since large weights between them are left out.  */
static void *
reserve(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, n, MADV_NOHUGEPAGE);
	return p;
}

int
brn_onnx_map(const char *path, struct brn_onnx_map *out, burin_error *err)
{
	int fd = open(path, OPEN), rc;
	uint64_t size;
	void *p;

	if (fd < 0)
		return brn_fail(err, BURIN_EIO, "%s: %s", path,
		    strerror(errno));
	rc = regular_size(fd, path, &size, err);
	if (rc == 0 && size == 0)
		rc = brn_fail(err, BURIN_EFORMAT, "%s: file is empty", path);
	if (rc < 0)
		goto fail;
	p = reserve(size);
	if (!p) {
		rc = brn_nomem(err);
		goto fail;
	}
	*out = (struct brn_onnx_map){ p, size, fd };
	rc = brn_onnx_map_fill(out, 0, size < BRN_ONNX_HEAD ? size :
	    BRN_ONNX_HEAD, path, err);
	if (rc < 0)
		brn_onnx_unmap(out);
	return rc;
fail:
	close(fd);
	return rc;
}

void
brn_onnx_unmap(struct brn_onnx_map *m)
{
	munmap(m->p, m->n);
	close(m->fd);
}

void
brn_onnx_map_drop(const struct brn_onnx_map *m)
{
	if (m->fd >= 0)
		madvise(m->p, m->n, MADV_DONTNEED);
}

char *
brn_onnx_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;
	char *dir = brn_alloc(n + 2, 1);

	if (!dir)
		return NULL;
	if (n)
		memcpy(dir, path, n);
	else
		*dir = slash ? '/' : '.';
	return dir;
}

/* Open the next part of a path below the folder fd, which is closed.  */
static int
open_part(int fd, const char *part, size_t n, int last)
{
	char name[NAME_MAX + 1];
	int next;

	if (n > NAME_MAX) {
		close(fd);
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, part, n);
	name[n] = 0;
	next = openat(fd, name, O_NOFOLLOW | (last ? OPEN :
	    O_PATH | O_DIRECTORY | O_CLOEXEC));
	close(fd);
	return next;
}

/* Location below dir, or -1 and errno; EPERM for a path that is not one of
 * plain names.  */
static int
open_below(const char *dir, const char *location)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (const char *part = location; fd >= 0; ) {
		size_t n = strcspn(part, "/");
		int last = !part[n];

		if (n == 0 || (n == 2 && !memcmp(part, "..", 2))) {
			close(fd);
			errno = EPERM;
			return -1;
		}
		fd = open_part(fd, part, n, last);
		if (last)
			break;
		part += n + 1;
	}
	return fd;
}

static int
fail_open(const struct brn_onnx_extern *x, const char *what, burin_error *err)
{
	if (errno == EPERM)
		return brn_fail(err, BURIN_EFORMAT, "%s: external data '%s' "
		    "is not a path inside the model's folder", what,
		    x->location);
	if (errno == ELOOP || errno == ENOTDIR)
		return brn_fail(err, BURIN_EFORMAT, "%s: external data '%s' "
		    "goes through a link or a file, wanted a plain path",
		    what, x->location);
	return brn_fail(err, BURIN_EIO, "%s: external data '%s': %s", what,
	    x->location, strerror(errno));
}

/* All n bytes at the offset; NULL, or what is wrong.  */
static const char *
read_all(int fd, void *buf, size_t n, uint64_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = pread(fd, (char *)buf + done, n - done,
		    (off_t)(offset + done));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return strerror(errno);
		if (k == 0)
			return "became shorter";
		done += (size_t)k;
	}
	return NULL;
}

static int
read_piece(const struct brn_onnx_map *m, void *buf, size_t n, size_t offset,
    const char *what, burin_error *err)
{
	const char *wrong = read_all(m->fd, buf, n, offset);

	return wrong ? brn_fail(err, BURIN_EIO, "%s: %s", what, wrong) : 0;
}

int
brn_onnx_map_fill(const struct brn_onnx_map *m, size_t from, size_t to,
    const char *what, burin_error *err)
{
	return m->fd < 0 ? 0 : read_piece(m, (char *)m->p + from, to - from,
	    from, what, err);
}

int
brn_onnx_map_all(const struct brn_onnx_map *m, const char *what,
    burin_error *err)
{
	return brn_onnx_map_fill(m, 0, m->n, what, err);
}

int
brn_onnx_map_copy(const struct brn_onnx_map *m, const void *from, size_t n,
    const char *what, void *buf, burin_error *err)
{
	if (m->fd >= 0)
		return read_piece(m, buf, n, (size_t)((const char *)from -
		    (const char *)m->p), what, err);
	memcpy(buf, from, n);
	return 0;
}

static int
check_piece(const struct brn_onnx_extern *x, const char *what, uint64_t have,
    burin_error *err)
{
	if (x->offset <= have && x->size <= have - x->offset)
		return 0;
	return brn_fail(err, BURIN_EFORMAT, "%s: external data '%s' has %"
	    PRIu64 " bytes, wanted %zu from %" PRIu64, what, x->location, have,
	    x->size, x->offset);
}

static int
read_blob(const struct brn_onnx_extern *x, const char *what, void **out,
    burin_error *err)
{
	const burin_blob *b = x->blob, *end = b + x->nblob;
	void *buf;
	int rc;

	while (b < end && strcmp(b->name, x->location))
		b++;
	if (b == end)
		return brn_fail(err, BURIN_EFORMAT, "%s: external data '%s' "
		    "is no blob", what, x->location);
	if ((rc = check_piece(x, what, b->size, err)) < 0)
		return rc;
	if (!(buf = brn_alloc_aligned(x->size)))
		return brn_nomem(err);
	if (x->size)
		memcpy(buf, (const char *)b->data + x->offset, x->size);
	*out = buf;
	return 0;
}

int
brn_onnx_extern_read(const struct brn_onnx_extern *x, const char *what,
    void **out, burin_error *err)
{
	const char *wrong = NULL;
	void *buf = NULL;
	uint64_t have;
	int fd, rc;

	if (x->blob)
		return read_blob(x, what, out, err);
	if (!x->dir)
		return brn_fail(err, BURIN_EFORMAT, "%s: external data '%s', "
		    "but the model has no folder", what, x->location);
	fd = open_below(x->dir, x->location);
	if (fd < 0)
		return fail_open(x, what, err);
	rc = regular_size(fd, what, &have, err);
	if (rc == 0)
		rc = check_piece(x, what, have, err);
	if (rc == 0 && !(buf = brn_alloc_aligned(x->size)))
		rc = brn_nomem(err);
	if (rc == 0)
		wrong = read_all(fd, buf, x->size, x->offset);
	if (wrong)
		rc = brn_fail(err, BURIN_EIO, "%s: external data '%s': %s",
		    what, x->location, wrong);
	close(fd);
	if (rc < 0) {
		free(buf);
		return rc;
	}
	*out = buf;
	return 0;
}

int
brn_onnx_replace(const char *path, const void *p, size_t n, burin_error *err)
{
	size_t len = strlen(path) + 32;
	char *tmp = brn_alloc(len, 1);
	int fd, ok, rc = 0;

	if (!tmp)
		return brn_nomem(err);
	snprintf(tmp, len, "%s.%ld.tmp", path, (long)getpid());
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	ok = fd >= 0 && brn_write_all(fd, p, n) == 0 &&
	    fsync(fd) == 0 && rename(tmp, path) == 0;
	if (!ok) {
		rc = brn_fail(err, BURIN_EIO, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			unlink(tmp);
	}
	if (fd >= 0)
		close(fd);
	free(tmp);
	return rc;
}
