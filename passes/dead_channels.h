/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels are the features between two layers.  Some can be removed: those
 * that are constant, the same for every token, and those that the second layer
 * does not read.  This finds them in the weights of the two layers, chooses
 * which to remove, and computes the smaller weights.  A weight is any matrix
 * with the channels along one axis.
 */
#ifndef BRN_DEAD_CHANNELS_H
#define BRN_DEAD_CHANNELS_H

#include "ir/graph/bsr.h"
#include "ir/graph/tensor.h"

/* The state of a channel.  */
enum { BRN_CHANNEL_LIVE, BRN_CHANNEL_CONSTANT, BRN_CHANNEL_UNREAD };

struct brn_channels {
	int64_t n;              /* channels */
	int64_t units;          /* n / units channels, as those of a head, are
	                           removed together */
	unsigned char *state;   /* [n] the enum */
	unsigned char *zero;    /* [n] scratch */
	float *value;           /* [n] of constant channels */
	unsigned char *removed; /* [units] */
	int64_t nkept;          /* units that are not removed */
	int64_t nfolded;
	int64_t *folded;        /* channels that are removed and constant, but
	                           not 0: they change the next bias */
};

/* All channels are live.  Freed by brn_channels_free, also when it fails.  */
int brn_channels_init(struct brn_channels *c, int64_t n, int64_t units,
    burin_error *err);
void brn_channels_free(struct brn_channels *c);

/* The bits of a weight (brn_matrix_bits): lines along axis 0, n along axis 1.
 */
struct brn_weight_bits {
	int64_t lines, n;
	uint64_t *bits;
};

/* Set the state of channels whose weights in w are all zero: CONSTANT if w
 * computes the channels, UNREAD if it reads them.  Values of constant channels
 * are for the caller to fill in.  */
void brn_channels_mark(struct brn_channels *c,
    const struct brn_weight_bits *w, int axis, int state);

/* Remove aligned groups of that many units in which no channel is live.  One
 * unit always stays.  */
void brn_channels_remove(struct brn_channels *c, int64_t group);

/* Copy w without the removed units.  w is a matrix or a vector with a multiple
 * of units along the axis; out->data is from brn_alloc_aligned.  */
int brn_channels_compact(const struct brn_channels *c,
    const struct brn_tensor *w, int axis, struct brn_tensor *out,
    burin_error *err);

/* The bits of that copy; out->bits is to be freed.  ENOMEM.  */
int brn_channels_compact_bits(const struct brn_channels *c,
    const struct brn_weight_bits *w, int axis, struct brn_weight_bits *out,
    burin_error *err);

/* Add the product of w and the folded channels to bias [rows].  */
void brn_channels_add_bias(const struct brn_channels *c,
    const struct brn_tensor *w, int axis, float *bias);

#endif
