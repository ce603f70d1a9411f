/* SPDX-License-Identifier: Apache-2.0
 *
 * Another user swaps the folder of the cache for one of his own, again and
 * again while kernels are compiled.  What he has there, under every name that
 * the victim could look for, is a library that says so when it is loaded.
 */
#include "cache/shard.h"
#include "jit/get/jit.h"
#include "tests/support/layer.h"
#include "tests/support/suite.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define VICTIM 65533
#define ATTACKER 65534
#define SECONDS 4
#define NLAYER 4

static char dir[256], cache[300], evil[300], held[300], library[300];
static char marker[300];

static void
become(uid_t uid)
{
	if (setgid(uid) < 0 || setuid(uid) < 0)
		_exit(70);
}

static void
shell(const char *fmt, const char *a, const char *b)
{
	char text[1200];

	snprintf(text, sizeof text, fmt, a, b);
	ck_assert_int_eq(system(text), 0);
}

/* The library of the attacker: it leaves a file that all can write.  */
static void
make_library(void)
{
	char source[320];
	FILE *f;

	snprintf(library, sizeof library, "%s/evil.so", dir);
	snprintf(marker, sizeof marker, "%s/marker", dir);
	snprintf(source, sizeof source, "%s/evil.c", dir);
	f = fopen(source, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#include <fcntl.h>\n#include <unistd.h>\n"
	    "__attribute__((constructor)) static void run(void)\n"
	    "{ int fd = open(\"%s\", O_WRONLY); (void)!write(fd, \"x\", 1); }\n"
	    "void burin_kernel(void *a) { (void)a; }\n", marker);
	fclose(f);
	shell("${CC:-cc} -shared -fPIC -o %s %s", library, source);
	close(open(marker, O_CREAT | O_WRONLY, 0666));
	chmod(marker, 0666);
	chmod(library, 0644);
}

/* ---- the attacker ----------------------------------------------------- */

/* Put the library where process pid would look for its first temporary files;
 * all shards are links to one folder.  */
static void
plant(const char *pid)
{
	char name[BRN_NAME_MAX], path[700];
	char *end;

	brn_temp_name(0, name);
	end = strrchr(name, '.');
	while (end[-1] != '.')
		end--;
	for (int n = 0; n < 32; n++) {
		sprintf(end, "%s.%d", pid, n);
		snprintf(path, sizeof path, "%s/all/%s", evil, name);
		(void)!symlink(library, path);
	}
}

/* Whether process pid is a linker; it tells that a kernel is all but done.  */
static int
is_linker(const char *pid)
{
	char path[300], name[32] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	(void)!fscanf(f, "%31s", name);
	fclose(f);
	return strncmp(name, "collect2", 8) == 0 ||
	    strncmp(name, "ld", 2) == 0;
}

/* Plant for every new process of the victim.  Returns a linker, or 0.  */
static int
look_around(void)
{
	static char seen[1 << 16];
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct stat st;
	int linker = 0;

	while (d && (e = readdir(d))) {
		int pid = atoi(e->d_name);

		if (!isdigit((unsigned char)e->d_name[0]) ||
		    fstatat(dirfd(d), e->d_name, &st, 0) < 0 ||
		    st.st_uid != VICTIM)
			continue;
		if (is_linker(e->d_name))
			linker = pid;
		else if (!seen[pid & 0xffff])
			plant(e->d_name);
		seen[pid & 0xffff] = 1;
	}
	if (d)
		closedir(d);
	return linker;
}

/* Swap the two folders and swap them back, n times.  */
static void
swap(int n)
{
	for (int i = 0; i < n; i++) {
		rename(cache, held);
		rename(evil, cache);
		usleep(20);
		rename(cache, evil);
		rename(held, cache);
		usleep(20);
	}
}

static void
attack(void)
{
	for (;;) {
		int linker = look_around();

		if (!linker)
			continue;
		while (kill(linker, 0) == 0 || errno != ESRCH)
			;
		swap(100);
	}
}

/* ---- the victim ------------------------------------------------------- */

/* Get the kernels of new layers and check what they compute.  */
static void
get_kernels(uint64_t seed)
{
	struct brn_jit_opts o = { .mode = BRN_JIT_worker, .cache_dir = cache,
	    .jobs = 2, .limits = { -1, -1 } };
	struct layer layer[NLAYER];
	struct brn_spec spec[NLAYER];
	struct brn_kernel *k[NLAYER];
	burin_error err;
	burin_stats st;

	for (int i = 0; i < NLAYER; i++) {
		layer_init(&layer[i], 48, 40, 16, 1, seed + (uint64_t)i);
		spec[i] = layer[i].spec;
	}
	suite_ok(brn_jit_get(&o, spec, NLAYER, k, &st, &err), err);
	for (int i = 0; i < NLAYER; i++) {
		layer_check(&layer[i], brn_kernel_code(k[i]), 20);
		brn_jit_release(k[i]);
		layer_free(&layer[i]);
	}
}

static int
run_victim(void)
{
	double end = brn_now_ms() + SECONDS * 1e3;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		become(VICTIM);
		for (uint64_t i = 0; brn_now_ms() < end; i += NLAYER)
			get_kernels(1000 + i);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* The attacker may rename what is in the parent; or it is root's, so that the
 * cache is used, and root swaps.  */
START_TEST(swapped_cache_runs_nothing_of_others)
{
	pid_t pid;
	struct stat st;
	int status;

	if (geteuid() != 0)
		return;
	suite_tmpdir(dir, sizeof dir);
	snprintf(cache, sizeof cache, "%s/cache", dir);
	snprintf(evil, sizeof evil, "%s/evil", dir);
	snprintf(held, sizeof held, "%s/held", dir);
	make_library();
	shell("mkdir %s %s", cache, evil);
	shell("cd %s && mkdir all v1 && for i in $(seq 0 255); do "
	    "ln -s ../all v1/$(printf %%02x $i); done; chown -R 65534 %s",
	    evil, evil);
	ck_assert_int_eq(chown(cache, VICTIM, VICTIM), 0);
	ck_assert_int_eq(chmod(dir, _i ? 0755 : 0777), 0);
	pid = fork();
	if (pid == 0) {
		if (!_i)
			become(ATTACKER);
		attack();
	}
	status = run_victim();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(stat(marker, &st), 0);
	ck_assert_msg(st.st_size == 0, "the library of the attacker ran");
	ck_assert_int_eq(status, 0);
	suite_rmdir(dir);
}
END_TEST

static Suite *
swap_suite(void)
{
	Suite *s = suite_create("swap");
	TCase *tc = suite_case(s, "swap", 120);

	tcase_add_loop_test(tc, swapped_cache_runs_nothing_of_others, 0, 2);
	return s;
}

SUITE_MAIN(swap_suite)
