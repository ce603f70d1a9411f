/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that come while others run: in the background, swapped in, given up,
 * across fork.
 */
#include "jit/get/jit.h"
#include "jit/get/table.h"

#include "tests/support/kernels.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static struct brn_kernel *k[NLAYER];

static struct brn_jit_task *
start(void)
{
	struct brn_jit_task *t = NULL;

	suite_ok(brn_jit_start(&opts, spec, NLAYER, k, &t, &err), err);
	ck_assert_ptr_nonnull(t);
	return t;
}

static burin_stats
stats(struct brn_jit_task *t)
{
	burin_stats st;

	brn_jit_stats(t, &st);
	return st;
}

static void
check_all(void)
{
	for (int i = 0; i < NLAYER; i++)
		layer_check(&layer[i], brn_kernel_code(k[i]), 20);
}

static void
wrap_cc(const char *command)
{
	const char *cc = getenv("BURIN_CC");
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/cc", dir);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\ncd '%s'\n%s\nexec '%s'\n", dir, command, cc);
	fclose(f);
	chmod(path, 0700);
	setenv("BURIN_CC", path, 1);
}

/* The compiler waits until go() is called.  */
static void
hold(void)
{
	wrap_cc(": >held; while [ ! -e go ]; do sleep 0.02; done");
}

static int
is_here(const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* Until it does.  */
static void
wait_held(void)
{
	while (!is_here("held"))
		usleep(1000);
}

static void
go(void)
{
	char path[300];

	snprintf(path, sizeof path, "%s/go", dir);
	ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
}

START_TEST(kernels_run_at_once_and_are_swapped_in)
{
	struct brn_jit_task *t;
	burin_stats st;

	hold();
	t = start();
	ck_assert_int_eq(stats(t).pending, NLAYER);
	ck_assert_int_eq(brn_jit_wait(t, 30), NLAYER);
	for (int i = 0; i < NLAYER; i++) {
		ck_assert_mem_eq(k[i]->name, "t0.", 3);
		ck_assert(!brn_kernel_is_made(k[i]));
	}
	check_all();
	go();
	ck_assert_int_eq(brn_jit_wait(t, -1), 0);
	st = stats(t);
	expect(&st, NLAYER, 0, 0, 0);
	for (int i = 0; i < NLAYER; i++) {
		ck_assert_mem_ne(k[i]->name, "t0.", 3);
		ck_assert_str_eq(k[i]->name, brn_kernel_name(k[i], 1));
	}
	check_all();
	brn_jit_end(t);
	release(k);
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
}
END_TEST

START_TEST(what_a_cache_has_is_there_at_once)
{
	struct brn_jit_task *t;
	burin_stats st;

	once();
	setenv("BURIN_CC", "/nowhere", 1);
	t = start();
	st = stats(t);
	expect(&st, 0, NLAYER, 0, 0);
	ck_assert_int_eq(st.pending, 0);
	brn_jit_end(t);
	check_all();
	release(k);
}
END_TEST

START_TEST(failure_in_the_background_is_told)
{
	struct brn_jit_task *t;
	burin_stats st;

	setenv("BURIN_CC", "/nowhere/burin-cc", 1);
	t = start();
	ck_assert_int_eq(brn_jit_wait(t, -1), 0);
	st = stats(t);
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, "/nowhere/burin-cc");
	check_all();
	brn_jit_end(t);
	release(k);
}
END_TEST

/* At any moment: at once, while it compiles, when it is done.  */
START_TEST(ending_early_is_safe)
{
	static const int after[] = { 0, 1, 5, 20, 50, 100, 200, 400 };
	struct brn_jit_task *t;
	double begin;

	if (_i & 1)
		opts.mode = BRN_JIT_inprocess;
	t = start();
	brn_jit_wait(t, after[_i / 2]);
	begin = brn_now_ms();
	brn_jit_end(t);
	ck_assert(brn_now_ms() - begin < 20000);
	check_all();
	release(k);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	once();
}
END_TEST

