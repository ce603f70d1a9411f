/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of ONNX nodes.  One table says for every op which attributes it
 * may have in any opset and what becomes of each.
 */
#include "ir/onnx/node.h"

#include "ir/onnx/onnx.pb-c.h"

#include <stdio.h>
#include <string.h>

enum kind {
	INT,            /* kept when it is not the default, arg */
	FLOAT,
	INTS,           /* kept */
	ALWAYS,         /* an int that must be there */
	GIVEN,          /* an int without default, kept */
	TO_INTS,        /* becomes input number arg: an int64 vector, */
	TO_INT,         /* one of a single int, */
	TO_FLOATS,      /* an f32 vector */
	TO_FLOAT,       /* or an f32 scalar */
	WORD,           /* kept as its number in the table below, not if 0 */
	DROP,           /* without meaning here */
	OWN,            /* see onnx_own.c */
};

static const struct rule {
	enum brn_op op;
	const char *attr;
	enum kind kind;
	double arg;
} rules[] = {
	{ BRN_OP_constant,          "value",                 OWN,      0 },
	{ BRN_OP_constant,          "sparse_value",          OWN,      0 },
	{ BRN_OP_constant,          "value_float",           OWN,      0 },
	{ BRN_OP_constant,          "value_floats",          OWN,      0 },
	{ BRN_OP_constant,          "value_int",             OWN,      0 },
	{ BRN_OP_constant,          "value_ints",            OWN,      0 },
	{ BRN_OP_constant,          "value_string",          OWN,      0 },
	{ BRN_OP_constant,          "value_strings",         OWN,      0 },
	{ BRN_OP_gemm,              "alpha",                 FLOAT,    1 },
	{ BRN_OP_gemm,              "beta",                  FLOAT,    1 },
	{ BRN_OP_gemm,              "transA",                INT,      0 },
	{ BRN_OP_gemm,              "transB",                INT,      0 },
	{ BRN_OP_layer_norm,        "axis",                  INT,      -1 },
	{ BRN_OP_layer_norm,        "epsilon",               FLOAT,    1e-5 },
	{ BRN_OP_layer_norm,        "stash_type",            DROP,     0 },
	{ BRN_OP_softmax,           "axis",                  OWN,      0 },
	{ BRN_OP_gelu,              "approximate",           OWN,      0 },
	{ BRN_OP_cast,              "to",                    OWN,      0 },
	{ BRN_OP_cast,              "saturate",              DROP,     0 },
	{ BRN_OP_clip,              "min",                   TO_FLOAT, 1 },
	{ BRN_OP_clip,              "max",                   TO_FLOAT, 2 },
	{ BRN_OP_reduce_mean,       "axes",                  TO_INTS,  1 },
	{ BRN_OP_reduce_mean,       "keepdims",              INT,      1 },
	{ BRN_OP_reduce_mean,       "noop_with_empty_axes",  INT,      0 },
	{ BRN_OP_reduce_sum,        "axes",                  TO_INTS,  1 },
	{ BRN_OP_reduce_sum,        "keepdims",              INT,      1 },
	{ BRN_OP_reduce_sum,        "noop_with_empty_axes",  INT,      0 },
	{ BRN_OP_reduce_max,        "axes",                  TO_INTS,  1 },
	{ BRN_OP_reduce_max,        "keepdims",              INT,      1 },
	{ BRN_OP_reduce_max,        "noop_with_empty_axes",  INT,      0 },
	{ BRN_OP_reduce_min,        "axes",                  TO_INTS,  1 },
	{ BRN_OP_reduce_min,        "keepdims",              INT,      1 },
	{ BRN_OP_reduce_min,        "noop_with_empty_axes",  INT,      0 },
	{ BRN_OP_cumsum,            "exclusive",             INT,      0 },
	{ BRN_OP_cumsum,            "reverse",               INT,      0 },
	{ BRN_OP_dropout,           "ratio",                 DROP,     0 },
	{ BRN_OP_dropout,           "seed",                  DROP,     0 },
	{ BRN_OP_reshape,           "allowzero",             INT,      0 },
	{ BRN_OP_reshape,           "shape",                 TO_INTS,  1 },
	{ BRN_OP_flatten,           "axis",                  INT,      1 },
	{ BRN_OP_squeeze,           "axes",                  TO_INTS,  1 },
	{ BRN_OP_unsqueeze,         "axes",                  TO_INTS,  1 },
	{ BRN_OP_transpose,         "perm",                  INTS,     0 },
	{ BRN_OP_concat,            "axis",                  ALWAYS,   0 },
	{ BRN_OP_split,             "axis",                  INT,      0 },
	{ BRN_OP_split,             "split",                 TO_INTS,  1 },
	{ BRN_OP_split,             "num_outputs",           OWN,      0 },
	{ BRN_OP_slice,             "starts",                TO_INTS,  1 },
	{ BRN_OP_slice,             "ends",                  TO_INTS,  2 },
	{ BRN_OP_slice,             "axes",                  TO_INTS,  3 },
	{ BRN_OP_gather,            "axis",                  INT,      0 },
	{ BRN_OP_shape,             "start",                 INT,      0 },
	{ BRN_OP_shape,             "end",                   GIVEN,    0 },
	{ BRN_OP_celu,             "alpha", FLOAT, 1 },
	{ BRN_OP_elu,              "alpha", FLOAT, 1 },
	{ BRN_OP_hard_sigmoid,     "alpha", FLOAT, 0.2 },
	{ BRN_OP_hard_sigmoid,     "beta", FLOAT, 0.5 },
	{ BRN_OP_isinf,            "detect_negative", INT, 1 },
	{ BRN_OP_isinf,            "detect_positive", INT, 1 },
	{ BRN_OP_leaky_relu,       "alpha", FLOAT, 0.01 },
	{ BRN_OP_selu,             "alpha", FLOAT, 1.67326319217681885 },
	{ BRN_OP_selu,             "gamma", FLOAT, 1.05070102214813232 },
	{ BRN_OP_shrink,           "lambd", FLOAT, 0.5 },
	{ BRN_OP_shrink,           "bias", FLOAT, 0 },
	{ BRN_OP_swish,            "alpha", FLOAT, 1 },
	{ BRN_OP_thresholded_relu, "alpha", FLOAT, 1 },
	{ BRN_OP_cast_like,        "saturate", DROP, 0 },
	{ BRN_OP_cast_like,        "round_mode", DROP, 0 },
	{ BRN_OP_cast,             "round_mode", DROP, 0 },
	{ BRN_OP_mod,              "fmod", INT, 0 },
	{ BRN_OP_bit_shift,        "direction", WORD, 0 },
	{ BRN_OP_reduce_prod,      "axes", TO_INTS, 1 },
	{ BRN_OP_reduce_prod,      "keepdims", INT, 1 },
	{ BRN_OP_reduce_prod,      "noop_with_empty_axes", INT, 0 },
	{ BRN_OP_reduce_l1,        "axes", TO_INTS, 1 },
	{ BRN_OP_reduce_l1,        "keepdims", INT, 1 },
	{ BRN_OP_reduce_l1,        "noop_with_empty_axes", INT, 0 },
	{ BRN_OP_reduce_l2,        "axes", TO_INTS, 1 },
	{ BRN_OP_reduce_l2,        "keepdims", INT, 1 },
	{ BRN_OP_reduce_l2,        "noop_with_empty_axes", INT, 0 },
	{ BRN_OP_reduce_log_sum,   "axes", TO_INTS, 1 },
	{ BRN_OP_reduce_log_sum,   "keepdims", INT, 1 },
	{ BRN_OP_reduce_log_sum,   "noop_with_empty_axes", INT, 0 },
	{ BRN_OP_reduce_log_sum_exp, "axes", TO_INTS, 1 },
	{ BRN_OP_reduce_log_sum_exp, "keepdims", INT, 1 },
	{ BRN_OP_reduce_log_sum_exp, "noop_with_empty_axes", INT, 0 },
	{ BRN_OP_reduce_sum_square, "axes", TO_INTS, 1 },
	{ BRN_OP_reduce_sum_square, "keepdims", INT, 1 },
	{ BRN_OP_reduce_sum_square, "noop_with_empty_axes", INT, 0 },
	{ BRN_OP_argmax,           "axis", INT, 0 },
	{ BRN_OP_argmax,           "keepdims", INT, 1 },
	{ BRN_OP_argmax,           "select_last_index", INT, 0 },
	{ BRN_OP_argmin,           "axis", INT, 0 },
	{ BRN_OP_argmin,           "keepdims", INT, 1 },
	{ BRN_OP_argmin,           "select_last_index", INT, 0 },
	{ BRN_OP_log_softmax,      "axis", OWN, 0 },
	{ BRN_OP_hardmax,          "axis", OWN, 0 },
	{ BRN_OP_rms_norm,         "axis", INT, -1 },
	{ BRN_OP_rms_norm,         "epsilon", FLOAT, 1e-5 },
	{ BRN_OP_rms_norm,         "stash_type", DROP, 0 },
	{ BRN_OP_group_norm,       "num_groups", ALWAYS, 0 },
	{ BRN_OP_group_norm,       "epsilon", FLOAT, 1e-5 },
	{ BRN_OP_group_norm,       "stash_type", DROP, 0 },
	{ BRN_OP_mvn,              "axes", INTS, 0 },
	{ BRN_OP_nll_loss,         "reduction", WORD, 0 },
	{ BRN_OP_nll_loss,         "ignore_index", GIVEN, 0 },
	{ BRN_OP_sce_loss,         "reduction", WORD, 0 },
	{ BRN_OP_sce_loss,         "ignore_index", GIVEN, 0 },
	{ BRN_OP_einsum,           "equation", OWN, 0 },
	{ BRN_OP_gather_elements,  "axis", INT, 0 },
	{ BRN_OP_gather_nd,        "batch_dims", INT, 0 },
	{ BRN_OP_scatter_elements, "axis", INT, 0 },
	{ BRN_OP_scatter_elements, "reduction", WORD, 0 },
	{ BRN_OP_scatter_nd,       "reduction", WORD, 0 },
	{ BRN_OP_trilu,            "upper", INT, 1 },
	{ BRN_OP_one_hot,          "axis", INT, -1 },
	{ BRN_OP_eye_like,         "dtype", OWN, 0 },
	{ BRN_OP_eye_like,         "k", INT, 0 },
	{ BRN_OP_reverse_sequence, "batch_axis", INT, 1 },
	{ BRN_OP_reverse_sequence, "time_axis", INT, 0 },
	{ BRN_OP_top_k,            "axis", INT, -1 },
	{ BRN_OP_top_k,            "k", TO_INT, 1 },
	{ BRN_OP_top_k,            "largest", INT, 1 },
	{ BRN_OP_top_k,            "sorted", DROP, 0 },
	{ BRN_OP_compress,         "axis", GIVEN, 0 },
	{ BRN_OP_gemm,             "broadcast", DROP, 0 },
	{ BRN_OP_dropout,          "is_test", DROP, 0 },
	{ BRN_OP_add,              "broadcast", DROP, 0 },
	{ BRN_OP_sub,              "broadcast", DROP, 0 },
	{ BRN_OP_mul,              "broadcast", DROP, 0 },
	{ BRN_OP_div,              "broadcast", DROP, 0 },
	{ BRN_OP_pow,              "broadcast", DROP, 0 },
	{ BRN_OP_and,              "broadcast", DROP, 0 },
	{ BRN_OP_or,               "broadcast", DROP, 0 },
	{ BRN_OP_xor,              "broadcast", DROP, 0 },
	{ BRN_OP_equal,            "broadcast", DROP, 0 },
	{ BRN_OP_greater,          "broadcast", DROP, 0 },
	{ BRN_OP_less,             "broadcast", DROP, 0 },
	{ BRN_OP_mha,              "is_causal", INT, 0 },
	{ BRN_OP_mha,              "kv_num_heads", INT, 0 },
	{ BRN_OP_mha,              "q_num_heads", INT, 0 },
	{ BRN_OP_mha,              "qk_matmul_output_mode", DROP, 0 },
	{ BRN_OP_mha,              "scale", FLOAT, 0 },
	{ BRN_OP_mha,              "softcap", FLOAT, 0 },
	{ BRN_OP_mha,              "softmax_precision", DROP, 0 },
	{ BRN_OP_rotary,           "interleaved", INT, 0 },
	{ BRN_OP_rotary,           "num_heads", INT, 0 },
	{ BRN_OP_rotary,           "rotary_embedding_dim", INT, 0 },
	{ BRN_OP_constant_of_shape, "value",                 OWN,      0 },
	{ BRN_OP_conv,               "auto_pad",              OWN,      0 },
	{ BRN_OP_conv,               "kernel_shape",          DROP,     0 },
	{ BRN_OP_conv,               "strides",               INTS,     0 },
	{ BRN_OP_conv,               "dilations",             INTS,     0 },
	{ BRN_OP_conv,               "pads",                  INTS,     0 },
	{ BRN_OP_conv,               "group",                 INT,      1 },
	{ BRN_OP_conv_transpose,     "auto_pad",              OWN,      0 },
	{ BRN_OP_conv_transpose,     "kernel_shape",          DROP,     0 },
	{ BRN_OP_conv_transpose,     "strides",               INTS,     0 },
	{ BRN_OP_conv_transpose,     "dilations",             INTS,     0 },
	{ BRN_OP_conv_transpose,     "pads",                  INTS,     0 },
	{ BRN_OP_conv_transpose,     "group",                 INT,      1 },
	{ BRN_OP_max_pool,           "auto_pad",              OWN,      0 },
	{ BRN_OP_max_pool,           "kernel_shape",          INTS,     0 },
	{ BRN_OP_max_pool,           "strides",               INTS,     0 },
	{ BRN_OP_max_pool,           "dilations",             INTS,     0 },
	{ BRN_OP_max_pool,           "pads",                  INTS,     0 },
	{ BRN_OP_max_pool,           "ceil_mode",             INT,      0 },
	{ BRN_OP_average_pool,       "auto_pad",              OWN,      0 },
	{ BRN_OP_average_pool,       "kernel_shape",          INTS,     0 },
	{ BRN_OP_average_pool,       "strides",               INTS,     0 },
	{ BRN_OP_average_pool,       "dilations",             INTS,     0 },
	{ BRN_OP_average_pool,       "pads",                  INTS,     0 },
	{ BRN_OP_average_pool,       "ceil_mode",             INT,      0 },
	{ BRN_OP_lp_pool,            "auto_pad",              OWN,      0 },
	{ BRN_OP_lp_pool,            "kernel_shape",          INTS,     0 },
	{ BRN_OP_lp_pool,            "strides",               INTS,     0 },
	{ BRN_OP_lp_pool,            "dilations",             INTS,     0 },
	{ BRN_OP_lp_pool,            "pads",                  INTS,     0 },
	{ BRN_OP_lp_pool,            "ceil_mode",             INT,      0 },
	{ BRN_OP_conv_transpose,     "output_padding",        INTS,     0 },
	{ BRN_OP_conv_transpose,     "output_shape",          INTS,     0 },
	{ BRN_OP_max_pool,           "storage_order",         INT,      0 },
	{ BRN_OP_average_pool,       "count_include_pad",     INT,      0 },
	{ BRN_OP_lp_pool,            "p",                     INT,      2 },
	{ BRN_OP_global_lp_pool,     "p",                     INT,      2 },
	{ BRN_OP_batch_norm,         "epsilon",               FLOAT,    1e-5 },
	{ BRN_OP_batch_norm,         "momentum",              DROP,     0 },
	{ BRN_OP_batch_norm,         "training_mode",         INT,      0 },
	{ BRN_OP_batch_norm,         "is_test",               DROP,     0 },
	{ BRN_OP_batch_norm,         "spatial",               OWN,      0 },
	{ BRN_OP_instance_norm,      "epsilon",               FLOAT,    1e-5 },
	{ BRN_OP_lrn,                "size",                  ALWAYS,   0 },
	{ BRN_OP_lrn,                "alpha",                 FLOAT,    1e-4 },
	{ BRN_OP_lrn,                "beta",                  FLOAT,    0.75 },
	{ BRN_OP_lrn,                "bias",                  FLOAT,    1 },
	{ BRN_OP_resize,             "mode",                  OWN,      0 },
	{ BRN_OP_resize, "coordinate_transformation_mode", OWN, 0 },
	{ BRN_OP_resize,             "nearest_mode",          OWN,      0 },
	{ BRN_OP_resize, "cubic_coeff_a", FLOAT, -0.75 },
	{ BRN_OP_resize,             "exclude_outside",       INT,      0 },
	{ BRN_OP_resize,             "extrapolation_value",   FLOAT,    0 },
	{ BRN_OP_resize,             "axes",                  INTS,     0 },
	{ BRN_OP_resize,             "scales",                TO_FLOATS, 2 },
	{ BRN_OP_resize,             "antialias",             INT,      0 },
	{ BRN_OP_resize,             "keep_aspect_ratio_policy", OWN,      0 },
	{ BRN_OP_depth_to_space,     "blocksize",             ALWAYS,   0 },
	{ BRN_OP_depth_to_space,     "mode",                  OWN,      0 },
	{ BRN_OP_space_to_depth,     "blocksize",             ALWAYS,   0 },
	{ BRN_OP_pad,                "mode",                  OWN,      0 },
	{ BRN_OP_pad,                "pads",                  TO_INTS,  1 },
	{ BRN_OP_pad,                "paddings",              TO_INTS,  1 },
	{ BRN_OP_pad,                "value",                 TO_FLOAT, 2 },
	{ BRN_OP_quantize_linear,   "axis",                  INT,      1 },
	{ BRN_OP_quantize_linear,   "block_size",            INT,      0 },
	{ BRN_OP_quantize_linear,   "output_dtype",          INT,      0 },
	{ BRN_OP_quantize_linear,   "precision",             DROP,     0 },
	{ BRN_OP_quantize_linear,   "saturate",              DROP,     0 },
	{ BRN_OP_dequantize_linear, "axis",                  INT,      1 },
	{ BRN_OP_dequantize_linear, "block_size",            INT,      0 },
	{ BRN_OP_dequantize_linear, "output_dtype",          DROP,     0 },
};

