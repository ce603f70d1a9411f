/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX import: every operator in every form becomes the normal form, and what
 * cannot be imported is named.  Models are text (onnx_text.h), graphs too.
 */
#include "tests/support/onnx_text.h"

#include "ir/op/infer.h"
#include "tests/support/suite.h"

#include <string.h>

/* Each model also has: input x float [2,3], output y.  Nodes is the dump of
 * the graph without that input and its ports.  */
static const struct form {
	const char *model, *nodes;
} forms[] = {
	{ "opset 12\nnode y = Squeeze(x) axes=[0,-1]",
	  "%1 = constant [0 -1] i64[2]  # y.axes\n"
	  "%2 = squeeze(%0, %1) ?[..]  # y\n" },
	{ "opset 13\ninit a int64 [1] raw 0\nnode y = Squeeze(x,a) name=n",
	  "%1 = constant [0] i64[1]  # a\n"
	  "%2 = squeeze(%0, %1) ?[..]  # n\n" },
	{ "opset 9\nnode y = Squeeze(x)",
	  "%1 = squeeze(%0) ?[..]  # y\n" },
	{ "opset 13\nnode y = Squeeze(x,)",
	  "%1 = squeeze(%0) ?[..]  # y\n" },
	{ "opset 11\nnode y = Unsqueeze(x) axes=[1]",
	  "%1 = constant [1] i64[1]  # y.axes\n"
	  "%2 = unsqueeze(%0, %1) ?[..]  # y\n" },
	{ "opset 12\nnode y = ReduceSum(x) axes=[1] keepdims=0",
	  "%1 = constant [1] i64[1]  # y.axes\n"
	  "%2 = reduce_sum(%0, %1) {keepdims=0} ?[..]  # y\n" },
	{ "opset 17\nnode y = ReduceMean(x) axes=[-1] keepdims=1",
	  "%1 = constant [-1] i64[1]  # y.axes\n"
	  "%2 = reduce_mean(%0, %1) ?[..]  # y\n" },
	{ "opset 17\nnode y = ReduceMax(x)",
	  "%1 = reduce_max(%0) ?[..]  # y\n" },
	{ "opset 18\ninit a int64 [0] raw\n"
	  "node y = ReduceMin(x,a) noop_with_empty_axes=1",
	  "%1 = constant [] i64[0]  # a\n"
	  "%2 = reduce_min(%0, %1) {noop_with_empty_axes=1} ?[..]  # y\n" },
	{ "opset 9\nnode y = Slice(x) starts=[0] ends=[9] axes=[1] name=s",
	  "%1 = constant [0] i64[1]  # s.starts\n"
	  "%2 = constant [9] i64[1]  # s.ends\n"
	  "%3 = constant [1] i64[1]  # s.axes\n"
	  "%4 = slice(%0, %1, %2, %3) ?[..]  # s\n" },
	{ "opset 9\nnode y = Slice(x) starts=[0] ends=[9]",
	  "%1 = constant [0] i64[1]  # y.starts\n"
	  "%2 = constant [9] i64[1]  # y.ends\n"
	  "%3 = slice(%0, %1, %2) ?[..]  # y\n" },
	{ "opset 13\ninit a int64 [1] raw 1\nnode y = Slice(x,a,a,,a)",
	  "%1 = constant [1] i64[1]  # a\n"
	  "%2 = slice(%0, %1, %1, _, %1) ?[..]  # y\n" },
	{ "opset 10\nnode y = Clip(x) max=6f",
	  "%1 = constant [6] f32[]  # y.max\n"
	  "%2 = clip(%0, _, %1) ?[..]  # y\n" },
	{ "opset 10\nnode y = Clip(x) min=0f max=6f",
	  "%1 = constant [0] f32[]  # y.min\n"
	  "%2 = constant [6] f32[]  # y.max\n"
	  "%3 = clip(%0, %1, %2) ?[..]  # y\n" },
	{ "opset 13\nnode y = Clip(x,,)",
	  "%1 = clip(%0) ?[..]  # y\n" },
	{ "opset 12\nnode y = Softmax(x)",
	  "%1 = softmax(%0) {axis=1 coerce2d=1} ?[..]  # y\n" },
	{ "opset 12\nnode y = Softmax(x) axis=0",
	  "%1 = softmax(%0) {axis=0 coerce2d=1} ?[..]  # y\n" },
	{ "opset 11\nnode y = Softmax(x) axis=-1",
	  "%1 = softmax(%0) ?[..]  # y\n" },
	{ "opset 13\nnode y = Softmax(x)",
	  "%1 = softmax(%0) ?[..]  # y\n" },
	{ "opset 13\nnode y = Softmax(x) axis=1",
	  "%1 = softmax(%0) {axis=1} ?[..]  # y\n" },
	{ "opset 9\nnode y = Gemm(x,x,x) alpha=0.5f beta=1f transB=1 transA=0",
	  "%1 = gemm(%0, %0, %0) {alpha=0.5 transB=1} ?[..]  # y\n" },
	{ "opset 11\nnode y = Gemm(x,x) beta=0f transA=1",
	  "%1 = gemm(%0, %0) {beta=0 transA=1} ?[..]  # y\n" },
	{ "opset 17\nnode y = LayerNormalization(x,x,x) axis=-1 "
	  "epsilon=0.00001f stash_type=1",
	  "%1 = layer_norm(%0, %0, %0) ?[..]  # y\n" },
	{ "opset 17\nnode y,mean,dev = LayerNormalization(x,x) axis=1 "
	  "epsilon=0.5f",
	  "%1 = layer_norm(%0, %0) {axis=1 epsilon=0.5} ?[..]  # y\n" },
	{ "opset 20\nnode y = Gelu(x)",
	  "%1 = gelu(%0) ?[..]  # y\n" },
	{ "opset 20\nnode y = Gelu(x) approximate='none'",
	  "%1 = gelu(%0) ?[..]  # y\n" },
	{ "opset 20\nnode y = Gelu(x) approximate='tanh'",
	  "%1 = gelu(%0) {tanh=1} ?[..]  # y\n" },
	{ "opset 13\nnode y = Cast(x) to=7",
	  "%1 = cast(%0) {to=7} ?[..]  # y\n" },
	{ "opset 19\nnode y = Cast(x) to=9 saturate=1",
	  "%1 = cast(%0) {to=9} ?[..]  # y\n" },
	{ "opset 13\nnode y = Cast(x) to=10",
	  "%1 = cast(%0) {to=1} ?[..]  # y\n" },
	{ "opset 13\nnode y = Cast(x) to=16",
	  "%1 = cast(%0) {to=1} ?[..]  # y\n" },
	{ "opset 13\nnode y = Cast(x) to=11",
	  "%1 = cast(%0) {to=1} ?[..]  # y\n" },
	{ "opset 11\nnode y,m = Dropout(x) ratio=0.5f",
	  "%1 = dropout(%0) ?[..]  # y\n" },
	{ "opset 13\ninit r float [] raw 0.5\ninit t bool [] raw 0\n"
	  "node y = Dropout(x,r,t) seed=1",
	  "%1 = constant [0.5] f32[]  # r\n"
	  "%2 = constant [0] bool[]  # t\n"
	  "%3 = dropout(%0) ?[..]  # y\n" },
	{ "opset 12\nnode y,z = Split(x) axis=1 split=[1,2]",
	  "%1 = constant [1 2] i64[2]  # y.split\n"
	  "%2 = split(%0, %1) {axis=1 nout=2 index=0} ?[..]  # y\n"
	  "%3 = split(%0, %1) {axis=1 nout=2 index=1} ?[..]  # y\n" },
	{ "opset 13\ninit s int64 [2] raw 1 1\nnode ,y = Split(x,s) name=s",
	  "%1 = constant [1 1] i64[2]  # s\n"
	  "%2 = split(%0, %1) {nout=2 index=1} ?[..]  # s\n" },
	{ "opset 18\nnode y,,z = Split(x) axis=-1 num_outputs=3",
	  "%1 = split(%0) {axis=-1 nout=3 index=0} ?[..]  # y\n"
	  "%2 = split(%0) {axis=-1 nout=3 index=2} ?[..]  # y\n" },
	{ "opset 14\ninit s int64 [1] raw -1\n"
	  "node y = Reshape(x,s) allowzero=1",
	  "%1 = constant [-1] i64[1]  # s\n"
	  "%2 = reshape(%0, %1) {allowzero=1} ?[..]  # y\n" },
	{ "opset 15\nnode y = Shape(x) start=1 end=0",
	  "%1 = shape(%0) {start=1 end=0} ?[..]  # y\n" },
	{ "opset 21\nnode y = Shape(x) start=0",
	  "%1 = shape(%0) ?[..]  # y\n" },
	{ "opset 9\nnode y = Concat(x,x) axis=0",
	  "%1 = concat(%0, %0) {axis=0} ?[..]  # y\n" },
	{ "opset 9\nnode y = Gather(x,x) axis=0",
	  "%1 = gather(%0, %0) ?[..]  # y\n" },
	{ "opset 9\nnode y = Gather(x,x) axis=-1",
	  "%1 = gather(%0, %0) {axis=-1} ?[..]  # y\n" },
	{ "opset 9\nnode y = Transpose(x) perm=[1,0]",
	  "%1 = transpose(%0) {perm=1,0} ?[..]  # y\n" },
	{ "opset 9\nnode y = Transpose(x)",
	  "%1 = transpose(%0) ?[..]  # y\n" },
	{ "opset 9\nnode y = Flatten(x) axis=1",
	  "%1 = flatten(%0) ?[..]  # y\n" },
	{ "opset 13\nnode y = Flatten(x) axis=0",
	  "%1 = flatten(%0) {axis=0} ?[..]  # y\n" },
	{ "opset 11\nnode y = CumSum(x,x) exclusive=1 reverse=0",
	  "%1 = cumsum(%0, %0) {exclusive=1} ?[..]  # y\n" },
	{ "opset 11\nnode y = Range(x,x,x)",
	  "%1 = range(%0, %0, %0) ?[..]  # y\n" },
	{ "opset 9\nnode y = ConstantOfShape(x)",
	  "%1 = constant_of_shape(%0) ?[..]  # y\n" },
	{ "opset 9\nnode y = ConstantOfShape(x) value=int64[1]{7}",
	  "%1 = constant_of_shape(%0) {value=[7]i64[1]} ?[..]  # y\n" },
	{ "opset 20\nnode y = ConstantOfShape(x) value=float16[1]{0x3c00}",
	  "%1 = constant_of_shape(%0) {value=[1]f32[1]} ?[..]  # y\n" },
	{ "opset 9\nnode y = TopK(x) k=2 axis=0",
	  "%1 = constant [2] i64[1]  # y.k\n"
	  "%2 = top_k(%0, %1) {axis=0} ?[..]  # y\n" },
	{ "opset 9\nnode y = Upsample(x,x) mode='linear'",
	  "%1 = resize(%0, _, %0) {mode=1 coordinates=3 nearest=4} ?[..]"
	  "  # y\n" },
	{ "opset 7\nnode y = Upsample(x) scales=[1f,2f]",
	  "%1 = constant [1 2] f32[2]  # y\n"
	  "%2 = resize(%0, _, %1) {coordinates=3 nearest=4} ?[..]  # y\n" },
	{ "opset 10\nnode y = Resize(x,x)",
	  "%1 = resize(%0, _, %0) {coordinates=3 nearest=4} ?[..]  # y\n" },
	{ "opset 18\nnode y = Resize(x,,x) antialias=0 "
	  "keep_aspect_ratio_policy='stretch' mode='nearest'",
	  "%1 = resize(%0, _, %0) ?[..]  # y\n" },
	{ "opset 9\nnode y = Scatter(x,x,x) axis=1",
	  "%1 = scatter_elements(%0, %0, %0) {axis=1} ?[..]  # y\n" },
	{ "opset 7\nnode y = BatchNormalization(x,x,x,x,x) spatial=1",
	  "%1 = batch_norm(%0, %0, %0, %0, %0) ?[..]  # y\n" },
	{ "opset 23\nnode y = DequantizeLinear(x,x) output_dtype=1",
	  "%1 = dequantize_linear(%0, %0) ?[..]  # y\n" },
	{ "opset 23\nnode y = QuantizeLinear(x,x) precision=1",
	  "%1 = quantize_linear(%0, %0) ?[..]  # y\n" },
	{ "opset 25\nnode y = Attention(x,x,x) left_window_size=-1",
	  "%1 = mha(%0, %0, %0) ?[..]  # y\n" },
	{ "opset 25\nnode y = Attention(x,x,x) left_window_size=3 "
	  "right_window_size=4",
	  "%1 = mha(%0, %0, %0) {left_window_size=3 right_window_size=4} "
	  "?[..]  # y\n" },
	{ "opset 9\nnode y = Max(x,x,x)",
	  "%1 = max(%0, %0, %0) ?[..]  # y\n" },
	{ "opset 16\nnode b = IsNaN(x)\nnode y = Where(b,x,x)",
	  "%1 = isnan(%0) ?[..]  # b\n"
	  "%2 = where(%1, %0, %0) ?[..]  # y\n" },
	{ "opset 9\nnode y = ai.onnx.Relu(x)",
	  "%1 = relu(%0) ?[..]  # y\n" },
	{ "opset 9\nnode y = Constant() value=float[2]{1 -2.5}",
	  "%1 = constant [1 -2.5] f32[2]  # y\n" },
	{ "opset 11\n"
	  "node y = Constant() sparse_value=sparse float[4] 5 6 at [2] 1 3",
	  "%1 = constant [0 5 0 6] f32[4]  # y\n" },
	{ "opset 12\nnode y = Constant() value_float=2.5f",
	  "%1 = constant [2.5] f32[]  # y\n" },
	{ "opset 12\nnode y = Constant() value_floats=[1f,2f]",
	  "%1 = constant [1 2] f32[2]  # y\n" },
	{ "opset 12\nnode y = Constant() value_int=-3",
	  "%1 = constant [-3] i64[]  # y\n" },
	{ "opset 12\nnode y = Constant() value_ints=[] name=c",
	  "%1 = constant [] i64[0]  # c\n" },
};

