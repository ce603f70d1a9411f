/* SPDX-License-Identifier: Apache-2.0
 *
 * Block-sparse matrices: stored blocks, padding, damaged indices.
 */
#include "ir/graph/bsr.h"
#include "tests/support/suite.h"

#include <string.h>

static struct brn_bsr *
bsr(const float *w, int64_t rows, int64_t cols, int bh, int bw)
{
	struct brn_bsr *b = NULL;
	burin_error err = { 0 };

	suite_ok(brn_bsr_from_dense(&(struct brn_matrix){ w, rows, cols, 0,
	    NULL, NULL }, bh, bw, 0, &b, &err), err);
	suite_ok(brn_bsr_check(b, &err), err);
	return b;
}

/* The example drawn in bsr.h.  */
START_TEST(blocks_are_stored_column_by_column)
{
	static const float w[] = {
		1, 2, 0, 0,
		3, 4, 0, 0,
		5, 6, 9, 10,
		7, 8, 11, 12,
	};
	static const float want[] = { 1, 3, 2, 4, 5, 7, 6, 8, 9, 11, 10, 12 };
	struct brn_bsr *b = bsr(w, 4, 4, 2, 2);

	ck_assert_int_eq(b->nblk, 3);
	ck_assert_mem_eq(b->rowptr, ((int32_t[]){ 0, 1, 3 }), 12);
	ck_assert_mem_eq(b->colidx, ((int32_t[]){ 0, 0, 1 }), 12);
	for (int i = 0; i < 12; i++)
		ck_assert(b->vals[i] == want[i]);
	ck_assert(brn_bsr_density(b) == 0.75);
	brn_bsr_free(b);
}
END_TEST

START_TEST(negative_zero_is_zero_and_nan_is_not)
{
	const float w[] = { -0.0f, 0, 0, NAN };
	struct brn_bsr *b = bsr(w, 1, 4, 1, 2);

	ck_assert_int_eq(b->nblk, 1);
	ck_assert_int_eq(b->colidx[0], 1);
	ck_assert(isnan(b->vals[1]));
	ck_assert_int_eq(brn_count_nonzero(w, 4), 1);
	ck_assert_int_eq(brn_bsr_count(w, 1, 4, 1, 2), 1);
	brn_bsr_free(b);
}
END_TEST

static const struct {
	int64_t rows, cols;
	int bh, bw;
} shapes[] = {
	{ 1, 1, 1, 1 }, { 5, 7, 4, 4 }, { 16, 16, 16, 1 }, { 17, 3, 16, 1 },
	{ 3, 33, 1, 16 }, { 1, 1, 32, 32 }, { 0, 5, 4, 4 }, { 5, 0, 4, 4 },
	{ 64, 48, 8, 1 },
};

START_TEST(matrix_comes_back_from_blocks)
{
	int64_t rows = shapes[_i].rows, cols = shapes[_i].cols;
	float w[64 * 48], back[64 * 48];
	uint64_t seed = 1;
	struct brn_bsr *b;

	for (int64_t i = 0; i < rows * cols; i++)
		w[i] = suite_below(&seed, 8) ? 0 : suite_float(&seed);
	b = bsr(w, rows, cols, shapes[_i].bh, shapes[_i].bw);
	ck_assert_int_eq(b->nblk, brn_bsr_count(w, rows, cols, shapes[_i].bh,
	    shapes[_i].bw));
	ck_assert_int_ge((int64_t)b->nbrow * b->bh, rows);
	ck_assert_int_lt((int64_t)b->nbrow * b->bh, rows + b->bh);
	memset(back, 0xff, sizeof back);
	brn_bsr_to_dense(b, back);
	for (int64_t i = 0; i < rows * cols; i++)
		ck_assert(back[i] == w[i]);
	brn_bsr_free(b);
}
END_TEST

START_TEST(column_major_matrix_gives_the_same_blocks)
{
	int64_t rows = shapes[_i].rows, cols = shapes[_i].cols;
	struct brn_matrix m = { .rows = rows, .cols = cols, .trans = 1 };
	float w[64 * 48], t[64 * 48];
	struct brn_bsr *a, *b;
	uint64_t seed = 1;
	burin_error err;

	for (int64_t i = 0; i < rows * cols; i++) {
		w[i] = suite_below(&seed, 8) ? 0 : suite_float(&seed);
		t[i % cols * rows + i / cols] = w[i];
	}
	m.w = t;
	a = bsr(w, rows, cols, shapes[_i].bh, shapes[_i].bw);
	suite_ok(brn_bsr_from_dense(&m, a->bh, a->bw, 0, &b, &err), err);
	suite_ok(brn_bsr_check(b, &err), err);
	ck_assert_int_eq(a->nblk, b->nblk);
	ck_assert_mem_eq(a->rowptr, b->rowptr,
	    sizeof *a->rowptr * ((size_t)a->nbrow + 1));
	ck_assert_mem_eq(a->colidx, b->colidx,
	    sizeof *a->colidx * (size_t)a->nblk);
	ck_assert_mem_eq(a->vals, b->vals, sizeof *a->vals *
	    (size_t)a->nblk * (size_t)(a->bh * a->bw));
	brn_bsr_free(a);
	brn_bsr_free(b);
}
END_TEST

