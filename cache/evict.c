/* SPDX-License-Identifier: Apache-2.0
 *
 * Walk a store: list its entries, evict the least recently used, clear it.
 * Files are only unlinked, so a process that has one open or mapped keeps it.
 * Lock files stay: if one were removed, two processes could hold locks on
 * different files of the same name.
 */
#include "cache/store.h"

#include "cache/entry.h"
#include "cache/shard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEMP_SECONDS 3600       /* age at which a temporary file is removed */
#define PRUNE_SECONDS 1200      /* least time between two prunes */

/* Called for each entry, failure and temporary file; returns 0 or ENOMEM.  */
typedef int visit_fn(void *ctx, int shard, int dirfd, const char *name);

struct names {
	int n, cap;
	char (*name)[BRN_NAME_MAX];
};

static int
add_name(struct names *l, const char *name)
{
	if (l->n == l->cap) {
		int cap = l->cap ? 2 * l->cap : 16;
		void *p = brn_realloc(l->name, (size_t)cap, sizeof *l->name);

		if (!p)
			return -1;
		l->name = p;
		l->cap = cap;
	}
	strcpy(l->name[l->n++], name);
	return 0;
}

/* List the files in dirfd whose names are those of a store.  All others are
 * ignored, so that they are never removed.  */
static int
read_names(int dirfd, struct names *l)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct brn_key k;
	int rc = 0;

	if (!d && fd >= 0)
		close(fd);
	while (d && rc == 0 && (e = readdir(d))) {
		if (strlen(e->d_name) >= BRN_NAME_MAX)
			continue;
		if (brn_name_is_entry(e->d_name, &k) ||
		    brn_name_is_failure(e->d_name) ||
		    brn_name_is_temp(e->d_name))
			rc = add_name(l, e->d_name);
	}
	if (d)
		closedir(d);
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
walk_shard(int shard, int dirfd, visit_fn *visit, void *ctx)
{
	struct names l = { 0 };
	int rc = read_names(dirfd, &l) < 0 ? BURIN_ENOMEM : BURIN_OK;

	if (l.n)
		qsort(l.name, (size_t)l.n, sizeof *l.name, by_name);
	for (int i = 0; rc == 0 && i < l.n; i++)
		rc = visit(ctx, shard, dirfd, l.name[i]);
	free(l.name);
	return rc;
}

static int
walk(struct brn_store *s, visit_fn *visit, void *ctx, burin_error *err)
{
	for (int i = 0; i < BRN_NUM_SHARDS; i++) {
		const char *why;
		int rc, dirfd = brn_shard_open(s, i, 0, &why);

		if (dirfd < 0)
			continue;
		rc = walk_shard(i, dirfd, visit, ctx);
		close(dirfd);
		if (rc < 0)
			return brn_nomem(err);
	}
	return BURIN_OK;
}

/* ---- each ------------------------------------------------------------- */

struct each {
	int verify;
	brn_store_fn *fn;
	void *ctx;
};

static int
visit_each(void *ctx, int shard, int dirfd, const char *name)
{
	const struct each *c = ctx;
	struct brn_store_entry out = { 0 };
	struct brn_entry e;

	(void)shard;
	if (!brn_name_is_entry(name, &out.key) ||
	    brn_entry_open(dirfd, name, c->verify, &e) < 0)
		return BURIN_OK;
	out.bytes = e.bytes;
	out.mtime = e.mtime;
	out.bad = e.bad;
	if (!e.bad && !brn_key_equal(&e.key, &out.key))
		out.bad = "other key";
	if (!out.bad) {
		out.desc = e.desc;
		out.ndesc = e.ndesc;
	}
	c->fn(c->ctx, &out);
	brn_entry_close(&e);
	return BURIN_OK;
}

int
brn_store_each(struct brn_store *s, int verify, brn_store_fn *fn, void *ctx,
    burin_error *err)
{
	struct each c = { verify, fn, ctx };

	return walk(s, visit_each, &c, err);
}

