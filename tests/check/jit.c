/* SPDX-License-Identifier: Apache-2.0
 *
 * Where kernels come from: memory, disk, compiler, whoever asks.
 */
#include "jit/get/jit.h"

#include "tests/support/kernels.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

/* ---- the usual way ---------------------------------------------------- */

START_TEST(kernel_is_compiled_once_then_found)
{
	struct brn_kernel *k[NLAYER], *again[NLAYER];
	burin_stats st;

	get(k, &st);
	expect(&st, NLAYER, 0, 0, 0);
	ck_assert_int_eq(st.kernels, NLAYER);
	ck_assert_str_eq(st.note, "");
	ck_assert(st.ms > 0);
	ck_assert_ptr_nonnull(strstr(k[0]->name, ".16x1."));

	get(again, &st);
	expect(&st, 0, 0, NLAYER, 0);
	ck_assert_mem_eq(k, again, sizeof k);
	release(k);
	release(again);

	st = once();
	expect(&st, 0, NLAYER, 0, 0);
}
END_TEST

START_TEST(inprocess_compiles_without_a_worker)
{
	burin_stats st;

	opts.mode = BRN_JIT_inprocess;
	setenv("BURIN_CC", "/nowhere/burin-cc", 1);
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
}
END_TEST

START_TEST(off_compiles_nothing_and_takes_what_is_there)
{
	burin_stats st;

	opts.mode = BRN_JIT_off;
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, "jit=off");
	opts.mode = BRN_JIT_worker;
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	opts.mode = BRN_JIT_off;
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
}
END_TEST

START_TEST(t0_of_one_who_may_not_compile_is_not_for_others)
{
	struct brn_kernel *k[NLAYER];
	burin_stats st;

	opts.mode = BRN_JIT_off;
	get(k, &st);
	opts.mode = BRN_JIT_worker;
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	release(k);
}
END_TEST

START_TEST(duplicates_are_one_kernel)
{
	const struct brn_spec many[] = {
		spec[0], spec[1], spec[0], spec[0], spec[1]
	};
	struct brn_kernel *k[COUNT(many)];
	burin_stats st = { 0 };

	suite_ok(brn_jit_get(&opts, many, COUNT(many), k, &st, &err), err);
	expect(&st, 2, 0, 0, 0);
	ck_assert_int_eq(st.kernels, 2);
	ck_assert_ptr_eq(k[0], k[2]);
	ck_assert_ptr_eq(k[0], k[3]);
	ck_assert_ptr_eq(k[1], k[4]);
	for (int i = 0; i < COUNT(many) - 1; i++)
		brn_jit_release(k[i]);
	layer_check(&layer[1], brn_kernel_code(k[4]), 3);
	brn_jit_release(k[4]);
	brn_jit_release(NULL);
}
END_TEST

START_TEST(nothing_asked_for_is_nothing_done)
{
	burin_stats st = { 0 };

	suite_ok(brn_jit_get(&opts, NULL, 0, NULL, &st, &err), err);
	expect(&st, 0, 0, 0, 0);
	ck_assert_int_eq(st.kernels, 0);
}
END_TEST

static void
count_progress(void *ctx, int done, int total)
{
	int *calls = ctx;

	ck_assert_int_eq(done, ++*calls);
	ck_assert_int_eq(total, NLAYER);
}

START_TEST(progress_counts_every_kernel)
{
	int calls = 0;

	opts.progress = count_progress;
	opts.progress_ctx = &calls;
	once();
	ck_assert_int_eq(calls, NLAYER);
	once();
	ck_assert_int_eq(calls, NLAYER);
}
END_TEST

/* ---- together --------------------------------------------------------- */

struct asker {
	pthread_t thread;
	pthread_barrier_t *start;
	struct brn_kernel *k[NLAYER];
	burin_stats st;
	int rc;
};

static void *
ask(void *p)
{
	struct asker *a = p;
	burin_error e;

	pthread_barrier_wait(a->start);
	a->rc = brn_jit_get(&opts, spec, NLAYER, a->k, &a->st, &e);
	return NULL;
}

