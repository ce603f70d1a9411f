/* SPDX-License-Identifier: Apache-2.0
 *
 * fold_dead_channels: how many features and heads are left, and that none
 * leaves when that would break the blocks of the others.
 */
#include <math.h>
#include <string.h>

#include "ir/op/infer.h"
#include "ir/op/ref.h"
#include "ir/graph/weight.h"
#include "passes/pass.h"
#include "tests/support/build.h"
#include "tests/support/channel_graph.h"

static const struct brn_pass_info pass = { "fold_dead_channels", "",
    brn_pass_fold_dead_channels };

static int
fold(struct brn_graph *g, const struct brn_pass_opts *o)
{
	burin_error err;
	int changed;

	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_pass_run(&pass, g, o, &changed, &err), err);
	return changed;
}

static const struct brn_node *
find(const struct brn_graph *g, const char *name)
{
	for (int i = 0; i < g->nnode; i++)
		if (!strcmp(g->node[i]->name, name) &&
		    g->node[i]->op == BRN_OP_dense)
			return g->node[i];
	ck_abort_msg("no layer %s", name);
	return NULL;
}

/* The features between the two layers.  */
static int64_t
width(const struct brn_graph *g)
{
	const struct brn_node *maker = find(g, "maker");
	const struct brn_node *reader = find(g, "reader");
	int64_t n = maker->in[1]->type.dim[brn_weight_is_transposed(maker)];

	ck_assert_int_eq(reader->in[1]->type.dim[
	    !brn_weight_is_transposed(reader)], n);
	return n;
}

/* ---- what is left -------------------------------------------------------- */

static const struct {
	void (*build)(struct brn_graph *g, int variant);
	int variant, width;
} left[] = {
	{ channels_ffn, FFN_GELU, 3 },
	{ channels_ffn, FFN_GELU_TANH, 3 },
	{ channels_ffn, FFN_RELU, 3 },
	{ channels_ffn, FFN_TANH, 3 },
	{ channels_ffn, FFN_LINEAR, 3 },
	{ channels_ffn, FFN_SIGMOID, 6 },
	{ channels_ffn, FFN_NO_BIAS, 3 },
	{ channels_ffn, FFN_BARE_READER, 3 },
	{ channels_ffn, FFN_ALL, 1 },
	{ channels_ffn, FFN_ALIVE, 6 },
	{ channels_ffn, FFN_USED, 6 },
	{ channels_ffn, FFN_MAKER_USED, 6 },
	{ channels_ffn, FFN_RESIDUAL, 6 },
	{ channels_ffn, FFN_SHARED, 3 },
	{ channels_ffn, FFN_CHAIN, 3 },
	{ channels_ffn, FFN_TURNED, 3 },
	{ channels_ffn, FFN_MAKER_TURNED, 3 },
	{ channels_attention, HEAD_VALUE, 6 },
	{ channels_attention, HEAD_OUTPUT, 4 },
	{ channels_attention, HEAD_MIXED, 6 },
	{ channels_attention, HEAD_HALF, 8 },
	{ channels_attention, HEAD_QUERY, 8 },
	{ channels_attention, HEAD_ALL, 2 },
	{ channels_attention, HEAD_WIDE, 9 },
	{ channels_attention, HEAD_MASK, 6 },
	{ channels_attention, HEAD_OWN_MASK, 8 },
	{ channels_attention, HEAD_NAN, 8 },
	{ channels_attention, HEAD_NAN_NO_BIAS, 6 },
	{ channels_attention, HEAD_NAN_FINITE, 6 },
	{ channels_attention, HEAD_NAN_NO_MASK, 6 },
	{ channels_attention, HEAD_KEYS_USED, 8 },
	{ channels_attention, HEAD_SCALED, 6 },
	{ channels_attention, HEAD_TURNED, 6 },
};

START_TEST(what_is_dead_goes_and_nothing_else)
{
	struct brn_graph *g = build_graph();
	struct brn_pass_opts o = { .sparse = 1, .verify = 1 };

	left[_i].build(g, left[_i].variant);
	fold(g, &o);
	ck_assert_int_eq(width(g), left[_i].width);
	brn_graph_free(g);
}
END_TEST

START_TEST(nan_is_no_zero)
{
	struct brn_graph *g = build_graph();
	struct brn_pass_opts o = { .sparse = 1, .verify = 1 };

	channels_ffn(g, FFN_RELU);
	((float *)find(g, "maker")->in[1]->value->data)[5] = NAN;
	((float *)find(g, "reader")->in[1]->value->data)[10] = NAN;
	fold(g, &o);
	ck_assert_int_eq(width(g), 5);
	brn_graph_free(g);
}
END_TEST

/* A query that may look at no key has no result, with heads or without.  */
START_TEST(masked_rows_stay_nan)
{
	float x[24], m[] = { -INFINITY, -INFINITY, -INFINITY };
	struct brn_tensor in[] = { { { BURIN_F32, 3, { 1, 3, 8 } }, x },
	    { { BURIN_F32, 4, { 1, 1, 1, 3 } }, m } }, out;
	struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	struct brn_arena *a = brn_arena_new();
	struct brn_graph *g = build_graph();
	burin_error err;

	suite_fill(x, 24, 1);
	channels_attention(g, HEAD_MASK);
	fold(g, &o);
	ck_assert_int_eq(width(g), 6);
	suite_ok(brn_ref_graph(g, in, &out, a, &err), err);
	for (int i = 0; i < 15; i++)
		ck_assert(isnan(((const float *)out.data)[i]));
	brn_arena_free(a);
	brn_graph_free(g);
}
END_TEST

