/* SPDX-License-Identifier: Apache-2.0
 *
 * Write and read bundles with libarchive.
 */
#include "cache/bundle.h"

#ifdef HAVE_LIBARCHIVE

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/entry.h"
#include "cache/file.h"
#include "cache/shard.h"

/* Upper limit of the first allocation for an entry, whatever its header
 * says.  */
enum { FIRST_BYTES = 1 << 20 };

struct brn_bundle {
	struct archive *a;
	char path[PATH_MAX], tmp[PATH_MAX];
	int fd;                         /* of tmp */
};

static int
archive_fail(struct archive *a, const char *path, burin_error *err)
{
	const char *why = archive_error_string(a);

	return brn_fail(err, BURIN_EIO, "%s: %s", path,
	    why ? why : "not an archive");
}

/* Add the compression that the suffix of path names.  ARCHIVE_RETRY: unknown
 * suffix.  */
static int
add_filter(struct archive *a, const char *path)
{
	static const struct { const char *end; int (*add)(struct archive *); }
	filters[] = {
		{ ".tar", archive_write_add_filter_none },
		{ ".tar.zst", archive_write_add_filter_zstd },
		{ ".tar.gz", archive_write_add_filter_gzip },
		{ ".tar.xz", archive_write_add_filter_xz },
	};
	size_t n = strlen(path);

	for (int i = 0; i < BRN_COUNT(filters); i++) {
		size_t m = strlen(filters[i].end);

		if (n > m && strcmp(path + n - m, filters[i].end) == 0)
			return filters[i].add(a);
	}
	return ARCHIVE_RETRY;
}

static la_ssize_t
write_bytes(struct archive *a, void *ctx, const void *p, size_t n)
{
	struct brn_bundle *b = ctx;

	if (brn_file_write(b->fd, p, n) == 0)
		return (la_ssize_t)n;
	archive_set_error(a, errno, "%s", strerror(errno));
	return ARCHIVE_FATAL;
}

/* Create the temporary file beside the bundle.  A file or link that somebody
 * else has put there is not opened.  */
static int
open_temp(struct brn_bundle *b, burin_error *err)
{
	unsigned n = 0;

	do {
		if (snprintf(b->tmp, sizeof b->tmp, "%s.%ld.%u", b->path,
		    (long)getpid(), n) >= PATH_MAX)
			return brn_fail(err, BURIN_EIO, "%s: path is too long",
			    b->path);
		b->fd = open(b->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0666);
	} while (b->fd < 0 && errno == EEXIST && n++ < 100);
	if (b->fd < 0)
		return brn_fail(err, BURIN_EIO, "%s: %s", b->tmp,
		    strerror(errno));
	return BURIN_OK;
}

static int
open_archive(struct brn_bundle *b, burin_error *err)
{
	struct archive *a = b->a;
	int rc = add_filter(a, b->path);

	if (rc == ARCHIVE_RETRY)
		return brn_fail(err, BURIN_EINVAL, "%s: wanted a name that "
		    "ends in .tar, .tar.zst, .tar.gz or .tar.xz", b->path);
	/* A warning says that libarchive would run a program for it.  */
	if (rc != ARCHIVE_OK || archive_write_set_format_pax_restricted(a) < 0)
		return archive_fail(a, b->path, err);
	if ((rc = open_temp(b, err)) < 0)
		return rc;
	/* No zeros after the last block, as in a file by its name.  */
	archive_write_set_bytes_in_last_block(a, 1);
	if (archive_write_open(a, b, NULL, write_bytes, NULL) < 0)
		return archive_fail(a, b->path, err);
	return BURIN_OK;
}

static void
free_bundle(struct brn_bundle *b, int remove)
{
	archive_write_free(b->a);
	if (b->fd >= 0)
		close(b->fd);
	if (b->fd >= 0 && remove)
		unlink(b->tmp);
	free(b);
}

int
brn_bundle_create(const char *path, struct brn_bundle **out,
    burin_error *err)
{
	struct brn_bundle *b;
	int rc;

	if (strlen(path) >= sizeof b->path)
		return brn_fail(err, BURIN_EIO, "%s: path is too long", path);
	b = brn_alloc(1, sizeof *b);
	if (!b)
		return brn_nomem(err);
	strcpy(b->path, path);
	b->fd = -1;
	b->a = archive_write_new();
	rc = b->a ? open_archive(b, err) : brn_nomem(err);
	if (rc < 0) {
		free_bundle(b, 1);
		return rc;
	}
	*out = b;
	return BURIN_OK;
}

int
brn_bundle_add(struct brn_bundle *b, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err)
{
	struct archive_entry *e = archive_entry_new();
	char name[BRN_NAME_MAX], path[BRN_NAME_MAX + 8];
	int rc = BURIN_OK;

	if (!e)
		return brn_nomem(err);
	brn_entry_name(k, name);
	snprintf(path, sizeof path, "v1/%.2s/%s", name, name);
	archive_entry_set_pathname(e, path);
	archive_entry_set_size(e, (int64_t)n);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0444);
	if (archive_write_header(b->a, e) < 0 ||
	    archive_write_data(b->a, entry, n) != (ssize_t)n)
		rc = archive_fail(b->a, b->path, err);
	archive_entry_free(e);
	return rc;
}

