/* SPDX-License-Identifier: Apache-2.0
 *
 * Describing an entry, and whether it would be used here.
 */
#include "jit/admin/entries.h"

#include <string.h>
#include <time.h>

#include "jit/generator.h"
#include "jit/spec.h"
#include "jit/get/layers.h"
#include "jit/tune/tune.h"

struct search {
	const char *prefix;
	const struct brn_store *store;
	int found;
	struct brn_buf *out;
};

static void
say_time(struct brn_buf *out, int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;
	char text[32] = "?";

	if (gmtime_r(&when, &tm))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &tm);
	brn_buf_printf(out, "last use: %s\n", text);
}

static void
say_spec(struct brn_buf *out, const struct brn_spec *s)
{
	int full = brn_spec_is_full(s);

	brn_buf_printf(out, "kernel: %s, tier %d: %s\n",
	    brn_kernels[s->kernel].name, brn_kernels[s->kernel].tier,
	    brn_kernels[s->kernel].what);
	brn_buf_printf(out, "layer: %lld x %lld, blocks of %dx%d%s\n",
	    (long long)s->bh * s->nbrow, (long long)s->bw * s->nbcol, s->bh,
	    s->bw, s->epilogue & BRN_EPI_BIAS ? ", bias" : "");
	brn_buf_printf(out, "blocks: %d of %lld%s\n", s->nblk,
	    (long long)s->nbrow * s->nbcol, full ? ", all" : "");
	brn_buf_printf(out, "instruction set: %s, %s here\n",
	    brn_isas[s->isa].name, brn_isa_runs(s->isa) &&
	    brn_elem_runs(s->elem, s->isa) ? "runs" : "does not run");
	brn_buf_printf(out, "element type: %s\n", brn_elems[s->elem].name);
	brn_buf_printf(out, "generator: %s, %s\n", s->generator,
	    strcmp(s->generator, BRN_GENERATOR) ? "another version" :
	    "this version");
	brn_buf_printf(out, "compiler: %s, %s\n", s->compiler,
	    strcmp(s->compiler, brn_compiler_id()) ? "not the one here" :
	    "the one here");
}

static void
say_entry(struct brn_buf *out, const struct brn_store *store,
    const struct brn_store_entry *e)
{
	struct brn_arena *a = brn_arena_new();
	char hex[BRN_KEY_HEX];
	struct brn_spec spec;
	burin_error err;

	brn_key_hex(&e->key, hex);
	brn_buf_printf(out, "key: %s\ncache: %s%s\nbytes: %lld\n", hex,
	    brn_store_dir(store), brn_store_is_readonly(store) ?
	    ", read-only" : "", (long long)e->bytes);
	say_time(out, e->mtime);
	brn_buf_printf(out, "usable: %s%s\n", e->bad ? "no, " : "yes",
	    e->bad ? e->bad : "");
	if (e->desc && brn_tune_describe(e->desc, e->ndesc, 1, out))
		;
	else if (a && e->desc && brn_spec_decode(e->desc, e->ndesc, a, &spec,
	    &err) == 0)
		say_spec(out, &spec);
	else if (e->desc)
		brn_buf_printf(out, "kernel: of another version\n");
	brn_arena_free(a);
}

static void
match_entry(void *ctx, const struct brn_store_entry *e)
{
	struct search *s = ctx;
	char hex[BRN_KEY_HEX];

	brn_key_hex(&e->key, hex);
	if (strncmp(hex, s->prefix, strlen(s->prefix)) != 0)
		return;
	if (s->found++ == 0)
		say_entry(s->out, s->store, e);
}

static int
explain_failure(const struct brn_cache_layers *s, const char *key,
    struct brn_buf *out)
{
	struct brn_key k;
	char why[256];

	if (!s->rw || brn_key_parse(key, &k) < 0 ||
	    !brn_store_failed(s->rw, &k, why, sizeof why))
		return 0;
	brn_buf_printf(out, "key: %s\ncache: %s\nfailed: %s\n", key,
	    brn_store_dir(s->rw), why);
	return 1;
}

/* The entry of the first layer that has one.  */
static int
explain(const struct brn_cache_layers *s, const char *key, struct brn_buf *out,
    burin_error *err)
{
	for (int i = 0; i < s->n; i++) {
		struct search find = { key, s->store[i], 0, out };
		int rc = brn_store_each(s->store[i], 1, match_entry, &find,
		    err);

		if (rc < 0)
			return rc;
		if (find.found > 1)
			return brn_fail(err, BURIN_EINVAL,
			    "'%s': is the beginning of %d keys", key,
			    find.found);
		if (find.found)
			return BURIN_OK;
	}
	if (explain_failure(s, key, out))
		return BURIN_OK;
	return brn_fail(err, BURIN_EINVAL, "'%s': no such key in the cache",
	    key);
}

static void
ignore(void *ctx, const char *why)
{
	(void)ctx, (void)why;
}

int
brn_entries_explain(const char *dir, const char *layers, const char *key,
    struct brn_buf *out, burin_error *err)
{
	struct brn_cache_layers s;
	int rc;

	brn_cache_layers_open(&s, dir, layers, ignore, NULL);
	rc = explain(&s, key, out, err);
	brn_cache_layers_close(&s);
	if (rc == 0 && out->fail)
		return brn_nomem(err);
	return rc;
}
