/* SPDX-License-Identifier: Apache-2.0
 *
 * bsr_dense: blocks are counted right, the block shape that a mask was made of
 * is found, and what is decided is recorded with its reason.
 */
#include <math.h>
#include <string.h>

#include "ir/graph/matrix_bits.h"
#include "passes/block_shapes.h"
#include "passes/pass.h"
#include "tests/support/build.h"

/* Zero the blocks of p [rows][cols] but a share of them.  */
static void
prune(float *p, int rows, int cols, struct brn_block b, double keep)
{
	int nbc = (cols + b.bw - 1) / b.bw, nbr = (rows + b.bh - 1) / b.bh;
	uint64_t seed = 5;

	for (int k = 0; k < nbr * nbc; k++) {
		int r0 = k / nbc * b.bh, c0 = k % nbc * b.bw;

		if ((double)suite_below(&seed, 1000) < 1000 * keep)
			continue;
		for (int r = r0; r < rows && r < r0 + b.bh; r++)
			for (int c = c0; c < cols && c < c0 + b.bw; c++)
				p[r * cols + c] = 0;
	}
}

/* ---- counting ------------------------------------------------------------ */

static const struct {
	int rows, cols;
	struct brn_block b;
	double keep;
} counts[] = {
	{ 1, 1, { 1, 1 }, 1 },
	{ 1, 1, { 1, 1 }, 0 },
	{ 64, 64, { 1, 1 }, 0.1 },
	{ 37, 70, { 1, 1 }, 0.1 },
	{ 33, 129, { 16, 1 }, 0.2 },
	{ 5, 200, { 1, 8 }, 0.3 },
	{ 200, 5, { 8, 8 }, 0.3 },
	{ 96, 63, { 32, 32 }, 0.5 },
	{ 31, 65, { 1, 1 }, 1 },
	{ 100, 100, { 1, 1 }, 0 },
	{ 0, 7, { 1, 1 }, 1 },
	{ 7, 0, { 1, 1 }, 1 },
};

START_TEST(all_counts_are_right)
{
	int rows = counts[_i].rows, cols = counts[_i].cols;
	float *w = brn_alloc((size_t)rows * (size_t)cols, sizeof *w);
	float *t = brn_alloc((size_t)rows * (size_t)cols, sizeof *t);
	struct brn_counts c, back;
	burin_error err;

	suite_fill(w, (int64_t)rows * cols, 9);
	prune(w, rows, cols, counts[_i].b, counts[_i].keep);
	if (rows * cols > 20) {
		w[3] = -0.0f;
		w[20] = NAN;
	}
	for (int64_t i = 0; i < (int64_t)rows * cols; i++)
		t[i % cols * rows + i / cols] = w[i];
	suite_ok(brn_blocks_count(&(struct brn_matrix){ w, rows, cols, 0,
	    NULL, NULL }, &c, &err), err);
	suite_ok(brn_blocks_count(&(struct brn_matrix){ t, rows, cols, 1,
	    NULL, NULL }, &back, &err), err);
	ck_assert_mem_eq(back.nblk, c.nblk, sizeof c.nblk);
	for (int i = 0; i < BRN_NUM_BLOCKS; i++)
		ck_assert_int_eq(c.nblk[i], brn_bsr_count(w, rows, cols,
		    brn_blocks[i].bh, brn_blocks[i].bw));
	ck_assert_int_eq(c.nblk[BRN_NUM_BLOCKS - 1],
	    brn_count_nonzero(w, (int64_t)rows * cols));
	free(w);
	free(t);
}
END_TEST

static void
check_same_bsr(const struct brn_bsr *a, const struct brn_bsr *b)
{
	size_t n = (size_t)a->nblk * (size_t)a->bh * (size_t)a->bw;

	ck_assert_int_eq(a->nblk, b->nblk);
	ck_assert_mem_eq(a->rowptr, b->rowptr, ((size_t)a->nbrow + 1) * 4);
	ck_assert_mem_eq(a->colidx, b->colidx, (size_t)a->nblk * 4);
	ck_assert_mem_eq(a->vals, b->vals, n * sizeof *a->vals);
}

