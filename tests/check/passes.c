/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes: what each rewrites (texts in golden/), that results stay what they
 * were, that a second run finds nothing, and that the driver does its part.
 *
 *	GOLDEN=1 tests/check/passes.t           writes the texts anew
 */
#include <errno.h>
#include <string.h>

#include "bench/bert.h"
#include "ir/op/infer.h"
#include "ir/onnx/import.h"
#include "ir/op/ref.h"
#include "passes/pass.h"
#include "tests/support/attention_graph.h"
#include "tests/support/build.h"
#include "tests/support/pass_cases.h"

static const struct brn_pass_opts opts = { .sparse = 1, .verify = 1 };

static const struct brn_pass_info *
find_pass(const char *name)
{
	for (int i = 0; i < brn_npasses; i++)
		if (!strcmp(brn_passes[i].name, name))
			return &brn_passes[i];
	ck_abort_msg("no pass %s", name);
	return NULL;
}

/* Swept, so that the order of the nodes is that of the graph and not that in
 * which the compiler evaluates arguments.  */
static struct brn_graph *
build(const struct pass_case *c)
{
	struct brn_graph *g = build_graph();
	burin_error err;

	c->build(g, c->variant);
	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_infer_types(g, &err), err);
	return g;
}

static int
run(const char *pass, struct brn_graph *g)
{
	burin_error err;
	int changed = -1;

	suite_ok(brn_pass_run(find_pass(pass), g, &opts, &changed, &err), err);
	return changed;
}

/* The text of g, to be freed.  */
static char *
text_of(const struct brn_graph *g)
{
	struct brn_buf b = { 0 };

	brn_graph_print(&b, g);
	brn_buf_u8(&b, 0);
	ck_assert(!b.fail);
	return (char *)b.p;
}

/* ---- texts --------------------------------------------------------------- */

static void
read_file(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	ck_assert_msg(f, "%s: %s (make golden writes it)", path,
	    strerror(errno));
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	fclose(f);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	fputs(text, f);
	fclose(f);
}

START_TEST(graph_looks_as_expected)
{
	const struct pass_case *c = &pass_cases[_i];
	struct brn_graph *g = build(c);
	char path[1024], want[16384];
	struct brn_buf b = { 0 };

	snprintf(path, sizeof path, "%s/tests/golden/%s.%s.txt",
	    suite_srcdir(), c->pass, c->name);
	brn_graph_print(&b, g);
	brn_buf_printf(&b, "---- %s\n", c->pass);
	run(c->pass, g);
	brn_graph_print(&b, g);
	brn_buf_u8(&b, 0);
	ck_assert(!b.fail);
	if (getenv("GOLDEN"))
		write_file(path, (char *)b.p);
	read_file(path, want, sizeof want);
	ck_assert_msg(!strcmp((char *)b.p, want), "%s: differs from\n%s",
	    path, b.p);
	brn_buf_free(&b);
	brn_graph_free(g);
}
END_TEST

START_TEST(pass_leaves_as_many_ops)
{
	const struct pass_case *c = &pass_cases[_i];
	struct brn_graph *g = build(c);

	run(c->pass, g);
	ck_assert_msg(count_ops(g, c->op) == c->count,
	    "%s.%s: has %d %s, wanted %d", c->pass, c->name,
	    count_ops(g, c->op), brn_ops[c->op].name, c->count);
	brn_graph_free(g);
}
END_TEST

/* ---- results ------------------------------------------------------------- */

/* Inputs of type, symbols taken as 3, the same at every call.  */
static void
fill_inputs(const struct brn_graph *g, struct brn_arena *a,
    struct brn_tensor *in)
{
	for (int i = 0; i < g->nin; i++) {
		struct brn_type *t = &in[i].type;
		int64_t n;

		*t = g->in[i].type;
		for (int k = 0; k < t->rank; k++)
			if (brn_is_sym(t->dim[k]))
				t->dim[k] = 3;
		n = brn_type_numel(t);
		in[i].data = brn_arena_alloc(a, (size_t)n, sizeof(float));
		ck_assert_ptr_nonnull(in[i].data);
		suite_fill(in[i].data, n, 77 + (uint64_t)i);
		for (int64_t k = 0; k < n; k++)
			((float *)in[i].data)[k] *= 3;
	}
}

