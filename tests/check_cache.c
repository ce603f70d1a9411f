/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache: what is published comes back, what is damaged, foreign or not
 * meant never does.
 */
#include "cache/entry.h"
#include "cache/key.h"
#include "cache/store.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static const char payload[] = "\177ELF is what a payload begins with";
static const char desc[] = "all that the key was made of";
#define NPAYLOAD sizeof payload
#define NDESC sizeof desc
#define NENTRY (NPAYLOAD + NDESC + BRN_TRAILER)

static char dir[256];
static struct brn_store *store;
static burin_error err;

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	suite_ok(brn_store_open(dir, &store, &err), err);
}

static void
teardown(void)
{
	brn_store_close(store);
	suite_rmdir(dir);
}

static struct brn_key
key(void)
{
	return brn_key_of(desc, NDESC);
}

static void
entry_path(const struct brn_key *k, char path[512])
{
	char hex[BRN_KEY_HEX];

	brn_key_hex(k, hex);
	snprintf(path, 512, "%s/v1/%.2s/%s.so", dir, hex, hex);
}

static void
write_file(const char *path, const void *p, size_t n, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, n), n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static size_t
read_file(const char *path, uint8_t *p, size_t n)
{
	int fd = open(path, O_RDONLY);
	ssize_t got;

	ck_assert_int_ge(fd, 0);
	got = read(fd, p, n);
	ck_assert_int_ge(got, 0);
	close(fd);
	return (size_t)got;
}

static int
publish(const struct brn_key *k, const void *d, size_t n)
{
	char tmp[512];
	int rc = brn_store_temp(store, k, tmp, sizeof tmp, &err);

	if (rc < 0)
		return rc;
	write_file(tmp, payload, NPAYLOAD, 0600);
	return brn_store_publish(store, k, tmp, d, n, &err);
}

/* Publish the entry that most tests are about; its path.  */
static void
publish_one(char path[512])
{
	struct brn_key k = key();

	suite_ok(publish(&k, desc, NDESC), err);
	entry_path(&k, path);
}

/* NULL for a hit, "absent", or why not.  */
static const char *
get(const struct brn_key *k, const void *d, size_t n)
{
	const char *why = "unset";
	uint8_t back[NPAYLOAD];
	int fd = -1;

	if (brn_store_get(store, k, d, n, &fd, &why) == BRN_MISS)
		return why ? why : "absent";
	ck_assert_int_eq(read(fd, back, NPAYLOAD), NPAYLOAD);
	ck_assert_mem_eq(back, payload, NPAYLOAD);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
	return NULL;
}

static const char *
get_one(void)
{
	struct brn_key k = key();

	return get(&k, desc, NDESC);
}

static int
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* ---- key -------------------------------------------------------------- */

/* The first is XXH3-128 of nothing as its authors publish it.  A change
 * here makes every cache in the world cold, and needs a new format version. */
START_TEST(key_of_known_bytes_is_known)
{
	static const struct { const char *text, *hex; } golden[] = {
		{ "", "99aa06d3014798d86001c324468d497f" },
		{ "burin", "276fa1a60036a5ebefe1483319b50234" },
		{ "t1_tile 16x1 768x3072 density 0.05 avx512", "2db82d1e1f5127a65f9f6a88b5a20092" },
	};
	struct brn_key k, back;
	char hex[BRN_KEY_HEX];

	k = brn_key_of(golden[_i].text, strlen(golden[_i].text));
	brn_key_hex(&k, hex);
	ck_assert_str_eq(hex, golden[_i].hex);
	ck_assert_int_eq(brn_key_parse(hex, &back), 0);
	ck_assert(brn_key_equal(&k, &back));
}
END_TEST

START_TEST(what_is_not_a_key_is_refused)
{
	static const char *const bad[] = {
		"", "99", "99aa06d3014798d86001c324468d497",
		"99aa06d3014798d86001c324468d497f0",
		"99AA06d3014798d86001c324468d497f",
		"99aa06d3014798d86001c324468d49 f",
	};
	struct brn_key k;

	ck_assert_int_eq(brn_key_parse(bad[_i], &k), -1);
}
END_TEST

/* ---- entry ------------------------------------------------------------ */