START_TEST(hung_compiler_does_not_hold_the_end)
{
	struct brn_jit_task *t;
	double begin;

	hold();
	t = start();
	brn_jit_wait(t, 50);
	begin = brn_now_ms();
	brn_jit_end(t);
	ck_assert(brn_now_ms() - begin < 10000);
	check_all();
	release(k);
}
END_TEST

static void *
get_too(void *p)
{
	burin_error e;

	if (brn_jit_get(&opts, spec, NLAYER, k, p, &e) < 0)
		return NULL;
	return p;
}

/* One gives up what another waits for: the other makes it.  */
START_TEST(waiter_takes_over_what_is_given_up)
{
	struct brn_kernel *first[NLAYER];
	struct brn_jit_task *t;
	burin_stats st = { 0 };
	pthread_t thread;
	void *got;

	hold();
	t = start();
	memcpy(first, k, sizeof k);
	ck_assert_int_eq(pthread_create(&thread, NULL, get_too, &st), 0);
	usleep(50000);
	brn_jit_end(t);
	go();
	pthread_join(thread, &got);
	ck_assert_ptr_eq(got, &st);
	expect(&st, NLAYER, 0, 0, 0);
	ck_assert_mem_eq(first, k, sizeof k);
	check_all();
	release(k);
	release(first);
}
END_TEST

static void
count_progress(void *ctx, int done, int total)
{
	atomic_int *calls = ctx;

	(void)done, (void)total;
	++*calls;
}

START_TEST(progress_is_told_from_the_background)
{
	atomic_int calls = 0;
	struct brn_jit_task *t;

	opts.progress = count_progress;
	opts.progress_ctx = &calls;
	t = start();
	brn_jit_wait(t, -1);
	brn_jit_end(t);
	ck_assert_int_eq(calls, NLAYER);
	release(k);
}
END_TEST

START_TEST(workers_in_the_background_have_lowest_priority)
{
	struct brn_jit_task *t;
	char path[300], text[16] = "";
	FILE *f;

	wrap_cc("sleep 0.1; nice >nice");
	t = start();
	brn_jit_wait(t, -1);
	brn_jit_end(t);
	release(k);
	snprintf(path, sizeof path, "%s/nice", dir);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	fclose(f);
	ck_assert_str_eq(text, "19\n");
}
END_TEST

/* ---- running while they are swapped ----------------------------------- */

struct runner {
	pthread_t thread;
	atomic_int *stop;
	int runs;
};

static void *
run_layers(void *p)
{
	struct runner *r = p;

	do {
		for (int i = 0; i < NLAYER; i++)
			layer_check(&layer[i], brn_kernel_code(k[i]), 5);
		r->runs++;
		usleep(1000);   /* something is left for lowest priority */
	} while (!*r->stop);
	return NULL;
}

START_TEST(eight_threads_run_while_kernels_come)
{
	struct runner r[8];
	atomic_int stop = 0;
	struct brn_jit_task *t = start();

	for (int i = 0; i < COUNT(r); i++) {
		r[i] = (struct runner){ .stop = &stop };
		ck_assert_int_eq(pthread_create(&r[i].thread, NULL,
		    run_layers, &r[i]), 0);
	}
	ck_assert_int_eq(brn_jit_wait(t, -1), 0);
	stop = 1;
	for (int i = 0; i < COUNT(r); i++)
		pthread_join(r[i].thread, NULL);
	ck_assert_int_eq(stats(t).compiled, NLAYER);
	brn_jit_end(t);
	release(k);
}
END_TEST

/* ---- fork ------------------------------------------------------------- */

/* A child with a minute: Check's own handler would take it out on us.  */
static pid_t
fork_child(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(60);
	}
	return pid;
}

/* What the child says; it must come to its end.  */
static int
child_status(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(!WIFSIGNALED(status), "child died of signal %d%s",
	    WTERMSIG(status), WTERMSIG(status) == SIGALRM ?
	    ": it hangs" : "");
	return WEXITSTATUS(status);
}

START_TEST(child_has_the_kernels_of_its_parent)
{
	burin_stats st;
	pid_t pid;

	get(k, &st);
	pid = fork_child();
	if (pid == 0) {
		check_all();
		st = once();
		_exit(st.memory_hits);
	}
	ck_assert_int_eq(child_status(pid), NLAYER);
	release(k);
}
END_TEST