/* ---- gc --------------------------------------------------------------- */

struct used {
	int shard;
	struct brn_key key;
	int64_t bytes, mtime;
};

struct gc {
	struct used *e;
	size_t n, cap;
	int64_t bytes, removed;
};

static void
remove_file(struct gc *g, int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0)
		g->removed++;
}

/* Remove name if it is an expired failure, or a temporary file or directory
 * that is old or whose process is dead.  */
static void
remove_stale(struct gc *g, int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (brn_name_is_failure(name) ?
	    brn_is_recent(st.st_mtim.tv_sec, BRN_FAILURE_AGE) :
	    brn_is_recent(st.st_mtim.tv_sec, TEMP_SECONDS) &&
	    !brn_temp_is_dead(name))
		return;
	if (S_ISDIR(st.st_mode))
		brn_dir_remove(dirfd, name);
	else
		remove_file(g, dirfd, name);
}

/* Remove stale scratch directories of compilers, which are in v1 itself.  */
static int
remove_stale_dirs(struct brn_store *s, struct gc *g)
{
	struct names l = { 0 };
	int rc = read_names(s->v1, &l);

	for (int i = 0; i < l.n; i++)
		remove_stale(g, s->v1, l.name[i]);
	free(l.name);
	return rc < 0 ? BURIN_ENOMEM : BURIN_OK;
}

static int
add_used(struct gc *g, const struct used *u)
{
	if (g->n == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 64;
		void *p = brn_realloc(g->e, cap, sizeof *g->e);

		if (!p)
			return BURIN_ENOMEM;
		g->e = p;
		g->cap = cap;
	}
	g->e[g->n++] = *u;
	g->bytes += u->bytes;
	return BURIN_OK;
}

/* Check every byte of an entry; remove it if it is bad, else count it.  */
static int
visit_gc(void *ctx, int shard, int dirfd, const char *name)
{
	struct gc *g = ctx;
	struct used u = { .shard = shard };
	struct brn_entry e;
	int ok;

	if (!brn_name_is_entry(name, &u.key)) {
		remove_stale(g, dirfd, name);
		return BURIN_OK;
	}
	if (brn_entry_open(dirfd, name, 1, &e) < 0)
		return BURIN_OK;
	u.bytes = e.bytes;
	u.mtime = e.mtime;
	ok = !e.bad && brn_key_equal(&e.key, &u.key);
	brn_entry_close(&e);
	if (ok)
		return add_used(g, &u);
	remove_file(g, dirfd, name);
	return BURIN_OK;
}

/* Count an entry by its size and time, without opening it.  */
static int
visit_prune(void *ctx, int shard, int dirfd, const char *name)
{
	struct gc *g = ctx;
	struct used u = { .shard = shard };
	struct stat st;

	if (!brn_name_is_entry(name, &u.key)) {
		remove_stale(g, dirfd, name);
		return BURIN_OK;
	}
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return BURIN_OK;
	u.bytes = st.st_size;
	u.mtime = st.st_mtim.tv_sec;
	return add_used(g, &u);
}

static int
by_age(const void *a, const void *b)
{
	const struct used *x = a, *y = b;

	if (x->mtime != y->mtime)
		return x->mtime < y->mtime ? -1 : 1;
	return memcmp(x->key.b, y->key.b, sizeof x->key.b);
}

static void
evict(struct brn_store *s, struct gc *g, const struct used *u)
{
	char name[BRN_NAME_MAX];
	const char *why;
	int dirfd = brn_shard_open(s, u->shard, 0, &why);

	if (dirfd < 0)
		return;
	brn_entry_name(&u->key, name);
	remove_file(g, dirfd, name);
	close(dirfd);
}

static int
is_over(int64_t bytes, int64_t files, const struct brn_limits *max)
{
	return (max->bytes >= 0 && bytes > max->bytes) ||
	    (max->files >= 0 && files > max->files);
}

