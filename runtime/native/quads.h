/* SPDX-License-Identifier: Apache-2.0
 *
 * The n positions of an image, up to 64, that a quad of tiles holds
 * (jit/abi.h).  Where they fill more than three tiles the quad is plain:
 * position 16 * i + 4 * t + j is token 4 * i + j of tile t, so that 64 bytes of
 * a plane are a line of the quad as they are.  Else position 16 * t + l is
 * token l of tile t.
 */
#ifndef BRN_QUADS_H
#define BRN_QUADS_H

#include "runtime/native/layout.h"

enum { BRN_QUAD_POS = BRN_QUAD * BRN_TILE };

static inline int
brn_quad_is_plain(int64_t n)
{
	return n > 3 * BRN_TILE;
}

/* Tiles of the quad that hold any.  */
static inline int64_t
brn_quad_tiles(int64_t n)
{
	return (n + BRN_TILE - 1) / BRN_TILE;
}

#endif
