/* SPDX-License-Identifier: Apache-2.0
 *
 * What everything stands on: errors and bytes, types, the graph and its text;
 * a whole graph run; memory that runs out.
 */
#include "ir/attrs.h"
#include "ir/graph/report.h"
#include "ir/op/infer.h"
#include "ir/op/ref.h"
#include "tests/support/build.h"

#include <string.h>

/* ---- base ---- */

START_TEST(error_is_one_line)
{
	burin_error err;
	char longer[2000];

	ck_assert_int_eq(brn_fail(&err, BURIN_EIO, "%s: %d", "a\nb\t\x7f", 3),
	    BURIN_EIO);
	ck_assert_int_eq(err.code, BURIN_EIO);
	ck_assert_str_eq(err.msg, "a?b??: 3");
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = 0;
	brn_fail(&err, BURIN_EIO, "%s", longer);
	ck_assert_uint_eq(strlen(err.msg), sizeof err.msg - 1);
}
END_TEST

START_TEST(sizes_do_not_overflow)
{
	size_t n = 7;

	ck_assert_int_eq(brn_mul(SIZE_MAX, 2, &n), -1);
	ck_assert_int_eq(brn_add(SIZE_MAX, 1, &n), -1);
	ck_assert_int_eq(brn_mul(SIZE_MAX / 2, 2, &n), 0);
	ck_assert_uint_eq(n, SIZE_MAX - 1);
	ck_assert_int_eq(brn_add(3, 4, &n), 0);
	ck_assert_uint_eq(n, 7);
	ck_assert_ptr_null(brn_alloc(SIZE_MAX / 2, 3));
	ck_assert_ptr_null(brn_alloc_aligned(SIZE_MAX));
}
END_TEST

static int
is_filled(const unsigned char *p, size_t n, int v)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != v)
			return 0;
	return 1;
}

START_TEST(arena_memory_is_zero_aligned_and_apart)
{
	struct brn_arena *a = brn_arena_new();
	unsigned char *p[200];

	for (int i = 0; i < COUNT(p); i++) {
		size_t n = (size_t)i * (size_t)i / 7;

		p[i] = brn_arena_alloc(a, n, 1);
		ck_assert_ptr_nonnull(p[i]);
		ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
		ck_assert(is_filled(p[i], n, 0));
		memset(p[i], i, n);
	}
	for (int i = 0; i < COUNT(p); i++)
		ck_assert(is_filled(p[i], (size_t)i * (size_t)i / 7, i));
	ck_assert_str_eq(brn_arena_printf(a, "%d-%s", 3, "x"), "3-x");
	ck_assert_ptr_null(brn_arena_alloc(a, SIZE_MAX / 2, 4));
	ck_assert_ptr_null(brn_arena_alloc(a, SIZE_MAX, 1));
	brn_arena_free(a);
	brn_arena_free(NULL);
}
END_TEST

START_TEST(buffer_is_little_endian_and_a_string)
{
	struct brn_buf b = { 0 };

	brn_buf_u8(&b, 1);
	brn_buf_u32(&b, 0x05040302);
	brn_buf_u64(&b, UINT64_C(0x0d0c0b0a09080706));
	ck_assert_uint_eq(b.n, 13);
	for (int i = 0; i < 13; i++)
		ck_assert_uint_eq(b.p[i], (unsigned)i + 1);
	brn_buf_free(&b);
	brn_buf_str(&b, "ab");
	ck_assert_mem_eq(b.p, "\2\0\0\0ab", 6);
	brn_buf_printf(&b, "%03d", 7);
	ck_assert_str_eq((const char *)b.p + 4, "ab007");
	ck_assert_uint_eq(b.n, 9);
	brn_buf_free(&b);
}
END_TEST

START_TEST(buffer_remembers_a_failure)
{
	struct brn_buf b = { 0 };

	brn_buf_u8(&b, 1);
	brn_alloc_fail_at(0);
	for (int i = 0; i < 1000; i++)
		brn_buf_u32(&b, 1);
	brn_alloc_fail_at(-1);
	brn_buf_u8(&b, 1);
	ck_assert_int_eq(b.fail, 1);
	ck_assert_uint_eq(b.n, 0);
	brn_buf_free(&b);
}
END_TEST

/* ---- tensor ---- */

