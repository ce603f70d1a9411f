/* SPDX-License-Identifier: Apache-2.0
 *
 * Pruning of ONNX files: which weights, which way round, how many blocks, and
 * that everything else stays.
 */
#include "ir/graph/iter.h"
#include "ir/onnx/prune.h"
#include "tests/support/onnx_text.h"

#include "tests/support/suite.h"

#include <math.h>
#include <string.h>

static char tmp[256], in[300], out[300];

static void
make_paths(void)
{
	suite_tmpdir(tmp, sizeof tmp);
	snprintf(in, sizeof in, "%s/in.onnx", tmp);
	snprintf(out, sizeof out, "%s/out.onnx", tmp);
}

static void
remove_paths(void)
{
	suite_rmdir(tmp);
}

/* Prune text by spec; the number of layers.  */
static int
prune(const char *text, const burin_prune_spec *spec)
{
	burin_error err;
	int n = -1;

	onnx_text_write(text, in);
	suite_ok(brn_onnx_prune(in, out, spec, &n, &err), err);
	return n;
}

/* Constant number i of the pruned model, to be freed with the graph.  */
static const struct brn_tensor *
constant(int i, struct brn_graph **g)
{
	burin_error err;

	suite_ok(brn_onnx_import_file(out, 1, g, &err), err);
	for (int k = 0; k < (*g)->nnode; k++)
		if (brn_is_const((*g)->node[k]) && i-- == 0)
			return (*g)->node[k]->value;
	ck_abort_msg("no such constant");
	return NULL;
}

/* '.' for zero, 'x' for any other value, in rows.  */
static void
pattern(int i, char *s)
{
	struct brn_graph *g;
	const struct brn_tensor *t = constant(i, &g);
	const float *v = t->data;
	int64_t cols = t->type.dim[1];

	for (int64_t k = 0; k < brn_numel(t); k++) {
		if (k && k % cols == 0)
			*s++ = '|';
		*s++ = v[k] == 0 ? '.' : 'x';
	}
	*s = 0;
	brn_graph_free(g);
}

#define HEAD "opset 13\ninput x float [1,4]\noutput y\n"
#define NINE "float [3,3] raw 1 2 3 4 5 6 7 8 9\n"
#define TWELVE "float [2,6] raw 1 2 9 9 9 9 9 9 3 4 9 9\n"