static const struct words {
	const char *attr;
	enum brn_op op;
	const char *all[8];
} words[] = {
	{ "direction", BRN_OP_bit_shift, { "RIGHT", "LEFT" } },
	{ "reduction", BRN_OP_nll_loss, { "mean", "sum", "none" } },
	{ "reduction", BRN_OP_sce_loss, { "mean", "sum", "none" } },
	{ "reduction", BRN_OP_scatter_elements,
	  { "none", "add", "mul", "max", "min" } },
	{ "reduction", BRN_OP_scatter_nd,
	  { "none", "add", "mul", "max", "min" } },
};

int
brn_onnx_bad(const struct brn_onnx_call *c, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return brn_fail(c->im->err, BURIN_EFORMAT, "%s: node '%s' (%s): %s",
	    c->im->src.file, c->name, c->np->op_type, what);
}

static const char *
type_name(int type)
{
	switch (type) {
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
		return "an int";
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
		return "a float";
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
		return "a string";
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
		return "ints";
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
		return "floats";
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
		return "a tensor";
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH:
		return "a graph";
	default:
		return "a sparse tensor";
	}
}

/* Whether a has the value that its type says.  Writers may leave out zeros,
 * and very old ones the type.  */
static int
is_type(const struct Onnx__AttributeProto *a, int type)
{
	int typed = a->has_type && a->type;

	if (typed && (int)a->type != type)
		return 0;
	switch (type) {
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
		return typed || a->has_i;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
		return typed || a->has_f;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
		return typed || a->has_s;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
		return typed || a->n_ints;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
		return typed || a->n_floats;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
		return a->t != NULL;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH:
		return a->g != NULL;
	default:
		return a->sparse_tensor != NULL;
	}
}