START_TEST(published_entry_comes_back)
{
	char path[512];
	struct stat st;

	ck_assert_str_eq(get_one(), "absent");
	publish_one(path);
	ck_assert_ptr_null(get_one());
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0400);
	ck_assert_int_eq(st.st_size, NENTRY);
}
END_TEST

START_TEST(flipped_byte_is_a_miss_and_is_replaced)
{
	uint8_t good[NENTRY], bad[NENTRY];
	char path[512];

	publish_one(path);
	ck_assert_int_eq(read_file(path, good, NENTRY), NENTRY);
	for (size_t i = 0; i < NENTRY; i++) {
		for (int bit = 0; bit < 8; bit++) {
			memcpy(bad, good, NENTRY);
			bad[i] ^= 1 << bit;
			write_file(path, bad, NENTRY, 0400);
			ck_assert_ptr_nonnull(get_one());
			ck_assert(!exists(path));
		}
	}
	publish_one(path);
	ck_assert_ptr_null(get_one());
}
END_TEST

START_TEST(truncation_is_a_miss_and_is_replaced)
{
	uint8_t good[NENTRY + 1] = { 0 };
	char path[512];

	publish_one(path);
	ck_assert_int_eq(read_file(path, good, NENTRY + 1), NENTRY);
	for (size_t n = 0; n <= NENTRY + 1; n++) {
		if (n == NENTRY)
			continue;
		write_file(path, good, n, 0400);
		ck_assert_ptr_nonnull(get_one());
		ck_assert(!exists(path));
	}
	publish_one(path);
	ck_assert_ptr_null(get_one());
}
END_TEST

START_TEST(lying_lengths_are_a_miss)
{
	static const uint64_t lie[] = {
		0, 1, NENTRY, NENTRY - BRN_TRAILER, UINT64_MAX,
		UINT64_MAX - BRN_TRAILER, UINT64_C(1) << 63,
	};
	uint8_t e[NENTRY];
	struct brn_key sum;
	char path[512];

	publish_one(path);
	read_file(path, e, NENTRY);
	for (int b = 0; b < 8; b++)
		e[NPAYLOAD + NDESC + 16 + (size_t)b] = lie[_i] >> 8 * b & 255;
	sum = brn_key_of(e, NENTRY - 16);
	memcpy(e + NENTRY - 16, sum.b, 16);
	write_file(path, e, NENTRY, 0400);
	ck_assert_str_eq(get_one(), "wrong length");
}
END_TEST

START_TEST(huge_sparse_file_is_a_miss)
{
	char path[512];

	publish_one(path);
	chmod(path, 0600);
	if (truncate(path, BRN_ENTRY_MAX + 1) < 0)
		return;
	ck_assert_str_eq(get_one(), "wrong length");
}
END_TEST

/* The hash picks the file, the record decides: here two descriptions that
 * collide, forced by publishing one under the key of the other.  */
START_TEST(colliding_description_is_a_miss)
{
	static const char other[] = "all that the key was mAde of";
	struct brn_key k = key();

	suite_ok(publish(&k, other, sizeof other), err);
	ck_assert_str_eq(get_one(), "other description");
	ck_assert_ptr_null(get(&k, other, sizeof other));
	ck_assert_str_eq(get(&k, other, sizeof other - 1),
	    "other description");
	suite_ok(publish(&k, desc, NDESC), err);
	ck_assert_ptr_null(get_one());
}
END_TEST

START_TEST(renamed_entry_is_a_miss)
{
	struct brn_key k = key(), other = k;
	char from[512], to[512];

	publish_one(from);
	other.b[15] ^= 1;
	entry_path(&other, to);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_str_eq(get(&other, desc, NDESC), "other key");
}
END_TEST

START_TEST(empty_payload_is_not_published)
{
	struct brn_key k = key();
	char tmp[512];

	suite_ok(brn_store_temp(store, &k, tmp, sizeof tmp, &err), err);
	ck_assert_int_eq(brn_store_publish(store, &k, tmp, desc, NDESC, &err),
	    BURIN_ECACHE);
	ck_assert(!exists(tmp));
	ck_assert_str_eq(get_one(), "absent");
}
END_TEST

/* ---- trust ------------------------------------------------------------ */

