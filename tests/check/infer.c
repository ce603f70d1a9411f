/* SPDX-License-Identifier: Apache-2.0
 *
 * Shape inference over graphs: the chains that exporters write around shapes,
 * with symbols and with sizes; inputs that do not fit; what depends on data.
 * Values are tested in values.c, single ops in ops.c.
 */
#include "ir/graph/iter.h"
#include "tests/support/build.h"

#include <string.h>

/* Like input, of another element type.  */
static struct brn_node *
typed(struct brn_graph *g, struct brn_node *n, int dtype)
{
	for (int i = 0; i < g->nin; i++)
		if (g->in[i].node == n)
			g->in[i].type.dtype = n->type.dtype = dtype;
	return n;
}

static struct brn_node *
int_scalar(struct brn_graph *g, int64_t v)
{
	struct brn_type t = { .dtype = BURIN_I64 };
	struct brn_node *n = brn_graph_constant(g, "", &t, &v);

	ck_assert_ptr_nonnull(n);
	return n;
}

static struct brn_node *
ones(struct brn_graph *g, struct brn_node *shape)
{
	struct brn_node *n = OP(g, constant_of_shape, shape);
	struct brn_node *one = INTS(g, 1);

	ck_assert_int_eq(brn_attr_set_tensor(g, n, "value", one->value), 0);
	return n;
}

#define JOINED(g, ...) set_int(g, OP(g, concat, __VA_ARGS__), "axis", 0)

/* The size of axis i of x, as a list of one.  */
static struct brn_node *
size_of(struct brn_graph *g, struct brn_node *x, int64_t i)
{
	return OP(g, unsqueeze, OP(g, gather, OP(g, shape, x),
	    int_scalar(g, i)), INTS(g, 0));
}

static struct brn_node *
permute(struct brn_graph *g, struct brn_node *x, const int64_t *perm, int n)
{
	struct brn_node *t = OP(g, transpose, x);

	ck_assert_int_eq(brn_attr_set_ints(g, t, "perm", perm, n), 0);
	return t;
}

static void
expect_text(const struct brn_graph *g, const struct brn_type *t,
    const char *want)
{
	struct brn_buf b = { 0 };

	brn_type_print(&b, t, g->sym, g->nsym);
	ck_assert_str_eq((const char *)b.p, want);
	brn_buf_free(&b);
}

static void
expect_type(const struct brn_graph *g, const struct brn_node *n,
    const struct brn_type *in, const char *want)
{
	struct brn_shapes *s = build_infer(g, in);

	expect_text(g, &s->type[n->id], want);
	brn_shapes_free(s);
}

/* The value of n as if it were a shape.  NULL: it has none.  */
static void
expect_value(const struct brn_graph *g, const struct brn_node *n,
    const char *want)
{
	struct brn_shapes *s = build_infer(g, NULL);
	const struct brn_tensor *v = s->val[n->id];
	struct brn_type t = { .dtype = BURIN_I64 };

	ck_assert_int_eq(v != NULL, want != NULL);
	if (v) {
		ck_assert_int_eq(v->type.dtype, BURIN_I64);
		t.rank = (int)brn_numel(v);
		for (int i = 0; i < t.rank; i++)
			t.dim[i] = ((const int64_t *)v->data)[i];
		expect_text(g, &t, want);
		ck_assert_int_eq(s->sym[n->id], !brn_type_is_concrete(&t));
	}
	brn_shapes_free(s);
}

#define F32(...) { BURIN_F32, COUNT(((int[]){ __VA_ARGS__ })), \
	{ __VA_ARGS__ } }
#define I64(...) { BURIN_I64, COUNT(((int[]){ __VA_ARGS__ })), \
	{ __VA_ARGS__ } }

/* ---- what exporters write ---- */

