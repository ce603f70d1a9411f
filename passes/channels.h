/* SPDX-License-Identifier: Apache-2.0
 *
 * The features between two layers: which of them are the same for every token
 * or not read at all, which of those go, and the weights without them.
 */
#ifndef BRN_CHANNELS_H
#define BRN_CHANNELS_H

#include "passes/pass.h"

/* What is known of a feature.  */
enum { BRN_ALIVE, BRN_FIXED, BRN_UNREAD };

struct brn_channels {
	int64_t n;              /* features */
	int64_t units;          /* n / units features stay or go together */
	unsigned char *dead;    /* [n] the enum */
	float *value;           /* [n] of a feature that is fixed */
	unsigned char *gone;    /* [units] */
	int64_t left;           /* units that are not gone */
	int64_t nfelt;
	int64_t *felt;          /* features that are gone, fixed, and not 0 */
};

/* From the weight of the layer that makes the features and the weight of the
 * one that reads them.  value is for the caller to fill in before the first
 * drop.  Freed by brn_channels_free, also when it fails.  */
int brn_channels_init(struct brn_channels *c, const struct brn_tensor *made,
    const struct brn_tensor *read, int64_t units, burin_error *err);
void brn_channels_free(struct brn_channels *c);

/* Let aligned groups of so many units go that are all dead; one unit stays.
 * 0: nothing goes.  */
void brn_channels_drop(struct brn_channels *c, int64_t group);

/* w [units * any][..], a matrix or a vector, without the rows of units that
 * are gone; out->data is from brn_alloc_aligned.  */
int brn_channels_cut_rows(const struct brn_channels *c,
    const struct brn_tensor *w, struct brn_tensor *out, burin_error *err);
/* w [..][units * any] without their columns.  */
int brn_channels_cut_cols(const struct brn_channels *c,
    const struct brn_tensor *w, struct brn_tensor *out, burin_error *err);

/* Add to sum [rows] what w [rows][n] makes of the felt features.  */
void brn_channels_fold(const struct brn_channels *c,
    const struct brn_tensor *w, float *sum);

#endif
