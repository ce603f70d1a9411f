/* SPDX-License-Identifier: Apache-2.0
 *
 * Native forms of ops with attributes against their refs, on every instruction
 * set that this machine runs, one thread and several: all cases of check_ops,
 * and larger ones with edges of their own.
 */
#include "ir/graph/iter.h"
#include "ir/op/infer.h"
#include "ir/op/ref.h"
#include "tests/support/form.h"
#include "tests/support/op_cases.h"
#include "tests/support/text.h"

/* An input without numbers is filled.  rel is the largest error, relative to
 * 1 + |wanted|.  */
struct form {
	enum brn_op op;
	const char *attr;
	const char *in[OP_CASE_INPUTS];
	double rel;
	int declined;                   /* left to the ref */
};

#define OP(name) BRN_OP_##name
static const struct form forms[] = {
	/* Twice as large: to the nearest, in between, cubic. */
	{ OP(resize), "coordinates=3 nearest=2",
	  { "f32[2,3,5,17]", "_", "f32[4] 1 1 2 2" }, 0 },
	{ OP(resize), "", { "f32[1,2,9,16]", "_", "f32[4] 1 1 2 2" }, 0 },
	{ OP(resize), "mode=1", { "f32[1,2,9,33]", "_", "f32[4] 1 1 2 2" },
	  1e-6 },
	{ OP(resize), "mode=1 coordinates=2",
	  { "f32[1,2,7,6]", "_", "_", "i64[4] 1 2 13 11" }, 1e-6 },
	{ OP(resize), "mode=2", { "f32[1,2,6,7]", "_", "f32[4] 1 1 2 3" },
	  1e-6 },
	/* Other sizes, one axis, one element, all threads on one plane. */
	{ OP(resize), "mode=1 coordinates=1",
	  { "f32[1,3,7,19]", "_", "_", "i64[4] 1 3 1 50" }, 1e-6 },
	{ OP(resize), "", { "f32[1,1,40,40]", "_", "_", "i64[4] 1 1 17 90" },
	  0 },
	{ OP(resize), "mode=1", { "f32[2,3,9]", "_", "f32[3] 1 1 0.5" }, 1e-6 },
	{ OP(resize), "mode=1", { "f32[5]", "_", "f32[1] 2.6" }, 1e-6 },
	{ OP(resize), "", { "f32[1,1]", "_", "f32[2] 3 5" }, 0 },
	{ OP(resize), "mode=1", { "f32[2,4,3,3]", "_", "f32[4] 1 2 1 1" }, 0,
	  .declined = 1 },
	{ OP(resize), "mode=1 coordinates=5 extrapolation_value=9f",
	  { "f32[1,4]", "f32[4] 0 0.5 1 1.5", "_", "i64[2] 1 3" }, 0,
	  .declined = 1 },

	/* Rounding and a table, a vector, an operand like x; rows longer than
	 * a block, and rows taken together. */
	{ OP(chain), "steps=0,2,1,3,0", { "f32[3,17,40]", "f32[2] 0.05 128",
	  "f32[40]", "f32[258]", "f32[3,17,40]", "f32[2] 0.01 7" }, 0 },
	{ OP(chain), "steps=4,0", { "f32[5,1300]", "f32[1300]",
	  "f32[2] 1e-3 255" }, 0 },
	{ OP(chain), "steps=1,5,0", { "f32[7,300]", "f32[258]", "f32[] 3",
	  "f32[2] 0.01 100" }, 0 },
	{ OP(chain), "steps=0,", { "f32[3,5]", "f32[2] 1e-40 0" }, 0 },

	{ OP(conv_transpose), "strides=2,2 pads=1,1,1,1",
	  { "f32[2,3,7,9]", "f32[3,5,4,4]", "f32[5]" }, 1e-5 },
	{ OP(conv_transpose), "group=4 strides=3,2 dilations=2,1 "
	  "output_padding=1,0", { "f32[1,4,5,6]", "f32[4,2,3,3]" }, 1e-5 },
	{ OP(conv_transpose), "strides=2,1 pads=0,3,0,2",
	  { "f32[1,2,4,9]", "f32[2,3,2,5]" }, 1e-5 },
	{ OP(conv_transpose), "strides=2, auto_pad=2",
	  { "f32[1,2,70]", "f32[2,3,3]" }, 1e-5 },
	{ OP(conv_transpose), "strides=2,1,2 pads=1,0,1,0,1,1 group=2",
	  { "f32[1,2,3,4,5]", "f32[2,3,2,3,2]" }, 1e-5 },
	{ OP(conv_transpose), "", { "f32[1,2,2,2,2,3]", "f32[2,1,2,2,2,2]" },
	  0, .declined = 1 },
	{ OP(fold_taps), "kernel_shape=2,2 strides=2,2",
	  { "f32[2,12,9,17]", "f32[3]" }, 0 },
	{ OP(fold_taps), "kernel_shape=3,2 strides=3,2", { "f32[1,6,5,4]" },
	  0 },
	{ OP(fold_taps), "kernel_shape=3,3 strides=2,2 pads=1,1,1,1 "
	  "output_padding=1,1", { "f32[1,18,8,19]", "f32[2]" }, 1e-6 },
	{ OP(fold_taps), "kernel_shape=3, dilations=2,", { "f32[1,6,40]" },
	  1e-6 },
	{ OP(max_pool), "kernel_shape=3,3 strides=2,2 pads=1,1,1,1 index=1",
	  { "f32[2,3,11,9]" }, 0 },
	{ OP(max_pool), "kernel_shape=2,2 index=1 storage_order=1",
	  { "f32[1,1,5,4]" }, 0, .declined = 1 },

	{ OP(global_max_pool), "", { "f32[2,3,17,5]" }, 0 },
	{ OP(global_max_pool), "", { "f32[1,70,300]" }, 0 },
	{ OP(global_max_pool), "", { "f32[3,4]" }, 0 },
	{ OP(instance_norm), "epsilon=0.01f",
	  { "f32[2,3,17,5]", "f32[3]", "f32[3]" }, 1e-5 },
	{ OP(instance_norm), "", { "f32[1,2,90,101]", "f32[2]", "f32[2]" },
	  1e-5 },
	{ OP(lrn), "size=5 alpha=0.02f", { "f32[2,7,9,31]" }, 1e-5 },
	{ OP(lrn), "size=4 beta=0.6f bias=2f", { "f32[1,3,300]" }, 1e-5 },

	{ OP(pad), "", { "f32[2,3,5,17]", "i64[8] 0 1 1 2 0 0 3 1",
	  "f32[] 7" }, 0 },
	{ OP(pad), "", { "f32[3,60,110]", "i64[6] 0 -2 1 1 3 -40" }, 0 },
	{ OP(pad), "", { "f32[3,4]", "i64[4] 0 -9 0 7" }, 0 },
	{ OP(pad), "mode=1", { "f32[2,4,9]", "i64[6] 0 3 2 1 2 8" }, 0 },
	{ OP(pad), "mode=2", { "u8[3,4]", "i64[4] 1 5 -1 2" }, 0 },
	{ OP(pad), "mode=3", { "i64[2,3]", "i64[4] 3 7 0 -1" }, 0 },
	{ OP(pad), "", { "i16[3,5]", "i64[4] 0 1 2 3", "i16[] -7" }, 0 },
	{ OP(depth_to_space), "blocksize=2", { "f32[2,12,5,17]" }, 0 },
	{ OP(depth_to_space), "blocksize=3 crd=1", { "f32[1,18,4,70]" }, 0 },
	{ OP(log_softmax), "", { "f32[3,70,117]" }, 1e-6 },
	{ OP(log_softmax), "axis=0", { "f32[3,4]" }, 1e-6 },
	{ OP(log_softmax), "axis=0 coerce2d=1", { "f32[3,4]" }, 0,
	  .declined = 1 },

	/* Keys in two parts, groups, tails of depth and of queries.  */
	{ OP(mha), "is_causal=1", { "f32[2,4,1,64]", "f32[2,2,1,64]",
	  "f32[2,2,1,64]", "_", "f32[2,2,0,64]", "f32[2,2,0,64]" }, 1e-5 },
	{ OP(mha), "is_causal=1", { "f32[2,4,3,64]", "f32[2,2,3,64]",
	  "f32[2,2,3,24]", "_", "f32[2,2,1,64]", "f32[2,2,1,24]" }, 1e-5 },
	{ OP(mha), "softcap=2f", { "f32[1,3,17,80]", "f32[1,3,17,80]",
	  "f32[1,3,17,17]", "f32[1,1,17,528]", "f32[1,3,511,80]",
	  "f32[1,3,511,17]" }, 1e-5 },
	{ OP(mha), "q_num_heads=6 kv_num_heads=2 is_causal=1 scale=0.3f",
	  { "f32[2,5,120]", "f32[2,5,40]", "f32[2,5,14]", "f32[2,1,1,71]",
	    "f32[2,2,66,20]", "f32[2,2,66,7]" }, 1e-5 },
	{ OP(mha), "index=1 q_num_heads=6 kv_num_heads=2",
	  { "f32[2,5,120]", "f32[2,5,40]", "f32[2,5,14]", "f32[2,1,1,71]",
	    "f32[2,2,66,20]", "f32[2,2,66,7]" }, 0 },
	{ OP(mha), "index=2", { "f32[1,900,1,8]", "f32[1,900,2,8]",
	  "f32[1,900,2,24]", "_", "f32[1,900,9,8]", "f32[1,900,9,24]" }, 0 },
	{ OP(mha), "", { "f32[1,2,9,5]", "f32[1,1,33,5]", "f32[1,1,33,3]" },
	  1e-5 },
	{ OP(mha), "left_window_size=6 is_causal=1",
	  { "f32[1,4,7,24]", "f32[1,2,7,24]", "f32[1,2,7,24]", "f32[7,40]",
	    "f32[1,2,33,24]", "f32[1,2,33,24]" }, 1e-5 },
	{ OP(mha), "left_window_size=3 right_window_size=9 softcap=2f",
	  { "f32[1,2,39,24]", "f32[1,2,19,24]", "f32[1,2,19,24]" }, 1e-5 },
	{ OP(mha), "left_window_size=2 is_causal=1",
	  { "f32[1,1,17,5]", "f32[1,1,17,5]", "f32[1,1,17,5]", "_", "_", "_",
	    "_", "_", "f32[1] 0.5" }, 1e-5 },
	/* Many queries: heads in one tile, keys 4 KB apart, masks. */
	{ OP(mha), "q_num_heads=32 kv_num_heads=16 is_causal=1",
	  { "f32[1,21,2048]", "f32[1,21,1024]", "f32[1,21,1024]", "_",
	    "f32[1,16,13,64]", "f32[1,16,13,64]" }, 1e-5 },
	{ OP(mha), "nan_to_zero=1", { "f32[2,2,16,6]", "f32[2,1,3,6]",
	  "f32[2,1,3,40]", "bool[16,1] 0 0 0 1 0 1 1 1 1 1 1 1 1 1 0 1" },
	  1e-5 },
	{ OP(mha), "", { "f32[1,2,18,6]", "f32[1,2,3,6]", "f32[1,2,3,40]",
	  "f32[18,1] -inf 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -inf 1 -inf" },
	  1e-5 },
	{ OP(mha), "is_causal=1", { "f32[2,4,19,20]", "f32[2,2,19,20]",
	  "f32[2,2,19,20]", "f32[2,1,1,25]", "f32[2,2,16,20]",
	  "f32[2,2,16,20]", "i32[2] 24 3", "_", "f32[4] 1 0 -3 2" }, 1e-5 },
	{ OP(mha), "", { "f32[1,1,16,6]", "f32[1,1,0,6]", "f32[1,1,0,4]" },
	  1e-5 },
	/* Sequences of several lengths in a buffer, a prompt that is padded. */
	{ OP(mha), "is_causal=1 left_window_size=5",
	  { "f32[3,4,2,20]", "f32[3,2,2,20]", "f32[3,2,2,20]",
	    "f32[3,1,2,11]", "f32[3,2,16,20]", "f32[3,2,16,20]",
	    "i32[3] 10 1 5", "_", "f32[4] 1 0 -3 2" }, 1e-5 },
	{ OP(mha), "is_causal=1", { "f32[2,4,9,20]", "f32[2,2,9,20]",
	  "f32[2,2,9,20]", "_", "f32[2,2,16,20]", "f32[2,2,16,20]",
	  "i32[2] 8 3" }, 1e-5 },
	{ OP(mha), "index=1", { "f32[2,4,9,20]", "f32[2,2,9,20]",
	  "f32[2,2,9,20]", "_", "f32[2,2,16,20]", "f32[2,2,16,20]",
	  "i32[2] 12 3", "i32[] 20" }, 0 },
	{ OP(mha), "", { "f32[1,1,2,1]", "f32[1,1,3,1]", "f32[1,1,3,1]",
	  "f32[2,3] -inf -inf -inf 0 -inf 1" }, 1e-5 },
	{ OP(mha), "nan_to_zero=1", { "f32[1,1,2,1]", "f32[1,1,3,1]",
	  "f32[1,1,3,1]", "bool[2,3] 0 0 0 1 0 1" }, 1e-5 },

	{ OP(rms_norm), "epsilon=0.01f", { "f32[2,3,77]", "f32[77]" }, 1e-5 },
	{ OP(rms_norm), "axis=1", { "f32[2,3,7]", "f32[3,7]" }, 1e-5 },
	{ OP(rms_norm), "axis=1", { "f32[2,3,7]", "f32[7]" }, 0,
	  .declined = 1 },
	{ OP(layer_norm), "axis=-2",
	  { "f32[5,3,17]", "f32[3,17]", "f32[3,17]" }, 1e-5 },
	{ OP(group_norm), "num_groups=2 epsilon=0.01f",
	  { "f32[2,6,5,7]", "f32[6]", "f32[6]" }, 1e-5 },
	{ OP(group_norm), "num_groups=3",
	  { "f32[2,6,5]", "f32[3]", "f32[3]" }, 1e-5 },
	{ OP(batch_norm), "", { "f32[9,3]", "f32[3]", "f32[3]", "f32[3]",
	  "f32[3] 1 0.5 2" }, 1e-5 },
	{ OP(mvn), "", { "f32[2,3,5,7]" }, 1e-5 },
	{ OP(mvn), "axes=0,2", { "f32[3,2,70]" }, 1e-5 },
	{ OP(mvn), "axes=1,", { "f32[3,2,70]" }, 0, .declined = 1 },

	/* Blocks of rows and columns, and what is left of both.  */
	{ OP(matmul), "", { "f32[2,7,5]", "f32[5,37]" }, 1e-5 },
	{ OP(matmul), "", { "f32[9,13]", "f32[13,3]" }, 1e-5 },
	{ OP(matmul), "", { "f32[13]", "f32[2,13,16]" }, 1e-5 },
	{ OP(matmul), "", { "f32[3,1,4,13]", "f32[2,13,1]" }, 1e-5 },
	{ OP(matmul), "", { "f32[2,5,13]", "f32[13]" }, 1e-5 },
	{ OP(matmul), "", { "i32[5,7]", "i32[7,50]" }, 0 },
	{ OP(matmul), "", { "i64[2,3]", "i64[3,2]" }, 0, .declined = 1 },
	{ OP(gemm), "transA=1 transB=1 alpha=2f beta=0.5f",
	  { "f32[9,6]", "f32[19,9]", "f32[19]" }, 1e-5 },
	{ OP(gemm), "transA=1 alpha=0.5f", { "f32[9,6]", "f32[9,19]" }, 1e-5 },
	{ OP(gemm), "transB=1", { "f32[6,9]", "f32[40,9]", "f32[6,1]" },
	  1e-5 },

	/* Lines along any axis, rows that are long, short and odd.  */
	{ OP(argmax), "axis=1", { "f32[3,77]" }, 0 },
	{ OP(argmax), "axis=1", { "f32[3,7,70]" }, 0 },
	{ OP(argmin), "axis=0 select_last_index=1", { "i64[40]" }, 0 },
	{ OP(argmax), "axis=1 select_last_index=1 keepdims=0",
	  { "i32[2,40,3]" }, 0 },
	{ OP(argmax), "axis=0", { "f32[40] 1 2 3 4 nan 5 6 7 8 9 1 2 3 4 5 6 "
	  "7 8 9 1 2 3 4 5 6 7 nan 8 9 1 2 3 4 5 6 7 8 9 1 2" }, 0 },
	{ OP(argmax), "axis=0", { "u8[2] 1 2" }, 0, .declined = 1 },
	{ OP(hardmax), "", { "f32[3,77]" }, 0 },
	{ OP(hardmax), "axis=1", { "f32[3,7,70]" }, 0 },
	{ OP(cumsum), "", { "f32[3,7,70]", "i64[] 1" }, 1e-6 },
	{ OP(cumsum), "reverse=1 exclusive=1", { "f32[3,70]", "i64[] -1" },
	  1e-6 },
	{ OP(cumsum), "exclusive=1", { "i32[5,3]", "i64[] 0" }, 0 },
	{ OP(reduce_log_sum_exp), "", { "f32[100,3]", "i64[1] 1" }, 1e-5 },
	{ OP(reduce_log_sum_exp), "", { "f32[3,5,70]", "i64[1] 1" }, 1e-5 },
	{ OP(reduce_log_sum_exp), "", { "f32[3,5,7]" }, 1e-5 },
	{ OP(reduce_log_sum_exp), "", { "f32[3,5,7]", "i64[2] 0 2" }, 0,
	  .declined = 1 },
	{ OP(reduce_sum), "", { "i64[30,3]", "i64[1] 1" }, 0 },
	{ OP(reduce_mean), "", { "i32[3,5,7]", "i64[1] 1" }, 0 },
	{ OP(reduce_max), "", { "i32[3,77]", "i64[1] 1" }, 0 },
	{ OP(reduce_prod), "", { "i64[2,3,4]", "i64[2] 0 2" }, 0 },

	/* Planes that are transposed, in blocks and with what is left.  */
	{ OP(transpose), "perm=1,0", { "u8[37,50]" }, 0 },
	{ OP(transpose), "perm=0,2,1", { "i16[3,17,33]" }, 0 },
	{ OP(transpose), "perm=2,0,1", { "f32[9,5,38]" }, 0 },
	{ OP(transpose), "perm=3,1,0,2", { "i64[3,5,7,9]" }, 0 },
	{ OP(transpose), "perm=0,2,1,3", { "f32[2,3,5,7]" }, 0 },
	{ OP(transpose), "perm=2,1,0", { "f32[1,1,1]" }, 0 },
	{ OP(transpose), "", { "u8[3,4,5]" }, 0 },

	{ OP(where), "", { "bool[3,1,5] 1 0 1 1 0 0 1 0 1 0 1 1 0 0 1",
	  "f32[4,1]", "f32[]" }, 0 },
	{ OP(where), "", { "bool[2,1] 1 0", "i16[5]", "i16[2,5]" }, 0 },
	{ OP(add), "", { "f32[2,1,3,1,5,7]", "f32[4,3,6,1,7]" }, 0 },
	{ OP(gather_elements), "axis=1",
	  { "f32[3,9]", "i64[2,4] 0 -9 8 3 1 2 -1 5" }, 0 },
	{ OP(gather_elements), "axis=0",
	  { "u8[3,4]", "i32[2,4] 0 -1 2 1 1 2 -3 0" }, 0 },
	{ OP(gather), "axis=1", { "u8[3,9]", "i32[2,2] 0 -9 8 3" }, 0 },
	{ OP(space_to_depth), "blocksize=2", { "f32[2,3,6,10]" }, 0 },
	{ OP(space_to_depth), "blocksize=3", { "f32[1,2,6,9]" }, 0 },
	{ OP(div), "", { "i64[7]", "i64[3,1] -1 3 -4" }, 0 },
	{ OP(mod), "", { "i32[7]", "i32[3,1] -1 3 -4" }, 0 },
	{ OP(clip), "", { "i32[37]", "i32[] -3", "_" }, 0 },
	{ OP(rotary), "", { "f32[2,3,5,40]", "f32[2,5,20]", "f32[2,5,20]" },
	  1e-6 },
	{ OP(rotary), "num_heads=3 rotary_embedding_dim=6",
	  { "f32[2,5,33]", "f32[2,5,3]", "f32[2,5,3]" }, 1e-6 },
	{ OP(rotary), "interleaved=1", { "f32[1,1,2,4]", "f32[1,2,2]",
	  "f32[1,2,2]" }, 0, .declined = 1 },

	{ OP(top_k), "", { "f32[3,1000]", "i64[1] 7" }, 0 },
	{ OP(top_k), "largest=0 index=1", { "f32[3,129]", "i64[1] 129" }, 0 },
	{ OP(top_k), "index=1",
	  { "f32[9] nan 0 -0 inf -inf nan 3 0 3", "i64[1] 9" }, 0 },
	{ OP(top_k), "index=1 largest=0",
	  { "f32[9] nan 0 -0 inf -inf nan 3 0 3", "i64[1] 9" }, 0 },
	{ OP(top_k), "axis=0", { "f32[3,4]", "i64[1] 2" }, 0 },
	{ OP(top_k), "axis=1 index=1 largest=0", { "f32[3,40,5]", "i64[1] 9" },
	  0 },
	{ OP(top_k), "", { "i32[3,4]", "i64[1] 2" }, 0, .declined = 1 },
	{ OP(scatter_nd), "",
	  { "f32[4,5,6]", "i64[3,1] 1 -1 1", "f32[3,5,6]" }, 0 },
	{ OP(scatter_nd), "reduction=1",
	  { "f32[4,5]", "i64[3,2] 1 2 -1 -5 1 2", "f32[3]" }, 1e-6 },
	{ OP(scatter_elements), "axis=1",
	  { "f32[3,5]", "i64[2,3] 1 4 -5 0 2 1", "f32[2,3]" }, 0 },
	{ OP(scatter_elements), "axis=0 reduction=1",
	  { "f32[3,2]", "i64[4,1] 1 1 -1 0", "f32[4,1]" }, 1e-6 },
};
#undef OP

