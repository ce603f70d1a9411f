/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators that become nodes of other operators: those that ONNX Runtime's
 * optimizer writes into transformers, sums and products of small integers, and
 * names of older opsets.  Weights end as constants that fold_constants makes
 * f32, so that the passes find the same layers as in a plain export.
 */
#include "ir/onnx/contrib.h"

#include "ir/onnx/attention.h"
#include "ir/onnx/decoder.h"
#include "ir/onnx/expand.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/quantized.h"
#include "ir/onnx/recurrent.h"
#include "ir/op/resize.h"

#include <string.h>

/* ---- activations ---- */

static void
put_gelu(struct brn_expand *e, struct brn_node *x, int tanh)
{
	e->out[0] = BRN_PUT(e, gelu, x);
	if (tanh)
		brn_put_int(e, e->out[0], "tanh", 1);
}

static void
expand_gelu(struct brn_expand *e)
{
	put_gelu(e, brn_arg(e, 0), 0);
}

static void
expand_bias_gelu(struct brn_expand *e)
{
	put_gelu(e, BRN_PUT(e, add, brn_arg(e, 0), brn_arg(e, 1)), 0);
}

static void
expand_fast_gelu(struct brn_expand *e)
{
	struct brn_node *x = brn_arg(e, 0);

	if (brn_arg(e, 1))
		x = BRN_PUT(e, add, x, brn_arg(e, 1));
	put_gelu(e, x, 1);
}

static void
expand_quick_gelu(struct brn_expand *e)
{
	struct brn_node *x = brn_arg(e, 0), *t = x;
	double alpha = (double)brn_arg_float(e, "alpha", 1.702f);

	if (alpha != 1)
		t = BRN_PUT(e, mul, x, brn_put_scalar(e, BURIN_F32, alpha));
	e->out[0] = BRN_PUT(e, mul, x, BRN_PUT(e, sigmoid, t));
}

/* Clip to the two limits in activation_params.  */
static struct brn_node *
put_clip(struct brn_expand *e, struct brn_node *x)
{
	float limit[2] = { 0 };

	if (brn_arg_floats(e, "activation_params", limit, 2) != 2)
		brn_cannot(e, "with Clip between other than two numbers");
	return BRN_PUT(e, clip, x,
	    brn_put_scalar(e, BURIN_F32, (double)limit[0]),
	    brn_put_scalar(e, BURIN_F32, (double)limit[1]));
}

/* The activation that a fused node applies to its result.  */
static struct brn_node *
put_activation(struct brn_expand *e, struct brn_node *x)
{
	const char *s = brn_arg_string(e, "activation");

	if (!*s)
		return x;
	if (!strcmp(s, "Relu"))
		return BRN_PUT(e, relu, x);
	if (!strcmp(s, "Tanh"))
		return BRN_PUT(e, tanh, x);
	if (!strcmp(s, "Sigmoid"))
		return BRN_PUT(e, sigmoid, x);
	if (!strcmp(s, "Clip"))
		return put_clip(e, x);
	brn_cannot(e, "with activation %s", s);
	return NULL;
}

/* ---- norms ---- */

static struct brn_node *
put_rms_norm(struct brn_expand *e, struct brn_node *x, struct brn_node *scale,
    float epsilon)
{
	struct brn_node *n = BRN_PUT(e, rms_norm, x, scale);

	brn_put_float(e, n, "epsilon", epsilon);
	return n;
}

static void
expand_rms_norm(struct brn_expand *e)
{
	if (brn_arg_int(e, "axis", -1) != -1)
		brn_cannot(e, "over another axis than the last");
	if (brn_wants(e, 1))
		brn_cannot(e, "with several outputs");
	e->out[0] = put_rms_norm(e, brn_arg(e, 0), brn_arg(e, 1),
	    brn_arg_float(e, "epsilon", 1e-5f));
}

/* input + skip + bias.  The bias is added to skip when that is a MatMul, so
 * that canon_dense makes it the bias of that layer.  */
static struct brn_node *
put_skip_sum(struct brn_expand *e, struct brn_node *bias)
{
	struct brn_node *x = brn_arg(e, 0), *skip = brn_arg(e, 1);

	if (brn_wants(e, 1) || brn_wants(e, 2))
		brn_cannot(e, "with mean or deviation");
	if (bias && skip->op == BRN_OP_matmul)
		skip = BRN_PUT(e, add, skip, bias);
	else if (bias)
		x = BRN_PUT(e, add, x, bias);
	return e->out[3] = BRN_PUT(e, add, x, skip);
}

