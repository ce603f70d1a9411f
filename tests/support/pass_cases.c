/* SPDX-License-Identifier: Apache-2.0
 *
 * The graphs that passes are tried on.  A builder makes one graph a variant;
 * what the variants of a builder mean is said at its enum.
 */
#include "tests/support/pass_cases.h"

#include <string.h>

#include "tests/support/attention_graph.h"
#include "tests/support/build.h"
#include "tests/support/channel_graph.h"
#include "tests/support/conv_graph.h"
#include "tests/support/fuse_graph.h"
#include "tests/support/layer_graph.h"
#include "tests/support/product_graph.h"
#include "tests/support/quant_graph.h"

/* ---- fold_constants ------------------------------------------------------ */

/* The first size is a number, or the caller's to decide.  */
static void
shape_arithmetic(struct brn_graph *g, int first)
{
	struct brn_node *x = input(g, "x", 3, first, 3, 4);
	struct brn_node *n = OP(g, gather, OP(g, shape, x), INTS(g, 0));
	struct brn_node *to = OP(g, concat, n, INTS(g, -1));

	set_int(g, to, "axis", 0);
	output(g, "y", OP(g, reshape, x, to));
}

enum { SAME_PLACE, MERGED, MOVED, COPIED_AND_MERGED };

/* Reshapes to sizes of x that only the caller knows.  */
static void
reshape_to(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 3, BATCH, SEQ, 6);
	struct brn_node *size = OP(g, shape, x), *to = NULL;
	struct brn_node *batch = OP(g, gather, size, INTS(g, 0));
	struct brn_node *seq = OP(g, gather, size, INTS(g, 1));

	switch (variant) {
	case SAME_PLACE:
		to = OP(g, concat, batch, seq, INTS(g, 2, 3));
		break;
	case MERGED:
		to = OP(g, concat, OP(g, mul, batch, seq), INTS(g, 6));
		break;
	case MOVED:
		to = OP(g, concat, seq, batch, INTS(g, 6));
		break;
	case COPIED_AND_MERGED:
		to = OP(g, concat, batch, OP(g, mul, seq, INTS(g, 6)));
		break;
	}
	set_int(g, to, "axis", 0);
	output(g, "y", OP(g, reshape, x, to));
}

static void
scalar_arithmetic(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, BATCH, 4);
	struct brn_node *root = OP(g, sqrt, scalar(g, 2));
	struct brn_node *c = OP(g, identity, OP(g, mul, root, scalar(g, 3)));

	(void)variant;
	output(g, "y", OP(g, mul, x, c));
	output(g, "z", OP(g, add, x, c));
}

static void
identity(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, BATCH, 4);
	struct brn_node *y = OP(g, dropout, OP(g, identity, x));

	(void)variant;
	output(g, "y", OP(g, relu, y));
	output(g, "z", OP(g, identity, y));
}

enum { RESHAPE, EXPAND, PERM, SLICE, BACKWARDS, SQUARE };

/* x with the type that it has already.  */
static void
same_type(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, variant >= SLICE ? 4 : BATCH, 4);
	struct brn_node *y = NULL;

	switch (variant) {
	case RESHAPE:
		y = OP(g, reshape, x, INTS(g, 0, 4));
		break;
	case EXPAND:
		y = OP(g, expand, x, INTS(g, 1, 1));
		break;
	case PERM:
		y = set_perm(g, OP(g, transpose, x), 0, 1);
		break;
	case SLICE:
		y = OP(g, slice, x, INTS(g, 0), INTS(g, 99));
		break;
	case BACKWARDS:
		y = OP(g, slice, x, INTS(g, -1), INTS(g, -99), INTS(g, 0),
		    INTS(g, -1));
		break;
	case SQUARE:
		y = transpose(g, x);
		break;
	}
	output(g, "y", OP(g, relu, y));
}

/* ---- canon_dense --------------------------------------------------------- */