struct setup {
	struct brn_graph *g;
	struct brn_node *n;
	struct brn_tensor in[OP_CASE_INPUTS], want, got;
	const struct brn_tensor *pin[OP_CASE_INPUTS];
};

static struct brn_tensor
input(struct brn_graph *g, const char *text, int i)
{
	struct brn_tensor t = { 0 };

	if (text[strlen(text) - 1] != ']')
		return *text_tensor(g, text);
	t.type = text_type(g, &text);
	t.data = brn_arena_alloc(g->arena, (size_t)brn_numel(&t) + 1,
	    brn_dtype_size(t.type.dtype));
	if (t.type.dtype == BURIN_F32)
		suite_fill(t.data, brn_numel(&t), 5 + (uint64_t)i);
	else
		for (int64_t k = 0; k < brn_numel(&t); k++)
			brn_set_int(&t, k, (k * 37 + i) % 23 - 11);
	return t;
}

/* The ref's answer, or its error.  */
static int
setup(struct setup *s, const struct form *f)
{
	struct brn_node *in[OP_CASE_INPUTS] = { NULL };
	struct brn_shapes *shapes;
	burin_error err;
	int nin = 0, rc;

	*s = (struct setup){ .g = brn_graph_new() };
	for (; nin < OP_CASE_INPUTS && f->in[nin]; nin++) {
		if (!strcmp(f->in[nin], "_"))
			continue;
		s->in[nin] = input(s->g, f->in[nin], nin);
		s->pin[nin] = &s->in[nin];
		in[nin] = brn_graph_constant(s->g, "c", &s->in[nin].type,
		    s->in[nin].data);
	}
	s->n = brn_graph_add(s->g, f->op, "it", in, nin);
	text_attrs(s->g, s->n, f->attr);
	if ((rc = brn_infer(s->g, NULL, &shapes, &err)) < 0)
		return rc;
	s->want.type = s->got.type = shapes->type[s->n->id];
	brn_shapes_free(shapes);
	s->want.data = brn_arena_alloc(s->g->arena,
	    (size_t)brn_numel(&s->want) + 1, 8);
	s->got.data = brn_arena_alloc(s->g->arena,
	    (size_t)brn_numel(&s->want) + 1, 8);
	return brn_ref[f->op](s->n, s->pin, &s->want, &err);
}

