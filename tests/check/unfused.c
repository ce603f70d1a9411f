/* SPDX-License-Identifier: Apache-2.0
 *
 * What passes leave though it looks like theirs is told why; what they take,
 * and what only has an operator of such a pattern, is told nothing.
 */
#include <string.h>

#include "passes/pass.h"
#include "tests/support/attention_graph.h"
#include "tests/support/build.h"
#include "tests/support/conv_graph.h"
#include "tests/support/fuse_graph.h"
#include "tests/support/layer_graph.h"

static const struct {
	brn_pass_fn *pass;
	void (*build)(struct brn_graph *g, int variant);
	int variant;
	const char *why;                /* a part of it; NULL: nothing said */
} cases[] = {
#define CASE(pass, build, variant, why) \
	{ brn_pass_##pass, build, variant, why },
#define ATTENTION(variant, why) \
	CASE(fuse_attention, attention_graph, variant, why)
ATTENTION(0, NULL)
ATTENTION(SCALE_DIV | MASK_ADD, NULL)
ATTENTION(MASK_INF | NAN_TO_ZERO, NULL)
ATTENTION(SCALE_TENSOR, "constant factors")
ATTENTION(K_MIXED, "K is not")
ATTENTION(K_WRONG | MASK_ADD, "K is not")
ATTENTION(K_WRONG | MASK_LEFT, "K is not")
ATTENTION(ONE_KEY_HEAD, "as many heads as Q")
ATTENTION(MASK_LOOSE, "in place of scores")
ATTENTION(MASK_LARGE, "does not spread")
ATTENTION(SCORES_USED, "something else uses")
ATTENTION(OTHER_AXIS, "axis is not the last")

#define NORM(variant, why) CASE(fuse_layernorm, layernorm, variant, why)
NORM(0, NULL)
NORM(TWO_SUBS | RECIPROCAL | NO_BETA, NULL)
NORM(NOT_CENTERED, NULL)
NORM(NOT_DIVIDED, NULL)
NORM(FIRST_AXIS, "not over the last axis alone")
NORM(FIRST_AXIS | RECIPROCAL, "not over the last axis alone")
NORM(NO_EPSILON, "plus a constant")
NORM(CUBED, "no mean of squares")
NORM(OTHER_X, "does not divide x - mean(x)")
NORM(OTHER_X | RECIPROCAL, "does not divide x - mean(x)")
NORM(SCALAR_GAMMA, "float32 vector of the features")
NORM(SCALAR_GAMMA | RECIPROCAL, "float32 vector of the features")
NORM(INNER_USER, "something else uses")
NORM(OUTPUT_MEAN | RECIPROCAL, "something else uses")
CASE(fuse_layernorm, distributed, 0, NULL)
CASE(fuse_layernorm, distributed, INNER_USER, "its gain is used for more")

#define GELU(form, variant, why) CASE(fuse_gelu, gelu_##form, variant, why)
GELU(erf, EARLY_HALF, NULL)
GELU(erf, LATE_HALF, NULL)
GELU(erf, SUM, NULL)
GELU(erf, NO_X, NULL)
GELU(erf, NO_ONE, NULL)
GELU(erf, ERF_USED, "something else uses")
GELU(erf, WRONG_SCALE, "its argument is not x / sqrt(2)")
GELU(erf, NO_HALF, "x / 2 * (1 + it)")
GELU(erf, RANK, "more dimensions than x")
GELU(tanh, LATE, NULL)
GELU(tanh, NO_CUBE, NULL)
GELU(tanh, WRONG_CUBE, "its argument is not sqrt(2 / pi)")

#define END(variant, why) CASE(fuse_epilogue, layers_end, variant, why)
END(END_GELU, NULL)
END(END_BOTH, NULL)
END(END_SIGMOID, NULL)
END(END_LAYER_USED, "has other users")
END(END_DOUBLED, "has other users")
END(END_RESIDUAL_ACT, NULL)
END(END_TWO_RESIDUALS, "has a residual already")
END(END_TWO_ACTS, "has an activation already")
END(END_SPREAD, "to have its shape")

#define IMAGE(variant, why) CASE(fuse_epilogue, conv_end, variant, why)
IMAGE(CONV_ADD_RELU, NULL)
IMAGE(CONV_RELU_ADD, NULL)
IMAGE(CONV_FED_CLIP, NULL)
IMAGE(CONV_RELU_ADD_RELU, "has an activation already")
IMAGE(CONV_SELF, "has other users")
IMAGE(CONV_TWO_USERS, "has other users")
IMAGE(CONV_ADD_ROW, "to have its shape")
};

START_TEST(what_stays_is_told_why)
{
	const struct brn_pass_info pass = { "", "", cases[_i].pass };
	const struct brn_pass_opts o = { .verify = 1 };
	struct brn_graph *g = build_graph();
	const char *why = NULL;
	burin_error err;
	int changed;

	cases[_i].build(g, cases[_i].variant);
	suite_ok(brn_graph_sweep(g, &err), err);
	/* The second run sees what the first has left.  */
	for (int run = 0; run < 2; run++)
		suite_ok(brn_pass_run(&pass, g, &o, &changed, &err), err);
	for (int i = 0; i < g->nnode; i++)
		if (brn_report_why_unfused(g, g->node[i]))
			why = brn_report_why_unfused(g, g->node[i]);
	if (cases[_i].why)
		ck_assert_msg(why && strstr(why, cases[_i].why), "%s",
		    why ? why : "nothing said");
	else
		ck_assert_msg(!why, "%s", why);
	brn_graph_free(g);
}
END_TEST

static Suite *
unfused_suite(void)
{
	Suite *s = suite_create("unfused");
	TCase *tc = suite_case(s, "patterns", 10);

	tcase_add_loop_test(tc, what_stays_is_told_why, 0, COUNT(cases));
	return s;
}

SUITE_MAIN(unfused_suite)
