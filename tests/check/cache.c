/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry of the cache: a published entry is found; one that is damaged, of
 * another user or for another description is a miss.
 */
#include "cache/bundle.h"
#include "cache/key.h"
#include "cache/store.h"

#include "tests/support/store.h"

#include <sys/resource.h>

/* ---- key -------------------------------------------------------------- */

/* The first key is XXH3-128 of the empty string as its authors publish it.  A
 * change of these keys makes all existing caches useless and needs a new format
 * version.  */
START_TEST(key_of_known_bytes_is_known)
{
	static const struct { const char *text, *hex; } golden[] = {
		{ "", "99aa06d3014798d86001c324468d497f" },
		{ "burin", "276fa1a60036a5ebefe1483319b50234" },
		{ "t1_tile 16x1 768x3072 density 0.05 avx512",
		  "2db82d1e1f5127a65f9f6a88b5a20092" },
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

START_TEST(malformed_key_is_refused)
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

/* Set the size in the tar header and correct its checksum.  */
static void
set_tar_size(uint8_t *header, const char *octal)
{
	unsigned sum = 0;

	memcpy(header + 124, octal, 12);
	memset(header + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
}

static int
add_bytes(void *ctx, const void *entry, size_t n, burin_error *e)
{
	(void)entry, (void)e;
	*(size_t *)ctx += n;
	return 0;
}

START_TEST(bundle_size_is_not_allocated_before_it_is_read)
{
	struct rlimit most = { 256 << 20, 256 << 20 };
	struct brn_key k = key();
	struct brn_bundle *b;
	char path[512];
	uint8_t tar[1 << 14];
	size_t n, got = 0;
	int rc;

	snprintf(path, sizeof path, "%s/b.tar", dir);
	rc = brn_bundle_create(path, &b, &err);
	if (rc == BURIN_EUNSUPPORTED)
		return;
	suite_ok(rc, err);
	suite_ok(brn_bundle_add(b, &k, desc, NDESC, &err), err);
	suite_ok(brn_bundle_close(b, 1, &err), err);
	suite_ok(brn_bundle_each(path, add_bytes, &got, &err), err);
	ck_assert_uint_eq(got, NDESC);
	n = read_file(path, tar, sizeof tar);
	set_tar_size(tar, "10000000000");              /* 1 GiB */
	write_file(path, tar, n, 0600);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &most), 0);
#endif
	(void)most;
	rc = brn_bundle_each(path, add_bytes, &got, &err);
	ck_assert_msg(rc == BURIN_EIO || rc == BURIN_EFORMAT, "%s", err.msg);
	ck_assert_uint_eq(got, NDESC);
}
END_TEST

/* Write a bundle with the one entry of desc.  */
static int
make_bundle(const char *path)
{
	struct brn_key k = key();
	struct brn_bundle *b;
	int rc = brn_bundle_create(path, &b, &err);

	if (rc < 0)
		return rc;
	suite_ok(brn_bundle_add(b, &k, desc, NDESC, &err), err);
	return brn_bundle_close(b, 1, &err);
}

/* A link that somebody has put where the temporary file is expected.  */
START_TEST(bundle_is_not_written_through_a_link)
{
	char path[512], link[600], target[512];

	snprintf(path, sizeof path, "%s/b.tar", dir);
	snprintf(target, sizeof target, "%s/target", dir);
	write_file(target, "x", 1, 0600);
	for (int i = 0; i < 3; i++) {
		snprintf(link, sizeof link, i == 2 ? "%s.%ld" : i ?
		    "%s.%ld.1" : "%s.%ld.0", path, (long)getpid());
		ck_assert_int_eq(symlink(target, link), 0);
	}
	if (make_bundle(path) == BURIN_EUNSUPPORTED)
		return;
	ck_assert(exists(path));
	ck_assert_uint_eq(read_file(target, (uint8_t *)link, 2), 1);
}
END_TEST

START_TEST(bundle_beyond_the_file_size_limit_is_an_error)
{
	struct rlimit r = { 1024, 1024 };
	char path[512];
	int rc;

	snprintf(path, sizeof path, "%s/b.tar", dir);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &r), 0);
	rc = make_bundle(path);
	ck_assert(rc == BURIN_EIO || rc == BURIN_EUNSUPPORTED);
	ck_assert(!exists(path));
}
END_TEST