/* Counts and blocks of a matrix with bits are those without.  */
START_TEST(bits_stand_for_values)
{
	int rows = counts[_i].rows, cols = counts[_i].cols;
	float *w = brn_alloc((size_t)rows * (size_t)cols, sizeof *w);
	struct brn_counts a, b;
	struct brn_bsr *x, *y;
	uint64_t *bits;
	burin_error err;

	suite_fill(w, (int64_t)rows * cols, 9);
	prune(w, rows, cols, counts[_i].b, counts[_i].keep);
	w[0] = -0.0f;
	for (int trans = 0; trans < 2; trans++) {
		struct brn_matrix m = { w, rows, cols, trans, NULL, NULL };
		struct brn_matrix only = { NULL, rows, cols, trans, NULL,
		    NULL };

		bits = brn_matrix_bits(&m);
		only.bits = bits;
		suite_ok(brn_blocks_count(&m, &a, &err), err);
		suite_ok(brn_blocks_count(&only, &b, &err), err);
		ck_assert_mem_eq(a.nblk, b.nblk, sizeof a.nblk);
		ck_assert_uint_eq(a.mask, b.mask);
		for (int i = 0; i < BRN_NUM_BLOCKS; i++) {
			struct brn_block s = brn_blocks[i];

			m.bits = NULL;
			suite_ok(brn_bsr_from_dense(&m, s.bh, s.bw, 0, &x,
			    &err), err);
			m.bits = bits;
			suite_ok(brn_bsr_from_dense(&m, s.bh, s.bw, 0, &y,
			    &err), err);
			check_same_bsr(x, y);
			brn_bsr_free(x);
			brn_bsr_free(y);
		}
		free(bits);
	}
	free(w);
}
END_TEST

START_TEST(integers_count_as_their_floats)
{
	int rows = counts[_i].rows, cols = counts[_i].cols;
	size_t n = (size_t)rows * (size_t)cols;
	float *w = brn_alloc(n, sizeof *w);
	int8_t *q = brn_alloc(n, sizeof *q);
	struct brn_counts a, b;
	burin_error err;

	suite_fill(w, (int64_t)n, 9);
	prune(w, rows, cols, counts[_i].b, counts[_i].keep);
	for (size_t i = 0; i < n; i++) {
		int v = (int)(i % 255) - 127;

		q[i] = (int8_t)(w[i] == 0 ? 0 : v ? v : -128);
		w[i] = q[i];
	}
	for (int trans = 0; trans < 2; trans++) {
		suite_ok(brn_blocks_count(&(struct brn_matrix){ w, rows, cols,
		    trans, NULL, NULL }, &a, &err), err);
		suite_ok(brn_blocks_count(&(struct brn_matrix){ NULL, rows,
		    cols, trans, q, NULL }, &b, &err), err);
		ck_assert_mem_eq(a.nblk, b.nblk, sizeof a.nblk);
		ck_assert_uint_eq(a.mask, b.mask);
	}
	free(w);
	free(q);
}
END_TEST

START_TEST(larger_candidates_come_first)
{
	for (int i = 1; i < BRN_NUM_BLOCKS; i++)
		ck_assert_int_ge(brn_blocks[i - 1].bh * brn_blocks[i - 1].bw,
		    brn_blocks[i].bh * brn_blocks[i].bw);
}
END_TEST

/* ---- deciding ------------------------------------------------------------ */

/* A cost such as kernels have: each block costs its elements and something on
 * top, and dense layers run at full speed.  */
static struct brn_estimate
block_cost(const struct brn_layer_shape *l, const void *ctx)
{
	return (struct brn_estimate){ (double)l->nblk * (l->bh * l->bw +
	    *(const double *)ctx), BRN_NO_KERNEL, NULL, 0 };
}

/* Kernels that are bad at everything but full rows of tall blocks.  */
static struct brn_estimate
poor_cost(const struct brn_layer_shape *l, const void *ctx)
{
	double stored = (double)l->nblk * l->bh * l->bw;
	double rate = l->bh < 16 ? 12 : stored < (double)l->rows *
	    (double)l->cols ? 1.3 : 1;

	(void)ctx;
	return (struct brn_estimate){ rate * stored, BRN_NO_KERNEL, NULL, 0 };
}

/* One layer of rows x cols, pruned to a share of blocks.  */
static struct brn_graph *
layer(int rows, int cols, struct brn_block b, double keep)
{
	struct brn_graph *g = build_graph();
	struct brn_node *w = weight(g, "w", rows, cols, 3);

	prune(w->value->data, rows, cols, b, keep);
	output(g, "y", OP(g, dense, input(g, "x", 2, BATCH, cols), w));
	return g;
}