/* The dump without ports and inputs, to be freed.  */
static char *
nodes_of(const struct brn_graph *g)
{
	struct brn_buf b = { 0 };
	char *out = calloc(1, 1 << 16), *save, *line;

	brn_graph_print(&b, g);
	ck_assert(b.p && out);
	for (line = strtok_r((char *)b.p, "\n", &save); line;
	    line = strtok_r(NULL, "\n", &save))
		if (*line == '%' && !strstr(line, "= input "))
			strcat(strcat(out, line), "\n");
	brn_buf_free(&b);
	return out;
}

static struct brn_graph *
must_import(const char *text)
{
	struct brn_graph *g = NULL;
	burin_error err;

	suite_ok(onnx_text_import(text, NULL, 0, &g, &err), err);
	suite_ok(brn_graph_verify(g, &err), err);
	return g;
}

START_TEST(operator_gets_its_normal_form)
{
	const struct form *f = &forms[_i];
	struct brn_graph *g;
	char text[1024], *got;

	snprintf(text, sizeof text, "input x float [2,3]\noutput y\n%s",
	    f->model);
	g = must_import(text);
	got = nodes_of(g);
	ck_assert_str_eq(got, f->nodes);
	free(got);
	brn_graph_free(g);
}
END_TEST

/* What is wrong, and the whole message.  */
static const struct fault {
	const char *model;
	int code;
	const char *msg;
} faults[] = {
#define BAD(text, msg) { text, BURIN_EFORMAT, msg },
#define NOT(text, msg) { text, BURIN_EUNSUPPORTED, msg },
#define XY "opset 13\ninput x float [2]\noutput y\n"
BAD("output y", "m: no opset of the default domain")
NOT("opset 26\noutput y", "m: opset 26, wanted 1 to 25")
NOT("opset 99999999999\noutput y", "m: opset 2147483647, wanted 1 to 25")
BAD("opset 13", "m: graph without outputs")
BAD("opset 13\noutput y", "m: output 'y': made by nobody")
BAD("opset 13\ninput x float [2]\noutput x\noutput x",
    "m: output 'x': listed twice")
BAD("opset 13\ninput x float [2]\ninput x float [2]\noutput x",
    "m: value 'x' is made twice")
BAD(XY "node y = Relu(x)\nnode y = Relu(x)", "m: value 'y' is made twice")
BAD(XY "node x = Relu(x)", "m: value 'x' is made twice")
BAD(XY "init y float [1] raw 1\nnode y = Relu(x)",
    "m: value 'y' is made twice")
BAD(XY "init '' float [1] raw 1", "m: initializer 0 has no name")
BAD(XY "sparse '' float [1] 1 at [1] 0", "m: sparse initializer 0 has no name")
BAD(XY "node y = Relu(z) name=r",
    "m: node 'r' (Relu): input 'z' is made by nobody")
BAD(XY "node y = Relu(y)", "m: node 'y' (Relu): input 'y' is made by this "
    "node or a later one, wanted topological order")
BAD(XY "node y = Relu(z)\nnode z = Relu(y)", "m: node 'y' (Relu): input 'z' "
    "is made by this node or a later one, wanted topological order")
BAD(XY "node = Relu(x)", "m: node 0 (Relu): no name and no output")
BAD(XY "node y = (x)", "m: node 0 has no operator")
BAD(XY "node y = Relu()", "m: node 'y' (Relu): 0 inputs, wanted 1 to 1")
BAD(XY "node y = Relu(x,x)", "m: node 'y' (Relu): 2 inputs, wanted 1 to 1")
BAD(XY "node y = Where(x,,x)", "m: node 'y' (Where): input 1 is not given")
BAD(XY "node y = Slice(x)", "m: node 'y' (Slice): 1 inputs, wanted 3 to 5")
BAD(XY "node y = Relu(x) slope=1f",
    "m: node 'y' (Relu): unknown attribute 'slope'")
BAD(XY "node y = Softmax(x) axis=1f",
    "m: node 'y' (Softmax): attribute 'axis' is not an int")
BAD(XY "node y = Gemm(x,x) alpha=1",
    "m: node 'y' (Gemm): attribute 'alpha' is not a float")
BAD(XY "node y = Transpose(x) perm=1",
    "m: node 'y' (Transpose): attribute 'perm' is not ints")
BAD(XY "node y = Gelu(x) approximate=1",
    "m: node 'y' (Gelu): attribute 'approximate' is not a string")
BAD(XY "node y = Gelu(x) approximate='fast'",
    "m: node 'y' (Gelu): attribute 'approximate' is 'fast', "
    "wanted one of none, tanh")
BAD(XY "node y = Split(x) index=0",
    "m: node 'y' (Split): unknown attribute 'index'")
BAD(XY "node y = MaxPool(x)",
    "m: node 'y' (MaxPool): attribute 'kernel_shape' is missing")
BAD(XY "node y = Concat(x,x)",
    "m: node 'y' (Concat): attribute 'axis' is missing")
BAD(XY "node y = Cast(x)", "m: node 'y' (Cast): attribute 'to' is missing")
BAD(XY "node y = Split(x) num_outputs=2",
    "m: node 'y' (Split): 1 outputs, num_outputs is 2")
BAD(XY "init a int64 [1] raw 0\nnode y = Squeeze(x,a) axes=[0]",
    "m: node 'y' (Squeeze): 'axes' is given as an attribute and as an input")
BAD(XY "node y = ConstantOfShape(x) value=float[2]{1 2}",
    "m: node 'y' (ConstantOfShape): value has 2 elements, wanted one")
BAD(XY "node y = ConstantOfShape(x) value=float[1]{}",
    "m: node 'y': has 0 bytes of data, its shape wants 4")
BAD(XY "node y = Constant()",
    "m: node 'y' (Constant): 0 attributes, wanted one value")
BAD(XY "node y = Constant() value_int=1 value_float=1f",
    "m: node 'y' (Constant): 2 attributes, wanted one value")
BAD(XY "node y = Constant() size=1",
    "m: node 'y' (Constant): unknown attribute 'size'")
BAD("opset 13\ninput x float [-2]\noutput x",
    "m: input 'x': dimension is -2, wanted 0 or more")
NOT("opset 13\ninput x float [1,1,1,1,1,1,1,1,1]\noutput x",
    "m: input 'x': rank 9, wanted at most 8")
NOT("opset 13\ninput x complex64 [1]\noutput x",
    "m: input 'x': type complex64 is not supported")
NOT("opset 13\ninput x\noutput x",
    "m: input 'x': type no tensor is not supported")
NOT(XY "node y = Rocket(x) name=nz",
    "m: unsupported: Rocket (node 'nz', opset 13)")
NOT(XY "opset 1 com.microsoft\nnode z = com.microsoft.Rockets(x)\n"
    "node y = Comet(z)", "m: unsupported: com.microsoft.Rockets (node 'z', "
    "opset 1), Comet (node 'y', opset 13)")
NOT(XY "node y = nobody.Relu(x)",
    "m: unsupported: nobody.Relu (node 'y', opset 0)")
NOT(XY "node y = Cast(x) to=14",
    "m: unsupported: Cast to complex64 (node 'y', opset 13)")
NOT(XY "node y = Cast(x) to=-1",
    "m: unsupported: Cast to unknown type (node 'y', opset 13)")
NOT(XY "node z,y = Relu(x)",
    "m: unsupported: Relu with several outputs (node 'z', opset 13)")
NOT(XY "node y = BatchNormalization(x,x,x,x,x) spatial=0",
    "m: unsupported: BatchNormalization with spatial (node 'y', opset 13)")
NOT(XY "node y = Resize(x,,x) coordinate_transformation_mode="
    "'half_pixel_symmetric'",
    "m: unsupported: Resize with half_pixel_symmetric (node 'y', opset 13)")
NOT(XY "node y = Resize(x,,x) nearest_mode='simple'",
    "m: unsupported: Resize with simple (node 'y', opset 13)")
NOT(XY "node y = Resize(x,,x) keep_aspect_ratio_policy='not_larger'",
    "m: unsupported: Resize with keep_aspect_ratio_policy (node 'y', "
    "opset 13)")
NOT(XY "node y = Attention(x,x,x,,,,x)",
    "m: unsupported: Attention with lengths of keys (node 'y', opset 13)")
NOT(XY "node y = Upsample(x)",
    "m: unsupported: Upsample with scales not given once (node 'y', "
    "opset 13)")
NOT(XY "init t bool [] raw 1\nnode y = Dropout(x,,t)",
    "m: unsupported: Dropout in training mode (node 'y', opset 13)")
NOT(XY "node y = Dropout(x,,x)",
    "m: unsupported: Dropout in training mode (node 'y', opset 13)")
NOT(XY "node y = Constant() value=complex64[1]{1}",
    "m: unsupported: Constant of complex64 (node 'y', opset 13)")
NOT(XY "node y = Constant() value_string='a'",
    "m: unsupported: Constant of string (node 'y', opset 13)")
NOT(XY "node y = ConstantOfShape(x) value=complex64[1]{1}",
    "m: unsupported: ConstantOfShape of complex64 (node 'y', opset 13)")
NOT(XY "init w complex64 [1] raw 1\nnode y = Rocket(x,w)",
    "m: unsupported: Rocket (node 'y', opset 13), "
    "initializer of complex64 (node 'w', opset 13)")
};

