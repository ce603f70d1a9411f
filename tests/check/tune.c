/* SPDX-License-Identifier: Apache-2.0
 *
 * Tuning: what was measured is found again, by the same layer only, and a
 * record that somebody made up does no harm.
 */
#include <string.h>

#include "ir/graph/estimate.h"
#include "jit/compiler.h"
#include "jit/spec.h"
#include "jit/tune/tune.h"
#include "tests/support/suite.h"

enum { N = 64, NCAND = 4, DENSE = 3 };

static char dir[256];
static float w[N * N];
static burin_error err;

/* One block of 16x1 in four.  */
static void
setup(void)
{
	uint64_t seed = 3;

	suite_tmpdir(dir, sizeof dir);
	memset(w, 0, sizeof w);
	for (int b = 0; b < N * N / 16; b++)
		if (suite_below(&seed, 4) == 0)
			for (int r = 0; r < 16; r++)
				w[(b / N * 16 + r) * N + b % N] = 1;
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

static struct brn_tune *
book(int measure)
{
	struct brn_jit_opts o = { .mode = BRN_JIT_worker, .cache_dir = dir,
	    .limits = { -1, -1 }, .retry = 1, .wait = 1 };
	struct brn_tune *t;

	suite_ok(brn_tune_new(&o, brn_isa_detect(), measure, &t, &err), err);
	return t;
}

static void
ask(struct brn_tune *t, uint64_t mask, struct brn_candidate c[NCAND])
{
	static const struct brn_candidate fresh[NCAND] = {
		{ 16, 1, 0, .25, BRN_NO_KERNEL, 1, 0, NULL },
		{ 8, 1, 0, .25, BRN_NO_KERNEL, 2, 0, NULL },
		{ 1, 1, 0, .25, BRN_NO_KERNEL, 3, 0, NULL },
		{ 16, 1, 1, 1, BRN_NO_KERNEL, 4, 0, NULL },
	};
	struct brn_matrix m = { w, N, N, 0, NULL };

	memcpy(c, fresh, sizeof fresh);
	suite_ok(brn_tune_look_up(t, &m, mask, c, NCAND, &err), err);
}

/* The same by a book of its own.  */
static void
ask_anew(int measure, uint64_t mask, struct brn_candidate c[NCAND])
{
	struct brn_tune *t = book(measure);

	ask(t, mask, c);
	brn_tune_free(t);
}

static void
expect_unknown(const struct brn_candidate *c)
{
	for (int i = 0; i < NCAND; i++) {
		ck_assert(c[i].measured == 0);
		ck_assert_int_eq(c[i].kernel, BRN_NO_KERNEL);
	}
}

START_TEST(what_was_measured_is_found_again)
{
	struct brn_candidate made[NCAND], found[NCAND];

	ask_anew(0, 1, made);
	expect_unknown(made);
	ask_anew(1, 1, made);
	ask_anew(0, 1, found);
	for (int i = 0; i < NCAND; i++) {
		ck_assert(made[i].measured > 0);
		ck_assert(fabs(found[i].measured - made[i].measured) < 1);
		ck_assert_int_eq(found[i].kernel, made[i].kernel);
	}
	ck_assert_int_eq(found[DENSE].kernel, BRN_KERNEL_t1_full);
	ask_anew(1, 1, found);
	ck_assert(fabs(found[0].measured - made[0].measured) < 1);
}
END_TEST

START_TEST(other_masks_know_nothing)
{
	struct brn_candidate c[NCAND];

	ask_anew(1, 1, c);
	ask_anew(0, 2, c);
	expect_unknown(c);
}
END_TEST

START_TEST(sealed_book_says_what_it_said_before)
{
	struct brn_candidate before[NCAND], after[NCAND], other[NCAND];
	struct brn_tune *t = book(0);

	ask(t, 1, before);
	ask_anew(1, 1, other);
	ask_anew(1, 2, other);
	brn_tune_seal(t);
	ask(t, 1, after);
	expect_unknown(after);
	ask(t, 2, after);
	expect_unknown(after);
	brn_tune_free(t);
}
END_TEST

/* ---- records of others ------------------------------------------------ */

struct found {
	struct brn_key key;
	char desc[1000];
	size_t ndesc;
};

static void
find_record(void *ctx, const struct brn_store_entry *e)
{
	struct found *f = ctx;
	struct brn_buf text = { 0 };

	if (!brn_tune_describe(e->desc, e->ndesc, 0, &text))
		return;
	ck_assert_uint_lt(e->ndesc, sizeof f->desc);
	f->key = e->key;
	memcpy(f->desc, e->desc, e->ndesc);
	f->ndesc = e->ndesc;
	brn_buf_free(&text);
}

/* Put text in the place of the one record there is.  */
static void
forge(const char *text, size_t n)
{
	struct found f = { .ndesc = 0 };
	struct brn_store *s;
	struct brn_temp tmp;

	suite_ok(brn_store_open(dir, &s, &err), err);
	suite_ok(brn_store_each(s, 1, find_record, &f, &err), err);
	ck_assert_uint_gt(f.ndesc, 0);
	suite_ok(brn_store_temp(s, &f.key, &tmp, &err), err);
	ck_assert_int_eq(write(tmp.fd, text, n), (ssize_t)n);
	suite_ok(brn_store_publish(s, &f.key, &tmp, f.desc, f.ndesc, &err),
	    err);
	brn_store_close(s);
}

static const char *const forged[] = {
	"\n", "end\n", "\nend\n", "16x1 t1_tile 5\n", "16x1 t1_tile 5",
	"16x1 nonsense 5\nend\n", "16x1 t0 5\nend\n",
	"16x1 t1_tile -5\nend\n", "16x1 t1_tile 0\nend\n",
	"16x1 t1_tile x\nend\n", "7x9 t1_tile 5\nend\n",
	"16x1\nt1_tile\n5\nend\n", "%s%n %s%n 5\nend\n",
};

START_TEST(forged_record_says_nothing)
{
	struct brn_candidate c[NCAND];

	ask_anew(1, 1, c);
	forge(forged[_i], strlen(forged[_i]));
	ask_anew(0, 1, c);
	expect_unknown(c);
}
END_TEST

START_TEST(endless_record_says_nothing)
{
	static char text[1 << 20];
	struct brn_candidate c[NCAND];

	ask_anew(1, 1, c);
	memset(text, 'x', sizeof text);
	forge(text, sizeof text);
	ask_anew(0, 1, c);
	expect_unknown(c);
	memset(text, 0, sizeof text);
	forge(text, sizeof text);
	ask_anew(0, 1, c);
	expect_unknown(c);
}
END_TEST

/* What it claims is believed, and that is all.  */
START_TEST(forged_record_can_lie_about_time)
{
	static const char lie[] = "8x1 t1_tile 7000\nend\n";
	struct brn_candidate c[NCAND];

	ask_anew(1, 1, c);
	forge(lie, strlen(lie));
	ask_anew(0, 1, c);
	ck_assert(c[1].measured == 7);
	ck_assert(c[0].measured == 0 && c[DENSE].measured == 0);
}
END_TEST

static Suite *
tune_suite(void)
{
	Suite *s = suite_create("tune");
	TCase *tc = suite_case(s, "records", 120);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_measured_is_found_again);
	tcase_add_test(tc, other_masks_know_nothing);
	tcase_add_test(tc, sealed_book_says_what_it_said_before);
	tcase_add_loop_test(tc, forged_record_says_nothing, 0, COUNT(forged));
	tcase_add_test(tc, endless_record_says_nothing);
	tcase_add_test(tc, forged_record_can_lie_about_time);
	return s;
}

SUITE_MAIN(tune_suite)