static int
is_near(double got, double want, double rel)
{
	if (isnan(want) || isinf(want))
		return isnan(want) ? isnan(got) : got == want;
	return fabs(got - want) <= rel * (1 + fabs(want));
}

static void
compare(const struct setup *s, const struct form *f, int isa)
{
	for (int64_t i = 0; i < brn_numel(&s->want); i++) {
		double got = brn_get_float(&s->got, i);
		double want = brn_get_float(&s->want, i);

		ck_assert_msg(is_near(got, want, f->rel),
		    "%s %s %s %s [%lld] is %.9g, wanted %.9g",
		    brn_isas[isa].name, brn_ops[f->op].name, f->attr,
		    f->in[0], (long long)i, got, want);
	}
}

/* Whether any form took it.  Teams of threads are dear.  */
static int
try_form(const struct form *f, struct brn_threads *const team[2])
{
	struct setup s;
	int taken = 0;

	if (setup(&s, f) == 0)
		for (int isa = 0; isa < BRN_NUM_ISAS; isa++)
			for (int i = 0; i < 2 && brn_isa_runs(isa); i++)
				if (form_try(isa, s.n, s.pin, &s.got,
				    team[i]) == 0) {
					compare(&s, f, isa);
					taken = 1;
				}
	brn_graph_free(s.g);
	return taken;
}