static void
compute(struct brn_graph *g, struct brn_arena *a, struct brn_tensor *out)
{
	struct brn_tensor in[BUILD_MAX_PORTS];
	burin_error err;

	fill_inputs(g, a, in);
	suite_ok(brn_ref_graph(g, in, out, a, &err), err);
}

/* Sums of a dozen terms below 10 differ by rounding only.  A gelu written with
 * 1.4142 for sqrt 2 differs by a little more.  */
static void
compare(const struct brn_graph *g, const struct brn_tensor *got,
    const struct brn_tensor *want)
{
	for (int i = 0; i < g->nout; i++) {
		const float *a = got[i].data, *b = want[i].data;

		ck_assert(brn_type_equal(&got[i].type, &want[i].type));
		for (int64_t k = 0; k < brn_numel(&got[i]); k++)
			suite_near(a[k], b[k], 1e-5 * (1 + fabs(b[k])));
	}
}

START_TEST(pass_keeps_results)
{
	struct brn_tensor before[BUILD_MAX_PORTS], after[BUILD_MAX_PORTS];
	struct brn_graph *g = build(&pass_cases[_i]);
	struct brn_arena *a = brn_arena_new();

	compute(g, a, before);
	run(pass_cases[_i].pass, g);
	compute(g, a, after);
	compare(g, after, before);
	brn_arena_free(a);
	brn_graph_free(g);
}
END_TEST

START_TEST(second_run_changes_nothing)
{
	struct brn_graph *g = build(&pass_cases[_i]);
	char *once, *twice;

	run(pass_cases[_i].pass, g);
	once = text_of(g);
	ck_assert_int_eq(run(pass_cases[_i].pass, g), 0);
	twice = text_of(g);
	ck_assert_str_eq(once, twice);
	free(once);
	free(twice);
	brn_graph_free(g);
}
END_TEST

/* ---- all passes ---------------------------------------------------------- */

static struct brn_node *
linear(struct brn_graph *g, struct brn_node *x, int rows, int cols,
    uint64_t seed)
{
	struct brn_node *w = weight(g, "w", cols, rows, seed);

	for (int64_t i = 0; i < (int64_t)rows * cols; i++)
		if (i % 7)
			((float *)w->value->data)[i] = 0;
	return OP(g, add, vector(g, "b", rows, 1, seed + 1),
	    OP(g, matmul, x, w));
}

static struct brn_node *
norm(struct brn_graph *g, struct brn_node *x)
{
	struct brn_node *d, *v;

	d = OP(g, sub, x, OP(g, reduce_mean, x, INTS(g, -1)));
	v = OP(g, reduce_mean, OP(g, pow, d, scalar(g, 2)), INTS(g, -1));
	d = OP(g, div, d, OP(g, sqrt, OP(g, add, v, scalar(g, 1e-5f))));
	d = OP(g, mul, d, vector(g, "gamma", 8, 1, 5));
	return OP(g, add, d, vector(g, "beta", 8, 1, 6));
}

/* gelu as Keras has it: the root of two is a node.  */
static struct brn_node *
gelu(struct brn_graph *g, struct brn_node *x)
{
	struct brn_node *t = OP(g, erf, OP(g, div, x, OP(g, sqrt,
	    scalar(g, 2))));

	return OP(g, mul, OP(g, mul, x, OP(g, add, t, scalar(g, 1))),
	    scalar(g, 0.5f));
}

/* The second half of an encoder layer, twice.  */
static struct brn_graph *
encoder(void)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = input(g, "x", 3, BATCH, SEQ, 8);
	burin_error err;

	for (int i = 0; i < 2; i++) {
		struct brn_node *y = gelu(g, linear(g, x, 32, 8, 1));

		y = OP(g, add, linear(g, y, 8, 32, 3), x);
		x = norm(g, OP(g, identity, y));
	}
	output(g, "y", x);
	suite_ok(brn_graph_sweep(g, &err), err);
	return g;
}

