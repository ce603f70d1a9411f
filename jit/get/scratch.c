/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory is private because mkdtemp creates it with mode 0700.
 */
#include "jit/get/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_FREE_BYTES (1 << 20)

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	remove(path);
	return 0;
}

static void
remove_tree(const char *dir)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int
open_in(struct brn_scratch *t, const char *parent, burin_error *err)
{
	int n, rc;

	n = snprintf(t->dir, sizeof t->dir, "%s/burin.XXXXXX", parent);
	if (n < 0 || (size_t)n >= sizeof t->dir)
		return brn_fail(err, BURIN_ECACHE, "%s: path is too long",
		    parent);
	if (!mkdtemp(t->dir))
		return brn_fail(err, BURIN_ECACHE, "%s: %s", t->dir,
		    strerror(errno));
	rc = brn_store_open(t->dir, &t->store, err);
	if (rc == 0 && !brn_store_has_room(t->store, MIN_FREE_BYTES)) {
		rc = brn_fail(err, BURIN_ECACHE, "%s: no space left", parent);
		brn_store_close(t->store);
	}
	if (rc < 0)
		remove_tree(t->dir);
	return rc;
}

int
brn_scratch_open(struct brn_scratch *t, burin_error *err)
{
	const char *place[] = { secure_getenv("TMPDIR"), "/tmp", "/dev/shm",
	    "/var/tmp" };
	int rc = BURIN_ECACHE;

	for (int i = 0; i < BRN_COUNT(place) && rc < 0; i++)
		if (place[i] && place[i][0] == '/')
			rc = open_in(t, place[i], err);
	return rc;
}

void
brn_scratch_close(struct brn_scratch *t)
{
	brn_store_close(t->store);
	remove_tree(t->dir);
}