static const struct brn_node *
decide(struct brn_graph *g, const struct brn_pass_opts *o)
{
	static const struct brn_pass_info pass = { "bsr_dense", "", 0,
	    brn_pass_bsr_dense };
	burin_error err;
	int changed;

	suite_ok(brn_graph_sort(g, &err), err);
	suite_ok(brn_pass_run(&pass, g, o, &changed, &err), err);
	ck_assert_ptr_nonnull(brn_report_choice(g, g->out[0].node));
	return g->out[0].node;
}

/* What was decided about the layer that makes the first output.  */
static const struct brn_choice *
choice_of(const struct brn_graph *g)
{
	return brn_report_choice(g, g->out[0].node);
}

static void
check_choice(const struct brn_graph *g, struct brn_block b, const char *why)
{
	const struct brn_choice *c = choice_of(g);

	ck_assert_msg(c->bh == b.bh && c->bw == b.bw,
	    "%dx%d chosen, wanted %dx%d: %s", c->bh, c->bw, b.bh, b.bw,
	    c->why);
	ck_assert_msg(!why || !strcmp(c->why, why), "why is \"%s\", wanted "
	    "\"%s\"", c->why, why);
	ck_assert_int_eq(g->out[0].node->op == BRN_OP_bsr_dense, c->sparse);
}

/* The matrix that a layer multiplies with must be the one that it had.  */
static void
check_matrix(const struct brn_node *n, const struct brn_tensor *want)
{
	const struct brn_bsr *b = n->in[1]->bsr;
	int64_t numel = brn_numel(want);
	float *w = brn_alloc((size_t)numel, sizeof *w);
	burin_error err;

	suite_ok(brn_bsr_check(b, &err), err);
	brn_bsr_to_dense(b, w);
	for (int64_t i = 0; i < numel; i++)
		ck_assert_msg(w[i] == ((const float *)want->data)[i],
		    "w[%d] is %g", (int)i, (double)w[i]);
	free(w);
}

static const int sizes[][2] = { { 96, 160 }, { 190, 310 } };

START_TEST(planted_block_is_found)
{
	struct brn_block b = brn_blocks[_i / COUNT(sizes)];
	const int *size = sizes[_i % COUNT(sizes)];
	struct brn_graph *g = layer(size[0], size[1], b, 0.1);
	const struct brn_tensor *w = g->out[0].node->in[1]->value;
	double overhead = 4;
	struct brn_pass_opts o = { .sparse = 1, .verify = 1,
	    .estimate = block_cost, .ctx = &overhead };
	const struct brn_node *n;

	output(g, "w", g->out[0].node->in[1]);
	n = decide(g, &o);
	check_choice(g, b, NULL);
	check_matrix(n, w);
	suite_near(choice_of(g)->density, brn_bsr_density(n->in[1]->bsr), 1e-9);
	brn_graph_free(g);
}
END_TEST

START_TEST(without_cost_density_decides)
{
	struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	struct brn_graph *g = layer(96, 160, brn_blocks[_i], 0.1);

	decide(g, &o);
	check_choice(g, brn_blocks[_i], NULL);
	brn_graph_free(g);
}
END_TEST

static const struct brn_block dense_block = { BRN_DENSE_BH, BRN_DENSE_BW };
static const struct brn_block one = { 1, 1 };

START_TEST(full_weight_stays_dense)
{
	struct brn_pass_opts o = { .sparse = 1 };
	struct brn_graph *g = layer(40, 30, one, 1);

	decide(g, &o);
	check_choice(g, dense_block, "weight has no zeros");
	ck_assert_double_eq(choice_of(g)->nonzero, 1);
	ck_assert_double_eq(choice_of(g)->density, 1);
	brn_graph_free(g);
}
END_TEST

START_TEST(random_zeros_stay_dense_when_blocks_do_not_pay)
{
	struct brn_pass_opts o = { .sparse = 1, .estimate = poor_cost };
	struct brn_graph *g = layer(96, 160, one, 0.1);
	const struct brn_node *n = decide(g, &o);

	ck_assert_int_eq(n->op, BRN_OP_dense);
	ck_assert_ptr_nonnull(strstr(choice_of(g)->why, "best block "));
	ck_assert_ptr_nonnull(strstr(choice_of(g)->why,
	    ": predicted slower than dense"));
	suite_near(choice_of(g)->nonzero, 0.1, 0.02);
	brn_graph_free(g);
}
END_TEST