enum { BIAS_RIGHT, BIAS_LEFT, BIAS_RANK3, BIAS_RANK4, BIAS_SCALAR, NO_BIAS,
	OTHER_USER };

static void
matmul(struct brn_graph *g, int variant)
{
	int rank = variant == BIAS_RANK3 ? 3 : variant == BIAS_RANK4 ? 4 : 1;
	struct brn_node *x = input(g, "x", 3, BATCH, SEQ, 6), *b;
	struct brn_node *y = named(OP(g, matmul, x, weight(g, "w", 6, 4, 1)),
	    "fc");

	b = vector(g, "b", variant == BIAS_SCALAR ? 1 : 4, rank, 2);
	if (variant == OTHER_USER)
		output(g, "product", y);
	if (variant != NO_BIAS)
		y = variant == BIAS_LEFT ? OP(g, add, b, y) :
		    OP(g, add, y, b);
	output(g, "y", OP(g, relu, y));
}

enum { CONSTANT, TRANSPOSED, TWICE, DYNAMIC, STACKED, SHARED, VECTOR };

/* Where the weight comes from.  */
static void
matmul_weight(struct brn_graph *g, int variant)
{
	static const struct brn_type stack = { BURIN_F32, 3, { 1, 6, 6 } };
	struct brn_node *x = variant == VECTOR ? input(g, "x", 1, 6) :
	    input(g, "x", 2, 3, 6);
	struct brn_node *w = weight(g, "w", 6, 6, 1), *y;

	if (variant == TRANSPOSED)
		w = transpose(g, w);
	if (variant == TWICE)
		w = transpose(g, transpose(g, w));
	if (variant == DYNAMIC)
		w = input(g, "w", 2, 6, 6);
	if (variant == STACKED)
		w = brn_graph_constant(g, "w", &stack, w->value->data);
	y = OP(g, matmul, x, w);
	if (variant == SHARED)
		y = OP(g, add, y, OP(g, matmul, OP(g, relu, y), w));
	output(g, "y", y);
}

enum { TRANS_B, PLAIN, SCALED, TRANS_A, FULL_C, SCALAR_C, BETA_0, NO_C,
	MATRIX_C };

static void
gemm(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, variant == TRANS_A ? 6 : 3,
	    variant == TRANS_A ? 3 : 6);
	struct brn_node *w = variant == TRANS_B ? weight(g, "w", 4, 6, 1) :
	    weight(g, "w", 6, 4, 1);
	struct brn_node *c = vector(g, "c", variant == SCALAR_C ? 1 : 4,
	    variant == MATRIX_C ? 2 : 1, 2), *y;

	if (variant == FULL_C)
		c = weight(g, "c", 3, 4, 2);
	y = variant == NO_C ? OP(g, gemm, x, w) : OP(g, gemm, x, w, c);
	if (variant == TRANS_B)
		set_int(g, y, "transB", 1);
	if (variant == TRANS_A)
		set_int(g, y, "transA", 1);
	if (variant == SCALED) {
		set_float(g, y, "alpha", 0.5f);
		set_float(g, y, "beta", 3);
	}
	if (variant == BETA_0)
		set_float(g, y, "beta", 0);
	output(g, "y", named(y, "fc"));
}

/* ---- simplify_fc_transpose ----------------------------------------------- */

/* An embedding whose table is also the weight of two layers.  */
static void
tied(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, BATCH, 6);
	struct brn_node *w = weight(g, "table", 6, 4, 1);

	(void)variant;
	output(g, "rows", OP(g, gather, w, INTS(g, 1, 5)));
	output(g, "y", OP(g, dense, x, transpose(g, w)));
	output(g, "z", OP(g, dense, OP(g, relu, x), transpose(g, w)));
}

static void
fc_transpose(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, BATCH, 6);
	struct brn_node *w = weight(g, "w", 6, 6, 1);

	if (variant == DYNAMIC)
		w = input(g, "w", 2, 6, 6);
	if (variant == TWICE)
		w = transpose(g, w);
	output(g, "y", OP(g, dense, x, transpose(g, w)));
}

