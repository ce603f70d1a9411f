/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything at once for SECONDS, ten minutes with LONG: sessions in threads,
 * new weights, evicted plans, kernels compiled behind, a cache that is cleaned,
 * processes that are killed.  Afterwards the process has as many descriptors
 * and mappings, and about as much memory, as after the first rounds.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bert.h"
#include "burin.h"
#include "tests/support/suite.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { RSS_COUNTS = 0 };        /* what is freed is held back */
#else
enum { RSS_COUNTS = 1 };
#endif

enum { NTHREAD = 8, HIDDEN = 64, MAX_TOKENS = 40, RUNS = 60, UPDATES = 10,
	WARM_UP = 3, MAPS_SLACK = 24, RSS_SLACK = 16 << 20 };

static char dir[4096], path[2][4200];
static burin_error err;

/* Two files of one architecture and mask with other weights.  */
static void
setup(void)
{
	burin_prune_spec prune = { .bh = 16, .bw = 1, .sparsity = 0.75,
	    .random = 1 };
	char dense[4200];

	suite_tmpdir(dir, sizeof dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	snprintf(dense, sizeof dense, "%s/dense.onnx", dir);
	for (int i = 0; i < 2; i++) {
		struct bert_spec spec = BERT_TINY;

		spec.seed = (uint64_t)i + 1;
		snprintf(path[i], sizeof path[i], "%s/%d.onnx", dir, i);
		ck_assert_int_eq(bert_write(dense, &spec), 0);
		suite_ok(burin_prune(dense, path[i], &prune, sizeof prune,
		    NULL, &err), err);
	}
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

/* ---- what is done ------------------------------------------------------ */

static int
run(burin_session *s, int64_t tokens)
{
	static const char *const name[3] = { "input_ids", "attention_mask",
	    "token_type_ids" };
	static const int64_t zeros[MAX_TOKENS];
	burin_output out = { .name = "last_hidden_state" };
	burin_tensor in[3];
	burin_error e;

	for (int i = 0; i < 3; i++)
		in[i] = (burin_tensor){ name[i], BURIN_I64, 2, { 1, tokens },
		    zeros, sizeof zeros };
	return burin_run(s, in, 3, &out, 1, &e);
}

/* More shapes than a session keeps plans.  */
static void *
run_shapes(void *model)
{
	burin_session *s = suite_session(model, "1");

	for (int i = 0; i < RUNS; i++)
		ck_assert_int_eq(run(s, 1 + i * 7 % MAX_TOKENS), 0);
	burin_session_free(s);
	return NULL;
}

/* A process that loads and is killed, ms milliseconds after its start.  */
static void
kill_loader(int ms)
{
	struct timespec nap = { 0, ms * 1000000L };
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		burin_model_free(suite_load(path[0], "compile", "async"));
		_exit(0);
	}
	nanosleep(&nap, NULL);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

static void
clean_cache(int all)
{
	int64_t n;

	suite_ok(all ? burin_cache_clear(NULL, &n, &err) :
	    burin_cache_gc(NULL, 60000, &n, &err), err);
}

static void
do_round(int i)
{
	burin_model *m = suite_load(path[i % 2], "compile", i % 3 ? "sync" :
	    "async");
	pthread_t t[NTHREAD];

	for (int k = 0; k < NTHREAD; k++)
		ck_assert_int_eq(pthread_create(&t[k], NULL, run_shapes, m),
		    0);
	for (int k = 0; k < UPDATES; k++)
		suite_ok(burin_model_update(m, path[k % 2], &err), err);
	clean_cache(i % 4 == 0);
	for (int k = 0; k < NTHREAD; k++)
		pthread_join(t[k], NULL);
	burin_model_free(m);
	kill_loader(i * 13 % 50);
}

/* ---- what is left ------------------------------------------------------ */

struct held {
	long fds, maps, rss;
};

static long
count_files(const char *folder)
{
	DIR *d = opendir(folder);
	long n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static struct held
held_now(void)
{
	struct held h = { .fds = count_files("/proc/self/fd") };
	FILE *f = fopen("/proc/self/maps", "r");
	long pages = 0;

	ck_assert_ptr_nonnull(f);
	for (int c; (c = getc(f)) != EOF;)
		h.maps += c == '\n';
	fclose(f);
	f = fopen("/proc/self/statm", "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%*d %ld", &pages), 1);
	fclose(f);
	h.rss = pages * sysconf(_SC_PAGESIZE);
	return h;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

START_TEST(nothing_grows)
{
	double end = seconds() + (getenv("LONG") ? 600 : 8);
	struct held first = { 0 }, last;
	int i = 0;

	for (; i <= WARM_UP || seconds() < end; i++) {
		do_round(i);
		last = held_now();
		if (i == WARM_UP)
			first = last;
	}
	printf("# %d rounds; descriptors %ld, %ld; mappings %ld, %ld; "
	    "KB %ld, %ld\n", i, first.fds, last.fds, first.maps, last.maps,
	    first.rss / 1024, last.rss / 1024);
	ck_assert_int_eq(last.fds, first.fds);
	ck_assert_int_le(last.maps, first.maps + MAPS_SLACK);
	if (RSS_COUNTS)
		ck_assert_int_le(last.rss, first.rss + RSS_SLACK);
}
END_TEST

static Suite *
soak_suite(void)
{
	Suite *s = suite_create("soak");
	TCase *tc = suite_case(s, "soak", getenv("LONG") ? 900 : 120);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_grows);
	return s;
}

SUITE_MAIN(soak_suite)