static struct form
case_of_ops(int i)
{
	struct form f = { op_cases[i].op, op_cases[i].attr, { NULL }, 1e-5, 0 };

	memcpy(f.in, op_cases[i].in, sizeof f.in);
	return f;
}

START_TEST(native_form_matches_ref)
{
	struct brn_threads *team[] = { brn_threads_new(1),
	    brn_threads_new(2) };
	enum brn_op op = brn_form_at(BRN_ISA_generic, _i)->op;

	for (int i = 0; i < COUNT(forms); i++)
		if (forms[i].op == op)
			ck_assert_int_eq(try_form(&forms[i], team),
			    !forms[i].declined);
	for (int i = 0; i < op_ncases; i++) {
		struct form f = case_of_ops(i);

		if (f.op == op)
			try_form(&f, team);
	}
	for (int i = 0; i < 2; i++)
		brn_threads_free(team[i]);
}
END_TEST

/* A row of forms.def that is not of a layer nor on tiles.  */
static int
is_on_rows(const struct brn_form *f)
{
	return f->op < BRN_NUM_OPS && *f->word &&
	    f->layout != BRN_LAYOUT_tiles;
}

/* The form of a case without running it; NULL: the ref, or an error.  */
static const struct brn_form *
form_of_case(const struct form *f)
{
	const struct brn_type *type[OP_CASE_INPUTS] = { NULL };
	const struct brn_form *found = NULL;
	struct setup s;

	if (setup(&s, f) == 0) {
		struct brn_call c = { .n = s.n, .in = s.pin, .out = &s.got,
		    .type = type };

		for (int i = 0; i < s.n->nin; i++)
			type[i] = s.pin[i] ? &s.pin[i]->type : NULL;
		found = form_of(BRN_ISA_generic, &c);
	}
	brn_graph_free(s.g);
	return found;
}

START_TEST(every_form_has_a_case)
{
	const struct brn_form *f = brn_form_at(BRN_ISA_generic, _i);
	int found = 0;

	for (int i = 0; i < COUNT(forms) && !found; i++)
		found = forms[i].op == f->op && form_of_case(&forms[i]) == f;
	for (int i = 0; i < op_ncases && !found; i++) {
		struct form k = case_of_ops(i);

		found = k.op == f->op && form_of_case(&k) == f;
	}
	ck_assert_msg(found, "%s", brn_ops[f->op].name);
}
END_TEST

static Suite *
forms_suite(void)
{
	Suite *s = suite_create("forms");
	TCase *tc = suite_case(s, "forms", 60);
	const struct brn_form *f;

	for (int i = 0; (f = brn_form_at(BRN_ISA_generic, i)); i++)
		if (is_on_rows(f)) {
			tcase_add_loop_test(tc, native_form_matches_ref, i,
			    i + 1);
			tcase_add_loop_test(tc, every_form_has_a_case, i,
			    i + 1);
		}
	return s;
}

SUITE_MAIN(forms_suite)