START_TEST(all_passes_leave_the_essence)
{
	struct brn_tensor before[1], after[1];
	struct brn_arena *a = brn_arena_new();
	struct brn_graph *g = encoder();
	burin_error err;

	compute(g, a, before);
	suite_ok(brn_passes_run(g, &opts, &err), err);
	compute(g, a, after);
	compare(g, after, before);
	ck_assert_int_eq(count_ops(g, BRN_OP_bsr_dense), 4);
	ck_assert_int_eq(count_ops(g, BRN_OP_layer_norm), 2);
	/* input, 4 x (bsr, bias), 2 x (gamma, beta), the six above, and the
	 * two ends of the tiles */
	ck_assert_int_eq(g->nnode, 1 + 8 + 4 + 6 + 2);
	brn_arena_free(a);
	brn_graph_free(g);
}
END_TEST

/* Scaled dot-product attention as PyTorch exports it: the scale is computed,
 * rows without a key are zero.  */
START_TEST(exported_attention_is_one_node)
{
	static const struct pass_case c = { .build = attention_graph,
	    .variant = SCALE_SHAPE | K_TWICE | MASK_INF | NAN_TO_ZERO };
	struct brn_tensor before[1], after[1];
	struct brn_arena *a = brn_arena_new();
	struct brn_graph *g = build(&c);
	burin_error err;

	compute(g, a, before);
	suite_ok(brn_passes_run(g, &opts, &err), err);
	compute(g, a, after);
	compare(g, after, before);
	ck_assert_int_eq(count_ops(g, BRN_OP_attention), 1);
	ck_assert_int_eq(count_ops(g, BRN_OP_to_tiles), 3);
	ck_assert_int_eq(count_ops(g, BRN_OP_shape), 0);
	brn_arena_free(a);
	brn_graph_free(g);
}
END_TEST

START_TEST(rows_stay_rows_when_asked)
{
	struct brn_graph *g = encoder();
	struct brn_pass_opts o = opts;
	burin_error err;

	o.rows = 1;
	suite_ok(brn_passes_run(g, &o, &err), err);
	ck_assert_int_eq(count_ops(g, BRN_OP_to_tiles), 0);
	for (int i = 0; i < g->nnode; i++)
		ck_assert_int_eq(g->node[i]->tiles, 0);
	brn_graph_free(g);
}
END_TEST

/* to_tiles(x), a layer of it, from_tiles: one thing wrong with them.  */
START_TEST(wrong_layout_is_named)
{
	static const char *const wanted[] = {
		"output 'y': is in tiles, wanted rows",
		"node 'dense': input 'x' is in rows, wanted tiles",
		"node 'dense': from_tiles like this has no form on tiles",
		"node 'dense': input 'dense' is in rows, wanted tiles",
	};
	struct brn_graph *g = build_graph();
	struct brn_node *layer, *end;
	burin_error err;

	output(g, "y", OP(g, dense, input(g, "x", 2, 3, 8),
	    weight(g, "w", 4, 8, 1)));
	suite_ok(brn_passes_run(g, &opts, &err), err);
	end = g->out[0].node;
	layer = end->in[0];
	switch (_i) {
	case 0:
		g->out[0].node = layer;
		break;
	case 1:
		layer->in[0] = g->in[0].node;
		break;
	case 2:
		end->tiles = 1;
		break;
	case 3:
		layer->tiles = 0;
		layer->in[0] = g->in[0].node;
		break;
	}
	ck_assert_int_eq(brn_graph_verify(g, &err), BURIN_EFORMAT);
	ck_assert_str_eq(err.msg, wanted[_i]);
	brn_graph_free(g);
}
END_TEST

/* Three attentions under two masks.  */
static struct brn_graph *
attentions(void)
{
	static const struct pass_case c = { .build = attention_shared_mask };

	return build(&c);
}

START_TEST(no_allocation_may_fail_unseen)
{
	burin_error err;
	int rc = -1;

	for (long n = 0; rc < 0; n++) {
		struct brn_graph *g = _i ? attentions() : encoder();

		brn_alloc_fail_at(n);
		rc = brn_passes_run(g, &opts, &err);
		brn_alloc_fail_at(-1);
		ck_assert_msg(rc == BURIN_OK || rc == BURIN_ENOMEM,
		    "allocation %ld: %d, %s", n, rc, err.msg);
		brn_graph_free(g);
	}
}
END_TEST

