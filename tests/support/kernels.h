/* SPDX-License-Identifier: Apache-2.0
 *
 * Test fixture for brn_jit_get: a few layers, a cache of its own, and
 * assertions about the statistics.
 */
#ifndef TEST_KERNELS_H
#define TEST_KERNELS_H

#include "cache/store.h"
#include "jit/get/jit.h"
#include "tests/support/layer.h"
#include "tests/support/suite.h"

#define NLAYER 4

static char dir[256];
static struct layer layer[NLAYER];
static struct brn_spec spec[NLAYER];
static struct brn_jit_opts opts;
static burin_error err;

static inline void
setup(void)
{
	static const struct { int64_t rows, cols; int bh, bw; } shape[] = {
		{ 48, 40, 16, 1 }, { 48, 40, 8, 1 }, { 30, 22, 4, 4 },
		{ 17, 19, 1, 1 },
	};

	suite_tmpdir(dir, sizeof dir);
	opts = (struct brn_jit_opts){ .mode = BRN_JIT_worker,
	    .cache_dir = dir, .jobs = 2, .limits = { -1, -1 } };
	for (int i = 0; i < NLAYER; i++) {
		layer_init(&layer[i], shape[i].rows, shape[i].cols,
		    shape[i].bh, shape[i].bw, 7 + (uint64_t)i);
		spec[i] = layer[i].spec;
	}
}

static inline void
teardown(void)
{
	for (int i = 0; i < NLAYER; i++)
		layer_free(&layer[i]);
	suite_rmdir(dir);
}

/* Get the kernels of all layers and check their results.  */
static inline void
get(struct brn_kernel **k, burin_stats *st)
{
	memset(st, 0, sizeof *st);
	suite_ok(brn_jit_get(&opts, spec, NLAYER, k, st, &err), err);
	for (int i = 0; i < NLAYER; i++)
		layer_check(&layer[i], brn_kernel_code(k[i]), 20);
}

static inline void
release(struct brn_kernel **k)
{
	for (int i = 0; i < NLAYER; i++)
		brn_jit_release(k[i]);
}

/* Get all kernels, check their results, and release them.  */
static inline burin_stats
once(void)
{
	struct brn_kernel *k[NLAYER];
	burin_stats st;
	int t0 = 0;

	get(k, &st);
	for (int i = 0; i < NLAYER; i++)
		t0 += strncmp(k[i]->name, "t0.", 3) == 0;
	ck_assert_int_eq(t0, st.failed);
	release(k);
	return st;
}

/* Assert all statistics at once, and that a failure has a note.  */
static inline void
expect(const burin_stats *st, int compiled, int disk, int memory, int failed)
{
	ck_assert_msg(st->compiled == compiled && st->disk_hits == disk &&
	    st->memory_hits == memory && st->failed == failed,
	    "%d compiled, %d from disk, %d from memory, %d failed (%s), "
	    "wanted %d, %d, %d, %d", st->compiled, st->disk_hits,
	    st->memory_hits, st->failed, st->note, compiled, disk, memory,
	    failed);
	ck_assert(!failed || st->note[0]);
}

static inline void
expect_note(const burin_stats *st, const char *part)
{
	ck_assert_msg(strstr(st->note, part) != NULL,
	    "note is '%s', wanted '%s' in it", st->note, part);
}

struct paths {
	int n;
	char path[NLAYER][512];
};

static inline void
add_path(void *ctx, const struct brn_store_entry *e)
{
	struct paths *p = ctx;
	char hex[BRN_KEY_HEX];

	ck_assert_int_lt(p->n, NLAYER);
	brn_key_hex(&e->key, hex);
	snprintf(p->path[p->n++], sizeof p->path[0], "%s/v1/%.2s/%s.so", dir,
	    hex, hex);
}

/* List the paths of all entries in the cache.  */
static inline void
list_entries(struct paths *p)
{
	struct brn_store *s;

	p->n = 0;
	suite_ok(brn_store_open(dir, &s, &err), err);
	suite_ok(brn_store_each(s, 1, add_path, p, &err), err);
	brn_store_close(s);
}

static inline TCase *
with_layers(Suite *s, const char *name)
{
	TCase *tc = suite_case(s, name, 180);

	tcase_add_checked_fixture(tc, setup, teardown);
	return tc;
}

#endif
