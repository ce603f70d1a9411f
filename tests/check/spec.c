/* SPDX-License-Identifier: Apache-2.0
 *
 * Specs: which kernel is chosen, canonical bytes and back, and bytes that
 * nobody wrote; instruction sets by name; estimates.
 */
#include <string.h>

#include "jit/kernel/choose.h"
#include "jit/spec.h"
#include "tests/support/suite.h"

/* A 6x8 layer in blocks of 2x1: 3 block rows, one of them empty.  */
static int32_t some_rowptr[] = { 0, 2, 2, 5 };
static int32_t some_colidx[] = { 1, 4, 0, 3, 7 };
static struct brn_bsr some = {
	.rows = 6, .cols = 8, .bh = 2, .bw = 1, .nbrow = 3, .nbcol = 8,
	.nblk = 5, .rowptr = some_rowptr, .colidx = some_colidx,
};

static int32_t full_rowptr[] = { 0, 2, 4 };
static int32_t full_colidx[] = { 0, 1, 0, 1 };
static struct brn_bsr full = {
	.rows = 4, .cols = 4, .bh = 2, .bw = 2, .nbrow = 2, .nbcol = 2,
	.nblk = 4, .rowptr = full_rowptr, .colidx = full_colidx,
};

static const struct {
	const struct brn_bsr *b;
	const char *compiler;
	enum brn_kernel_id kernel;
	const char *text;
} cases[] = {
	{ &some, "c", BRN_KERNEL_t1_tile,
	    "t1_tile 2x1 6x8 density 0.21 avx2 bias" },
	{ &full, "c", BRN_KERNEL_t1_full,
	    "t1_full 2x2 4x4 density 1 avx2 bias" },
	{ &some, "", BRN_KERNEL_t0, "t0 2x1 6x8 density 0.21 avx2 bias" },
	{ &full, "", BRN_KERNEL_t0, "t0 2x2 4x4 density 1 avx2 bias" },
};

static struct brn_buf
bytes_of(int i)
{
	struct brn_spec s;
	struct brn_buf out = { 0 };

	brn_spec_init(&s, cases[i].b, BRN_EPI_BIAS, BRN_ISA_avx2,
	    cases[i].compiler);
	brn_choose_first(&s);
	brn_spec_encode(&s, &out);
	ck_assert(!out.fail);
	return out;
}

START_TEST(first_kernel_that_fits_is_taken)
{
	struct brn_buf text = { 0 };
	struct brn_spec s;

	brn_spec_init(&s, cases[_i].b, BRN_EPI_BIAS, BRN_ISA_avx2,
	    cases[_i].compiler);
	brn_choose_first(&s);
	ck_assert_int_eq(s.kernel, cases[_i].kernel);
	brn_spec_describe(&s, &text);
	ck_assert_str_eq((char *)text.p, cases[_i].text);
	brn_buf_free(&text);
}
END_TEST

/* What decodes is what encodes to the same bytes.  */
static int
decodes(const void *p, size_t n)
{
	struct brn_arena *arena = brn_arena_new();
	struct brn_buf again = { 0 };
	struct brn_spec s;
	burin_error err;
	int rc = brn_spec_decode(p, n, arena, &s, &err);

	if (rc == 0) {
		brn_spec_encode(&s, &again);
		ck_assert_uint_eq(again.n, n);
		ck_assert_mem_eq(again.p, p, n);
		brn_buf_free(&again);
	} else {
		ck_assert_int_eq(rc, BURIN_EFORMAT);
	}
	brn_arena_free(arena);
	return rc == 0;
}

START_TEST(bytes_survive_a_round_trip)
{
	struct brn_buf b = bytes_of(_i);

	ck_assert(decodes(b.p, b.n));
	brn_buf_free(&b);
}
END_TEST