/* ---- blocks -------------------------------------------------------------- */

/* Kernels that like large blocks: a block costs more than its weights.  */
static struct brn_estimate
block_cost(const struct brn_layer_shape *l, const void *ctx)
{
	(void)ctx;
	return (struct brn_estimate){ (double)l->nblk * (l->bh * l->bw + 16),
	    BRN_NO_KERNEL, NULL };
}

static const struct brn_pass_opts with_cost = { .sparse = 1, .verify = 1,
    .estimate = block_cost };

/* 64 features; of the maker every fourth 16x1 block is left.  */
static struct brn_graph *
pruned(void)
{
	struct brn_graph *g = build_graph();
	struct brn_node *w1 = weight(g, "w1", 64, 32, 1), *h;
	float *p = w1->value->data;

	for (int i = 0; i < 64 * 32; i++)
		if ((i / 32 / 16 + i % 32) % 4)
			p[i] = 0;
	h = named(OP(g, dense, input(g, "x", 2, BATCH, 32), w1), "maker");
	h = OP(g, dense, OP(g, relu, h), weight(g, "w2", 16, 64, 2));
	output(g, "y", named(h, "reader"));
	return g;
}

/* Columns of the reader that are zero, and the features that are left.  */
static const struct {
	int from, n, step, width;
	int sparse;
} unread[] = {
	{ 3, 1, 16, 64, 1 },            /* one of each block row */
	{ 16, 16, 64, 48, 1 },          /* one block row */
	{ 20, 8, 64, 64, 1 },           /* half a block row */
	{ 16, 17, 64, 48, 1 },          /* one feature more */
	{ 0, 16, 32, 32, 1 },           /* two block rows */
	{ 0, 64, 64, 1, 1 },            /* all */
	{ 3, 1, 16, 60, 0 },            /* as the first, but all is dense */
};

START_TEST(blocks_stay_whole)
{
	struct brn_pass_opts o = with_cost;
	struct brn_graph *g = pruned();
	struct brn_node *w2 = g->out[0].node->in[1];
	int i = _i / 2;

	o.sparse = unread[i].sparse;
	for (int k = unread[i].from; k < 64; k += unread[i].step)
		zero_cols(w2, k, unread[i].n);
	if (_i % 2) {
		turn(g, g->out[0].node);
		turn(g, g->out[0].node->in[0]->in[0]);
	}
	fold(g, &o);
	ck_assert_int_eq(width(g), unread[i].width);
	ck_assert_int_eq(fold(g, &o), 0);
	brn_graph_free(g);
}
END_TEST

/* Rows that are pruned as a whole leave a dense layer.  */
START_TEST(single_rows_go_where_there_are_no_blocks)
{
	struct brn_graph *g = build_graph();
	struct brn_node *w1 = weight(g, "w1", 64, 32, 1), *h;

	h = named(OP(g, dense, input(g, "x", 2, BATCH, 32), w1), "maker");
	h = OP(g, dense, OP(g, relu, h), weight(g, "w2", 16, 64, 2));
	output(g, "y", named(h, "reader"));
	for (int r = 1; r < 64; r += 2)
		zero_rows(w1, r, 1);
	fold(g, &with_cost);
	ck_assert_int_eq(width(g), 32);
	ck_assert_int_eq(fold(g, &with_cost), 0);
	brn_graph_free(g);
}
END_TEST

START_TEST(no_allocation_may_fail_unseen)
{
	burin_error err;
	int rc = -1;

	for (long n = 0; rc < 0; n++) {
		struct brn_graph *g = _i ? build_graph() : pruned();
		int changed;

		if (_i)
			channels_attention(g, HEAD_NAN_FINITE);
		else
			zero_cols(g->out[0].node->in[1], 16, 16);
		suite_ok(brn_graph_sweep(g, &err), err);
		brn_alloc_fail_at(n);
		rc = brn_pass_run(&pass, g, &with_cost, &changed, &err);
		brn_alloc_fail_at(-1);
		ck_assert_msg(rc == BURIN_OK || rc == BURIN_ENOMEM,
		    "allocation %ld: %d, %s", n, rc, err.msg);
		brn_graph_free(g);
	}
}
END_TEST

static Suite *
channels_suite(void)
{
	Suite *s = suite_create("channels");
	TCase *tc = suite_case(s, "left", 60);

	tcase_add_loop_test(tc, what_is_dead_goes_and_nothing_else, 0,
	    COUNT(left));
	tcase_add_test(tc, nan_is_no_zero);
	tcase_add_test(tc, masked_rows_stay_nan);
	tc = suite_case(s, "blocks", 60);
	tcase_add_loop_test(tc, blocks_stay_whole, 0, 2 * COUNT(unread));
	tcase_add_test(tc, single_rows_go_where_there_are_no_blocks);
	tcase_add_loop_test(tc, no_allocation_may_fail_unseen, 0, 2);
	return s;
}

SUITE_MAIN(channels_suite)
