/* SPDX-License-Identifier: Apache-2.0
 *
 * Recurrent layers against their ref: every cell, batches for each width of
 * lanes, sizes that are not whole blocks, block-sparse R, sequences of several
 * lengths; every instruction set that this machine runs, one thread and
 * several, with compiled kernels and without.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/op/recurrent.h"
#include "ir/op/ref.h"
#include "runtime/model.h"
#include "runtime/options.h"
#include "tests/support/build.h"
#include "tests/support/onnx_text.h"

enum { MAX_IN = 4, GIVEN_LENGTHS = 1, GIVEN_STATE = 2, GIVEN_PEEPHOLE = 4,
	GIVEN_BIAS = 8, GIVEN_ALL = 15 };

static const struct layer {
	enum brn_cell_kind cell;
	int steps, batch, hidden;
	int given;                      /* optional inputs */
	int states, reverse, before_reset;
	int pruned;                     /* rows of the blocks of R; 0: dense */
	float clip;                     /* 0: none */
	int threads;
} layers[] = {
	{ BRN_CELL_rnn, 3, 1, 5, 0, 0, 0, 0, 0, 0, 1 },
	{ BRN_CELL_rnn, 3, 4, 33, GIVEN_STATE, 1, 1, 0, 8, 0, 1 },
	{ BRN_CELL_rnn, 2, 17, 16, GIVEN_LENGTHS, 1, 0, 0, 0, 0, 1 },
	{ BRN_CELL_gru, 4, 1, 16, GIVEN_STATE, 0, 0, 0, 0, 0, 1 },
	{ BRN_CELL_gru, 3, 1, 21, GIVEN_BIAS, 1, 1, 0, 16, 0, 1 },
	{ BRN_CELL_gru, 3, 3, 21, GIVEN_BIAS | GIVEN_LENGTHS, 1, 0, 0, 16, 0,
	    1 },
	{ BRN_CELL_gru, 3, 8, 19, GIVEN_BIAS | GIVEN_STATE, 0, 0, 0, 16, 0, 1 },
	{ BRN_CELL_gru, 3, 18, 21, GIVEN_STATE, 0, 0, 0, 1, 0, 1 },
	{ BRN_CELL_gru, 3, 1, 40, GIVEN_BIAS, 0, 0, 1, 16, 0, 1 },
	{ BRN_CELL_gru, 3, 2, 40, GIVEN_BIAS, 0, 1, 1, 4, 0.5f, 1 },
	{ BRN_CELL_gru, 3, 6, 40, GIVEN_BIAS | GIVEN_LENGTHS, 1, 1, 1, 1, 0,
	    1 },
	{ BRN_CELL_gru, 3, 7, 40, GIVEN_BIAS | GIVEN_LENGTHS, 1, 1, 1, 16, 0,
	    1 },
	{ BRN_CELL_lstm, 3, 1, 24, 0, 0, 0, 0, 16, 0, 1 },
	{ BRN_CELL_lstm, 3, 1, 35, GIVEN_ALL, 2, 1, 0, 0, 0, 1 },
	{ BRN_CELL_lstm, 3, 3, 35, GIVEN_ALL, 2, 0, 0, 16, 0.75f, 1 },
	{ BRN_CELL_lstm, 3, 5, 16, GIVEN_ALL, 2, 0, 0, 0, 0, 1 },
	{ BRN_CELL_lstm, 3, 5, 33, GIVEN_STATE, 2, 0, 0, 1, 0, 1 },
	{ BRN_CELL_lstm, 2, 33, 16, GIVEN_ALL, 2, 0, 0, 8, 0, 1 },
	{ BRN_CELL_lstm, 0, 2, 8, 0, 0, 0, 0, 0, 0, 1 },
	{ BRN_CELL_lstm, 2, 0, 8, 0, 2, 0, 0, 0, 0, 1 },
	/* So many weights that threads share them. */
	{ BRN_CELL_lstm, 2, 1, 272, GIVEN_STATE, 2, 0, 0, 0, 0, 3 },
	{ BRN_CELL_gru, 2, 3, 400, GIVEN_STATE, 0, 0, 0, 0, 0, 3 },
};