START_TEST(heads_are_split_and_joined)
{
	static const int64_t perm[] = { 0, 2, 1, 3 }, kperm[] = { 0, 2, 3, 1 };
	const struct brn_type in[] = { F32(2, 7, 768) };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 3, BATCH, SEQ, 768);
	struct brn_node *shape = JOINED(g, size_of(g, x, 0),
	    size_of(g, x, 1), INTS(g, 12), INTS(g, 64));
	struct brn_node *heads = OP(g, reshape, x, shape);
	struct brn_node *scores = OP(g, matmul, permute(g, heads, perm, 4),
	    permute(g, heads, kperm, 4));
	struct brn_node *mix = OP(g, matmul, scores,
	    permute(g, heads, perm, 4));
	struct brn_node *joined = OP(g, reshape, permute(g, mix, perm, 4),
	    INTS(g, 0, 0, -1));

	expect_value(g, shape, "i64[batch,seq,12,64]");
	expect_type(g, heads, NULL, "f32[batch,seq,12,64]");
	expect_type(g, scores, NULL, "f32[batch,12,seq,seq]");
	expect_type(g, joined, NULL, "f32[batch,seq,768]");
	expect_type(g, scores, in, "f32[2,12,7,7]");
	expect_type(g, joined, in, "f32[2,7,768]");
	brn_graph_free(g);
}
END_TEST

/* Expand to [batch, 1, seq, seq] where -1 means 1, as the exporter of torch
 * writes it.  */
START_TEST(mask_is_expanded)
{
	const struct brn_type in[] = { I64(3, 5) };
	struct brn_graph *g = build_graph();
	struct brn_node *ids = typed(g, input(g, "mask", 2, BATCH, SEQ),
	    BURIN_I64);
	struct brn_node *shape = JOINED(g, size_of(g, ids, 0),
	    INTS(g, 1), size_of(g, ids, 1), size_of(g, ids, 1));
	struct brn_node *one = ones(g, OP(g, shape, shape));
	struct brn_node *minus = OP(g, mul, one, int_scalar(g, -1));
	struct brn_node *size = OP(g, where, OP(g, equal, shape, minus), one,
	    shape);
	struct brn_node *mask = OP(g, expand, OP(g, unsqueeze, ids,
	    INTS(g, 1, 2)), size);

	expect_value(g, size, "i64[batch,1,seq,seq]");
	expect_type(g, mask, NULL, "i64[batch,1,seq,seq]");
	expect_type(g, mask, in, "i64[3,1,5,5]");
	brn_graph_free(g);
}
END_TEST

START_TEST(positions_are_counted_or_cut)
{
	const struct brn_type in[] = { I64(3, 5) };
	struct brn_graph *g = build_graph();
	struct brn_node *ids = typed(g, input(g, "ids", 2, BATCH, SEQ),
	    BURIN_I64);
	struct brn_node *seq = size_of(g, ids, 1);
	struct brn_node *count = OP(g, range, int_scalar(g, 0),
	    OP(g, squeeze, seq, INTS(g, 0)), int_scalar(g, 1));
	struct brn_node *table = ones(g, INTS(g, 1, 512));
	struct brn_node *cut = OP(g, slice, table, INTS(g, 0), seq,
	    INTS(g, 1), INTS(g, 1));
	struct brn_node *all = OP(g, slice, ids, INTS(g, 0), seq,
	    INTS(g, 1));
	struct brn_node *sum = OP(g, add, all, count);
	struct brn_node *sum2 = OP(g, add, cut, OP(g, add, ids, cut));

	expect_type(g, count, NULL, "i64[seq]");
	expect_type(g, all, NULL, "i64[batch,seq]");
	expect_type(g, sum, NULL, "i64[batch,seq]");
	expect_type(g, sum2, NULL, "i64[batch,seq]");
	expect_type(g, cut, in, "i64[1,5]");
	expect_type(g, sum, in, "i64[3,5]");
	brn_graph_free(g);
}
END_TEST

/* sqrt(head size) is known though batch and sequence are not.  */
START_TEST(scale_is_found_from_a_shape)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 3, BATCH, SEQ, 64);
	struct brn_node *cast = set_int(g, OP(g, cast, OP(g, slice,
	    OP(g, shape, x), INTS(g, -1), INTS(g, INT64_MAX))), "to",
	    BURIN_F32);
	struct brn_node *scale = OP(g, div, scalar(g, 1), OP(g, sqrt, cast));
	struct brn_shapes *s = build_infer(g, NULL);

	ck_assert_ptr_nonnull(s->val[scale->id]);
	suite_near(((float *)s->val[scale->id]->data)[0], 0.125, 0);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