/* The element type is in the bytes, so in the key, and in the text.  */
START_TEST(element_type_survives_a_round_trip)
{
	static const char *const text[BRN_NUM_ELEMS] = {
		"t1_tile 2x1 6x8 density 0.21 avx512 bias",
		"t1_tile 2x1 6x8 density 0.21 avx512 bf16 bias",
		"t1_tile 2x1 6x8 density 0.21 avx512 i8 bias",
	};
	struct brn_buf b[BRN_NUM_ELEMS] = { { 0 } };

	for (int e = 0; e < BRN_NUM_ELEMS; e++) {
		struct brn_buf says = { 0 };
		struct brn_spec s;

		brn_spec_init(&s, &some, BRN_EPI_BIAS, BRN_ISA_avx512, "c");
		s.elem = (enum brn_elem)e;
		s.kernel = BRN_KERNEL_t1_tile;
		brn_spec_encode(&s, &b[e]);
		ck_assert(decodes(b[e].p, b[e].n));
		brn_spec_describe(&s, &says);
		ck_assert_str_eq((char *)says.p, text[e]);
		brn_buf_free(&says);
		for (int i = 0; i < e; i++)
			ck_assert(b[i].n != b[e].n ||
			    memcmp(b[i].p, b[e].p, b[i].n));
	}
	for (int e = 0; e < BRN_NUM_ELEMS; e++)
		brn_buf_free(&b[e]);
}
END_TEST

/* Kernels for fp32 do not fit other types, and tier 1 does with AVX-512
 * only.  */
START_TEST(other_element_types_are_of_tier_1)
{
	for (int k = 0; k < BRN_NUM_KERNELS; k++)
		for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
			struct brn_spec s;

			brn_spec_init(&s, &some, 0, (enum brn_isa)isa, "c");
			s.elem = (enum brn_elem)_i;
			s.kernel = (enum brn_kernel_id)k;
			ck_assert_int_eq(brn_kernel_fits(&s),
			    k == BRN_KERNEL_t0 || (k == BRN_KERNEL_t1_tile &&
			    isa == BRN_ISA_avx512));
		}
}
END_TEST

/* A half and a quarter of the multiply-adds.  */
START_TEST(other_element_types_are_predicted_to_be_faster)
{
	static const double gain[BRN_NUM_ELEMS] = { 1, 1.45, 2 };
	struct brn_layer_shape l = { 768, 768, 16, 1, 48 * 77, NULL, 0,
	    BRN_ELEM_f32 };
	double f32 = brn_estimate(BRN_ISA_avx512, &l).time;

	l.elem = _i;
	ck_assert_double_gt(f32, gain[_i] *
	    brn_estimate(BRN_ISA_avx512, &l).time);
}
END_TEST

/* Each prefix in memory of its own, so that a tool sees a read beyond it.  */
START_TEST(truncated_bytes_are_refused)
{
	struct brn_buf b = bytes_of(_i);

	for (size_t n = 0; n < b.n; n++) {
		uint8_t *p = malloc(n ? n : 1);

		ck_assert_ptr_nonnull(p);
		memcpy(p, b.p, n);
		ck_assert(!decodes(p, n));
		free(p);
	}
	brn_buf_u8(&b, 0);
	ck_assert(!decodes(b.p, b.n));
	brn_buf_free(&b);
}
END_TEST

START_TEST(flipped_bytes_are_refused_or_another_spec)
{
	static const uint8_t flips[] = { 1, 2, 0x40, 0x80, 0xff };
	struct brn_buf b = bytes_of(_i);

	for (size_t n = 0; n < b.n; n++)
		for (int f = 0; f < COUNT(flips); f++) {
			b.p[n] ^= flips[f];
			decodes(b.p, b.n);
			b.p[n] ^= flips[f];
		}
	brn_buf_free(&b);
}
END_TEST

/* The last bytes of the pattern case are its colidx.  */
START_TEST(pattern_out_of_order_is_refused)
{
	struct brn_buf b = bytes_of(0);

	b.p[b.n - 4] = 3;
	ck_assert(!decodes(b.p, b.n));
	b.p[b.n - 4] = 8;
	ck_assert(!decodes(b.p, b.n));
	b.p[b.n - 4] = 6;
	ck_assert(decodes(b.p, b.n));
	brn_buf_free(&b);
}
END_TEST

