/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts that brn_jit_get uses: the loader, the table of kernels, and the
 * identity of the compiler.
 */
#include "jit/compiler.h"
#include "jit/get/load.h"
#include "jit/get/table.h"

#include "cache/store.h"
#include "jit/get/compile.h"
#include "tests/support/layer.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[256];
static struct brn_store *store;
static struct layer layer[2];
static burin_error err;

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	suite_ok(brn_store_open(dir, &store, &err), err);
	layer_init(&layer[0], 32, 24, 16, 1, 3);
	layer_init(&layer[1], 24, 32, 8, 1, 4);
}

static void
teardown(void)
{
	layer_free(&layer[0]);
	layer_free(&layer[1]);
	brn_store_close(store);
	suite_rmdir(dir);
}

/* ---- loader ----------------------------------------------------------- */

/* Compile the kernel of layer i unless it is cached, and open its file as
 * descriptor number at.  */
static void
open_at(int i, int at)
{
	struct brn_buf desc = { 0 };
	struct brn_key k;
	const char *why;
	struct brn_made made;
	int fd;

	brn_spec_encode(&layer[i].spec, &desc);
	k = brn_key_of(desc.p, desc.n);
	suite_ok(brn_compile(store, desc.p, desc.n, &made, &err), err);
	ck_assert_int_eq(brn_store_get(store, &k, desc.p, desc.n, &fd, &why),
	    0);
	ck_assert_int_eq(dup2(fd, at), at);
	if (fd != at)
		close(fd);
	brn_buf_free(&desc);
}

/* dlopen compares names, and /proc/self/fd/N names both files.  */
START_TEST(reused_descriptor_number_loads_the_new_file)
{
	enum { AT = 77, TIMES = 5 };
	void *handle[2 * TIMES];
	brn_kernel_fn *fn[2 * TIMES];

	for (int i = 0; i < 2 * TIMES; i++) {
		open_at(i % 2, AT);
		suite_ok(brn_load(AT, &handle[i], &fn[i], &err), err);
		close(AT);
	}
	ck_assert(fn[0] != fn[1]);
	for (int i = 0; i < 2 * TIMES; i++)
		layer_check(&layer[i % 2], fn[i], 17);
	for (int i = 0; i < 2 * TIMES; i++)
		brn_unload(handle[i]);
	brn_unload(NULL);
}
END_TEST

START_TEST(kernel_outlives_its_file)
{
	brn_kernel_fn *fn;
	void *handle;
	int64_t n;

	open_at(0, 77);
	suite_ok(brn_load(77, &handle, &fn, &err), err);
	close(77);
	suite_ok(brn_store_clear(store, &n, &err), err);
	ck_assert_int_eq(n, 1);
	layer_check(&layer[0], fn, 16);
	brn_unload(handle);
}
END_TEST

/* Neither before nor after it is loaded.  */
START_TEST(cutting_the_file_does_not_matter)
{
	char pattern[300];
	brn_kernel_fn *fn;
	void *handle;
	glob_t found;

	open_at(0, 77);
	snprintf(pattern, sizeof pattern, "%s/v1/*/*.so", dir);
	ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
	ck_assert_uint_eq(found.gl_pathc, 1);
	ck_assert_int_eq(chmod(found.gl_pathv[0], 0600), 0);
	if (_i == 0)
		ck_assert_int_eq(truncate(found.gl_pathv[0], 100), 0);
	suite_ok(brn_load(77, &handle, &fn, &err), err);
	close(77);
	ck_assert_int_eq(truncate(found.gl_pathv[0], 0), 0);
	layer_check(&layer[0], fn, 16);
	brn_unload(handle);
	globfree(&found);
}
END_TEST