/* ---- bsr_dense ----------------------------------------------------------- */

/* Keep the block that holds w[row][col] and no other.  */
static void
keep_block(struct brn_node *w, int bh, int bw, int row, int col)
{
	float *p = w->value->data;
	int64_t cols = w->value->type.dim[1];

	for (int64_t i = 0; i < brn_numel(w->value); i++)
		if (i / cols / bh != row / bh || i % cols / bw != col / bw)
			p[i] = 0;
}

enum { LAYERS, TIED };

/* A sparse, an empty, and a full layer; or one weight in two layers.  */
static void
layers(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, BATCH, 20);
	struct brn_node *w = weight(g, "sparse", 36, 20, 1), *y;

	keep_block(w, 16, 1, 20, 3);
	y = OP(g, dense, x, w, vector(g, "b", 36, 1, 2));
	output(g, "y", named(y, "fc1"));
	if (variant == TIED) {
		output(g, "z", named(OP(g, dense, OP(g, relu, x), w), "fc2"));
		return;
	}
	w = weight(g, "empty", 5, 36, 3);
	memset(w->value->data, 0, 5 * 36 * sizeof(float));
	output(g, "z", named(OP(g, dense, y, w), "fc2"));
	w = weight(g, "full", 5, 36, 4);
	output(g, "f", named(OP(g, dense, y, w), "fc3"));
	w = input(g, "w", 2, 5, 36);
	output(g, "d", named(OP(g, dense, y, w), "fc4"));
}

