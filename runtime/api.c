/* SPDX-License-Identifier: Apache-2.0
 *
 * Public functions that check their arguments and call one internal function.
 */
#include "burin.h"

#include <string.h>

#include "ir/onnx/prune.h"
#include "jit/admin/entries.h"
#include "jit/get/jit.h"
#include "jit/target.h"
#include "runtime/model.h"

const char *
burin_version(void)
{
	return BRN_VERSION;
}

const char *
burin_isa(void)
{
	return brn_isas[brn_isa_detect()].name;
}

const char *
burin_strerror(int code)
{
	switch (code) {
#define X(name, number, text) case number: return text;
	BURIN_STATUS_MAP(X)
#undef X
	}
	return "unknown status";
}

/* Copy the spec of a caller whose struct has size bytes.  */
static int
take_spec(const burin_prune_spec *spec, size_t size, burin_prune_spec *out,
    burin_error *err)
{
	const char *p = (const char *)spec;

	*out = (burin_prune_spec){ 0 };
	for (size_t i = sizeof *out; i < size; i++)
		if (p[i])
			return brn_fail(err, BURIN_EINVAL, "burin_prune: byte "
			    "%zu of the spec is set, this library knows %zu",
			    i, sizeof *out);
	memcpy(out, spec, size < sizeof *out ? size : sizeof *out);
	return 0;
}

int
burin_prune(const char *in_path, const char *out_path,
    const burin_prune_spec *spec, size_t size, int *nlayers,
    burin_error *err)
{
	burin_prune_spec known;
	burin_error own_err;
	int n, rc;

	err = err ? err : &own_err;
	if (!in_path || !out_path || !spec)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_prune: argument is NULL");
	if ((rc = take_spec(spec, size, &known, err)) < 0)
		return rc;
	rc = brn_onnx_prune(in_path, out_path, &known, &n, err);
	if (rc == 0 && nlayers)
		*nlayers = n;
	return rc;
}

int
burin_cache_each(const burin_options *o, int verify, burin_cache_fn *fn,
    void *ctx, burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	int rc;

	err = err ? err : &own_err;
	if (!fn)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_cache_each: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = brn_entries_each(o->cache_dir, verify, fn, ctx, err);
	brn_options_clear(&own);
	return rc;
}

/* Collect garbage down to *max_bytes; NULL: clear.  */
static int
cache_remove(const burin_options *o, const int64_t *max_bytes, int64_t *n,
    burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	struct brn_limits max;
	int64_t removed;
	int rc;

	err = err ? err : &own_err;
	rc = brn_options_use(&o, &own, err);
	if (rc == 0 && max_bytes) {
		max = brn_options_limits(o);
		if (*max_bytes >= 0)
			max.bytes = *max_bytes;
		rc = brn_entries_gc(o->cache_dir, &max, &removed, err);
	} else if (rc == 0) {
		rc = brn_entries_clear(o->cache_dir, &removed, err);
	}
	if (rc == 0 && n)
		*n = removed;
	brn_options_clear(&own);
	return rc;
}

int
burin_cache_gc(const burin_options *o, int64_t max_bytes, int64_t *n,
    burin_error *err)
{
	return cache_remove(o, &max_bytes, n, err);
}

int
burin_cache_clear(const burin_options *o, int64_t *n, burin_error *err)
{
	return cache_remove(o, NULL, n, err);
}

int
burin_cache_export(const burin_options *o, const char *const *keys,
    size_t nkey, const char *path, burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	int rc;

	err = err ? err : &own_err;
	if (!path)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_cache_export: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = brn_entries_export(o->cache_dir, o->cache_ro, keys,
		    nkey, path, err);
	brn_options_clear(&own);
	return rc;
}

int
burin_cache_import(const burin_options *o, const char *path, int64_t *n,
    burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	int64_t count;
	int rc;

	err = err ? err : &own_err;
	if (!path)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_cache_import: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = brn_entries_import(o->cache_dir, path, &count, err);
	if (rc == 0 && n)
		*n = count;
	brn_options_clear(&own);
	return rc;
}

static int
explain(const burin_options *o, const char *key, char *buf, size_t size,
    burin_error *err)
{
	struct brn_buf text = { 0 };
	int rc = brn_entries_explain(o->cache_dir, o->cache_ro, key, &text,
	    err);

	if (rc == 0 && text.n >= size)
		rc = brn_fail(err, BURIN_EROOM, "burin_cache_explain: has "
		    "%zu bytes, room for %zu", text.n, size);
	if (rc == 0) {
		memcpy(buf, text.p, text.n);
		buf[text.n] = '\0';
	}
	brn_buf_free(&text);
	return rc;
}

int
burin_cache_explain(const burin_options *o, const char *key, char *buf,
    size_t size, burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	int rc;

	err = err ? err : &own_err;
	if (!key || !buf)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_cache_explain: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = explain(o, key, buf, size, err);
	brn_options_clear(&own);
	return rc;
}

int
burin_cache_path(const burin_options *o, char *buf, size_t size,
    burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	int rc;

	err = err ? err : &own_err;
	if (!buf)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_cache_path: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = brn_entries_path(o->cache_dir, buf, size, err);
	brn_options_clear(&own);
	return rc;
}

void
brn_give(void *out, size_t size, const void *from, size_t n)
{
	memset(out, 0, size);
	memcpy(out, from, size < n ? size : n);
}

void
burin_process_stats(burin_stats *out, size_t size)
{
	burin_stats st;

	brn_jit_process_stats(&st);
	brn_give(out, size, &st, sizeof st);
}
