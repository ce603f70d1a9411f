/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 1, t1_tile and t1_full: lanes are tokens.  This is the shape of its
 * passes, which the emitter writes and the cost model counts.  A pass takes
 * some rows of a block row through some tiles and keeps one accumulator for
 * each row and vector of x in registers.
 */
#ifndef BRN_T1_H
#define BRN_T1_H

#include "jit/kernel/cost.h"
#include "jit/spec.h"

enum { BRN_T1_MAX_ACC = 16 };   /* accumulators a pass, whatever the ISA */

/* Vectors that hold the tokens of a tile.  */
int brn_t1_vectors(enum brn_isa isa);

/* Rows of a pass that takes nx vectors of x, at most.  */
int brn_t1_max_rows(enum brn_isa isa, int nx);

/* Tiles of the widest pass, which all tiles take but those left over.  */
int brn_t1_tiles(const struct brn_spec *s);

/* Tiles of the next narrower pass, for the tiles left over by passes of ntile.
 * 0: there is none.  */
int brn_t1_narrower(const struct brn_spec *s, int ntile);

/* Vectors of x that a pass of ntile tiles takes.  Fewer than the tiles have
 * when they are taken in two halves.  */
int brn_t1_pass_vectors(const struct brn_spec *s, int ntile);

/* Passes that cover all rows of a block, each with nx vectors of x.  */
int brn_t1_passes(const struct brn_spec *s, int nx);

/* Tiles that go through a block row before the next block row: its weights and
 * indices, or the x of the tiles, stay in L1.  */
int brn_t1_tile_group(const struct brn_spec *s);

/* Does t1_tile fit s?  */
int brn_t1_fits(const struct brn_spec *s);

/* Add the operations of t1_tile for a tile.  */
void brn_t1_count(const struct brn_spec *s, struct brn_cost *n);

#endif
