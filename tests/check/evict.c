/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache under several processes, without disk space or memory; listing and
 * eviction.
 */
#include "cache/store.h"

#include "tests/support/store.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static int
gc(int64_t bytes, int64_t *n)
{
	struct brn_limits max = { bytes, -1 };

	return brn_store_gc(store, &max, n, &err);
}

/* ---- several processes ------------------------------------------------ */

static void
publish_and_get(int times)
{
	struct brn_key k = key();

	for (int i = 0; i < times; i++) {
		if (publish(&k, desc, NDESC) < 0 || get_one())
			_exit(1);
	}
	_exit(0);
}

START_TEST(processes_publish_one_key_at_once)
{
	pid_t pid[4];
	int status;

	for (int i = 0; i < COUNT(pid); i++) {
		pid[i] = fork();
		ck_assert_int_ge(pid[i], 0);
		if (pid[i] == 0)
			publish_and_get(100);
	}
	for (int i = 0; i < COUNT(pid); i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_ptr_null(get_one());
}
END_TEST

START_TEST(entry_stays_readable_when_replaced_or_removed)
{
	struct brn_key k = key();
	char path[512], back[NPAYLOAD];
	const char *why;
	int fd;

	publish_one(path);
	ck_assert_int_eq(brn_store_get(store, &k, desc, NDESC, &fd, &why), 0);
	publish_one(path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(read(fd, back, NPAYLOAD), NPAYLOAD);
	ck_assert_mem_eq(back, payload, NPAYLOAD);
	close(fd);
}
END_TEST

START_TEST(lock_is_waited_for_until_a_deadline)
{
	struct brn_key k = key();
	int first = brn_store_lock(store, &k, 0), second;
	double t = brn_now_ms();

	ck_assert_int_ge(first, 0);
	ck_assert_int_eq(brn_store_lock(store, &k, 60), -1);
	ck_assert(brn_now_ms() - t >= 59);
	brn_store_unlock(first);
	second = brn_store_lock(store, &k, 0);
	ck_assert_int_ge(second, 0);
	brn_store_unlock(second);
	brn_store_unlock(-1);
}
END_TEST

START_TEST(lock_of_a_dead_process_is_free)
{
	struct brn_key k = key();
	pid_t pid = fork();
	int status, fd;

	if (pid == 0) {
		fd = brn_store_lock(store, &k, 0);
		_exit(fd < 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	fd = brn_store_lock(store, &k, 0);
	ck_assert_int_ge(fd, 0);
	brn_store_unlock(fd);
}
END_TEST

/* A child that was forked while the lock was held must not hold it.  */
START_TEST(unlock_also_unlocks_forked_copies)
{
	struct brn_key k = key();
	int fd = brn_store_lock(store, &k, 0);
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	brn_store_unlock(fd);
	fd = brn_store_lock(store, &k, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_ge(fd, 0);
	brn_store_unlock(fd);
}
END_TEST

/* ---- no space, no memory ---------------------------------------------- */

START_TEST(full_disk_is_an_error_and_leaves_nothing)
{
	struct rlimit old, lim;
	struct brn_key k = key();
	struct stat st;
	char path[512];
	int64_t n;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	lim = old;
	lim.rlim_cur = NPAYLOAD + 7;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &lim), 0);
	ck_assert_int_eq(publish(&k, desc, NDESC), BURIN_ECACHE);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, strerror(EFBIG)));
	entry_path(&k, path);
	ck_assert(!exists(path));
	ck_assert_str_eq(get_one(), "absent");
	*strrchr(path, '/') = 0;
	ck_assert_int_eq(stat(path, &st), 0);
	suite_ok(brn_store_clear(store, &n, &err), err);
	ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(no_memory_is_a_miss_or_an_error)
{
	struct brn_key k = key();
	char path[512];

	publish_one(path);
	for (int i = 0; i < 3; i++) {
		struct brn_store *s = NULL;
		int64_t n;

		brn_alloc_fail_at(i);
		if (i < 2)
			ck_assert_int_eq(brn_store_open(dir, &s, &err),
			    BURIN_ENOMEM);
		if (i == 0) {
			ck_assert_str_eq(get_one(), "out of memory");
			ck_assert_int_eq(publish(&k, desc, NDESC),
			    BURIN_ENOMEM);
			ck_assert_int_eq(gc(0, &n),
			    BURIN_ENOMEM);
		}
		brn_alloc_fail_at(-1);
	}
	ck_assert_ptr_null(get_one());
}
END_TEST

/* ---- list and evict --------------------------------------------------- */

#define NMANY 8

static const char many[NMANY][8] = {
	"entry 0", "entry 1", "entry 2", "entry 3", "entry 4", "entry 5",
	"entry 6", "entry 7",
};

/* Publish entries 0 to NMANY - 1; entry i was last used i days after the
 * first.  */
static void
publish_many(struct brn_key k[NMANY])
{
	for (int i = 0; i < NMANY; i++) {
		struct timespec t[2] = { { 86400 * (1 + i), 0 } };
		char path[512];

		k[i] = brn_key_of(many[i], sizeof many[i]);
		suite_ok(publish(&k[i], many[i], sizeof many[i]), err);
		entry_path(&k[i], path);
		t[1] = t[0];
		ck_assert_int_eq(utimensat(AT_FDCWD, path, t, 0), 0);
	}
}

static int
has(const struct brn_key *k)
{
	char path[512];

	entry_path(k, path);
	return exists(path);
}

struct seen {
	int n, bad;
	struct brn_key last;
};

static void
check_listed(void *ctx, const struct brn_store_entry *e)
{
	struct seen *s = ctx;

	if (s->n)
		ck_assert_int_lt(memcmp(s->last.b, e->key.b, 16), 0);
	s->last = e->key;
	s->n++;
	s->bad += e->bad != NULL;
	ck_assert_int_eq(e->bad == NULL, e->desc != NULL);
	if (e->desc)
		ck_assert_mem_eq(e->desc, "entry ", 6);
}

START_TEST(each_lists_in_key_order)
{
	struct brn_key k[NMANY];
	struct seen s = { 0 };

	suite_ok(brn_store_each(store, 1, check_listed, &s, &err), err);
	ck_assert_int_eq(s.n, 0);
	publish_many(k);
	suite_ok(brn_store_each(store, 1, check_listed, &s, &err), err);
	ck_assert_int_eq(s.n, NMANY);
	ck_assert_int_eq(s.bad, 0);
}
END_TEST

START_TEST(checksums_are_compared_when_asked_to)
{
	struct brn_key k[NMANY];
	uint8_t e[512];
	char path[512];
	size_t n;

	publish_many(k);
	entry_path(&k[3], path);
	n = read_file(path, e, sizeof e);
	e[0] ^= 1;
	write_file(path, e, n, 0400);
	for (int verify = 0; verify < 2; verify++) {
		struct seen s = { 0 };

		suite_ok(brn_store_each(store, verify, check_listed, &s,
		    &err), err);
		ck_assert_int_eq(s.n, NMANY);
		ck_assert_int_eq(s.bad, verify);
	}
	ck_assert(has(&k[3]));
}
END_TEST

START_TEST(gc_keeps_the_last_used_within_the_limit)
{
	static const struct { int64_t limit; int kept; } row[] = {
		{ -1, NMANY }, { INT64_MAX, NMANY }, { 0, 0 }, { 1, 0 },
	};
	struct brn_key k[NMANY];
	struct stat st;
	char path[512];
	int64_t n, limit = row[_i % 4].limit;
	int kept = row[_i % 4].kept;

	publish_many(k);
	entry_path(&k[0], path);
	ck_assert_int_eq(stat(path, &st), 0);
	if (_i >= 4) {
		kept = _i - 4;
		limit = kept * st.st_size + st.st_size - 1;
	}
	suite_ok(gc(limit, &n), err);
	ck_assert_int_eq(n, NMANY - kept);
	for (int i = 0; i < NMANY; i++)
		ck_assert_int_eq(has(&k[i]), i >= NMANY - kept);
}
END_TEST

START_TEST(hit_renews_the_time_of_an_old_entry)
{
	struct brn_key k[NMANY];
	int64_t n, now = time(NULL);
	struct stat st;
	char path[512];

	publish_many(k);
	ck_assert_ptr_null(get(&k[0], many[0], sizeof many[0]));
	entry_path(&k[0], path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_ge(st.st_mtim.tv_sec, now - 60);
	suite_ok(gc(st.st_size, &n), err);
	ck_assert_int_eq(n, NMANY - 1);
	ck_assert(has(&k[0]));
}
END_TEST

START_TEST(hit_within_the_hour_leaves_the_time_alone)
{
	static const struct { int64_t age; int touched; } row[] = {
		{ 1800, 0 }, { 3700, 1 }, { -3700, 1 }, { -1800, 0 },
	};
	struct timespec t[2] = { { time(NULL) - row[_i].age, 0 } };
	struct stat st;
	char path[512];

	publish_one(path);
	t[1] = t[0];
	utimensat(AT_FDCWD, path, t, 0);
	ck_assert_ptr_null(get_one());
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec != t[0].tv_sec, row[_i].touched);
}
END_TEST

START_TEST(gc_removes_bad_entries_and_stale_files)
{
	struct brn_key k[NMANY];
	char tmp[512], old[600], path[512], alien[600];
	struct brn_temp t;
	struct timespec hours[2] = { { time(NULL) - 7200, 0 } };
	int64_t n;
	pid_t pid;

	publish_many(k);
	entry_path(&k[1], path);
	write_file(path, "junk", 4, 0400);
	suite_ok(brn_store_temp(store, &k[0], &t, &err), err);
	temp_path(&t, &k[0], tmp);

	pid = fork();
	if (pid == 0)
		_exit(brn_store_temp(store, &k[0], &t, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);

	hours[1] = hours[0];
	entry_path(&k[0], path);
	*strrchr(path, '/') = 0;
	snprintf(old, sizeof old, "%s/tmp.elsewhere.1.1", path);
	write_file(old, "x", 1, 0600);
	utimensat(AT_FDCWD, old, hours, 0);
	snprintf(alien, sizeof alien, "%s/README", path);
	write_file(alien, "x", 1, 0600);

	suite_ok(gc(-1, &n), err);
	ck_assert_int_eq(n, 3);
	ck_assert(exists(tmp));
	ck_assert(exists(alien));
	ck_assert(!exists(old));
	ck_assert(!has(&k[1]));
	ck_assert(has(&k[2]));
}
END_TEST

/* A zombie is dead, though its parent has not waited for it.  */
START_TEST(temporary_files_of_zombies_are_removed)
{
	struct brn_key k = key();
	struct brn_temp t;
	siginfo_t si;
	int64_t n;
	pid_t pid = fork();

	if (pid == 0)
		_exit(brn_store_temp(store, &k, &t, &err) < 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT),
	    0);
	ck_assert_int_eq(si.si_status, 0);
	suite_ok(gc(-1, &n), err);
	ck_assert_int_eq(n, 1);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(clear_leaves_no_entry)
{
	struct brn_key k[NMANY];
	struct seen s = { 0 };
	struct brn_temp t;
	char tmp[512];
	int64_t n;

	publish_many(k);
	suite_ok(brn_store_temp(store, &k[0], &t, &err), err);
	temp_path(&t, &k[0], tmp);
	suite_ok(brn_store_clear(store, &n, &err), err);
	ck_assert_int_eq(n, NMANY + 1);
	suite_ok(brn_store_each(store, 0, check_listed, &s, &err), err);
	ck_assert_int_eq(s.n, 0);
	ck_assert(!exists(tmp));
}
END_TEST

/* ---- prune ------------------------------------------------------------ */

static int
prune(int64_t bytes, int64_t files)
{
	struct brn_limits max = { bytes, files };
	int64_t n = -1;

	suite_ok(brn_store_prune(store, &max, &n, &err), err);
	return (int)n;
}

/* Set the time of the last prune to this many seconds ago.  */
static void
age_prune(int64_t seconds)
{
	struct timespec t[2] = { { time(NULL) - seconds, 0 } };
	char path[512];

	t[1] = t[0];
	snprintf(path, sizeof path, "%s/v1/pruned", dir);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, t, 0), 0);
}

START_TEST(prune_runs_every_twenty_minutes)
{
	static const struct { int64_t age; int removed; } row[] = {
		{ 0, 0 }, { 1100, 0 }, { 1300, NMANY }, { -1300, NMANY },
		{ -86400 * 400, NMANY },
	};
	struct brn_key k[NMANY];

	ck_assert_int_eq(prune(0, 0), 0);
	publish_many(k);
	age_prune(row[_i].age);
	ck_assert_int_eq(prune(0, 0), row[_i].removed);
	ck_assert_int_eq(prune(0, 0), 0);
}
END_TEST

START_TEST(prune_evicts_to_nine_tenths_of_the_limit)
{
	static const struct { int bytes, files, left; } row[] = {
		{ -1, -1, 8 }, { -1, 8, 8 }, { -1, 7, 7 }, { 8, -1, 8 },
		{ 7, -1, 6 }, { 4, 6, 3 }, { 8, 2, 2 }, { 0, 8, 0 },
	};
	struct brn_key k[NMANY];
	char path[512];
	struct stat st;
	int left = row[_i].left;

	publish_many(k);
	entry_path(&k[0], path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(prune(row[_i].bytes < 0 ? -1 :
	    row[_i].bytes * st.st_size, row[_i].files), NMANY - left);
	for (int i = 0; i < NMANY; i++)
		ck_assert_int_eq(has(&k[i]), i >= NMANY - left);
}
END_TEST

static void
write_below(int fd, const char *sub, const char *name)
{
	char path[64];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(mkdirat(fd, sub, 0700), 0);
	snprintf(path, sizeof path, "%s/%s", sub, name);
	close(openat(fd, path, O_CREAT | O_WRONLY, 0600));
}

/* Whether ls lists a name in folder that grep finds.  */
static int
has_name(const char *folder, const char *pattern)
{
	char command[700];

	snprintf(command, sizeof command, "ls %s | grep -q '%s'", folder,
	    pattern);
	return system(command) == 0;
}

/* Scratch directories of a compiler that was killed.  */
START_TEST(scratch_of_dead_processes_is_removed)
{
	char v1[512];
	pid_t pid = fork();
	int status, mine;

	snprintf(v1, sizeof v1, "%s/v1", dir);
	if (pid == 0) {
		write_below(brn_store_tempdir(store, &err), "libgccjit-x",
		    "fake.s");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(has_name(v1, "^tmp"));
	mine = brn_store_tempdir(store, &err);
	suite_ok(mine, err);
	if (_i)
		ck_assert_int_eq(prune(-1, -1), 0);
	else
		suite_ok(gc(-1, &(int64_t){ 0 }), err);
	ck_assert_int_eq(faccessat(mine, ".", W_OK, 0), 0);
	ck_assert(has_name(v1, "^tmp"));
	brn_store_tempdir_remove(store);
	ck_assert(!has_name(v1, "^tmp"));
	close(mine);
}
END_TEST

/* A store in /tmp of a host that was killed; those of the living stay.  */
START_TEST(scratch_store_of_dead_processes_is_removed)
{
	struct brn_store *a, *b;
	pid_t pid = fork();
	char path[600];

	if (pid == 0) {
		if (brn_store_open_scratch(dir, &a, &err) == 0)
			write_below(brn_store_fd(a), "00", "x");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(has_name(dir, "^burin"));
	suite_ok(brn_store_open_scratch(dir, &a, &err), err);
	snprintf(path, sizeof path, "ls %s | grep -c burin | grep -q '^1$'",
	    dir);
	ck_assert_int_eq(system(path), 0);
	suite_ok(brn_store_open_scratch(dir, &b, &err), err);
	brn_store_close_scratch(b);
	ck_assert(has_name(dir, "^burin"));
	brn_store_close_scratch(a);
	ck_assert(!has_name(dir, "^burin"));
}
END_TEST

/* ---- failures --------------------------------------------------------- */

START_TEST(failure_expires_after_a_day)
{
	static const struct { int64_t age; int counts; } row[] = {
		{ 0, 1 }, { 86000, 1 }, { 87000, 0 }, { -87000, 0 },
	};
	struct timespec t[2] = { { time(NULL) - row[_i].age, 0 } };
	struct brn_key k = key();
	char why[64], path[512];
	int64_t n;

	ck_assert_int_eq(brn_store_failed(store, &k, why, sizeof why), 0);
	brn_store_fail(store, &k, "before");
	brn_store_fail(store, &k, "it cannot be made");
	entry_path(&k, path);
	strcpy(strrchr(path, '.'), ".fail");
	t[1] = t[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, path, t, 0), 0);
	ck_assert_int_eq(brn_store_failed(store, &k, why, sizeof why),
	    row[_i].counts);
	if (row[_i].counts)
		ck_assert_str_eq(why, "it cannot be made");
	suite_ok(gc(-1, &n), err);
	ck_assert_int_eq(n, !row[_i].counts);
}
END_TEST

START_TEST(entry_or_clear_removes_a_failure)
{
	struct brn_key k = key();
	char why[4], path[512];
	int64_t n;

	brn_store_fail(store, &k, "long reason");
	ck_assert_int_eq(brn_store_failed(store, &k, why, sizeof why), 1);
	ck_assert_str_eq(why, "lon");
	if (_i)
		publish_one(path);
	else
		suite_ok(brn_store_clear(store, &n, &err), err);
	ck_assert_int_eq(brn_store_failed(store, &k, why, sizeof why), 0);
}
END_TEST

static Suite *
evict_suite(void)
{
	Suite *s = suite_create("evict");
	TCase *tc = with_store(s, "together");
	tcase_add_test(tc, processes_publish_one_key_at_once);
	tcase_add_test(tc, entry_stays_readable_when_replaced_or_removed);
	tcase_add_test(tc, lock_is_waited_for_until_a_deadline);
	tcase_add_test(tc, lock_of_a_dead_process_is_free);
	tcase_add_test(tc, unlock_also_unlocks_forked_copies);

	tc = with_store(s, "no room");
	tcase_add_test(tc, full_disk_is_an_error_and_leaves_nothing);
	tcase_add_test(tc, no_memory_is_a_miss_or_an_error);

	tc = with_store(s, "list and evict");
	tcase_add_test(tc, each_lists_in_key_order);
	tcase_add_test(tc, checksums_are_compared_when_asked_to);
	tcase_add_loop_test(tc, gc_keeps_the_last_used_within_the_limit, 0,
	    4 + NMANY);
	tcase_add_test(tc, hit_renews_the_time_of_an_old_entry);
	tcase_add_loop_test(tc, hit_within_the_hour_leaves_the_time_alone,
	    0, 4);
	tcase_add_test(tc, gc_removes_bad_entries_and_stale_files);
	tcase_add_test(tc, temporary_files_of_zombies_are_removed);
	tcase_add_test(tc, clear_leaves_no_entry);

	tc = with_store(s, "prune");
	tcase_add_loop_test(tc, prune_runs_every_twenty_minutes, 0, 5);
	tcase_add_loop_test(tc, prune_evicts_to_nine_tenths_of_the_limit,
	    0, 8);
	tcase_add_loop_test(tc, scratch_of_dead_processes_is_removed, 0, 2);
	tcase_add_test(tc, scratch_store_of_dead_processes_is_removed);

	tc = with_store(s, "failures");
	tcase_add_loop_test(tc, failure_expires_after_a_day, 0, 4);
	tcase_add_loop_test(tc, entry_or_clear_removes_a_failure, 0, 2);
	return s;
}

SUITE_MAIN(evict_suite)
