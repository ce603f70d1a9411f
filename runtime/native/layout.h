/* SPDX-License-Identifier: Apache-2.0
 *
 * The tile layout.  A tensor [.., tokens, features] becomes
 *
 *	[batch][tile of 16 tokens][feature][token of the tile]
 *
 * so that x[feature] of a tile is one line of 64 bytes and the lanes of a
 * kernel are tokens (jit/abi.h).  Tiles do not cross batches: the last one of
 * each may be partial, what lies beyond its tokens is finite but means nothing.
 */
#ifndef BRN_LAYOUT_H
#define BRN_LAYOUT_H

#include "ir/graph/tensor.h"
#include "jit/abi.h"

struct brn_tiles {
	int64_t batch, tokens, features;
	int64_t per;                    /* tiles a batch */
	int64_t n;                      /* tiles */
};

/* Of a tensor of rank 1 or more, of one row if it is 1.  */
static inline struct brn_tiles
brn_tiles_of(const struct brn_type *t)
{
	struct brn_tiles l = { .batch = 1, .tokens = 1 };

	l.features = t->dim[t->rank - 1];
	if (t->rank > 1)
		l.tokens = t->dim[t->rank - 2];
	for (int i = 0; i < t->rank - 2; i++)
		l.batch *= t->dim[i];
	l.per = (l.tokens + BRN_TILE - 1) / BRN_TILE;
	l.n = l.batch * l.per;
	return l;
}

/* The tiles of t as a tensor that has their elements.  */
static inline struct brn_type
brn_tiles_type(const struct brn_type *t)
{
	struct brn_tiles l = brn_tiles_of(t);

	return (struct brn_type){ t->dtype, 3, { l.n, l.features, BRN_TILE } };
}

/* The first token of tile i among all, and how many it has.  */
static inline int64_t
brn_tiles_token(const struct brn_tiles *l, int64_t i, int64_t *n)
{
	int64_t at = i % l->per * BRN_TILE;

	*n = l->tokens - at < BRN_TILE ? l->tokens - at : BRN_TILE;
	return i / l->per * l->tokens + at;
}

/* Tiles i0 to i1 of rows x, which has l's shape, into t
 * [tile][featuresp][16]; features beyond the last, and tokens, become zero.  */
typedef void brn_to_tiles_fn(const struct brn_tiles *l, const float *x,
    float *t, int64_t featuresp, int64_t i0, int64_t i1);
/* The other way.  */
typedef void brn_from_tiles_fn(const struct brn_tiles *l, const float *t,
    int64_t featuresp, float *y, int64_t i0, int64_t i1);

#endif
