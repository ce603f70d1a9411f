/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded failures: a file <key>.fail holds the reason why a kernel could not
 * be compiled, so that other processes do not try again for a day.  Its owner
 * and contents are not checked like those of an entry, because the worst it can
 * cause is that a slower kernel runs.
 */
#include "cache/store.h"

#include "cache/file.h"
#include "cache/shard.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
brn_store_fail(struct brn_store *s, const struct brn_key *k, const char *why)
{
	char name[BRN_NAME_MAX];
	const char *word;
	int shard = brn_shard_open(s, k->b[0], 1, &word), fd;

	if (shard < 0)
		return;
	brn_failure_name(k, name);
	unlinkat(shard, name, 0);
	fd = openat(shard, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	close(shard);
	if (fd < 0)
		return;
	/* A short write only truncates the reason.  */
	(void)!brn_file_write(fd, why, strlen(why));
	close(fd);
}

int
brn_store_failed(struct brn_store *s, const struct brn_key *k, char *buf,
    size_t size)
{
	char name[BRN_NAME_MAX];
	const char *word;
	struct stat st;
	int shard = brn_shard_open(s, k->b[0], 0, &word), fd;
	ssize_t n = -1;

	if (shard < 0)
		return 0;
	brn_failure_name(k, name);
	fd = openat(shard, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	close(shard);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    brn_is_recent(st.st_mtim.tv_sec, BRN_FAILURE_AGE))
		n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return 0;
	buf[n] = '\0';
	return 1;
}
