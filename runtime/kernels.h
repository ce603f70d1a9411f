/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer: a dense or block-sparse weight with the kernel that was made for
 * it, and how it is run.  A dense layer is the fully populated BSR.
 */
#ifndef BRN_KERNELS_H
#define BRN_KERNELS_H

#include "jit/jit.h"
#include "runtime/native.h"

struct brn_layer {
	const struct brn_node *node;    /* dense or bsr_dense */
	burin_layer_info info;
	const struct brn_bsr *bsr;      /* structure; vals not used here */
	struct brn_bsr *own;            /* bsr when it is not a node's */
	struct brn_kernel *kernel;
	float *vals;                    /* packed, brn_pack_vals */
	float *bias;                    /* padded to whole blocks, or NULL */
};

/* Can n be a layer: are its weight and bias constants?  */
int brn_is_layer(const struct brn_node *n);

/* Everything but the kernel.  */
int brn_layer_init(struct brn_layer *l, const struct brn_node *n,
    burin_error *err);
/* The epilogue its kernel needs, BRN_EPI_*.  */
unsigned brn_layer_epilogue(const struct brn_layer *l);
void brn_layer_clear(struct brn_layer *l);

/* Rows and cols, padded to whole blocks.  */
int64_t brn_layer_rowsp(const struct brn_layer *l);
int64_t brn_layer_colsp(const struct brn_layer *l);

/* y [tokens][rows] = x [tokens][cols] . w^T + bias.  xt and yt are room for
 * the tiles of x and y; has_xt: xt holds x already.  */
struct brn_layer_run {
	const struct brn_layer *layer;
	const struct brn_native *native;
	struct brn_threads *threads;
	int64_t tokens;
	const float *x;
	float *y;
	float *xt, *yt;
	int has_xt;
};
void brn_layer_run(const struct brn_layer_run *r);

#endif
