/* SPDX-License-Identifier: Apache-2.0
 *
 * Directories and file names.  The name of a temporary file contains host,
 * process namespace, process id and a serial number, so that gc can tell from
 * the name alone whether the process that made it is dead.
 */
#include "cache/shard.h"

#include "cache/path.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEMP_PREFIX "tmp."
#define HOST_MAX 96

/* Reason to distrust the directory fd because of its owner or mode, or
 * NULL.  */
static const char *
distrust_reason(int fd, enum brn_dir_use use)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return "cannot be read";
	if (use == BRN_DIR_read ? !brn_is_trusted_owner(st.st_uid) :
	    st.st_uid != geteuid() || !brn_is_trusted_owner(st.st_uid))
		return "foreign owner";
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return "writable by others";
	return NULL;
}

static const char *
open_error_text(int e)
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
brn_dir_open(int at, const char *name, enum brn_dir_use use,
    const char **why)
{
	int fd, make = use == BRN_DIR_make;

	*why = NULL;
	/* The umask may have removed our own permissions.  */
	if (make && mkdirat(at, name, 0700) == 0)
		(void)!fchmodat(at, name, 0700, 0);
	else if (make && errno != EEXIST) {
		*why = open_error_text(errno);
		return -1;
	}
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		*why = errno == ENOENT ? NULL : open_error_text(errno);
		return -1;
	}
	*why = distrust_reason(fd, use);
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
	return brn_dir_open(s->v1, name, s->readonly ? BRN_DIR_read :
	    make ? BRN_DIR_make : BRN_DIR_write, why);
}

int
brn_is_recent(int64_t mtime, int64_t seconds)
{
	int64_t age = (int64_t)time(NULL) - mtime;

	return age > -seconds && age < seconds;
}

void
brn_entry_name(const struct brn_key *k, char name[BRN_NAME_MAX])
{
	brn_key_hex(k, name);
	strcat(name, ".so");
}

/* Whether name is 32 hex digits followed by ending; if so, *k is the key.  */
static int
parse_name(const char *name, const char *ending, struct brn_key *k)
{
	char hex[BRN_KEY_HEX];

	if (strlen(name) != sizeof hex - 1 + strlen(ending) ||
	    strcmp(name + sizeof hex - 1, ending) != 0)
		return 0;
	memcpy(hex, name, sizeof hex - 1);
	hex[sizeof hex - 1] = 0;
	return brn_key_parse(hex, k) == 0;
}

int
brn_name_is_entry(const char *name, struct brn_key *k)
{
	return parse_name(name, ".so", k);
}

void
brn_failure_name(const struct brn_key *k, char name[BRN_NAME_MAX])
{
	brn_key_hex(k, name);
	strcat(name, ".fail");
}

int
brn_name_is_failure(const char *name)
{
	struct brn_key k;

	return parse_name(name, ".fail", &k);
}

/* "<host>-<process namespace>": the scope within which a process id is
 * unique.  */
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
brn_temp_make(int dirfd, char name[BRN_NAME_MAX])
{
	static atomic_uint serial;
	int fd;

	do {
		brn_temp_name(atomic_fetch_add(&serial, 1), name);
		fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL |
		    O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

int
brn_name_is_temp(const char *name)
{
	return strncmp(name, TEMP_PREFIX, sizeof TEMP_PREFIX - 1) == 0;
}

/* Whether pid has ended.  Zombies count as ended: many containers have no init
 * that would reap them.  */
static int
is_dead(pid_t pid)
{
	char path[64], text[512];
	const char *state;
	ssize_t n;
	int fd;

	if (kill(pid, 0) < 0)
		return errno == ESRCH;
	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	state = strrchr(text, ')');
	return state && (strncmp(state, ") Z", 3) == 0 ||
	    strncmp(state, ") X", 3) == 0);
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
	return pid > 0 && is_dead((pid_t)pid);
}

/* Limit of the recursion; a compiler creates one level of directories.  */
enum { MAX_DEPTH = 8 };

static void
remove_dir(int dirfd, const char *name, int depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0 && depth < MAX_DEPTH)
			remove_dir(fd, e->d_name, depth + 1);
	}
	if (d)
		closedir(d);
	unlinkat(dirfd, name, AT_REMOVEDIR);
}

void
brn_dir_remove(int dirfd, const char *name)
{
	remove_dir(dirfd, name, 0);
}