/* Fork while t compiles.  The thread that does is not in the child: that runs
 * T0, can close, and can get the kernels by itself.  */
static void
check_child(struct brn_jit_task *t, int end_it, void (*go_on)(void))
{
	pid_t pid = fork_child();

	if (pid == 0) {
		go_on();
		check_all();
		brn_jit_wait(t, 10);
		stats(t);
		if (end_it)
			brn_jit_end(t);
		_exit(once().failed);
	}
	ck_assert_int_eq(child_status(pid), 0);
	go_on();
}

static void
check_parent(struct brn_jit_task *t)
{
	brn_jit_wait(t, -1);
	check_all();
	brn_jit_end(t);
	release(k);
}

START_TEST(child_of_one_whose_workers_compile_is_free)
{
	struct brn_jit_task *t;

	hold();
	t = start();
	wait_held();
	check_child(t, _i, go);
	check_parent(t);
}
END_TEST

static atomic_int resting, may_go_on;

static void
rest(void *ctx, int done, int total)
{
	(void)ctx, (void)done, (void)total;
	resting = 1;
	while (!may_go_on)
		usleep(1000);
}

static void
rest_no_more(void)
{
	may_go_on = 1;
}

START_TEST(child_of_one_who_compiles_is_free)
{
	struct brn_jit_task *t;

	opts.mode = BRN_JIT_inprocess;
	opts.progress = rest;
	t = start();
	while (!resting)
		usleep(1000);
	check_child(t, _i, rest_no_more);
	check_parent(t);
}
END_TEST

/* The allocator of ASan, unlike others, stays locked in a child when a thread
 * was in it.  */
#ifdef __SANITIZE_ADDRESS__
#define NMOMENT 0
#else
#define NMOMENT 16
#endif

static void
nothing(void)
{
}

START_TEST(child_of_any_moment_is_free)
{
	struct brn_jit_task *t;

	if (_i & 1)
		opts.mode = BRN_JIT_inprocess;
	t = start();
	usleep(_i * 5000);
	check_child(t, _i & 2, nothing);
	check_parent(t);
}
END_TEST

static void *
wait_for_task(void *t)
{
	brn_jit_wait(t, -1);
	return NULL;
}

START_TEST(child_closes_what_a_thread_of_its_parent_waits_for)
{
	struct brn_jit_task *t;
	pthread_t thread;

	hold();
	t = start();
	wait_held();
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_task, t), 0);
	usleep(100000);
	check_child(t, 1, go);
	pthread_join(thread, NULL);
	check_parent(t);
}
END_TEST

static Suite *
async_suite(void)
{
	Suite *s = suite_create("async");
	TCase *tc = with_layers(s, "background");

	tcase_add_test(tc, kernels_run_at_once_and_are_swapped_in);
	tcase_add_test(tc, what_a_cache_has_is_there_at_once);
	tcase_add_test(tc, failure_in_the_background_is_told);
	tcase_add_loop_test(tc, ending_early_is_safe, 0, 16);
	tcase_add_test(tc, hung_compiler_does_not_hold_the_end);
	tcase_add_test(tc, waiter_takes_over_what_is_given_up);
	tcase_add_test(tc, progress_is_told_from_the_background);
	tcase_add_test(tc, workers_in_the_background_have_lowest_priority);

	tc = with_layers(s, "swap");
	tcase_add_test(tc, eight_threads_run_while_kernels_come);

	tc = with_layers(s, "fork");
	tcase_add_test(tc, child_has_the_kernels_of_its_parent);
	tcase_add_loop_test(tc, child_of_one_whose_workers_compile_is_free, 0,
	    2);
	tcase_add_loop_test(tc, child_of_one_who_compiles_is_free, 0, 2);
	tcase_add_test(tc,
	    child_closes_what_a_thread_of_its_parent_waits_for);
	tcase_add_loop_test(tc, child_of_any_moment_is_free, 0, NMOMENT);
	return s;
}

SUITE_MAIN(async_suite)
