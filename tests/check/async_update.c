/* SPDX-License-Identifier: Apache-2.0
 *
 * Models that change while they run: kernels that come later, weights that are
 * replaced.  Through the public functions.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "bench/bert.h"
#include "burin.h"
#include "tests/support/suite.h"

enum { HIDDEN = 64, TOKENS = 24, SIZE = TOKENS * HIDDEN, NTHREAD = 8 };

static char dir[4096], path[3][4200];
static burin_error err;

/* One architecture with other values and other masks.  */
static const struct { uint64_t weights, mask; } files[3] = {
	{ 1, 1 }, { 2, 1 }, { 1, 2 },
};

static void
write_model(int i)
{
	struct bert_spec spec = BERT_TINY;
	burin_prune_spec prune = { .bh = 16, .bw = 1, .sparsity = 0.75,
	    .random = 1, .seed = files[i].mask };
	char dense[4200];

	spec.seed = files[i].weights;
	snprintf(dense, sizeof dense, "%s/dense.onnx", dir);
	snprintf(path[i], sizeof path[i], "%s/%d.onnx", dir, i);
	ck_assert_int_eq(bert_write(dense, &spec), 0);
	suite_ok(burin_prune(dense, path[i], &prune, sizeof prune, NULL, &err),
	    err);
}

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	chmod(dir, 0700);
	for (int i = 0; i < 3; i++)
		write_model(i);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

static int
run(burin_session *s, float y[SIZE])
{
	int64_t ids[TOKENS], ones[TOKENS], zeros[TOKENS] = { 0 };
	int64_t *data[3] = { ids, ones, zeros };
	static const char *const name[3] = { "input_ids", "attention_mask",
	    "token_type_ids" };
	burin_output out = { .name = "last_hidden_state", .buffer = y,
	    .room = SIZE * sizeof *y };
	burin_tensor in[3];
	burin_error e;

	for (int i = 0; i < TOKENS; i++) {
		ids[i] = i * 7 % 100;
		ones[i] = 1;
	}
	for (int i = 0; i < 3; i++)
		in[i] = (burin_tensor){ name[i], BURIN_I64, 2, { 1, TOKENS },
		    data[i], sizeof ids };
	return burin_run(s, in, 3, &out, 1, &e);
}

/* What file i computes.  */
static void
expected(int i, float y[SIZE])
{
	burin_model *m = suite_load(path[i], "compile", "sync");
	burin_session *s = suite_session(m, "1");

	ck_assert_int_eq(run(s, y), 0);
	burin_session_free(s);
	burin_model_free(m);
}

/* Which of two results y is, by every element; -1: none.  */
static int
which(const float *y, const float *a, const float *b)
{
	double da = 0, db = 0;

	for (int i = 0; i < SIZE; i++) {
		da = fmax(da, fabs(y[i] - a[i]));
		db = fmax(db, fabs(y[i] - b[i]));
	}
	return da < 1e-4 ? 0 : db < 1e-4 ? 1 : -1;
}

/* ---- kernels ---------------------------------------------------------- */