START_TEST(gain_within_the_error_is_left)
{
	struct brn_pass_opts o = { .sparse = 1 };
	struct brn_graph *g = layer(100, 32, one, 1);

	memset(g->out[0].node->in[1]->value->data, 0, 96 * sizeof(float));
	decide(g, &o);
	check_choice(g, dense_block, "best block 1x16 stores "
	    "97.0 %: predicted only 1.03x faster than dense");
	brn_graph_free(g);
}
END_TEST

START_TEST(reason_names_block_density_and_gain)
{
	struct brn_pass_opts o = { .sparse = 1 };
	struct brn_graph *g = layer(32, 40, one, 1);
	float *w = g->out[0].node->in[1]->value->data;

	for (int i = 0; i < 32 * 40; i++)
		if (i / 40 / 16 != 1 || i % 40 % 5)
			w[i] = 0;
	decide(g, &o);
	check_choice(g, (struct brn_block){ 16, 1 },
	    "16x1 stores 10.0 % of blocks, predicted 10.0x faster than dense");
	brn_graph_free(g);
}
END_TEST

START_TEST(all_zero_weight_stores_nothing)
{
	struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	struct brn_graph *g = layer(33, 17, one, 0);
	const struct brn_node *n = decide(g, &o);

	check_choice(g, brn_blocks[0], "weight is all zero");
	ck_assert_int_eq(n->op, BRN_OP_bsr_dense);
	ck_assert_int_eq(n->in[1]->bsr->nblk, 0);
	ck_assert_double_eq(choice_of(g)->density, 0);
	brn_graph_free(g);
}
END_TEST

START_TEST(sparse_off_leaves_layers_but_counts)
{
	struct brn_pass_opts o = { .sparse = 0 };
	struct brn_graph *g = layer(64, 50, (struct brn_block){ 16, 1 }, 0.1);

	decide(g, &o);
	check_choice(g, dense_block, "sparse=off");
	ck_assert_double_lt(choice_of(g)->nonzero, 0.2);
	ck_assert_double_gt(choice_of(g)->nonzero, 0);
	brn_graph_free(g);
}
END_TEST

START_TEST(weight_from_outside_stays_dense)
{
	struct brn_pass_opts o = { .sparse = 1 };
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 2, BATCH, 8);

	output(g, "y", OP(g, dense, x, input(g, "w", 2, 4, 8)));
	decide(g, &o);
	check_choice(g, dense_block, "weight is not constant");
	brn_graph_free(g);
}
END_TEST

START_TEST(tied_layers_share_one_matrix)
{
	struct brn_pass_opts o = { .sparse = 1 };
	struct brn_graph *g = layer(32, 32, (struct brn_block){ 4, 4 }, 0.2);
	struct brn_node *y = g->out[0].node;
	const struct brn_node *n;

	output(g, "z", OP(g, dense, y, y->in[1]));
	n = decide(g, &o);
	ck_assert_int_eq(g->out[1].node->op, BRN_OP_bsr_dense);
	ck_assert_ptr_eq(g->out[1].node->in[1], n->in[1]);
	ck_assert_ptr_eq(brn_report_choice(g, g->out[1].node), choice_of(g));
	ck_assert_int_eq(count_ops(g, BRN_OP_bsr), 1);
	brn_graph_free(g);
}
END_TEST

START_TEST(nan_is_kept)
{
	struct brn_pass_opts o = { .sparse = 1 };
	struct brn_graph *g = layer(64, 64, one, 0);
	const struct brn_bsr *b;

	((float *)g->out[0].node->in[1]->value->data)[70] = NAN;
	b = decide(g, &o)->in[1]->bsr;
	ck_assert_int_eq(b->nblk, 1);
	ck_assert(isnan(b->vals[6 % b->bw * b->bh + 1 % b->bh]));
	brn_graph_free(g);
}
END_TEST

/* 40 rows with the same columns, every other one of the window, and 40 with
 * columns of their own.  */