static const struct {
	int dim[3];
	int64_t shape[4];
	int n;
	const char *want;
} reshapes[] = {
	{ { BATCH, SEQ, 768 }, { 0, 0, 12, 64 }, 4, "f32[batch,seq,12,64]" },
	{ { BATCH, SEQ, 768 }, { 0, -1, 12, 64 }, 4, "f32[batch,seq,12,64]" },
	{ { BATCH, SEQ, 768 }, { 0, 0, 12, -1 }, 4, "f32[batch,seq,12,64]" },
	{ { BATCH, SEQ, 768 }, { -1, 768 }, 2, "f32[?2,768]" },
	{ { BATCH, 1, 768 }, { -1, 768 }, 2, "f32[batch,768]" },
	{ { BATCH, 2, 768 }, { -1, 768 }, 2, "f32[?2,768]" },
	{ { BATCH, SEQ, 768 }, { -1 }, 1, "f32[?2]" },
	{ { BATCH, SEQ, 0 }, { 0, 0, -1 }, 3, "f32[batch,seq,0]" },
	{ { 2, 3, 768 }, { -1, 768 }, 2, "f32[6,768]" },
};

START_TEST(reshape_keeps_symbols)
{
	const int *d = reshapes[_i].dim;
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 3, d[0], d[1], d[2]);
	struct brn_node *n = OP(g, reshape, x, build_ints(g,
	    reshapes[_i].shape, reshapes[_i].n));
	burin_error err = { 0 };
	char *want = strdup(reshapes[_i].want), *number;

	/* A new symbol has the first free number.  */
	suite_ok(brn_infer_types(g, &err), err);
	number = strchr(want, '?');
	if (number)
		number[1] = (char)('0' + (d[0] == BATCH) + (d[1] == SEQ));
	expect_text(g, &n->type, want);
	free(want);
	brn_graph_free(g);
}
END_TEST

/* ---- arithmetic with symbols ---- */

static const struct {
	enum brn_op op;
	int64_t b;
	int swap;
	const char *want;       /* NULL: no value */
} arith[] = {
	{ BRN_OP_add, 0, 0, "i64[batch,3]" },
	{ BRN_OP_add, 0, 1, "i64[batch,3]" },
	{ BRN_OP_add, 5, 0, "i64[?1,8]" },
	{ BRN_OP_add, -5, 0, NULL },
	{ BRN_OP_sub, 0, 0, "i64[batch,3]" },
	{ BRN_OP_sub, 1, 0, NULL },
	{ BRN_OP_sub, 0, 1, NULL },
	{ BRN_OP_mul, 1, 0, "i64[batch,3]" },
	{ BRN_OP_mul, 1, 1, "i64[batch,3]" },
	{ BRN_OP_mul, 0, 0, "i64[0,0]" },
	{ BRN_OP_mul, 2, 0, "i64[?1,6]" },
	{ BRN_OP_mul, -1, 0, NULL },
	{ BRN_OP_div, 1, 0, "i64[batch,3]" },
	{ BRN_OP_div, 2, 0, "i64[?1,1]" },
	{ BRN_OP_div, -1, 0, NULL },
	{ BRN_OP_max, 1, 0, NULL },
};

START_TEST(arithmetic_keeps_the_symbols_it_can)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 2, BATCH, 3);
	struct brn_node *a = OP(g, shape, x), *b = int_scalar(g, arith[_i].b);
	struct brn_node *in[] = { arith[_i].swap ? b : a,
	    arith[_i].swap ? a : b };

	expect_value(g, build_node(g, arith[_i].op, in, 2), arith[_i].want);
	brn_graph_free(g);
}
END_TEST

/* Equal is known for sizes and -1, not for sizes and 4.  */
START_TEST(a_symbol_is_itself_and_not_negative)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 2, BATCH, 3);
	struct brn_node *a = OP(g, shape, x);
	struct brn_node *yes = OP(g, equal, a, a);
	struct brn_node *no = OP(g, equal, a, int_scalar(g, -1));
	struct brn_node *maybe = OP(g, equal, a, int_scalar(g, 4));
	struct brn_node *zero = OP(g, sub, a, a);
	struct brn_shapes *s = build_infer(g, NULL);

	ck_assert_int_eq(((uint8_t *)s->val[yes->id]->data)[0], 1);
	ck_assert_int_eq(((uint8_t *)s->val[no->id]->data)[0], 0);
	ck_assert_ptr_null(s->val[maybe->id]);
	ck_assert_int_eq(((int64_t *)s->val[zero->id]->data)[0], 0);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

