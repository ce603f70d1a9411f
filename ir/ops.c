/* SPDX-License-Identifier: Apache-2.0
 *
 * The op table as data.
 */
#include "ir/ops.h"

const struct brn_op_info brn_ops[BRN_NUM_OPS] = {
#define OP(name, onnx, lo, hi, work, flags) { #name, onnx, lo, hi, flags },
#include "ir/ops.def"
};