START_TEST(rows_with_the_same_columns_are_counted)
{
	enum { ROWS = 80, COLS = 70 };
	static float w[ROWS * COLS], t[COLS * ROWS];
	struct brn_row_stats by_row, by_col;
	burin_error err;

	for (int r = 0; r < ROWS; r++)
		for (int c = 0; c < COLS; c++)
			w[r * COLS + c] = t[c * ROWS + r] =
			    r % 2 ? c % 7 == 0 : c == r / 2;
	suite_ok(brn_count_row_groups(&(struct brn_matrix){ w, ROWS, COLS, 0,
	    NULL, NULL }, &by_row, &err), err);
	suite_ok(brn_count_row_groups(&(struct brn_matrix){ t, ROWS, COLS, 1,
	    NULL, NULL }, &by_col, &err), err);
	for (int z = 0; z < BRN_GROUP_SIZES; z++) {
		int64_t wanted = z == 0 ? 32 * 10 : z == 1 ? 8 * 10 :
		    z == BRN_GROUP_SIZES - 1 ? 40 : 0;

		ck_assert_int_eq(by_row.weights[z], wanted);
		ck_assert_int_eq(by_col.weights[z], wanted);
	}
}
END_TEST

enum { GROUPING = 7 };

/* Tall blocks are cheap, and dense is all of them; so are groups of rows, which
 * kernel GROUPING computes.  */
static struct brn_estimate
tall_cost(const struct brn_layer_shape *l, const void *ctx)
{
	double t = (double)l->nblk * l->bw * (l->bh < 16 ? 16 : l->bh) / 16;
	double grouped = 0;

	(void)ctx;
	for (int z = 0; z < BRN_GROUP_SIZES && l->rows_grouped; z++)
		grouped += (double)l->rows_grouped->weights[z] /
		    brn_group_rows(z);
	if (l->rows_grouped && grouped < t)
		return (struct brn_estimate){ grouped, GROUPING, NULL, 0 };
	return (struct brn_estimate){ t, BRN_NO_KERNEL, NULL, 0 };
}

/* Every fourth row has the same columns, or none has.  */
START_TEST(grouped_rows_are_a_candidate)
{
	struct brn_pass_opts o = { .sparse = 1, .estimate = tall_cost };
	struct brn_graph *g = layer(64, 64, one, 0);
	float *w = g->out[0].node->in[1]->value->data;
	const struct brn_choice *c;

	for (int r = 0; r < 64; r += 4)
		for (int k = 0; k < 8; k++)
			w[r * 64 + (_i ? (r * 5 + k * 7) % 64 : k * 8)] = 1;
	decide(g, &o);
	c = choice_of(g);
	ck_assert_int_eq(c->bh * c->bw == 1, _i == 0);
	for (int i = 0; i < c->ncand; i++)
		if (c->cand[i].bh * c->cand[i].bw == 1) {
			ck_assert_int_eq(c->cand[i].kernel, _i ?
			    BRN_NO_KERNEL : GROUPING);
			if (_i == 0)
				suite_near(c->cand[i].predicted, 8, 0);
		}
	brn_graph_free(g);
}
END_TEST

/* Low blocks, which take a tile no longer than others, take few tokens three
 * times as long.  */
static struct brn_estimate
few_cost(const struct brn_layer_shape *l, const void *ctx)
{
	double w = (double)l->nblk * l->bh * l->bw;

	(void)ctx;
	return (struct brn_estimate){ w, BRN_NO_KERNEL, NULL,
	    l->bh < 4 ? 3 * w : w };
}

/* Every second row is zero, and the end of the others.  */
START_TEST(every_number_of_tokens_counts)
{
	static const struct {
		int tokens;             /* BATCH: a symbol */
		int keep;               /* of 64 columns, in every second row */
		const char *why;
	} cases[] = {
		{ BATCH, 62, "1x1 stores 48.4 %: predicted 2.1x faster than "
		    "dense, but not for up to 16 tokens" },
		{ BATCH, 20, "6.4x faster than dense, 2.1x for up to 16 "
		    "tokens" },
		{ 17, 62, "2.1x faster than dense for more than 16 tokens" },
		{ 16, 20, "3.2x faster than dense for up to 16 tokens" },
		{ 16, 62, "only 1.03x faster than dense" },
	};
	struct brn_pass_opts o = { .sparse = 1, .estimate = few_cost };
	struct brn_graph *g = build_graph();
	struct brn_node *w = weight(g, "w", 64, 64, 3);
	float *p = w->value->data;

	for (int i = 0; i < 64 * 64; i++)
		if (i / 64 % 2 || i % 64 >= cases[_i].keep)
			p[i] = 0;
	output(g, "y", OP(g, dense, input(g, "x", 2, cases[_i].tokens, 64),
	    w));
	decide(g, &o);
	ck_assert_msg(strstr(choice_of(g)->why, cases[_i].why) != NULL,
	    "%s", choice_of(g)->why);
	brn_graph_free(g);
}
END_TEST