static const struct {
	struct brn_type type;
	int64_t numel;
	const char *text;
} types[] = {
	{ { BURIN_F32, 0, { 0 } }, 1, "f32[]" },
	{ { BURIN_I64, 2, { 3, 4 } }, 12, "i64[3,4]" },
	{ { BURIN_BOOL, 2, { 3, 0 } }, 0, "bool[3,0]" },
	{ { BURIN_I32, 1, { BRN_SYM(0) } }, -1, "i32[batch]" },
	{ { BURIN_F32, 1, { BRN_SYM(1) } }, -1, "f32[?1]" },
	{ { BURIN_F32, 1, { BRN_SYM(9) } }, -1, "f32[?9]" },
	{ { BURIN_F32, 1, { -1 } }, -1, "f32[-1]" },
	{ { 0, -1, { 0 } }, -1, "?[..]" },
	{ { BURIN_F32, 2, { INT64_MAX, 2 } }, -1,
	  "f32[9223372036854775807,2]" },
	{ { BURIN_F32, 3, { INT64_MAX, 0, 2 } }, -1,
	  "f32[9223372036854775807,0,2]" },
	{ { BURIN_F32, 2, { INT32_MAX, 0 } }, 0, "f32[2147483647,0]" },
	{ { BURIN_F32, 3, { INT32_MAX, 0, 2 } }, -1, "f32[2147483647,0,2]" },
};

START_TEST(type_has_a_size_and_a_text)
{
	static const char *const sym[] = { "batch", NULL };
	const struct brn_type *t = &types[_i].type;
	struct brn_buf b = { 0 };
	burin_error err;
	size_t bytes;
	int rc = brn_type_bytes(t, "it", &bytes, &err);

	ck_assert_int_eq(brn_type_numel(t), types[_i].numel);
	ck_assert_int_eq(rc, types[_i].numel < 0 ? BURIN_EFORMAT : 0);
	if (rc == 0)
		ck_assert_uint_eq(bytes, (size_t)types[_i].numel *
		    brn_dtype_size(t->dtype));
	brn_type_print(&b, t, sym, 2);
	ck_assert_str_eq((const char *)b.p, types[_i].text);
	brn_buf_free(&b);
	ck_assert(brn_type_equal(t, t));
}
END_TEST

START_TEST(bytes_of_a_type_do_not_overflow)
{
	struct brn_type t = { BURIN_I64, 1, { INT64_MAX / 4 } };
	burin_error err;
	size_t bytes = 5;

	ck_assert_int_eq(brn_type_bytes(&t, "it", &bytes, &err),
	    BURIN_EFORMAT);
	ck_assert_uint_eq(bytes, 5);
	ck_assert_int_eq(strncmp(err.msg, "it: ", 4), 0);
}
END_TEST

/* ---- graph ---- */

START_TEST(replaced_node_has_no_users)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, 4);
	struct brn_node *a = OP(g, relu, x), *b = OP(g, tanh, a);
	struct brn_node *c = OP(g, add, a, a), *to;

	output(g, "c", c);
	output(g, "a", a);
	ck_assert_int_eq(brn_graph_uses(g, a), 4);
	to = OP(g, sigmoid, a);
	brn_graph_replace(g, a, to);
	ck_assert_ptr_eq(to->in[0], a);         /* its own input stays */
	ck_assert_int_eq(brn_graph_uses(g, a), 1);
	ck_assert_int_eq(brn_graph_uses(g, to), 4);
	ck_assert_ptr_eq(b->in[0], to);
	ck_assert_ptr_eq(g->out[1].node, to);
	brn_graph_free(g);
}
END_TEST

START_TEST(sort_puts_new_nodes_before_their_users)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, 4);
	struct brn_node *y = OP(g, relu, x), *z = OP(g, tanh, y);
	burin_error err = { 0 };

	y->in[0] = OP(g, neg, x);
	ck_assert_int_eq(brn_graph_verify(g, &err), BURIN_EFORMAT);
	suite_ok(brn_graph_sort(g, &err), err);
	suite_ok(brn_graph_verify(g, &err), err);
	ck_assert_int_lt(y->in[0]->id, y->id);
	ck_assert_int_eq(z->id, 3);
	brn_graph_free(g);
}
END_TEST

START_TEST(report_stays_with_its_node)
{
	static const struct brn_choice choice = { .why = "so" };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, 4);
	struct brn_node *y = OP(g, relu, x);
	burin_error err;

	brn_report_unfused(g, y, "a reason");
	for (int i = 0; i < 20; i++)
		y->in[0] = OP(g, neg, y->in[0]);
	ck_assert_ptr_null(brn_report_choice(g, y->in[0]));
	brn_report_choose(g, y->in[0], &choice);
	suite_ok(brn_graph_sort(g, &err), err);
	ck_assert_int_ne(y->id, y->serial);
	ck_assert_str_eq(brn_report_why_unfused(g, y), "a reason");
	ck_assert_ptr_eq(brn_report_choice(g, y->in[0]), &choice);
	ck_assert_ptr_null(brn_report_why_unfused(g, y->in[0]));
	brn_report_unfused(g, y, NULL);
	ck_assert_ptr_null(brn_report_why_unfused(g, y));
	brn_graph_free(g);
}
END_TEST

