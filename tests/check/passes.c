/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes: what each rewrites (the files of tests/passes), that results stay
 * what they were, that a second run finds nothing, and that the driver does its
 * part.
 *
 *	GOLDEN=1 tests/check/passes.t   writes what is behind "---- after" anew
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "bench/bert.h"
#include "ir/graph/iter.h"
#include "ir/onnx/import.h"
#include "ir/op/infer.h"
#include "ir/op/ref.h"
#include "passes/pass.h"
#include "tests/support/build.h"
#include "tests/support/pass_file.h"

static const struct brn_pass_opts opts = { .sparse = 1, .verify = 1 };

/* The files of tests/passes.  */
static struct dirent **file;

static int
is_case(const struct dirent *e)
{
	return strstr(e->d_name, ".txt") != NULL;
}

static int
find_files(void)
{
	char dir[1024];
	int n;

	snprintf(dir, sizeof dir, "%s/tests/passes", suite_srcdir());
	n = scandir(dir, &file, is_case, alphasort);
	if (n > 0)
		return n;
	fprintf(stderr, "%s: no files\n", dir);
	exit(1);
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
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	fputs(text, f);
	fclose(f);
}

/* Show the first line of got that differs.  */
static void
must_be_same(const struct pass_file *f, const char *got)
{
	const char *want = f->text;
	size_t n = 0;

	while (got[n] && got[n] == want[n])
		n++;
	if (got[n] == want[n])
		return;
	while (n && got[n - 1] != '\n')
		n--;
	ck_abort_msg("%s: is\n%.300s\nwanted\n%.300s", f->path, got + n,
	    want + n);
}

/* What the file should hold behind its head.  */
static void
print_after(struct pass_file *f, struct brn_buf *b)
{
	struct brn_buf told = { 0 };

	pass_file_run(f);
	brn_graph_print(b, f->graph);
	/* A second run sees what the first has left.  */
	if (f->pass)
		pass_file_run(f);
	pass_file_told(&told, f->graph);
	if (told.n)
		brn_buf_printf(b, "---- told\n%s", (const char *)told.p);
	brn_buf_free(&told);
}

START_TEST(graph_looks_as_expected)
{
	struct brn_buf b = { 0 };
	struct pass_file f;

	pass_file_read(&f, file[_i]->d_name);
	brn_buf_put(&b, f.text, f.head);
	print_after(&f, &b);
	brn_buf_u8(&b, 0);
	ck_assert(!b.fail);
	if (getenv("GOLDEN"))
		write_file(f.path, (const char *)b.p);
	else
		must_be_same(&f, (const char *)b.p);
	brn_buf_free(&b);
	pass_file_free(&f);
}
END_TEST

START_TEST(text_is_read_as_it_was_written)
{
	struct pass_file f;
	char *text;

	pass_file_read(&f, file[_i]->d_name);
	text = text_of(f.graph);
	ck_assert_msg(strstr(f.text, text), "%s: reads as\n%.2000s", f.path,
	    text);
	free(text);
	pass_file_free(&f);
}
END_TEST

/* ---- results ------------------------------------------------------------- */

enum { MAX_PORTS = 8 };         /* inputs or outputs of a file */

/* Floats in [-3, 3), integers in [0, 3).  */
static void
fill(struct brn_tensor *t, uint64_t seed)
{
	for (int64_t i = 0; i < brn_numel(t); i++) {
		float v = suite_float(&seed) * 3;

		if (t->type.dtype == BURIN_F32)
			brn_set_float(t, i, (double)v);
		else
			brn_set_int(t, i, (int64_t)fabsf(v));
	}
}

/* Inputs, symbols taken as 3, the same at every call.  */
static void
fill_inputs(const struct brn_graph *g, struct brn_arena *a,
    struct brn_tensor *in)
{
	for (int i = 0; i < g->nin; i++) {
		struct brn_type *t = &in[i].type;

		*t = g->in[i].type;
		for (int k = 0; k < t->rank; k++)
			if (brn_is_sym(t->dim[k]))
				t->dim[k] = 3;
		in[i].data = brn_arena_alloc(a, (size_t)brn_type_numel(t), 8);
		ck_assert_ptr_nonnull(in[i].data);
		fill(&in[i], 77 + (uint64_t)i);
	}
}

static void
compute(struct brn_graph *g, struct brn_arena *a, struct brn_tensor *out)
{
	struct brn_tensor in[MAX_PORTS];
	burin_error err;

	ck_assert_int_le(g->nin, MAX_PORTS);
	ck_assert_int_le(g->nout, MAX_PORTS);
	fill_inputs(g, a, in);
	suite_ok(brn_ref_graph(g, in, out, a, &err), err);
}

static double
element(const struct brn_tensor *t, int64_t i)
{
	return t->type.dtype == BURIN_F32 ? brn_get_float(t, i) :
	    (double)brn_get_int(t, i);
}

/* Sums of a dozen terms below 10 differ by rounding only.  A gelu written with
 * 1.4142 for sqrt 2 differs by a little more.  */
