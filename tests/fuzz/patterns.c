/* SPDX-License-Identifier: Apache-2.0
 *
 * Each pattern reads one value of the graph, casts it and gives it a shape that
 * the operators behind it take.  Names end in a number that no other value has.
 */
#include "tests/fuzz/patterns.h"

#include "ir/onnx/contrib.h"
#include "ir/op/op.h"
#include "tests/fuzz/number.h"

#include <stdio.h>
#include <string.h>

static int64_t
between(uint8_t b, int lo, int hi)
{
	return lo + b % (hi - lo + 1);
}

/* x<id>: value x as floats of shape [-1,n], or [1,-1,n] and more ones.  */
static void
put_rows(struct fuzz_pattern *p, int rank, int64_t n)
{
	brn_buf_printf(p->t, "init to%d int64 [%d] raw", p->id, rank);
	for (int d = 0; d < rank - 2; d++)
		brn_buf_printf(p->t, " 1");
	brn_buf_printf(p->t, " -1 %lld\nnode f%d = Cast(%s) to=1\n"
	    "node x%d = Reshape(f%d,to%d)\n", (long long)n, p->id, p->x,
	    p->id, p->id, p->id);
}

/* A constant <name><id> of numbers that vary with seed.  */
static void
put_constant(struct fuzz_pattern *p, const char *name, const char *type,
    int64_t rows, int64_t cols, unsigned seed)
{
	int is_float = !strcmp(type, "float");

	brn_buf_printf(p->t, "init %s%d %s [%lld", name, p->id, type,
	    (long long)rows);
	if (cols)
		brn_buf_printf(p->t, ",%lld", (long long)cols);
	brn_buf_printf(p->t, "] raw");
	for (int64_t i = 0; i < rows * (cols ? cols : 1); i++) {
		int v = (int)((seed += 7 + seed / 5) % 13) - 6;

		v = seed % 3 ? v : 0;
		v += strcmp(type, "uint8") ? 0 : 128;
		fuzz_put_number(p->t, is_float ? v / 4. : v);
	}
	brn_buf_printf(p->t, "\n");
}

/* ---- quantized products -------------------------------------------------- */

/* Of x; rarely one that no file should have.  */
static const char *
scale(struct fuzz_pattern *p, uint8_t b)
{
	static const char *const odd[] = { "0", "-0.0", "nan", "inf", "-0.02",
		"1e-42", "1e38", "1e-30" };

	if (b < 224)
		return b % 2 ? "0.03125" : "0.1";
	p->wild = 1;
	return odd[b % BRN_COUNT(odd)];
}

/* x is quantized by the file: QDQ, or as a product of integers.  */
static void
put_quantized(struct fuzz_pattern *p, const char *out)
{
	int64_t n = between(p->b[3], 1, 33), m = between(p->b[4], 1, 20);
	int per_row = p->b[5] % 2, is_signed = p->b[6] % 2, id = p->id;
	const char *type = is_signed ? "int8" : "uint8";

	put_rows(p, 2, n);
	put_constant(p, "w", p->b[7] % 2 ? "int8" : type, n, m, p->b[8]);
	brn_buf_printf(p->t, "init sx%d float [] raw %s\n", id,
	    scale(p, p->b[9]));
	put_constant(p, "sw", "float", per_row ? m : 1, 0, p->b[10]);
	brn_buf_printf(p->t, "init zx%d %s [] raw %d\n", id, type,
	    is_signed ? (int8_t)p->b[11] : p->b[11]);
	switch (p->b[12] % 4) {
	case 0:
		brn_buf_printf(p->t, "node q%d,qs%d,qz%d = "
		    "DynamicQuantizeLinear(x%d)\nnode i%d = MatMulInteger("
		    "q%d,w%d,qz%d)\nnode c%d = Cast(i%d) to=1\n"
		    "node k%d = Mul(qs%d,sw%d)\nnode %s = Mul(c%d,k%d)\n",
		    id, id, id, id, id, id, id, id, id, id, id, id, id, out,
		    id, id);
		return;
	case 1:
		brn_buf_printf(p->t, "node q%d = QuantizeLinear(x%d,sx%d,"
		    "zx%d)\nnode d%d = DequantizeLinear(q%d,sx%d,zx%d)\n"
		    "node u%d = DequantizeLinear(w%d,sw%d)%s\n"
		    "node %s = MatMul(d%d,u%d)\n", id, id, id, id, id, id,
		    id, id, id, id, id, per_row ? " axis=1" : "", out, id, id);
		return;
	case 2:
		brn_buf_printf(p->t, "node q%d = QuantizeLinear(x%d,sx%d,"
		    "zx%d)\nnode i%d = MatMulInteger(q%d,w%d,zx%d)\n"
		    "node %s = Cast(i%d) to=1\n", id, id, id, id, id, id, id,
		    id, out, id);
		return;
	default:
		brn_buf_printf(p->t, "node q%d = QuantizeLinear(x%d,sx%d,"
		    "zx%d)\ninit zw%d %s [] raw 0\ninit so%d float [] raw 0.5\n"
		    "node i%d = QLinearMatMul(q%d,sx%d,zx%d,w%d,sw%d,zw%d,"
		    "so%d,zx%d)\nnode %s = DequantizeLinear(i%d,so%d,zx%d)\n",
		    id, id, id, id, id, p->b[7] % 2 ? "int8" : type, id, id,
		    id, id, id, id, id, id, id, id, out, id, id, id);
	}
}

