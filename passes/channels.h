/* SPDX-License-Identifier: Apache-2.0
 *
 * The features between two layers: which of them are the same for every token
 * or not read at all, which of those go, and the weights without them.  A
 * weight is any matrix with the features along one axis.
 */
#ifndef BRN_CHANNELS_H
#define BRN_CHANNELS_H

#include "ir/graph/tensor.h"

/* What is known of a feature.  */
enum { BRN_ALIVE, BRN_FIXED, BRN_UNREAD };

struct brn_channels {
	int64_t n;              /* features */
	int64_t units;          /* n / units features stay or go together */
	unsigned char *dead;    /* [n] the enum */
	unsigned char *zero;    /* [n] scratch */
	float *value;           /* [n] of a feature that is fixed */
	unsigned char *gone;    /* [units] */
	int64_t left;           /* units that are not gone */
	int64_t nfelt;
	int64_t *felt;          /* features that are gone, fixed, and not 0 */
};

/* All alive.  Freed by brn_channels_free, also when it fails.  */
int brn_channels_init(struct brn_channels *c, int64_t n, int64_t units,
    burin_error *err);
void brn_channels_free(struct brn_channels *c);

/* From the weight that makes the features and then from the one that reads
 * them.  Values are for the caller to fill in.  */
void brn_channels_made_by(struct brn_channels *c, const struct brn_tensor *w,
    int axis);
void brn_channels_read_by(struct brn_channels *c, const struct brn_tensor *w,
    int axis);

/* Let aligned groups of so many units go that are all dead; one unit stays.  */
void brn_channels_drop(struct brn_channels *c, int64_t group);

/* w, a matrix or a vector with a multiple of units along the axis, without
 * those that are gone; out->data is from brn_alloc_aligned.  */
int brn_channels_cut(const struct brn_channels *c, const struct brn_tensor *w,
    int axis, struct brn_tensor *out, burin_error *err);

/* Add to sum [rows] what w makes of the felt features.  */
void brn_channels_fold(const struct brn_channels *c,
    const struct brn_tensor *w, int axis, float *sum);

#endif
