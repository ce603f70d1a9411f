/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model and its runs take of memory.  Linked with the objects of the
 * library, so that its allocations can be made to fail here: from outside of
 * the shared library they cannot.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bert.h"
#include "burin.h"
#include "ir/base.h"
#include "runtime/model.h"
#include "runtime/options.h"
#include "tests/support/build.h"
#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

enum { MAX_IN = 3, ROOM = 1 << 18 };

static char dir[4096], file[2][4200];
static burin_error err;

/* Layers are most of it: 6.3 of 6.5 MB.  */
static void
setup(void)
{
	static const struct bert_spec spec = { 2, 256, 4, 1024, 100, 64, 17,
	    1, 0 };
	burin_prune_spec prune = { .bh = 16, .bw = 1, .sparsity = 0.75 };

	suite_tmpdir(dir, sizeof dir);
	snprintf(file[0], sizeof file[0], "%s/dense.onnx", dir);
	snprintf(file[1], sizeof file[1], "%s/pruned.onnx", dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	chmod(dir, 0700);
	ck_assert_int_eq(bert_write(file[0], &spec), 0);
	suite_ok(burin_prune(file[0], file[1], &prune, sizeof prune, NULL,
	    &err), err);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

/* ---- a run --------------------------------------------------------------- */

static const struct {
	const char *model;              /* of tests/models; NULL: pruned */
	const char *jit, *threads;
	int64_t open[2];                /* batch and sequence */
} runs[] = {
	{ NULL, "worker", "2", { 3, 50 } },
	{ NULL, "worker", "1", { 1, 1 } },
	{ NULL, "off", "2", { 3, 50 } },
	{ "bert-torchscript-11", "off", "1", { 2, 7 } },
	{ "bert-dynamo-20", "off", "2", { 2, 17 } },
	{ "mobilenet_v1", "off", "1", { 1 } },
	{ "mobilenet_v2", "off", "2", { 2 } },
	{ "resnet50", "off", "1", { 1 } },
};

/* Ones for all inputs.  */
static size_t
feed(const burin_model *m, const int64_t *open, burin_tensor *in)
{
	static int64_t ints[ROOM];
	static float floats[ROOM];
	size_t n = burin_model_num_inputs(m);

	for (int i = 0; i < ROOM; i++)
		ints[i] = floats[i] = 1;
	ck_assert(n <= MAX_IN);
	for (size_t i = 0; i < n; i++) {
		const burin_value_info *v = burin_model_input(m, i);
		int is_int = v->dtype == BURIN_I64;
		int64_t count = 1;

		in[i] = (burin_tensor){ .name = v->name, .dtype = v->dtype,
		    .rank = v->rank, .data = is_int ? (void *)ints : floats };
		for (int d = 0; d < v->rank; d++) {
			in[i].dims[d] = v->dims[d] < 0 ? open[d] : v->dims[d];
			count *= in[i].dims[d];
		}
		ck_assert(is_int || v->dtype == BURIN_F32);
		ck_assert_int_le(count, ROOM);
		in[i].nbytes = (size_t)count * (is_int ? 8 : 4);
	}
	return n;
}

START_TEST(second_run_of_a_shape_allocates_nothing)
{
	char path[4200];
	burin_tensor in[MAX_IN];
	burin_output out = { 0 };
	burin_session *s;
	burin_model *m;
	size_t n;
	int rc;

	snprintf(path, sizeof path, "%s/tests/models/%s.onnx", suite_srcdir(),
	    runs[_i].model);
	m = suite_load(runs[_i].model ? path : file[1], "jit",
	    runs[_i].jit);
	s = suite_session(m, runs[_i].threads);
	n = feed(m, runs[_i].open, in);
	out.name = burin_model_output(m, 0)->name;
	brn_alloc_fail_at(0);
	rc = burin_run(s, in, n, &out, 1, &err);
	brn_alloc_fail_at(-1);
	ck_assert_int_eq(rc, BURIN_ENOMEM);
	suite_ok(burin_run(s, in, n, &out, 1, &err), err);
	brn_alloc_fail_at(0);
	rc = burin_run(s, in, n, &out, 1, &err);
	brn_alloc_fail_at(-1);
	suite_ok(rc, err);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

START_TEST(run_after_shapes_allocates_nothing)
{
	burin_output out = { .name = "last_hidden_state" };
	burin_tensor in[MAX_IN];
	burin_model *m = suite_load(file[1], "jit", "off");
	burin_session *s = suite_session(m, "1");
	size_t n = feed(m, (int64_t[]){ 2, 9 }, in);
	int rc;

	suite_ok(burin_session_shapes(s, in, n, &out, 1, &err), err);
	brn_alloc_fail_at(0);
	rc = burin_run(s, in, n, &out, 1, &err);
	brn_alloc_fail_at(-1);
	suite_ok(rc, err);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

/* Values that are inputs or constants: a lent one is copied, into memory that
 * is there from then on; one with a buffer needs none.  */
START_TEST(copies_are_allocated_once)
{
	static const char text[] = "opset 13\ninput x float [n]\n"
	    "init c float [2] raw 1 2\noutput y\noutput k\n"
	    "node y = Identity(x)\nnode k = Identity(c)\n";
	float x[3] = { 1, 2, 3 }, y[3], k[2];
	burin_tensor in = { "x", BURIN_F32, 1, { 3 }, x, sizeof x };
	burin_output out[] = { { "y", y, sizeof y }, { "k", k, sizeof k } };
	static const int wanted[] = { 0, 0, 1, 1, 0 };
	char path[4200];
	burin_session *s;
	burin_model *m;

	snprintf(path, sizeof path, "%s/same.onnx", dir);
	onnx_text_write(text, path);
	m = suite_load(path, NULL, NULL);
	s = suite_session(m, "1");
	suite_ok(burin_session_shapes(s, &in, 1, out, 2, &err), err);
	for (int i = 0; i < COUNT(wanted); i++) {
		int rc;

		if (i == 2)
			out[0].buffer = NULL;
		if (i == 3)
			out[1].buffer = NULL;
		brn_alloc_fail_at(0);
		rc = burin_run(s, &in, 1, out, 2, &err);
		brn_alloc_fail_at(-1);
		ck_assert_int_eq(rc, wanted[i] ? BURIN_ENOMEM : 0);
		ck_assert_int_eq(out[0].data == NULL, wanted[i]);
		suite_ok(burin_run(s, &in, 1, out, 2, &err), err);
		ck_assert_mem_eq(out[0].data, x, sizeof x);
	}
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

/* Also if the shapes were asked for in between.  */
START_TEST(old_weights_go_with_the_next_run)
{
	burin_output out = { .name = "last_hidden_state" };
	burin_tensor in[MAX_IN];
	burin_model *m = suite_load(file[0], "jit", "off");
	burin_session *s = suite_session(m, "1");
	struct brn_net *old = brn_model_net(m);
	size_t n = feed(m, (int64_t[]){ 2, 9 }, in);

	suite_ok(burin_run(s, in, n, &out, 1, &err), err);
	suite_ok(burin_model_update(m, file[0], &err), err);
	suite_ok(burin_session_shapes(s, in, n, &out, 1, &err), err);
	ck_assert_int_gt(old->refs, 1);
	suite_ok(burin_run(s, in, n, &out, 1, &err), err);
	ck_assert_int_eq(old->refs, 1);
	brn_net_free(old);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

/* ---- weights ------------------------------------------------------------- */

static double
in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return (double)(m.uordblks + m.hblkhd);
}

/* Not with the allocator of a sanitizer.  */
static int
is_counted(void)
{
	double before = in_use();
	void *volatile p = malloc(ROOM);
	int grew = in_use() - before >= ROOM;

	free(p);
	return grew;
}

/* A share of what the file holds: a quarter of the weights is left where it is
 * pruned, and an index of two bytes or four for each block of 64.  */
START_TEST(weights_are_held_once)
{
	static const double most[] = { 1.1, 0.4 };
	double before, held;
	struct stat st;
	burin_model *m;

	ck_assert_int_eq(stat(file[_i], &st), 0);
	before = in_use();
	m = suite_load(file[_i], "jit", "off");
	held = (in_use() - before) / (double)st.st_size;
	if (is_counted())
		ck_assert_msg(held < most[_i], "%.2f of the file is held, "
		    "wanted %.2f at most", held, most[_i]);
	burin_model_free(m);
}
END_TEST

/* Of a pruned weight and of a dense one, which three layers multiply with and
 * one with its transpose.  */
START_TEST(shared_weight_is_packed_once)
{
	burin_options *o = burin_options_new();
	struct brn_graph *g = build_graph();
	struct brn_node *w = weight(g, "w", 64, 64, 3);
	struct brn_node *x = input(g, "x", 2, BATCH, 64);
	const struct brn_layer *l;
	struct brn_net *net;
	burin_model *m;

	for (int i = 0; _i && i < 64 * 64; i++)
		if (i % 11)
			((float *)w->value->data)[i] = 0;
	for (int i = 0; i < 4; i++)
		x = OP(g, matmul, x, i == 3 ? OP(g, transpose, w) : w);
	output(g, "y", x);
	suite_ok(burin_options_set(o, "jit", "off", &err), err);
	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_model_new(g, o, 0, &m, &err), err);
	net = brn_model_net(m);
	l = net->layer;
	ck_assert_int_eq(net->nlayer, 4);
	for (int i = 1; i < 4; i++) {
		ck_assert_int_eq(l[i].bsr == l[0].bsr, i < 3);
		ck_assert_int_eq(l[i].borrows, i < 3);
		if (i < 3)
			ck_assert_ptr_eq(l[i].few, l[0].few);
	}
	ck_assert_int_eq(l[0].few != NULL, _i);
	brn_net_free(net);
	burin_model_free(m);
	burin_options_free(o);
}
END_TEST

static Suite *
held_suite(void)
{
	Suite *s = suite_create("held");
	TCase *tc = suite_case(s, "memory", 60);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, second_run_of_a_shape_allocates_nothing, 0,
	    COUNT(runs));
	tcase_add_test(tc, run_after_shapes_allocates_nothing);
	tcase_add_test(tc, copies_are_allocated_once);
	tcase_add_test(tc, old_weights_go_with_the_next_run);
	tcase_add_loop_test(tc, weights_are_held_once, 0, COUNT(file));
	tcase_add_loop_test(tc, shared_weight_is_packed_once, 0, 2);
	return s;
}

SUITE_MAIN(held_suite)
