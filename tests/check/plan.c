/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of plans: each has a form that suits its layout, and the forms of
 * layers and on tiles all occur.
 */
#include <string.h>

#include "ir/graph/tiles.h"
#include "runtime/forms.h"
#include "runtime/model.h"
#include "runtime/planner.h"
#include "tests/support/suite.h"

enum { MAX_IN = 3, MAX_FORMS = 200 };

static char dir[4096];
static burin_error err;

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	chmod(dir, 0700);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

/* Models of tests/models, and batch and what follows it where that is open;
 * pruned before they are loaded, or not.  */
static const struct {
	const char *name;
	int prune;
	int64_t open[2];
} models[] = {
	{ "bert-torchscript-11", 0, { 2, 7 } },
	{ "bert-dynamo-20", 1, { 1, 17 } },
	{ "encoder", 0, { 1, 1 } },
	{ "mobilenet_v2", 0, { 1 } },
	{ "resnet50", 1, { 1 } },
	{ "recurrent", 0, { 3, 2 } },
};

static burin_model *
load(int i)
{
	char path[2][4200];
	burin_prune_spec prune = { .bh = 16, .bw = 1, .sparsity = 0.9 };

	snprintf(path[0], sizeof path[0], "%s/tests/models/%s.onnx",
	    suite_srcdir(), models[i].name);
	if (!models[i].prune)
		return suite_load(path[0], "jit", "off");
	snprintf(path[1], sizeof path[1], "%s/pruned.onnx", dir);
	suite_ok(burin_prune(path[0], path[1], &prune, sizeof prune, NULL,
	    &err), err);
	return suite_load(path[1], "jit", "off");
}

static struct brn_plan *
plan(struct brn_net *net, const int64_t *open)
{
	struct brn_tensor in[MAX_IN];
	struct brn_plan *p;

	ck_assert_int_le(net->graph->nin, MAX_IN);
	for (int i = 0; i < net->graph->nin; i++) {
		in[i] = (struct brn_tensor){ net->graph->in[i].type, NULL };
		for (int d = 0; d < in[i].type.rank; d++)
			if (brn_is_sym(in[i].type.dim[d]))
				in[i].type.dim[d] = open[d];
	}
	suite_ok(brn_plan_new(net, in, &(struct brn_plan_opts){ BRN_BY_TYPES,
	    2, 0 }, &p, &err), err);
	return p;
}

/* Is a value of n, or of its first operand, in tiles?  */
static int
is_on_tiles(const struct brn_node *n)
{
	return n->tiles || (n->nin && n->in[0] && n->in[0]->tiles);
}

static void
check_step(const struct brn_step *s, enum brn_isa isa)
{
	const char *word = s->info.kernel;

	ck_assert_ptr_nonnull(s->form);
	ck_assert_ptr_nonnull(s->form->run);
	ck_assert_msg(*word, "%s", s->node->name);
	if (s->layer) {
		ck_assert_ptr_nonnull(strstr(word, brn_isas[isa].name));
		return;
	}
	ck_assert_str_eq(word, s->form->word);
	if (brn_ops[s->node->op].flags & BRN_ALIAS)
		ck_assert_str_eq(word, "alias");
	else if (s->form->layout == BRN_LAYOUT_tiles)
		ck_assert_str_eq(word, "tiles");
	if (!is_on_tiles(s->node))
		ck_assert_int_ne(s->form->layout, BRN_LAYOUT_tiles);
	else if (brn_tiles_of(s->type[0]).width > 1)
		ck_assert(s->form->layout == BRN_LAYOUT_tiles ||
		    s->form->layout == BRN_LAYOUT_any);
}

static int
index_of(enum brn_isa isa, const struct brn_form *form)
{
	const struct brn_form *f;

	for (int i = 0; (f = brn_form_at(isa, i)); i++)
		if (f == form)
			return i;
	ck_abort();
}

/* Count the forms of the steps of a model.  */
static void
count_forms(int model, int *count)
{
	burin_model *m = load(model);
	struct brn_net *net = brn_model_net(m);
	struct brn_plan *p = plan(net, models[model].open);

	ck_assert_int_gt(p->nstep, 0);
	for (int i = 0; i < p->nstep; i++) {
		check_step(&p->step[i], net->target.isa);
		count[index_of(net->target.isa, p->step[i].form)]++;
	}
	brn_plan_free(p);
	brn_net_free(net);
	burin_model_free(m);
}

START_TEST(every_step_has_a_form)
{
	int count[MAX_FORMS] = { 0 };
	const struct brn_form *f;

	for (int i = 0; i < COUNT(models); i++)
		count_forms(i, count);
	for (int i = 0; (f = brn_form_at(brn_isa_detect(), i)); i++)
		if (!*f->word || f->layout == BRN_LAYOUT_tiles)
			ck_assert_msg(count[i] > 0, "no step of a model is %s",
			    brn_ops[f->op].name);
}
END_TEST

/* Rows in which an op occurs twice with the same layout would hide each
 * other.  */
START_TEST(an_op_has_one_form_a_layout)
{
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		const struct brn_form *a, *b;

		for (int i = 0; (a = brn_form_at(isa, i)); i++)
			for (int k = 0; k < i; k++) {
				b = brn_form_at(isa, k);
				ck_assert(a->op != b->op ||
				    a->layout != b->layout ||
				    a->op == BRN_NUM_OPS);
			}
	}
}
END_TEST

/* Is there a form of op for operands and result in tiles?  */
static int
has_form_on_tiles(enum brn_op op)
{
	const struct brn_form *f;

	for (int i = 0; (f = brn_form_at(BRN_ISA_generic, i)); i++)
		if (f->op == op && (f->layout == BRN_LAYOUT_tiles ||
		    f->layout == BRN_LAYOUT_any))
			return 1;
	return 0;
}

/* Nodes whose second operand is like the first, a weight, or gamma.  */
START_TEST(every_op_that_may_be_on_tiles_has_a_form)
{
	static const struct brn_type x = { BURIN_F32, 3, { 2, 16, 16 } },
	    weight = { BURIN_F32, 2, { 16, 16 } },
	    gamma = { BURIN_F32, 1, { 16 } };
	struct brn_graph *g = brn_graph_new();
	struct brn_node *first = brn_graph_add(g, BRN_OP_input, "x", NULL, 0);
	struct brn_node *second[] = { first,
	    brn_graph_constant(g, "w", &weight, NULL),
	    brn_graph_constant(g, "g", &gamma, NULL) };
	int count = 0;

	first->type = x;
	second[1]->type = weight;
	second[2]->type = gamma;
	for (int i = 0; i < BRN_NUM_OPS * COUNT(second); i++) {
		enum brn_op op = i / COUNT(second);
		struct brn_node *in[] = { first, second[i % COUNT(second)],
		    first };
		struct brn_node *n = brn_graph_add(g, op, "n", in,
		    brn_ops[op].lo > 2 ? 3 : 2);

		n->type = x;
		if (!brn_tiles_fit(n))
			continue;
		ck_assert_msg(has_form_on_tiles(op), "%s", brn_ops[op].name);
		count++;
	}
	ck_assert_int_ge(count, 16);
	brn_graph_free(g);
}
END_TEST

static Suite *
plan_suite(void)
{
	Suite *s = suite_create("plan");
	TCase *tc = suite_case(s, "steps", 60);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_step_has_a_form);
	tcase_add_test(tc, an_op_has_one_form_a_layout);
	tcase_add_test(tc, every_op_that_may_be_on_tiles_has_a_form);
	return s;
}

SUITE_MAIN(plan_suite)