START_TEST(instruction_sets_have_names)
{
	for (int i = 0; i < BRN_NUM_ISAS; i++)
		ck_assert_int_eq(brn_isa_parse(brn_isas[i].name), i);
	ck_assert_int_eq(brn_isa_parse("auto"), (int)brn_isa_detect());
	ck_assert_int_eq(brn_isa_parse("mmx"), -1);
	ck_assert(brn_isa_runs(brn_isa_detect()));
	ck_assert(brn_isa_runs(BRN_ISA_generic));
}
END_TEST

static double
predict(enum brn_isa isa, int bh, int64_t nblk)
{
	struct brn_estimate e = brn_estimate(isa, &(struct brn_layer_shape){
	    768, 768, bh, 1, nblk, NULL });

	ck_assert_int_gt(brn_kernels[e.kernel].tier, 0);
	ck_assert(e.time > 0);
	return e.time;
}

/* Of equal weights in a layer, those in higher blocks cost hardly more;
 * fewer blocks are cheaper.  */
START_TEST(cost_prefers_high_blocks_and_few)
{
	enum brn_isa isa = (enum brn_isa)_i;

	for (int bh = 1; bh < 32; bh *= 2) {
		int64_t nblk = 768 * 64 / bh;
		double low = predict(isa, bh, nblk);
		double high = predict(isa, 2 * bh, nblk / 2);

		ck_assert_double_lt(high, 1.1 * low);
	}
	ck_assert_double_lt(predict(isa, 16, 1000), predict(isa, 16, 1100));
}
END_TEST

START_TEST(what_is_too_much_is_named)
{
	static const struct {
		enum brn_isa isa;
		int64_t rows, cols;
		int bh;
		int64_t nblk;
		const char *limit;
	} layers[] = {
		{ BRN_ISA_avx512, 768, 768, 1, 60000, NULL },
		{ BRN_ISA_avx512, 3072, 3072, 1, 900000, "straight" },
		{ BRN_ISA_avx512, 3072, 3072, 2, 900000, NULL },
		{ BRN_ISA_avx2, 3072, 3072, 1, 900000, NULL },
		{ BRN_ISA_avx512, 8192, 8192, 1, 6700000, "to compile" },
		{ BRN_ISA_sse2, 8192, 8192, 2, 6700000, "to compile" },
		{ BRN_ISA_avx512, 8192, 8192, 1, 8192 * 8192, NULL },
	};

	for (int i = 0; i < COUNT(layers); i++) {
		const char *limit = brn_estimate(layers[i].isa,
		    &(struct brn_layer_shape){ layers[i].rows,
		    layers[i].cols, layers[i].bh, 1, layers[i].nblk, NULL }).
		    limit;

		ck_assert_int_eq(limit != NULL, layers[i].limit != NULL);
		if (limit)
			ck_assert(strstr(limit, layers[i].limit));
	}
}
END_TEST

/* Weights of rows in groups of 16, and of single rows.  */
START_TEST(grouped_rows_are_run_by_t2_where_it_fits)
{
	static const struct {
		int64_t high, low;
		int t2;
	} rows[] = {
		{ 60000, 0, 1 }, { 30000, 30000, 1 }, { 0, 60000, 0 },
		{ 6700000, 0, 0 },
	};

	for (int i = 0; i < COUNT(rows); i++) {
		struct brn_row_stats r = { { rows[i].high } };
		struct brn_layer_shape l = { 8192, 8192, 1, 1,
		    rows[i].high + rows[i].low, NULL };
		struct brn_estimate before = brn_estimate((enum brn_isa)_i,
		    &l), after;

		r.weights[BRN_GROUP_SIZES - 1] = rows[i].low;
		l.rows_grouped = &r;
		after = brn_estimate((enum brn_isa)_i, &l);
		ck_assert_int_eq(after.kernel, rows[i].t2 ? BRN_KERNEL_t2 :
		    before.kernel);
		ck_assert_int_eq(after.time < before.time, rows[i].t2);
	}
}
END_TEST