START_TEST(fault_is_named)
{
	const struct fault *f = &faults[_i];
	struct brn_graph *g;
	burin_error err = { 0 };

	ck_assert_int_eq(onnx_text_import(f->model, NULL, 0, &g, &err),
	    f->code);
	ck_assert_str_eq(err.msg, f->msg);
	ck_assert_int_eq(err.code, f->code);
}
END_TEST

START_TEST(long_list_of_unsupported_says_how_many_more)
{
	char text[8192] = "opset 13\ninput x float [2]\noutput y9\n";
	struct brn_graph *g;
	burin_error err;
	int shown = 0;
	char last[32];

	for (int i = 0; i < 100; i++)
		sprintf(text + strlen(text), "node y%d = Rocket(x)\n", i);
	ck_assert_int_eq(onnx_text_import(text, NULL, 0, &g, &err),
	    BURIN_EUNSUPPORTED);
	for (char *p = err.msg; (p = strstr(p, "Rocket")); p++)
		shown++;
	ck_assert_int_gt(shown, 20);
	snprintf(last, sizeof last, " and %d more", 100 - shown);
	ck_assert_str_eq(err.msg + strlen(err.msg) - strlen(last), last);
}
END_TEST

START_TEST(keep_makes_one_node_of_an_unsupported_operator)
{
	struct brn_graph *g;
	burin_error err;
	char *got;

	suite_ok(onnx_text_import("opset 13\nopset 2 com.x\n"
	    "input x complex64 [2]\noutput b\ninit w complex64 [1] raw 1\n"
	    "node a,b = com.x.Two(x,,w) name=t size=7\nnode y = Add(a,b)",
	    NULL, 1, &g, &err), err);
	suite_ok(brn_graph_verify(g, &err), err);
	got = nodes_of(g);
	ck_assert_str_eq(got, "%1 = ?13:initializer of complex64() "
	    "?[..]  # w\n"
	    "%2 = ?2:com.x.Two(%0, _, %1) ?[..]  # t\n"
	    "%3 = add(%2, %2) ?[..]  # y\n");
	ck_assert_int_eq(g->node[2]->op, BRN_OP_unsupported);
	ck_assert_int_eq(g->node[2]->opset, 2);
	ck_assert_int_eq(g->in[0].type.dtype, 0);
	ck_assert_ptr_eq(g->out[0].node, g->node[2]);
	free(got);
	brn_graph_free(g);
}
END_TEST