START_TEST(file_that_is_no_kernel_is_refused)
{
	static const char *const path[] = {
		"/dev/null", "/etc/passwd", "/proc/self/exe"
	};
	int fd = open(path[_i], O_RDONLY | O_CLOEXEC);
	brn_kernel_fn *fn;
	void *handle;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(brn_load(fd, &handle, &fn, &err), BURIN_EJIT);
	ck_assert_int_eq(strncmp(err.msg, "kernel: ", 8), 0);
	ck_assert_ptr_null(strstr(err.msg, "/proc/"));
	close(fd);
}
END_TEST

/* ---- table ------------------------------------------------------------ */

static void
dummy(const struct brn_kernel_args *a)
{
	(void)a;
}

static int
claim(const struct brn_key *k, const char *desc, struct brn_slot **s)
{
	static const struct brn_code t0 = { dummy, "t0" };

	return brn_table_claim(k, desc, strlen(desc), &t0, s);
}

static void
settle_as(struct brn_slot *s, const char *name)
{
	struct brn_code code = { dummy };

	strcpy(code.name, name);
	brn_table_settle(s, &code, NULL);
}

START_TEST(colliding_keys_are_two_kernels)
{
	struct brn_key k = brn_key_of("x", 1);
	struct brn_slot *a, *b, *c;

	ck_assert_int_eq(claim(&k, "one", &a), BRN_CLAIM_mine);
	ck_assert_int_eq(claim(&k, "two", &b), BRN_CLAIM_mine);
	ck_assert_int_eq(claim(&k, "one", &c), BRN_CLAIM_pending);
	ck_assert_ptr_ne(a, b);
	ck_assert_ptr_eq(a, c);
	settle_as(a, "one");
	settle_as(b, "two");
	ck_assert_str_eq(brn_table_kernel(c)->name, "one");
	brn_table_release(brn_table_kernel(a));
	brn_table_release(brn_table_kernel(b));
	brn_table_release(brn_table_kernel(c));
}
END_TEST

START_TEST(failure_is_returned_to_waiters_only)
{
	struct brn_key k = brn_key_of("x", 1);
	struct brn_slot *a, *b, *c;

	ck_assert_int_eq(claim(&k, "one", &a), BRN_CLAIM_mine);
	ck_assert_int_eq(claim(&k, "one", &b), BRN_CLAIM_pending);
	brn_table_settle(a, NULL, NULL);
	ck_assert_int_eq(brn_table_wait(b, NULL), BRN_CLAIM_failed);
	ck_assert_str_eq(brn_table_kernel(b)->name, "t0");
	ck_assert_int_eq(claim(&k, "one", &c), BRN_CLAIM_mine);
	ck_assert_ptr_ne(a, c);
	brn_table_settle(c, NULL, NULL);
	brn_table_release(brn_table_kernel(a));
	brn_table_release(brn_table_kernel(c));
	brn_table_release(brn_table_kernel(b));
	brn_table_release(NULL);
}
END_TEST

static void *
wait_for(void *slot)
{
	brn_table_wait(slot, NULL);
	return brn_table_kernel(slot);
}

START_TEST(settling_a_slot_wakes_its_waiters)
{
	struct brn_key k = brn_key_of("x", 1);
	struct brn_slot *a, *b;
	pthread_t t;
	void *got;

	ck_assert_int_eq(claim(&k, "one", &a), BRN_CLAIM_mine);
	ck_assert_int_eq(claim(&k, "one", &b), BRN_CLAIM_pending);
	ck_assert_int_eq(pthread_create(&t, NULL, wait_for, b), 0);
	usleep(20000);
	settle_as(a, "one");
	pthread_join(t, &got);
	ck_assert_ptr_eq(got, brn_table_kernel(a));
	brn_table_release(got);
	brn_table_release(brn_table_kernel(a));
}
END_TEST

/* ---- compiler --------------------------------------------------------- */

/* ELF notes: one of another type, then the build-id de ad be ef.  */
static const uint8_t notes[] = {
	5, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 'a', 'b', 'c', 'd', 0, 0, 0, 0,
	1, 2, 0, 0,
	4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0,
	0xde, 0xad, 0xbe, 0xef,
};

