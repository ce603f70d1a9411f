/* SPDX-License-Identifier: Apache-2.0
 *
 * Models with layers in bf16: close to those in fp32, the same bits whatever
 * kernel and however many threads, fp32 for few tokens, new weights.  The
 * kernels themselves are in kernels.c.
 */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bert.h"
#include "runtime/options.h"
#include "tests/support/suite.h"

enum { HIDDEN = 64, TOKENS = 60, SIZE = TOKENS * HIDDEN };

static char dir[4096], path[2][4200];
static burin_error err;

/* The same mask, other values.  */
static void
write_model(int i)
{
	struct bert_spec spec = BERT_TINY;
	burin_prune_spec prune = { .bh = 16, .bw = 1, .sparsity = 0.75,
	    .random = 1, .seed = 1 };
	char dense[4200];

	spec.seed = (uint64_t)i + 1;
	snprintf(dense, sizeof dense, "%s/dense.onnx", dir);
	snprintf(path[i], sizeof path[i], "%s/%d.onnx", dir, i);
	ck_assert_int_eq(bert_write(dense, &spec), 0);
	suite_ok(burin_prune(dense, path[i], &prune, sizeof prune, NULL, &err),
	    err);
}

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	chmod(dir, 0700);
	write_model(0);
	write_model(1);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

static int
is_here(void)
{
	return brn_elem_runs(BRN_ELEM_bf16, brn_isa_detect());
}

struct how {
	enum brn_precision precision;
	const char *key, *value, *threads;
	int64_t tokens;
};

static burin_model *
load(int file, const struct how *h)
{
	burin_options *o = burin_options_new();
	burin_model *m;

	o->precision = h->precision;
	if (h->key)
		suite_ok(burin_options_set(o, h->key, h->value, &err), err);
	suite_ok(burin_model_load(path[file], o, &m, &err), err);
	burin_options_free(o);
	return m;
}

static void
run(burin_model *m, const struct how *h, float y[SIZE])
{
	static const char *const name[3] = { "input_ids", "attention_mask",
	    "token_type_ids" };
	int64_t ids[TOKENS], ones[TOKENS], zeros[TOKENS] = { 0 };
	int64_t *data[3] = { ids, ones, zeros };
	burin_session *s = suite_session(m, h->threads ? h->threads : "1");
	burin_output out = { .name = "last_hidden_state", .buffer = y,
	    .room = SIZE * sizeof *y };
	burin_tensor in[3];

	for (int i = 0; i < TOKENS; i++) {
		ids[i] = i * 7 % 100;
		ones[i] = 1;
	}
	for (int i = 0; i < 3; i++)
		in[i] = (burin_tensor){ name[i], BURIN_I64, 2,
		    { 1, h->tokens }, data[i],
		    (size_t)h->tokens * sizeof *ids };
	suite_ok(burin_run(s, in, 3, &out, 1, &err), err);
	burin_session_free(s);
}

static void
load_and_run(struct how h, float y[SIZE])
{
	burin_model *m = load(0, &h);

	memset(y, 0, SIZE * sizeof *y);
	run(m, &h, y);
	burin_model_free(m);
}

static double
cosine(const float *a, const float *b)
{
	double ab = 0, aa = 0, bb = 0;

	for (int i = 0; i < SIZE; i++) {
		ab += (double)a[i] * b[i];
		aa += (double)a[i] * a[i];
		bb += (double)b[i] * b[i];
	}
	return ab / sqrt(aa * bb);
}

static int
same(const float *a, const float *b)
{
	return memcmp(a, b, SIZE * sizeof *a) == 0;
}

static const char *const sparse[] = { "auto", "off" };

