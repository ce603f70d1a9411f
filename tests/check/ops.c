/* SPDX-License-Identifier: Apache-2.0
 *
 * Every op: what its ref computes and what shape inference says of it, from one
 * table of cases.  A case is tried three ways: run as a graph, found as a value
 * because all is constant, and inferred with symbols for sizes.
 */
#include "ir/op/infer.h"
#include "ir/op/ref.h"
#include "tests/support/op_cases.h"
#include "tests/support/text.h"

static const char *const codes[] = {
#define X(name, code, text) [-(code)] = #name,
	BURIN_STATUS_MAP(X)
#undef X
};

struct fixture {
	struct brn_graph *g;
	struct brn_node *n;
	struct brn_tensor in[OP_CASE_INPUTS];   /* of graph inputs */
};

/* What shapes may depend on is constant; the rest is fed at run time, unless
 * all_constant.  "_" is an absent input.  */
static void
build(struct fixture *f, const struct op_case *k, int all_constant)
{
	struct brn_node *in[OP_CASE_INPUTS];
	int nin = 0;

	f->g = brn_graph_new();
	ck_assert_ptr_nonnull(f->g);
	f->g->in = brn_arena_alloc(f->g->arena, OP_CASE_INPUTS,
	    sizeof *f->g->in);
	f->g->out = brn_arena_alloc(f->g->arena, 1, sizeof *f->g->out);
	for (; nin < OP_CASE_INPUTS && k->in[nin]; nin++) {
		struct brn_tensor *t;

		in[nin] = NULL;
		if (!strcmp(k->in[nin], "_"))
			continue;
		t = text_tensor(f->g, k->in[nin]);
		if (all_constant || t->type.dtype == BURIN_I64 ||
		    k->op == BRN_OP_range ||
		    (k->op == BRN_OP_resize && nin > 0)) {
			in[nin] = brn_graph_constant(f->g, "c", &t->type,
			    t->data);
			continue;
		}
		in[nin] = brn_graph_add(f->g, BRN_OP_input, "x", NULL, 0);
		f->in[f->g->nin] = *t;
		f->g->in[f->g->nin++] = (struct brn_value){ "x", in[nin],
		    t->type };
	}
	f->n = brn_graph_add(f->g, k->op, "it", in, nin);
	ck_assert_ptr_nonnull(f->n);
	text_attrs(f->g, f->n, k->attr);
	f->g->out[f->g->nout++] = (struct brn_value){ .name = "y",
	    .node = f->n, .type.rank = -1 };
}

/* Within a few units in the last place of float; NaN is NaN, infinities and
 * the sign of zero count.  */
static int
is_near(double got, double want)
{
	if (isnan(want) || isinf(want) || want == 0)
		return isnan(want) ? isnan(got) :
		    got == want && !signbit(got) == !signbit(want);
	return fabs(got - want) <= 4 * FLT_EPSILON * fabs(want);
}

static void
check_tensor(const struct op_case *k, const struct brn_tensor *got,
    const struct brn_tensor *want)
{
	ck_assert_msg(brn_type_equal(&got->type, &want->type),
	    "%s: another type", k->fact);
	for (int64_t i = 0; i < brn_numel(want); i++)
		ck_assert_msg(is_near(brn_get_float(got, i),
		    brn_get_float(want, i)),
		    "%s: [%d] is %.9g, wanted %.9g", k->fact, (int)i,
		    brn_get_float(got, i), brn_get_float(want, i));
}

/* The code that the case wants, or BURIN_OK.  */
static int
wanted_code(const struct op_case *k)
{
	for (int i = 0; i < COUNT(codes); i++)
		if (!strcmp(k->want, codes[i]))
			return -i;
	return BURIN_OK;
}

START_TEST(graph_run_gives_the_result)
{
	const struct op_case *k = &op_cases[_i];
	struct brn_arena *a = brn_arena_new();
	struct brn_tensor out;
	burin_error err = { 0 };
	struct fixture f;
	int rc;

	build(&f, k, 0);
	rc = brn_ref_graph(f.g, f.in, &out, a, &err);
	ck_assert_msg(rc == wanted_code(k), "%s: %d %s", k->fact, rc, err.msg);
	if (rc == BURIN_OK)
		check_tensor(k, &out, text_tensor(f.g, k->want));
	else
		ck_assert_msg(strstr(err.msg, "'it'"), "%s", err.msg);
	brn_arena_free(a);
	brn_graph_free(f.g);
}
END_TEST

