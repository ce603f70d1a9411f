/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer: a dense or block-sparse weight with the kernel that was made for
 * it, and how it is run.  A dense layer is the fully populated BSR.
 */
#ifndef BRN_LAYER_H
#define BRN_LAYER_H

#include "ir/graph/epilogue.h"
#include "ir/graph/report.h"
#include "jit/builtin/few_weights.h"
#include "jit/get/jit.h"
#include "runtime/layer_quant.h"

struct brn_layer {
	const struct brn_node *node;    /* its weight is in[1], its bias
	                                   in[2] */
	const struct brn_choice *choice;        /* NULL: none */
	burin_layer_info info;          /* but for its kernel */
	const struct brn_bsr *bsr;
	struct brn_bsr *own;            /* bsr when it is not a node's */
	struct brn_kernel *kernel;
	struct brn_spec spec;           /* of the kernel; borrows from bsr */
	int32_t grain;                  /* of the kernel: struct brn_plan */
	void *stream;                  /* brn_pack_stream; or NULL */
	struct brn_few_weights *few;    /* brn_few_weights_pack; or NULL */
	int borrows;                    /* stream and few are another layer's */
	float *bias;                    /* padded to whole blocks, or NULL */
	int32_t *used;                  /* columns that some block has, of
	                                   layers on images */
	int32_t nused;
	struct brn_layer_quant quant;
	struct brn_epilogue epilogue;
};

/* What kernels are made for.  Layers of recurrent ops, and those on images
 * whose x is not quantized, are f32 in any case.  */
struct brn_layer_target {
	enum brn_isa isa;
	enum brn_elem elem;
	enum brn_elem quantized;        /* of layers whose x is */
};

/* Can n be a layer: are its weight and bias constants?  */
int brn_is_layer(const struct brn_node *n);

/* Everything but the kernel.  c is borrowed; NULL: nothing was decided about n.
 * like is a layer with the same weight, read the same way round, whose packed
 * weights l shares while like lives; NULL: there is none.  */
int brn_layer_init(struct brn_layer *l, const struct brn_node *n,
    const struct brn_choice *c, struct brn_layer_target t,
    const struct brn_layer *like, burin_error *err);
void brn_layer_clear(struct brn_layer *l);

/* Rows and cols, padded to whole blocks.  */
int64_t brn_layer_rowsp(const struct brn_layer *l);
int64_t brn_layer_colsp(const struct brn_layer *l);

/* Must x be packed, although it is in tiles of that width?  */
int brn_layer_packs_tiles(const struct brn_layer *l, int64_t width);
/* Must y be unpacked, although it is?  */
int brn_layer_unpacks_tiles(const struct brn_layer *l, int64_t width);
/* Do a and b pack an x the same way?  */
int brn_layer_packs_alike(const struct brn_layer *a,
    const struct brn_layer *b);

/* Floats of x and y, with padding, in tiles; brn_layer_quant_size more follow
 * those of x.  */
int64_t brn_layer_xt_size(const struct brn_layer *l, int64_t ntile);
int64_t brn_layer_yt_size(const struct brn_layer *l, int64_t ntile);

/* The arguments that every call of the layer has: all of its block rows, and no
 * x, y and tiles.  */
struct brn_kernel_args brn_layer_args(const struct brn_layer *l);

/* The first block row of chunk i of n: about i / n of the work lies before it,
 * rounded to the grain.  */
int64_t brn_layer_chunk(const struct brn_layer *l, int i, int n);

/* The layer's kernel, or what is better for few tokens.  The latter is fp32 in
 * a bf16 layer: then x is, too.  */
void brn_layer_multiply(const struct brn_layer *l,
    const struct brn_kernel_args *a);

/* y = x . w^T + bias, then the layer's epilogue.  x is rows or tiles; y and
 * residual are rows or tiles together.  xt and yt are room for the tiles of x
 * and y where these cannot be used as they are.  */
struct brn_layer_run {
	const struct brn_layer *layer;
	const struct brn_native *native;
	struct brn_threads *threads;
	struct brn_tiles tiles;         /* of x */
	const float *x;
	float *y;
	const float *residual;          /* NULL: none */
	int x_tiles, y_tiles;
	float *xt, *yt;                 /* xt has the element type of the
	                                   layer */
	int has_xt;                     /* xt holds x already */
};
void brn_layer_run(const struct brn_layer_run *r);

#endif