/* The least integer is a usual end of a Slice and looks like a symbol.  */
START_TEST(the_least_integer_is_no_symbol)
{
	struct brn_graph *g = build_graph();
	struct brn_node *shape = OP(g, shape, input(g, "x", 2, BATCH, 3));
	struct brn_node *least = INTS(g, INT64_MIN);
	struct brn_node *ends = JOINED(g, least, least);
	struct brn_node *back = OP(g, slice, INTS(g, 4, 5), INTS(g, -1),
	    OP(g, slice, ends, INTS(g, 0), INTS(g, 1)), INTS(g, 0),
	    INTS(g, -1));
	struct brn_node *both = JOINED(g, shape, least);
	struct brn_node *first = OP(g, slice, shape, least, INTS(g, -1));
	struct brn_node *sum = OP(g, add, JOINED(g, shape,
	    INTS(g, INT64_MIN / 2)), INTS(g, 0, 0, -1));

	expect_value(g, back, "i64[5,4]");
	expect_value(g, both, NULL);
	expect_value(g, first, "i64[batch]");
	expect_value(g, sum, NULL);
	brn_graph_free(g);
}
END_TEST

/* ---- broadcast ---- */

static const struct {
	int a, b;
	const char *want;
} broadcasts[] = {
	{ BATCH, BATCH, "f32[batch]" }, { BATCH, 1, "f32[batch]" },
	{ 1, BATCH, "f32[batch]" },     { BATCH, 4, "f32[4]" },
	{ 4, BATCH, "f32[4]" },         { 0, BATCH, "f32[0]" },
	{ BATCH, SEQ, "f32[?2]" },
};

START_TEST(symbols_broadcast)
{
	struct brn_graph *g = build_graph();
	struct brn_node *a = input(g, "a", 1, broadcasts[_i].a);
	struct brn_node *b = input(g, "b", 1, broadcasts[_i].b);

	expect_type(g, OP(g, add, a, b), NULL, broadcasts[_i].want);
	brn_graph_free(g);
}
END_TEST

/* ---- inputs of a run ---- */

static const struct {
	struct brn_type a, b;
	const char *want;       /* part of the message; NULL: fits */
} feeds[] = {
	{ F32(2, 7, 4), I64(2, 7), NULL },
	{ F32(0, 7, 4), I64(0, 7), NULL },
	{ F32(2, 7), I64(2, 7), "'a': is f32[2,7], wanted f32[batch,seq,4]" },
	{ F32(2, 7, 4), F32(2, 7), "'b': is f32[2,7], wanted i64[batch,seq]" },
	{ F32(2, 7, 5), I64(2, 7), "'a': is f32[2,7,5]" },
	{ F32(2, 7, 4), I64(3, 7), "'b': dimension 0 (batch) is 3, wanted 2" },
	{ F32(2, 7, 4), I64(2, -7), "'b': is i64[2,-7]" },
	{ F32(2, 7, 4), { .rank = -1 }, "'b': is ?[..]" },
};

START_TEST(inputs_must_fit_their_declaration)
{
	const struct brn_type in[] = { feeds[_i].a, feeds[_i].b };
	struct brn_graph *g = build_graph();
	struct brn_shapes *s = NULL;
	burin_error err = { 0 };
	int rc;

	input(g, "a", 3, BATCH, SEQ, 4);
	typed(g, input(g, "b", 2, BATCH, SEQ), BURIN_I64);
	rc = brn_infer(g, in, &s, &err);
	ck_assert_int_eq(rc, feeds[_i].want ? BURIN_ESHAPE : BURIN_OK);
	if (feeds[_i].want)
		ck_assert_msg(strstr(err.msg, feeds[_i].want), "%s", err.msg);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

START_TEST(an_undeclared_rank_is_known_at_a_run)
{
	const struct brn_type in[] = { F32(2, 3) };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 0);
	struct brn_node *y = OP(g, relu, x), *shape = OP(g, shape, x);
	struct brn_node *flat = OP(g, reshape, y, INTS(g, 0, -1));

	g->in[0].type.rank = -1;
	expect_type(g, y, NULL, "?[..]");
	expect_type(g, shape, NULL, "i64[?0]");
	expect_type(g, y, in, "f32[2,3]");
	expect_type(g, flat, in, "f32[2,3]");
	brn_graph_free(g);
}
END_TEST