static const struct {
	const char *model;
	int bh, bw;
	double sparsity;
	int nlayer;
	const char *pattern;    /* NULL: the result cannot be imported */
} cases[] = {
	/* [K, N]: a block of 2 output features lies along a row.  */
	{ "init w " TWELVE "node y = MatMul(x,w)", 2, 1, 1.0 / 3, 1,
	  "..xxxx|xx..xx" },
	{ "init w " TWELVE "node y = Gemm(x,w)", 2, 1, 1.0 / 3, 1,
	  "..xxxx|xx..xx" },
	/* [N, K]: the same block lies down a column.  */
	{ "init w " TWELVE "node y = Gemm(x,w) transB=1", 1, 2, 1.0 / 3, 1,
	  "..xxxx|xx..xx" },
	{ "init w " TWELVE "node y = Gemm(x,w) transB=1", 2, 1, 1.0 / 6, 1,
	  ".xxxxx|.xxxxx" },
	{ "init w " TWELVE "node t = Transpose(w) perm=[1,0]\n"
	  "node y = MatMul(x,t)", 1, 2, 1.0 / 3, 1, "..xxxx|xx..xx" },
	{ "init w " TWELVE "node t = Transpose(w)\nnode i = Identity(t)\n"
	  "node y = Gemm(x,i) transB=1", 2, 1, 1.0 / 3, 1,
	  "..xxxx|xx..xx" },
	{ "init w " TWELVE "node t = Transpose(w) perm=[0,1]\n"
	  "node y = MatMul(x,t)", 2, 1, 1.0 / 3, 1, "..xxxx|xx..xx" },
	{ "init w " TWELVE "node c = Cast(w) to=1\nnode y = MatMul(x,c)", 2, 1,
	  1.0 / 3, 1, "..xxxx|xx..xx" },
	{ "node w = Constant() value=float[2,2]{1 2 3 4}\n"
	  "node y = MatMul(x,w)", 1, 1, 0.5, 1, "..|xx" },
	/* Partial blocks at the edges count as blocks.  */
	{ "init w " NINE "node y = MatMul(x,w)", 2, 2, 0.25, 1,
	  "xx.|xx.|xxx" },
	{ "init w " NINE "node y = MatMul(x,w)", 2, 2, 0.75, 1,
	  "...|...|xx." },
	{ "init w " NINE "node y = MatMul(x,w)", 100, 100, 0.5, 1,
	  "...|...|..." },
	{ "init w " NINE "node y = MatMul(x,w)", 1, 1, 0, 1, "xxx|xxx|xxx" },
	{ "init w " NINE "node y = MatMul(x,w)", 1, 1, 1, 1, "...|...|..." },
	/* round(0.5 * 9) is 5.  */
	{ "init w " NINE "node y = MatMul(x,w)", 1, 1, 0.5, 1,
	  "...|..x|xxx" },
	/* Of equal norms the first, NaN and infinity last.  */
	{ "init w float [2,2] raw 1 -1 1 -1\nnode y = MatMul(x,w)", 1, 1, 0.5,
	  1, "..|xx" },
	{ "init w float [2,2] raw nan inf 7 8\nnode y = MatMul(x,w)", 1, 1,
	  0.5, 1, "xx|.." },
	/* Ways to store.  */
	{ "init w float [2,2] typed 1 2 3 4\nnode y = MatMul(x,w)", 1, 1, 0.5,
	  1, "..|xx" },
	{ "init w float16 [2,2] raw 1 0x3c00 2 0x8001\nnode y = MatMul(x,w)",
	  1, 1, 0.5, 1, ".x|x." },
	{ "init w float16 [2,2] typed 1 0x3c00 2 0x8000\n"
	  "node y = MatMul(x,w)", 1, 1, 0.5, 1, ".x|x." },
	{ "init w bfloat16 [2,2] raw 0x3f80 0x3f00 0x4000 0xc000\n"
	  "node y = MatMul(x,w)", 1, 1, 0.5, 1, "..|xx" },
	{ "init w double [2,2] raw 1e-30 3 2 1e30\nnode y = MatMul(x,w)", 1, 1,
	  0.5, 1, ".x|.x" },
	/* W and R of each direction by itself.  */
	{ "init w float [2,2,4] raw 1 9 2 8 1 9 2 8 9 9 1 1 9 9 1 1\n"
	  "init r float [2,2,2] raw 1 2 3 4 5 6 7 8\n"
	  "init s int64 [3] raw 1 1 4\nnode v = Reshape(x,s)\n"
	  "node y = RNN(v,w,r) direction='bidirectional'", 2, 1, 0.5, 2,
	  ".x|.x|.x|.x|xx|..|xx|.." },
	/* Not dense layers.  */
	{ "init w " NINE "node y = MatMul(w,x)", 1, 1, 1, 0, "xxx|xxx|xxx" },
	{ "init w " NINE "node y = Add(x,w)", 1, 1, 1, 0, "xxx|xxx|xxx" },
	{ "init w " NINE "node y = com.x.MatMul(x,w)", 1, 1, 1, 0,
	  "xxx|xxx|xxx" },
	{ "init w " NINE "node r = Relu(w)\nnode y = MatMul(x,r)", 1, 1, 1, 0,
	  "xxx|xxx|xxx" },
	{ "init w " NINE "node y = MatMul(x,)", 1, 1, 1, 0, NULL },
	{ "init w " NINE "node t = Transpose(t)\nnode y = MatMul(x,t)", 1, 1, 1,
	  0, NULL },
	/* A weight of several users, and an operator nobody knows.  */
	{ "init w " NINE "node a = MatMul(x,w)\nnode t = Transpose(w)\n"
	  "node y = MatMul(a,t)", 1, 1, 1.0 / 3, 1, "...|xxx|xxx" },
	{ "init w " NINE "node a = MatMul(x,w)\nnode y = Unheard(a)", 1, 1,
	  1.0 / 3, 1, "...|xxx|xxx" },
	/* Tied: used outside of layers, maybe on another way.  */
	{ "init w " NINE "node a = MatMul(x,w)\nnode y = Gather(w,a)", 1, 1,
	  1.0 / 3, 0, "xxx|xxx|xxx" },
	{ "init w " NINE "node t = Transpose(w)\nnode a = MatMul(x,t)\n"
	  "node y = Gather(w,a)", 1, 1, 1.0 / 3, 0, "xxx|xxx|xxx" },
	{ "init w " NINE "node t = Transpose(w)\nnode a = MatMul(x,t)\n"
	  "node y = Gather(t,a)", 1, 1, 1.0 / 3, 0, "xxx|xxx|xxx" },
	{ "init w " NINE "node a = MatMul(x,w)\noutput w\nnode y = Relu(a)",
	  1, 1, 1.0 / 3, 0, "xxx|xxx|xxx" },
};