START_TEST(operators_are_counted_by_name)
{
	static const struct brn_opcount want[] = {
		{ "Add", 2 }, { "Constant", 1 }, { "Relu", 1 },
		{ "com.x.Add", 1 },
	};
	struct brn_graph *g;
	burin_error err;

	suite_ok(onnx_text_import("opset 13\ninput x float [2]\noutput y\n"
	    "node c = Constant() value_float=1f\nnode a = Add(x,c)\n"
	    "node b = com.x.Add(a)\nnode r = Relu(b)\nnode y = Add(r,r)",
	    NULL, 1, &g, &err), err);
	ck_assert_int_eq(g->nopcount, COUNT(want));
	for (int i = 0; i < COUNT(want); i++) {
		ck_assert_str_eq(g->opcount[i].name, want[i].name);
		ck_assert_int_eq(g->opcount[i].count, want[i].count);
	}
	ck_assert_int_eq(g->opset, 13);
	ck_assert_str_eq(g->name, "g");
	brn_graph_free(g);
}
END_TEST

START_TEST(dimensions_of_one_name_are_one_symbol)
{
	struct brn_graph *g = must_import("opset 13\n"
	    "input x float [batch,?,8,0]\ninput y int64 [seq,batch]\n"
	    "input z float\noutput x float [batch,1]\noutput y\n");
	const int64_t *x = g->in[0].type.dim, *y = g->in[1].type.dim;

	ck_assert_int_eq(g->nin, 3);
	ck_assert_int_eq(g->in[0].type.rank, 4);
	ck_assert(brn_is_sym(x[0]) && brn_is_sym(x[1]) && brn_is_sym(y[0]));
	ck_assert(x[0] == y[1] && x[0] != y[0] && x[0] != x[1]);
	ck_assert(x[2] == 8 && x[3] == 0);
	ck_assert_str_eq(g->sym[x[0] - BRN_SYM(0)], "batch");
	ck_assert_ptr_null(g->sym[x[1] - BRN_SYM(0)]);
	ck_assert_int_eq(g->in[1].type.dtype, BURIN_I64);
	ck_assert_int_eq(g->in[2].type.rank, -1);
	ck_assert_int_eq(g->in[2].type.dtype, BURIN_F32);
	ck_assert_int_eq(g->out[0].type.dtype, BURIN_F32);
	ck_assert(g->out[0].type.dim[0] == x[0]);
	ck_assert_int_eq(g->out[1].type.rank, -1);
	ck_assert_int_eq(g->out[1].type.dtype, 0);
	ck_assert(brn_type_equal(&g->in[0].node->type, &g->in[0].type));
	brn_graph_free(g);
}
END_TEST