static struct brn_node *
recurrent_weight(struct brn_graph *g, const struct layer *k, int gates)
{
	struct brn_node *r = weight(g, "r", gates * k->hidden, k->hidden, 5);
	float *w = r->value->data, scale = 1 / sqrtf((float)k->hidden);
	int64_t n = brn_numel(r->value);

	for (int64_t i = 0; i < n; i++) {
		int64_t row = i / k->hidden, col = i % k->hidden;
		uint64_t seed = k->pruned ? (uint64_t)(row / k->pruned *
		    k->hidden + col) * 2654435761u + 1 : 0;

		w[i] *= scale;
		if (k->pruned && suite_below(&seed, 5))
			w[i] = 0;
	}
	return r;
}

/* An input where the bit is set in given, else NULL.  */
static struct brn_node *
maybe(struct brn_graph *g, const struct layer *k, int bit, const char *name)
{
	return k->given & bit ? input(g, name, 2, k->batch, k->hidden) : NULL;
}

static struct brn_graph *
build(const struct layer *k)
{
	struct brn_graph *g = build_graph();
	int gates = brn_cell_gates(k->cell), all = gates * k->hidden;
	struct brn_node *in[7] = { input(g, "x", 3, k->steps, k->batch, all),
	    recurrent_weight(g, k, gates) }, *n;
	int lstm = k->cell == BRN_CELL_lstm;

	if (k->given & GIVEN_BIAS)
		in[BRN_IN_bias] = vector(g, "b", all, 1, 6);
	if (k->given & GIVEN_LENGTHS) {
		in[BRN_IN_lengths] = input(g, "lengths", 1, k->batch);
		in[BRN_IN_lengths]->type.dtype = BURIN_I32;
		g->in[1].type.dtype = BURIN_I32;
	}
	in[BRN_IN_h0] = maybe(g, k, GIVEN_STATE, "h0");
	if (lstm)
		in[BRN_IN_c0] = maybe(g, k, GIVEN_STATE, "c0");
	if (lstm && k->given & GIVEN_PEEPHOLE)
		in[BRN_IN_peephole] = vector(g, "p", 3 * k->hidden, 1, 7);
	n = build_node(g, BRN_OP_recurrent, in, 7);
	set_int(g, n, "cell", (int64_t)k->cell);
	set_int(g, n, "states", k->states);
	set_int(g, n, "reverse", k->reverse);
	set_int(g, n, "linear_before_reset", k->before_reset);
	if (k->clip > 0)
		set_float(g, n, "clip", k->clip);
	output(g, "y", n);
	return g;
}

static void
fill(struct brn_tensor *t, struct brn_arena *a, const struct layer *k)
{
	int64_t n = brn_numel(t);

	t->data = brn_arena_alloc(a, (size_t)n, sizeof (float));
	if (t->type.dtype == BURIN_F32)
		suite_fill(t->data, n, 41 + (uint64_t)t->type.rank);
	for (int64_t i = 0; t->type.dtype == BURIN_I32 && i < n; i++)
		((int32_t *)t->data)[i] = (int32_t)((i + k->steps) %
		    (k->steps + 1));
}

struct setting {
	enum brn_isa isa;
	const char *threads, *jit;
};

/* R is a layer, and nothing else of the model runs on slow code.  */
static void
check_steps(const burin_session *s)
{
	ck_assert_ptr_nonnull(burin_session_step(s, 0));
	ck_assert_int_ge(burin_session_step(s, 0)->layer, 0);
	ck_assert_ptr_null(burin_session_step(s, 1));
}

