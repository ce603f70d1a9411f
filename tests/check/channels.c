/* SPDX-License-Identifier: Apache-2.0
 *
 * fold_dead_channels: no feature leaves when that would break the blocks of
 * the others.  What else it does is in tests/passes.
 */
#include <math.h>
#include <string.h>

#include "ir/op/infer.h"
#include "ir/op/ref.h"
#include "ir/graph/weight.h"
#include "passes/pass.h"
#include "tests/support/build.h"
#include "tests/support/pass_file.h"

static int
fold(struct brn_graph *g, const struct brn_pass_opts *o)
{
	burin_error err;
	int changed;

	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_pass_run(pass_file_pass("fold_dead_channels"), g, o,
	    &changed, &err), err);
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

/* A query that may look at no key has no result, with heads or without.  */
START_TEST(masked_rows_stay_nan)
{
	float x[24], m[] = { -INFINITY, -INFINITY, -INFINITY };
	struct brn_tensor in[] = { { { BURIN_F32, 3, { 1, 3, 8 } }, x },
	    { { BURIN_F32, 4, { 1, 1, 1, 3 } }, m } }, out;
	struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	struct brn_arena *a = brn_arena_new();
	struct brn_graph *g = pass_file_graph(
	    "fold_dead_channels.head_mask.txt");
	burin_error err;

	suite_fill(x, 24, 1);
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

static const struct brn_pass_opts with_cost = { .sparse = 1, .verify = 1,
    .estimate = pass_file_estimate };

/* Zeros of both signs.  */
static void
zero(struct brn_node *w, int64_t row, int64_t col)
{
	float *p = w->value->data;

	p[row * w->value->type.dim[1] + col] = (row + col) % 2 ? -0.0f : 0;
}

static void
zero_rows(struct brn_node *w, int from, int n)
{
	for (int r = from; r < from + n; r++)
		for (int64_t c = 0; c < w->value->type.dim[1]; c++)
			zero(w, r, c);
}

static void
zero_cols(struct brn_node *w, int from, int n)
{
	for (int64_t r = 0; r < w->value->type.dim[0]; r++)
		for (int c = from; c < from + n; c++)
			zero(w, r, c);
}

/* Hold the weight of a layer the other way round.  */
static void
turn(struct brn_graph *g, struct brn_node *layer)
{
	const struct brn_tensor *w = layer->in[1]->value;
	struct brn_node *t = weight(g, layer->in[1]->name,
	    (int)w->type.dim[1], (int)w->type.dim[0], 1);
	float *to = t->value->data;

	for (int64_t c = 0; c < w->type.dim[1]; c++)
		for (int64_t r = 0; r < w->type.dim[0]; r++)
			*to++ = ((float *)w->data)[r * w->type.dim[1] + c];
	layer->in[1] = t;
	set_int(g, layer, "trans_w", 1);
}

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
		struct brn_graph *g = _i ? pass_file_graph(
		    "fold_dead_channels.head_nan_finite.txt") : pruned();
		int changed;

		if (!_i)
			zero_cols(g->out[0].node->in[1], 16, 16);
		suite_ok(brn_graph_sweep(g, &err), err);
		brn_alloc_fail_at(n);
		rc = brn_pass_run(pass_file_pass("fold_dead_channels"), g,
		    &with_cost, &changed, &err);
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
	TCase *tc = suite_case(s, "masks", 60);

	tcase_add_test(tc, masked_rows_stay_nan);
	tc = suite_case(s, "blocks", 60);
	tcase_add_loop_test(tc, blocks_stay_whole, 0, 2 * COUNT(unread));
	tcase_add_test(tc, single_rows_go_where_there_are_no_blocks);
	tcase_add_loop_test(tc, no_allocation_may_fail_unseen, 0, 2);
	return s;
}

SUITE_MAIN(channels_suite)
