/* SPDX-License-Identifier: Apache-2.0
 *
 * The order in which a kernel of tier 3 goes through the stored weights of a
 * layer: what its emitter writes instructions for, and what the values are
 * packed by.  Both sides must agree, so both ask here.
 *
 * Panels are as many block rows as have accumulators in registers; slices are
 * as many features as stay in L1.  A panel goes through its part of a slice
 * feature by feature, rows in the order of the panel.
 *
 * Where it pays the block rows of some panels, a window, change places, so that
 * those with many blocks meet: their sums hide each other's latency and share
 * lines of x.  What a panel computes it stores where it belongs.
 */
#ifndef BRN_T3_H
#define BRN_T3_H

#include "jit/spec.h"

enum {
	BRN_T3_SLICE = 384,     /* lines of x in L1, with room for y */
	BRN_T3_CHUNK = 24 << 10,        /* bytes of code that stay in L1 */
	BRN_T3_FMA = 11,        /* bytes of code a weight, loads included */
	BRN_T3_WINDOW = 7,      /* panels whose block rows change places */
};

/* One weight of the stream.  */
struct brn_t3_fma {
	int32_t col;            /* of x, in lines */
	int32_t val;            /* in the values of brn_bsr */
	int32_t at;             /* in the stream */
	int16_t row;            /* within the panel */
	int16_t lane;           /* among four loaded as one; -1: loaded alone */
};

struct brn_t3 {
	int32_t rows, cols;             /* block rows a panel, cols a slice */
	int32_t npanel, nslice;
	int32_t *order;                 /* [nbrow] block rows, by panel */
	int32_t *first;                 /* [nslice * npanel + 1] into fma */
	struct brn_t3_fma *fma;         /* slice by slice, panel by panel */
};

/* Block rows a panel of the kernel for s, and those that change places.  */
int brn_t3_rows(const struct brn_spec *s);
int brn_t3_window(const struct brn_spec *s);

/* The order of the block rows of s, whose pattern is not full: order
 * [nbrow].  1: it is not that of s; 0: it is; ENOMEM.  */
int brn_t3_order(const struct brn_spec *s, int32_t *order, burin_error *err);

/* The stream of s, whose pattern is not full.  ENOMEM.  */
int brn_t3_make(const struct brn_spec *s, struct brn_t3 *out,
    burin_error *err);
void brn_t3_clear(struct brn_t3 *t);

#endif