/* For inspection: nothing is known of what an unsupported node makes.  */
START_TEST(layers_behind_unsupported_nodes_are_found)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = OP(g, unsupported, input(g, "x", 2, 3, 8)), *y;
	burin_error err;

	x->onnx_op = "NonZero";
	y = linear(g, x, 16, 8, 1);
	output(g, "y", OP(g, gemm, y, weight(g, "w", 16, 4, 9)));
	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_passes_run(g, &opts, &err), err);
	ck_assert_int_eq(count_ops(g, BRN_OP_add), 0);
	ck_assert_int_eq(count_ops(g, BRN_OP_bsr_dense), 1);
	ck_assert_int_eq(count_ops(g, BRN_OP_dense), 1);
	brn_graph_free(g);
}
END_TEST

START_TEST(no_node_is_no_problem)
{
	struct brn_graph *g = build_graph();
	burin_error err;

	suite_ok(brn_passes_run(g, &opts, &err), err);
	brn_graph_free(g);
}
END_TEST

START_TEST(every_pass_is_dumped)
{
	struct brn_graph *g = encoder();
	struct brn_pass_opts o = opts;
	char dir[512], path[1024], got[16384], *want;
	burin_error err;

	suite_tmpdir(dir, sizeof dir);
	o.dump_dir = dir;
	suite_ok(brn_passes_run(g, &o, &err), err);
	for (int i = 0; i < brn_npasses; i++) {
		snprintf(path, sizeof path, "%s/%02d-%s.txt", dir, i + 1,
		    brn_passes[i].name);
		read_file(path, got, sizeof got);
		ck_assert_int_gt((int)strlen(got), 100);
	}
	want = text_of(g);
	ck_assert_str_eq(got, want);
	free(want);
	suite_rmdir(dir);
	brn_graph_free(g);
}
END_TEST

START_TEST(missing_dump_folder_is_named)
{
	struct brn_graph *g = encoder();
	struct brn_pass_opts o = opts;
	burin_error err;

	o.dump_dir = "/nonexistent";
	ck_assert_int_eq(brn_passes_run(g, &o, &err), BURIN_EIO);
	ck_assert_ptr_nonnull(strstr(err.msg,
	    "/nonexistent/01-canon_einsum.txt: "));
	brn_graph_free(g);
}
END_TEST

/* x + y with sizes that do not fit: what inference says comes through.  */
START_TEST(fault_of_the_graph_is_passed_on)
{
	struct brn_graph *g = build_graph();
	burin_error err, same;

	output(g, "z", OP(g, add, input(g, "x", 1, 3), input(g, "y", 1, 4)));
	ck_assert_int_eq(brn_infer_types(g, &same), BURIN_ESHAPE);
	ck_assert_int_eq(brn_passes_run(g, &opts, &err), BURIN_ESHAPE);
	ck_assert_str_eq(err.msg, same.msg);
	brn_graph_free(g);
}
END_TEST

/* ---- exported encoders --------------------------------------------------- */

enum { BERT_BATCH = 2, BERT_SEQ = 7 };

/* Token ids, types and positions; the end of the second row is masked.  */
static void
fill_tokens(const struct brn_graph *g, struct brn_arena *a,
    struct brn_tensor *in)
{
	int n = BERT_BATCH * BERT_SEQ;
	uint64_t seed = 3;

	for (int i = 0; i < g->nin; i++) {
		const char *name = g->in[i].name;
		int64_t *v = brn_arena_alloc(a, (size_t)n, sizeof *v);

		ck_assert_ptr_nonnull(v);
		in[i] = (struct brn_tensor){
		    { BURIN_I64, 2, { BERT_BATCH, BERT_SEQ } }, v };
		for (int k = 0; k < n; k++)
			v[k] = !strcmp(name, "attention_mask") ? k < n - 3 :
			    !strcmp(name, "input_ids") ?
			    suite_below(&seed, 100) :
			    !strcmp(name, "position_ids") ? k % BERT_SEQ :
			    suite_below(&seed, 2);
	}
}

static void
import_bert(int opset, int masks, struct brn_graph **g)
{
	struct bert_spec spec = BERT_TINY;
	char dir[512], path[600];
	burin_error err;

	spec.opset = opset;
	spec.masks = masks;
	suite_tmpdir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/bert.onnx", dir);
	ck_assert_int_eq(bert_write(path, &spec), 0);
	suite_ok(brn_onnx_import_file(path, 0, g, &err), err);
	suite_rmdir(dir);
}

