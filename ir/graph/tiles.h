/* SPDX-License-Identifier: Apache-2.0
 *
 * Which values may be in the tile layout, tokens in groups and the features of
 * each group together (runtime/native/layout.h).  passes/assign_layout.c
 * decides, verify checks, the runtime relies on it.  What a node computes does
 * not depend on the layout.
 */
#ifndef BRN_TILES_H
#define BRN_TILES_H

#include "ir/graph/graph.h"

/* May n->tiles be set: is there a form on tiles of the op with these inputs?
 * Asks for the types.  */
int brn_tiles_fit(const struct brn_node *n);

/* Does n, with n->tiles as it is, take its input i in tiles?  Else it takes
 * rows.  What only asks for a shape takes both.  */
int brn_tiles_input(const struct brn_node *n, int i);

#endif
