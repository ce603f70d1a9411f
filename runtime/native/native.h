/* SPDX-License-Identifier: Apache-2.0
 *
 * Forms: ways to run a step of a plan.  An op has one for each layout of its
 * values that has fast code; runtime/native/forms.def lists them.  The files of
 * this folder are compiled once for each instruction set (BRN_ISA), and
 * brn_native() gives the table of one set.
 *
 * A plan asks once, when it is made, whether a form takes a node with these
 * types, and how much room it needs.  So a form never declines while running,
 * and allocates nothing.
 */
#ifndef BRN_NATIVE_H
#define BRN_NATIVE_H

#include "ir/graph/epilogue.h"
#include "jit/target.h"
#include "runtime/native/layout.h"
#include "runtime/native/tile_quant.h"
#include "runtime/threads.h"

struct brn_inside;
struct brn_layer;
struct brn_native;
struct brn_run;

/* What a form is given: a node, its operands, and room to work in.  While a
 * plan is made (brn_takes_fn, brn_room_fn), in[i]->data is NULL where the value
 * is not known before a run, and there are no threads, no room, no native.  */
struct brn_call {
	const struct brn_node *n;
	const struct brn_tensor *const *in;     /* [n->nin], NULL: absent */
	struct brn_tensor *out;
	/* The types that in[] would have in rows; those of in[] and of out are
	 * the types in their layout. */
	const struct brn_type *const *type;
	int64_t batch0;                 /* of a band: the first batch of its
	                                   tiles; operands in rows have all */
	const struct brn_layer *layer;  /* of the net; NULL: not a layer */
	int64_t past_room[2];           /* tokens that a head of in[4], in[5] of
	                                   an mha has room for; 0: it has those
	                                   of its type */
	int x_is_packed;                /* BRN_SHARES_X: x is there already */
	const struct brn_native *native;
	struct brn_threads *threads;
	float *shared;                  /* room.shared floats for all threads */
	float *scratch;                 /* scratch_size floats a thread, at
	                                   least room.thread */
	int64_t scratch_size;
	struct brn_run *run;            /* of a node with bodies, which are */
	struct brn_inside *inside;      /* inside */
	burin_error *err;               /* of a form that fails */
};

/* Compute c->n into c->out on all threads; the result does not depend on their
 * number.  0, or c->err: ESHAPE for data out of range.  */
typedef int brn_form_fn(const struct brn_call *c);

/* Does the form take nodes with such attributes, types and known values?  */
typedef int brn_takes_fn(const struct brn_call *c);

/* Floats, apart from operands.  */
struct brn_room {
	int64_t shared, thread;
};
typedef struct brn_room brn_room_fn(const struct brn_call *c);

/* The layout of the operands.  planes are images, [batch][channel] and one
 * dimension or more; their memory is that of rows.  */
enum brn_layout {
	BRN_LAYOUT_any,                 /* element by element, rows or tiles */
	BRN_LAYOUT_rows,
	BRN_LAYOUT_planes,
	BRN_LAYOUT_tiles,
};

enum brn_form_flags {
	BRN_IN_PLACE = 1,       /* out may have the memory of in[0] */
	BRN_BY_TILE = 2,        /* a tile of out needs that tile of each operand
	                           in tiles only: may run band by band */
	BRN_BY_SEQUENCE = 4,    /* the same for all tiles of a batch */
	BRN_SHARES_X = 8,       /* what it puts at the start of the shared room
	                           depends on in[0] and on the layer's columns
	                           only: the next such step may find it there */
};

struct brn_form {
	enum brn_op op;
	enum brn_layout layout;
	brn_form_fn *run;
	brn_takes_fn *takes;
	brn_room_fn *room;
	int flags;
	const char *word;               /* for burin_step_info.kernel */
};

/* Apply e to the n floats of y; residual NULL: nothing is added.  */
typedef void brn_epilogue_fn(float *y, const float *residual, int64_t n,
    const struct brn_epilogue *e);

/* b[j][i] = a[i][j] for n rows and m columns of a; rows are lda and ldb floats
 * apart.  */
typedef void brn_transpose_fn(const float *a, int64_t lda, float *b,
    int64_t ldb, int64_t n, int64_t m);

/* For recurrent layers: runtime/native/cell.h.  */
struct brn_cell_step;

/* For layers on images: runtime/native/image_tiles.h, image_bytes.h.  */
struct brn_gather;
struct brn_gather_bytes;
struct brn_planes;
struct brn_scatter;
struct brn_scatter_bytes;
struct brn_window_product;

/* Code of one instruction set: the forms of forms.def, and the parts of layers
 * that are not kernels.  */
struct brn_native {
	const struct brn_form *form;
	int nform;
	brn_to_tiles_fn *to_tiles;
	brn_from_tiles_fn *from_tiles;
	brn_epilogue_fn *epilogue;
	brn_range_fn *range;
	brn_quantize_fn *quantize;
	brn_quantize_quad_fn *quantize_quad;
	brn_dequantize_fn *dequantize;
	brn_dequantize_row_fn *dequantize_row;
	brn_transpose_fn *transpose;
	void (*cell_reset)(const struct brn_cell_step *s);
	void (*cell_step)(const struct brn_cell_step *s);
	/* Plane x into its phases, fill where it is padded. */
	void (*phases)(const struct brn_planes *g, const float *x, float *to,
	    float fill);
	void (*gather)(const struct brn_gather *a, float *to);
	void (*window_product)(const struct brn_window_product *a, float *y);
	void (*scatter)(const struct brn_scatter *a, float *y,
	    const float *residual);
	/* The same on bytes: runtime/native/image_bytes.h. */
	void (*phases_bytes)(const struct brn_planes *g, const uint8_t *x,
	    uint8_t *to, uint8_t fill);
	void (*gather_bytes)(const struct brn_gather_bytes *a, uint8_t *to);
	void (*scatter_bytes)(const struct brn_scatter_bytes *a, void *y,
	    const void *residual);
};

const struct brn_native *brn_native(enum brn_isa isa);

#endif
