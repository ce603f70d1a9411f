/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 3, t3: the pattern is in the instructions.  This is the order in which
 * the kernel goes through the stored weights: the emitter writes an FMA for
 * each in that order, and the weights are packed in it.
 *
 * A panel is as many block rows as have accumulators in registers, a slice as
 * many features as stay in L1.  A panel goes through its part of a slice
 * feature by feature, and at each feature through its rows.  In i8, whose
 * blocks are multiples of four wide, four features and their four weights take
 * the place of one: here "column" and "weight" are a group of them.
 *
 * Within a window of panels the block rows may be sorted by number of blocks,
 * so that a panel has rows of about the same length: their sums hide each
 * other's latency and share lines of x.  Each row is still stored where it
 * belongs.
 */
#ifndef BRN_T3_UNROLLED_H
#define BRN_T3_UNROLLED_H

#include "jit/kernel/kernel.h"

enum { BRN_T3_FMA_BYTES = 11 };         /* code for a weight, loads included */

/* What a plan of t3 owns.  */
struct brn_t3_order {
	int32_t rows;                   /* block rows a panel */
	int32_t window;                 /* block rows that may change places */
	int32_t brow[];                 /* [nbrow], panel by panel */
};

/* One weight of the stream.  */
struct brn_t3_fma {
	int32_t col;            /* of x, in lines */
	int32_t val;            /* index into the vals of brn_bsr, or into the
	                           dot groups */
	int32_t at;             /* index into the stream */
	int16_t row;            /* within the panel */
	int16_t lane;           /* among four loaded together; -1: loaded alone,
	                           as the broadcast operand of its FMA */
};

struct brn_t3_stream {
	int32_t cols;                   /* block columns a slice */
	int32_t npanel, nslice;
	int32_t *first;                 /* [nslice * npanel + 1] into fma */
	struct brn_t3_fma *fma;         /* slice by slice, panel by panel */
};

/* Columns of a block.  */
static inline int
brn_t3_block_columns(const struct brn_spec *s)
{
	return s->bw / brn_elems[s->elem].dot;
}

/* Weights that are placed together: the first four are loaded together.  */
static inline int
brn_t3_group(const struct brn_spec *s)
{
	return s->elem == BRN_ELEM_i8 ? 20 : 8;
}

/* Bytes of code that stay in L1.  */
static inline int
brn_t3_chunk_bytes(const struct brn_spec *s)
{
	return (s->elem == BRN_ELEM_i8 ? 30 : 24) << 10;
}

/* The stream of s in the order of its plan.  ENOMEM.  */
int brn_t3_stream(const struct brn_spec *s, const struct brn_t3_order *order,
    struct brn_t3_stream *out, burin_error *err);
void brn_t3_stream_clear(struct brn_t3_stream *t);

#endif