/* ---- sequences, scan ----------------------------------------------------- */

static void
put_sequence(struct fuzz_pattern *p, const char *out)
{
	int id = p->id, at = (int)(int8_t)p->b[4] / 32;
	long long split = between(p->b[5], 1, 4);

	put_rows(p, 2, between(p->b[3], 1, 9));
	brn_buf_printf(p->t, "init at%d int64 [] raw %d\n"
	    "init by%d int64 [] raw %lld\n", id, at, id, split);
	switch (p->b[6] % 5) {
	case 0:
		brn_buf_printf(p->t, "node s%d = SequenceConstruct(x%d,f%d,"
		    "x%d)\nnode %s = SequenceAt(s%d,at%d)\n", id, id, id, id,
		    out, id, id);
		return;
	case 1:
		brn_buf_printf(p->t, "node s%d = SplitToSequence(x%d,by%d) "
		    "axis=%d\nnode %s = ConcatFromSequence(s%d) axis=%d\n", id,
		    id, id, p->b[7] % 3 - 1, out, id, p->b[8] % 3 - 1);
		return;
	case 2:
		brn_buf_printf(p->t, "node e%d = SequenceEmpty()\n"
		    "node s%d = SequenceInsert(e%d,x%d)\n"
		    "node u%d = SequenceInsert(s%d,x%d,at%d)\n"
		    "node %s = SequenceLength(u%d)\n", id, id, id, id, id, id,
		    id, id, out, id);
		return;
	case 3:
		brn_buf_printf(p->t, "node s%d = SequenceConstruct(x%d,x%d)\n"
		    "node u%d = SequenceErase(s%d,at%d)\n"
		    "node %s = ConcatFromSequence(u%d) axis=%d new_axis=%d\n",
		    id, id, id, id, id, id, out, id, p->b[7] % 3 - 1,
		    p->b[8] % 2);
		return;
	default:
		brn_buf_printf(p->t, "graph scan%d\ninput a\ninput b\n"
		    "output c\noutput d\nnode c = %s(a,b)\nnode d = %s\nend\n"
		    "init axes%d int64 [1] raw 0\n"
		    "node z%d = ReduceSum(x%d,axes%d) keepdims=0\n"
		    "node y%d,%s = Scan(z%d,x%d) body=@scan%d "
		    "num_scan_inputs=1 scan_input_directions=[%d]\n", id,
		    p->b[7] % 2 ? "Add" : "Max", p->b[8] % 2 ? "Mul(a,b)" :
		    "Neg(b)", id, id, id, id, id, out, id, id, id,
		    p->b[9] % 2);
	}
}

/* ---- com.microsoft ------------------------------------------------------- */

static void
put_attention(struct fuzz_pattern *p, const char *out)
{
	long long heads = between(p->b[3], 1, 4);
	long long n = heads * between(p->b[4], 1, 9);
	int id = p->id;

	put_rows(p, 3, n);
	switch (p->b[5] % 4) {
	case 0:
		put_constant(p, "w", "float", n, 3 * n, p->b[6]);
		put_constant(p, "b", "float", 3 * n, 0, p->b[7]);
		brn_buf_printf(p->t, "node %s = com.microsoft.Attention("
		    "x%d,w%d,b%d) num_heads=%lld unidirectional=%d\n", out,
		    id, id, id, heads, p->b[8] % 2);
		return;
	case 1:
		brn_buf_printf(p->t, "node %s = com.microsoft."
		    "MultiHeadAttention(x%d,x%d,x%d) num_heads=%lld\n", out,
		    id, id, id, heads);
		return;
	case 2:
		put_constant(p, "g", "float", n, 0, p->b[6]);
		brn_buf_printf(p->t, "node %s = com.microsoft."
		    "SkipLayerNormalization(x%d,x%d,g%d,g%d)\n", out, id, id,
		    id, id);
		return;
	default:
		put_constant(p, "b", "float", n, 0, p->b[7]);
		brn_buf_printf(p->t, "node %s = com.microsoft.%s(x%d,b%d)\n",
		    out, p->b[8] % 2 ? "BiasGelu" : "FastGelu", id, id);
	}
}