START_TEST(blocks_are_zeroed_the_right_way_round)
{
	char text[512], got[64];
	burin_prune_spec spec = { cases[_i].bh, cases[_i].bw,
		cases[_i].sparsity, 0, 0, NULL };

	snprintf(text, sizeof text, HEAD "%s", cases[_i].model);
	ck_assert_int_eq(prune(text, &spec), cases[_i].nlayer);
	if (!cases[_i].pattern)
		return;
	pattern(0, got);
	ck_assert_str_eq(got, cases[_i].pattern);
}
END_TEST

/* Elements of the weight, named q, of the pruned model.  */
static void
integers(int64_t v[4])
{
	struct brn_graph *g;
	burin_error err;

	suite_ok(brn_onnx_import_file(out, 1, &g, &err), err);
	for (int k = 0; k < g->nnode; k++)
		if (brn_is_const(g->node[k]) && !strcmp(g->node[k]->name, "q"))
			for (int i = 0; i < 4; i++)
				v[i] = brn_get_int(g->node[k]->value, i);
	brn_graph_free(g);
}

/* One of four weights goes, that of the least magnitude, and becomes its zero
 * point.  */
START_TEST(quantized_weights_become_their_zero_point)
{
	static const struct {
		const char *model;
		int64_t want[4];
	} table[] = {
		/* 5 - 7 is the least. */
		{ "init q uint8 [2,2] raw 5 9 4 3\ninit s float [] raw 0.5\n"
		  "init z uint8 [] raw 7\nnode w = DequantizeLinear(q,s,z)\n"
		  "node y = MatMul(x,w)", { 7, 9, 4, 3 } },
		/* Without a zero point; a scale for each row. */
		{ "init q int8 [2,2] raw 2 3 4 5\ninit s float [2] raw 9 1\n"
		  "node w = DequantizeLinear(q,s) axis=0\n"
		  "node y = MatMul(x,w)", { 2, 3, 0, 5 } },
		{ "init q int8 [2,2] raw 2 3 4 5\ninit s float [2] raw 9 1\n"
		  "node w = DequantizeLinear(q,s)\nnode t = Transpose(w)\n"
		  "node y = MatMul(x,t)", { 2, 0, 4, 5 } },
		{ "init q int8 [2,2] raw 2 3 4 5\ninit s float [2] raw 9 1\n"
		  "node t = Transpose(q)\nnode w = DequantizeLinear(t,s)\n"
		  "node y = MatMul(x,w)", { 2, 3, 0, 5 } },
		/* Operators on integers. */
		{ "init q uint8 [2,2] raw 9 9 9 9\ninit z uint8 [2] raw 1 8\n"
		  "node y = MatMulInteger(x,q,,z)", { 9, 8, 9, 9 } },
		{ "init q uint8 [2,2] raw 5 9 4 3\ninit s float [] raw 0.5\n"
		  "init z uint8 [] raw 4\n"
		  "node y = QLinearMatMul(x,s,z,q,s,z,s,z)", { 5, 9, 4, 3 } },
		{ "init q int8 [2,1,2] raw 9 -1 9 9\ninit s float [2] raw 9 1\n"
		  "init z int8 [2] raw 3 3\ninit o float [] raw 1\n"
		  "init p uint8 [] raw 1\n"
		  "node y = QLinearConv(x,o,p,q,s,z,o,p)", { 9, -1, 3, 9 } },
	};
	burin_prune_spec spec = { .bh = 1, .bw = 1, .sparsity = 0.25 };
	int64_t got[4] = { 0 };
	char text[512];

	snprintf(text, sizeof text, HEAD "%s", table[_i].model);
	ck_assert_int_eq(prune(text, &spec), 1);
	integers(got);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(got[i], table[_i].want[i]);
}
END_TEST

