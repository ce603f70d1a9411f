/* SPDX-License-Identifier: Apache-2.0
 *
 * The passes of tier 1: how many rows and tiles have their accumulators in
 * registers at a time.  The emitter makes them, the cost model counts by them.
 */
#ifndef BRN_T1_H
#define BRN_T1_H

#include "jit/spec.h"

enum {
	BRN_T1_ACC = 16,        /* vectors of accumulators in a pass, at most */
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

/* Most rows of a pass of nx vectors of x.  */
static inline int
brn_t1_rows(enum brn_isa isa, int nx)
{
	return (isa == BRN_ISA_avx512 ? BRN_T1_ACC :
	    isa == BRN_ISA_avx2 ? 12 : 8) / nx;
}

/* Tiles of the widest passes.  With AVX2 those that leave the fewest FMAs
 * waiting, as measured.  */
static inline int
brn_t1_tiles(const struct brn_spec *s)
{
	static const int avx2[BRN_T1_ROWS + 1] = { 0, 4, 3, 2, 3, 1, 1, 3, 3 };
	int want = s->bh < BRN_T1_ROWS ? s->bh : BRN_T1_ROWS, n = 1;

	if (s->isa == BRN_ISA_avx2)
		return s->bh > BRN_T1_ROWS || (s->bh > 3 && s->bw > 1) ? 1 :
		    avx2[s->bh];
	while (2 * n <= BRN_T1_TILES &&
	    brn_t1_rows(s->isa, 2 * n * brn_t1_nvec(s->isa)) >= want)
		n *= 2;
	return n;
}

/* Tiles of the next narrower ones; 0: there are none.  */
static inline int
brn_t1_fewer(const struct brn_spec *s, int ntile)
{
	return ntile == 3 && s->bh == 2 ? 2 : ntile / 2;
}

/* Vectors of x of a pass of ntile tiles.  Three tiles of higher blocks, of two
 * vectors each, take two passes.  */
static inline int
brn_t1_nx(const struct brn_spec *s, int ntile)
{
	int n = ntile * brn_t1_nvec(s->isa);

	return ntile == 3 && s->bh > 2 ? n / 2 : n;
}

/* Passes of nx vectors that the rows of a block take.  */
static inline int
brn_t1_passes(const struct brn_spec *s, int nx)
{
	int most = brn_t1_rows(s->isa, nx);

	return (s->bh + most - 1) / most;
}

/* Tiles that go through a block row before the next one.  */
static inline int
brn_t1_group(const struct brn_spec *s)
{
	int n = brn_t1_tiles(s);

	if (s->isa == BRN_ISA_avx2)
		return n == 1 ? 2 : n;
	return n == BRN_T1_TILES ? n : BRN_T1_GROUP;
}

#endif