START_TEST(model_runs_before_its_kernels_are_there)
{
	static float want[SIZE], y[SIZE];
	burin_model *m = suite_load(path[0], "compile", "async");
	burin_session *s = suite_session(m, "1");
	burin_stats st;

	ck_assert_int_eq(run(s, y), 0);
	ck_assert_int_eq(burin_model_wait(m, -1), 0);
	burin_model_stats(m, &st, sizeof st);
	ck_assert_int_eq(st.compiled, st.kernels);
	ck_assert_int_eq(st.pending, 0);
	for (size_t i = 0; i < burin_model_num_layers(m); i++)
		ck_assert_mem_ne(burin_model_layer(m, i)->kernel, "t0.", 3);
	expected(0, want);
	ck_assert_int_eq(which(y, want, want), 0);
	ck_assert_int_eq(run(s, y), 0);
	ck_assert_int_eq(which(y, want, want), 0);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

START_TEST(model_is_freed_while_it_compiles)
{
	static float y[SIZE];
	burin_model *m = suite_load(path[0], "compile", "async");
	burin_session *s = suite_session(m, "1");

	burin_model_free(m);
	if (_i)
		ck_assert_int_eq(run(s, y), 0);
	burin_session_free(s);
}
END_TEST

START_TEST(nothing_is_compiled_when_told_so)
{
	burin_model *m = suite_load(path[0], "compile", "off");
	burin_stats st;

	burin_model_stats(m, &st, sizeof st);
	ck_assert_int_eq(st.failed, st.kernels);
	ck_assert_int_eq(burin_model_wait(m, -1), 0);
	burin_model_free(m);
}
END_TEST

/* ---- fork ------------------------------------------------------------- */

static burin_session *
session_of_two(burin_model *m)
{
	burin_options *o = burin_options_new();
	burin_session *s;

	suite_ok(burin_options_set(o, "threads", "2", &err), err);
	suite_ok(burin_session_new(m, o, &s, &err), err);
	burin_options_free(o);
	return s;
}

static int
runs_like(burin_session *s, const float want[SIZE])
{
	static float y[SIZE];

	return run(s, y) == 0 && memcmp(y, want, sizeof y) == 0;
}

/* TSan knows no threads in a child of one that has threads.  */
#ifdef __SANITIZE_THREAD__
#define NFORK 0
#else
#define NFORK 1
#endif

/* A server that loads, forks, and serves from its children: with the sessions
 * it inherits, with those it makes, and it can close them all.  */
START_TEST(child_runs_the_model_of_its_parent)
{
	static float want[SIZE];
	burin_model *m = suite_load(path[0], "compile", "sync");
	burin_session *s = session_of_two(m), *own;
	int status;
	pid_t pid;

	ck_assert_int_eq(run(s, want), 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(60);
		if (!runs_like(s, want))
			_exit(1);
		own = session_of_two(m);
		if (!runs_like(own, want) || !runs_like(s, want))
			_exit(2);
		burin_session_free(s);
		burin_session_free(own);
		burin_model_free(m);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(runs_like(s, want));
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

/* ---- weights ---------------------------------------------------------- */

START_TEST(updated_model_has_the_new_weights)
{
	static float old[SIZE], new[SIZE], y[SIZE];
	burin_model *m = suite_load(path[0], "compile", _i ? "async" :
	    "sync");
	burin_session *s = suite_session(m, "1");
	burin_stats before, after;
	const char *name = burin_model_layer(m, 0)->name;
	char copy[256];

	snprintf(copy, sizeof copy, "%s", name);
	expected(0, old);
	expected(1, new);
	burin_model_wait(m, -1);
	burin_process_stats(&before, sizeof before);
	ck_assert_int_eq(run(s, y), 0);
	ck_assert_int_eq(which(y, old, new), 0);
	suite_ok(burin_model_update(m, path[1], &err), err);
	ck_assert_int_eq(run(s, y), 0);
	ck_assert_mem_eq(y, new, sizeof y);
	burin_process_stats(&after, sizeof after);
	ck_assert_int_eq(after.kernels, before.kernels);
	ck_assert_str_eq(burin_model_layer(m, 0)->name, copy);
	ck_assert_mem_ne(burin_model_layer(m, 0)->kernel, "t0.", 3);
	suite_ok(burin_model_update(m, path[0], &err), err);
	ck_assert_int_eq(run(s, y), 0);
	ck_assert_mem_eq(y, old, sizeof y);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

START_TEST(other_structure_is_refused_and_named)
{
	static float old[SIZE], y[SIZE];
	burin_model *m = suite_load(path[0], "compile", "sync");
	burin_session *s = suite_session(m, "1");
	struct bert_spec spec = BERT_TINY;
	char other[4200];

	expected(0, old);
	ck_assert_int_eq(burin_model_update(m, path[2], &err), BURIN_ESHAPE);
	ck_assert_ptr_nonnull(strstr(err.msg, "blocks of 16x1 are zero"));
	ck_assert_ptr_nonnull(strstr(err.msg, "query"));
	spec.hidden = 128;
	snprintf(other, sizeof other, "%s/other.onnx", dir);
	ck_assert_int_eq(bert_write(other, &spec), 0);
	ck_assert_int_eq(burin_model_update(m, other, &err), BURIN_ESHAPE);
	ck_assert_ptr_nonnull(strstr(err.msg, "wanted"));
	ck_assert_int_eq(burin_model_update(m, "/nowhere", &err), BURIN_EIO);
	ck_assert_int_eq(burin_model_update(NULL, other, &err),
	    BURIN_EINVAL);
	ck_assert_int_eq(run(s, y), 0);
	ck_assert_mem_eq(y, old, sizeof y);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

/* ---- both, with sessions running -------------------------------------- */

struct runner {
	pthread_t thread;
	burin_session *s;
	const float *old, *new;
	atomic_int *stop;
	int bad, runs;
};

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

/* All threads together keep one core busy: workers of lowest priority get
 * little of a machine that has nothing to spare.  */
static void *
keep_running(void *p)
{
	struct runner *r = p;
	float y[SIZE];

	do {
		double start = now_us();

		r->bad += run(r->s, y) < 0 || which(y, r->old, r->new) < 0;
		r->runs++;
		usleep((useconds_t)((NTHREAD - 1) * (now_us() - start)));
	} while (!*r->stop);
	return NULL;
}

/* A result is that of the old weights or of the new ones, never of a mixture,
 * whatever kernels came meanwhile.  */
START_TEST(sessions_run_on_while_all_changes)
{
	static float old[SIZE], new[SIZE];
	struct runner r[NTHREAD] = { 0 };
	atomic_int stop = 0;
	burin_model *m;

	expected(1, new);
	expected(0, old);
	suite_ok(burin_cache_clear(NULL, NULL, &err), err);
	m = suite_load(path[0], "compile", "async");
	for (int i = 0; i < NTHREAD; i++) {
		r[i] = (struct runner){ .s = suite_session(m, "1"), .old = old,
		    .new = new, .stop = &stop };
		ck_assert_int_eq(pthread_create(&r[i].thread, NULL,
		    keep_running, &r[i]), 0);
	}
	for (int i = 1; i <= 6; i++)
		suite_ok(burin_model_update(m, path[i & 1], &err), err);
	ck_assert_int_eq(burin_model_wait(m, -1), 0);
	stop = 1;
	for (int i = 0; i < NTHREAD; i++) {
		pthread_join(r[i].thread, NULL);
		ck_assert_int_eq(r[i].bad, 0);
		ck_assert_int_gt(r[i].runs, 0);
		burin_session_free(r[i].s);
	}
	burin_model_free(m);
}
END_TEST

/* A layer's best candidate by the clock; 0: nothing is known.  */
static double
best_us(const burin_model *m)
{
	const burin_candidate_info *best = burin_model_candidate(m, 1, 0);
	size_t n = burin_model_layer(m, 1)->ncandidates;

	ck_assert_uint_gt(n, 1);
	ck_assert_ptr_nonnull(burin_model_candidate(m, 1, n - 1));
	ck_assert_ptr_null(burin_model_candidate(m, 1, n));
	ck_assert(best->predicted_us > 0);
	return best->measured_us;
}

/* Export the records of m, and nothing else.  */
static void
keep_tunings(const burin_model *m, const burin_options *o, const char *to)
{
	const char *key[100];
	size_t n = 0;

	while ((key[n] = burin_model_tuning(m, n)))
		ck_assert_uint_lt(++n, COUNT(key));
	ck_assert_uint_gt(n, 0);
	suite_ok(burin_cache_export(o, key, n, to, &err), err);
}

/* In the cache, in one that got its records, and after an update.  */
START_TEST(tuned_model_is_found_again_and_updated)
{
	burin_options *o = burin_options_new();
	burin_model *tuned, *later;
	char kept[sizeof dir + 10];
	int64_t n;

	snprintf(kept, sizeof kept, "%s/kept", dir);
	later = suite_load(path[0], "compile", "sync");
	ck_assert(best_us(later) == 0);
	burin_model_free(later);
	suite_ok(burin_options_set(o, "tune", "1", &err), err);
	suite_ok(burin_model_load(path[0], o, &tuned, &err), err);
	later = suite_load(path[0], "compile", "sync");
	ck_assert(best_us(tuned) > 0);
	ck_assert(fabs(best_us(later) - best_us(tuned)) < 0.01);
	keep_tunings(tuned, o, kept);
	suite_ok(burin_cache_clear(o, NULL, &err), err);
	suite_ok(burin_cache_import(o, kept, &n, &err), err);
	ck_assert_int_gt(n, 0);
	burin_model_free(later);
	later = suite_load(path[0], "compile", "sync");
	ck_assert(fabs(best_us(later) - best_us(tuned)) < 0.01);
	suite_ok(burin_cache_clear(o, NULL, &err), err);
	suite_ok(burin_model_update(tuned, path[1], &err), err);
	burin_model_free(tuned);
	burin_model_free(later);
	burin_options_free(o);
}
END_TEST

static Suite *
live_suite(void)
{
	Suite *s = suite_create("live");
	TCase *tc = suite_case(s, "kernels", 180);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, model_runs_before_its_kernels_are_there);
	tcase_add_loop_test(tc, model_is_freed_while_it_compiles, 0, 2);
	tcase_add_test(tc, nothing_is_compiled_when_told_so);

	tc = suite_case(s, "fork", 180);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, child_runs_the_model_of_its_parent, 0, NFORK);

	tc = suite_case(s, "weights", 180);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, updated_model_has_the_new_weights, 0, 2);
	tcase_add_test(tc, other_structure_is_refused_and_named);
	tcase_add_test(tc, tuned_model_is_found_again_and_updated);

	tc = suite_case(s, "running", 300);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, sessions_run_on_while_all_changes);
	return s;
}

SUITE_MAIN(live_suite)
