/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps in a row whose tiles depend on the same tiles of what they read do a
 * band of tiles at a time, one after the other: what one step writes is still
 * in the cache when the next one reads it, and what no other step reads needs
 * room for one band only.  No result depends on it.
 */
#ifndef BRN_BANDS_H
#define BRN_BANDS_H

#include "runtime/plan.h"

/* Steps first to last, step tiles of n at a time.  */
struct brn_bands {
	int first, last;
	int64_t n, step;
};

/* Some of the n tiles of a value.  */
struct brn_band {
	int64_t n, from, to;
};

/* Into out[nstep], in their order; how many there are.  */
int brn_bands_find(const struct brn_plan *p, const struct brn_net *m,
    struct brn_bands *out);

/* Where the band of v is: v has all tiles, or room for those of one band.  */
float *brn_band_data(const struct brn_tensor *v, const struct brn_band *b);

/* What a value of this type in rows is as far as the band goes.  */
struct brn_type brn_band_type(const struct brn_type *t,
    const struct brn_band *b);

#endif
