/* SPDX-License-Identifier: Apache-2.0
 *
 * Zero blocks of a weight are found, whatever stands between it and its layer
 * in the file, and the result is that of the file.
 */
#include "ir/graph/iter.h"
#include "ir/op/ref.h"
#include "passes/pass.h"
#include "tests/support/onnx_text.h"

#include "tests/support/build.h"
#include "tests/support/suite.h"

/* A quarter of it is not zero.  */
#define W "1 2 3 4 0 0 0 0 0 0 0 0 0 0 0 0"
#define TURNED "1 0 0 0 2 0 0 0 3 0 0 0 4 0 0 0"
#define MS "com.microsoft."

/* Each with input x float [n,3,4], output y.  */
static const struct form {
	const char *fact, *model;
	int layers, dequantized;
} forms[] = {
{ "as it is", "init w float [4,4] raw " W "\nnode y = MatMul(x,w)", 1, 0 },
{ "Transpose", "init w float [4,4] raw " TURNED "\n"
  "node t = Transpose(w)\nnode y = MatMul(x,t)", 1, 0 },
{ "Identity", "init w float [4,4] raw " W "\nnode t = Identity(w)\n"
  "node u = Identity(t)\nnode y = MatMul(x,u)", 1, 0 },
{ "Cast", "init w int8 [4,4] raw " W "\nnode t = Cast(w) to=1\n"
  "node y = MatMul(x,t)", 1, 0 },
{ "Reshape", "init w float [2,8] raw " W "\ninit s int64 [2] raw 4 -1\n"
  "node t = Reshape(w,s)\nnode y = MatMul(x,t)", 1, 0 },
{ "Unsqueeze and Squeeze",
  "init w float [4,4] raw " W "\ninit a int64 [1] raw 0\n"
  "node t = Unsqueeze(w,a)\nnode u = Squeeze(t,a)\nnode y = MatMul(x,u)",
  1, 0 },
{ "DequantizeLinear", "init w uint8 [4,4] raw "
  "9 3 5 9 4 4 4 4 4 4 4 4 4 4 4 4\ninit s float [] raw 0.5\n"
  "init z uint8 [] raw 4\nnode t = DequantizeLinear(w,s,z)\n"
  "node y = MatMul(x,t)", 1, 1 },
{ "DequantizeLinear along an axis, and Transpose",
  "init w int8 [4,4] raw " TURNED "\ninit s float [4] raw 1 2 3 4\n"
  "node t = DequantizeLinear(w,s) axis=0\nnode u = Transpose(t)\n"
  "node y = MatMul(x,u)", 1, 1 },
{ "DequantizeLinear in blocks",
  "init w int8 [4,4] raw " W "\ninit s float [2,4] raw 1 2 3 4 5 6 7 8\n"
  "node t = DequantizeLinear(w,s) axis=0 block_size=2\n"
  "node y = MatMul(x,t)", 1, 1 },
{ "Transpose, Cast and Reshape of a weight that two layers share",
  "init w int8 [2,8] raw " TURNED "\ninit s int64 [2] raw 4 4\n"
  "node t = Reshape(w,s)\nnode u = Cast(t) to=1\nnode v = Transpose(u)\n"
  "node a = MatMul(x,v)\nnode n = Sin(x)\nnode b = MatMul(n,v)\n"
  "node y = Mul(a,b)", 2, 0 },
{ "weights and activations of integers, QDQ",
  "init s float [] raw 0.05\ninit z uint8 [] raw 128\n"
  "node q = QuantizeLinear(x,s,z)\nnode d = DequantizeLinear(q,s,z)\n"
  "init w int8 [4,4] raw " W "\ninit t float [4] raw 1 2 3 4\n"
  "init o int8 [4] raw 0 0 0 0\nnode r = DequantizeLinear(w,t,o) axis=1\n"
  "init b int32 [4] raw 1 2 3 4\nnode c = DequantizeLinear(b,t) axis=0\n"
  "node m = MatMul(d,r)\nnode a = Add(m,c)\n"
  "node e = QuantizeLinear(a,s,z)\nnode y = DequantizeLinear(e,s,z)", 1, 1 },
{ "integers of a run", "node q,s,z = DynamicQuantizeLinear(x)\n"
  "init w int8 [4,4] raw " W "\ninit o int8 [4] raw 0 0 0 0\n"
  "node m = MatMulInteger(q,w,z,o)\nnode c = Cast(m) to=1\n"
  "init t float [4] raw 1 2 3 4\nnode k = Mul(s,t)\nnode r = Mul(c,k)\n"
  "init b float [4] raw 1 2 3 4\nnode y = Add(r,b)", 1, 1 },
{ "QLinearMatMul", "init s float [] raw 0.05\ninit z uint8 [] raw 128\n"
  "node q = QuantizeLinear(x,s,z)\ninit w int8 [4,4] raw " W "\n"
  "init t float [4] raw 1 2 3 4\ninit o int8 [4] raw 0 0 0 0\n"
  "node m = QLinearMatMul(q,s,z,w,t,o,s,z)\n"
  "node y = DequantizeLinear(m,s,z)", 1, 1 },
{ "the packed weight of Attention", "init w float [4,12] raw "
  "1 2 3 4 5 6 7 8 1 2 3 4 0 0 0 0 0 0 0 0 0 0 0 0 "
  "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
  "init b float [12] raw 1 2 3 4 5 6 7 8 9 1 2 3\n"
  "node y = " MS "Attention(x,w,b) num_heads=2", 3, 0 },
{ "FusedMatMul", "init w float [4,4] raw " TURNED "\n"
  "node y = " MS "FusedMatMul(x,w) transB=1", 1, 0 },
{ "the argument of a function", "init w float [4,4] raw " W "\n"
  "function z = l.Linear(a,m)\nnode z = MatMul(a,m)\nend\n"
  "node y = l.Linear(x,w)", 1, 0 },
{ "a constant of a function", "function z = l.Linear(a)\n"
  "node m = Constant() value=float[4,4]{" W "}\nnode z = MatMul(a,m)\n"
  "end\nnode a = l.Linear(x)\nnode n = Sin(x)\nnode b = l.Linear(n)\n"
  "node y = Mul(a,b)", 2, 0 },
{ "a branch of an If", "init c bool [] raw 1\n"
  "graph t\ninit w float [4,4] raw " W "\nnode z = MatMul(x,w)\noutput z\n"
  "end\ngraph e\nnode z = Neg(x)\noutput z\nend\n"
  "node y = If(c) then_branch=@t else_branch=@e", 1, 0 },
};

