/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels: the lines of v1/labels.  If two processes add one at the same time,
 * one of the two may be lost; it is added again with the next entry.
 */
#include "cache/store.h"

#include "cache/file.h"
#include "cache/shard.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "labels"
#define MAX_BYTES 4096

static int
has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = text; (p = strstr(p, line)); p += n)
		if ((p == text || p[-1] == '\n') && p[n] == '\n')
			return 1;
	return 0;
}

void
brn_store_labels(const struct brn_store *s, char *buf, size_t size)
{
	int fd = openat(s->v1, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	struct stat st;
	ssize_t n = 0;

	buf[0] = '\0';
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, buf, size - 1);
	close(fd);
	while (n > 0 && buf[n - 1] != '\n')
		n--;
	buf[n < 0 ? 0 : n] = '\0';
}

void
brn_store_label(struct brn_store *s, const char *label)
{
	char text[MAX_BYTES], tmp[BRN_NAME_MAX];
	size_t n;
	int fd;

	brn_store_labels(s, text, sizeof text);
	n = strlen(text);
	if (!*label || strchr(label, '\n') || has_line(text, label) ||
	    n + strlen(label) + 2 > sizeof text)
		return;
	n += (size_t)sprintf(text + n, "%s\n", label);
	fd = brn_temp_make(s->v1, tmp);
	if (fd < 0)
		return;
	if (brn_file_write(fd, text, n) < 0 ||
	    renameat(s->v1, tmp, s->v1, FILE_NAME) < 0)
		unlinkat(s->v1, tmp, 0);
	close(fd);
}