int
brn_bundle_close(struct brn_bundle *b, int keep, burin_error *err)
{
	int rc = BURIN_OK;

	if (archive_write_close(b->a) < 0 && keep)
		rc = archive_fail(b->a, b->path, err);
	if (rc == 0 && keep && rename(b->tmp, b->path) < 0)
		rc = brn_fail(err, BURIN_EIO, "%s: %s", b->path,
		    strerror(errno));
	free_bundle(b, rc < 0 || !keep);
	return rc;
}

static int
is_entry(struct archive_entry *e)
{
	const char *path = archive_entry_pathname(e), *name;
	struct brn_key k;

	if (!path || archive_entry_filetype(e) != AE_IFREG)
		return 0;
	name = strrchr(path, '/');
	return brn_name_is_entry(name ? name + 1 : path, &k);
}

/* Move the n bytes at p to a buffer of twice *room bytes, at most max bytes.
 * Frees p in any case; NULL if memory is short.  */
static char *
grow_buffer(char *p, size_t n, size_t *room, size_t max)
{
	char *to;

	*room = *room < max / 2 ? *room * 2 : max;
	to = brn_alloc_aligned(*room);
	if (to)
		memcpy(to, p, n);
	free(p);
	return to;
}

/* Read the n bytes of an entry.  n comes from a header that may be wrong, so
 * the buffer grows with the bytes that are really there.  */
static int
read_bytes(struct archive *a, const char *path, size_t n, char **out,
    burin_error *err)
{
	size_t room = n < FIRST_BYTES ? n : FIRST_BYTES, have = 0;
	char *p = brn_alloc_aligned(room);
	ssize_t got = 1;

	while (p && have < n && got > 0) {
		if (have == room && !(p = grow_buffer(p, have, &room, n)))
			break;
		got = archive_read_data(a, p + have, room - have);
		have += got > 0 ? (size_t)got : 0;
	}
	if (!p)
		return brn_nomem(err);
	if (have == n) {
		*out = p;
		return BURIN_OK;
	}
	free(p);
	if (got < 0)
		return archive_fail(a, path, err);
	return brn_fail(err, BURIN_EFORMAT,
	    "%s: an entry ends at byte %zu of %zu", path, have, n);
}

static int
read_entry(struct archive *a, struct archive_entry *e, const char *path,
    brn_bundle_fn *fn, void *ctx, burin_error *err)
{
	int64_t n = archive_entry_size(e);
	char *p = NULL;
	int rc;

	if (n <= 0 || n > BRN_ENTRY_MAX || archive_entry_sparse_count(e))
		return brn_fail(err, BURIN_EFORMAT, "%s: %s: has %lld bytes, "
		    "wanted 1 to %lld", path, archive_entry_pathname(e),
		    (long long)n, (long long)BRN_ENTRY_MAX);
	rc = read_bytes(a, path, (size_t)n, &p, err);
	if (rc < 0)
		return rc;
	rc = fn(ctx, p, (size_t)n, err);
	free(p);
	return rc;
}

/* The formats that brn_bundle_create writes.  For others libarchive would run
 * programs that it finds on PATH; a warning says that it would for one of
 * these, too.  */
static int
support_formats(struct archive *a)
{
	return archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(a) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    archive_read_support_format_tar(a) != ARCHIVE_OK ? -1 : 0;
}

int
brn_bundle_each(const char *path, brn_bundle_fn *fn, void *ctx,
    burin_error *err)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	int got, rc = BURIN_OK;

	if (!a)
		return brn_nomem(err);
	if (support_formats(a) < 0 ||
	    archive_read_open_filename(a, path, 65536) < 0)
		rc = archive_fail(a, path, err);
	while (rc == 0 && (got = archive_read_next_header(a, &e)) !=
	    ARCHIVE_EOF) {
		if (got < ARCHIVE_WARN)
			rc = archive_fail(a, path, err);
		else if (is_entry(e))
			rc = read_entry(a, e, path, fn, ctx, err);
	}
	archive_read_free(a);
	return rc;
}

#else

static int
missing(const char *path, burin_error *err)
{
	return brn_fail(err, BURIN_EUNSUPPORTED, "%s: built without "
	    "libarchive, wanted a directory", path);
}

int
brn_bundle_create(const char *path, struct brn_bundle **out,
    burin_error *err)
{
	(void)out;
	return missing(path, err);
}

int
brn_bundle_add(struct brn_bundle *b, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err)
{
	(void)b, (void)k, (void)entry, (void)n;
	return missing("bundle", err);
}

int
brn_bundle_close(struct brn_bundle *b, int keep, burin_error *err)
{
	(void)b, (void)keep;
	return missing("bundle", err);
}

int
brn_bundle_each(const char *path, brn_bundle_fn *fn, void *ctx,
    burin_error *err)
{
	(void)fn, (void)ctx;
	return missing(path, err);
}

#endif
