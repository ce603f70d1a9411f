/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions as layers.  Positions of the image take the place of tokens: a
 * group of tiles is gathered as [tile][channel * taps][16], goes through the
 * layer's kernel, and is scattered back to planes with activation and residual.
 * Nothing larger than a group, which stays in the cache, is ever in tiles.
 */
#ifndef BRN_CONV_H
#define BRN_CONV_H

#include "ir/op/image.h"
#include "runtime/layer.h"
#include "runtime/native/planes.h"

struct brn_conv_run {
	const struct brn_layer *layer;
	const struct brn_native *native;
	struct brn_threads *threads;
	struct brn_planes g;
	int64_t batch, channels;        /* of x */
	const float *x, *residual;      /* residual NULL: none */
	float *y;
	float *phases;                  /* of all channels of one image */
	float *scratch;                 /* scratch_size floats a thread */
	int64_t scratch_size;
	int64_t group;                  /* tiles that go together */
};

/* Floats of phases and of scratch that layer needs with input x.  Layers have
 * small windows: canon_conv makes no others.  */
void brn_conv_room(const struct brn_layer *l, const struct brn_type *x,
    int64_t *phases, int64_t *scratch);

/* Fill geometry and group of *r for this x, and run it.  */
void brn_conv_run(struct brn_conv_run *r, const struct brn_type *x);

/* Tiles of a group.  */
enum { BRN_GROUP_MOST = 16, BRN_GROUP_LEAST = 2 };

/* What gather and scatter of struct brn_native are given.  phases: plane x
 * into its phases, with fill for padding.  */

/* Lines of ntile tiles, from src + from[k] on, into [tile][cols][16] as column
 * col[k], for n of them; of the last tile only so many floats are there.  */
struct brn_gather {
	const float *src;
	const int64_t *from;
	const int32_t *col;
	int64_t n, cols, ntile, last;
};
/* The first nrow rows of tiles t [tile][rows][16], which begin at position pos,
 * into planes, with those of the residual.  */
struct brn_scatter {
	const struct brn_planes *g;
	struct brn_epilogue epilogue;
	const float *t;
	int64_t rows, nrow, ntile, pos;
};

#endif