/* 600 block rows, each with a weight in column 0.  */
START_TEST(windows_have_as_many_rows_whatever_the_block)
{
	static int32_t rowptr[601], colidx[600];
	struct brn_spec s;

	for (int i = 0; i <= 600; i++)
		rowptr[i] = i;
	for (int bh = 1; bh < 16; bh++) {
		struct brn_bsr b = { 600 * bh, 9, bh, 1, 600, 9, 600, rowptr,
		    colidx, NULL };

		struct brn_plan plan;
		burin_error err;

		brn_spec_init(&s, &b, 0, BRN_ISA_avx512, "id");
		suite_ok(brn_choose(&s, BRN_KERNEL_t2, &plan, &err), err);
		ck_assert_int_eq(s.kernel, BRN_KERNEL_t2);
		ck_assert_int_gt(plan.grain * bh, 192 - bh);
		ck_assert_int_le(plan.grain * bh, 192);
		brn_plan_clear(&plan);
	}
}
END_TEST

/* 59 rows of 1x1, one weight a row.  */
START_TEST(only_a_kernel_that_fits_is_preferred)
{
	static const struct {
		const char *compiler;
		int wanted, got;
	} cases_of[] = {
		{ "id", BRN_KERNEL_t1_tile, BRN_KERNEL_t1_tile },
		{ "id", BRN_KERNEL_t1_full, BRN_KERNEL_t3 },
		{ "id", BRN_KERNEL_t0, BRN_KERNEL_t3 },
		{ "id", BRN_KERNEL_t2, BRN_KERNEL_t2 },
		{ "id", BRN_NO_KERNEL, BRN_KERNEL_t2 },
		{ "", BRN_KERNEL_t1_tile, BRN_KERNEL_t0 },
		{ "", BRN_NO_KERNEL, BRN_KERNEL_t0 },
	};
	int32_t rowptr[60], colidx[59] = { 0 };
	struct brn_bsr b = { 59, 59, 1, 1, 59, 59, 59, rowptr, colidx, NULL };

	for (int i = 0; i < 60; i++)
		rowptr[i] = i;
	for (int i = 0; i < COUNT(cases_of); i++) {
		struct brn_plan plan;
		struct brn_spec s;
		burin_error err;

		brn_spec_init(&s, &b, 0, BRN_ISA_avx512, cases_of[i].compiler);
		suite_ok(brn_choose(&s, cases_of[i].wanted, &plan, &err), err);
		ck_assert_int_eq(s.kernel, cases_of[i].got);
		ck_assert_int_ge(plan.grain, 1);
		brn_plan_clear(&plan);
	}
}
END_TEST

static Suite *
spec_suite(void)
{
	Suite *s = suite_create("spec");
	TCase *tc = suite_case(s, "bytes", 30);

	tcase_add_loop_test(tc, first_kernel_that_fits_is_taken, 0,
	    COUNT(cases));
	tcase_add_loop_test(tc, bytes_survive_a_round_trip, 0, COUNT(cases));
	tcase_add_test(tc, element_type_survives_a_round_trip);
	tcase_add_loop_test(tc, other_element_types_are_of_tier_1,
	    BRN_ELEM_f32 + 1, BRN_NUM_ELEMS);
	tcase_add_loop_test(tc, other_element_types_are_predicted_to_be_faster,
	    BRN_ELEM_f32 + 1, BRN_NUM_ELEMS);
	tcase_add_loop_test(tc, truncated_bytes_are_refused, 0, COUNT(cases));
	tcase_add_loop_test(tc, flipped_bytes_are_refused_or_another_spec, 0,
	    COUNT(cases));
	tcase_add_test(tc, pattern_out_of_order_is_refused);
	tcase_add_test(tc, only_a_kernel_that_fits_is_preferred);
	tcase_add_test(tc, windows_have_as_many_rows_whatever_the_block);
	tc = suite_case(s, "target", 30);
	tcase_add_test(tc, instruction_sets_have_names);
	tcase_add_loop_test(tc, cost_prefers_high_blocks_and_few, 0,
	    BRN_NUM_ISAS);
	tcase_add_test(tc, what_is_too_much_is_named);
	tcase_add_loop_test(tc, grouped_rows_are_run_by_t2_where_it_fits, 0,
	    BRN_NUM_ISAS);
	return s;
}

SUITE_MAIN(spec_suite)