static void
write_why(void *ctx, const char *layer, const char *why)
{
	sprintf(ctx, "%s: %s", layer, why);
}

START_TEST(layers_that_are_left_say_why)
{
	static const struct { const char *model, *want; } table[] = {
		{ "init w " NINE "node y = Gather(w,x)\n"
		  "node z = MatMul(x,w) name=head",
		  "head: its weight 'w' is tied: used outside of layers, too" },
		{ "init w " NINE "node r = Relu(w)\nnode y = MatMul(x,r)",
		  "y: its weight 'r' is computed from constants by Relu" },
		{ "init w float [1,1,2] raw 1 2\nnode y = MatMul(x,w)",
		  "y: its weight has 3 dimensions, wanted 2" },
		{ "init w float [2,1,2] raw 1 2 3 4\n"
		  "node y = Conv(x,w) group=2", "y: it has 2 groups" },
		{ "init w int32 [1,2] raw 1 2\nnode y = MatMul(x,w)",
		  "y: its weight is int32, wanted floats, or int8 with a "
		  "scale" },
		{ "init q int16 [1,2] raw 1 2\ninit s float [] raw 1\n"
		  "node w = DequantizeLinear(q,s)\nnode y = MatMul(x,w)",
		  "y: its weight is int16, wanted int8 or uint8" },
		{ "init q int8 [1,2] raw 1 2\ninit s float [1,2] raw 1 1\n"
		  "node w = DequantizeLinear(q,s) block_size=1\n"
		  "node y = MatMul(x,w)", "y: its weight is quantized in "
		  "blocks" },
		{ "init q int8 [1,2] raw 1 2\n"
		  "node w = DequantizeLinear(q,x)\nnode y = MatMul(x,w)",
		  "y: 'x', of its quantized weight, is computed" },
		{ "init w " NINE "node y = ConvTranspose(x,w)",
		  "y: weights of ConvTranspose are not pruned" },
		{ "init w float [1,2] raw 1 2\nnode y = GRU(x,w,x)",
		  "y: its weight has 2 dimensions, wanted 3" },
		{ "init w float [1,1,2] raw 1 2\nnode t = Transpose(w)\n"
		  "node y = GRU(x,t,x)", "y: the weight of the recurrent "
		  "layer is transposed" },
		{ "init q int8 [1,1,1] raw 1\ninit s float [] raw 1\n"
		  "node w = DequantizeLinear(q,s)\nnode y = RNN(x,w,x)",
		  "y: the weight of the recurrent layer is quantized" },
		{ "sparse w float [2,2] 1 at [1] 2\nnode y = MatMul(x,w)",
		  "y: its weight 'w' is sparse already" },
		/* No layers. */
		{ "node y = MatMul(x,x)", "" },
		{ "node z = Relu(x)\nnode y = MatMul(x,z)", "" },
	};
	char text[512], got[256] = "";
	burin_prune_spec spec = { .bh = 1, .bw = 1, .sparsity = 1,
	    .left = write_why, .ctx = got };

	snprintf(text, sizeof text, HEAD "%s", table[_i].model);
	ck_assert_int_eq(prune(text, &spec), 0);
	ck_assert_str_eq(got, table[_i].want);
}
END_TEST

START_TEST(tied_weights_are_pruned_when_asked)
{
	burin_prune_spec spec = { .bh = 1, .bw = 1, .sparsity = 1, .tied = 1 };
	char got[64];

	ck_assert_int_eq(prune(HEAD "init w " NINE "node a = MatMul(x,w)\n"
	    "node y = Gather(w,a)", &spec), 1);
	pattern(0, got);
	ck_assert_str_eq(got, "...|...|...");
}
END_TEST

/* Count elements and zeros of the matrices among the constants of g and of the
 * graphs in its nodes.  */