/* ---- any row of the importer's table ------------------------------------- */

/* The attribute of that name, of the type that it has in ONNX.  */
static void
put_attr(struct fuzz_pattern *p, const char *name, size_t n, uint8_t b)
{
	static const struct {
		const char *name, *value[4];
	} known[] = {
		{ "auto_pad", { "'SAME_UPPER'", "'VALID'", "'NOTSET'", "'?'" }},
		{ "activation", { "'Relu'", "'Tanh'", "'Clip'", "''" } },
		{ "activation_params", { "[0f,1f]", "[]", "[2f]",
		  "[1f,-1f]" } },
		{ "activations", { "['Relu','Tanh','Tanh']", "['Sigmoid']",
		  "[]", "['?']" } },
		{ "direction", { "'reverse'", "'bidirectional'", "'forward'",
		  "'?'" } },
		{ "mode", { "'nearest'", "'linear'", "'cubic'", "''" } },
		{ "scales", { "[1f,1f,2f,2f]", "[0f]", "[2f]", "[-1f,1e30f]" }},
		{ "kernel_shape", { "[1,1]", "[3,3]", "[2]", "[0,-1]" } },
		{ "pads", { "[1,1,1,1]", "[0,0]", "[-1,2,0,1]", "[1]" } },
		{ "strides", { "[2,2]", "[1]", "[0,1]", "[3,1]" } },
		{ "dilations", { "[2,2]", "[1]", "[0,1]", "[4096,1]" } },
		{ "qkv_hidden_sizes", { "[4,4,4]", "[2,2,8]", "[0,0,0]",
		  "[-1]" } },
		{ "epsilon", { "0f", "1e-5f", "-1f", "1e30f" } },
		{ "alpha", { "0f", "1f", "-2f", "0.5f" } },
		{ "beta", { "0f", "1f", "-2f", "0.5f" } },
		{ "scale", { "0f", "1f", "-2f", "0.5f" } },
		{ "mask_filter_value", { "-1e4f", "0f", "1f", "-1e30f" } },
	};
	static const char *const number[] = { "0", "1", "2", "-1" };

	for (size_t i = 0; i < BRN_COUNT(known); i++)
		if (strlen(known[i].name) == n &&
		    !memcmp(known[i].name, name, n)) {
			brn_buf_printf(p->t, " %s=%s", known[i].name,
			    known[i].value[b % 4]);
			return;
		}
	brn_buf_printf(p->t, " %.*s=%s", (int)n, name, number[b % 4]);
}

static void
put_expansion(struct fuzz_pattern *p, const char *out)
{
	struct brn_onnx_expansion e;
	const char *s;
	int count = 0, n, i = 0;

	while (brn_onnx_expansion(count, &e))
		count++;
	brn_onnx_expansion(p->b[0] % count, &e);
	n = e.lo + p->b[1] % (e.hi - e.lo + 1);
	brn_buf_printf(p->t, "node %s = %s%s%s(", out, e.domain,
	    *e.domain ? "." : "", e.op);
	for (int k = 0; k < n; k++) {
		uint8_t b = p->b[3 + k % 13];   /* up to that of attributes */

		brn_buf_printf(p->t, "%s%s", k ? "," : "", b == 255 ? "" :
		    p->value[b % p->nvalue]);
	}
	brn_buf_printf(p->t, ")");
	for (s = e.attrs; *s; s += *s == ' ', i++) {
		size_t len = strcspn(s, " ");

		if (p->b[16] >> i % 8 & 1)
			put_attr(p, s, len, p->b[17 + i % 8]);
		s += len;
	}
	brn_buf_printf(p->t, "\n");
}

void
fuzz_put_pattern(struct fuzz_pattern *p, const char *out)
{
	static void (*const put[])(struct fuzz_pattern *, const char *) = {
		put_quantized, put_sequence, put_attention, put_expansion };

	put[p->b[FUZZ_PATTERN] / 16 % BRN_COUNT(put)](p, out);
}
