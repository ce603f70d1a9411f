/* SPDX-License-Identifier: Apache-2.0
 *
 * Import and export of entries, from and to an archive or a directory that can
 * serve as a layer.
 */
#include "jit/admin/entries.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cache/bundle.h"
#include "jit/spec.h"
#include "jit/get/layers.h"

/* ---- import ----------------------------------------------------------- */

struct import {
	struct brn_store *to;
	int64_t n;
};

/* Label the store with the compiler that made an entry.  */
static void
add_label(struct brn_store *s, const void *desc, size_t ndesc)
{
	struct brn_arena *a = brn_arena_new();
	struct brn_spec spec;
	burin_error err;

	if (a && brn_spec_decode(desc, ndesc, a, &spec, &err) == 0)
		brn_store_label(s, spec.compiler);
	brn_arena_free(a);
}

static int
import_entry(void *ctx, const void *entry, size_t n, burin_error *err)
{
	struct import *m = ctx;
	const void *desc;
	size_t ndesc;
	struct brn_key k;
	int rc = brn_store_put(m->to, entry, n, &k, err);

	if (rc < 0)
		return rc;
	brn_entry_desc(entry, n, &desc, &ndesc);
	add_label(m->to, desc, ndesc);
	m->n++;
	return BURIN_OK;
}

static int
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

struct copy {
	struct brn_store *from;
	brn_bundle_fn *fn;
	void *ctx;
	burin_error *err;
	int rc;
};

static int
copy_key(struct brn_store *from, const struct brn_key *k, brn_bundle_fn *fn,
    void *ctx, burin_error *err)
{
	uint8_t *p;
	size_t n;
	int rc = brn_store_read(from, k, &p, &n);

	if (rc != 0)
		return rc;
	rc = fn(ctx, p, n, err);
	free(p);
	return rc;
}

static void
copy_entry(void *ctx, const struct brn_store_entry *e)
{
	struct copy *c = ctx;

	if (c->rc >= 0 && !e->bad)
		c->rc = copy_key(c->from, &e->key, c->fn, c->ctx, c->err);
}

/* Call fn with every usable entry of s.  */
static int
copy_all(struct brn_store *s, brn_bundle_fn *fn, void *ctx, burin_error *err)
{
	struct copy c = { s, fn, ctx, err, 0 };
	int rc = brn_store_each(s, 0, copy_entry, &c, err);

	return rc < 0 ? rc : c.rc < 0 ? c.rc : BURIN_OK;
}

static int
import_dir(struct import *m, const char *path, burin_error *err)
{
	struct brn_store *s;
	int rc = brn_store_open_readonly(path, &s, err);

	if (rc < 0)
		return rc;
	rc = copy_all(s, import_entry, m, err);
	brn_store_close(s);
	return rc;
}

int
brn_entries_import(const char *dir, const char *path, int64_t *n,
    burin_error *err)
{
	struct import m = { 0 };
	int rc = brn_store_open(dir, &m.to, err);

	if (rc < 0)
		return rc;
	if (is_dir(path))
		rc = import_dir(&m, path, err);
	else
		rc = brn_bundle_each(path, import_entry, &m, err);
	brn_store_close(m.to);
	*n = m.n;
	return rc;
}

/* ---- export ----------------------------------------------------------- */

static int
add_to_bundle(void *ctx, const void *entry, size_t n, burin_error *err)
{
	struct brn_key k = brn_entry_key(entry, n);

	return brn_bundle_add(ctx, &k, entry, n, err);
}

/* Call fn with the entries of the given keys, from whatever layer has them;
 * with all of the first layer when keys is NULL.  */
static int
export(const struct brn_cache_layers *s, const char *const *keys,
    size_t nkey, brn_bundle_fn *fn, void *ctx, burin_error *err)
{
	int rc = BURIN_OK;

	if (!keys)
		return s->rw ? copy_all(s->rw, fn, ctx, err) : BURIN_OK;
	for (size_t i = 0; i < nkey && rc == 0; i++) {
		struct brn_key k;

		if (brn_key_parse(keys[i], &k) < 0)
			return brn_fail(err, BURIN_EINVAL,
			    "'%s' is no key, wanted 32 hex digits", keys[i]);
		rc = BRN_MISS;
		for (int j = 0; j < s->n && rc == BRN_MISS; j++)
			rc = copy_key(s->store[j], &k, fn, ctx, err);
		if (rc == BRN_MISS)
			return brn_fail(err, BURIN_ECACHE,
			    "%s: is in no cache", keys[i]);
	}
	return rc;
}

static int
export_dir(const struct brn_cache_layers *s, const char *const *keys,
    size_t nkey, const char *path, burin_error *err)
{
	struct import m = { 0 };
	int rc = brn_store_open(path, &m.to, err);

	if (rc < 0)
		return rc;
	rc = export(s, keys, nkey, import_entry, &m, err);
	if (rc == 0)
		rc = brn_store_share(m.to, err);
	brn_store_close(m.to);
	return rc;
}

static int
export_file(const struct brn_cache_layers *s, const char *const *keys,
    size_t nkey, const char *path, burin_error *err)
{
	struct brn_bundle *b;
	burin_error ignored;
	int rc = brn_bundle_create(path, &b, err);

	if (rc < 0)
		return rc;
	rc = export(s, keys, nkey, add_to_bundle, b, err);
	if (rc == 0)
		return brn_bundle_close(b, 1, err);
	brn_bundle_close(b, 0, &ignored);
	return rc;
}

static void
ignore(void *ctx, const char *why)
{
	(void)ctx, (void)why;
}

/* Is it the name of an archive?  */
static int
is_file_name(const char *path)
{
	const char *name = strrchr(path, '/');

	return strstr(name ? name : path, ".tar") != NULL;
}

int
brn_entries_export(const char *dir, const char *layers,
    const char *const *keys, size_t nkey, const char *path, burin_error *err)
{
	struct brn_cache_layers s;
	int rc;

	brn_cache_layers_open(&s, dir, layers, ignore, NULL);
	if (is_file_name(path) && !is_dir(path))
		rc = export_file(&s, keys, nkey, path, err);
	else
		rc = export_dir(&s, keys, nkey, path, err);
	brn_cache_layers_close(&s);
	return rc;
}