static void
as_symlink(const char *path)
{
	char to[520];

	snprintf(to, sizeof to, "%s.real", path);
	ck_assert_int_eq(rename(path, to), 0);
	ck_assert_int_eq(symlink(to, path), 0);
}

static void
as_hard_link(const char *path)
{
	char to[520];

	snprintf(to, sizeof to, "%s.2", path);
	ck_assert_int_eq(link(path, to), 0);
}

static void
as_0666(const char *path)
{
	chmod(path, 0666);
}

static void
as_foreign(const char *path)
{
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
}

static void
as_directory(const char *path)
{
	unlink(path);
	mkdir(path, 0700);
}

static void
as_fifo(const char *path)
{
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

START_TEST(entry_that_others_may_have_made_is_refused)
{
	static const struct {
		void (*make)(const char *path);
		const char *why;
		int root;
	} row[] = {
		{ as_symlink, "symbolic link", 0 },
		{ as_hard_link, "hard link", 0 },
		{ as_0666, "writable by others", 0 },
		{ as_foreign, "foreign owner", 1 },
		{ as_directory, "not a regular file", 0 },
		{ as_fifo, "not a regular file", 0 },
	};
	char path[512];

	if (row[_i].root && geteuid() != 0)
		return;
	publish_one(path);
	row[_i].make(path);
	ck_assert_str_eq(get_one(), row[_i].why);
	ck_assert(exists(path));
	if (row[_i].make == as_directory)
		return;
	publish_one(path);
	ck_assert_ptr_null(get_one());
}
END_TEST

static void
refused(const char *path, const char *why)
{
	struct brn_store *s = NULL;

	ck_assert_int_eq(brn_store_open(path, &s, &err), BURIN_ECACHE);
	ck_assert_ptr_null(s);
	ck_assert_ptr_nonnull(strstr(err.msg, why));
	ck_assert_ptr_nonnull(strstr(err.msg, path));
}

START_TEST(directory_that_others_may_write_to_is_refused)
{
	char path[512];

	chmod(dir, 0777);
	refused(dir, "writable by others");
	chmod(dir, 0720);
	refused(dir, "writable by others");
	chmod(dir, 0755);
	snprintf(path, sizeof path, "%s/v1", dir);
	chmod(path, 0777);
	refused(dir, "writable by others");
}
END_TEST

START_TEST(directory_of_another_is_refused)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(dir, 65534, 65534), 0);
	refused(dir, "foreign owner");
}
END_TEST

START_TEST(file_is_no_directory)
{
	char path[512];

	snprintf(path, sizeof path, "%s/file", dir);
	write_file(path, "x", 1, 0600);
	refused(path, "directory");
	snprintf(path, sizeof path, "%s/file/below", dir);
	refused(path, "directory");
}
END_TEST

START_TEST(shard_that_others_may_write_to_is_refused)
{
	char path[512];

	publish_one(path);
	*strrchr(path, '/') = 0;
	chmod(path, 0777);
	ck_assert_str_eq(get_one(), "writable by others");
	chmod(path, 0700);
	ck_assert_ptr_null(get_one());
}
END_TEST

START_TEST(shard_that_is_a_link_is_refused)
{
	char path[512], to[520];

	publish_one(path);
	*strrchr(path, '/') = 0;
	snprintf(to, sizeof to, "%s.real", path);
	ck_assert_int_eq(rename(path, to), 0);
	ck_assert_int_eq(symlink(to, path), 0);
	ck_assert_str_eq(get_one(), "not a directory");
}
END_TEST

