/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that inference finds before a run: what is computed and what is left
 * because it would take too long or too much memory.
 */
#include "tests/support/build.h"

START_TEST(a_weight_behind_a_transpose_has_a_value)
{
	struct brn_graph *g = build_graph();
	struct brn_node *w = weight(g, "w", 700, 600, 1);
	struct brn_node *t = transpose(g, w);
	struct brn_shapes *s = build_infer(g, NULL);
	const float *from = w->value->data, *to;

	ck_assert_ptr_nonnull(s->val[t->id]);
	to = s->val[t->id]->data;
	for (int i = 0; i < 600; i++)
		ck_assert(to[i * 700 + i] == from[i * 600 + i]);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

START_TEST(a_large_value_from_nothing_is_left_alone)
{
	struct brn_graph *g = build_graph();
	struct brn_node *small = OP(g, constant_of_shape, INTS(g, 100));
	struct brn_node *large = OP(g, expand, INTS(g, 7), INTS(g, 1 << 20));
	struct brn_shapes *s = build_infer(g, NULL);

	ck_assert_ptr_nonnull(s->val[small->id]);
	ck_assert_ptr_null(s->val[large->id]);
	ck_assert_int_eq(s->type[large->id].dim[0], 1 << 20);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

/* Each step makes four of one: the sum of all must stay bounded, while small
 * values are found however many there are.  */
START_TEST(values_cannot_fill_the_memory)
{
	struct brn_graph *g = build_graph();
	struct brn_node *n = OP(g, constant_of_shape, INTS(g, 2000));
	struct brn_node *last = NULL;
	struct brn_shapes *s;
	double bytes = 0;

	for (int i = 0; i < 10; i++)
		n = OP(g, concat, n, n, n, n);
	for (int i = 0; i < 1000; i++)
		last = OP(g, add, INTS(g, 1), INTS(g, i));
	s = build_infer(g, NULL);
	for (int i = 0; i < s->n; i++)
		if (s->val[i])
			bytes += 4.0 * (double)brn_numel(s->val[i]);
	ck_assert_ptr_null(s->val[n->id]);
	ck_assert_ptr_nonnull(s->val[last->id]);
	ck_assert_double_lt(bytes, 128 << 20);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

START_TEST(a_costly_product_is_left_alone)
{
	struct brn_graph *g = build_graph();
	struct brn_node *w = weight(g, "w", 2, 1 << 18, 1);
	struct brn_node *t = transpose(g, w);
	struct brn_node *big = OP(g, matmul, t, OP(g, matmul, w, t));
	struct brn_shapes *s;

	for (int i = 0; i < 50; i++)
		big = OP(g, matmul, t, OP(g, matmul, w, big));
	s = build_infer(g, NULL);
	ck_assert_ptr_null(s->val[big->id]);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

/* Each sum has n^6 products.  */
START_TEST(a_costly_einsum_is_left_alone)
{
	static const int64_t equation[] = { 'a', 'b', ',', 'c', 'd', ',', 'e',
	    'f', '-', '>' };
	struct brn_graph *g = build_graph();
	struct brn_node *w = weight(g, "w", 24, 24, 1);
	struct brn_node *few = weight(g, "w", 2, 2, 1);
	struct brn_node *big = OP(g, einsum, w, w, w);
	struct brn_node *small = OP(g, einsum, few, few, few);
	struct brn_shapes *s;

	ck_assert_int_eq(brn_attr_set_ints(g, big, "equation", equation,
	    COUNT(equation)), 0);
	ck_assert_int_eq(brn_attr_set_ints(g, small, "equation", equation,
	    COUNT(equation)), 0);
	s = build_infer(g, NULL);
	ck_assert_ptr_null(s->val[big->id]);
	ck_assert_ptr_nonnull(s->val[small->id]);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

/* Would take minutes if each of the k searched all of the line.  */
START_TEST(a_line_is_sorted_at_once)
{
	enum { N = 200000 };
	struct brn_graph *g = build_graph();
	struct brn_node *line = weight(g, "w", 1, N, 1);
	struct brn_node *top = OP(g, top_k, line, INTS(g, N));
	struct brn_shapes *s = build_infer(g, NULL);
	const float *y;

	ck_assert_ptr_nonnull(s->val[top->id]);
	y = s->val[top->id]->data;
	for (int i = 1; i < N; i++)
		ck_assert(y[i - 1] >= y[i]);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

/* A weight is met once for each position, not each time all weights are.  */
START_TEST(a_convolution_of_constants_has_a_value)
{
	const struct brn_type x = { BURIN_F32, 4, { 1, 64, 16, 16 } };
	const struct brn_type w = { BURIN_F32, 4, { 64, 64, 3, 3 } };
	struct brn_graph *g = build_graph();
	struct brn_node *conv = OP(g, conv, brn_graph_constant(g, "x", &x,
	    NULL), brn_graph_constant(g, "w", &w, NULL));
	struct brn_shapes *s = build_infer(g, NULL);

	ck_assert_ptr_nonnull(s->val[conv->id]);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

static Suite *
values_suite(void)
{
	Suite *s = suite_create("values");
	TCase *tc = suite_case(s, "values", 60);

	tcase_add_test(tc, a_weight_behind_a_transpose_has_a_value);
	tcase_add_test(tc, a_large_value_from_nothing_is_left_alone);
	tcase_add_test(tc, values_cannot_fill_the_memory);
	tcase_add_test(tc, a_costly_product_is_left_alone);
	tcase_add_test(tc, a_costly_einsum_is_left_alone);
	tcase_add_test(tc, a_line_is_sorted_at_once);
	tcase_add_test(tc, a_convolution_of_constants_has_a_value);
	return s;
}

SUITE_MAIN(values_suite)