static void
expand_skip_layer_norm(struct brn_expand *e)
{
	struct brn_node *sum = put_skip_sum(e, brn_arg(e, 4));

	e->out[0] = BRN_PUT(e, layer_norm, sum, brn_arg(e, 2), brn_arg(e, 3));
	brn_put_float(e, e->out[0], "epsilon",
	    brn_arg_float(e, "epsilon", 1e-12f));
}

static void
expand_skip_rms_norm(struct brn_expand *e)
{
	struct brn_node *sum = put_skip_sum(e, brn_arg(e, 3));

	e->out[0] = put_rms_norm(e, sum, brn_arg(e, 2),
	    brn_arg_float(e, "epsilon", 1e-12f));
}

/* ---- products ---- */

/* x with its last two axes swapped.  */
static struct brn_node *
swap_last_axes(struct brn_expand *e, struct brn_node *x)
{
	int rank = brn_known_type(e, x)->rank;
	int64_t perm[BRN_MAX_RANK];
	struct brn_node *t;

	if (rank < 2) {
		brn_cannot(e, "with an input of unknown rank");
		return NULL;
	}
	for (int i = 0; i < rank; i++)
		perm[i] = i;
	perm[rank - 1] = rank - 2;
	perm[rank - 2] = rank - 1;
	t = BRN_PUT(e, transpose, x);
	if (t && brn_attr_set_ints(e->n->im->g, t, "perm", perm, rank) < 0)
		e->rc = brn_nomem(e->n->im->err);
	return t;
}

static void
expand_fused_matmul(struct brn_expand *e)
{
	struct brn_node *a = brn_arg(e, 0), *b = brn_arg(e, 1);
	double alpha = (double)brn_arg_float(e, "alpha", 1);

	if (brn_arg_int(e, "transBatchA", 0) ||
	    brn_arg_int(e, "transBatchB", 0))
		brn_cannot(e, "with transposed batches");
	if (brn_arg_int(e, "transA", 0))
		a = swap_last_axes(e, a);
	if (brn_arg_int(e, "transB", 0))
		b = swap_last_axes(e, b);
	e->out[0] = BRN_PUT(e, matmul, a, b);
	if (alpha != 1)
		e->out[0] = BRN_PUT(e, mul, e->out[0],
		    brn_put_scalar(e, BURIN_F32, alpha));
}

static void
expand_fused_gemm(struct brn_expand *e)
{
	struct brn_node *x = brn_put_converted(e, BRN_OP_gemm, e->n->in,
	    e->n->nin);

	e->out[0] = put_activation(e, x);
}

/* Conv, then the optional input 3 added, then the activation.  */
static void
expand_fused_conv(struct brn_expand *e)
{
	struct brn_node *in[] = { brn_arg(e, 0), brn_arg(e, 1),
	    brn_arg(e, 2) };
	struct brn_node *x = brn_put_converted(e, BRN_OP_conv, in, 3);

	if (brn_arg(e, 3))
		x = BRN_PUT(e, add, x, brn_arg(e, 3));
	e->out[0] = put_activation(e, x);
}

/* ---- former names ---- */

static void
expand_scatter(struct brn_expand *e)
{
	e->out[0] = brn_put_converted(e, BRN_OP_scatter_elements, e->n->in,
	    e->n->nin);
}

/* Upsample-9 has the scales as an input, Upsample-7 as an attribute.  */
static void
expand_upsample(struct brn_expand *e)
{
	struct brn_node *in[3] = { brn_arg(e, 0), NULL, brn_arg(e, 1) };
	float scale[BRN_MAX_RANK];
	int n = brn_arg_floats(e, "scales", scale, BRN_MAX_RANK);

	if (in[2] ? n != 0 : n < 1 || n > BRN_MAX_RANK)
		brn_cannot(e, "with scales not given once");
	if (!in[2])
		in[2] = brn_put_floats(e, scale, n);
	e->out[0] = brn_put_converted(e, BRN_OP_resize, in, 3);
	brn_put_int(e, e->out[0], "coordinates", BRN_RESIZE_asymmetric);
	brn_put_int(e, e->out[0], "nearest", BRN_RESIZE_simple);
}