START_TEST(dimensions_without_a_size_are_strangers)
{
	Onnx__ModelProto *m = onnx_text_model("opset 11\n"
	    "input x float [-1,a,-1,a]\noutput x\n");
	Onnx__TensorShapeProto *s =
	    m->graph->input[0]->type->tensor_type->shape;
	struct brn_graph *g;
	burin_error err;

	strcpy(s->dim[1]->dim_param, "?");
	strcpy(s->dim[3]->dim_param, "?");
	suite_ok(onnx_text_import_model(m, &g, &err), err);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k <= i; k++)
			ck_assert(brn_is_sym(g->in[0].type.dim[i]) &&
			    (g->in[0].type.dim[i] == g->in[0].type.dim[k]) ==
			    (i == k));
	for (int i = 0; i < g->nsym; i++)
		ck_assert_ptr_null(g->sym[i]);
	brn_graph_free(g);
	onnx__model_proto__free_unpacked(m, NULL);
}
END_TEST

/* Found by fuzzing: read beyond the end of an input.  */
START_TEST(number_that_is_none_is_refused)
{
	struct brn_graph *g = must_import("opset 14\ninput x float [2,2]\n"
	    "init k int64 [0] raw\noutput y\nnode y = Trilu(x,k)\n");
	burin_error err = { 0 };

	ck_assert_int_eq(brn_infer_types(g, &err), BURIN_ESHAPE);
	ck_assert_ptr_nonnull(strstr(err.msg, "k is not one number"));
	brn_graph_free(g);
}
END_TEST

