/* SPDX-License-Identifier: Apache-2.0
 *
 * Every allocation of load, run, prune and cache fails once: the call succeeds
 * with the right result, or says that there is no memory, and what it has
 * allocated is freed (which sanitizers see).  Linked with the objects of the
 * library, as memory.c is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "burin.h"
#include "ir/base.h"
#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

enum { MAX_IN = 3, ROOM = 1 << 18, MAX_OUT = 1 << 16 };

static char dir[256], file[300], copy[300];
static burin_options *options;
static burin_error err;

static void
set(const char *key, const char *value)
{
	suite_ok(burin_options_set(options, key, value, &err), err);
}

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	snprintf(file, sizeof file, "%s/m.onnx", dir);
	snprintf(copy, sizeof copy, "%s/copy.onnx", dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	options = burin_options_new();
	ck_assert_ptr_nonnull(options);
}

static void
teardown(void)
{
	burin_options_free(options);
	suite_rmdir(dir);
}

typedef int try_fn(void);

/* Call try once for each allocation of it, which fails, then once more.  */
static void
each_allocation(try_fn *try)
{
	long n = 0;

	for (int failed = 1; failed; n++) {
		int rc;

		brn_alloc_fail_once(n);
		rc = try();
		failed = brn_alloc_has_failed();
		brn_alloc_fail_at(-1);
		ck_assert_msg(rc == 0 || (failed && rc == BURIN_ENOMEM),
		    "allocation %ld: %d, %s", n, rc, err.msg);
	}
	printf("# %ld allocations\n", n - 1);
}

/* ---- load and run ------------------------------------------------------- */

static float ones[ROOM];
static int64_t int_ones[ROOM];

static void
feed(const burin_model *m, burin_tensor *in)
{
	ck_assert_uint_le(burin_model_num_inputs(m), MAX_IN);
	for (size_t i = 0; i < burin_model_num_inputs(m); i++) {
		const burin_value_info *v = burin_model_input(m, i);
		int is_int = v->dtype == BURIN_I64;

		in[i] = (burin_tensor){ .name = v->name, .dtype = v->dtype,
		    .rank = v->rank, .nbytes = sizeof ones,
		    .data = is_int ? (void *)int_ones : ones };
		for (int d = 0; d < v->rank; d++)
			in[i].dims[d] = v->dims[d] < 0 ? 2 : v->dims[d];
	}
}

static char want[MAX_OUT];
static size_t nwant;
static int updates;             /* load the weights once more, too */

/* The first result is the right one.  */
static void
compare(const burin_output *out)
{
	ck_assert_uint_le(out->nbytes, sizeof want);
	if (!nwant && out->nbytes)
		memcpy(want, out->data, nwant = out->nbytes);
	ck_assert_uint_eq(out->nbytes, nwant);
	ck_assert_int_eq(memcmp(out->data, want, nwant), 0);
}

static int
load_and_run(void)
{
	burin_session *s = NULL;
	burin_model *m = NULL;
	burin_tensor in[MAX_IN];
	burin_output out = { 0 };
	int rc = burin_model_load(file, options, &m, &err);

	if (rc == 0)
		rc = burin_session_new(m, options, &s, &err);
	if (rc == 0) {
		feed(m, in);
		out.name = burin_model_output(m, 0)->name;
		rc = burin_run(s, in, burin_model_num_inputs(m), &out, 1,
		    &err);
	}
	if (rc == 0)
		compare(&out);
	if (rc == 0 && updates)
		rc = burin_model_update(m, file, &err);
	burin_session_free(s);
	burin_model_free(m);
	return rc;
}

/* Those behind the first need LONG.  */
static const char *const models[] = {
	"encoder", "mobilenet_v1", "bert-torchscript-11", "resnet50",
};

