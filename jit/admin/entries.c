/* SPDX-License-Identifier: Apache-2.0
 *
 * Listing and cleaning the cache.
 */
#include "jit/admin/entries.h"

#include <string.h>

#include "cache/store.h"
#include "jit/spec.h"
#include "jit/tune/tune.h"

struct listing {
	burin_cache_fn *fn;
	void *ctx;
};

/* What an entry describes, a kernel or a tuning record; "" when another version
 * wrote it.  */
static void
describe(const struct brn_store_entry *e, struct brn_buf *what)
{
	struct brn_arena *a = brn_arena_new();
	struct brn_spec spec;
	burin_error err;

	if (e->desc && brn_tune_describe(e->desc, e->ndesc, 0, what))
		;
	else if (a && e->desc && brn_spec_decode(e->desc, e->ndesc, a, &spec,
	    &err) == 0)
		brn_spec_describe(&spec, what);
	brn_arena_free(a);
}

static void
list_entry(void *ctx, const struct brn_store_entry *e)
{
	const struct listing *k = ctx;
	struct brn_buf what = { 0 };
	burin_cache_entry out = { .bytes = e->bytes, .mtime = e->mtime,
	    .bad = e->bad };

	brn_key_hex(&e->key, out.key);
	describe(e, &what);
	out.what = what.p ? (const char *)what.p : "";
	k->fn(k->ctx, &out);
	brn_buf_free(&what);
}

int
brn_entries_each(const char *dir, int verify, burin_cache_fn *fn, void *ctx,
    burin_error *err)
{
	struct listing k = { fn, ctx };
	struct brn_store *s;
	int rc = brn_store_open(dir, &s, err);

	if (rc < 0)
		return rc;
	rc = brn_store_each(s, verify, list_entry, &k, err);
	brn_store_close(s);
	return rc;
}

int
brn_entries_gc(const char *dir, const struct brn_limits *max, int64_t *n,
    burin_error *err)
{
	struct brn_store *s;
	int rc = brn_store_open(dir, &s, err);

	if (rc < 0)
		return rc;
	rc = brn_store_gc(s, max, n, err);
	brn_store_close(s);
	return rc;
}

int
brn_entries_clear(const char *dir, int64_t *n, burin_error *err)
{
	struct brn_store *s;
	int rc = brn_store_open(dir, &s, err);

	if (rc < 0)
		return rc;
	rc = brn_store_clear(s, n, err);
	brn_store_close(s);
	return rc;
}

int
brn_entries_path(const char *dir, char *buf, size_t size, burin_error *err)
{
	if (!dir)
		return brn_store_default_dir(buf, size, err);
	if (strlen(dir) >= size)
		return brn_fail(err, BURIN_EINVAL,
		    "cache path has %zu bytes, room for %zu", strlen(dir),
		    size);
	strcpy(buf, dir);
	return 0;
}