START_TEST(name_may_be_any_utf8)
{
	struct brn_graph *g = must_import("opset 13\n"
	    "input na\u00efve float [\u20ac,\U0001f60a]\n"
	    "output na\u00efve\n");

	ck_assert_str_eq(g->in[0].name, "na\u00efve");
	ck_assert_str_eq(g->sym[1], "\U0001f60a");
	brn_graph_free(g);
}
END_TEST

START_TEST(half_and_double_are_f32_behind_the_ports)
{
	struct brn_graph *g = must_import("opset 13\ninput h float16 [1]\n"
	    "input d double [1]\noutput y bfloat16 [1]\n"
	    "node y = Add(h,d)\n");
	char *got = nodes_of(g);

	ck_assert_int_eq(g->in[0].type.dtype, BURIN_F16);
	ck_assert_int_eq(g->in[1].type.dtype, BURIN_F64);
	ck_assert_int_eq(g->out[0].type.dtype, BURIN_BF16);
	ck_assert_str_eq(got, "%1 = cast(%0) {to=1} ?[..]  # h\n"
	    "%3 = cast(%2) {to=1} ?[..]  # d\n"
	    "%4 = add(%1, %3) ?[..]  # y\n"
	    "%5 = cast(%4) {to=16} ?[..]  # y\n");
	ck_assert_ptr_eq(g->out[0].node, g->node[5]);
	free(got);
	brn_graph_free(g);
}
END_TEST