#define CASE(pass, name, build, variant, op, count) \
	{ #pass, name, build, variant, BRN_OP_##op, count },
#define FFN(name, variant, count) \
	CASE(fold_dead_channels, name, channels_ffn, variant, dense, count)
#define HEAD(name, variant) \
	CASE(fold_dead_channels, name, channels_attention, variant, dense, 4)

const struct pass_case pass_cases[] = {
CASE(fold_constants, "known_shape", shape_arithmetic, 2, shape, 0)
CASE(fold_constants, "unknown_shape", shape_arithmetic, BATCH, shape, 0)
CASE(fold_constants, "same_place", reshape_to, SAME_PLACE, shape, 0)
CASE(fold_constants, "merged", reshape_to, MERGED, shape, 0)
CASE(fold_constants, "moved", reshape_to, MOVED, shape, 1)
CASE(fold_constants, "copied_and_merged", reshape_to, COPIED_AND_MERGED, shape,
    1)
CASE(fold_constants, "scalars", scalar_arithmetic, 0, constant, 1)
CASE(fold_constants, "identity", identity, 0, identity, 0)
CASE(fold_constants, "reshape", same_type, RESHAPE, reshape, 0)
CASE(fold_constants, "expand", same_type, EXPAND, expand, 0)
CASE(fold_constants, "perm", same_type, PERM, transpose, 0)
CASE(fold_constants, "slice", same_type, SLICE, slice, 0)
CASE(fold_constants, "backwards", same_type, BACKWARDS, slice, 1)
CASE(fold_constants, "square", same_type, SQUARE, transpose, 1)

CASE(canon_dense, "bias_right", matmul, BIAS_RIGHT, add, 0)
CASE(canon_dense, "bias_left", matmul, BIAS_LEFT, add, 0)
CASE(canon_dense, "bias_rank3", matmul, BIAS_RANK3, add, 0)
CASE(canon_dense, "bias_rank4", matmul, BIAS_RANK4, add, 1)
CASE(canon_dense, "bias_scalar", matmul, BIAS_SCALAR, add, 1)
CASE(canon_dense, "no_bias", matmul, NO_BIAS, dense, 1)
CASE(canon_dense, "other_user", matmul, OTHER_USER, add, 1)
CASE(canon_dense, "constant", matmul_weight, CONSTANT, transpose, 1)
CASE(canon_dense, "transposed", matmul_weight, TRANSPOSED, transpose, 0)
CASE(canon_dense, "twice", matmul_weight, TWICE, transpose, 1)
CASE(canon_dense, "dynamic", matmul_weight, DYNAMIC, matmul, 1)
CASE(canon_dense, "stacked", matmul_weight, STACKED, matmul, 1)
CASE(canon_dense, "shared", matmul_weight, SHARED, dense, 2)
CASE(canon_dense, "vector", matmul_weight, VECTOR, dense, 1)
CASE(canon_dense, "gemm_trans_b", gemm, TRANS_B, transpose, 0)
CASE(canon_dense, "gemm_plain", gemm, PLAIN, transpose, 1)
CASE(canon_dense, "gemm_scaled", gemm, SCALED, dense, 1)
CASE(canon_dense, "gemm_trans_a", gemm, TRANS_A, gemm, 1)
CASE(canon_dense, "gemm_full_c", gemm, FULL_C, gemm, 1)
CASE(canon_dense, "gemm_scalar_c", gemm, SCALAR_C, dense, 1)
CASE(canon_dense, "gemm_beta_0", gemm, BETA_0, constant, 1)
CASE(canon_dense, "gemm_no_c", gemm, NO_C, dense, 1)
CASE(canon_dense, "gemm_matrix_c", gemm, MATRIX_C, dense, 1)

CASE(simplify_fc_transpose, "tied", tied, 0, constant, 2)
CASE(simplify_fc_transpose, "once", fc_transpose, 0, transpose, 0)
CASE(simplify_fc_transpose, "twice", fc_transpose, TWICE, constant, 1)
CASE(simplify_fc_transpose, "dynamic", fc_transpose, DYNAMIC, transpose, 1)

CASE(fuse_layernorm, "pow", layernorm, 0, layer_norm, 1)
CASE(fuse_layernorm, "mul", layernorm, SQUARE_MUL, layer_norm, 1)
CASE(fuse_layernorm, "two_subs", layernorm, TWO_SUBS, layer_norm, 1)
CASE(fuse_layernorm, "swapped", layernorm, SWAPPED, layer_norm, 1)
CASE(fuse_layernorm, "last_axis", layernorm, LAST_AXIS, layer_norm, 1)
CASE(fuse_layernorm, "no_beta", layernorm, NO_BETA, layer_norm, 1)
CASE(fuse_layernorm, "reciprocal", layernorm, RECIPROCAL, layer_norm, 1)
CASE(fuse_layernorm, "reciprocal_swapped", layernorm, RECIPROCAL | SWAPPED,
    layer_norm, 1)
CASE(fuse_layernorm, "distributed", distributed, SQUARE_MUL, layer_norm, 1)
CASE(fuse_layernorm, "distributed_swapped", distributed, SWAPPED, layer_norm,
    1)
CASE(fuse_layernorm, "distributed_gain_used", distributed, INNER_USER,
    layer_norm, 0)
CASE(fuse_layernorm, "inner_user", layernorm, INNER_USER, layer_norm, 0)
CASE(fuse_layernorm, "output_mean", layernorm, OUTPUT_MEAN, layer_norm, 0)
CASE(fuse_layernorm, "first_axis", layernorm, FIRST_AXIS, layer_norm, 0)
CASE(fuse_layernorm, "scalar_gamma", layernorm, SCALAR_GAMMA, layer_norm, 0)

CASE(fuse_gelu, "erf_early_half", gelu_erf, EARLY_HALF, gelu, 1)
CASE(fuse_gelu, "erf_late_half", gelu_erf, LATE_HALF, gelu, 1)
CASE(fuse_gelu, "erf_tf", gelu_erf, TF, gelu, 1)
CASE(fuse_gelu, "erf_sum", gelu_erf, SUM, gelu, 1)
CASE(fuse_gelu, "erf_scaled_x", gelu_erf, SCALED_X, gelu, 1)
CASE(fuse_gelu, "erf_used", gelu_erf, ERF_USED, gelu, 0)
CASE(fuse_gelu, "erf_wrong_scale", gelu_erf, WRONG_SCALE, gelu, 0)
CASE(fuse_gelu, "erf_no_half", gelu_erf, NO_HALF, gelu, 0)
CASE(fuse_gelu, "erf_rank", gelu_erf, RANK, gelu, 0)
CASE(fuse_gelu, "tanh_pow", gelu_tanh, POW, gelu, 1)
CASE(fuse_gelu, "tanh_muls", gelu_tanh, MULS, gelu, 1)
CASE(fuse_gelu, "tanh_late", gelu_tanh, LATE, gelu, 1)
CASE(fuse_gelu, "tanh_factored", gelu_tanh, FACTORED, gelu, 1)
CASE(fuse_gelu, "tanh_wrong_cube", gelu_tanh, WRONG_CUBE, gelu, 0)

CASE(fuse_attention, "plain", attention_graph, 0, attention, 1)
CASE(fuse_attention, "mul", attention_graph, SCALE_MUL, attention, 1)
CASE(fuse_attention, "div", attention_graph, SCALE_DIV | MASK_ADD, attention, 1)
CASE(fuse_attention, "scaled_q", attention_graph,
    SCALE_Q | MASK_KEEP, attention, 1)
CASE(fuse_attention, "scaled_early", attention_graph,
    SCALE_EARLY | MASK_LEFT, attention, 1)
CASE(fuse_attention, "scaled_both", attention_graph,
    SCALE_BOTH | K_TWICE | MASK_ADD, attention, 1)
CASE(fuse_attention, "scaled_vector", attention_graph,
    SCALE_TENSOR, attention, 0)
CASE(fuse_attention, "keys_twice", attention_graph, K_TWICE, attention, 1)
CASE(fuse_attention, "keys_flat", attention_graph,
    K_FLAT | SCALE_BOTH, attention, 1)
CASE(fuse_attention, "keys_sliced", attention_graph,
    K_SLICED | SCALE_BOTH | MASK_ADD, attention, 1)
CASE(fuse_attention, "keys_mixed", attention_graph, K_MIXED, attention, 0)
CASE(fuse_attention, "keys_wrong", attention_graph, K_WRONG, attention, 0)
CASE(fuse_attention, "mask_fill", attention_graph,
    MASK_FILL | SCALE_DIV, attention, 1)
CASE(fuse_attention, "mask_expanded", attention_graph,
    MASK_EXPANDED | SCALE_Q, attention, 1)
CASE(fuse_attention, "mask_loose", attention_graph, MASK_LOOSE, attention, 0)
CASE(fuse_attention, "mask_large", attention_graph, MASK_LARGE, attention, 0)
CASE(fuse_attention, "nan_to_zero", attention_graph,
    MASK_INF | NAN_TO_ZERO, attention, 1)
CASE(fuse_attention, "all_masked", attention_graph,
    MASK_ALL | NAN_TO_ZERO, attention, 1)
CASE(fuse_attention, "scores_used", attention_graph, SCORES_USED, attention, 0)
CASE(fuse_attention, "shape_used", attention_graph, SHAPE_USED, attention, 1)
CASE(fuse_attention, "one_key_head", attention_graph,
    ONE_KEY_HEAD, attention, 0)
CASE(fuse_attention, "other_axis", attention_graph, OTHER_AXIS, attention, 0)
CASE(fuse_attention, "other_keys", attention_graph,
    OTHER_KEYS | MASK_ADD, attention, 1)
CASE(fuse_attention, "shared_mask", attention_shared_mask, 0, where, 2)

FFN("gelu", FFN_GELU, 2)
FFN("gelu_tanh", FFN_GELU_TANH, 2)
FFN("relu", FFN_RELU, 2)
FFN("tanh", FFN_TANH, 2)
FFN("linear", FFN_LINEAR, 2)
FFN("sigmoid", FFN_SIGMOID, 2)
FFN("no_bias", FFN_NO_BIAS, 2)
FFN("bare_reader", FFN_BARE_READER, 2)
FFN("all", FFN_ALL, 2)
FFN("alive", FFN_ALIVE, 2)
FFN("used", FFN_USED, 2)
FFN("maker_used", FFN_MAKER_USED, 2)
FFN("residual", FFN_RESIDUAL, 2)
FFN("input", FFN_INPUT, 2)
FFN("shared", FFN_SHARED, 4)
FFN("chain", FFN_CHAIN, 3)
FFN("turned", FFN_TURNED, 2)
FFN("maker_turned", FFN_MAKER_TURNED, 2)
HEAD("head_value", HEAD_VALUE)
HEAD("head_output", HEAD_OUTPUT)
HEAD("head_mixed", HEAD_MIXED)
HEAD("head_half", HEAD_HALF)
HEAD("head_query", HEAD_QUERY)
HEAD("head_all", HEAD_ALL)
HEAD("head_wide", HEAD_WIDE)
HEAD("head_mask", HEAD_MASK)
HEAD("head_own_mask", HEAD_OWN_MASK)
HEAD("head_nan", HEAD_NAN)
HEAD("head_nan_no_bias", HEAD_NAN_NO_BIAS)
HEAD("head_nan_finite", HEAD_NAN_FINITE)
HEAD("head_nan_no_mask", HEAD_NAN_NO_MASK)
HEAD("head_keys_used", HEAD_KEYS_USED)
HEAD("head_scaled", HEAD_SCALED)
HEAD("head_turned", HEAD_TURNED)

CASE(lift_integers, "both_scales", quant_layers, INTS_BOTH_SCALES,
    dequantize_linear, 1)
CASE(lift_integers, "one_by_one", quant_layers, INTS_ONE_BY_ONE,
    dequantize_linear, 1)
CASE(lift_integers, "no_scale", quant_layers, INTS_NO_SCALE,
    dequantize_linear, 1)
CASE(lift_integers, "no_zero", quant_layers, INTS_NO_ZERO, dequantize_linear, 1)
CASE(lift_integers, "zero_folded", quant_layers, INTS_ZERO_FOLDED,
    dequantize_linear, 1)
CASE(lift_integers, "two_layers", quant_layers, INTS_TWO_LAYERS,
    dequantize_linear, 1)
CASE(lift_integers, "used", quant_layers, INTS_USED, dequantize_linear, 1)
CASE(lift_integers, "wide", quant_layers, INTS_WIDE, dequantize_linear, 0)
CASE(lift_integers, "not_constant", quant_layers, INTS_NOT_CONSTANT,
    dequantize_linear, 0)

CASE(bsr_dense, "layers", layers, LAYERS, bsr_dense, 2)
CASE(bsr_dense, "tied", layers, TIED, bsr, 1)

CASE(fuse_epilogue, "gelu", layers_end, END_GELU, gelu, 0)
CASE(fuse_epilogue, "gelu_tanh", layers_end, END_GELU_TANH, gelu, 0)
CASE(fuse_epilogue, "relu", layers_end, END_RELU, relu, 0)
CASE(fuse_epilogue, "tanh", layers_end, END_TANH, tanh, 0)
CASE(fuse_epilogue, "sigmoid", layers_end, END_SIGMOID, sigmoid, 1)
CASE(fuse_epilogue, "two_acts", layers_end, END_TWO_ACTS, tanh, 1)
CASE(fuse_epilogue, "act_used", layers_end, END_ACT_USED, relu, 0)
CASE(fuse_epilogue, "layer_used", layers_end, END_LAYER_USED, tanh, 1)
CASE(fuse_epilogue, "residual", layers_end, END_RESIDUAL, add, 0)
CASE(fuse_epilogue, "residual_left", layers_end, END_RESIDUAL_LEFT, add, 0)
CASE(fuse_epilogue, "no_bias", layers_end, END_NO_BIAS, add, 0)
CASE(fuse_epilogue, "act_residual", layers_end, END_ACT_RESIDUAL, dense, 1)
CASE(fuse_epilogue, "residual_act", layers_end, END_RESIDUAL_ACT, gelu, 0)
CASE(fuse_epilogue, "two_residuals", layers_end, END_TWO_RESIDUALS, add, 1)
CASE(fuse_epilogue, "both", layers_end, END_BOTH, add, 0)
CASE(fuse_epilogue, "doubled", layers_end, END_DOUBLED, add, 1)
CASE(fuse_epilogue, "chain", layers_end, END_CHAIN, add, 0)
CASE(fuse_epilogue, "spread", layers_end, END_SPREAD, add, 1)

CASE(bsr_dense, "conv", conv_end, CONV_PRUNED, bsr_conv, 1)

CASE(canon_einsum, "dense", einsum, EINSUM_DENSE, matmul, 1)
CASE(canon_einsum, "scores", einsum, EINSUM_SCORES, transpose, 2)
CASE(canon_einsum, "split", einsum, EINSUM_SPLIT, reshape, 2)
CASE(canon_einsum, "join", einsum, EINSUM_JOIN, reshape, 2)
CASE(canon_einsum, "dots", einsum, EINSUM_DOTS, matmul, 1)
CASE(canon_einsum, "turned", einsum, EINSUM_TURNED, matmul, 1)
CASE(canon_einsum, "trace", einsum, EINSUM_TRACE, einsum, 1)
CASE(canon_einsum, "outer", einsum, EINSUM_OUTER, einsum, 1)
CASE(canon_einsum, "rows", einsum, EINSUM_ROWS, einsum, 1)

CASE(canon_attention, "split", mha, MHA_SPLIT, softmax, 1)
CASE(canon_attention, "whole", mha, MHA_WHOLE, transpose, 5)
CASE(canon_attention, "added", mha, MHA_ADDED, add, 1)
CASE(canon_attention, "bool", mha, MHA_BOOL, where, 1)
CASE(canon_attention, "scaled", mha, MHA_SCALED, mul, 1)
CASE(canon_attention, "groups", mha, MHA_GROUPS, mha, 1)
CASE(canon_attention, "causal", mha, MHA_CAUSAL, mha, 1)
CASE(canon_attention, "past", mha, MHA_PAST, mha, 1)

CASE(canon_conv, "bare", conv_norm, CONV_BARE, dense_conv, 1)
CASE(canon_conv, "norm", conv_norm, CONV_NORM, batch_norm, 0)
CASE(canon_conv, "norm_used", conv_norm, CONV_NORM_USED, batch_norm, 1)
CASE(canon_conv, "scaled", conv_norm, CONV_SCALED, mul, 0)
CASE(canon_conv, "plane_added", conv_norm, CONV_PLANE_ADDED, add, 1)
CASE(canon_conv, "groups", conv_norm, CONV_GROUPS, dense_conv, 1)
CASE(canon_conv, "depthwise", conv_norm, CONV_DEPTHWISE, depthwise, 1)
CASE(canon_conv, "volume", conv_norm, CONV_VOLUME, conv, 1)
CASE(canon_conv, "fed", conv_norm, CONV_FED, conv, 1)
CASE(canon_conv, "transposed", conv_norm, CONV_TRANSPOSED, fold_taps, 1)

CASE(fuse_swish, "sigmoid", swish, SWISH_SIGMOID, swish, 1)
CASE(fuse_swish, "other", swish, SWISH_OTHER, sigmoid, 1)
CASE(fuse_swish, "hard", swish, SWISH_HARD, hard_swish, 1)
CASE(fuse_swish, "late", swish, SWISH_LATE, hard_swish, 1)
CASE(fuse_swish, "early", swish, SWISH_EARLY, hard_swish, 1)
CASE(fuse_swish, "hard_sigmoid", swish, SWISH_HARD_SIGMOID, hard_swish, 1)
CASE(fuse_swish, "gate_used", swish, SWISH_GATE_USED, sigmoid, 1)
CASE(fuse_swish, "to_seven", swish, SWISH_TO_SEVEN, clip, 1)

CASE(fuse_epilogue, "conv_relu", conv_end, CONV_RELU, relu, 0)
CASE(fuse_epilogue, "conv_relu6", conv_end, CONV_RELU6, clip, 0)
CASE(fuse_epilogue, "conv_fed_clip", conv_end, CONV_FED_CLIP, clip, 1)
CASE(fuse_epilogue, "conv_leaky", conv_end, CONV_LEAKY, leaky_relu, 0)
CASE(fuse_epilogue, "conv_swish", conv_end, CONV_SWISH, swish, 0)
CASE(fuse_epilogue, "conv_add_relu", conv_end, CONV_ADD_RELU, dense_conv, 1)
CASE(fuse_epilogue, "conv_relu_add", conv_end, CONV_RELU_ADD, add, 0)
CASE(fuse_epilogue, "conv_relu_add_relu", conv_end, CONV_RELU_ADD_RELU, relu, 1)
CASE(fuse_epilogue, "conv_self", conv_end, CONV_SELF, add, 1)
CASE(fuse_epilogue, "conv_two_users", conv_end, CONV_TWO_USERS, relu, 1)
CASE(fuse_epilogue, "conv_add_row", conv_end, CONV_ADD_ROW, add, 1)

CASE(assign_layout, "unary", layers_between, VIA_UNARY, to_tiles, 1)
CASE(assign_layout, "norm", layers_between, VIA_NORM, to_tiles, 1)
CASE(assign_layout, "narrow_gamma", layers_between, VIA_NARROW_GAMMA, to_tiles,
    2)
CASE(assign_layout, "other_axis", layers_between, VIA_OTHER_AXIS, to_tiles, 2)
CASE(assign_layout, "number", layers_between, VIA_NUMBER, to_tiles, 1)
CASE(assign_layout, "high_number", layers_between, VIA_HIGH_NUMBER, to_tiles, 2)
CASE(assign_layout, "vector_added", layers_between, VIA_VECTOR, to_tiles, 2)
CASE(assign_layout, "input_between", layers_between, VIA_INPUT, to_tiles, 1)
CASE(assign_layout, "shape", layers_between, VIA_SHAPE, from_tiles, 1)
CASE(assign_layout, "encoder", layers_edge, EDGE_ENCODER, to_tiles, 1)
CASE(assign_layout, "fork", layers_edge, EDGE_FORK, to_tiles, 1)
CASE(assign_layout, "chain", layers_edge, EDGE_CHAIN, to_tiles, 1)
CASE(assign_layout, "mixed", layers_edge, EDGE_MIXED, from_tiles, 1)
CASE(assign_layout, "sum", layers_edge, EDGE_SUM, from_tiles, 1)
CASE(assign_layout, "two_outputs", layers_edge, EDGE_TWO_OUTPUTS, from_tiles, 1)
CASE(assign_layout, "residual", layers_edge, EDGE_RESIDUAL, to_tiles, 1)
CASE(assign_layout, "attention", layers_edge, EDGE_ATTENTION, to_tiles, 1)
CASE(assign_layout, "vector", layers_edge, EDGE_VECTOR, to_tiles, 0)
CASE(assign_layout, "weight", layers_edge, EDGE_WEIGHT, to_tiles, 0)
CASE(assign_layout, "bias", layers_edge, EDGE_BIAS, to_tiles, 0)
CASE(assign_layout, "no_layer", layers_edge, EDGE_NO_LAYER, to_tiles, 0)
};
const int npass_cases = COUNT(pass_cases);
