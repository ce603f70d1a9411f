/* SPDX-License-Identifier: Apache-2.0
 *
 * Where kernels come from: memory, disk, compiler, T0.  Whatever is broken on
 * the way, every layer gets a kernel that computes the right thing, and the
 * statistics say what happened.
 */
#include "jit/jit.h"

#include "cache/store.h"
#include "tests/layer.h"
#include "tests/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define NLAYER 4

static char dir[256];
static struct layer layer[NLAYER];
static struct brn_spec spec[NLAYER];
static struct brn_jit_opts opts;
static burin_error err;

static void
setup(void)
{
	static const struct { int64_t rows, cols; int bh, bw; } shape[] = {
		{ 48, 40, 16, 1 }, { 48, 40, 8, 1 }, { 30, 22, 4, 4 },
		{ 17, 19, 1, 1 },
	};

	suite_tmpdir(dir, sizeof dir);
	opts = (struct brn_jit_opts){ .mode = BRN_JIT_worker,
	    .cache_dir = dir, .jobs = 2 };
	for (int i = 0; i < NLAYER; i++) {
		layer_init(&layer[i], shape[i].rows, shape[i].cols,
		    shape[i].bh, shape[i].bw, 7 + (uint64_t)i);
		spec[i] = layer[i].spec;
	}
}

static void
teardown(void)
{
	for (int i = 0; i < NLAYER; i++)
		layer_free(&layer[i]);
	suite_rmdir(dir);
}

static void
get(struct brn_kernel **k, burin_stats *st)
{
	memset(st, 0, sizeof *st);
	suite_ok(brn_jit_get(&opts, spec, NLAYER, k, st, &err), err);
	for (int i = 0; i < NLAYER; i++)
		layer_check(&layer[i], k[i]->fn, 20);
}

static void
release(struct brn_kernel **k)
{
	for (int i = 0; i < NLAYER; i++)
		brn_jit_release(k[i]);
}

/* Get all, check the results, let them go.  */
static burin_stats
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

/* All statistics at once; nothing that failed stays without a note.  */
static void
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

static void
expect_note(const burin_stats *st, const char *part)
{
	ck_assert_msg(strstr(st->note, part) != NULL,
	    "note is '%s', wanted '%s' in it", st->note, part);
}

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
	layer_check(&layer[1], k[4]->fn, 3);
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
		layer_check(&layer[i], a[i].k[i]->fn, 33);
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

struct paths {
	int n;
	char path[NLAYER][512];
};

static void
add_path(void *ctx, const struct brn_store_entry *e)
{
	struct paths *p = ctx;
	char hex[BRN_KEY_HEX];

	ck_assert_int_lt(p->n, NLAYER);
	brn_key_hex(&e->key, hex);
	snprintf(p->path[p->n++], sizeof p->path[0], "%s/v1/%.2s/%s.so", dir,
	    hex, hex);
}

static void
list_entries(struct paths *p)
{
	struct brn_store *s;

	p->n = 0;
	suite_ok(brn_store_open(dir, &s, &err), err);
	suite_ok(brn_store_each(s, 1, add_path, p, &err), err);
	brn_store_close(s);
}

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

/* ---- bad workers ------------------------------------------------------ */

static void
write_script(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0700), 0);
}

/* Let burin-cc start in the test's directory, after a command of the shell.  */
static void
wrap_cc(const char *command)
{
	const char *cc = getenv("BURIN_CC");
	char path[300], text[2048];

	ck_assert_ptr_nonnull(cc);
	snprintf(path, sizeof path, "%s/cc", dir);
	snprintf(text, sizeof text, "#!/bin/sh\ncd '%s'\n%s\nexec '%s'\n",
	    dir, command, cc);
	write_script(path, text);
	setenv("BURIN_CC", path, 1);
}

static int
has_children(void)
{
	return waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD;
}

START_TEST(bad_worker_costs_speed_only)
{
	static const struct { const char *text, *note; } row[] = {
		{ NULL, "burin-cc not found at" },
		{ "#!/bin/sh\nexit 3\n", "exited with status 3" },
		{ "#!/bin/sh\nkill -9 $$\n", "died of signal 9" },
		{ "#!/bin/sh\ncat >/dev/null\n", "no answer within" },
		{ "#!/bin/sh\nsleep 100\n", "no answer within" },
		{ "#!/bin/sh\nexec cat /dev/zero\n", "talks nonsense" },
		{ "#!/bin/sh\nexec cat\n", "burin-cc: " },
		{ "#!/bin/sh\necho hello; read x\n", "burin-cc: " },
		{ "not a program\n", "burin-cc" },
	};
	char path[300];
	double start = brn_now_ms();
	burin_stats st;

	snprintf(path, sizeof path, "%s/cc", dir);
	if (row[_i].text)
		write_script(path, row[_i].text);
	setenv("BURIN_CC", path, 1);
	setenv("BURIN_CC_TIMEOUT", "300", 1);
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, row[_i].note);
	ck_assert(brn_now_ms() - start < 20000);
	ck_assert(!has_children());
}
END_TEST

START_TEST(worker_that_dies_costs_one_kernel)
{
	burin_stats st;

	wrap_cc("mkdir once 2>/dev/null && kill -9 $$");
	opts.jobs = 1;
	st = once();
	expect(&st, NLAYER - 1, 0, 0, 1);
	expect_note(&st, "signal 9");
	st = once();
	expect(&st, 1, NLAYER - 1, 0, 0);
}
END_TEST

