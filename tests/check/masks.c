/* SPDX-License-Identifier: Apache-2.0
 *
 * canon_attention: a mask, sizes of which only a run knows, is spread over the
 * scores or refused, as by the operator that was there before.
 */
#include "ir/op/infer.h"
#include "passes/pass.h"
#include "tests/support/build.h"

enum { SCORES = 3 };            /* tokens */

static const struct {
	int rank, dim[4], want;
} cases[] = {
	{ 4, { 1, 1, SCORES, SCORES }, BURIN_OK },
	{ 4, { 1, 1, 1, SCORES }, BURIN_OK },
	{ 2, { SCORES, 1 }, BURIN_OK },
	{ 4, { 2, 1, 1, SCORES }, BURIN_ESHAPE },
	{ 4, { 1, 2, SCORES, SCORES }, BURIN_ESHAPE },
	{ 2, { SCORES, 2 }, BURIN_ESHAPE },
};

static const struct brn_pass_opts opts = { .sparse = 1, .verify = 1 };

/* One head, and a mask of which nothing is known but its rank.  */
static struct brn_graph *
attention(int rank, int is_bool)
{
	struct brn_graph *g = build_graph();
	struct brn_node *in[4], *mask;

	for (int i = 0; i < 3; i++)
		in[i] = input(g, "x", 4, 1, 1, SEQ, 4);
	mask = rank == 4 ? input(g, "mask", 4, 0, 0, 0, 0) :
	    input(g, "mask", 2, 0, 0);
	for (int i = 0; i < rank; i++)
		mask->type.dim[i] = g->in[3].type.dim[i] =
		    brn_graph_sym(g, NULL);
	in[3] = is_bool ? OP(g, greater, mask, scalar(g, 0)) : mask;
	output(g, "y", build_node(g, BRN_OP_mha, in, 4));
	return g;
}

/* What a run with a mask of case i comes to.  */
static int
try(const struct brn_graph *g, int i)
{
	struct brn_type in[4];
	struct brn_shapes *s = NULL;
	burin_error err;
	int rc;

	for (int k = 0; k < 4; k++)
		in[k] = g->in[k].type;
	for (int k = 0; k < 3; k++)
		in[k].dim[2] = SCORES;
	for (int k = 0; k < cases[i].rank; k++)
		in[3].dim[k] = cases[i].dim[k];
	rc = brn_infer(g, in, &s, &err);
	brn_shapes_free(s);
	return rc;
}

START_TEST(mask_does_not_grow_the_scores)
{
	struct brn_graph *g = attention(cases[_i / 2].rank, _i % 2);
	int changed = 0;
	burin_error err;

	ck_assert_int_eq(try(g, _i / 2), cases[_i / 2].want);
	for (int i = 0; i < brn_npasses && !changed; i++)
		if (!strcmp(brn_passes[i].name, "canon_attention"))
			suite_ok(brn_pass_run(&brn_passes[i], g, &opts,
			    &changed, &err), err);
	ck_assert_int_eq(count_ops(g, BRN_OP_mha), 0);
	ck_assert_int_eq(try(g, _i / 2), cases[_i / 2].want);
	suite_ok(brn_passes_run(g, &opts, &err), err);
	ck_assert_int_eq(try(g, _i / 2), cases[_i / 2].want);
	brn_graph_free(g);
}
END_TEST

static Suite *
masks_suite(void)
{
	Suite *s = suite_create("masks");
	TCase *tc = suite_case(s, "unknown sizes", 10);

	tcase_add_loop_test(tc, mask_does_not_grow_the_scores, 0,
	    2 * COUNT(cases));
	return s;
}

SUITE_MAIN(masks_suite)
