/* SPDX-License-Identifier: Apache-2.0
 *
 * tools/npy.c and tools/fill.c: .npy files and generated inputs.
 */
#include "tools/fill.h"
#include "tools/npy.h"

#include "tests/support/suite.h"

#include <string.h>

static char dir[256], path[300];

static void
make_path(void)
{
	suite_tmpdir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/a.npy", dir);
}

static void
remove_path(void)
{
	suite_rmdir(dir);
}

/* Write magic, version, length of the header, the header, and n zero bytes of
 * elements.  */
static void
write_file(int version, const char *header, size_t n)
{
	size_t len = strlen(header);
	unsigned char start[] = { 0x93, 'N', 'U', 'M', 'P', 'Y',
	    (unsigned char)version, 0, (unsigned char)len,
	    (unsigned char)(len >> 8), 0, 0 };
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	fwrite(start, 1, version == 1 ? 10 : 12, f);
	fputs(header, f);
	while (n--)
		fputc(0, f);
	ck_assert_int_eq(fclose(f), 0);
}

/* ---- .npy --------------------------------------------------------------- */

static const burin_tensor shapes[] = {
	{ .dtype = BURIN_F32, .rank = 0 },
	{ .dtype = BURIN_I32, .rank = 1, .dims = { 5 } },
	{ .dtype = BURIN_I64, .rank = 2, .dims = { 1, 128 } },
	{ .dtype = BURIN_BOOL, .rank = 3, .dims = { 2, 3, 4 } },
	{ .dtype = BURIN_F32, .rank = 2, .dims = { 0, 7 } },
	{ .dtype = BURIN_F32, .rank = 8, .dims = { 1, 2, 1, 2, 1, 2, 1, 2 } },
};

START_TEST(written_file_is_read_back)
{
	burin_tensor t = shapes[_i], r = { .rank = -1 };
	int64_t n = npy_nbytes(t.dtype, t.rank, t.dims);
	unsigned char data[1024];
	burin_error err;

	for (int64_t i = 0; i < n; i++)
		data[i] = (unsigned char)(t.dtype == BURIN_BOOL ? i % 2 : i);
	t.data = data;
	suite_ok(npy_write(path, &t, &err), err);
	suite_ok(npy_read(path, &r, &err), err);
	ck_assert_int_eq(r.dtype, t.dtype);
	ck_assert_int_eq(r.rank, t.rank);
	ck_assert_mem_eq(r.dims, t.dims, (size_t)t.rank * sizeof *t.dims);
	ck_assert_int_eq(r.nbytes, n);
	ck_assert_mem_eq(r.data, data, (size_t)n);
	free((void *)r.data);
}
END_TEST

START_TEST(elements_start_at_a_multiple_of_64)
{
	burin_tensor t = shapes[_i];
	int64_t n = npy_nbytes(t.dtype, t.rank, t.dims);
	unsigned char data[1024] = { 0 };
	burin_error err;
	struct stat st;

	t.data = data;
	suite_ok(npy_write(path, &t, &err), err);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq((st.st_size - n) % 64, 0);
}
END_TEST

/* Headers as NumPy and other programs write them.  */
static const struct {
	int version;
	const char *header;
	size_t nbytes;
	enum burin_dtype dtype;
	int rank;
} good[] = {
	{ 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
	  24, BURIN_F32, 2 },
	{ 2, "{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }\n",
	  32, BURIN_I64, 1 },
	{ 3, "{'shape':(),'fortran_order':False,'descr':'|b1'}",
	  1, BURIN_BOOL, 0 },
	{ 1, "{\"shape\": (1, 2), \"fortran_order\": False, "
	  "\"descr\": \"<i4\"}", 8, BURIN_I32, 2 },
};

START_TEST(all_versions_are_read)
{
	burin_tensor t = { .rank = -1 };
	burin_error err;

	write_file(good[_i].version, good[_i].header, good[_i].nbytes);
	suite_ok(npy_read(path, &t, &err), err);
	ck_assert_int_eq(t.dtype, good[_i].dtype);
	ck_assert_int_eq(t.rank, good[_i].rank);
	ck_assert_int_eq(t.nbytes, good[_i].nbytes);
	free((void *)t.data);
}
END_TEST

/* Each with a part of its error message.  */
static const struct {
	int version;
	const char *header;
	size_t nbytes;
	const char *says;
} bad[] = {
	{ 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", 8,
	  "Fortran order" },
	{ 1, "{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", 16,
	  "'<c8'" },
	{ 1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", 8,
	  "'>f4'" },
	{ 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 8,
	  "wants 12" },
	{ 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 8,
	  "wants 4" },
	{ 4, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 4,
	  "version 4" },
	{ 1, "{'descr': '<f4', 'shape': (4294967296,4294967296,), }", 4,
	  "more elements" },
	{ 1, "{'descr': '<f4', 'shape': (99999999999999999999,), }", 4,
	  "not understood" },
	{ 1, "{'descr': '<f4', 'shape': (1,1,1,1,1,1,1,1,1), }", 4,
	  "not understood" },
	{ 1, "{'descr': '<f4', 'shape': (-1,), }", 4, "not understood" },
	{ 1, "{'descr': '<f4', 'shape': (1 2), }", 8, "not understood" },
	{ 1, "{'descr': '<f4', 'shape': (1,", 4, "not understood" },
	{ 1, "{'descr': '<f4", 4, "not understood" },
	{ 1, "{'descr': '<f4', 'colour': 1, 'shape': (1,)}", 4,
	  "not understood" },
	{ 1, "{'shape': (1,)}", 4, "not understood" },
	{ 1, "{'descr': '<f4'}", 4, "not understood" },
	{ 1, "", 4, "not understood" },
};