/* An encoder after all passes, which keep its results.  */
static struct brn_graph *
passed_bert(int opset, int masks)
{
	struct brn_tensor in[BUILD_MAX_PORTS], before[1], after[1];
	struct brn_arena *a = brn_arena_new();
	struct brn_graph *g;
	burin_error err;

	import_bert(opset, masks, &g);
	fill_tokens(g, a, in);
	suite_ok(brn_ref_graph(g, in, before, a, &err), err);
	suite_ok(brn_passes_run(g, &opts, &err), err);
	suite_ok(brn_ref_graph(g, in, after, a, &err), err);
	compare(g, after, before);
	brn_arena_free(a);
	return g;
}

/* Whatever the opset, an encoder comes down to the same few nodes.  */
START_TEST(encoder_of_every_opset_is_recognised)
{
	struct brn_graph *g = passed_bert(_i, 0);

	ck_assert_int_eq(count_ops(g, BRN_OP_dense), 12);
	ck_assert_int_eq(count_ops(g, BRN_OP_attention), 2);
	ck_assert_int_eq(count_ops(g, BRN_OP_reshape), 0);
	ck_assert_int_eq(count_ops(g, BRN_OP_transpose), 0);
	ck_assert_int_eq(count_ops(g, BRN_OP_to_tiles), 1);
	ck_assert_int_eq(count_ops(g, BRN_OP_from_tiles), 1);
	ck_assert_int_eq(count_ops(g, BRN_OP_layer_norm), 5);
	ck_assert_int_eq(count_ops(g, BRN_OP_gelu), 0);
	ck_assert_int_eq(count_ops(g, BRN_OP_sqrt), 0);
	ck_assert_int_eq(count_ops(g, BRN_OP_concat), 0);
	ck_assert_int_le(count_ops(g, BRN_OP_shape), 1);
	brn_graph_free(g);
}
END_TEST

/* Of four heads two are pruned, in each layer, and more where blocks are. */
START_TEST(pruned_heads_leave_an_encoder)
{
	struct brn_graph *g = passed_bert(17, 1);

	for (int i = 0; i < g->nnode; i++)
		if (g->node[i]->op == BRN_OP_attention)
			ck_assert_int_le(brn_attr_int(g->node[i], "heads"),
			    2);
	ck_assert_int_eq(count_ops(g, BRN_OP_attention), 2);
	ck_assert_int_eq(count_ops(g, BRN_OP_bsr_dense), 12);
	brn_graph_free(g);
}
END_TEST

static Suite *
passes_suite(void)
{
	Suite *s = suite_create("passes");
	TCase *tc = suite_case(s, "each", 60);

	tcase_add_loop_test(tc, graph_looks_as_expected, 0, npass_cases);
	tcase_add_loop_test(tc, pass_leaves_as_many_ops, 0, npass_cases);
	tcase_add_loop_test(tc, pass_keeps_results, 0, npass_cases);
	tcase_add_loop_test(tc, second_run_changes_nothing, 0, npass_cases);
	tc = suite_case(s, "all", 60);
	tcase_add_test(tc, all_passes_leave_the_essence);
	tcase_add_test(tc, exported_attention_is_one_node);
	tcase_add_test(tc, rows_stay_rows_when_asked);
	tcase_add_loop_test(tc, wrong_layout_is_named, 0, 4);
	tcase_add_loop_test(tc, no_allocation_may_fail_unseen, 0, 2);
	tcase_add_test(tc, layers_behind_unsupported_nodes_are_found);
	tcase_add_test(tc, no_node_is_no_problem);
	tcase_add_test(tc, every_pass_is_dumped);
	tcase_add_test(tc, missing_dump_folder_is_named);
	tcase_add_test(tc, fault_of_the_graph_is_passed_on);
	tc = suite_case(s, "bert", 60);
	tcase_add_loop_test(tc, encoder_of_every_opset_is_recognised, 9, 22);
	tcase_add_test(tc, pruned_heads_leave_an_encoder);
	return s;
}

SUITE_MAIN(passes_suite)