START_TEST(threads_that_ask_at_once_compile_once)
{
	struct asker a[4] = { 0 };
	pthread_barrier_t start;
	burin_stats sum = { 0 };

	if (_i)
		opts.mode = BRN_JIT_inprocess;
	pthread_barrier_init(&start, NULL, COUNT(a));
	for (int i = 0; i < COUNT(a); i++) {
		a[i].start = &start;
		ck_assert_int_eq(pthread_create(&a[i].thread, NULL, ask,
		    &a[i]), 0);
	}
	for (int i = 0; i < COUNT(a); i++) {
		pthread_join(a[i].thread, NULL);
		ck_assert_int_eq(a[i].rc, 0);
		ck_assert_mem_eq(a[i].k, a[0].k, sizeof a[i].k);
		sum.compiled += a[i].st.compiled;
		sum.memory_hits += a[i].st.memory_hits;
		sum.failed += a[i].st.failed;
	}
	expect(&sum, NLAYER, 0, (COUNT(a) - 1) * NLAYER, 0);
	for (int i = 0; i < COUNT(a); i++) {
		layer_check(&layer[i], brn_kernel_code(a[i].k[i]), 33);
		release(a[i].k);
	}
	pthread_barrier_destroy(&start);
}
END_TEST

START_TEST(processes_that_warm_one_cache_compile_once)
{
	pid_t pid[3];
	int status, compiled = 0;

	for (int i = 0; i < COUNT(pid); i++) {
		pid[i] = fork();
		ck_assert_int_ge(pid[i], 0);
		if (pid[i] == 0) {
			burin_stats st = once();

			_exit(st.failed ? 99 : st.compiled);
		}
	}
	for (int i = 0; i < COUNT(pid); i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert(WIFEXITED(status));
		compiled += WEXITSTATUS(status);
	}
	ck_assert_int_eq(compiled, NLAYER);
}
END_TEST

/* ---- bad entries ------------------------------------------------------ */

static void
flip(const char *path, off_t at)
{
	uint8_t c;
	int fd;

	ck_assert_int_eq(chmod(path, 0600), 0);
	fd = open(path, O_RDWR);
	ck_assert_int_eq(pread(fd, &c, 1, at), 1);
	c ^= 0x10;
	ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

START_TEST(damaged_entries_are_compiled_again)
{
	struct paths p;
	burin_stats st = once();

	list_entries(&p);
	ck_assert_int_eq(p.n, NLAYER);
	flip(p.path[0], 0);
	flip(p.path[1], 700);
	ck_assert_int_eq(truncate(p.path[2], 100), 0);
	st = once();
	expect(&st, 3, 1, 0, 0);
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
}
END_TEST

/* A file of n bytes in the place of path.  */
static void
replace(const char *path, const uint8_t *p, size_t n)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0400);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

static burin_stats
get_last(void)
{
	struct brn_kernel *k;
	burin_stats st = { 0 };

	suite_ok(brn_jit_get(&opts, &spec[NLAYER - 1], 1, &k, &st, &err),
	    err);
	layer_check(&layer[NLAYER - 1], brn_kernel_code(k), 3);
	brn_jit_release(k);
	return st;
}

/* n bytes of which some are not right: a right result without them, and they
 * are gone.  */
static void
expect_refused(const char *path, const uint8_t *p, size_t n)
{
	burin_stats st;

	replace(path, p, n);
	st = get_last();
	expect(&st, 0, 0, 0, 1);
	ck_assert_ptr_nonnull(st.rejects[0].why);
	ck_assert_int_eq(access(path, F_OK), -1);
}

/* A real kernel, byte by byte and length by length; some of them unless LONG
 * is set.  check_cache does all for a small one.  */
START_TEST(kernel_with_a_bad_byte_is_never_run)
{
	static uint8_t e[1 << 16];
	size_t n, step = getenv("LONG") ? 1 : 97;
	struct paths p;
	burin_stats st = get_last();
	FILE *f;

	list_entries(&p);
	f = fopen(p.path[0], "r");
	ck_assert_ptr_nonnull(f);
	n = fread(e, 1, sizeof e, f);
	fclose(f);
	ck_assert(n > 1000 && n < sizeof e);
	opts.mode = BRN_JIT_off;
	for (size_t i = 0; i < n; i += step) {
		e[i] ^= 1 << i % 8;
		expect_refused(p.path[0], e, n);
		e[i] ^= 1 << i % 8;
		expect_refused(p.path[0], e, i);
	}
	opts.mode = BRN_JIT_worker;
	st = get_last();
	expect(&st, 1, 0, 0, 0);
	st = get_last();
	expect(&st, 0, 1, 0, 0);
}
END_TEST

