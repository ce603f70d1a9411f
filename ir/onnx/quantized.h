/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators on small integers, of ONNX and of ONNX Runtime's quantizer.
 */
#ifndef BRN_ONNX_QUANTIZED_H
#define BRN_ONNX_QUANTIZED_H

#include "ir/onnx/expand.h"

enum { BRN_QLINEAR_INPUTS = 2 + 3 * 64 };       /* of QLinearConcat */

brn_expand_fn brn_expand_conv_integer;
brn_expand_fn brn_expand_dynamic_quantize;
brn_expand_fn brn_expand_dynamic_quantize_matmul;
brn_expand_fn brn_expand_matmul_integer;
brn_expand_fn brn_expand_matmul_integer_to_float;
brn_expand_fn brn_expand_qattention;
brn_expand_fn brn_expand_qgemm;
brn_expand_fn brn_expand_qlinear_add;
brn_expand_fn brn_expand_qlinear_average_pool;
brn_expand_fn brn_expand_qlinear_concat;
brn_expand_fn brn_expand_qlinear_conv;
brn_expand_fn brn_expand_qlinear_global_average_pool;
brn_expand_fn brn_expand_qlinear_leaky_relu;
brn_expand_fn brn_expand_qlinear_matmul;
brn_expand_fn brn_expand_qlinear_mul;
brn_expand_fn brn_expand_qlinear_sigmoid;
brn_expand_fn brn_expand_qlinear_softmax;

#endif