static struct brn_graph *
import(const char *model)
{
	struct brn_graph *g;
	char text[2048];
	burin_error err;

	snprintf(text, sizeof text, "opset 20\nopset 1 com.microsoft\n"
	    "input x float [n,3,4]\noutput y\n%s", model);
	suite_ok(onnx_text_import(text, NULL, 0, &g, &err), err);
	return g;
}

START_TEST(zero_blocks_are_found)
{
	const struct form *f = &forms[_i];
	const struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	struct brn_graph *g = import(f->model);
	burin_error err;

	suite_ok(brn_passes_run(g, &o, &err), err);
	ck_assert_msg(count_ops(g, BRN_OP_bsr_dense) == f->layers,
	    "%s: %d layers are sparse", f->fact,
	    count_ops(g, BRN_OP_bsr_dense));
	ck_assert_int_eq(count_ops(g, BRN_OP_dense), 0);
	ck_assert_msg(g->ndequant == f->dequantized,
	    "%s: %d weights were integers", f->fact, g->ndequant);
	brn_graph_free(g);
}
END_TEST

START_TEST(results_are_those_of_the_file)
{
	const struct form *f = &forms[_i];
	const struct brn_pass_opts o = { .sparse = 1, .rows = 1 };
	struct brn_graph *g[2] = { import(f->model), import(f->model) };
	struct brn_arena *a = brn_arena_new();
	float x[2 * 3 * 4];
	struct brn_tensor in = { { BURIN_F32, 3, { 2, 3, 4 } }, x }, y[2];
	burin_error err;

	suite_fill(x, COUNT(x), 3);
	suite_ok(brn_passes_run(g[1], &o, &err), err);
	for (int i = 0; i < 2; i++)
		suite_ok(brn_ref_graph(g[i], &in, &y[i], a, &err), err);
	ck_assert(brn_type_equal(&y[0].type, &y[1].type));
	for (int64_t i = 0; i < brn_numel(&y[0]); i++)
		ck_assert_msg(fabs(brn_get_float(&y[0], i) -
		    brn_get_float(&y[1], i)) <= 1e-5 *
		    fmax(1, fabs(brn_get_float(&y[0], i))),
		    "%s: [%d] is %g, wanted %g", f->fact, (int)i,
		    brn_get_float(&y[1], i), brn_get_float(&y[0], i));
	brn_graph_free(g[0]);
	brn_graph_free(g[1]);
	brn_arena_free(a);
}
END_TEST

static Suite *
weights_suite(void)
{
	Suite *s = suite_create("weights");
	TCase *tc = suite_case(s, "forms", 60);

	tcase_add_loop_test(tc, zero_blocks_are_found, 0, COUNT(forms));
	tcase_add_loop_test(tc, results_are_those_of_the_file, 0,
	    COUNT(forms));
	return s;
}

SUITE_MAIN(weights_suite)