START_TEST(cycle_is_named)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, 4);
	struct brn_node *y = named(OP(g, relu, x), "y");
	burin_error err = { 0 };

	y->in[0] = OP(g, neg, y);
	ck_assert_int_eq(brn_graph_sort(g, &err), BURIN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.msg, "depends on itself"));
	brn_graph_free(g);
}
END_TEST

START_TEST(deep_graph_is_sorted)
{
	struct brn_graph *g = build_graph();
	struct brn_node *n = input(g, "x", 1, 4), *last = n;
	burin_error err = { 0 };

	for (int i = 0; i < 100000; i++)
		n = OP(g, relu, n);
	for (int i = 0; i < g->nnode / 2; i++) {        /* turn it round */
		struct brn_node *t = g->node[i];

		g->node[i] = g->node[g->nnode - 1 - i];
		g->node[g->nnode - 1 - i] = t;
	}
	suite_ok(brn_graph_sort(g, &err), err);
	suite_ok(brn_graph_verify(g, &err), err);
	ck_assert_ptr_eq(g->node[0], last);
	suite_ok(brn_infer_types(g, &err), err);
	brn_graph_free(g);
}
END_TEST

START_TEST(sweep_drops_what_no_output_needs)
{
	static const float w[4] = { 1 };
	static const struct brn_matrix m = { w, 2, 2, 0, NULL };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, 4), *unused;
	struct brn_node *y = OP(g, relu, x);
	struct brn_bsr *b;
	burin_error err = { 0 };

	suite_ok(brn_bsr_from_dense(&m, 1, 1, 0, &b, &err), err);
	unused = input(g, "unused", 1, 4);
	ck_assert_ptr_nonnull(brn_graph_bsr(g, "w", b));
	OP(g, tanh, y);
	output(g, "y", y);
	suite_ok(brn_graph_sweep(g, &err), err);
	ck_assert_int_eq(g->nnode, 3);
	ck_assert_ptr_eq(g->node[unused->id], unused);
	ck_assert_int_eq(count_ops(g, BRN_OP_tanh), 0);
	brn_graph_free(g);
}
END_TEST

START_TEST(symbol_of_a_name_is_one)
{
	struct brn_graph *g = brn_graph_new();
	int64_t a = brn_graph_sym(g, "a"), none = brn_graph_sym(g, NULL);

	ck_assert(brn_is_sym(a) && brn_is_sym(none) && a != none);
	ck_assert_int_eq(brn_graph_sym(g, "a"), a);
	ck_assert_int_ne(brn_graph_sym(g, "b"), a);
	ck_assert_int_ne(brn_graph_sym(g, NULL), none);
	brn_graph_free(g);
}
END_TEST

START_TEST(attribute_is_set_again)
{
	struct brn_graph *g = build_graph();
	struct brn_node *n = OP(g, layer_norm, input(g, "x", 1, 4),
	    input(g, "scale", 1, 4));

	ck_assert_int_eq(brn_attr_int(n, "axis"), -1);
	ck_assert(brn_attr_float(n, "epsilon") == 1e-5f);
	set_int(g, n, "axis", 1);
	set_float(g, n, "epsilon", 0.5f);
	set_int(g, n, "axis", 2);
	ck_assert_int_eq(brn_attr_int(n, "axis"), 2);
	ck_assert(brn_attr_float(n, "epsilon") == 0.5f);
	ck_assert_int_eq(n->nattr, 2);
	brn_graph_free(g);
}
END_TEST

START_TEST(attribute_that_the_op_does_not_have_is_a_fault)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, 4);
	struct brn_node *n = named(OP(g, concat, x, x), "n");
	int64_t one = 1;
	burin_error err;

	ck_assert_int_eq(brn_graph_verify(g, &err), BURIN_EFORMAT);
	ck_assert_str_eq(err.msg, "node 'n': concat without attribute 'axis'");
	brn_attr_set_ints(g, n, "axis", &one, 1);
	ck_assert_int_eq(brn_graph_verify(g, &err), BURIN_EFORMAT);
	ck_assert_str_eq(err.msg,
	    "node 'n': attribute 'axis' is of another type");
	brn_attr_drop(n, "axis");
	set_int(g, n, "axis", 0);
	suite_ok(brn_graph_verify(g, &err), err);
	set_int(g, n, "axes", 0);
	ck_assert_int_eq(brn_graph_verify(g, &err), BURIN_EFORMAT);
	ck_assert_str_eq(err.msg, "node 'n': concat has no attribute 'axes'");
	brn_graph_free(g);
}
END_TEST

