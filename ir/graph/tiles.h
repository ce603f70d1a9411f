/* SPDX-License-Identifier: Apache-2.0
 *
 * Which values may be in the tile layout [tile][feature][16 tokens]
 * (runtime/native/layout.h).  passes/assign_layout.c sets n->tiles, verify.c
 * checks it, the runtime relies on it.  The value itself does not depend on it.
 */
#ifndef BRN_TILES_H
#define BRN_TILES_H

#include "ir/graph/graph.h"

/* Whether n->tiles may be set: the op has a form on tiles for these inputs.
 * Types must be known.  */
int brn_tiles_fit(const struct brn_node *n);

/* Whether n, with n->tiles as it is, takes its input i in tiles; else it takes
 * it in rows.  Ops that need only a shape (BRN_SHAPE) take both.  */
int brn_tiles_input(const struct brn_node *n, int i);

#endif