/* ---- the table ---- */

#define MS "com.microsoft"
#define POOL_ATTRS "auto_pad ceil_mode count_include_pad kernel_shape pads " \
	"strides"
#define CONV_ATTRS "auto_pad dilations group kernel_shape pads strides"

static const struct row {
	const char *domain, *op;
	int lo, hi;                     /* inputs */
	const char *attrs;              /* that it may have */
	brn_expand_fn *expand;
	unsigned absent;                /* bits of inputs below lo that need
	                                   not be given */
} rows[] = {
	{ "", "ConvInteger", 2, 4, CONV_ATTRS, brn_expand_conv_integer },
	{ "", "DynamicQuantizeLinear", 1, 1, "", brn_expand_dynamic_quantize },
	{ "", "GRU", 3, 6, BRN_RECURRENT_ATTRS "linear_before_reset",
	  brn_expand_gru },
	{ "", "LSTM", 3, 8, BRN_RECURRENT_ATTRS "input_forget",
	  brn_expand_lstm },
	{ "", "MatMulInteger", 2, 4, "", brn_expand_matmul_integer },
	{ "", "QLinearConv", 8, 9, CONV_ATTRS, brn_expand_qlinear_conv },
	{ "", "QLinearMatMul", 8, 8, "", brn_expand_qlinear_matmul },
	{ "", "RNN", 3, 6, BRN_RECURRENT_ATTRS, brn_expand_rnn },
	{ "", "Scatter", 3, 3, "axis", expand_scatter },
	{ "", "SimplifiedLayerNormalization", 2, 2, "axis epsilon stash_type",
	  expand_rms_norm },
	{ "", "Upsample", 1, 2, "mode scales", expand_upsample },
	{ MS, "Attention", 2, 7, "num_heads scale mask_filter_value "
	  "unidirectional qkv_hidden_sizes do_rotary "
	  "past_present_share_buffer", brn_expand_attention },
	{ MS, "BiasGelu", 2, 2, "", expand_bias_gelu },
	{ MS, "DecoderMaskedMultiHeadAttention", 1, 11, "num_heads scale "
	  "mask_filter_value past_present_share_buffer output_qk",
	  brn_expand_decoder_masked_attention },
	{ MS, "DynamicQuantizeLSTM", 12, 12,
	  BRN_RECURRENT_ATTRS "input_forget",
	  brn_expand_dynamic_quantize_lstm,
	  1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 9 | 1 << 11 },
	{ MS, "DynamicQuantizeMatMul", 3, 5, "",
	  brn_expand_dynamic_quantize_matmul },
	{ MS, "EmbedLayerNormalization", 7, 9, "epsilon mask_index_type",
	  brn_expand_embed_layer_norm, 1 << 1 | 1 << 4 },
	{ MS, "FastGelu", 1, 2, "", expand_fast_gelu },
	{ MS, "FusedConv", 2, 4, CONV_ATTRS " activation activation_params",
	  expand_fused_conv },
	{ MS, "FusedGemm", 2, 3, "alpha beta transA transB activation",
	  expand_fused_gemm },
	{ MS, "FusedMatMul", 2, 2, "alpha transA transB transBatchA "
	  "transBatchB", expand_fused_matmul },
	{ MS, "Gelu", 1, 1, "", expand_gelu },
	{ MS, "GroupQueryAttention", 7, 14, "num_heads kv_num_heads scale "
	  "softcap local_window_size do_rotary rotary_interleaved "
	  "smooth_softmax qk_output", brn_expand_group_query_attention,
	  1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 },
	{ MS, "MatMulIntegerToFloat", 4, 7, "",
	  brn_expand_matmul_integer_to_float },
	{ MS, "MultiHeadAttention", 1, 10, "num_heads scale "
	  "mask_filter_value unidirectional",
	  brn_expand_multi_head_attention },
	{ MS, "QAttention", 5, 9, "num_heads scale mask_filter_value "
	  "unidirectional do_rotary past_present_share_buffer",
	  brn_expand_qattention },
	{ MS, "QGemm", 5, 9, "alpha transA transB", brn_expand_qgemm,
	  1 << 2 },
	{ MS, "QLinearAdd", 7, 8, "", brn_expand_qlinear_add, 1 << 2 | 1 << 5 },
	{ MS, "QLinearAveragePool", 4, 5, POOL_ATTRS,
	  brn_expand_qlinear_average_pool, 1 << 2 },
	{ MS, "QLinearConcat", 5, BRN_QLINEAR_INPUTS, "axis",
	  brn_expand_qlinear_concat },
	{ MS, "QLinearGlobalAveragePool", 4, 5, "channels_last",
	  brn_expand_qlinear_global_average_pool, 1 << 2 },
	{ MS, "QLinearLeakyRelu", 4, 5, "alpha",
	  brn_expand_qlinear_leaky_relu, 1 << 2 },
	{ MS, "QLinearMul", 7, 8, "", brn_expand_qlinear_mul, 1 << 2 | 1 << 5 },
	{ MS, "QLinearSigmoid", 4, 5, "", brn_expand_qlinear_sigmoid, 1 << 2 },
	{ MS, "QLinearSoftmax", 5, 5, "axis opset", brn_expand_qlinear_softmax,
	  1 << 2 },
	{ MS, "QuickGelu", 1, 1, "alpha", expand_quick_gelu },
	{ MS, "RotaryEmbedding", 4, 4, "interleaved num_heads "
	  "rotary_embedding_dim scale is_packed_batching",
	  brn_expand_rotary_embedding },
	{ MS, "SkipLayerNormalization", 3, 5, "epsilon",
	  expand_skip_layer_norm },
	{ MS, "SkipSimplifiedLayerNormalization", 3, 4, "epsilon",
	  expand_skip_rms_norm },
};

