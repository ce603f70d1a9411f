/* SPDX-License-Identifier: Apache-2.0
 *
 * Test fixture for the cache: a store in a folder of its own, and one entry
 * (payload, desc) that most tests use.
 */
#ifndef TEST_STORE_H
#define TEST_STORE_H

#include "cache/entry.h"
#include "cache/store.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <string.h>

static const char payload[] = "\177ELF is what a payload begins with";
static const char desc[] = "all that the key was made of";
#define NPAYLOAD sizeof payload
#define NDESC sizeof desc
#define NENTRY (NPAYLOAD + NDESC + BRN_TRAILER)

static char dir[256];
static struct brn_store *store;
static burin_error err;

static inline void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	suite_ok(brn_store_open(dir, &store, &err), err);
}

static inline void
teardown(void)
{
	brn_store_close(store);
	suite_rmdir(dir);
}

static inline struct brn_key
key(void)
{
	return brn_key_of(desc, NDESC);
}

static inline void
entry_path(const struct brn_key *k, char path[512])
{
	char hex[BRN_KEY_HEX];

	brn_key_hex(k, hex);
	snprintf(path, 512, "%s/v1/%.2s/%s.so", dir, hex, hex);
}

static inline void
temp_path(const struct brn_temp *t, const struct brn_key *k, char path[512])
{
	char hex[BRN_KEY_HEX];

	brn_key_hex(k, hex);
	snprintf(path, 512, "%s/v1/%.2s/%s", dir, hex, t->name);
}

/* Replace the file at path by one with n bytes and the given mode.  */
static inline void
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

static inline size_t
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

/* Publish the payload under key k with a description of n bytes at d.  */
static inline int
publish(const struct brn_key *k, const void *d, size_t n)
{
	struct brn_temp tmp;
	int rc = brn_store_temp(store, k, &tmp, &err);

	if (rc < 0)
		return rc;
	ck_assert_int_eq(write(tmp.fd, payload, NPAYLOAD), NPAYLOAD);
	return brn_store_publish(store, k, &tmp, d, n, &err);
}

/* Publish the entry of desc and write its path to path.  */
static inline void
publish_one(char path[512])
{
	struct brn_key k = key();

	suite_ok(publish(&k, desc, NDESC), err);
	entry_path(&k, path);
}

/* Look up an entry: NULL for a hit, "absent", or the reason of the miss.  */
static inline const char *
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

static inline const char *
get_one(void)
{
	struct brn_key k = key();

	return get(&k, desc, NDESC);
}

static inline int
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline TCase *
with_store(Suite *s, const char *name)
{
	TCase *tc = suite_case(s, name, 60);

	tcase_add_checked_fixture(tc, setup, teardown);
	return tc;
}

#endif