START_TEST(constant_inputs_give_a_value)
{
	const struct op_case *k = &op_cases[_i];
	struct brn_shapes *s = NULL;
	burin_error err = { 0 };
	struct fixture f;
	int rc;

	build(&f, k, 1);
	rc = brn_infer(f.g, NULL, &s, &err);
	ck_assert_msg(rc == wanted_code(k), "%s: %d %s", k->fact, rc, err.msg);
	if (rc == BURIN_OK) {
		ck_assert_msg(s->val[f.n->id] != NULL, "%s", k->fact);
		check_tensor(k, s->val[f.n->id], text_tensor(f.g, k->want));
	}
	brn_shapes_free(s);
	brn_graph_free(f.g);
}
END_TEST

/* Every size of every fed input becomes a symbol, equal ones the same.  */
static void
forget_sizes(struct brn_graph *g)
{
	for (int i = 0; i < g->nin; i++)
		for (int d = 0; d < g->in[i].type.rank; d++) {
			char name[32];

			snprintf(name, sizeof name, "s%d",
			    (int)g->in[i].type.dim[d]);
			if (g->in[i].type.dim[d] > 1)
				g->in[i].type.dim[d] = brn_graph_sym(g, name);
		}
}

/* got is no wrong answer where want is the right one: a symbol named after a
 * size stands for that size.  */
static void
check_symbolic(const struct op_case *k, const struct brn_graph *g,
    const struct brn_type *got, const struct brn_type *want)
{
	ck_assert_msg(got->dtype == want->dtype || !got->dtype, "%s", k->fact);
	if (got->rank < 0)
		return;
	ck_assert_msg(got->rank == want->rank, "%s: rank", k->fact);
	for (int d = 0; d < want->rank; d++) {
		int64_t v = got->dim[d];
		int64_t s = brn_is_sym(v) ? v - BRN_SYM(0) : 0;

		if (brn_is_sym(v) && (s >= g->nsym || !g->sym[s]))
			continue;
		if (brn_is_sym(v))
			v = strtoll(g->sym[s] + 1, NULL, 10);
		ck_assert_msg(v == want->dim[d], "%s: dimension %d is %d",
		    k->fact, d, (int)v);
	}
}

START_TEST(symbols_for_sizes_are_not_wrong)
{
	const struct op_case *k = &op_cases[_i];
	struct brn_shapes *s;
	burin_error err = { 0 };
	struct fixture f;

	if (wanted_code(k) != BURIN_OK)
		return;
	build(&f, k, 0);
	forget_sizes(f.g);
	suite_ok(brn_infer(f.g, NULL, &s, &err), err);
	check_symbolic(k, f.g, &s->type[f.n->id],
	    &text_tensor(f.g, k->want)->type);
	brn_shapes_free(s);
	brn_graph_free(f.g);
}
END_TEST

START_TEST(unknown_inputs_are_no_error)
{
	const struct op_case *k = &op_cases[_i];
	struct brn_shapes *s;
	burin_error err = { 0 };
	struct fixture f;

	if (wanted_code(k) != BURIN_OK)
		return;
	build(&f, k, 0);
	for (int i = 0; i < f.g->nin; i++)
		f.g->in[i].node->op = BRN_OP_unsupported;
	f.g->nin = 0;
	suite_ok(brn_infer(f.g, NULL, &s, &err), err);
	brn_shapes_free(s);
	brn_graph_free(f.g);
}
END_TEST

START_TEST(every_op_has_a_case)
{
	int found = brn_ops[_i].flags & (BRN_LEAF | BRN_LATE);

	if (brn_ops[_i].flags & BRN_LISTS && _i != BRN_OP_identity)
		return;         /* in flow.c, and random numbers */
	if (_i == BRN_OP_unsupported || _i == BRN_OP_bsr_dense ||
	    _i == BRN_OP_bsr_conv)
		return;         /* see below, and passes.c */
	for (int k = 0; k < op_ncases; k++)
		found |= op_cases[k].op == (enum brn_op)_i &&
		    wanted_code(&op_cases[k]) == BURIN_OK;
	ck_assert_msg(found, "%s", brn_ops[_i].name);
}
END_TEST

START_TEST(what_has_no_meaning_cannot_be_computed)
{
	static const enum brn_op op[] = { BRN_OP_input, BRN_OP_constant,
	    BRN_OP_bsr, BRN_OP_unsupported };
	struct brn_node n = { .op = op[_i], .name = "n" };
	struct brn_tensor out = { .data = NULL };
	burin_error err;

	ck_assert_int_eq(brn_ref[op[_i]](&n, NULL, &out, &err),
	    BURIN_EUNSUPPORTED);
}
END_TEST