START_TEST(result_is_close_to_fp32)
{
	static const int64_t tokens[] = { 5, 16, 24, TOKENS };
	struct how h = { BRN_PRECISION_fp32, "sparse", sparse[_i % 2], NULL,
	    tokens[_i / 2] };
	float a[SIZE], b[SIZE];

	if (!is_here())
		return;
	load_and_run(h, a);
	h.precision = BRN_PRECISION_bf16_always;
	load_and_run(h, b);
	ck_assert(!same(a, b));
	ck_assert_double_gt(cosine(a, b), 0.9999);
}
END_TEST

START_TEST(few_tokens_are_fp32)
{
	struct how h = { BRN_PRECISION_fp32, NULL, NULL, NULL, _i };
	float a[SIZE], b[SIZE];

	if (!is_here())
		return;
	load_and_run(h, a);
	h.precision = BRN_PRECISION_bf16_always;
	load_and_run(h, b);
	ck_assert(same(a, b));
}
END_TEST

START_TEST(kernels_and_threads_give_the_same_bits)
{
	struct how h = { BRN_PRECISION_bf16_always, "jit", "off", "1",
	    TOKENS };
	float a[SIZE], b[SIZE];

	if (!is_here())
		return;
	load_and_run(h, a);
	h.value = "worker";
	h.threads = _i ? "3" : "1";
	load_and_run(h, b);
	ck_assert(same(a, b));
}
END_TEST

START_TEST(layers_say_that_they_are_bf16)
{
	struct how h = { BRN_PRECISION_bf16_always, "sparse", sparse[_i],
	    NULL, 1 };
	burin_model *m;

	if (!is_here())
		return;
	m = load(0, &h);
	for (size_t i = 0; i < burin_model_num_layers(m); i++) {
		const char *k = burin_model_layer(m, i)->kernel;

		ck_assert_ptr_nonnull(strstr(k, ".avx512.bf16"));
		ck_assert_ptr_eq(strstr(k, _i ? "t1_full." : "t1_tile."), k);
	}
	burin_model_free(m);
}
END_TEST

START_TEST(update_brings_weights_in_bf16)
{
	struct how h = { BRN_PRECISION_bf16_always, "sparse", sparse[_i],
	    NULL, TOKENS };
	burin_model *m = load(0, &h), *other = load(1, &h);
	float a[SIZE], b[SIZE], old[SIZE];

	run(m, &h, old);
	suite_ok(burin_model_update(m, path[1], &err), err);
	run(m, &h, a);
	run(other, &h, b);
	ck_assert(same(a, b));
	ck_assert(!same(a, old));
	burin_model_free(m);
	burin_model_free(other);
}
END_TEST

/* Where it is not faster, layers are fp32, and the note says so.  */
START_TEST(precision_is_what_pays)
{
	struct how h = { BRN_PRECISION_bf16, NULL, NULL, NULL, TOKENS };
	burin_model *m = load(0, &h);
	burin_stats st;
	int pays = is_here() && brn_elem_pays(BRN_ELEM_bf16);

	burin_model_stats(m, &st, sizeof st);
	for (size_t i = 0; i < burin_model_num_layers(m); i++)
		ck_assert_str_eq(burin_model_layer(m, i)->precision,
		    pays ? "bf16" : "fp32");
	ck_assert_int_eq(strstr(st.note, "precision: bf16 is ") != NULL,
	    !pays);
	burin_model_free(m);
}
END_TEST

static Suite *
bf16_suite(void)
{
	Suite *s = suite_create("bf16");
	TCase *tc = suite_case(s, "model", 120);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, result_is_close_to_fp32, 0, 8);
	tcase_add_loop_test(tc, few_tokens_are_fp32, 1, BRN_FEW_TOKENS + 1);
	tcase_add_loop_test(tc, kernels_and_threads_give_the_same_bits, 0, 2);
	tcase_add_loop_test(tc, layers_say_that_they_are_bf16, 0, 2);
	tcase_add_loop_test(tc, update_brings_weights_in_bf16, 0, 2);
	tcase_add_test(tc, precision_is_what_pays);
	return s;
}

SUITE_MAIN(bf16_suite)