START_TEST(missing_module_is_named)
{
	burin_stats st;

	setenv("BURIN_JIT_MODULE", "/nowhere/burin-jit.so", 1);
	opts.mode = _i ? BRN_JIT_inprocess : BRN_JIT_worker;
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, "/nowhere/burin-jit.so");
}
END_TEST

START_TEST(spec_for_another_compiler_is_refused)
{
	burin_stats st;

	for (int i = 0; i < NLAYER; i++)
		strcpy(spec[i].compiler, "0123456789abcdef");
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, "0123456789abcdef");
}
END_TEST

START_TEST(without_a_compiler_there_is_t0)
{
	burin_stats st;

	for (int i = 0; i < NLAYER; i++)
		brn_spec_init(&spec[i], layer[i].b, BRN_EPI_BIAS,
		    brn_isa_detect(), "");
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, "libgccjit");
}
END_TEST

/* The host may be anything: one that ignores its children, one that has
 * descriptors and signals of its own.  */
START_TEST(host_is_left_alone)
{
	struct sigaction before, after;
	int fds[2];
	burin_stats st;

	signal(SIGCHLD, SIG_IGN);
	sigaction(SIGPIPE, NULL, &before);
	ck_assert_int_eq(pipe(fds), 0);
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	sigaction(SIGPIPE, NULL, &after);
	ck_assert_ptr_eq(before.sa_handler, after.sa_handler);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &st, 1), 0);
}
END_TEST

/* ---- no place --------------------------------------------------------- */

static int
count_files(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

START_TEST(unusable_cache_is_done_without)
{
	char tmp[300], file[300];
	burin_stats st;

	snprintf(tmp, sizeof tmp, "%s/tmp", dir);
	ck_assert_int_eq(mkdir(tmp, 0700), 0);
	setenv("TMPDIR", tmp, 1);
	opts.mode = _i & 1 ? BRN_JIT_inprocess : BRN_JIT_worker;
	if (_i & 2) {
		ck_assert_int_eq(chmod(dir, 0777), 0);
	} else {
		snprintf(file, sizeof file, "%s/file", dir);
		write_script(file, "");
		opts.cache_dir = file;
	}
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	expect_note(&st, dir);
	expect_note(&st, _i & 2 ? "writable by others" : "directory");
	ck_assert_int_eq(count_files(tmp), 0);
}
END_TEST

/* A cache that opens and reads but takes nothing: here because v1/<hh> cannot
 * be made where files are.  */
START_TEST(cache_that_takes_nothing_is_done_without)
{
	burin_stats st;
	char path[300];

	snprintf(path, sizeof path, "%s/v1", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	for (int i = 0; i < 256; i++) {
		snprintf(path, sizeof path, "%s/v1/%02x", dir, (unsigned)i);
		write_script(path, "");
	}
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	expect_note(&st, "not a directory");
}
END_TEST

START_TEST(full_disk_leaves_t0_and_a_note)
{
	struct paths p;
	burin_stats st;

	wrap_cc("ulimit -f 1");
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	list_entries(&p);
	ck_assert_int_eq(p.n, 0);
}
END_TEST

/* Whatever allocation fails first, nobody is left waiting.  */
START_TEST(no_memory_is_an_error_and_nothing_more)
{
	struct brn_kernel *k[NLAYER];
	burin_stats st;
	int rc = BURIN_ENOMEM, n;

	once();
	for (n = 0; rc == BURIN_ENOMEM && n < 1000; n++) {
		memset(&st, 0, sizeof st);
		opts.mode = BRN_JIT_off;
		brn_alloc_fail_at(n);
		rc = brn_jit_get(&opts, spec, NLAYER, k, &st, &err);
		brn_alloc_fail_at(-1);
		ck_assert(rc == 0 || rc == BURIN_ENOMEM);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_gt(n, 4);
	release(k);
	opts.mode = BRN_JIT_worker;
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
}
END_TEST

static TCase *
with_layers(Suite *s, const char *name)
{
	TCase *tc = suite_case(s, name, 180);

	tcase_add_checked_fixture(tc, setup, teardown);
	return tc;
}

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

	tc = with_layers(s, "together");
	tcase_add_loop_test(tc, threads_that_ask_at_once_compile_once, 0, 2);
	tcase_add_test(tc, processes_that_warm_one_cache_compile_once);

	tc = with_layers(s, "bad entries");
	tcase_add_test(tc, damaged_entries_are_compiled_again);
	tcase_add_test(tc, swapped_entries_are_not_believed);

	tc = with_layers(s, "bad workers");
	tcase_add_loop_test(tc, bad_worker_costs_speed_only, 0, 9);
	tcase_add_test(tc, worker_that_dies_costs_one_kernel);
	tcase_add_loop_test(tc, missing_module_is_named, 0, 2);
	tcase_add_test(tc, spec_for_another_compiler_is_refused);
	tcase_add_test(tc, without_a_compiler_there_is_t0);
	tcase_add_test(tc, host_is_left_alone);

	tc = with_layers(s, "no place");
	tcase_add_loop_test(tc, unusable_cache_is_done_without, 0, 4);
	tcase_add_test(tc, cache_that_takes_nothing_is_done_without);
	tcase_add_test(tc, full_disk_leaves_t0_and_a_note);
	tcase_add_test(tc, no_memory_is_an_error_and_nothing_more);
	return s;
}

SUITE_MAIN(jit_suite)
