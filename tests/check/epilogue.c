/* SPDX-License-Identifier: Apache-2.0
 *
 * Dense layers with every activation and a residual before it, after it or
 * not at all, against the refs of the graph before any pass: one token and
 * many, rows that fill whole blocks and rows that do not, every instruction
 * set that this machine runs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/op/ref.h"
#include "runtime/model.h"
#include "runtime/options.h"
#include "tests/support/build.h"

enum { COLS = 12 };

enum act { NONE, RELU, CLIP, NO_CLIP, LEAKY, HARD_SWISH, SWISH, GELU,
	GELU_TANH, TANH, NUM_ACTS };
enum residual { WITHOUT, BEFORE, AFTER, NUM_RESIDUALS };

static const int sizes[][2] = {         /* tokens, rows */
	{ 1, 32 }, { 1, 20 }, { 5, 35 }, { 37, 32 }, { 37, 20 },
};

static struct brn_node *
put_act(struct brn_graph *g, struct brn_node *x, enum act act)
{
	switch (act) {
	case RELU:
		return OP(g, relu, x);
	case CLIP:
		return OP(g, clip, x, scalar(g, -0.25f), scalar(g, 0.5f));
	case NO_CLIP:                   /* the upper limit is the lower */
		return OP(g, clip, x, scalar(g, 0.5f), scalar(g, -0.25f));
	case LEAKY:
		return set_float(g, OP(g, leaky_relu, x), "alpha", 0.1f);
	case HARD_SWISH:
		return OP(g, hard_swish, x);
	case SWISH:
		return OP(g, swish, x);
	case GELU:
		return OP(g, gelu, x);
	case GELU_TANH:
		return set_int(g, OP(g, gelu, x), "tanh", 1);
	case TANH:
		return OP(g, tanh, x);
	default:
		return x;
	}
}

/* The residual r is an input.  */
static struct brn_graph *
build(int rows, enum act act, enum residual residual)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 2, SEQ, COLS);
	struct brn_node *r = input(g, "r", 2, SEQ, rows);
	struct brn_node *y = OP(g, dense, x, weight(g, "w", rows, COLS, 1),
	    vector(g, "b", rows, 1, 2));

	if (residual == BEFORE)
		y = OP(g, add, r, y);
	y = put_act(g, y, act);
	if (residual == AFTER)
		y = OP(g, add, y, r);
	output(g, "y", y);
	return g;
}

/* What the layer takes over is no step of its own.  */
static void
check_steps(const burin_session *s, enum act act)
{
	static const char *const gone[] = { "add", "relu", "clip",
	    "leaky_relu", "hard_swish", "swish", "gelu", "tanh" };
	const burin_step_info *step;

	for (size_t i = 0; (step = burin_session_step(s, i)); i++)
		for (int k = 0; k < COUNT(gone); k++)
			ck_assert_msg(strcmp(step->op, gone[k]),
			    "act %d: %s was left", act, step->op);
}

/* Takes g.  */
static void
run(struct brn_graph *g, enum brn_isa isa, const struct brn_tensor in[2],
    enum act act, float *y)
{
	burin_options *o = burin_options_new();
	size_t size = (size_t)brn_numel(&in[1]) * sizeof *y;
	burin_output out = { .name = "y", .buffer = y, .room = size };
	burin_tensor arg[2];
	burin_session *s;
	burin_model *m;
	burin_error err;

	for (int i = 0; i < 2; i++) {
		arg[i] = (burin_tensor){ i ? "r" : "x", BURIN_F32, 2,
		    .data = in[i].data,
		    .nbytes = (size_t)brn_numel(&in[i]) * sizeof *y };
		memcpy(arg[i].dims, in[i].type.dim, sizeof arg[i].dims);
	}
	suite_ok(burin_options_set(o, "jit", "off", &err), err);
	suite_ok(burin_options_set(o, "isa", brn_isas[isa].name, &err), err);
	suite_ok(burin_options_set(o, "verify", "1", &err), err);
	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_model_new(g, o, 0, &m, &err), err);
	suite_ok(burin_session_new(m, o, &s, &err), err);
	suite_ok(burin_run(s, arg, 2, &out, 1, &err), err);
	check_steps(s, act);
	burin_session_free(s);
	burin_model_free(m);
	burin_options_free(o);
}

static void
check_case(const int size[2], enum act act, enum residual residual)
{
	struct brn_graph *g = build(size[1], act, residual);
	struct brn_tensor in[2], want;
	float *y = malloc((size_t)(size[0] * size[1]) * sizeof *y);
	burin_error err;

	suite_ok(brn_graph_sweep(g, &err), err);
	for (int i = 0; i < 2; i++) {
		in[i].type = g->in[i].type;
		in[i].type.dim[0] = size[0];
		in[i].data = brn_arena_alloc(g->arena,
		    (size_t)brn_numel(&in[i]), sizeof *y);
		suite_fill(in[i].data, brn_numel(&in[i]), (uint64_t)i + 41);
	}
	suite_ok(brn_ref_graph(g, in, &want, g->arena, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		run(build(size[1], act, residual), isa, in, act, y);
		for (int64_t i = 0; i < brn_numel(&want); i++) {
			float w = ((const float *)want.data)[i];

			ck_assert_msg(fabsf(y[i] - w) <= 1e-5f * (1 + fabsf(w)),
			    "%s, %d tokens, %d rows, act %d, residual %d: "
			    "y[%lld] is %.8g, wanted %.8g", brn_isas[isa].name,
			    size[0], size[1], act, residual, (long long)i,
			    (double)y[i], (double)w);
		}
	}
	free(y);
	brn_graph_free(g);
}

START_TEST(a_layer_ends_as_the_graph_says)
{
	for (int r = 0; r < NUM_RESIDUALS; r++)
		for (int k = 0; k < COUNT(sizes); k++)
			check_case(sizes[k], (enum act)_i, (enum residual)r);
}
END_TEST

static Suite *
epilogue_suite(void)
{
	Suite *s = suite_create("epilogue");
	TCase *tc = suite_case(s, "dense", 60);

	tcase_add_loop_test(tc, a_layer_ends_as_the_graph_says, 0, NUM_ACTS);
	return s;
}

SUITE_MAIN(epilogue_suite)
