/* SPDX-License-Identifier: Apache-2.0
 *
 * Directories and names.  A temporary file tells whose it is: host and process
 * namespace, process, serial number; so the files of the dead can be swept
 * without asking anyone.
 */
#include "cache/shard.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_PREFIX "tmp."
#define HOST_MAX 96

static const char *
distrust(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return "cannot be read";
	if (st.st_uid != geteuid())
		return "foreign owner";
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return "writable by others";
	return NULL;
}

static const char *
why_not(int e)
{
	switch (e) {
	case ENOTDIR:
	case ELOOP:
		return "not a directory";
	case EROFS:
		return "read-only file system";
	case ENOSPC:
	case EDQUOT:
		return "no space left";
	case EMFILE:
	case ENFILE:
		return "too many open files";
	default:
		return "cannot be opened";
	}
}

int
brn_dir_open(int at, const char *name, int make, const char **why)
{
	int fd;

	*why = NULL;
	/* A umask may have taken our own rights away: set them at once.  */
	if (make && mkdirat(at, name, 0700) == 0)
		fchmodat(at, name, 0700, 0);
	else if (make && errno != EEXIST) {
		*why = why_not(errno);
		return -1;
	}
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		*why = errno == ENOENT ? NULL : why_not(errno);
		return -1;
	}
	*why = distrust(fd);
	if (!*why)
		return fd;
	close(fd);
	return -1;
}

int
brn_shard_open(const struct brn_store *s, int i, int make, const char **why)
{
	char name[8];

	snprintf(name, sizeof name, "%02x", (unsigned)i & 0xff);
	return brn_dir_open(s->v1, name, make, why);
}

void
brn_entry_name(const struct brn_key *k, char name[BRN_NAME_MAX])
{
	brn_key_hex(k, name);
	strcat(name, ".so");
}

int
brn_name_is_entry(const char *name, struct brn_key *k)
{
	char hex[BRN_KEY_HEX];

	if (strlen(name) != sizeof hex - 1 + 3 ||
	    strcmp(name + sizeof hex - 1, ".so") != 0)
		return 0;
	memcpy(hex, name, sizeof hex - 1);
	hex[sizeof hex - 1] = 0;
	return brn_key_parse(hex, k) == 0;
}

/* "<host>-<process namespace>": where a process number means something.  */
static void
host_name(char host[HOST_MAX])
{
	char name[HOST_NAME_MAX + 1] = "";
	struct stat st = { 0 };

	if (gethostname(name, sizeof name) < 0 || !name[0])
		strcpy(name, "host");
	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '-';
	stat("/proc/self/ns/pid", &st);
	snprintf(host, HOST_MAX, "%s-%llu", name,
	    (unsigned long long)st.st_ino);
}

void
brn_temp_name(unsigned n, char name[BRN_NAME_MAX])
{
	char host[HOST_MAX];

	host_name(host);
	snprintf(name, BRN_NAME_MAX, TEMP_PREFIX "%s.%ld.%u", host,
	    (long)getpid(), n);
}

int
brn_name_is_temp(const char *name)
{
	return strncmp(name, TEMP_PREFIX, sizeof TEMP_PREFIX - 1) == 0;
}

int
brn_temp_is_dead(const char *name)
{
	char host[HOST_MAX];
	size_t n;
	long pid;

	host_name(host);
	n = strlen(host);
	name += sizeof TEMP_PREFIX - 1;
	if (strncmp(name, host, n) != 0 || name[n] != '.')
		return 0;
	pid = strtol(name + n + 1, NULL, 10);
	return pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}