START_TEST(integers_give_the_blocks_of_their_floats)
{
	int64_t rows = shapes[_i].rows, cols = shapes[_i].cols;
	float w[64 * 48];
	int8_t q[64 * 48];
	uint64_t seed = 1;
	burin_error err;

	for (int64_t i = 0; i < rows * cols; i++) {
		q[i] = (int8_t)(suite_below(&seed, 8) ? 0 :
		    (int)suite_below(&seed, 256) - 128);
		w[i] = q[i];
	}
	for (int trans = 0; trans < 2; trans++) {
		struct brn_matrix m = { w, rows, cols, trans, NULL };
		struct brn_matrix mi = { NULL, rows, cols, trans, q };
		int bh = shapes[_i].bh, bw = shapes[_i].bw;
		struct brn_bsr *a, *b;

		suite_ok(brn_bsr_from_dense(&m, bh, bw, 0, &a, &err), err);
		suite_ok(brn_bsr_from_dense(&mi, bh, bw, 0, &b, &err), err);
		suite_ok(brn_bsr_check(b, &err), err);
		ck_assert_int_eq(a->nblk, b->nblk);
		ck_assert_mem_eq(a->colidx, b->colidx,
		    sizeof *a->colidx * (size_t)a->nblk);
		for (int64_t i = 0; i < (int64_t)a->nblk * bh * bw; i++)
			ck_assert(a->vals[i] == (float)b->ints[i]);
		brn_bsr_free(a);
		brn_bsr_free(b);
	}
}
END_TEST

START_TEST(padding_of_blocks_is_zero)
{
	const float w[] = { 1, 1, 1, 1, 1, 1 };         /* 2 x 3 */
	struct brn_bsr *b = bsr(w, 2, 3, 4, 4);
	float sum = 0;

	ck_assert_int_eq(b->nblk, 1);
	for (int i = 0; i < 16; i++)
		sum += b->vals[i];
	ck_assert(sum == 6 && b->vals[2] == 0 && b->vals[12] == 0);
	brn_bsr_free(b);
}
END_TEST

START_TEST(every_block_can_be_kept)
{
	const float w[12] = { 0 };
	struct brn_bsr *b;
	burin_error err;

	suite_ok(brn_bsr_from_dense(&(struct brn_matrix){ w, 3, 4, 0, NULL,
	    NULL }, 2, 2, 1, &b, &err), err);
	ck_assert_int_eq(b->nblk, 4);
	suite_ok(brn_bsr_check(b, &err), err);
	brn_bsr_free(b);
}
END_TEST

START_TEST(matrix_too_large_for_its_indices_is_refused)
{
	static const struct brn_matrix large[] = {
		{ NULL, INT64_C(1) << 40, 1, 0, NULL },
		{ NULL, 1 << 20, 1 << 20, 0, NULL },
	};
	struct brn_bsr *b = NULL;
	burin_error err;

	for (int i = 0; i < COUNT(large); i++)
		ck_assert_int_eq(brn_bsr_from_dense(&large[i], 1, 1, 1, &b,
		    &err), BURIN_ESHAPE);
	ck_assert_ptr_null(b);
}
END_TEST

START_TEST(damaged_indices_are_found)
{
	static const float w[] = { 1, 1, 1, 1 };
	static const struct { int where, at, v; } damage[] = {
		{ 0, 0, 1 }, { 0, 1, 5 }, { 0, 1, -1 }, { 0, 2, 3 },
		{ 1, 0, 2 }, { 1, 0, -1 }, { 1, 1, 0 },
	};
	struct brn_bsr *b = bsr(w, 2, 2, 1, 1);
	burin_error err;

	(damage[_i].where ? b->colidx : b->rowptr)[damage[_i].at] =
	    damage[_i].v;
	ck_assert_int_eq(brn_bsr_check(b, &err), BURIN_EFORMAT);
	brn_bsr_free(b);
}
END_TEST

static Suite *
bsr_suite(void)
{
	Suite *s = suite_create("bsr");
	TCase *tc = suite_case(s, "bsr", 60);

	tcase_add_test(tc, blocks_are_stored_column_by_column);
	tcase_add_test(tc, negative_zero_is_zero_and_nan_is_not);
	tcase_add_loop_test(tc, matrix_comes_back_from_blocks, 0,
	    COUNT(shapes));
	tcase_add_loop_test(tc, column_major_matrix_gives_the_same_blocks, 0,
	    COUNT(shapes));
	tcase_add_loop_test(tc, integers_give_the_blocks_of_their_floats, 0,
	    COUNT(shapes));
	tcase_add_test(tc, padding_of_blocks_is_zero);
	tcase_add_test(tc, every_block_can_be_kept);
	tcase_add_test(tc, matrix_too_large_for_its_indices_is_refused);
	tcase_add_loop_test(tc, damaged_indices_are_found, 0, 7);
	return s;
}

SUITE_MAIN(bsr_suite)