START_TEST(directories_are_made_private_whatever_the_umask)
{
	struct brn_store *s;
	char path[512], v1[520];
	struct stat st;

	snprintf(path, sizeof path, "%s/a/b", dir);
	umask(_i ? 0777 : 0);
	if (_i)
		snprintf(path, sizeof path, "%s/b", dir);
	suite_ok(brn_store_open(path, &s, &err), err);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	snprintf(v1, sizeof v1, "%s/v1", path);
	ck_assert_int_eq(stat(v1, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	brn_store_close(s);
}
END_TEST

/* ---- where ------------------------------------------------------------ */

START_TEST(default_directory_follows_the_environment)
{
	static const struct { const char *dir, *xdg, *home, *want; } row[] = {
		{ "/c", "/x", "/h", "/c" },
		{ "c", "/x", "/h", "c" },
		{ "", "/x", "/h", "/x/burin" },
		{ NULL, "x", "/h", "/h/.cache/burin" },
		{ NULL, NULL, "/h", "/h/.cache/burin" },
		{ NULL, NULL, NULL, NULL },
		{ NULL, "", "", NULL },
	};
	const char *const var[] = {
		row[_i].dir, row[_i].xdg, row[_i].home
	};
	const char *const name[] = {
		"BURIN_CACHE_DIR", "XDG_CACHE_HOME", "HOME"
	};
	char buf[64];
	int rc;

	for (int i = 0; i < 3; i++) {
		if (var[i])
			setenv(name[i], var[i], 1);
		else
			unsetenv(name[i]);
	}
	rc = brn_store_default_dir(buf, sizeof buf, &err);
	if (!row[_i].want) {
		ck_assert_int_eq(rc, BURIN_ECACHE);
		ck_assert_ptr_nonnull(strstr(err.msg, "HOME"));
		ck_assert_int_eq(brn_store_open(NULL, &store, &err),
		    BURIN_ECACHE);
		return;
	}
	suite_ok(rc, err);
	ck_assert_str_eq(buf, row[_i].want);
	ck_assert_int_eq(brn_store_default_dir(buf, strlen(buf), &err),
	    BURIN_ECACHE);
}
END_TEST

START_TEST(relative_directory_survives_chdir)
{
	struct brn_store *s;
	struct brn_key k = key();
	char tmp[512];

	ck_assert_int_eq(chdir(dir), 0);
	suite_ok(brn_store_open("rel", &s, &err), err);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(brn_store_dir(s)[0], '/');
	suite_ok(brn_store_temp(s, &k, tmp, sizeof tmp, &err), err);
	write_file(tmp, payload, NPAYLOAD, 0600);
	suite_ok(brn_store_publish(s, &k, tmp, desc, NDESC, &err), err);
	brn_store_close(s);
}
END_TEST

/* ---- together --------------------------------------------------------- */

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

START_TEST(lock_of_the_dead_is_free)
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

/* A child that was forked while the lock was held must not keep it.  */
START_TEST(unlock_holds_for_forked_copies)
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

/* ---- no room ---------------------------------------------------------- */

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
			ck_assert_int_eq(brn_store_gc(store, 0, &n, &err),
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

/* Entries 0 to NMANY - 1, entry i last used i days after the first.  */
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
see(void *ctx, const struct brn_store_entry *e)
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

	suite_ok(brn_store_each(store, 1, see, &s, &err), err);
	ck_assert_int_eq(s.n, 0);
	publish_many(k);
	suite_ok(brn_store_each(store, 1, see, &s, &err), err);
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

		suite_ok(brn_store_each(store, verify, see, &s, &err), err);
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
	suite_ok(brn_store_gc(store, limit, &n, &err), err);
	ck_assert_int_eq(n, NMANY - kept);
	for (int i = 0; i < NMANY; i++)
		ck_assert_int_eq(has(&k[i]), i >= NMANY - kept);
}
END_TEST

START_TEST(hit_makes_an_old_entry_young)
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
	suite_ok(brn_store_gc(store, st.st_size, &n, &err), err);
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

START_TEST(gc_sweeps_what_is_of_no_use)
{
	struct brn_key k[NMANY];
	char tmp[512], old[600], dead[600], path[512], alien[600];
	struct timespec hours[2] = { { time(NULL) - 7200, 0 } };
	int64_t n;
	pid_t pid;

	publish_many(k);
	entry_path(&k[1], path);
	write_file(path, "junk", 4, 0400);
	suite_ok(brn_store_temp(store, &k[0], tmp, sizeof tmp, &err), err);

	pid = fork();
	if (pid == 0)
		_exit(brn_store_temp(store, &k[0], dead, sizeof dead, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);

	hours[1] = hours[0];
	entry_path(&k[0], path);
	*strrchr(path, '/') = 0;
	snprintf(old, sizeof old, "%s/tmp.elsewhere.1.1", path);
	write_file(old, "x", 1, 0600);
	utimensat(AT_FDCWD, old, hours, 0);
	snprintf(alien, sizeof alien, "%s/README", path);
	write_file(alien, "x", 1, 0600);

	suite_ok(brn_store_gc(store, -1, &n, &err), err);
	ck_assert_int_eq(n, 3);
	ck_assert(exists(tmp));
	ck_assert(exists(alien));
	ck_assert(!exists(old));
	ck_assert(!has(&k[1]));
	ck_assert(has(&k[2]));
}
END_TEST

START_TEST(clear_leaves_no_entry)
{
	struct brn_key k[NMANY];
	struct seen s = { 0 };
	char tmp[512];
	int64_t n;

	publish_many(k);
	suite_ok(brn_store_temp(store, &k[0], tmp, sizeof tmp, &err), err);
	suite_ok(brn_store_clear(store, &n, &err), err);
	ck_assert_int_eq(n, NMANY + 1);
	suite_ok(brn_store_each(store, 0, see, &s, &err), err);
	ck_assert_int_eq(s.n, 0);
	ck_assert(!exists(tmp));
}
END_TEST

static TCase *
with_store(Suite *s, const char *name)
{
	TCase *tc = suite_case(s, name, 60);

	tcase_add_checked_fixture(tc, setup, teardown);
	return tc;
}

static Suite *
cache_suite(void)
{
	Suite *s = suite_create("cache");
	TCase *tc = suite_case(s, "key", 10);

	tcase_add_loop_test(tc, key_of_known_bytes_is_known, 0, 3);
	tcase_add_loop_test(tc, what_is_not_a_key_is_refused, 0, 6);

	tc = with_store(s, "entry");
	tcase_add_test(tc, published_entry_comes_back);
	tcase_add_test(tc, flipped_byte_is_a_miss_and_is_replaced);
	tcase_add_test(tc, truncation_is_a_miss_and_is_replaced);
	tcase_add_loop_test(tc, lying_lengths_are_a_miss, 0, 7);
	tcase_add_test(tc, huge_sparse_file_is_a_miss);
	tcase_add_test(tc, colliding_description_is_a_miss);
	tcase_add_test(tc, renamed_entry_is_a_miss);
	tcase_add_test(tc, empty_payload_is_not_published);

	tc = with_store(s, "trust");
	tcase_add_loop_test(tc, entry_that_others_may_have_made_is_refused,
	    0, 6);
	tcase_add_test(tc, directory_that_others_may_write_to_is_refused);
	tcase_add_test(tc, directory_of_another_is_refused);
	tcase_add_test(tc, file_is_no_directory);
	tcase_add_test(tc, shard_that_others_may_write_to_is_refused);
	tcase_add_test(tc, shard_that_is_a_link_is_refused);
	tcase_add_loop_test(tc,
	    directories_are_made_private_whatever_the_umask, 0, 2);

	tc = with_store(s, "where");
	tcase_add_loop_test(tc, default_directory_follows_the_environment,
	    0, 7);
	tcase_add_test(tc, relative_directory_survives_chdir);

	tc = with_store(s, "together");
	tcase_add_test(tc, processes_publish_one_key_at_once);
	tcase_add_test(tc, entry_stays_readable_when_replaced_or_removed);
	tcase_add_test(tc, lock_is_waited_for_until_a_deadline);
	tcase_add_test(tc, lock_of_the_dead_is_free);
	tcase_add_test(tc, unlock_holds_for_forked_copies);

	tc = with_store(s, "no room");
	tcase_add_test(tc, full_disk_is_an_error_and_leaves_nothing);
	tcase_add_test(tc, no_memory_is_a_miss_or_an_error);

	tc = with_store(s, "list and evict");
	tcase_add_test(tc, each_lists_in_key_order);
	tcase_add_test(tc, checksums_are_compared_when_asked_to);
	tcase_add_loop_test(tc, gc_keeps_the_last_used_within_the_limit, 0,
	    4 + NMANY);
	tcase_add_test(tc, hit_makes_an_old_entry_young);
	tcase_add_loop_test(tc, hit_within_the_hour_leaves_the_time_alone,
	    0, 4);
	tcase_add_test(tc, gc_sweeps_what_is_of_no_use);
	tcase_add_test(tc, clear_leaves_no_entry);
	return s;
}

SUITE_MAIN(cache_suite)
