/* SPDX-License-Identifier: Apache-2.0
 *
 * The passes of tier 1: how many rows and tiles have their accumulators in
 * registers at a time.  The emitter makes them, the cost model counts by them.
 */
#ifndef BRN_T1_H
#define BRN_T1_H

#include "jit/spec.h"

enum {
	BRN_T1_ACC = 16,        /* vectors of accumulators in a pass */
	BRN_T1_TILES = 4,       /* more meet too few lines of x in L1 */
	BRN_T1_ROWS = 8,        /* rows matter more than tiles up to here */
	BRN_T1_GROUP = 8,       /* tiles that meet a block row while in L1 */
};

/* Vectors a tile.  */
static inline int
brn_t1_nvec(enum brn_isa isa)
{
	return BRN_TILE / brn_isas[isa].lanes;
}

/* Rows of a pass.  With several tiles half of the registers are accumulators,
 * with one all but those for its x and a weight.  */
static inline int
brn_t1_rows(enum brn_isa isa, int ntile)
{
	int nvec = brn_t1_nvec(isa), n = brn_isas[isa].nreg;

	n = ntile > 1 ? n / 2 : n - nvec - 1;
	return (n < BRN_T1_ACC ? n : BRN_T1_ACC) / nvec / ntile;
}

/* Tiles of the widest pass.  */
static inline int
brn_t1_tiles(enum brn_isa isa, int bh)
{
	int want = bh < BRN_T1_ROWS ? bh : BRN_T1_ROWS, n = 1;

	while (2 * n <= BRN_T1_TILES && brn_t1_rows(isa, 2 * n) >= want)
		n *= 2;
	return n;
}

/* Passes of ntile tiles that the rows of a block take.  */
static inline int
brn_t1_passes(enum brn_isa isa, int bh, int ntile)
{
	int most = brn_t1_rows(isa, ntile);

	return (bh + most - 1) / most;
}

/* Tiles that go through a block row before the next one.  */
static inline int
brn_t1_group(enum brn_isa isa, int bh)
{
	int n = brn_t1_tiles(isa, bh);

	return n == BRN_T1_TILES ? n : BRN_T1_GROUP;
}

#endif
