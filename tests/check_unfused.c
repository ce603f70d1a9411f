/* SPDX-License-Identifier: Apache-2.0
 *
 * fuse_attention: what it leaves is told why, and what it takes is told
 * nothing.
 */
#include <string.h>

#include "passes/pass.h"
#include "tests/attention_graph.h"
#include "tests/build.h"

static const struct {
	int variant;
	const char *why;                /* a part of it; NULL: fused */
} cases[] = {
	{ 0, NULL },
	{ SCALE_DIV | MASK_ADD, NULL },
	{ MASK_INF | NAN_TO_ZERO, NULL },
	{ SCALE_TENSOR, "constant factors" },
	{ K_MIXED, "K is not" },
	{ K_WRONG | MASK_ADD, "K is not" },
	{ K_WRONG | MASK_LEFT, "K is not" },
	{ ONE_KEY_HEAD, "as many heads as Q" },
	{ MASK_LOOSE, "in place of scores" },
	{ MASK_LARGE, "does not spread" },
	{ SCORES_USED, "something else uses" },
	{ OTHER_AXIS, "axis is not the last" },
};

START_TEST(what_stays_is_told_why)
{
	static const struct brn_pass_info pass = { "fuse_attention", "",
	    brn_pass_fuse_attention };
	const struct brn_pass_opts o = { .verify = 1 };
	struct brn_graph *g = build_graph();
	const char *why = NULL;
	burin_error err;
	int changed;

	attention_graph(g, cases[_i].variant);
	suite_ok(brn_graph_sweep(g, &err), err);
	/* The second run sees what the first has left.  */
	for (int run = 0; run < 2; run++)
		suite_ok(brn_pass_run(&pass, g, &o, &changed, &err), err);
	for (int i = 0; i < g->nnode; i++)
		if (g->node[i]->unfused)
			why = g->node[i]->unfused;
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
	TCase *tc = suite_case(s, "attention", 10);

	tcase_add_loop_test(tc, what_stays_is_told_why, 0, COUNT(cases));
	return s;
}

SUITE_MAIN(unfused_suite)