/* On nodes and in files: one row a name, and no op without an operator of ONNX
 * has rows of files.  */
START_TEST(table_has_each_attribute_once)
{
	const struct brn_attr_info *rows = brn_attrs_of((enum brn_op)_i);

	for (const struct brn_attr_info *a = rows; a->name; a++) {
		ck_assert_msg(brn_ops[_i].onnx || a->role <= BRN_ATTR_MADE ||
		    _i == BRN_OP_constant, "%s %s", brn_ops[_i].name, a->name);
		for (const struct brn_attr_info *b = rows; b < a; b++)
			ck_assert_msg(strcmp(a->name, b->name) ||
			    (a->role <= BRN_ATTR_MADE) !=
			    (b->role <= BRN_ATTR_MADE) ||
			    a->role == BRN_ATTR_NOT,
			    "%s has %s twice", brn_ops[_i].name, a->name);
	}
}
END_TEST

START_TEST(scalar_constant_is_a_number)
{
	struct brn_graph *g = build_graph();
	double v = 3;

	ck_assert(brn_const_scalar(scalar(g, 0.5f), &v) && v == 0.5);
	ck_assert(brn_const_scalar(INTS(g, -7), &v) && v == -7);
	ck_assert(!brn_const_scalar(INTS(g, 1, 2), &v) && v == -7);
	ck_assert(!brn_const_scalar(input(g, "x", 0), &v));
	ck_assert(!brn_is_const(NULL));
	brn_graph_free(g);
}
END_TEST

START_TEST(graph_prints_as_text)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 2, BATCH, 2);
	struct brn_node *in[] = { x, NULL, scalar(g, 6) };
	struct brn_node *c = named(build_node(g, BRN_OP_clip, in, 3), "c");
	struct brn_node *t = named(transpose(g, c), "t");
	struct brn_buf b = { 0 };
	burin_error err = { 0 };

	output(g, "y", t);
	output(g, "least", INTS(g, INT64_MIN));
	suite_ok(brn_infer_types(g, &err), err);
	brn_graph_print(&b, g);
	ck_assert_str_eq((const char *)b.p,
	    "burin graph 1 opset 21\n"
	    "sym batch\n"
	    "in %0 x\n"
	    "%0 = input f32[batch,2]  # x\n"
	    "%1 = constant [6] f32[]\n"
	    "%2 = clip(%0, _, %1) f32[batch,2]  # c\n"
	    "%3 = transpose(%2) {perm=1,0} f32[2,batch]  # t\n"
	    "%4 = constant [-9223372036854775808] i64[1]\n"
	    "out %3 y\n"
	    "out %4 least\n");
	brn_buf_free(&b);
	brn_graph_free(g);
}
END_TEST

/* ---- running ---- */

START_TEST(graph_runs_with_refs)
{
	float x[] = { -1, 2, 3, 4 }, *y;
	const struct brn_tensor in = { { BURIN_F32, 2, { 2, 2 } }, x };
	struct brn_graph *g = build_graph();
	struct brn_arena *a = brn_arena_new();
	struct brn_node *n = input(g, "x", 2, BATCH, 2);
	struct brn_tensor out[3];
	burin_error err = { 0 };

	output(g, "y", OP(g, add, OP(g, relu, OP(g, neg, n)), scalar(g, 1)));
	output(g, "shape", OP(g, shape, n));
	output(g, "x", n);
	suite_ok(brn_ref_graph(g, &in, out, a, &err), err);
	brn_graph_free(g);
	y = out[0].data;
	ck_assert(y[0] == 2 && y[1] == 1 && y[2] == 1 && y[3] == 1);
	ck_assert_int_eq(((int64_t *)out[1].data)[0], 2);
	ck_assert_mem_eq(out[2].data, x, sizeof x);
	brn_arena_free(a);
}
END_TEST

