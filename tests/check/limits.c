/* SPDX-License-Identifier: Apache-2.0
 *
 * What a file or a request may take of time and memory, by default and by the
 * options max_kernels, max_memory, max_load_ms and max_load_work; in the graphs
 * of nodes, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "burin.h"
#include "ir/op/infer.h"
#include "tests/support/build.h"
#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

enum { MAX_TEXT = 1 << 20 };

static char dir[256], path[300], text[MAX_TEXT];
static burin_error err;

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/m.onnx", dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	ck_assert_int_eq(chmod(dir, 0700), 0);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

/* Load the file with one option and jit=mode.  */
static int
load(const char *key, const char *value, const char *mode, burin_model **m)
{
	burin_options *o = burin_options_new();
	int rc;

	ck_assert_ptr_nonnull(o);
	suite_ok(burin_options_set(o, "jit", mode, &err), err);
	suite_ok(burin_options_set(o, key, value, &err), err);
	rc = burin_model_load(path, o, m, &err);
	burin_options_free(o);
	return rc;
}

static void
expect_refusal(int code, const char *key)
{
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.msg, key) != NULL, "%s", err.msg);
}

/* n layers of 64 x 64, each with its own pattern.  */
static void
write_layers(int n)
{
	size_t at = (size_t)sprintf(text, "opset 17\ninput y0 float [?,64]\n");

	for (int i = 0; i < n; i++) {
		at += (size_t)sprintf(text + at, "init w%d float [64,64] raw",
		    i);
		for (int k = 0; k < 64 * 64; k++)
			at += (size_t)sprintf(text + at, k / 64 % 8 == i &&
			    k % 64 / 16 % 2 ? " 1" : " 0");
		at += (size_t)sprintf(text + at,
		    "\nnode y%d = MatMul(y%d,w%d)\n", i + 1, i, i);
		ck_assert_uint_lt(at, MAX_TEXT - 65536);
	}
	sprintf(text + at, "output y%d\n", n);
	onnx_text_write(text, path);
}

/* n layers with the columns of one weight, in another order each.  */
static void
write_orders(int n)
{
	char *at = text + sprintf(text, "opset 17\ninput y0 float [?,64]\n"
	    "init w float [64,64] raw");

	for (int k = 0; k < 64 * 64; k++)
		at += sprintf(at, " %d", (k % 64 * 5 + k / 1024 * 3) % 8 == 0);
	for (int i = 0; i < n; i++) {
		at += sprintf(at, "\ninit i%d int64 [64] raw", i);
		for (int k = 0; k < 64; k++)
			at += sprintf(at, " %d", (k * (2 * i + 1) + i) % 64);
		at += sprintf(at, "\nnode w%d = Gather(w,i%d) axis=0\n"
		    "node y%d = MatMul(y%d,w%d)", i, i, i + 1, i, i);
	}
	sprintf(at, "\noutput y%d\n", n);
	onnx_text_write(text, path);
}

/* ---- kernels ------------------------------------------------------------ */

START_TEST(more_kernels_than_may_be_compiled_are_refused)
{
	burin_stats st;
	burin_model *m;

	write_layers(3);
	ck_assert_int_lt(load("max_kernels", "2", "worker", &m), 0);
	expect_refusal(BURIN_EUNSUPPORTED, "max_kernels is 2");
	suite_ok(load("max_kernels", "2", "off", &m), err);
	burin_model_free(m);
	suite_ok(load("max_kernels", "3", "worker", &m), err);
	burin_model_stats(m, &st, sizeof st);
	ck_assert_int_eq(st.compiled, 3);
	burin_model_free(m);
	/* They are in the cache now.  */
	suite_ok(load("max_kernels", "1", "worker", &m), err);
	burin_model_free(m);
}
END_TEST