static void
compare(const struct brn_graph *g, const struct brn_tensor *got,
    const struct brn_tensor *want)
{
	for (int i = 0; i < g->nout; i++) {
		ck_assert(brn_type_equal(&got[i].type, &want[i].type));
		for (int64_t k = 0; k < brn_numel(&got[i]); k++) {
			double a = element(&got[i], k);
			double b = element(&want[i], k);

			if (!isnan(a) || !isnan(b))
				suite_near(a, b, 1e-5 * (1 + fabs(b)));
		}
	}
}

/* quantize=all rounds weights and activations: tests/check/int8.c has the bound
 * of that.  */
START_TEST(pass_keeps_results)
{
	struct brn_tensor before[MAX_PORTS], after[MAX_PORTS];
	struct brn_arena *a = brn_arena_new();
	struct pass_file f;

	pass_file_read(&f, file[_i]->d_name);
	if (count_ops(f.graph, BRN_OP_unsupported) == 0 &&
	    f.opts.quantize != BRN_QUANTIZE_ALL) {
		compute(f.graph, a, before);
		pass_file_run(&f);
		compute(f.graph, a, after);
		compare(f.graph, after, before);
	}
	brn_arena_free(a);
	pass_file_free(&f);
}
END_TEST

START_TEST(second_run_changes_nothing)
{
	struct pass_file f;
	char *once, *twice;

	pass_file_read(&f, file[_i]->d_name);
	pass_file_run(&f);
	once = text_of(f.graph);
	if (f.pass) {
		ck_assert_int_eq(pass_file_run(&f), 0);
		twice = text_of(f.graph);
		ck_assert_str_eq(once, twice);
		free(twice);
	}
	free(once);
	pass_file_free(&f);
}
END_TEST

START_TEST(names_are_listed)
{
	static const struct {
		const char *globs, *name;
		int is;
	} t[] = {
		{ NULL, "a", 0 }, { "", "a", 0 }, { "a", "a", 1 },
		{ "a", "ab", 0 }, { "ab", "a", 0 }, { "*", "", 1 },
		{ "*", "a", 1 }, { "a*", "a", 1 }, { "a*c", "abcbc", 1 },
		{ "a*c", "abcb", 0 }, { "*b*", "abc", 1 }, { "a?c", "abc", 1 },
		{ "a?", "a", 0 }, { "b,a", "a", 1 }, { "b,a,", "c", 0 },
		{ "a\\,b", "a,b", 1 }, { "a\\,b", "b", 0 },
		{ "\\*", "*", 1 }, { "\\*", "a", 0 }, { "a**b", "ab", 1 },
		{ "*a,*b", "xb", 1 }, { "/l/0/*,x", "/l/0/q/MatMul", 1 },
	};

	for (int i = 0; i < BRN_COUNT(t); i++)
		ck_assert_msg(brn_is_listed(t[i].globs, t[i].name) == t[i].is,
		    "%s: %s", t[i].globs, t[i].name);
}
END_TEST

/* ---- all passes ---------------------------------------------------------- */

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

START_TEST(no_allocation_may_fail_unseen)
{
	burin_error err;
	int rc = -1;

	for (long n = 0; rc < 0; n++) {
		struct brn_graph *g = pass_file_graph(_i ?
		    "fuse_attention.shared_mask.txt" : "all.encoder.txt");

		brn_alloc_fail_at(n);
		rc = brn_passes_run(g, &opts, &err);
		brn_alloc_fail_at(-1);
		ck_assert_msg(rc == BURIN_OK || rc == BURIN_ENOMEM,
		    "allocation %ld: %d, %s", n, rc, err.msg);
		brn_graph_free(g);
	}
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

START_TEST(missing_dump_folder_is_named)
{
	struct brn_graph *g = pass_file_graph("all.encoder.txt");
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
	int n = find_files();

	tcase_add_loop_test(tc, graph_looks_as_expected, 0, n);
	tcase_add_loop_test(tc, text_is_read_as_it_was_written, 0, n);
	tcase_add_loop_test(tc, pass_keeps_results, 0, n);
	tcase_add_loop_test(tc, second_run_changes_nothing, 0, n);
	tcase_add_test(tc, names_are_listed);
	tc = suite_case(s, "all", 60);
	tcase_add_loop_test(tc, wrong_layout_is_named, 0, 4);
	tcase_add_loop_test(tc, no_allocation_may_fail_unseen, 0, 2);
	tcase_add_test(tc, no_node_is_no_problem);
	tcase_add_test(tc, missing_dump_folder_is_named);
	tcase_add_test(tc, fault_of_the_graph_is_passed_on);
	tc = suite_case(s, "bert", 60);
	tcase_add_loop_test(tc, encoder_of_every_opset_is_recognised, 9, 22);
	tcase_add_test(tc, pruned_heads_leave_an_encoder);
	return s;
}

SUITE_MAIN(passes_suite)