static void
count_zeros(const struct brn_graph *g, int *all, int *zeros)
{
	for (int i = 0; i < g->nnode; i++) {
		const struct brn_node *c = g->node[i];

		for (int k = 0; k < c->nbody; k++)
			count_zeros(c->body[k].g, all, zeros);
		if (!brn_is_const(c) || c->value->type.rank != 2)
			continue;
		for (int64_t k = 0; k < brn_numel(c->value); k++)
			*zeros += brn_get_float(c->value, k) == 0;
		*all += (int)brn_numel(c->value);
	}
}

#define LOOP(around, inside, use, after) \
	"opset 13\ninput x float [1,2]\noutput y\n" \
	"init yes bool [] raw 1\ninit steps int64 [] raw 3\n" around \
	"graph body\ninput i int64 []\ninput c bool []\n" \
	"input v float [1,2]\noutput c\noutput u\n" inside \
	"node u = MatMul(v," use ") name=inner\nend\n" \
	"node y = Loop(steps,yes,x) body=@body name=turn\n" after
#define FOUR "float [2,2] raw 1 2 3 4\n"

static const struct {
	const char *text, *only;
	int nlayer;
	const char *left;
} bodies[] = {
	{ LOOP("", "init w " FOUR, "w", ""), NULL, 1, "" },
	{ LOOP("init w " FOUR, "", "w", ""), NULL, 1, "" },
	{ LOOP("init w " FOUR, "node t = Transpose(w)\n", "t", ""), NULL, 1,
	    "" },
	{ LOOP("init w " FOUR, "", "w", "output z\nnode z = MatMul(x,w)\n"),
	    NULL, 1, "" },
	{ LOOP("init w " FOUR, "", "w", "output z\nnode z = Neg(w)\n"), NULL,
	    0, "turn/inner: its weight 'w' is tied" },
	{ LOOP("", "init w " FOUR, "w", ""), "^turn/inner$", 1, "" },
	{ LOOP("", "init w " FOUR, "w", ""), "^inner$", 0, "" },
	{ LOOP("", "", "x", ""), NULL, 0, "" },
};

static void
keep_left(void *ctx, const char *layer, const char *why)
{
	snprintf(ctx, 300, "%s: %s", layer, why);
}

START_TEST(weights_in_bodies_are_pruned)
{
	char left[300] = "";
	burin_prune_spec spec = { .bh = 1, .bw = 1, .sparsity = 0.5,
	    .only = bodies[_i].only, .left = keep_left, .ctx = left };
	int all = 0, zeros = 0;
	struct brn_graph *g;
	burin_error err;

	ck_assert_int_eq(prune(bodies[_i].text, &spec), bodies[_i].nlayer);
	ck_assert_msg(!strncmp(left, bodies[_i].left,
	    strlen(bodies[_i].left)), "'%s'", left);
	suite_ok(brn_onnx_import_file(out, 1, &g, &err), err);
	count_zeros(g, &all, &zeros);
	ck_assert_int_eq(2 * zeros, bodies[_i].nlayer ? all : 0);
	brn_graph_free(g);
}
END_TEST

START_TEST(only_matches_node_or_weight)
{
	static const struct {
		const char *only, *a, *b;
		int nlayer;
	} table[] = {
		{ NULL, "..", "..", 2 },
		{ "^one$", "..", "xx", 1 },
		{ "w[b]", "xx", "..", 1 },
		{ "one|y", "..", "..", 2 },
		{ "nothing", "xx", "xx", 0 },
	};
	char got[64];

	for (int i = 0; i < COUNT(table); i++) {
		burin_prune_spec spec = { 1, 1, 1, 0, 0, table[i].only };

		ck_assert_int_eq(prune(HEAD "init wa float [1,2] raw 1 2\n"
		    "init wb float [1,2] raw 1 2\n"
		    "node z = MatMul(x,wa) name=one\nnode y = MatMul(x,wb)",
		    &spec), table[i].nlayer);
		pattern(0, got);
		ck_assert_str_eq(got, table[i].a);
		pattern(1, got);
		ck_assert_str_eq(got, table[i].b);
	}
}
END_TEST