/* The work is for two, after that of the load.  */
START_TEST(kernels_are_work)
{
	burin_model *m;

	write_orders(16);
	ck_assert_int_lt(load("max_load_work", "1", "worker", &m), 0);
	expect_refusal(BURIN_EUNSUPPORTED, "kernels that no cache has, "
	    "max_load_work");
	suite_ok(load("max_load_work", "1", "off", &m), err);
	burin_model_free(m);
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

static int
run(burin_session *s, int64_t rows)
{
	static float x[4096 * 64];
	burin_tensor in = { .name = "y0", .dtype = BURIN_F32, .rank = 2,
	    .dims = { rows, 64 }, .data = x, .nbytes = sizeof x };
	burin_output out = { .name = "y2" };

	return burin_run(s, &in, 1, &out, 1, &err);
}

START_TEST(a_run_that_needs_too_much_is_refused)
{
	burin_options *o = burin_options_new();
	burin_session *s;
	burin_model *m;

	write_layers(2);
	suite_ok(load("sparse", "auto", "off", &m), err);
	suite_ok(burin_options_set(o, "max_memory", "300K", &err), err);
	suite_ok(burin_session_new(m, o, &s, &err), err);
	for (int i = 0; i < 3; i++) {
		suite_ok(run(s, 100), err);
		/* Older plans go where there is no room for both.  */
		suite_ok(run(s, 400 + i), err);
		ck_assert_int_lt(run(s, 4096), 0);
		expect_refusal(BURIN_ENOMEM, "max_memory is");
	}
	burin_session_free(s);
	burin_model_free(m);
	burin_options_free(o);
}
END_TEST

/* An output that is the input is copied, as the caller may change that.  */
START_TEST(copies_of_outputs_count)
{
	static float x[60000];
	burin_options *o = burin_options_new();
	burin_session *s;
	burin_model *m;

	onnx_text_write("opset 17\ninput x float [?]\n"
	    "node y = Identity(x)\noutput y\n", path);
	suite_ok(load("sparse", "auto", "off", &m), err);
	suite_ok(burin_options_set(o, "max_memory", "100K", &err), err);
	suite_ok(burin_session_new(m, o, &s, &err), err);
	for (int i = 0; i < 4; i++) {
		burin_tensor in = { .name = "x", .dtype = BURIN_F32, .rank = 1,
		    .dims = { i % 2 ? 60000 : 10000 }, .data = x,
		    .nbytes = sizeof x };
		burin_output out = { .name = "y" };

		ck_assert_int_eq(burin_run(s, &in, 1, &out, 1, &err), i % 2 ?
		    BURIN_ENOMEM : 0);
	}
	expect_refusal(BURIN_ENOMEM, "max_memory is");
	burin_session_free(s);
	burin_model_free(m);
	burin_options_free(o);
}
END_TEST

START_TEST(a_model_that_needs_too_much_is_refused)
{
	burin_model *m;

	write_layers(2);
	ck_assert_int_lt(load("max_memory", "16K", "off", &m), 0);
	expect_refusal(BURIN_ENOMEM, "max_memory is 16384");
	suite_ok(load("max_memory", "1M", "off", &m), err);
	burin_model_free(m);
}
END_TEST

/* n Ifs, in the branches of which a number becomes [n,n] for Abs.  */
static void
write_ifs(int count, int n)
{
	size_t at = (size_t)sprintf(text, "opset 17\ninput c bool []\n"
	    "init shape int64 [2] raw %d %d\n", n, n);

	for (int i = 0; i < count; i++)
		at += (size_t)sprintf(text + at, "graph then%d\noutput t%d\n"
		    "node z%d = ConstantOfShape(shape)\nnode t%d = Abs(z%d)\n"
		    "end\ngraph else%d\noutput e%d\nnode e%d = Neg(shape)\n"
		    "end\nnode y%d = If(c) then_branch=@then%d "
		    "else_branch=@else%d\noutput y%d\n", i, i, i, i, i, i, i,
		    i, i, i, i, i);
	onnx_text_write(text, path);
}

/* Each has 8 MB that could be computed at load.  */
START_TEST(values_of_all_graphs_have_one_limit)
{
	burin_model *m;

	write_ifs(60, 1024);
	suite_ok(load("max_memory", "128M", "off", &m), err);
	burin_model_free(m);
}
END_TEST

START_TEST(weights_in_graphs_of_nodes_count)
{
	char *at = text + sprintf(text, "opset 17\ninput c bool []\n"
	    "input x float [?,64]\ninit w float [64,64] raw");
	burin_model *m;

	for (int i = 0; i < 64 * 64; i++)
		at += sprintf(at, " %d", i % 7);
	sprintf(at, "\ngraph then\noutput t\nnode t = MatMul(x,w)\nend\n"
	    "graph else\noutput e\nnode e = MatMul(x,w)\nend\n"
	    "node y = If(c) then_branch=@then else_branch=@else\noutput y\n");
	onnx_text_write(text, path);
	ck_assert_int_lt(load("max_memory", "48K", "off", &m), 0);
	expect_refusal(BURIN_ENOMEM, "max_memory is");
	suite_ok(load("max_memory", "80K", "off", &m), err);
	burin_model_free(m);
}
END_TEST

/* Runs of a body with more and more elements, and then with few again.  */
START_TEST(memory_of_graphs_of_nodes_counts)
{
	static const struct {
		int64_t n;
		int rc;
	} runs[] = { { 1000, 0 }, { 20000, 0 }, { 30000, 0 },
	    { 60000, BURIN_ENOMEM }, { 1000, 0 }, { 30000, 0 } };
	static const char c = 1;
	static float x[60000];
	burin_options *o = burin_options_new();
	burin_session *s;
	burin_model *m;

	onnx_text_write("opset 17\ninput c bool []\ninput x float [?]\n"
	    "graph then\noutput t\nnode a = Exp(x)\nnode t = Sin(a)\nend\n"
	    "graph else\noutput e\nnode e = Identity(x)\nend\n"
	    "node y = If(c) then_branch=@then else_branch=@else\noutput y\n",
	    path);
	suite_ok(load("sparse", "auto", "off", &m), err);
	suite_ok(burin_options_set(o, "max_memory", "400K", &err), err);
	suite_ok(burin_session_new(m, o, &s, &err), err);
	for (size_t i = 0; i < COUNT(runs); i++) {
		burin_tensor in[] = {
			{ .name = "c", .dtype = BURIN_BOOL, .data = &c,
			  .nbytes = 1 },
			{ .name = "x", .dtype = BURIN_F32, .rank = 1,
			  .dims = { runs[i].n }, .data = x,
			  .nbytes = sizeof x } };
		burin_output out = { .name = "y" };

		ck_assert_int_eq(burin_run(s, in, 2, &out, 1, &err),
		    runs[i].rc);
	}
	expect_refusal(BURIN_ENOMEM, "max_memory is");
	burin_session_free(s);
	burin_model_free(m);
	burin_options_free(o);
}
END_TEST

/* ---- time --------------------------------------------------------------- */

/* Inference walks over thousands of nodes for each pass.  */
static void
write_nodes(int n)
{
	size_t at = (size_t)sprintf(text, "opset 17\ninput y0 float [?]\n");

	for (int i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "node y%d = Neg(y%d)\n",
		    i + 1, i);
	sprintf(text + at, "output y%d\n", n);
	onnx_text_write(text, path);
}

START_TEST(a_load_that_takes_too_long_is_refused)
{
	burin_model *m;

	write_nodes(20000);
	ck_assert_int_lt(load("max_load_ms", "1", "off", &m), 0);
	expect_refusal(BURIN_EUNSUPPORTED, "max_load_ms");
	suite_ok(load("max_load_ms", "1000K", "off", &m), err);
	suite_ok(burin_model_update(m, path, &err), err);
	burin_model_free(m);
}
END_TEST

/* n Ifs with the same weight of 16 KB in their branches.  */
static void
write_same_weight(int n)
{
	size_t at = (size_t)sprintf(text, "opset 17\ninput c bool []\n"
	    "input x float [?,64]\ninit w float [64,64] raw");

	for (int i = 0; i < 64 * 64; i++)
		at += (size_t)sprintf(text + at, " %d", i % 7);
	for (int i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "\ngraph then%d\noutput t%d\n"
		    "node t%d = MatMul(x,w)\nend\ngraph else%d\noutput e%d\n"
		    "node e%d = Neg(x)\nend\nnode y%d = If(c) "
		    "then_branch=@then%d else_branch=@else%d\noutput y%d\n",
		    i, i, i, i, i, i, i, i, i, i);
	onnx_text_write(text, path);
}

/* n convolutions with the same weight of 36 KB.  */
static void
write_same_conv(int n)
{
	size_t at = (size_t)sprintf(text, "opset 17\n"
	    "input y0 float [1,32,8,8]\ninit w float [32,32,3,3] raw");

	for (int i = 0; i < 32 * 32 * 9; i++)
		at += (size_t)sprintf(text + at, " %d", i % 7);
	for (int i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "\nnode y%d = Conv(y%d,w) "
		    "pads=[1,1,1,1]", i + 1, i);
	sprintf(text + at, "\noutput y%d\n", n);
	onnx_text_write(text, path);
}

/* Many nodes explain their work; a weight that each of many graphs has does
 * not.  */
START_TEST(a_load_that_takes_too_much_work_is_refused)
{
	burin_model *m;

	write_nodes(10000);
	suite_ok(load("max_load_work", "1", "off", &m), err);
	burin_model_free(m);
	write_same_weight(400);
	ck_assert_int_lt(load("max_load_work", "1", "off", &m), 0);
	expect_refusal(BURIN_EUNSUPPORTED, "max_load_work");
	suite_ok(load("max_load_work", "0", "off", &m), err);
	burin_model_free(m);
}
END_TEST

/* A weight is made a matrix, and that stored in blocks, once.  */
START_TEST(convolutions_that_share_a_weight_are_little_work)
{
	burin_model *m;

	write_same_conv(500);
	suite_ok(load("max_load_work", "1", "off", &m), err);
	burin_model_free(m);
}
END_TEST

/* The least time that is enough for loading is not enough for compiling.  */
START_TEST(kernels_that_are_late_follow)
{
	burin_model *m;
	int rc = -1;

	write_layers(3);
	suite_ok(load("max_load_ms", "1000K", "worker", &m), err);
	ck_assert_int_eq(burin_model_wait(m, 0), 0);
	burin_model_free(m);
	ck_assert_int_eq(system("rm -rf $BURIN_CACHE_DIR/v1"), 0);
	for (int ms = 8; rc < 0; ms *= 2) {
		char value[16];

		snprintf(value, sizeof value, "%d", ms);
		rc = load("max_load_ms", value, "worker", &m);
	}
	ck_assert_int_eq(burin_model_wait(m, -1), 0);
	burin_model_free(m);
}
END_TEST

/* Each counts the nonzeros of 4M elements, which no budget has a hundred
 * times.  */
START_TEST(counting_is_work)
{
	enum { N = 100 };
	struct brn_graph *g = build_graph();
	struct brn_type big = { BURIN_F32, 1, { 1 << 22 } };
	struct brn_node *x = brn_graph_constant(g, "x", &big, NULL), *n[N];
	struct brn_shapes *s;

	for (int i = 0; i < N; i++)
		n[i] = OP(g, nonzero, x);
	suite_ok(brn_infer(g, NULL, &s, &err), err);
	ck_assert_int_eq(s->type[n[0]->id].dim[1], 0);
	ck_assert(brn_is_sym(s->type[n[N - 1]->id].dim[1]));
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

static Suite *
limits_suite(void)
{
	Suite *s = suite_create("limits");
	TCase *tc = suite_case(s, "options", 60);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, more_kernels_than_may_be_compiled_are_refused);
	tcase_add_test(tc, kernels_are_work);
	tcase_add_test(tc, a_run_that_needs_too_much_is_refused);
	tcase_add_test(tc, copies_of_outputs_count);
	tcase_add_test(tc, a_model_that_needs_too_much_is_refused);
	tcase_add_test(tc, values_of_all_graphs_have_one_limit);
	tcase_add_test(tc, weights_in_graphs_of_nodes_count);
	tcase_add_test(tc, memory_of_graphs_of_nodes_counts);
	tcase_add_test(tc, a_load_that_takes_too_long_is_refused);
	tcase_add_test(tc, a_load_that_takes_too_much_work_is_refused);
	tcase_add_test(tc, convolutions_that_share_a_weight_are_little_work);
	tcase_add_test(tc, kernels_that_are_late_follow);
	tcase_add_test(tc, counting_is_work);
	return s;
}

SUITE_MAIN(limits_suite)
