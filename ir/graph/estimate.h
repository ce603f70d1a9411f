/* SPDX-License-Identifier: Apache-2.0
 *
 * The question "how long would this layer take if it were stored like this",
 * asked by passes and answered by jit/kernel/choose.h, which know nothing of
 * each other.
 */
#ifndef BRN_ESTIMATE_H
#define BRN_ESTIMATE_H

#include "ir/graph/row_groups.h"

/* A layer that might be stored: blocks of bh x bw, nblk of which are stored.
 * All blocks are stored when it is dense.  */
struct brn_layer_shape {
	int64_t rows, cols;
	int bh, bw;
	int64_t nblk;
	const struct brn_row_stats *rows_grouped;       /* NULL: not counted;
	                                                   blocks of 1x1 */
	int quantized;                  /* x and weights are */
	int elem;                       /* element type: a number that only who
	                                   estimates knows; 0: fp32 */
};

enum { BRN_NO_KERNEL = -1 };

struct brn_estimate {
	double time;                    /* of a tile, when there are several, in
	                                   any one unit */
	int kernel;                     /* the fastest: a number that only who
	                                   estimates knows, or BRN_NO_KERNEL */
	const char *limit;              /* why a faster kernel is not used;
	                                   NULL: there is none */
	double few;                     /* of a call for 1 to 16 tokens, in
	                                   another unit; 0: not known */
};

#endif
