/* SPDX-License-Identifier: Apache-2.0
 *
 * Value files.  The name is a hash of the content: graphs that share a constant
 * share its file, and a file that was changed is noticed.
 */
#include "ir/graph/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* FNV-1a on words of 8 bytes, with a shift that carries high bits down.  */
static uint64_t
hash(const void *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ n;
	const uint8_t *s = p;

	for (size_t i = 0; i < n; i += 8) {
		uint64_t w = 0;

		memcpy(&w, s + i, n - i < 8 ? n - i : 8);
		h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

static void
name_of(const void *p, size_t n, char name[BRN_VALUES_NAME])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t h = hash(p, n);

	for (int i = 15; i >= 0; i--, h >>= 4)
		name[i] = digits[h & 15];
	name[16] = '\0';
}

/* DIR/values/NAME, without NAME if it is NULL; to be freed.  */
static char *
path_of(const char *dir, const char *name)
{
	struct brn_buf b = { 0 };

	brn_buf_printf(&b, "%s/values%s%s", dir, name ? "/" : "",
	    name ? name : "");
	return (char *)b.p;             /* NULL: no memory */
}

static int
system_error(const char *path, burin_error *err)
{
	return brn_fail(err, BURIN_EIO, "%s: %s", path, strerror(errno));
}

static int
write_file(const char *path, const void *p, size_t n, burin_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int rc = 0;

	if (fd < 0)
		return system_error(path, err);
	if (brn_write_all(fd, p, n) < 0)
		rc = system_error(path, err);
	if (close(fd) < 0 && rc == 0)
		rc = system_error(path, err);
	return rc;
}

int
brn_values_write(const char *dir, const void *p, size_t n,
    char name[BRN_VALUES_NAME], burin_error *err)
{
	char *folder = path_of(dir, NULL), *path;
	struct stat st;
	int rc = 0;

	name_of(p, n, name);
	path = path_of(dir, name);
	if (!folder || !path)
		rc = brn_nomem(err);
	else if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		rc = system_error(folder, err);
	else if (stat(path, &st) < 0 || (size_t)st.st_size != n)
		rc = write_file(path, p, n, err);
	free(folder);
	free(path);
	return rc;
}

static int
read_all(int fd, char *p, size_t n)
{
	while (n) {
		ssize_t k = read(fd, p, n);

		if (k == 0)
			errno = ENODATA;
		if (k == 0 || (k < 0 && errno != EINTR))
			return -1;
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

static int
check_file(int fd, const char *path, size_t n, burin_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return system_error(path, err);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != n)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: wanted a file of %zu bytes", path, n);
	return 0;
}

static int
read_file(const char *path, const char *name, void *p, size_t n,
    burin_error *err)
{
	/* O_NONBLOCK: a FIFO must not hang us before we see that it is one. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char found[BRN_VALUES_NAME];
	int rc;

	if (fd < 0)
		return system_error(path, err);
	rc = check_file(fd, path, n, err);
	if (rc == 0 && read_all(fd, p, n) < 0)
		rc = system_error(path, err);
	close(fd);
	if (rc < 0)
		return rc;
	name_of(p, n, found);
	if (strcmp(found, name) != 0)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: holds other values, their hash is %s", path, found);
	return 0;
}

int
brn_values_read(const char *dir, const char *name, void *p, size_t n,
    burin_error *err)
{
	char *path;
	int rc;

	if (!dir)
		return brn_fail(err, BURIN_EFORMAT,
		    "values/%s: no folder for value files is given", name);
	if (strlen(name) != BRN_VALUES_NAME - 1 ||
	    strspn(name, "0123456789abcdef") != BRN_VALUES_NAME - 1)
		return brn_fail(err, BURIN_EFORMAT,
		    "values/%s: wanted a name of 16 hexadecimal digits", name);
	path = path_of(dir, name);
	rc = path ? read_file(path, name, p, n, err) : brn_nomem(err);
	free(path);
	return rc;
}
