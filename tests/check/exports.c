/* SPDX-License-Identifier: Apache-2.0
 *
 * Encoders as PyTorch's exporters really write them (bench/models): the
 * passes keep what each computes, and bring it down to the same few nodes.
 */
#include <string.h>

#include "ir/onnx/import.h"
#include "ir/op/ref.h"
#include "passes/pass.h"
#include "tests/support/build.h"

/* Two layers each; tests/models/bert-<name>.onnx.  */
static const char *const exports[] = {
	"torchscript-11",
	"torchscript-14",
	"torchscript-17",
	"dynamo-18",
	"dynamo-20",
};

enum { ROWS = 2, WORDS = 7, TOKENS = ROWS * WORDS, VOCAB = 40 };

static struct brn_graph *
import(const char *name)
{
	struct brn_graph *g;
	burin_error err;
	char path[1024];

	snprintf(path, sizeof path, "%s/tests/models/bert-%s.onnx",
	    suite_srcdir(), name);
	suite_ok(brn_onnx_import_file(path, 0, &g, &err), err);
	return g;
}

/* Token ids and types; the end of the second row is masked.  */
static void
fill(const struct brn_graph *g, struct brn_arena *a, struct brn_tensor *in)
{
	uint64_t seed = 3;

	for (int i = 0; i < g->nin; i++) {
		const char *name = g->in[i].name;
		int64_t *v = brn_arena_alloc(a, TOKENS, sizeof *v);
		int n = strcmp(name, "input_ids") ? 2 : VOCAB;

		ck_assert_ptr_nonnull(v);
		in[i] = (struct brn_tensor){
		    { BURIN_I64, 2, { ROWS, WORDS } }, v };
		for (int k = 0; k < TOKENS; k++)
			v[k] = strcmp(name, "attention_mask") ?
			    suite_below(&seed, n) : k < TOKENS - 3;
	}
}

static void
compare(const struct brn_tensor *got, const struct brn_tensor *want)
{
	const float *a = got->data, *b = want->data;

	ck_assert(brn_type_equal(&got->type, &want->type));
	for (int64_t k = 0; k < brn_numel(got); k++)
		suite_near(a[k], b[k], 1e-5 * (1 + fabs(b[k])));
}

static void
run_passes(struct brn_graph *g)
{
	static const struct brn_pass_opts opts = { .sparse = 1, .verify = 1 };
	burin_error err;

	suite_ok(brn_passes_run(g, &opts, &err), err);
}

START_TEST(export_computes_what_it_did)
{
	struct brn_tensor in[BUILD_MAX_PORTS], before[1], after[1];
	struct brn_graph *g = import(exports[_i]);
	struct brn_arena *a = brn_arena_new();
	burin_error err;

	fill(g, a, in);
	suite_ok(brn_ref_graph(g, in, before, a, &err), err);
	run_passes(g);
	suite_ok(brn_ref_graph(g, in, after, a, &err), err);
	compare(after, before);
	brn_arena_free(a);
	brn_graph_free(g);
}
END_TEST

/* What every export comes down to, attention or not.  */
START_TEST(layers_are_recognised)
{
	static const struct {
		enum brn_op op;
		int count;
	} want[] = {
		{ BRN_OP_dense, 12 }, { BRN_OP_layer_norm, 5 },
		{ BRN_OP_gelu, 0 }, { BRN_OP_erf, 0 },
		{ BRN_OP_reduce_mean, 0 }, { BRN_OP_sqrt, 0 },
	};
	struct brn_graph *g = import(exports[_i]);

	run_passes(g);
	for (int i = 0; i < COUNT(want); i++)
		ck_assert_msg(count_ops(g, want[i].op) == want[i].count,
		    "%s: %d %s, wanted %d", exports[_i],
		    count_ops(g, want[i].op), brn_ops[want[i].op].name,
		    want[i].count);
	brn_graph_free(g);
}
END_TEST

START_TEST(attention_is_recognised)
{
	struct brn_graph *g = import(exports[_i]);

	run_passes(g);
	ck_assert_int_eq(count_ops(g, BRN_OP_attention), 2);
	ck_assert_int_eq(count_ops(g, BRN_OP_softmax), 0);
	ck_assert_int_eq(count_ops(g, BRN_OP_transpose), 0);
	ck_assert_int_eq(count_ops(g, BRN_OP_to_tiles), 1);
	ck_assert_int_eq(count_ops(g, BRN_OP_from_tiles), 1);
	brn_graph_free(g);
}
END_TEST

static Suite *
exports_suite(void)
{
	Suite *s = suite_create("exports");
	TCase *tc = suite_case(s, "passes", 60);

	tcase_add_loop_test(tc, export_computes_what_it_did, 0,
	    COUNT(exports));
	tcase_add_loop_test(tc, layers_are_recognised, 0, COUNT(exports));
	tcase_add_loop_test(tc, attention_is_recognised, 0,
	    COUNT(exports));
	return s;
}

SUITE_MAIN(exports_suite)