START_TEST(build_id_is_read_from_notes)
{
	char id[BRN_COMPILER_ID_MAX] = "unset";
	uint8_t *p;

	ck_assert_int_eq(brn_compiler_id_notes(notes, sizeof notes, id), 0);
	ck_assert_str_eq(id, "deadbeef");
	for (size_t n = 0; n < sizeof notes; n++) {
		p = malloc(n + 1);
		memcpy(p, notes, n);
		ck_assert_int_eq(brn_compiler_id_notes(p, n, id), -1);
		free(p);
	}
}
END_TEST

START_TEST(damaged_notes_are_read_within_bounds)
{
	char id[BRN_COMPILER_ID_MAX];

	for (size_t i = 0; i < sizeof notes; i++) {
		for (int v = 0; v < 256; v++) {
			uint8_t *p = malloc(sizeof notes);

			memcpy(p, notes, sizeof notes);
			p[i] = (uint8_t)v;
			brn_compiler_id_notes(p, sizeof notes, id);
			ck_assert_uint_lt(strlen(id), sizeof id);
			free(p);
		}
	}
}
END_TEST

START_TEST(installed_compiler_has_an_identity)
{
	const char *id = brn_compiler_id();

	ck_assert_str_ne(id, "");
	ck_assert_uint_lt(strlen(id), BRN_COMPILER_ID_MAX);
	ck_assert_ptr_eq(id, brn_compiler_id());
	ck_assert_uint_eq(strspn(id, "0123456789abcdef."), strlen(id));
}
END_TEST

START_TEST(file_that_is_not_elf_has_no_identity)
{
	static const char *const path[] = {
		"", "/nowhere", "/dev/zero", "/etc/passwd", "/"
	};
	char id[BRN_COMPILER_ID_MAX];

	ck_assert_int_eq(brn_compiler_id_file(path[_i], id), -1);
}
END_TEST

/* An ELF file with one byte of its header or first program header inverted:
 * the result is of no interest, but must stay within its buffer.  */
START_TEST(damaged_elf_file_is_read_within_bounds)
{
	char path[300], id[BRN_COMPILER_ID_MAX] = "";
	uint8_t head[1024];
	int fd = open("/proc/self/exe", O_RDONLY);

	snprintf(path, sizeof path, "%s/elf", dir);
	ck_assert_int_eq(read(fd, head, sizeof head), sizeof head);
	close(fd);
	for (int i = 0; i < 64 + 56; i++) {
		head[i] ^= 0xff;
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		ck_assert_int_eq(write(fd, head, sizeof head), sizeof head);
		close(fd);
		brn_compiler_id_file(path, id);
		ck_assert_uint_lt(strlen(id), sizeof id);
		head[i] ^= 0xff;
	}
}
END_TEST

static Suite *
load_suite(void)
{
	Suite *s = suite_create("load");
	TCase *tc = suite_case(s, "loader", 120);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
	    reused_descriptor_number_loads_the_new_file);
	tcase_add_test(tc, kernel_outlives_its_file);
	tcase_add_loop_test(tc, cutting_the_file_does_not_matter, 0, 2);
	tcase_add_loop_test(tc, file_that_is_no_kernel_is_refused, 0, 3);

	tc = suite_case(s, "table", 20);
	tcase_add_test(tc, colliding_keys_are_two_kernels);
	tcase_add_test(tc, failure_is_returned_to_waiters_only);
	tcase_add_test(tc, settling_a_slot_wakes_its_waiters);

	tc = suite_case(s, "compiler", 20);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, build_id_is_read_from_notes);
	tcase_add_test(tc, damaged_notes_are_read_within_bounds);
	tcase_add_test(tc, installed_compiler_has_an_identity);
	tcase_add_loop_test(tc, file_that_is_not_elf_has_no_identity, 0, 5);
	tcase_add_test(tc, damaged_elf_file_is_read_within_bounds);
	return s;
}

SUITE_MAIN(load_suite)
