/* SPDX-License-Identifier: Apache-2.0
 *
 * Workers that die, hang or lie, and caches that take nothing: every layer
 * still gets a kernel that computes the right thing, and the statistics say
 * what happened.
 */
#include "jit/get/jit.h"

#include "tests/support/kernels.h"

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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

/* Programs as and ld in the folder of the test, which say that they ran: in
 * the store, where the sandbox lets them write.  */
static void
make_tools(int n)
{
	static const char *const name[] = { "as", "ld" };
	char path[300], text[400];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, name[i]);
		snprintf(text, sizeof text, "#!/bin/sh\n: >'%s/v1/ran'\n"
		    "exit 1\n", dir);
		write_script(path, text);
	}
}

static int
tools_ran(void)
{
	char path[300];

	snprintf(path, sizeof path, "%s/v1/ran", dir);
	return access(path, F_OK) == 0;
}

START_TEST(missing_assembler_or_linker_is_named)
{
	burin_stats st;

	make_tools(_i & 1);
	setenv(_i & 2 ? "PATH" : "BURIN_BINUTILS", dir, 1);
	opts.mode = _i & 2 ? BRN_JIT_inprocess : BRN_JIT_worker;
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, _i & 1 ? "ld not found" : "as not found");
}
END_TEST

START_TEST(environment_does_not_choose_the_assembler)
{
	char file[300], line[1000];
	burin_stats st;
	FILE *f;

	make_tools(2);
	setenv("PATH", dir, 1);
	setenv("COMPILER_PATH", dir, 1);
	setenv("GCC_EXEC_PREFIX", dir, 1);
	setenv("LD_PRELOAD", "/nowhere.so", 1);
	setenv("LD_LIBRARY_PATH", dir, 1);
	wrap_cc("/usr/bin/env >environment");
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	ck_assert(!tools_ran());
	snprintf(file, sizeof file, "%s/environment", dir);
	f = fopen(file, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		ck_assert(strstr(line, "PWD=") || !strstr(line, dir));
		ck_assert(strncmp(line, "LD_", 3) && strncmp(line, "GCC", 3));
	}
	fclose(f);
}
END_TEST