/* libarchive would run a program of PATH for this format.  */
START_TEST(bundle_of_another_format_runs_nothing)
{
	static const uint8_t lrzip[64] = "LRZI\0\6";
	char path[512], ran[512], text[600];
	size_t got = 0;

	snprintf(path, sizeof path, "%s/lrzip", dir);
	snprintf(ran, sizeof ran, "%s/ran", dir);
	snprintf(text, sizeof text, "#!/bin/sh\n/bin/touch %s\n", ran);
	write_file(path, text, strlen(text), 0700);
	setenv("PATH", dir, 1);
	snprintf(path, sizeof path, "%s/b.tar", dir);
	write_file(path, lrzip, sizeof lrzip, 0600);
	ck_assert_int_lt(brn_bundle_each(path, add_bytes, &got, &err), 0);
	ck_assert(!exists(ran));
}
END_TEST

/* Two descriptions with one key, made by publishing one under the key of the
 * other.  */
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
	struct brn_temp tmp;
	char path[512];

	suite_ok(brn_store_temp(store, &k, &tmp, &err), err);
	temp_path(&tmp, &k, path);
	ck_assert(exists(path));
	ck_assert_int_eq(brn_store_publish(store, &k, &tmp, desc, NDESC,
	    &err), BURIN_ECACHE);
	ck_assert(!exists(path));
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

START_TEST(entry_that_others_could_have_written_is_refused)
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

START_TEST(directory_of_another_user_is_refused)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(dir, 65534, 65534), 0);
	refused(dir, "foreign owner");
}
END_TEST

/* Who may rename what is in the parent may put another cache there.  */
START_TEST(directory_that_others_may_replace_is_refused)
{
	static const struct { int mode, owner; const char *why; } row[] = {
		{ 0777, 0, "parent: writable by others and not sticky" },
		{ 0770, 0, "parent: writable by others and not sticky" },
		{ 0755, 65534, "parent: foreign owner" },
		{ 01777, 0, NULL },
		{ 0755, 0, NULL },
	};
	struct brn_store *s;
	char parent[300], path[320];
	int rc;

	if (row[_i].owner && geteuid() != 0)
		return;
	snprintf(parent, sizeof parent, "%s/parent", dir);
	snprintf(path, sizeof path, "%s/a/b", parent);
	ck_assert_int_eq(mkdir(parent, 0700), 0);
	suite_ok(brn_store_open(path, &s, &err), err);
	brn_store_close(s);
	if (row[_i].owner)
		ck_assert_int_eq(chown(parent, 65534, 65534), 0);
	ck_assert_int_eq(chmod(parent, (mode_t)row[_i].mode), 0);
	rc = brn_store_open(path, &s, &err);
	ck_assert_int_eq(rc, row[_i].why ? BURIN_ECACHE : BURIN_OK);
	if (row[_i].why)
		ck_assert_ptr_nonnull(strstr(err.msg, row[_i].why));
	else
		brn_store_close(s);
	rc = brn_store_open_readonly(path, &s, &err);
	ck_assert_int_eq(rc, row[_i].why ? BURIN_ECACHE : BURIN_OK);
	if (rc == 0)
		brn_store_close(s);
}
END_TEST

START_TEST(links_on_the_way_are_followed_if_their_owner_is_trusted)
{
	static const char *const to[] = { "real", "./real//", NULL,
		"../%s/real", "link" };
	struct brn_store *s;
	char real[300], link[300], path[320], target[600];
	int rc;

	snprintf(real, sizeof real, "%s/real", dir);
	snprintf(link, sizeof link, "%s/link", dir);
	snprintf(path, sizeof path, "%s/a", link);
	snprintf(target, sizeof target, to[_i] ? to[_i] : real,
	    strrchr(dir, '/') + 1);
	ck_assert_int_eq(mkdir(real, 0700), 0);
	ck_assert_int_eq(symlink(target, link), 0);
	rc = brn_store_open(path, &s, &err);
	if (_i == 4) {
		ck_assert_int_eq(rc, BURIN_ECACHE);
		return;
	}
	suite_ok(rc, err);
	brn_store_close(s);
	strcat(real, "/a/v1");
	ck_assert(exists(real));
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(lchown(link, 65534, 65534), 0);
	ck_assert_int_eq(brn_store_open(path, &s, &err), BURIN_ECACHE);
	ck_assert_ptr_nonnull(strstr(err.msg, "link of a foreign owner"));
}
END_TEST

