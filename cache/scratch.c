/* SPDX-License-Identifier: Apache-2.0
 *
 * Stores in directories like /tmp, which all users can write to.  The directory
 * of one is named after its process like a temporary file, so that the next
 * process of the same user can remove what a killed one has left.
 */
#include "cache/store.h"

#include "cache/path.h"
#include "cache/shard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "burin."

static int
is_leftover(int dirfd, const char *name)
{
	struct stat st;

	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
	    brn_name_is_temp(name + strlen(PREFIX)) &&
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    brn_temp_is_dead(name + strlen(PREFIX));
}

static void
sweep(int parent)
{
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d)))
		if (is_leftover(parent, e->d_name))
			brn_dir_remove(parent, e->d_name);
	if (d)
		closedir(d);
}

/* Create the directory name in parent, and a store in it.  */
static int
make_in(int parent, const char *name, const char *dir,
    struct brn_store **out, burin_error *err)
{
	const char *why;
	int top, rc;

	if (mkdirat(parent, name, 0700) < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", dir,
		    strerror(errno));
	top = brn_dir_open(parent, name, BRN_DIR_make, &why);
	if (top < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", dir,
		    why ? why : "went away");
	rc = brn_store_open_at(top, dir, out, err);
	close(top);
	return rc;
}

int
brn_store_open_scratch(const char *place, struct brn_store **out,
    burin_error *err)
{
	char name[BRN_NAME_MAX + sizeof PREFIX] = PREFIX, dir[PATH_MAX];
	unsigned n;
	int parent = brn_path_open(place, BRN_PATH_PARENT, err), rc;

	if (parent < 0)
		return parent;
	sweep(parent);
	if (getrandom(&n, sizeof n, GRND_NONBLOCK) != sizeof n)
		n = (unsigned)brn_now_ms();
	brn_temp_name(n, name + strlen(PREFIX));
	if (snprintf(dir, sizeof dir, "%s/%s", place, name) >= PATH_MAX)
		rc = brn_fail(err, BURIN_ECACHE, "%s: path is too long",
		    place);
	else
		rc = make_in(parent, name, dir, out, err);
	if (rc < 0) {
		unlinkat(parent, name, AT_REMOVEDIR);
		close(parent);
		return rc;
	}
	(*out)->parent = parent;
	return BURIN_OK;
}

void
brn_store_close_scratch(struct brn_store *s)
{
	if (!s)
		return;
	brn_dir_remove(s->parent, strrchr(s->dir, '/') + 1);
	brn_store_close(s);
}