START_TEST(assembler_and_linker_can_be_named)
{
	burin_stats st;

	make_tools(2);
	setenv("BURIN_BINUTILS", dir, 1);
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	ck_assert(tools_ran());
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

/* The worker is handed the cache, it does not look for it by name.  */
START_TEST(worker_uses_the_cache_of_the_host)
{
	char command[1000];
	burin_stats st;

	snprintf(command, sizeof command, "mkdir once 2>/dev/null && "
	    "mv '%s' '%s.moved' && mkdir '%s'", dir, dir, dir);
	wrap_cc(command);
	opts.jobs = 1;
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	ck_assert_str_eq(st.note, "");
	snprintf(command, sizeof command, "%s.moved", dir);
	suite_rmdir(command);
}
END_TEST

/* Let kernels be assembled by a script that first tries what it says.  */
static void
assemble_after(const char *text)
{
	char path[300], script[2000];

	make_tools(1);
	snprintf(path, sizeof path, "%s/as", dir);
	snprintf(script, sizeof script, "#!/bin/sh\n%s\nexec as \"$@\"\n",
	    text);
	write_script(path, script);
	snprintf(path, sizeof path, "%s/ld", dir);
	write_script(path, "#!/bin/sh\nexec ld \"$@\"\n");
	setenv("BURIN_BINUTILS", dir, 1);
}

static int
file_has(const char *name, const char *word)
{
	char path[300], text[4096] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		return 0;
	(void)!fread(text, 1, sizeof text - 1, f);
	fclose(f);
	return strstr(text, word) != NULL;
}

START_TEST(worker_is_in_a_sandbox)
{
	char text[1500], path[300];
	burin_stats st;

	snprintf(text, sizeof text, "(: >'%s/escaped') 2>/dev/null\n"
	    "(rm '%s/victim') 2>/dev/null\n"
	    "kill -CONT %d 2>/dev/null && : >'%s/v1/signalled'\n"
	    "cat /proc/self/status >'%s/v1/status'\n"
	    "ulimit -c >'%s/v1/core'", dir, dir, (int)getpid(), dir, dir, dir);
	assemble_after(text);
	snprintf(path, sizeof path, "%s/victim", dir);
	write_script(path, "");
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	ck_assert(file_has("v1/status", "NoNewPrivs:\t1"));
	ck_assert(file_has("v1/core", "0"));
	if (st.unsandboxed)
		return;
	ck_assert(file_has("v1/status", "Seccomp:\t2"));
	ck_assert_int_eq(access(path, F_OK), 0);
	snprintf(path, sizeof path, "%s/escaped", dir);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* A kernel that refuses what makes the sandbox: nothing but a number tells.  */
START_TEST(compiling_without_a_sandbox_is_counted)
{
	struct sock_filter f[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0,
		  offsetof(struct seccomp_data, nr) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1,
		  __NR_landlock_create_ruleset },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog prog = { COUNT(f), f };
	burin_stats st;

	opts.mode = _i ? BRN_JIT_inprocess : BRN_JIT_worker;
	if (!_i && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0))
		return;
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	ck_assert_int_eq(st.unsandboxed, NLAYER);
}
END_TEST

/* Whether process pid has ended; a zombie has.  */
static int
has_ended(int pid)
{
	char path[64], text[512] = "";
	const char *state;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 1;
	(void)!fread(text, 1, sizeof text - 1, f);
	fclose(f);
	state = strrchr(text, ')');
	return !state || state[2] == 'Z' || state[2] == 'X';
}

/* Wait up to ms milliseconds for the process to end.  */
static int
ends_within(int pid, double ms)
{
	double end = brn_now_ms() + ms;

	while (!has_ended(pid) && brn_now_ms() < end)
		usleep(5000);
	return has_ended(pid);
}

/* An assembler that takes for ever, and tells its own process and that of
 * burin-cc.  */
START_TEST(worker_and_assembler_end_with_the_host)
{
	char path[300], text[1000];
	int worker = 0, as = 0;
	pid_t host;
	FILE *f;

	make_tools(2);
	snprintf(path, sizeof path, "%s/as", dir);
	snprintf(text, sizeof text, "#!/bin/sh\ncd '%s/v1' && "
	    "echo $PPID $$ >p && mv p pids\nsleep 100\n", dir);
	write_script(path, text);
	setenv("BURIN_BINUTILS", dir, 1);
	opts.jobs = 1;
	host = fork();
	if (host == 0) {
		signal(SIGINT, SIG_DFL);        /* Check has a handler */
		once();
		_exit(0);
	}
	snprintf(path, sizeof path, "%s/v1/pids", dir);
	for (int i = 0; i < 2000 && access(path, F_OK) < 0; i++)
		usleep(5000);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%d %d", &worker, &as), 2);
	fclose(f);
	kill(host, _i ? SIGKILL : SIGINT);
	ck_assert(ends_within(worker, 1000));
	ck_assert(ends_within(as, 1000));
	waitpid(host, NULL, 0);
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

	suite_tmpdir(tmp, sizeof tmp);
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
	suite_rmdir(tmp);
}
END_TEST

/* libgccjit would make its folder there, and others could replace it.  */
START_TEST(temporary_files_where_others_may_write_are_refused)
{
	burin_stats st;

	ck_assert_int_eq(chmod(dir, 0777), 0);
	setenv("TMPDIR", dir, 1);
	opts.mode = BRN_JIT_inprocess;
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, "writable by others");
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

/* Whoever writes beyond the limit is killed by SIGXFSZ: not the host.  */
START_TEST(file_size_limit_leaves_t0_and_a_note)
{
	struct rlimit r = { 65536, 65536 };
	burin_stats st;

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &r), 0);
	if (_i == 1)
		opts.cache_dir = "/proc/none";
	if (_i == 2)
		opts.mode = BRN_JIT_inprocess;
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	expect_note(&st, _i == 2 ? "file size limit" : "no space");
}
END_TEST

/* The copies in memory are files, too.  */
START_TEST(kernels_are_loaded_under_a_file_size_limit)
{
	struct rlimit r = { 4096, 4096 };
	burin_stats st;

	once();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &r), 0);
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
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

static Suite *
worker_suite(void)
{
	Suite *s = suite_create("worker");
	TCase *tc = with_layers(s, "bad workers");
	tcase_add_loop_test(tc, bad_worker_costs_speed_only, 0, 9);
	tcase_add_test(tc, worker_that_dies_costs_one_kernel);
	tcase_add_loop_test(tc, missing_module_is_named, 0, 2);
	tcase_add_loop_test(tc, missing_assembler_or_linker_is_named, 0, 4);
	tcase_add_test(tc, environment_does_not_choose_the_assembler);
	tcase_add_test(tc, assembler_and_linker_can_be_named);
	tcase_add_test(tc, spec_for_another_compiler_is_refused);
	tcase_add_test(tc, without_a_compiler_there_is_t0);
	tcase_add_test(tc, host_is_left_alone);
	tcase_add_test(tc, worker_uses_the_cache_of_the_host);
	tcase_add_loop_test(tc, worker_and_assembler_end_with_the_host, 0, 2);
	tcase_add_test(tc, worker_is_in_a_sandbox);
	tcase_add_loop_test(tc, compiling_without_a_sandbox_is_counted, 0, 2);

	tc = with_layers(s, "no place");
	tcase_add_loop_test(tc, unusable_cache_is_done_without, 0, 4);
	tcase_add_test(tc, temporary_files_where_others_may_write_are_refused);
	tcase_add_test(tc, cache_that_takes_nothing_is_done_without);
	tcase_add_loop_test(tc, file_size_limit_leaves_t0_and_a_note, 0, 3);
	tcase_add_test(tc, kernels_are_loaded_under_a_file_size_limit);
	tcase_add_test(tc, full_disk_leaves_t0_and_a_note);
	tcase_add_test(tc, no_memory_is_an_error_and_nothing_more);
	return s;
}

SUITE_MAIN(worker_suite)