int
brn_onnx_attr(const struct brn_onnx_call *c, const char *name, int type,
    struct Onnx__AttributeProto **out)
{
	for (size_t i = 0; i < c->np->n_attribute; i++) {
		struct Onnx__AttributeProto *a = c->np->attribute[i];

		if (!a->name || strcmp(a->name, name))
			continue;
		if (a->ref_attr_name || !is_type(a, type))
			return brn_onnx_bad(c, "attribute '%s' is not %s",
			    name, type_name(type));
		*out = a;
		return 1;
	}
	return 0;
}

/* The AttributeProto.AttributeType of a kind, 0 for several.  */
static const int type_of[] = {
	[FLOAT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT,
	[TO_FLOAT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT,
	[TO_FLOATS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS,
	[INT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
	[ALWAYS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
	[GIVEN] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
	[TO_INT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
	[INTS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS,
	[TO_INTS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS,
	[OWN] = 0,
};

const char *
brn_onnx_attr_of(enum brn_op op, int i, int *type)
{
	for (int k = 0; k < BRN_COUNT(rules); k++)
		if (rules[k].op == op && i-- == 0) {
			*type = type_of[rules[k].kind];
			return rules[k].attr;
		}
	return NULL;
}

/* Opset 1 lists which inputs an operator may overwrite.  */
static int
has_rule(enum brn_op op, const char *attr)
{
	if (!strcmp(attr, "consumed_inputs"))
		return 1;
	for (int i = 0; i < BRN_COUNT(rules); i++)
		if (rules[i].op == op && !strcmp(rules[i].attr, attr))
			return 1;
	return 0;
}

int
brn_onnx_attrs_check(const struct brn_onnx_call *c)
{
	for (size_t i = 0; i < c->np->n_attribute; i++) {
		const char *name = c->np->attribute[i]->name;

		if (!name || !has_rule(c->op, name))
			return brn_onnx_bad(c, "unknown attribute '%s'",
			    name ? name : "");
	}
	return 0;
}

static struct brn_node *
constant_of(struct brn_onnx_call *c, const struct rule *r,
    const struct Onnx__AttributeProto *a)
{
	struct brn_graph *g = c->im->g;
	struct brn_type scalar = { BURIN_F32, 0, { 0 } };
	const char *name = brn_arena_printf(g->arena, "%s.%s", c->name,
	    r->attr);

	if (!name)
		return NULL;
	if (r->kind == TO_FLOAT)
		return brn_graph_constant(g, name, &scalar, &a->f);
	if (r->kind == TO_FLOATS)
		return brn_graph_constant(g, name, &(struct brn_type){
		    BURIN_F32, 1, { (int64_t)a->n_floats } }, a->floats);
	if (r->kind == TO_INT)
		return brn_graph_ints(g, name, &a->i, 1);
	return brn_graph_ints(g, name, a->ints, (int)a->n_ints);
}

static int
to_input(struct brn_onnx_call *c, const struct rule *r)
{
	struct Onnx__AttributeProto *a;
	int slot = (int)r->arg;
	int rc = brn_onnx_attr(c, r->attr, type_of[r->kind], &a);

	if (rc <= 0)
		return rc;
	if (c->in[slot])
		return brn_onnx_bad(c,
		    "'%s' is given as an attribute and as an input", r->attr);
	c->in[slot] = constant_of(c, r, a);
	if (!c->in[slot])
		return brn_nomem(c->im->err);
	if (c->nin <= slot)
		c->nin = slot + 1;
	return 0;
}

int
brn_onnx_attrs_to_inputs(struct brn_onnx_call *c)
{
	int rc = 0;

	for (int i = 0; i < BRN_COUNT(rules) && rc == 0; i++)
		if (rules[i].op == c->op && rules[i].kind >= TO_INTS &&
		    rules[i].kind <= TO_FLOAT)
			rc = to_input(c, &rules[i]);
	return rc;
}

static int
copy_int(struct brn_onnx_call *c, const struct rule *r)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, r->attr,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, &a);

	if (rc == 0 && r->kind == ALWAYS)
		return brn_onnx_bad(c, "attribute '%s' is missing", r->attr);
	if (rc <= 0 || (r->kind == INT && a->i == (int64_t)r->arg))
		return rc < 0 ? rc : 0;
	if (brn_attr_set_int(c->im->g, c->node, r->attr, a->i) < 0)
		return brn_nomem(c->im->err);
	return 0;
}

static int
copy_float(struct brn_onnx_call *c, const struct rule *r)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, r->attr,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT, &a);

	if (rc <= 0 || a->f == (float)r->arg)
		return rc < 0 ? rc : 0;
	if (brn_attr_set_float(c->im->g, c->node, r->attr, a->f) < 0)
		return brn_nomem(c->im->err);
	return 0;
}

static int
copy_ints(struct brn_onnx_call *c, const struct rule *r)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, r->attr,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS, &a);

	if (rc <= 0)
		return rc;
	if (brn_attr_set_ints(c->im->g, c->node, r->attr, a->ints,
	    (int)a->n_ints) < 0)
		return brn_nomem(c->im->err);
	return 0;
}

/* Attribute a of c as its number among the words it may be, or -1.  */
static int
word_of(const struct brn_onnx_call *c, const struct rule *r,
    const struct Onnx__AttributeProto *a)
{
	const struct words *w = words;

	while (w->op != c->op || strcmp(w->attr, r->attr))
		w++;
	for (int i = 0; i < BRN_COUNT(w->all) && w->all[i]; i++)
		if (strlen(w->all[i]) == a->s.len &&
		    !memcmp(w->all[i], a->s.data, a->s.len))
			return i;
	return -1;
}

static int
copy_word(struct brn_onnx_call *c, const struct rule *r)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, r->attr,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING, &a), word;

	if (rc <= 0)
		return rc;
	word = word_of(c, r, a);
	if (word < 0)
		return brn_onnx_bad(c, "attribute '%s' is '%.*s', which it "
		    "cannot be", r->attr, (int)(a->s.len < 64 ? a->s.len : 64),
		    (const char *)a->s.data);
	if (word && brn_attr_set_int(c->im->g, c->node, r->attr, word) < 0)
		return brn_nomem(c->im->err);
	return 0;
}

int
brn_onnx_attrs_copy(struct brn_onnx_call *c)
{
	int rc = 0;

	for (int i = 0; i < BRN_COUNT(rules) && rc == 0; i++) {
		const struct rule *r = &rules[i];

		if (r->op != c->op)
			continue;
		if (r->kind == FLOAT)
			rc = copy_float(c, r);
		else if (r->kind == INTS)
			rc = copy_ints(c, r);
		else if (r->kind == WORD)
			rc = copy_word(c, r);
		else if (r->kind == INT || r->kind == ALWAYS ||
		    r->kind == GIVEN)
			rc = copy_int(c, r);
	}
	return rc;
}