START_TEST(a_scale_of_unknown_size_may_be_one_number)
{
	const struct brn_type one[] = { F32(1) }, two[] = { F32(2) };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, BATCH);
	struct brn_node *q = OP(g, quantize_linear, x, x);
	struct brn_shapes *s;
	burin_error err;

	expect_type(g, q, NULL, "u8[batch]");
	expect_type(g, q, one, "u8[1]");
	ck_assert_int_eq(brn_infer(g, two, &s, &err), BURIN_ESHAPE);
	brn_graph_free(g);
}
END_TEST

START_TEST(a_slope_may_fit_an_unknown_size)
{
	const struct brn_type large[] = { F32(4) }, one[] = { F32(1) };
	struct brn_graph *g = build_graph();
	struct brn_node *p = OP(g, prelu, input(g, "x", 1, BATCH),
	    vector(g, "slope", 4, 1, 1));
	struct brn_shapes *s;
	burin_error err;

	expect_type(g, p, NULL, "f32[batch]");
	expect_type(g, p, large, "f32[4]");
	ck_assert_int_eq(brn_infer(g, one, &s, &err), BURIN_ESHAPE);
	brn_graph_free(g);
}
END_TEST

/* ---- what depends on data ---- */

START_TEST(a_shape_that_depends_on_data_is_refused)
{
	const struct brn_type in[] = { F32(1), I64(1) };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, BATCH);
	struct brn_node *n = typed(g, input(g, "n", 1, 1), BURIN_I64);
	struct brn_shapes *s;
	burin_error err = { 0 };

	named(OP(g, expand, x, n), "grow");
	s = build_infer(g, NULL);             /* not yet known is no error */
	brn_shapes_free(s);
	ck_assert_int_eq(brn_infer(g, in, &s, &err), BURIN_EUNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.msg,
	    "'grow': expand(f32[1], i64[1])"));
	brn_graph_free(g);
}
END_TEST

START_TEST(what_an_unsupported_node_feeds_is_unknown)
{
	const struct brn_type in[] = { F32(2, 3) };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 2, BATCH, 3);
	struct brn_node *odd = OP(g, unsupported, x);
	struct brn_node *y = OP(g, matmul, odd, x);
	struct brn_node *z = OP(g, reshape, x, OP(g, shape, odd));
	struct brn_node *w = OP(g, range, int_scalar(g, 0), OP(g, gather,
	    OP(g, shape, odd), int_scalar(g, 0)), int_scalar(g, 1));

	for (int k = 0; k < 2; k++) {
		struct brn_shapes *s = build_infer(g, k ? in : NULL);

		ck_assert_int_eq(s->type[odd->id].rank, -1);
		ck_assert_int_eq(s->type[y->id].rank, -1);
		ck_assert_int_eq(s->type[y->id].dtype, 0);
		ck_assert_int_eq(s->type[z->id].rank, -1);
		ck_assert_int_eq(s->type[w->id].rank, 1);
		brn_shapes_free(s);
	}
	brn_graph_free(g);
}
END_TEST

/* As many as no integer counts, though each operand fits memory.  */
START_TEST(an_einsum_that_never_ends_is_refused)
{
	static const int64_t equation[] = { 'a', ',', 'b', ',', 'c', '-',
	    '>' };
	const struct brn_type in[] = { F32(1 << 22), F32(1 << 22),
	    F32(1 << 22) };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, BATCH);
	struct brn_node *y = input(g, "y", 1, BATCH);
	struct brn_node *n = OP(g, einsum, x, y, input(g, "z", 1, BATCH));
	struct brn_shapes *s = NULL;
	burin_error err = { 0 };

	ck_assert_int_eq(brn_attr_set_ints(g, n, "equation", equation,
	    COUNT(equation)), 0);
	ck_assert_int_eq(brn_infer(g, in, &s, &err), BURIN_ESHAPE);
	brn_graph_free(g);
}
END_TEST

