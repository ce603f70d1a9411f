/* SPDX-License-Identifier: Apache-2.0
 *
 * The op table (ir/ops.def) as an enum and an array.
 */
#ifndef BRN_OPS_H
#define BRN_OPS_H

#include <stddef.h>

#define BRN_MAX_IN 65536

enum brn_op {
#define OP(name, onnx, lo, hi, work, flags) BRN_OP_##name,
#include "ir/ops.def"
	BRN_NUM_OPS
};

enum brn_op_flags {
	BRN_LEAF = 1,
	BRN_ALIAS = 2,
	BRN_MOVES = 4,
	BRN_MOVES_ALL = 8,
	BRN_SHAPE = 16,
	BRN_MULTI = 32,
	BRN_BODIES = 64,
	BRN_LISTS = 128,
	BRN_LATE = 256,
};

struct brn_op_info {
	const char *name, *onnx;
	int lo, hi, flags;
};
extern const struct brn_op_info brn_ops[BRN_NUM_OPS];

#endif