START_TEST(a_model_is_loaded_and_run_or_not)
{
	snprintf(file, sizeof file, "%s/tests/models/%s.onnx",
	    suite_srcdir(), models[_i]);
	for (int i = 0; i < ROOM; i++)
		ones[i] = (float)(int_ones[i] = 1);
	set("jit", "off");
	set("threads", "2");
	nwant = 0;
	ck_assert_int_eq(load_and_run(), 0);
	each_allocation(load_and_run);
}
END_TEST

static void
write_pruned(void)
{
	burin_prune_spec spec = { .bh = 16, .bw = 1, .sparsity = 0.75 };
	struct brn_buf b = { 0 };

	brn_buf_printf(&b, "opset 17\ninput x float [2,64]\noutput y\n"
	    "node h = MatMul(x,v)\nnode r = Relu(h)\nnode y = MatMul(r,w)\n");
	for (int i = 0; i < 2; i++) {
		brn_buf_printf(&b, "init %s float [64,64] raw", i ? "w" : "v");
		for (int k = 0; k < 64 * 64; k++)
			brn_buf_printf(&b, " %d", k * (i + 3) % 31 - 15);
		brn_buf_printf(&b, "\n");
	}
	onnx_text_write((const char *)b.p, copy);
	brn_buf_free(&b);
	suite_ok(burin_prune(copy, file, &spec, sizeof spec, NULL, &err),
	    err);
}

/* Kernels come from the cache, or not.  */
START_TEST(a_kernel_is_taken_from_the_cache_or_not)
{
	burin_model *m;

	write_pruned();
	suite_ok(burin_model_load(file, options, &m, &err), err);
	burin_model_free(m);
	set("jit", "off");
	nwant = 0;
	updates = 1;
	ck_assert_int_eq(load_and_run(), 0);
	each_allocation(load_and_run);
}
END_TEST

/* ---- prune -------------------------------------------------------------- */

static int
prune(void)
{
	burin_prune_spec spec = { .bh = 4, .bw = 1, .sparsity = 0.5,
	    .only = "v|w" };
	int n;

	return burin_prune(file, copy, &spec, sizeof spec, &n, &err);
}

START_TEST(a_model_is_pruned_or_not)
{
	write_pruned();
	each_allocation(prune);
}
END_TEST

/* ---- cache -------------------------------------------------------------- */

static void
count(void *n, const burin_cache_entry *e)
{
	(void)e;
	++*(int *)n;
}

/* Each of them, on a cache of two kernels.  */
static int
walk_cache(void)
{
	int n = 0;

	return burin_cache_each(options, 1, count, &n, &err);
}

static int
clean_cache(void)
{
	int64_t n;

	return burin_cache_gc(options, -1, &n, &err);
}

static int
export_cache(void)
{
	unlink(copy);
	return burin_cache_export(options, NULL, 0, copy, &err);
}

static int
import_cache(void)
{
	int64_t n;

	return burin_cache_import(options, copy, &n, &err);
}

START_TEST(a_cache_is_used_or_not)
{
	burin_model *m;

	write_pruned();
	suite_ok(burin_model_load(file, options, &m, &err), err);
	burin_model_free(m);
	snprintf(copy, sizeof copy, "%s/all.tar", dir);
	each_allocation(walk_cache);
	each_allocation(clean_cache);
	if (export_cache() == BURIN_EUNSUPPORTED)       /* no libarchive */
		return;
	each_allocation(export_cache);
	each_allocation(import_cache);
}
END_TEST

static Suite *
oom_suite(void)
{
	Suite *s = suite_create("oom");
	TCase *tc = suite_case(s, "once", getenv("LONG") ? 3600 : 120);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_model_is_loaded_and_run_or_not, 0,
	    getenv("LONG") ? COUNT(models) : 1);
	tcase_add_test(tc, a_kernel_is_taken_from_the_cache_or_not);
	tcase_add_test(tc, a_model_is_pruned_or_not);
	tcase_add_test(tc, a_cache_is_used_or_not);
	return s;
}

SUITE_MAIN(oom_suite)
