/* SPDX-License-Identifier: Apache-2.0
 *
 * Stretches of steps that run band by band.  Where each tile of a step's result
 * depends on the same tile of its operands only, consecutive steps do a band of
 * tiles at a time, one step after the other: what one step writes is in the
 * cache when the next reads it, and a value that no other step reads has room
 * for one band only.  Results do not depend on it.
 */
#ifndef BRN_BANDS_H
#define BRN_BANDS_H

#include "runtime/step.h"

/* Steps first to last, step tiles of n at a time.  */
struct brn_bands {
	int first, last;
	int64_t n, step;
};

/* Tiles from to to of the n tiles of a value.  */
struct brn_band {
	int64_t n, from, to;
};

/* The stretches among n steps, into out[n], in their order; returns how many
 * there are.  */
int brn_bands_find(const struct brn_step *step, int n, struct brn_bands *out);

/* A call narrowed to a band, and what it points to.  Steps of a stretch have at
 * most BRN_BAND_INPUTS operands.  */
enum { BRN_BAND_INPUTS = 4 };
struct brn_band_call {
	struct brn_tensor out, val[BRN_BAND_INPUTS];
	const struct brn_tensor *in[BRN_BAND_INPUTS];
	struct brn_type val_type[BRN_BAND_INPUTS];
	const struct brn_type *type[BRN_BAND_INPUTS];
};

/* Let c, the call of a step of a stretch, be for band b of operands and result
 * in tiles; operands in rows stay whole.  c then points into *k.  */
void brn_band_narrow(struct brn_band_call *k, const struct brn_band *b,
    struct brn_call *c);

#endif