/* Types tell how many elements were counted when they were inferred.  */
START_TEST(more_elements_than_counted_are_refused)
{
	static const enum brn_op op[] = { BRN_OP_nonzero, BRN_OP_compress };
	struct brn_node n = { .op = op[_i], .name = "n", .nin = 1 + _i };
	uint8_t x[] = { 1, 1, 1 };
	int64_t y[3] = { 7, 7, 7 };
	struct brn_tensor in = { { BURIN_BOOL, 1, { 3 } }, x };
	struct brn_tensor out = { { BURIN_I64, 2 - _i, { 1, 1 } }, y };
	const struct brn_tensor *arg[] = { &in, &in };
	burin_error err;

	if (_i)
		out.type.dtype = BURIN_BOOL;
	ck_assert_int_eq(brn_ref[n.op](&n, arg, &out, &err), BURIN_ESHAPE);
	ck_assert_int_eq(y[1], 7);
}
END_TEST

static const struct {
	int64_t rows, cols, m;
	int bh, bw;
} blocks[] = {
	{ 8, 8, 3, 4, 1 }, { 7, 5, 2, 4, 4 }, { 1, 1, 1, 16, 1 },
	{ 33, 17, 4, 16, 16 }, { 20, 9, 1, 1, 4 }, { 5, 40, 3, 1, 1 },
	{ 4, 4, 0, 2, 2 },
};

/* About half of the blocks of w become zero.  */
static void
prune(float *w, int64_t rows, int64_t cols, int bh, int bw)
{
	for (int64_t r = 0; r < rows; r++)
		for (int64_t c = 0; c < cols; c++)
			if ((r / bh * 7 + c / bw * 3) % 2)
				w[r * cols + c] = 0;
}

START_TEST(bsr_dense_is_dense_without_the_zeros)
{
	int64_t dim[3] = { blocks[_i].m, blocks[_i].rows, blocks[_i].cols };
	float w[33 * 40], x[4 * 40], bias[40], y[4 * 40];
	struct brn_node wn = { .op = BRN_OP_bsr, .name = "w" }, *in[3];
	struct brn_node n = { .op = BRN_OP_bsr_dense, .name = "n" };
	struct brn_tensor xt = { { BURIN_F32, 2, { dim[0], dim[2] } }, x };
	struct brn_tensor wt = { { BURIN_F32, 2, { dim[1], dim[2] } }, NULL };
	struct brn_tensor bt = { { BURIN_F32, 1, { dim[1] } }, bias };
	struct brn_tensor yt = { { BURIN_F32, 2, { dim[0], dim[1] } }, y };
	const struct brn_tensor *arg[] = { &xt, &wt, &bt };
	burin_error err;

	suite_fill(w, COUNT(w), 1);
	suite_fill(x, COUNT(x), 2);
	suite_fill(bias, COUNT(bias), 3);
	prune(w, dim[1], dim[2], blocks[_i].bh, blocks[_i].bw);
	suite_ok(brn_bsr_from_dense(&(struct brn_matrix){ w, dim[1], dim[2],
	    0, NULL, NULL }, blocks[_i].bh, blocks[_i].bw, 0, &wn.bsr, &err),
	    err);
	in[0] = in[2] = NULL;
	in[1] = &wn;
	n.in = in;
	for (n.nin = 2; n.nin <= 3; n.nin++) {
		suite_ok(brn_ref[n.op](&n, arg, &yt, &err), err);
		suite_check_dense(y, x, w, n.nin == 3 ? bias : NULL, dim);
	}
	brn_bsr_free(wn.bsr);
}
END_TEST

static Suite *
ops_suite(void)
{
	Suite *s = suite_create("ops");
	TCase *tc = suite_case(s, "cases", 60);

	tcase_add_loop_test(tc, graph_run_gives_the_result, 0, op_ncases);
	tcase_add_loop_test(tc, constant_inputs_give_a_value, 0, op_ncases);
	tcase_add_loop_test(tc, symbols_for_sizes_are_not_wrong, 0, op_ncases);
	tcase_add_loop_test(tc, unknown_inputs_are_no_error, 0, op_ncases);
	tc = suite_case(s, "table", 60);
	tcase_add_loop_test(tc, every_op_has_a_case, 0, BRN_NUM_OPS);
	tcase_add_loop_test(tc, what_has_no_meaning_cannot_be_computed, 0, 4);
	tcase_add_loop_test(tc, more_elements_than_counted_are_refused, 0, 2);
	tcase_add_loop_test(tc, bsr_dense_is_dense_without_the_zeros, 0,
	    COUNT(blocks));
	return s;
}

SUITE_MAIN(ops_suite)