START_TEST(initializer_listed_as_input_is_a_constant)
{
	struct brn_graph *g = must_import("opset 9\ninput w float [1]\n"
	    "input x float [1]\ninput s float [1]\noutput y\n"
	    "init w float [1] raw 1\nsparse s float [1] 1 at [1] 0\n"
	    "node z = Add(x,w)\nnode y = Add(z,s)");

	ck_assert_int_eq(g->nin, 1);
	ck_assert_str_eq(g->in[0].name, "x");
	brn_graph_free(g);
}
END_TEST

/* A model without types in its attributes, as very old writers made them, and
 * one whose zero is left out, as newer ones do.  */
START_TEST(attribute_type_and_zero_may_be_left_out)
{
	Onnx__ModelProto *m = onnx_text_model("opset 12\ninput x float [2,3]\n"
	    "output y\nnode y = ReduceSum(x) axes=[1] keepdims=0");
	Onnx__NodeProto *np = m->graph->node[0];
	struct brn_graph *g;
	burin_error err;

	np->attribute[0]->has_type = 0;
	np->attribute[1]->has_i = 0;
	suite_ok(onnx_text_import_model(m, &g, &err), err);
	ck_assert_int_eq(brn_attr_int(g->node[2], "keepdims"), 0);
	ck_assert_int_eq(g->node[2]->nin, 2);
	brn_graph_free(g);
	np->attribute[1]->has_type = 0;
	ck_assert_int_eq(onnx_text_import_model(m, &g, &err), BURIN_EFORMAT);
	ck_assert_str_eq(err.msg,
	    "m: node 'y' (ReduceSum): attribute 'keepdims' is not an int");
	onnx__model_proto__free_unpacked(m, NULL);
}
END_TEST