START_TEST(swapped_entries_are_not_believed)
{
	struct paths p;
	burin_stats st = once();
	char tmp[520];

	list_entries(&p);
	snprintf(tmp, sizeof tmp, "%s.x", p.path[0]);
	ck_assert_int_eq(rename(p.path[0], tmp), 0);
	ck_assert_int_eq(rename(p.path[1], p.path[0]), 0);
	ck_assert_int_eq(rename(tmp, p.path[1]), 0);
	st = once();
	expect(&st, 2, 2, 0, 0);
}
END_TEST

/* ---- layers ----------------------------------------------------------- */

/* A machine that has no compiler, or another, runs from a layer that was made
 * elsewhere.  */
START_TEST(layer_has_kernels_of_another_compiler)
{
	char layers[600], empty[300];
	burin_stats st = once();

	setenv("BURIN_CC", "/nowhere", 1);
	setenv("BURIN_JIT_MODULE", "/nowhere", 1);
	for (int i = 0; i < NLAYER; i++)
		strcpy(spec[i].compiler, "0123456789abcdef");
	snprintf(layers, sizeof layers, "/nowhere:%s", dir);
	snprintf(empty, sizeof empty, "%s/empty", dir);
	opts.cache_dir = _i ? empty : "/dev/null/not";
	opts.cache_ro = layers;
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
	ck_assert_int_eq(st.readonly_hits, NLAYER);
	expect_note(&st, "/nowhere: ");
}
END_TEST

START_TEST(bad_entries_of_a_layer_are_left_alone)
{
	char empty[300];
	struct paths p;
	struct stat a, b;
	burin_stats st = once();

	list_entries(&p);
	flip(p.path[0], 700);
	ck_assert_int_eq(stat(p.path[0], &a), 0);
	snprintf(empty, sizeof empty, "%s/empty", dir);
	opts.cache_dir = empty;
	opts.cache_ro = dir;
	st = once();
	expect(&st, 1, NLAYER - 1, 0, 0);
	ck_assert_str_eq(st.rejects[0].why, "wrong checksum");
	ck_assert_int_eq(st.rejects[0].count, 1);
	ck_assert_int_eq(stat(p.path[0], &b), 0);
	ck_assert_int_eq(a.st_ino, b.st_ino);
}
END_TEST

START_TEST(layer_that_others_may_write_is_refused)
{
	burin_stats st = once();
	char empty[300];

	snprintf(empty, sizeof empty, "%s/empty", dir);
	ck_assert_int_eq(mkdir(empty, 0700), 0);
	opts.cache_dir = empty;
	opts.cache_ro = dir;
	opts.mode = BRN_JIT_off;
	ck_assert_int_eq(chmod(dir, 0777), 0);
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, "writable by others");
}
END_TEST

/* ---- failures --------------------------------------------------------- */

static void
forge_failure(int i, const char *why)
{
	struct brn_buf desc = { 0 };
	struct brn_store *s;
	struct brn_key k;

	brn_spec_encode(&spec[i], &desc);
	k = brn_key_of(desc.p, desc.n);
	brn_buf_free(&desc);
	suite_ok(brn_store_open(dir, &s, &err), err);
	brn_store_fail(s, &k, why);
	brn_store_close(s);
}

START_TEST(failure_is_remembered_unless_told_to_retry)
{
	burin_stats st;

	forge_failure(2, "it is too hard");
	st = once();
	expect(&st, NLAYER - 1, 0, 0, 1);
	expect_note(&st, "it is too hard");
	opts.retry = 1;
	st = once();
	expect(&st, 1, NLAYER - 1, 0, 0);
	opts.retry = 0;
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
}
END_TEST