/* Remove the least recently used entries until the rest is within max.  */
static void
evict_until(struct brn_store *s, struct gc *g, const struct brn_limits *max)
{
	if (!is_over(g->bytes, (int64_t)g->n, max))
		return;
	qsort(g->e, g->n, sizeof *g->e, by_age);
	for (size_t i = 0; i < g->n &&
	    is_over(g->bytes, (int64_t)(g->n - i), max); i++) {
		evict(s, g, &g->e[i]);
		g->bytes -= g->e[i].bytes;
	}
}

int
brn_store_gc(struct brn_store *s, const struct brn_limits *max,
    int64_t *removed, burin_error *err)
{
	struct gc g = { 0 };
	int rc = walk(s, visit_gc, &g, err);

	if (rc == 0 && remove_stale_dirs(s, &g) < 0)
		rc = brn_nomem(err);
	if (rc == 0)
		evict_until(s, &g, max);
	free(g.e);
	if (rc == 0)
		*removed = g.removed;
	return rc;
}

/* ---- prune ------------------------------------------------------------ */

/* Whether PRUNE_SECONDS have passed since the last prune; if so, record this
 * one.  Two processes may both get 1; the second then finds little to
 * remove.  */
static int
is_due(struct brn_store *s)
{
	int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(s->v1, "pruned", flags | O_EXCL, 0600), due = fd >= 0;
	struct stat st;

	if (fd < 0)
		fd = openat(s->v1, "pruned", flags, 0600);
	if (fd < 0)
		return 0;
	if (!due)
		due = fstat(fd, &st) == 0 &&
		    !brn_is_recent(st.st_mtim.tv_sec, PRUNE_SECONDS);
	if (due)
		futimens(fd, NULL);
	close(fd);
	return due;
}

/* 90 % of a limit.  */
static int64_t
nine_tenths(int64_t n)
{
	return n < 0 ? n : n - n / 10;
}

int
brn_store_prune(struct brn_store *s, const struct brn_limits *max,
    int64_t *removed, burin_error *err)
{
	struct brn_limits goal = { nine_tenths(max->bytes),
	    nine_tenths(max->files) };
	struct gc g = { 0 };
	int rc;

	*removed = 0;
	if (!is_due(s))
		return BURIN_OK;
	rc = walk(s, visit_prune, &g, err);
	if (rc == 0 && remove_stale_dirs(s, &g) < 0)
		rc = brn_nomem(err);
	if (rc == 0 && is_over(g.bytes, (int64_t)g.n, max))
		evict_until(s, &g, &goal);
	free(g.e);
	*removed = g.removed;
	return rc;
}

/* ---- clear ------------------------------------------------------------ */

static int
visit_clear(void *ctx, int shard, int dirfd, const char *name)
{
	(void)shard;
	remove_file(ctx, dirfd, name);
	return BURIN_OK;
}

int
brn_store_clear(struct brn_store *s, int64_t *removed, burin_error *err)
{
	struct gc g = { 0 };
	int rc = walk(s, visit_clear, &g, err);

	if (rc == 0)
		*removed = g.removed;
	return rc;
}

/* ---- share ------------------------------------------------------------ */

static int
visit_share(void *ctx, int shard, int dirfd, const char *name)
{
	struct brn_key k;

	(void)shard;
	if (fchmod(dirfd, 0755) < 0 || (brn_name_is_entry(name, &k) &&
	    fchmodat(dirfd, name, 0444, 0) < 0))
		*(int *)ctx = errno;
	return BURIN_OK;
}

int
brn_store_share(struct brn_store *s, burin_error *err)
{
	int failed = 0, rc = walk(s, visit_share, &failed, err);

	if (rc < 0)
		return rc;
	(void)!fchmodat(s->v1, "labels", 0444, 0);
	if (fchmod(s->v1, 0755) < 0 || fchmodat(s->v1, "..", 0755, 0) < 0)
		failed = errno;
	if (failed)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", s->dir,
		    strerror(failed));
	return BURIN_OK;
}
