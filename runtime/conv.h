/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions as layers.  Positions of the image take the place of tokens: a
 * group of tiles is gathered as [tile][channel * taps][16], goes through the
 * layer's kernel, and is scattered back to planes with activation and residual.
 * Nothing larger than a group, which stays in the cache, is ever in tiles.
 */
#ifndef BRN_CONV_H
#define BRN_CONV_H

#include "runtime/layer.h"
#include "runtime/native/image_tiles.h"

/* A convolution to run.  The caller sets what is above the line.  */
struct brn_conv {
	const struct brn_layer *layer;
	const struct brn_native *native;
	struct brn_threads *threads;
	const void *x, *residual;       /* residual NULL: none */
	void *y;                        /* all three of f32, or bytes as the
	                                   layer says */
	int y_type, residual_type;
	void *phases;                   /* of all channels of one image */
	float *scratch;                 /* scratch_size floats a thread */
	int64_t scratch_size;
	/* ---- */
	struct brn_planes g;
	int64_t batch, channels;        /* of x */
	int x_type;
	int64_t group;                  /* tiles of a group */
};

/* Floats of phases, and of scratch for each thread, that layer l needs with
 * input x.  Its window is small: canon_conv makes no other layers.  */
void brn_conv_sizes(const struct brn_layer *l, const struct brn_type *x,
    int64_t *phases, int64_t *scratch);

void brn_conv(struct brn_conv *v, const struct brn_type *x);

/* Set the offset in the phases of each used column of the weight.  */
void brn_conv_line_offsets(const struct brn_conv *r, int64_t *from);

/* Is the layer on integers?  Then x and its phases are bytes, and these two do
 * the work; g is that of l with input x.  */
static inline int
brn_conv_is_bytes(const struct brn_layer *l)
{
	return l->spec.elem == BRN_ELEM_i8;
}
void brn_conv_bytes_sizes(const struct brn_layer *l, const struct brn_type *x,
    const struct brn_planes *g, int64_t *phases, int64_t *scratch);
void brn_conv_bytes(const struct brn_conv *r);

#endif