START_TEST(crash_of_the_compiler_is_remembered)
{
	static const struct { const char *cc; int again; } row[] = {
		{ "#!/bin/sh\nkill -SEGV $$\n", 0 },
		{ "#!/bin/sh\nkill -KILL $$\n", NLAYER },
	};
	const char *cc = getenv("BURIN_CC");
	char path[300], *keep = strdup(cc);
	burin_stats st;
	FILE *f;

	snprintf(path, sizeof path, "%s/cc", dir);
	f = fopen(path, "w");
	fputs(row[_i].cc, f);
	fclose(f);
	chmod(path, 0700);
	setenv("BURIN_CC", path, 1);
	for (int i = 0; i < NLAYER; i += 3)
		once();
	setenv("BURIN_CC", keep, 1);
	st = once();
	ck_assert_int_eq(st.compiled, row[_i].again);
	opts.retry = 1;
	st = once();
	expect(&st, NLAYER - row[_i].again, row[_i].again, 0, 0);
	free(keep);
}
END_TEST

START_TEST(cache_keeps_to_its_limits)
{
	struct paths p;
	burin_stats st;

	opts.limits.files = 2;
	st = once();
	ck_assert_int_eq(st.evicted, NLAYER - 2);
	list_entries(&p);
	ck_assert_int_eq(p.n, 2);
}
END_TEST

START_TEST(process_counts_what_all_models_got)
{
	burin_stats st, sum;

	brn_jit_process_stats(&sum);
	st = once();
	once();
	ck_assert_int_eq(st.misses, NLAYER);
	ck_assert(st.compile_ms > 0 && st.publish_ms > 0 && st.load_us > 0);
	ck_assert(st.emit_ms > 0 && st.assemble_ms > 0);
	ck_assert(st.emit_ms + st.assemble_ms < st.compile_ms);
	brn_jit_process_stats(&st);
	expect(&st, sum.compiled + NLAYER, sum.disk_hits + NLAYER,
	    sum.memory_hits, sum.failed);
}
END_TEST

/* Fail if a page is writable and executable.  */
static void
check_pages(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[1000], mode[8];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		ck_assert_int_eq(sscanf(line, "%*s %7s", mode), 1);
		ck_assert_msg(mode[1] != 'w' || mode[2] != 'x', "%s", line);
	}
	fclose(f);
}

START_TEST(code_is_not_writable)
{
	struct brn_kernel *k[NLAYER];
	burin_stats st;

	opts.mode = _i ? BRN_JIT_inprocess : BRN_JIT_worker;
	get(k, &st);
	expect(&st, NLAYER, 0, 0, 0);
	check_pages();
	release(k);
}
END_TEST

static Suite *
jit_suite(void)
{
	Suite *s = suite_create("jit");
	TCase *tc = with_layers(s, "usual");

	tcase_add_test(tc, kernel_is_compiled_once_then_found);
	tcase_add_test(tc, inprocess_compiles_without_a_worker);
	tcase_add_test(tc, off_compiles_nothing_and_takes_what_is_there);
	tcase_add_test(tc, t0_of_one_who_may_not_compile_is_not_for_others);
	tcase_add_test(tc, duplicates_are_one_kernel);
	tcase_add_test(tc, nothing_asked_for_is_nothing_done);
	tcase_add_test(tc, progress_counts_every_kernel);
	tcase_add_loop_test(tc, code_is_not_writable, 0, 2);

	tc = with_layers(s, "together");
	tcase_add_loop_test(tc, threads_that_ask_at_once_compile_once, 0, 2);
	tcase_add_test(tc, processes_that_warm_one_cache_compile_once);

	tc = with_layers(s, "bad entries");
	tcase_add_test(tc, damaged_entries_are_compiled_again);
	tcase_add_test(tc, kernel_with_a_bad_byte_is_never_run);
	tcase_add_test(tc, swapped_entries_are_not_believed);

	tc = with_layers(s, "layers");
	tcase_add_loop_test(tc, layer_has_kernels_of_another_compiler, 0, 2);
	tcase_add_test(tc, bad_entries_of_a_layer_are_left_alone);
	tcase_add_test(tc, layer_that_others_may_write_is_refused);

	tc = with_layers(s, "failures");
	tcase_add_test(tc, failure_is_remembered_unless_told_to_retry);
	tcase_add_loop_test(tc, crash_of_the_compiler_is_remembered, 0, 2);

	tc = with_layers(s, "counts");
	tcase_add_test(tc, cache_keeps_to_its_limits);
	tcase_add_test(tc, process_counts_what_all_models_got);
	return s;
}

SUITE_MAIN(jit_suite)
