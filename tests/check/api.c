/* SPDX-License-Identifier: Apache-2.0
 *
 * The public functions on a small BERT: shapes that change, threads, what is
 * refused and with which words.  Linked with the shared library, so that it
 * sees what users see.
 */
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "bench/bert.h"
#include "burin.h"
#include "ir/base.h"
#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

enum { HIDDEN = 64, MAX_TOKENS = 256 };

static char dir[4096], dense_path[4200], path[4200];
static burin_error err;

/* A model of every kind that tests need, made once before the forks.  */
static void
setup(void)
{
	static const struct bert_spec spec = BERT_TINY;
	burin_prune_spec prune = { .bh = 16, .bw = 1, .sparsity = 0.75 };

	suite_tmpdir(dir, sizeof dir);
	snprintf(dense_path, sizeof dense_path, "%s/dense.onnx", dir);
	snprintf(path, sizeof path, "%s/pruned.onnx", dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	chmod(dir, 0700);
	ck_assert_int_eq(bert_write(dense_path, &spec), 0);
	suite_ok(burin_prune(dense_path, path, &prune, sizeof prune, NULL,
	    &err), err);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

struct feed {
	int64_t ids[MAX_TOKENS], mask[MAX_TOKENS], types[MAX_TOKENS];
	burin_tensor in[3];
};

/* The inputs of batch x len tokens; the last pad tokens of each row are
 * masked.  */
static void
feed_init(struct feed *f, int64_t batch, int64_t len, int64_t pad)
{
	int64_t *data[3] = { f->ids, f->mask, f->types };
	static const char *const name[3] = { "input_ids", "attention_mask",
	    "token_type_ids" };
	uint64_t seed = 3;

	ck_assert_int_le(batch * len, MAX_TOKENS);
	for (int64_t i = 0; i < batch * len; i++) {
		f->ids[i] = suite_below(&seed, 100);
		f->mask[i] = i % len < len - pad;
		f->types[i] = 0;
	}
	for (int i = 0; i < 3; i++)
		f->in[i] = (burin_tensor){ name[i], BURIN_I64, 2,
		    { batch, len }, data[i],
		    (size_t)(batch * len) * sizeof (int64_t) };
}

static burin_output
output(void *buffer, size_t room)
{
	return (burin_output){ .name = "last_hidden_state",
	    .buffer = buffer, .room = room };
}

static void
run(burin_session *s, struct feed *f, float *y)
{
	burin_output out = output(y, MAX_TOKENS * HIDDEN * sizeof *y);

	suite_ok(burin_run(s, f->in, 3, &out, 1, &err), err);
	ck_assert_int_eq(out.rank, 3);
	ck_assert_int_eq(out.dims[0], f->in[0].dims[0]);
	ck_assert_int_eq(out.dims[1], f->in[0].dims[1]);
	ck_assert_int_eq(out.dims[2], HIDDEN);
}

static const int64_t shapes[][3] = {    /* batch, length, padding */
	{ 1, 1, 0 }, { 1, 7, 0 }, { 3, 16, 5 }, { 2, 17, 1 }, { 1, 64, 9 },
	{ 4, 64, 0 },
};

START_TEST(sparse_and_dense_agree)
{
	static float a[MAX_TOKENS * HIDDEN], b[MAX_TOKENS * HIDDEN];
	burin_model *ms = suite_load(path, NULL, NULL);
	burin_model *md = suite_load(path, "sparse", "off");
	burin_session *ss = suite_session(ms, "1");
	burin_session *sd = suite_session(md, "1");
	struct feed f;

	feed_init(&f, shapes[_i][0], shapes[_i][1], shapes[_i][2]);
	run(ss, &f, a);
	run(sd, &f, b);
	for (int64_t i = 0; i < shapes[_i][0] * shapes[_i][1] * HIDDEN; i++)
		suite_near(a[i], b[i], 1e-4);
	burin_session_free(ss);
	burin_session_free(sd);
	burin_model_free(ms);
	burin_model_free(md);
}
END_TEST

START_TEST(pruned_layers_are_sparse_and_say_why)
{
	burin_model *m = suite_load(path, NULL, NULL);

	ck_assert_uint_eq(burin_model_num_layers(m), 12);
	for (size_t i = 0; i < 12; i++) {
		const burin_layer_info *l = burin_model_layer(m, i);

		ck_assert_str_eq(l->decision, "sparse");
		ck_assert_str_eq(l->op, "bsr_dense");
		/* Columns of so small an FFN are zero by chance and leave. */
		if (!strstr(l->name, "attention"))
			continue;
		ck_assert_int_eq(l->bh, 16);
		ck_assert_int_eq(l->bw, 1);
		suite_near(l->density, 0.25, 0.01);
		ck_assert_ptr_nonnull(strstr(l->why, "16x1"));
	}
	ck_assert_ptr_null(burin_model_layer(m, 12));
	burin_model_free(m);
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
	static float a[MAX_TOKENS * HIDDEN], b[MAX_TOKENS * HIDDEN];
	burin_model *m = suite_load(path, NULL, NULL);
	burin_session *one = suite_session(m, "1");
	burin_session *many = suite_session(m, "3");
	struct feed f;

	feed_init(&f, 3, 50, 3);
	run(one, &f, a);
	run(many, &f, b);
	ck_assert_int_eq(memcmp(a, b, 150 * HIDDEN * sizeof *a), 0);
	burin_session_free(one);
	burin_session_free(many);
	burin_model_free(m);
}
END_TEST

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

START_TEST(threads_sleep_between_runs)
{
	static float y[MAX_TOKENS * HIDDEN];
	burin_model *m = suite_load(path, NULL, NULL);
	burin_session *s = suite_session(m, "2");
	struct timespec wait = { 0, 30000000 };
	struct feed f;
	double before;

	feed_init(&f, 1, 50, 3);
	run(s, &f, y);
	before = cpu_ms();
	nanosleep(&wait, NULL);
	ck_assert(cpu_ms() - before < 10);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

START_TEST(shapes_may_change_from_run_to_run)
{
	static float first[MAX_TOKENS * HIDDEN], y[MAX_TOKENS * HIDDEN];
	burin_model *m = suite_load(path, NULL, NULL);
	burin_session *s = suite_session(m, "1");
	burin_stats before, after;
	struct feed f;

	burin_model_stats(m, &before, sizeof before);
	feed_init(&f, 2, 9, 1);
	run(s, &f, first);
	for (int64_t len = 1; len < 30; len++) {  /* more than it remembers */
		feed_init(&f, 1, len, 0);
		run(s, &f, y);
	}
	feed_init(&f, 2, 9, 1);
	run(s, &f, y);
	ck_assert_int_eq(memcmp(first, y, 18 * HIDDEN * sizeof *y), 0);
	burin_model_stats(m, &after, sizeof after);
	ck_assert_int_eq(before.compiled, after.compiled);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

START_TEST(masked_tokens_do_not_count)
{
	static float a[MAX_TOKENS * HIDDEN], b[MAX_TOKENS * HIDDEN];
	burin_model *m = suite_load(path, NULL, NULL);
	burin_session *s = suite_session(m, "1");
	struct feed f;

	feed_init(&f, 1, 20, 8);
	run(s, &f, a);
	for (int i = 12; i < 20; i++)
		f.ids[i] = 99 - f.ids[i];
	run(s, &f, b);
	ck_assert_int_eq(memcmp(a, b, 12 * HIDDEN * sizeof *a), 0);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

START_TEST(session_outlives_its_model)
{
	static float y[MAX_TOKENS * HIDDEN];
	burin_model *m = suite_load(path, NULL, NULL);
	burin_session *s = suite_session(m, "1");
	struct feed f;

	burin_model_free(m);
	feed_init(&f, 1, 5, 0);
	run(s, &f, y);
	burin_session_free(s);
}
END_TEST

struct racer {
	burin_model *m;
	float y[MAX_TOKENS * HIDDEN];
};

static void *
race(void *ctx)
{
	struct racer *r = ctx;
	burin_session *s = suite_session(r->m, "1");
	struct feed f;

	for (int64_t len = 1; len < 12; len++) {
		feed_init(&f, 1, len, 0);
		run(s, &f, r->y);
	}
	burin_session_free(s);
	return NULL;
}

START_TEST(model_is_shared_between_threads)
{
	static struct racer r[4];
	pthread_t t[4];

	r[0].m = suite_load(path, NULL, NULL);
	for (int i = 0; i < 4; i++) {
		r[i].m = r[0].m;
		ck_assert_int_eq(pthread_create(&t[i], NULL, race, &r[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (int i = 1; i < 4; i++)
		ck_assert_int_eq(memcmp(r[0].y, r[i].y,
		    11 * HIDDEN * sizeof (float)), 0);
	burin_model_free(r[0].m);
}
END_TEST

START_TEST(second_load_compiles_nothing)
{
	burin_model *m = suite_load(path, NULL, NULL);
	burin_stats st;

	burin_model_stats(m, &st, sizeof st);
	ck_assert_int_gt(st.kernels, 0);
	ck_assert_int_eq(st.failed, 0);
	burin_model_free(m);
	m = suite_load(path, NULL, NULL);
	burin_model_stats(m, &st, sizeof st);
	ck_assert_int_eq(st.compiled, 0);
	ck_assert_int_eq(st.disk_hits + st.memory_hits, st.kernels);
	burin_model_free(m);
}
END_TEST

/* As programs see the library that were built with an older or a newer
 * burin.h.  */
START_TEST(structs_of_other_sizes_are_known)
{
	struct { burin_stats st; char more[16]; } newer;
	struct { int kernels, compiled; char end[16]; } older;
	struct { burin_prune_spec spec; int more; } later = {
		{ .bh = 16, .bw = 1, .sparsity = 0.5 }, 0 };
	burin_model *m = suite_load(path, NULL, NULL);
	size_t size = offsetof(burin_prune_spec, random);
	char out[4300];

	memset(&newer, 1, sizeof newer);
	memset(&older, 1, sizeof older);
	burin_model_stats(m, &newer.st, sizeof newer);
	burin_model_stats(m, (burin_stats *)(void *)&older, 8);
	ck_assert_int_gt(older.kernels, 0);
	ck_assert_int_eq(older.kernels, newer.st.kernels);
	ck_assert(newer.st.load_ms > 0);
	for (int i = 0; i < COUNT(newer.more); i++)
		ck_assert(newer.more[i] == 0 && older.end[i] == 1);
	burin_process_stats(&newer.st, sizeof newer);
	burin_process_stats((burin_stats *)(void *)&older, 8);
	ck_assert_int_eq(older.kernels, newer.st.kernels);
	ck_assert_int_eq(older.end[0], 1);
	burin_model_free(m);

	snprintf(out, sizeof out, "%s/other.onnx", dir);
	suite_ok(burin_prune(dense_path, out, &later.spec, sizeof later, NULL,
	    &err), err);
	suite_ok(burin_prune(dense_path, out, &later.spec, size, NULL, &err),
	    err);
	later.more = 1;
	ck_assert_int_eq(burin_prune(dense_path, out, &later.spec,
	    sizeof later, NULL, &err), BURIN_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "burin_prune: byte "));
}
END_TEST

START_TEST(without_compiler_it_runs_and_says_so)
{
	static float a[MAX_TOKENS * HIDDEN], b[MAX_TOKENS * HIDDEN];
	burin_model *m = suite_load(path, NULL, NULL), *off;
	burin_session *s = suite_session(m, "1"), *soff;
	burin_stats st;
	struct feed f;
	char empty[4300];

	feed_init(&f, 2, 30, 4);
	run(s, &f, a);
	burin_session_free(s);
	burin_model_free(m);            /* gone from memory, too */
	snprintf(empty, sizeof empty, "%s/none", dir);
	setenv("BURIN_CACHE_DIR", empty, 1);
	off = suite_load(path, "jit", "off");
	burin_model_stats(off, &st, sizeof st);
	ck_assert_int_eq(st.failed, st.kernels);
	ck_assert_str_ne(st.note, "");
	soff = suite_session(off, "1");
	run(soff, &f, b);
	for (int i = 0; i < 60 * HIDDEN; i++)
		suite_near(b[i], a[i], 1e-4);
	burin_session_free(soff);
	burin_model_free(off);
}
END_TEST

START_TEST(profile_names_every_step)
{
	static float y[MAX_TOKENS * HIDDEN];
	burin_model *m = suite_load(path, NULL, NULL);
	burin_session *s = suite_session(m, "1");
	const burin_step_info *step;
	struct feed f;
	int layers = 0;

	feed_init(&f, 1, 20, 0);
	run(s, &f, y);
	burin_session_profile(s, 1);
	run(s, &f, y);
	run(s, &f, y);
	for (size_t i = 0; (step = burin_session_step(s, i)); i++) {
		ck_assert_str_ne(step->name, "");
		ck_assert_str_ne(step->kernel, "");
		ck_assert_int_eq(step->calls, 2);
		ck_assert_double_ge(step->ms, 0);
		layers += step->layer >= 0;
	}
	ck_assert_int_eq(layers, 12);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

/* What is wrong with a run, and the words it is refused with.  */
static void
spoil(struct feed *f, burin_output *out, size_t *nin, int how)
{
	static const char *const other = "nonsense";

	switch (how) {
	case 0: f->in[1].name = other; break;
	case 1: *nin = 2; break;
	case 2: f->in[1] = f->in[0]; break;
	case 3: f->in[0].nbytes--; break;
	case 4: f->in[0].data = NULL; break;
	case 5: f->in[0].rank = 9; break;
	case 6: f->in[0].dims[1] = -3; break;
	case 7: f->in[0].dtype = BURIN_I32; break;
	case 8: f->in[0].rank = 1; break;
	case 9: f->in[1].dims[1]--; break;
	case 10: out->name = other; break;
	case 11: out->name = NULL; break;
	case 12: out->room = 8; break;
	case 13: f->ids[2] = 100; break;
	case 14: f->in[0].name = NULL; break;
	}
}

static const struct { int code; const char *words; } refusals[] = {
	{ BURIN_EINVAL, "input 'nonsense': the model has none" },
	{ BURIN_EINVAL, "input 'token_type_ids': not given" },
	{ BURIN_EINVAL, "input 'input_ids': given twice" },
	{ BURIN_EINVAL, "input 'input_ids': has 79 bytes, its shape needs 80" },
	{ BURIN_EINVAL, "input 'input_ids': has 0 bytes" },
	{ BURIN_EINVAL, "input 'input_ids': rank is 9" },
	{ BURIN_EINVAL, "input 'input_ids': dimension 1 is negative" },
	{ BURIN_ESHAPE, "input_ids" },
	{ BURIN_ESHAPE, "input_ids" },
	{ BURIN_ESHAPE, "attention_mask" },
	{ BURIN_EINVAL, "output 'nonsense': the model has none" },
	{ BURIN_EINVAL, "output '': the model has none" },
	{ BURIN_EROOM, "output 'last_hidden_state': has room for 8 bytes, "
	    "needs 2560" },
	{ BURIN_ESHAPE, "100" },
	{ BURIN_EINVAL, "input '': the model has none" },
};

START_TEST(wrong_runs_are_refused_and_the_session_lives)
{
	static float y[MAX_TOKENS * HIDDEN];
	burin_model *m = suite_load(path, NULL, NULL);
	burin_session *s = suite_session(m, "1");
	burin_output out = output(y, sizeof y);
	size_t nin = 3;
	struct feed f;
	int rc;

	feed_init(&f, 1, 10, 0);
	spoil(&f, &out, &nin, _i);
	rc = burin_run(s, f.in, nin, &out, 1, &err);
	ck_assert_msg(rc == refusals[_i].code, "%d: %s", rc, err.msg);
	ck_assert_int_eq(err.code, rc);
	ck_assert_msg(strstr(err.msg, refusals[_i].words) != NULL,
	    "'%s' does not say '%s'", err.msg, refusals[_i].words);
	ck_assert_int_eq(burin_run(s, f.in, nin, &out, 1, NULL), rc);
	feed_init(&f, 1, 10, 0);
	run(s, &f, y);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

static const struct { const char *key, *value, *words; } bad_options[] = {
	{ "nonsense", "1", "nonsense: no such option" },
	{ "jit", "fast", "jit: 'fast' is not one of off|worker|inprocess" },
	{ "threads", "-1", "threads: '-1' is no number" },
	{ "threads", "", "threads: '' is no number" },
	{ "threads", "2x", "threads: '2x' is no number" },
	{ "isa", "mmx", "isa: 'mmx' is not known" },
	{ "precision", "int4", "precision: 'int4' is not one of auto|fp32|" },
};

START_TEST(wrong_options_are_refused)
{
	burin_options *o = burin_options_new();

	ck_assert_int_eq(burin_options_set(o, bad_options[_i].key,
	    bad_options[_i].value, &err), BURIN_EINVAL);
	ck_assert_msg(strstr(err.msg, bad_options[_i].words) != NULL,
	    "%s", err.msg);
	burin_options_free(o);
}
END_TEST

START_TEST(wrong_environment_is_reported_by_the_load)
{
	burin_model *m;

	setenv("BURIN_THREADS", "many", 1);
	ck_assert_int_eq(burin_model_load(path, NULL, &m, &err),
	    BURIN_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "threads: 'many'"));
}
END_TEST

/* y = x + w; w is the blob w.  */
static const char parts[] = "opset 13\ninput x float [2]\noutput y float [2]\n"
    "init w float [2] extern location=w\nnode y = Add(x,w)";

START_TEST(weights_may_be_in_blobs)
{
	float w[] = { 10, 20 }, x[] = { 1, 2 };
	burin_tensor in = { "x", BURIN_F32, 1, { 2 }, x, sizeof x };
	burin_blob blob = { "w", w, sizeof w };
	burin_output out = { .name = "y" };
	burin_model *m;
	burin_session *s;
	size_t n;
	uint8_t *p = onnx_text_bytes(parts, &n);

	suite_ok(burin_model_load_parts(p, n, &blob, 1, NULL, &m, &err), err);
	memset(w, 0, sizeof w);
	suite_ok(burin_session_new(m, NULL, &s, &err), err);
	suite_ok(burin_run(s, &in, 1, &out, 1, &err), err);
	ck_assert(((const float *)out.data)[0] == 11);
	ck_assert(((const float *)out.data)[1] == 22);
	burin_session_free(s);
	burin_model_free(m);
	blob.name = NULL;
	ck_assert_int_eq(burin_model_load_parts(p, n, &blob, 1, NULL, &m,
	    &err), BURIN_EINVAL);
	ck_assert_str_eq(err.msg,
	    "burin_model_load_parts: blob 0 has no name");
	ck_assert_int_eq(burin_model_load_parts(p, n, NULL, 0, NULL, &m,
	    &err), BURIN_EFORMAT);
	free(p);
}
END_TEST

START_TEST(missing_file_is_an_error)
{
	burin_model *m = NULL;

	ck_assert_int_eq(burin_model_load("/nonexistent/x.onnx", NULL, &m,
	    &err), BURIN_EIO);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/x.onnx"));
	ck_assert_ptr_null(m);
	ck_assert_int_eq(burin_model_load(NULL, NULL, &m, NULL),
	    BURIN_EINVAL);
	burin_model_free(NULL);
	burin_session_free(NULL);
	burin_options_free(NULL);
}
END_TEST

static Suite *
api_suite(void)
{
	Suite *s = suite_create("api");
	TCase *tc = suite_case(s, "run", 120);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, sparse_and_dense_agree, 0, COUNT(shapes));
	tcase_add_test(tc, pruned_layers_are_sparse_and_say_why);
	tcase_add_test(tc, threads_do_not_change_a_bit);
	tcase_add_test(tc, threads_sleep_between_runs);
	tcase_add_test(tc, shapes_may_change_from_run_to_run);
	tcase_add_test(tc, masked_tokens_do_not_count);
	tcase_add_test(tc, session_outlives_its_model);
	tcase_add_test(tc, model_is_shared_between_threads);
	tcase_add_test(tc, second_load_compiles_nothing);
	tcase_add_test(tc, structs_of_other_sizes_are_known);
	tcase_add_test(tc, without_compiler_it_runs_and_says_so);
	tcase_add_test(tc, profile_names_every_step);
	tcase_add_loop_test(tc, wrong_runs_are_refused_and_the_session_lives,
	    0, COUNT(refusals));
	tcase_add_test(tc, wrong_environment_is_reported_by_the_load);
	tc = suite_case(s, "refused", 60);
	tcase_add_loop_test(tc, wrong_options_are_refused, 0,
	    COUNT(bad_options));
	tcase_add_test(tc, weights_may_be_in_blobs);
	tcase_add_test(tc, missing_file_is_an_error);
	return s;
}

SUITE_MAIN(api_suite)