/* A graph with a bit of everything.  NULL: no memory.  */
static struct brn_graph *
small_graph(burin_error *err)
{
	static const float w[6] = { 1, 0, 0, 0, 1, 0 };
	static const struct brn_matrix m = { w, 2, 3, 0, NULL };
	const struct brn_type type = { BURIN_F32, 2, { 2, 3 } };
	struct brn_graph *g = brn_graph_new();
	struct brn_node *n[8] = { NULL };
	struct brn_bsr *b = NULL;

	if (!g)
		return NULL;
	g->in = brn_arena_alloc(g->arena, 1, sizeof *g->in);
	g->out = brn_arena_alloc(g->arena, 1, sizeof *g->out);
	if (!g->in || !g->out ||
	    !(n[0] = brn_graph_add(g, BRN_OP_input, "x", NULL, 0)) ||
	    brn_bsr_from_dense(&m, 2, 1, 0, &b, err) < 0 ||
	    !(n[1] = brn_graph_bsr(g, "w", b)) ||
	    !(n[2] = brn_graph_add(g, BRN_OP_bsr_dense, "d", n, 2)) ||
	    !(n[3] = brn_graph_ints(g, "s", (int64_t[]){ -1, 1 }, 2)) ||
	    !(n[4] = brn_graph_add(g, BRN_OP_reshape, "r", n + 2, 2)) ||
	    !(n[5] = brn_graph_constant(g, "c", &type, w)) ||
	    !(n[6] = brn_graph_add(g, BRN_OP_transpose, "t", n + 5, 1)) ||
	    brn_attr_set_int(g, n[4], "allowzero", 0) < 0) {
		brn_graph_free(g);
		return NULL;
	}
	g->in[g->nin++] = (struct brn_value){ "x", n[0], type };
	g->in[0].type.dim[0] = brn_graph_sym(g, "batch");
	g->out[g->nout++] = (struct brn_value){ .name = "y", .node = n[4] };
	if (g->in[0].type.dim[0])
		return g;
	brn_graph_free(g);
	return NULL;
}

/* Made, inferred, swept and run.  */
static int
whole_life(burin_error *err)
{
	float x[6] = { 0 };
	const struct brn_tensor in = { { BURIN_F32, 2, { 2, 3 } }, x };
	struct brn_graph *g = small_graph(err);
	struct brn_arena *a = brn_arena_new();
	struct brn_tensor out;
	int rc;

	if (!g || !a)
		rc = brn_nomem(err);
	else if ((rc = brn_infer_types(g, err)) == BURIN_OK &&
	    (rc = brn_graph_sweep(g, err)) == BURIN_OK)
		rc = brn_ref_graph(g, &in, &out, a, err);
	brn_graph_free(g);
	brn_arena_free(a);
	return rc;
}

START_TEST(any_allocation_may_fail)
{
	burin_error err = { 0 };
	int rc = BURIN_ENOMEM;
	long n;

	for (n = 0; rc != BURIN_OK && n < 1000; n++) {
		brn_alloc_fail_at(n);
		rc = whole_life(&err);
		brn_alloc_fail_at(-1);
		ck_assert_msg(rc == BURIN_OK || rc == BURIN_ENOMEM, "%ld: %s",
		    n, err.msg);
	}
	ck_assert_int_eq(rc, BURIN_OK);
	ck_assert_int_gt(n, 20);
}
END_TEST

static Suite *
ir_suite(void)
{
	Suite *s = suite_create("ir");
	TCase *tc = suite_case(s, "base", 60);

	tcase_add_test(tc, error_is_one_line);
	tcase_add_test(tc, sizes_do_not_overflow);
	tcase_add_test(tc, arena_memory_is_zero_aligned_and_apart);
	tcase_add_test(tc, buffer_is_little_endian_and_a_string);
	tcase_add_test(tc, buffer_remembers_a_failure);
	tc = suite_case(s, "tensor", 60);
	tcase_add_loop_test(tc, type_has_a_size_and_a_text, 0, COUNT(types));
	tcase_add_test(tc, bytes_of_a_type_do_not_overflow);
	tc = suite_case(s, "graph", 60);
	tcase_add_test(tc, replaced_node_has_no_users);
	tcase_add_test(tc, sort_puts_new_nodes_before_their_users);
	tcase_add_test(tc, report_stays_with_its_node);
	tcase_add_test(tc, cycle_is_named);
	tcase_add_test(tc, deep_graph_is_sorted);
	tcase_add_test(tc, sweep_drops_what_no_output_needs);
	tcase_add_test(tc, symbol_of_a_name_is_one);
	tcase_add_test(tc, attribute_is_set_again);
	tcase_add_test(tc, attribute_that_the_op_does_not_have_is_a_fault);
	tcase_add_loop_test(tc, table_has_each_attribute_once, 0, BRN_NUM_OPS);
	tcase_add_test(tc, scalar_constant_is_a_number);
	tcase_add_test(tc, graph_prints_as_text);
	tc = suite_case(s, "running", 60);
	tcase_add_test(tc, graph_runs_with_refs);
	tcase_add_test(tc, any_allocation_may_fail);
	return s;
}

SUITE_MAIN(ir_suite)