int
brn_onnx_expansion(int i, struct brn_onnx_expansion *out)
{
	const struct row *r = &rows[i];

	if (i >= BRN_COUNT(rows))
		return 0;
	*out = (struct brn_onnx_expansion){ r->domain, r->op, r->lo, r->hi,
	    r->attrs };
	return 1;
}

static const struct row *
row_of(const struct Onnx__NodeProto *np)
{
	const char *domain = brn_onnx_is_default(np->domain) ? "" :
	    np->domain;

	for (int i = 0; i < BRN_COUNT(rows); i++)
		if (!strcmp(rows[i].op, np->op_type) &&
		    !strcmp(rows[i].domain, domain))
			return &rows[i];
	return NULL;
}

/* word is one of the words in list.  */
static int
is_listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = list; n && (s = strstr(s, word)); s += n)
		if ((s == list || s[-1] == ' ') && (s[n] == ' ' || !s[n]))
			return 1;
	return 0;
}

static int
check_inputs(struct brn_onnx_node *n, const struct row *r)
{
	while (n->nin > r->lo && !n->in[n->nin - 1])
		n->nin--;
	if (n->nin < r->lo || n->nin > r->hi)
		return brn_onnx_bad(n, "%d inputs, wanted %d to %d", n->nin,
		    r->lo, r->hi);
	for (int k = 0; k < r->lo; k++)
		if (!n->in[k] && !(r->absent >> k & 1))
			return brn_onnx_bad(n, "input %d is not given", k);
	return 0;
}

static void
check_attrs(struct brn_expand *e, const struct row *r)
{
	const struct Onnx__NodeProto *np = e->n->np;

	for (size_t i = 0; i < np->n_attribute; i++) {
		const char *name = np->attribute[i]->name;

		if (!is_listed(r->attrs, name ? name : ""))
			brn_cannot(e, "with attribute %s", name);
	}
}

static int
bind_outputs(const struct brn_expand *e)
{
	struct brn_onnx_node *n = e->n;

	for (size_t k = 0; k < n->np->n_output; k++) {
		struct brn_node *v = k < BRN_EXPAND_OUT ? e->out[k] : NULL;

		if (!v && brn_onnx_is_used(n, k))
			return brn_onnx_bad(n, "output %zu cannot be had", k);
		brn_onnx_bind(n, k, v);
	}
	return 1;
}

int
brn_onnx_expand(struct brn_onnx_node *n)
{
	const struct row *r = row_of(n->np);
	struct brn_expand e = { .n = n };

	if (!r)
		return 0;
	if ((e.rc = check_inputs(n, r)) == 0)
		check_attrs(&e, r);
	if (!brn_expand_stopped(&e))
		r->expand(&e);
	return brn_expand_stopped(&e) ? e.rc : bind_outputs(&e);
}
