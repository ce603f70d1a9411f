/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers whose x is quantized (ir/graph/x_quant.h): on integers where weight
 * and machine allow it, else on floats with the values of the integers.
 */
#ifndef BRN_LAYER_QUANT_H
#define BRN_LAYER_QUANT_H

#include "ir/graph/bsr.h"
#include "ir/graph/x_quant.h"
#include "runtime/native/finish.h"
#include "runtime/native/native.h"

struct brn_layer_quant {
	enum brn_x_quant x;             /* attributes of the node */
	float scale;
	int32_t zero;
	float *step;                    /* of each row of the weight, padded;
	                                   NULL: not on integers */
	int32_t *sum;                   /* of its integers */
	struct brn_finish finish;       /* of convolutions */
};

/* Read the attributes of node n; if integers, find the steps of its weight b.
 * ENOMEM.  */
int brn_layer_quant_init(struct brn_layer_quant *q, const struct brn_node *n,
    const struct brn_bsr *b, int integers, burin_error *err);
/* For convolution n with that bias (NULL: none), if it is on integers: set
 * finish.  ENOMEM.  */
int brn_layer_quant_set_finish(struct brn_layer_quant *q,
    const struct brn_node *n, int64_t rows, const float *bias,
    burin_error *err);
void brn_layer_quant_clear(struct brn_layer_quant *q);

/* Do p and q quantize an x the same way?  */
int brn_layer_quant_equal(const struct brn_layer_quant *p,
    const struct brn_layer_quant *q);

/* Floats of the scales of ntile tiles.  */
int64_t brn_layer_quant_size(const struct brn_layer_quant *q, int64_t ntile);

/* Pack x, and write the scale and zero point of each token.  */
struct brn_pack_quant {
	const struct brn_layer_quant *quant;
	const struct brn_native *native;
	struct brn_threads *threads;
	struct brn_tiles tiles;         /* of x, 16 wide */
	const float *x;
	int64_t x_width;                /* of the tiles of x; 0: rows */
	enum brn_elem elem;             /* of the kernel: i8, f32 */
	int groups;                     /* of i8: brn_dot_groups_aligned */
	float *xt;                      /* [tile][colsp][16], packed */
	int64_t colsp;
	struct brn_tile_quant *tile;    /* [tile] */
};
void brn_pack_quant(const struct brn_pack_quant *p);
/* One token in rows, to bytes.  */
void brn_pack_quant_row(const struct brn_pack_quant *p);

#endif
