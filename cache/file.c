/* SPDX-License-Identifier: Apache-2.0
 *
 * The limit is read each time: the host may change it.
 */
#include "cache/file.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

int
brn_file_may_have(uint64_t n)
{
	struct rlimit r;

	return getrlimit(RLIMIT_FSIZE, &r) < 0 ||
	    r.rlim_cur == RLIM_INFINITY || n <= r.rlim_cur;
}

int
brn_file_write(int fd, const void *p, size_t n)
{
	off_t at = lseek(fd, 0, SEEK_CUR);

	if (at >= 0 && !brn_file_may_have((uint64_t)at + n)) {
		errno = EFBIG;
		return -1;
	}
	return brn_write_all(fd, p, n);
}