/* An open store stays where it is, whatever its name leads to meanwhile.  */
START_TEST(store_that_was_moved_is_used_where_it_is)
{
	char path[512], moved[300], other[600];
	struct brn_temp tmp;
	struct brn_key k = key();

	suite_ok(brn_store_temp(store, &k, &tmp, &err), err);
	snprintf(moved, sizeof moved, "%s.moved", dir);
	ck_assert_int_eq(rename(dir, moved), 0);
	entry_path(&k, path);
	snprintf(other, sizeof other, "mkdir -p %.*s && echo x >%s/%s",
	    (int)(strrchr(path, '/') - path), path, dir, tmp.name);
	ck_assert_int_eq(system(other), 0);
	ck_assert_int_eq(write(tmp.fd, payload, NPAYLOAD), NPAYLOAD);
	suite_ok(brn_store_publish(store, &k, &tmp, desc, NDESC, &err), err);
	ck_assert(!exists(path));
	ck_assert_ptr_null(get_one());
	suite_rmdir(moved);
}
END_TEST

START_TEST(file_in_place_of_directory_is_refused)
{
	char path[512];

	snprintf(path, sizeof path, "%s/file", dir);
	write_file(path, "x", 1, 0600);
	refused(path, "directory");
	strcat(path, "/below");
	ck_assert_int_eq(brn_store_open(path, &(struct brn_store *){ NULL },
	    &err), BURIN_ECACHE);
	ck_assert_ptr_nonnull(strstr(err.msg, "/file: not a directory"));
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

/* ---- default directory ------------------------------------------------ */

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
	struct brn_temp tmp;

	ck_assert_int_eq(chdir(dir), 0);
	suite_ok(brn_store_open("rel", &s, &err), err);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(brn_store_dir(s)[0], '/');
	suite_ok(brn_store_temp(s, &k, &tmp, &err), err);
	ck_assert_int_eq(write(tmp.fd, payload, NPAYLOAD), NPAYLOAD);
	suite_ok(brn_store_publish(s, &k, &tmp, desc, NDESC, &err), err);
	brn_store_close(s);
}
END_TEST

static Suite *
cache_suite(void)
{
	Suite *s = suite_create("cache");
	TCase *tc = suite_case(s, "key", 10);

	tcase_add_loop_test(tc, key_of_known_bytes_is_known, 0, 3);
	tcase_add_loop_test(tc, malformed_key_is_refused, 0, 6);

	tc = with_store(s, "entry");
	tcase_add_test(tc, published_entry_comes_back);
	tcase_add_test(tc, flipped_byte_is_a_miss_and_is_replaced);
	tcase_add_test(tc, truncation_is_a_miss_and_is_replaced);
	tcase_add_loop_test(tc, lying_lengths_are_a_miss, 0, 7);
	tcase_add_test(tc, huge_sparse_file_is_a_miss);
	tcase_add_test(tc, bundle_size_is_not_allocated_before_it_is_read);
	tcase_add_test(tc, bundle_is_not_written_through_a_link);
	tcase_add_test(tc, bundle_beyond_the_file_size_limit_is_an_error);
	tcase_add_test(tc, bundle_of_another_format_runs_nothing);
	tcase_add_test(tc, colliding_description_is_a_miss);
	tcase_add_test(tc, renamed_entry_is_a_miss);
	tcase_add_test(tc, empty_payload_is_not_published);

	tc = with_store(s, "trust");
	tcase_add_loop_test(tc, entry_that_others_could_have_written_is_refused,
	    0, 6);
	tcase_add_test(tc, directory_that_others_may_write_to_is_refused);
	tcase_add_test(tc, directory_of_another_user_is_refused);
	tcase_add_loop_test(tc, directory_that_others_may_replace_is_refused,
	    0, 5);
	tcase_add_loop_test(tc,
	    links_on_the_way_are_followed_if_their_owner_is_trusted, 0, 5);
	tcase_add_test(tc, store_that_was_moved_is_used_where_it_is);
	tcase_add_test(tc, file_in_place_of_directory_is_refused);
	tcase_add_test(tc, shard_that_others_may_write_to_is_refused);
	tcase_add_test(tc, shard_that_is_a_link_is_refused);
	tcase_add_loop_test(tc,
	    directories_are_made_private_whatever_the_umask, 0, 2);

	tc = with_store(s, "where");
	tcase_add_loop_test(tc, default_directory_follows_the_environment,
	    0, 7);
	tcase_add_test(tc, relative_directory_survives_chdir);
	return s;
}

SUITE_MAIN(cache_suite)
