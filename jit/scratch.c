/* SPDX-License-Identifier: Apache-2.0
 *
 * mkdtemp makes it private; what is in it is only ever a store.
 */
#include "jit/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int
brn_scratch_open(struct brn_scratch *t, burin_error *err)
{
	const char *tmp = secure_getenv("TMPDIR");
	int n, rc;

	if (!tmp || tmp[0] != '/')
		tmp = "/tmp";
	n = snprintf(t->dir, sizeof t->dir, "%s/burin.XXXXXX", tmp);
	if (n < 0 || (size_t)n >= sizeof t->dir)
		return brn_fail(err, BURIN_ECACHE, "%s: path is too long",
		    tmp);
	if (!mkdtemp(t->dir))
		return brn_fail(err, BURIN_ECACHE, "%s: %s", t->dir,
		    strerror(errno));
	rc = brn_store_open(t->dir, &t->store, err);
	if (rc < 0)
		remove_tree(t->dir);
	return rc;
}

void
brn_scratch_close(struct brn_scratch *t)
{
	brn_store_close(t->store);
	remove_tree(t->dir);
}