START_TEST(bad_files_are_refused_by_name)
{
	burin_tensor t = { .rank = -1 };
	burin_error err;

	write_file(bad[_i].version, bad[_i].header, bad[_i].nbytes);
	ck_assert_int_eq(npy_read(path, &t, &err), BURIN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
	ck_assert_msg(strstr(err.msg, bad[_i].says) != NULL, "%s", err.msg);
	ck_assert_int_eq(t.rank, -1);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	burin_tensor t = { .rank = -1 };
	burin_error err;
	struct stat st;

	for (int version = 1; version <= 2; version++) {
		write_file(version, good[0].header, good[0].nbytes);
		ck_assert_int_eq(stat(path, &st), 0);
		for (off_t n = st.st_size - 1; n >= 0; n--) {
			ck_assert_int_eq(truncate(path, n), 0);
			ck_assert_int_eq(npy_read(path, &t, &err),
			    BURIN_EFORMAT);
		}
	}
	ck_assert_int_eq(t.rank, -1);
}
END_TEST

START_TEST(missing_files_and_full_disks_are_noticed)
{
	burin_tensor t = shapes[0];
	float v = 1;
	burin_error err;

	t.data = &v;
	ck_assert_int_eq(npy_read(path, &t, &err), BURIN_EIO);
	ck_assert_int_eq(npy_read(dir, &t, &err), BURIN_EIO);
	ck_assert_int_eq(npy_write(dir, &t, &err), BURIN_EIO);
	if (access("/dev/full", W_OK) == 0)
		ck_assert_int_eq(npy_write("/dev/full", &t, &err), BURIN_EIO);
}
END_TEST

/* ---- fill --------------------------------------------------------------- */

#define N 4096

static int64_t ints[N];
static float floats[N];

static void
fill_ints(const char *name, enum fill_mode mode, uint64_t seed)
{
	burin_tensor t = { .name = name, .dtype = BURIN_I64, .rank = 2,
	    .dims = { 2, N / 2 }, .data = ints, .nbytes = sizeof ints };

	memset(ints, 0xff, sizeof ints);
	fill_tensor(&t, mode, seed);
}

static const struct {
	const char *name;
	enum fill_mode mode;
	int64_t min, max;       /* both occur */
} facts[] = {
	{ "input_ids", FILL_random, 0, 99 },
	{ "attention_mask", FILL_random, 1, 1 },
	{ "Mask", FILL_random, 1, 1 },
	{ "token_type_ids", FILL_random, 0, 0 },
	{ "segment", FILL_random, 0, 0 },
	{ "attention_mask", FILL_zeros, 0, 0 },
	{ "token_type_ids", FILL_ones, 1, 1 },
};

START_TEST(integers_go_by_name)
{
	int64_t min = INT64_MAX, max = INT64_MIN;

	fill_ints(facts[_i].name, facts[_i].mode, 1);
	for (int i = 0; i < N; i++) {
		min = ints[i] < min ? ints[i] : min;
		max = ints[i] > max ? ints[i] : max;
	}
	ck_assert_int_eq(min, facts[_i].min);
	ck_assert_int_eq(max, facts[_i].max);
}
END_TEST

START_TEST(the_seed_decides)
{
	int64_t first[N];

	fill_ints("x", FILL_random, 7);
	memcpy(first, ints, sizeof ints);
	fill_ints("x", FILL_random, 7);
	ck_assert_mem_eq(ints, first, sizeof ints);
	fill_ints("x", FILL_random, 8);
	ck_assert_mem_ne(ints, first, sizeof ints);
}
END_TEST

START_TEST(floats_are_normal)
{
	burin_tensor t = { .name = "x", .dtype = BURIN_F32, .rank = 1,
	    .dims = { N }, .data = floats, .nbytes = sizeof floats };
	double sum = 0, squares = 0;

	fill_tensor(&t, FILL_random, 1);
	for (int i = 0; i < N; i++) {
		sum += floats[i];
		squares += (double)floats[i] * floats[i];
	}
	suite_near(sum / N, 0, 0.06);           /* 4 deviations of a mean */
	suite_near(squares / N, 1, 0.09);
}
END_TEST

static Suite *
npy_suite(void)
{
	Suite *s = suite_create("npy");
	TCase *tc = suite_case(s, "npy", 60);

	tcase_add_checked_fixture(tc, make_path, remove_path);
	tcase_add_loop_test(tc, written_file_is_read_back, 0, COUNT(shapes));
	tcase_add_loop_test(tc, elements_start_at_a_multiple_of_64, 0,
	    COUNT(shapes));
	tcase_add_loop_test(tc, all_versions_are_read, 0, COUNT(good));
	tcase_add_loop_test(tc, bad_files_are_refused_by_name, 0, COUNT(bad));
	tcase_add_test(tc, every_truncation_is_refused);
	tcase_add_test(tc, missing_files_and_full_disks_are_noticed);
	tc = suite_case(s, "fill", 60);
	tcase_add_loop_test(tc, integers_go_by_name, 0, COUNT(facts));
	tcase_add_test(tc, the_seed_decides);
	tcase_add_test(tc, floats_are_normal);
	return s;
}

SUITE_MAIN(npy_suite)