/* Patterns that fill the memory in regcomp, or take for ever in regexec.  */
static const char *const hostile[] = {
	"((((a{1,99}){1,99}){1,99}){1,99}){1,99}", "a{257}", "b{2}{200}",
	"(a*)*\\1", NULL,
};

START_TEST(a_pattern_that_costs_much_is_refused)
{
	burin_prune_spec spec = { 1, 1, 1, 0, 0, hostile[_i] };
	char longer[300] = "";
	burin_error e;
	int n;

	if (!spec.only)
		spec.only = memset(longer, 'a', 257);
	ck_assert_int_eq(brn_onnx_prune("none", "none", &spec, &n, &e),
	    BURIN_EINVAL);
	ck_assert_int_eq(strncmp(e.msg, "pattern ", 8), 0);
}
END_TEST

/* A model with two weights [32, 48] without a zero.  */
static void
write_big(void)
{
	static char text[1 << 17];
	char *s = text;

	s += sprintf(s, HEAD "node z = MatMul(x,w0)\nnode y = MatMul(z,w1)\n");
	for (int w = 0; w < 2; w++) {
		s += sprintf(s, "init w%d float [32,48] raw", w);
		for (int i = 0; i < 32 * 48; i++)
			s += sprintf(s, " %d", 1 + i * 7 % 50);
		s += sprintf(s, "\n");
	}
	onnx_text_write(text, in);
}

static int64_t
zeros(int i)
{
	struct brn_graph *g;
	const struct brn_tensor *t = constant(i, &g);
	int64_t n = brn_numel(t) - brn_count_nonzero(t->data, brn_numel(t));

	brn_graph_free(g);
	return n;
}

START_TEST(count_of_blocks_is_exact)
{
	static const double sparsity[] = { 0, 0.1, 0.333, 0.5, 0.95, 1 };
	burin_error err;
	int n;

	write_big();
	for (int i = 0; i < 2 * COUNT(sparsity); i++) {
		burin_prune_spec spec = { 16, 1, sparsity[i / 2], i % 2, 7,
			NULL };
		long want = lround(sparsity[i / 2] * 3 * 32);

		suite_ok(brn_onnx_prune(in, out, &spec, &n, &err), err);
		ck_assert_int_eq(n, 2);
		ck_assert_int_eq(zeros(0), want * 16);
		ck_assert_int_eq(zeros(1), want * 16);
	}
}
END_TEST

START_TEST(random_choice_is_that_of_the_seed)
{
	burin_prune_spec spec = { 1, 1, 0.5, 1, 1, NULL };
	static const char model[] = HEAD "init a float [2,8] raw "
	    "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\ninit b float [2,8] raw "
	    "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"
	    "node z = MatMul(x,a) name=first\nnode y = MatMul(z,b) name=second";
	char a[64], b[64], again[64];

	/* These are the generator that ir/onnx/blocks.h describes.  */
	prune(model, &spec);
	pattern(0, a);
	pattern(1, b);
	ck_assert_str_eq(a, "xxxxx.x.|..x.x...");
	ck_assert_str_eq(b, "x.x.x..x|x..xx.x.");
	spec.only = "second";
	prune(model, &spec);
	pattern(1, again);
	ck_assert_str_eq(again, b);
	spec.only = NULL;
	spec.seed = 2;
	prune(model, &spec);
	pattern(0, again);
	ck_assert_str_ne(again, a);
}
END_TEST

static uint8_t *
read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = malloc(1 << 16);

	ck_assert(f && p);
	*n = fread(p, 1, 1 << 16, f);
	fclose(f);
	return p;
}