/* Takes g.  */
static void
check_setting(struct brn_graph *g, const struct setting *s,
    const struct brn_tensor *in, const struct brn_tensor *want)
{
	burin_output out = { "y", NULL, 0 };
	burin_options *o = burin_options_new();
	burin_tensor feed[MAX_IN];
	const float *y = want->data, *got;
	burin_session *session;
	burin_model *m;
	burin_error err;
	int nin = g->nin;

	for (int i = 0; i < nin; i++) {
		feed[i] = (burin_tensor){ g->in[i].name, in[i].type.dtype,
		    in[i].type.rank, .data = in[i].data,
		    .nbytes = (size_t)brn_numel(&in[i]) * 4 };
		memcpy(feed[i].dims, in[i].type.dim, sizeof feed[i].dims);
	}
	suite_ok(burin_options_set(o, "jit", s->jit, &err), err);
	suite_ok(burin_options_set(o, "isa", brn_isas[s->isa].name, &err),
	    err);
	suite_ok(burin_options_set(o, "threads", s->threads, &err), err);
	suite_ok(burin_options_set(o, "verify", "1", &err), err);
	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_model_new(g, o, 0, &m, &err), err);
	suite_ok(burin_session_new(m, o, &session, &err), err);
	suite_ok(burin_run(session, feed, (size_t)nin, &out, 1, &err), err);
	check_steps(session);
	got = out.data;
	for (int64_t i = 0; i < brn_numel(want); i++)
		ck_assert_msg(fabsf(y[i] - got[i]) <= 2e-6f,
		    "%s, jit %s: y[%lld] is %.8g, wanted %.8g",
		    brn_isas[s->isa].name, s->jit, (long long)i,
		    (double)got[i], (double)y[i]);
	burin_session_free(session);
	burin_model_free(m);
	burin_options_free(o);
}

START_TEST(layers_compute_what_the_ref_does)
{
	const struct layer *k = &layers[_i];
	const char *threads = k->threads > 1 ? "3" : "1";
	struct brn_graph *g = build(k);
	struct brn_tensor in[MAX_IN], want;
	burin_error err;

	suite_ok(brn_graph_sweep(g, &err), err);
	for (int i = 0; i < g->nin; i++) {
		in[i].type = g->in[i].type;
		fill(&in[i], g->arena, k);
	}
	suite_ok(brn_ref_graph(g, in, &want, g->arena, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++)
		if (brn_isa_runs(isa))
			check_setting(build(k), &(struct setting){ isa,
			    threads, "off" }, in, &want);
	check_setting(build(k), &(struct setting){ brn_isa_detect(), "1",
	    "worker" }, in, &want);
	brn_graph_free(g);
}
END_TEST

/* ---- files ---- */

/* An LSTM of 32 units whose weights are `value` where they are not zero.  */
static void
write_model(const char *path, const char *value)
{
	char text[512];

	snprintf(text, sizeof text, "opset 14\ninput x float [3,1,32]\n"
	    "output y\ninit s int64 [3] raw 1 128 32\n"
	    "node w = ConstantOfShape(s) value=float[1]{%s}\n"
	    "node r = ConstantOfShape(s) value=float[1]{%s}\n"
	    "node y = LSTM(x,w,r) name=cell\n", value, value);
	onnx_text_write(text, path);
}

static float
run_file(burin_model *m)
{
	static float x[96];
	burin_tensor in = { "x", BURIN_F32, 3, { 3, 1, 32 }, x, sizeof x };
	burin_output out = { "y", NULL, 0 };
	burin_session *s;
	burin_error err;
	float y;

	for (int i = 0; i < COUNT(x); i++)
		x[i] = 0.5f;
	suite_ok(burin_session_new(m, NULL, &s, &err), err);
	suite_ok(burin_run(s, &in, 1, &out, 1, &err), err);
	y = ((const float *)out.data)[64];
	burin_session_free(s);
	return y;
}

START_TEST(weights_can_be_replaced)
{
	char dir[256], path[2][300];
	burin_error err;
	burin_model *m;
	float y[2];

	suite_tmpdir(dir, sizeof dir);
	for (int i = 0; i < 2; i++) {
		snprintf(path[i], sizeof path[i], "%s/%d.onnx", dir, i);
		write_model(path[i], i ? "0.125" : "0.25");
		m = suite_load(path[i], "jit", "off");
		y[i] = run_file(m);
		burin_model_free(m);
	}
	ck_assert(fabsf(y[0] - y[1]) > 1e-3f);
	m = suite_load(path[0], "jit", "off");
	suite_ok(burin_model_update(m, path[1], &err), err);
	ck_assert(run_file(m) == y[1]);
	burin_model_free(m);
	suite_rmdir(dir);
}
END_TEST

static Suite *
recurrent_suite(void)
{
	Suite *s = suite_create("recurrent");
	TCase *tc = suite_case(s, "layers", 120);

	tcase_add_loop_test(tc, layers_compute_what_the_ref_does, 0,
	    COUNT(layers));
	tcase_add_test(tc, weights_can_be_replaced);
	return s;
}

SUITE_MAIN(recurrent_suite)
