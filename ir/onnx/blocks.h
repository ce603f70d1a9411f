/* SPDX-License-Identifier: Apache-2.0
 *
 * One-shot block pruning of one matrix, as it is stored in a file.
 */
#ifndef BRN_ONNX_BLOCKS_H
#define BRN_ONNX_BLOCKS_H

#include "ir/base.h"

struct brn_onnx_matrix {
	void *data;                     /* row-major bytes, any alignment */
	int data_type;                  /* float, float16, bfloat16, double,
	                                   int8, uint8 */
	int64_t dim[2];
	int block[2];                   /* along dim 0 and dim 1; those at the
	                                   end may be partial */
	/* Of integers, which stand for (q - zero) * scale: one for each index
	 * along dim axis, or NULL for 1 and 0.  */
	int axis;
	const float *scale;
	const int32_t *zero;
};

/* Bytes of data.  */
size_t brn_onnx_matrix_size(const struct brn_onnx_matrix *m);

/* Zero round(sparsity * blocks) blocks, which makes integers their zero point:
 * those of the smallest L2 norm, of equal ones the first, NaN last.
 * Or, when spec->random is set, a random choice: let mix(x) be the first
 * number of SplitMix64 started at x; the numbers are those of SplitMix64
 * started at mix(mix(seed) + stream); number i, from 0, swaps block i with
 * block i + (number * (blocks - i) >> 64), and the first ones go.  */
int brn_onnx_zero_blocks(const struct brn_onnx_matrix *m,
    const burin_prune_spec *spec, uint64_t stream, burin_error *err);

#endif