/* Fields that the schema does not know included.  */
START_TEST(all_else_stays_as_it_is)
{
	static const uint8_t extra[] = { 0xd2, 0x01, 3, 'n', 'e', 'w' };
	burin_prune_spec spec = { 1, 1, 0, 0, 0, NULL };
	uint8_t *before, *after;
	burin_error err;
	size_t n, m;
	FILE *f;
	int k;

	onnx_text_write(HEAD "opset 3 com.x\ninit w " NINE
	    "init i int64 [1] typed 5\ninit u uint8 [2] raw 1 2\n"
	    "sparse s float [4] 1 at [1] 2\nfunction b = l.F(a)\nend\n"
	    "node a = MatMul(x,w) name=n\nnode y = com.x.Y(a,u,,i,s) "
	    "list=[1,2] text='abc'", in);
	f = fopen(in, "ab");
	ck_assert_uint_eq(fwrite(extra, 1, sizeof extra, f), sizeof extra);
	fclose(f);
	suite_ok(brn_onnx_prune(in, out, &spec, &k, &err), err);
	before = read_file(in, &n);
	after = read_file(out, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_mem_eq(before, after, n);
	free(before);
	free(after);
}
END_TEST

/* All of it, in a subgraph too, whether pruned or not.  */
START_TEST(external_data_is_embedded)
{
	static const float w[] = { 1, 2, 3, 4 };
	burin_prune_spec spec = { 1, 1, 0.5, 0, 0, NULL };
	Onnx__ModelProto *m = onnx_text_model(HEAD
	    "init w float [2,2] extern location=w.bin\n"
	    "init u uint8 [4] extern location=w.bin offset=12\n"
	    "node y = MatMul(x,w)");
	Onnx__ModelProto *inner = onnx_text_model(
	    "init v odd [9] extern location=w.bin length=2");
	Onnx__AttributeProto body = ONNX__ATTRIBUTE_PROTO__INIT;
	Onnx__AttributeProto *list[] = { &body };
	Onnx__TensorProto **t;
	uint8_t *p;
	char path[300];
	burin_error err;
	size_t n;
	FILE *f;
	int k;

	snprintf(path, sizeof path, "%s/w.bin", tmp);
	f = fopen(path, "wb");
	ck_assert_uint_eq(fwrite(w, 1, sizeof w, f), sizeof w);
	fclose(f);
	body.g = inner->graph;
	m->graph->node[0]->attribute = list;
	m->graph->node[0]->n_attribute = 1;
	p = onnx_text_pack(m, &n);
	f = fopen(in, "wb");
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	fclose(f);
	free(p);
	m->graph->node[0]->attribute = NULL;
	m->graph->node[0]->n_attribute = 0;
	onnx__model_proto__free_unpacked(m, NULL);
	onnx__model_proto__free_unpacked(inner, NULL);

	suite_ok(brn_onnx_prune(in, out, &spec, &k, &err), err);
	p = read_file(out, &n);
	m = onnx__model_proto__unpack(NULL, n, p);
	free(p);
	ck_assert_ptr_nonnull(m);
	t = m->graph->initializer;
	ck_assert_uint_eq(t[0]->raw_data.len, 16);
	ck_assert_mem_eq(t[0]->raw_data.data, ((float[]){ 0, 0, 3, 4 }), 16);
	ck_assert_uint_eq(t[1]->raw_data.len, 4);
	ck_assert_mem_eq(t[1]->raw_data.data, w + 3, 4);
	t = m->graph->node[0]->attribute[0]->g->initializer;
	ck_assert_uint_eq(t[0]->raw_data.len, 2);
	ck_assert_uint_eq(t[0]->n_external_data, 0);
	ck_assert_int_eq(t[0]->data_location, 0);
	onnx__model_proto__free_unpacked(m, NULL);
}
END_TEST

START_TEST(file_may_be_replaced_by_itself)
{
	burin_prune_spec spec = { 1, 1, 1, 0, 0, NULL };
	burin_error err;
	char got[64];
	int n;

	onnx_text_write(HEAD "init w " NINE "node y = MatMul(x,w)", in);
	suite_ok(brn_onnx_prune(in, in, &spec, &n, &err), err);
	strcpy(out, in);
	pattern(0, got);
	ck_assert_str_eq(got, "...|...|...");
}
END_TEST

START_TEST(fault_is_named_and_leaves_no_file)
{
	static const struct {
		burin_prune_spec spec;
		int code;
		const char *msg;
	} table[] = {
		{ { 0, 1, 0, 0, 0, NULL }, BURIN_EINVAL,
		  "block 0x1: wanted at least 1x1" },
		{ { 1, -1, 0, 0, 0, NULL }, BURIN_EINVAL,
		  "block 1x-1: wanted at least 1x1" },
		{ { 1, 1, 1.5, 0, 0, NULL }, BURIN_EINVAL,
		  "sparsity 1.5: wanted 0 to 1" },
		{ { 1, 1, -0.1, 0, 0, NULL }, BURIN_EINVAL,
		  "sparsity -0.1: wanted 0 to 1" },
		{ { 1, 1, NAN, 0, 0, NULL }, BURIN_EINVAL,
		  "sparsity nan: wanted 0 to 1" },
		{ { 1, 1, 0, 0, 0, "(" }, BURIN_EINVAL,
		  "pattern '(': Unmatched ( or \\(" },
		{ { 1, 1, 0, 0, 0, NULL }, BURIN_EFORMAT,
		  "weight 'w': has 4 bytes of data, its shape wants 16" },
	};
	burin_error err;
	int n;

	onnx_text_write(HEAD "init w float [2,2] raw 1\nnode y = MatMul(x,w)",
	    in);
	for (int i = 0; i < COUNT(table); i++) {
		ck_assert_int_eq(brn_onnx_prune(in, out, &table[i].spec, &n,
		    &err), table[i].code);
		ck_assert_ptr_nonnull(strstr(err.msg, table[i].msg));
		ck_assert_int_ne(access(out, F_OK), 0);
	}
	strcat(in, ".none");
	ck_assert_int_eq(brn_onnx_prune(in, out, &table[6].spec, &n, &err),
	    BURIN_EIO);
}
END_TEST

START_TEST(failed_allocation_is_enomem)
{
	burin_prune_spec spec = { 1, 1, 0.5, 0, 0, "w" };
	burin_error err;
	int rc = -1, n;

	onnx_text_write(HEAD "init w " NINE "node t = Transpose(w)\n"
	    "node y = MatMul(x,t)", in);
	for (long k = 0; rc < 0; k++) {
		ck_assert_int_lt(k, 10000);
		ck_assert_int_ne(access(out, F_OK), 0);
		brn_alloc_fail_at(k);
		rc = brn_onnx_prune(in, out, &spec, &n, &err);
		brn_alloc_fail_at(-1);
		ck_assert_msg(rc == 0 || rc == BURIN_ENOMEM,
		    "allocation %ld: %s", k, err.msg);
	}
	ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(folder_that_is_not_there_is_eio)
{
	burin_prune_spec spec = { 1, 1, 1, 0, 0, NULL };
	burin_error err;
	int n;

	onnx_text_write(HEAD "node y = Relu(x)", in);
	ck_assert_int_eq(brn_onnx_prune(in, "/none/out.onnx", &spec, &n,
	    &err), BURIN_EIO);
	ck_assert_str_eq(err.msg, "/none/out.onnx: No such file or directory");
}
END_TEST

static Suite *
prune_suite(void)
{
	Suite *s = suite_create("prune");
	TCase *tc = suite_case(s, "prune", 60);

	tcase_add_checked_fixture(tc, make_paths, remove_paths);
	tcase_add_loop_test(tc, blocks_are_zeroed_the_right_way_round, 0,
	    COUNT(cases));
	tcase_add_loop_test(tc, quantized_weights_become_their_zero_point, 0,
	    7);
	tcase_add_loop_test(tc, layers_that_are_left_say_why, 0, 15);
	tcase_add_test(tc, tied_weights_are_pruned_when_asked);
	tcase_add_loop_test(tc, weights_in_bodies_are_pruned, 0,
	    COUNT(bodies));
	tcase_add_test(tc, only_matches_node_or_weight);
	tcase_add_loop_test(tc, a_pattern_that_costs_much_is_refused, 0,
	    COUNT(hostile));
	tcase_add_test(tc, count_of_blocks_is_exact);
	tcase_add_test(tc, random_choice_is_that_of_the_seed);
	tcase_add_test(tc, all_else_stays_as_it_is);
	tcase_add_test(tc, external_data_is_embedded);
	tcase_add_test(tc, file_may_be_replaced_by_itself);
	tcase_add_test(tc, fault_is_named_and_leaves_no_file);
	tcase_add_test(tc, failed_allocation_is_enomem);
	tcase_add_test(tc, folder_that_is_not_there_is_eio);
	return s;
}

SUITE_MAIN(prune_suite)
