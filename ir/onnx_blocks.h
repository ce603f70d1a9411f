/* SPDX-License-Identifier: Apache-2.0
 *
 * One-shot block pruning of one matrix, as it is stored in a file.
 */
#ifndef BRN_ONNX_BLOCKS_H
#define BRN_ONNX_BLOCKS_H

#include "ir/base.h"

struct brn_onnx_matrix {
	void *data;                     /* row-major bytes, any alignment */
	int data_type;                  /* float, float16, bfloat16, double */
	int64_t dim[2];
	int block[2];                   /* along dim 0 and dim 1; those at the
	                                   end may be partial */
};

/* Zero round(sparsity * blocks) blocks: those of the smallest L2 norm, of
 * equal ones the first, NaN last; or when spec->random is set, a choice
 * without repetition by SplitMix64 that starts at seed + stream times the
 * golden ratio (0x9e3779b97f4a7c15), each pick i swapping block i with block
 * i + (number * (blocks - i) >> 64).  */
int brn_onnx_zero_blocks(const struct brn_onnx_matrix *m,
    const burin_prune_spec *spec, uint64_t stream, burin_error *err);

#endif