enum { KNOWN = 3 };

/* Of the candidates of 4x1 and dense somebody knows the time.  */
static int
know(const struct brn_matrix *w, uint64_t mask, struct brn_candidate *c,
    int n, const void *ctx, burin_error *e)
{
	const double *us = ctx;

	(void)w, (void)mask, (void)e;
	for (int i = 0; i < n; i++) {
		if (c[i].dense)
			c[i].measured = us[1];
		else if (c[i].bh == 4 && c[i].bw == 1)
			c[i].measured = us[0];
		c[i].kernel = KNOWN;
		c[i].limit = "too much";
	}
	return 0;
}

START_TEST(measured_times_decide)
{
	static const struct {
		double us[2];
		struct brn_block b;
		const char *why;
		int kernel;
	} known[] = {
		{ { 2, 5 }, { 4, 1 },
		  "4x1 stores 62.5 % of blocks, measured 2.5x faster than "
		  "dense; too much", KNOWN },
		{ { 5, 2 }, { BRN_DENSE_BH, BRN_DENSE_BW },
		  "best block 4x1 stores 62.5 %: measured slower than dense",
		  KNOWN },
		/* Dense is not known, so nothing is.  */
		{ { 2, 0 }, { 32, 1 }, NULL, BRN_NO_KERNEL },
	};
	struct brn_pass_opts o = { .sparse = 1, .look_up = know,
	    .ctx = known[_i].us };
	struct brn_graph *g = layer(16, 16, (struct brn_block){ 16, 1 }, 0.75);

	decide(g, &o);
	check_choice(g, known[_i].b, known[_i].why);
	ck_assert_int_eq(choice_of(g)->ncand, BRN_NUM_BLOCKS + 1);
	ck_assert_int_eq(choice_of(g)->kernel, known[_i].kernel);
	brn_graph_free(g);
}
END_TEST

static Suite *
bsr_dense_suite(void)
{
	Suite *s = suite_create("bsr_dense");
	TCase *tc = suite_case(s, "count", 60);

	tcase_add_loop_test(tc, all_counts_are_right, 0, COUNT(counts));
	tcase_add_loop_test(tc, bits_stand_for_values, 0, COUNT(counts));
	tcase_add_loop_test(tc, integers_count_as_their_floats, 0,
	    COUNT(counts));
	tcase_add_test(tc, larger_candidates_come_first);
	tcase_add_test(tc, rows_with_the_same_columns_are_counted);
	tc = suite_case(s, "detect", 60);
	tcase_add_loop_test(tc, planted_block_is_found, 0,
	    BRN_NUM_BLOCKS * COUNT(sizes));
	tcase_add_loop_test(tc, every_number_of_tokens_counts, 0, 5);
	tcase_add_loop_test(tc, measured_times_decide, 0, 3);
	tcase_add_loop_test(tc, without_cost_density_decides, 0,
	    BRN_NUM_BLOCKS);
	tc = suite_case(s, "decide", 60);
	tcase_add_test(tc, full_weight_stays_dense);
	tcase_add_test(tc, random_zeros_stay_dense_when_blocks_do_not_pay);
	tcase_add_test(tc, gain_within_the_error_is_left);
	tcase_add_test(tc, reason_names_block_density_and_gain);
	tcase_add_test(tc, all_zero_weight_stores_nothing);
	tcase_add_test(tc, sparse_off_leaves_layers_but_counts);
	tcase_add_test(tc, weight_from_outside_stays_dense);
	tcase_add_test(tc, tied_layers_share_one_matrix);
	tcase_add_test(tc, nan_is_kept);
	tcase_add_loop_test(tc, grouped_rows_are_a_candidate, 0, 2);
	return s;
}

SUITE_MAIN(bsr_dense_suite)