START_TEST(pieces_of_two_lists_are_kept_apart)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, 6);
	struct brn_node *one = INTS(g, 1, 5), *two = INTS(g, 4, 2);
	struct brn_node *part[4];

	for (int i = 0; i < 4; i++) {
		part[i] = OP(g, split, x, i % 2 ? two : one);
		set_int(g, part[i], "nout", 2);
		set_int(g, part[i], "index", i / 2);
	}
	expect_type(g, part[0], NULL, "f32[1]");
	expect_type(g, part[1], NULL, "f32[4]");
	expect_type(g, part[2], NULL, "f32[5]");
	expect_type(g, part[3], NULL, "f32[2]");
	brn_graph_free(g);
}
END_TEST

START_TEST(inferring_again_gives_the_same_symbols)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 2, BATCH, SEQ);
	struct brn_node *n = OP(g, reshape, x, INTS(g, -1));
	burin_error err = { 0 };
	struct brn_type first;
	int nsym;

	suite_ok(brn_infer_types(g, &err), err);
	first = n->type;
	nsym = g->nsym;
	suite_ok(brn_infer_types(g, &err), err);
	ck_assert(brn_type_equal(&first, &n->type));
	ck_assert_int_eq(nsym, g->nsym);
	brn_graph_free(g);
}
END_TEST

START_TEST(an_absent_input_is_named)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 1, 2), *in[] = { x, NULL };
	struct brn_shapes *s;
	burin_error err = { 0 };

	named(build_node(g, _i ? BRN_OP_max : BRN_OP_add, in, 2), "n");
	ck_assert_int_eq(brn_infer(g, NULL, &s, &err), BURIN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.msg, "'n': input 1 is absent"));
	brn_graph_free(g);
}
END_TEST

/* 4 MB, as a weight may have; 16 GB are left to the run.  */
START_TEST(a_constant_of_shape_of_moderate_size_has_a_value)
{
	struct brn_graph *g = brn_graph_new();
	struct brn_node *small = ones(g, INTS(g, 1024, 1024));
	struct brn_node *huge = ones(g, INTS(g, 65536, 65536));
	struct brn_shapes *s = build_infer(g, NULL);

	ck_assert_ptr_nonnull(s->val[small->id]);
	ck_assert_int_eq(brn_get_int(s->val[small->id], 1 << 19), 1);
	ck_assert_ptr_null(s->val[huge->id]);
	brn_shapes_free(s);
	brn_graph_free(g);
}
END_TEST

static Suite *
infer_suite(void)
{
	Suite *s = suite_create("infer");
	TCase *tc = suite_case(s, "exporters", 60);

	tcase_add_test(tc, heads_are_split_and_joined);
	tcase_add_test(tc, mask_is_expanded);
	tcase_add_test(tc, positions_are_counted_or_cut);
	tcase_add_test(tc, scale_is_found_from_a_shape);
	tcase_add_loop_test(tc, reshape_keeps_symbols, 0, COUNT(reshapes));
	tc = suite_case(s, "symbols", 60);
	tcase_add_loop_test(tc, arithmetic_keeps_the_symbols_it_can, 0,
	    COUNT(arith));
	tcase_add_test(tc, a_symbol_is_itself_and_not_negative);
	tcase_add_test(tc, the_least_integer_is_no_symbol);
	tcase_add_loop_test(tc, symbols_broadcast, 0, COUNT(broadcasts));
	tcase_add_test(tc, inferring_again_gives_the_same_symbols);
	tc = suite_case(s, "inputs", 60);
	tcase_add_loop_test(tc, inputs_must_fit_their_declaration, 0,
	    COUNT(feeds));
	tcase_add_test(tc, an_undeclared_rank_is_known_at_a_run);
	tcase_add_test(tc, a_scale_of_unknown_size_may_be_one_number);
	tcase_add_test(tc, a_slope_may_fit_an_unknown_size);
	tcase_add_test(tc, a_shape_that_depends_on_data_is_refused);
	tcase_add_test(tc, what_an_unsupported_node_feeds_is_unknown);
	tcase_add_test(tc, an_einsum_that_never_ends_is_refused);
	tcase_add_test(tc, pieces_of_two_lists_are_kept_apart);
	tcase_add_test(tc, a_constant_of_shape_of_moderate_size_has_a_value);
	tcase_add_loop_test(tc, an_absent_input_is_named, 0, 2);
	return s;
}

SUITE_MAIN(infer_suite)
