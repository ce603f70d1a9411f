/* SPDX-License-Identifier: Apache-2.0
 *
 * The tile layout.  A tensor [.., tokens, features] becomes
 *
 *	[batch][tile of 16 tokens][feature][token of the tile]
 *
 * so that x[feature] of a tile is one line of 64 bytes and the lanes of a
 * kernel are tokens (jit/abi.h).  Tiles do not cross batches: the last one of
 * each may be partial, what lies beyond its tokens is finite but means nothing.
 *
 * Few tokens have narrower tiles, since most lanes would be computed and
 * written for nothing: a tensor of one token is [feature], which rows are as
 * well; one of two to four is [feature][4].  Batches of up to four tokens, or
 * of 16 in all, are taken as one, so that each weight is read once for all.
 */
#ifndef BRN_LAYOUT_H
#define BRN_LAYOUT_H

#include <string.h>

#include "ir/graph/tensor.h"
#include "jit/abi.h"

struct brn_tiles {
	int64_t batch, tokens, features;        /* few batches are one */
	int64_t width;                  /* tokens of a tile: 16; 1 or 4 if it
	                                   is the only one */
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
	if (l.tokens <= BRN_FEW_TOKENS || l.batch * l.tokens <= BRN_TILE) {
		l.tokens *= l.batch;
		l.batch = 1;
	}
	l.width = l.tokens > BRN_FEW_TOKENS ? BRN_TILE :
	    l.tokens > 1 ? BRN_FEW_TOKENS : 1;
	l.per = (l.tokens + l.width - 1) / l.width;
	l.n = l.batch * l.per;
	return l;
}

/* The tiles of t as a tensor that has their elements; t if they are rows.  */
static inline struct brn_type
brn_tiles_type(const struct brn_type *t)
{
	struct brn_tiles l = brn_tiles_of(t);

	if (l.width == 1)
		return *t;
	return (struct brn_type){ t->dtype, 3, { l.n, l.features, l.width } };
}

/* The first token of tile i among all, and how many it has.  */
static inline int64_t
brn_tiles_token(const struct brn_tiles *l, int64_t i, int64_t *n)
{
	int64_t at = i % l->per * l->width;

	*n = l->tokens - at < l->width ? l->tokens - at : l->width;
	return i / l->per * l->tokens + at;
}

/* n lines of w floats, 1 or 4, to lines of 16, the others zero; and back.  */
static inline void
brn_widen_lines(float *to, const float *from, int64_t w, int64_t n)
{
	for (int64_t f = 0; f < n; f++, to += BRN_TILE) {
		memset(to + 1, 0, (BRN_TILE - 1) * sizeof *to);
		if (w == BRN_FEW_TOKENS)
			memcpy(to, from + f * BRN_FEW_TOKENS,
			    BRN_FEW_TOKENS * sizeof *to);
		else
			to[0] = from[f];
	}
}

static inline void
brn_narrow_lines(float *to, const float *from, int64_t w, int64_t n)
{
	for (int64_t f = 0; f < n; f++)
		if (w == BRN_FEW_TOKENS)
			memcpy(to + f * BRN_FEW_TOKENS, from + f * BRN_TILE,
			    BRN_FEW_TOKENS * sizeof *to);
		else
			to[f] = from[f * BRN_TILE];
}

/* Tiles i0 to i1 of rows x, which has l's shape, into t
 * [tile][featuresp][width]; features beyond the last, and tokens, become
 * zero.  */
typedef void brn_to_tiles_fn(const struct brn_tiles *l, const float *x,
    float *t, int64_t featuresp, int64_t i0, int64_t i1);
/* The other way.  */
typedef void brn_from_tiles_fn(const struct brn_tiles *l, const float *t,
    int64_t featuresp, float *y, int64_t i0, int64_t i1);

#endif