/* Every allocation that can fail does: ENOMEM, and nothing leaks (which the
 * sanitizers see).  */
START_TEST(failed_allocation_is_enomem)
{
	size_t n;
	uint8_t *p = onnx_text_bytes("opset 12\ninput x float [2,b]\noutput y\n"
	    "init w float16 [3] raw 1 2 3\nsparse s float [2] 1 at [1] 0\n"
	    "node c = Constant() value_ints=[1,2]\n"
	    "node v = ConstantOfShape(c) value=float[1]{2}\n"
	    "node z = Slice(x) starts=[0] ends=[1] axes=[1]\n"
	    "node a,b = Split(z) axis=1\nnode q = Softmax(a)\n"
	    "node t = Transpose(q) perm=[1,0]\nnode d = Cast(t) to=10\n"
	    "node y = Gemm(d,b,w) alpha=2f\n", &n);
	struct brn_graph *g;
	burin_error err;
	int rc = -1;

	for (long k = 0; rc < 0; k++) {
		ck_assert_int_lt(k, 10000);
		brn_alloc_fail_at(k);
		rc = brn_onnx_import(p, n, NULL, "m", 0, &g, &err);
		brn_alloc_fail_at(-1);
		ck_assert_msg(rc == 0 || rc == BURIN_ENOMEM,
		    "allocation %ld: %s", k, err.msg);
	}
	brn_graph_free(g);
	free(p);
}
END_TEST

static Suite *
onnx_suite(void)
{
	Suite *s = suite_create("onnx");
	TCase *tc = suite_case(s, "forms", 60);

	tcase_add_loop_test(tc, operator_gets_its_normal_form, 0,
	    COUNT(forms));
	tcase_add_test(tc, attribute_type_and_zero_may_be_left_out);
	tc = suite_case(s, "faults", 60);
	tcase_add_loop_test(tc, fault_is_named, 0, COUNT(faults));
	tcase_add_test(tc, long_list_of_unsupported_says_how_many_more);
	tcase_add_test(tc, failed_allocation_is_enomem);
	tc = suite_case(s, "graph", 60);
	tcase_add_test(tc, keep_makes_one_node_of_an_unsupported_operator);
	tcase_add_test(tc, operators_are_counted_by_name);
	tcase_add_test(tc, dimensions_of_one_name_are_one_symbol);
	tcase_add_test(tc, dimensions_without_a_size_are_strangers);
	tcase_add_test(tc, number_that_is_none_is_refused);
	tcase_add_test(tc, name_may_be_any_utf8);
	tcase_add_test(tc, half_and_double_are_f32_behind_the_ports);
	tcase_add_test(tc, initializer_listed_as_input_is_a_constant);
	return s;
}

SUITE_MAIN(onnx_suite)
