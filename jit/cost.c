/* SPDX-License-Identifier: Apache-2.0
 *
 * Measured rates: nanoseconds for a weight and a tile, and for a block row
 * however empty, by height of the block in tier 1.  The width of a block
 * hardly matters to kernels whose lanes are tokens.
 *
 * The tables are medians of seven runs of `bench/kernels --fit` on one core of
 * a Zen 4 with a peak of 118 GFLOP/s, where a weight and a tile take 0.271 ns
 * at best.  Other machines differ by about one factor, which changes no
 * comparison.  Caches are not in it.
 */
#include "jit/cost.h"

#include "jit/spec.h"

/* By floor(log2(bh)), the last also for higher blocks.  */
enum { HEIGHTS = 6 };

struct rate {
	double fma;             /* ns a weight and tile */
	double row;             /* ns a block row and tile */
};

static const struct rate rates[BRN_NUM_ISAS][HEIGHTS] = {
	[BRN_ISA_avx512] = {
		{ .586, 0.0 }, { .309, 0.6 }, { .272, 4.6 }, { .268, 6.9 },
		{ .278, 8.8 }, { .274, 16.6 },
	},
	[BRN_ISA_avx2] = {
		{ .663, 0.0 }, { .375, 2.0 }, { .303, 13.3 },
		{ .303, 12.0 }, { .312, 1.3 }, { .317, 0.0 },
	},
	[BRN_ISA_sse2] = {
		{ .946, 6.2 }, { .962, 9.0 }, { .887, 15.3 },
		{ .893, 10.1 }, { .876, 33.5 }, { .937, 0.0 },
	},
	[BRN_ISA_generic] = {
		{ .948, 6.0 }, { .940, 7.9 }, { .889, 12.8 },
		{ .893, 12.3 }, { .891, 26.4 }, { .930, 0.0 },
	},
};

/* A weight and a tile when every block of 16 rows and up is stored.  */
static const double full[BRN_NUM_ISAS] = {
	[BRN_ISA_avx512] = .279,
	[BRN_ISA_avx2] = .307,
	[BRN_ISA_sse2] = .774,
	[BRN_ISA_generic] = .779,
};

/* A weight and a tile in tier 3.  */
static const double t3 = .315;

static int
is_t3(enum brn_isa isa, int64_t nbrow, int64_t nbcol, int bh, int bw,
    int64_t nblk)
{
	return nbrow <= INT32_MAX && nbcol <= INT32_MAX && nblk <= INT32_MAX &&
	    brn_kernels[BRN_KERNEL_t3].fits(&(struct brn_spec){ .isa = isa,
	    .bh = bh, .bw = bw, .nbrow = (int32_t)nbrow,
	    .nbcol = (int32_t)nbcol, .nblk = (int32_t)nblk });
}

double
brn_cost(enum brn_isa isa, int64_t rows, int64_t cols, int bh, int bw,
    int64_t nblk)
{
	int64_t nbrow = rows / bh + (rows % bh != 0);
	int64_t nbcol = cols / bw + (cols % bw != 0);
	double weights = (double)nblk * bh * bw;
	int h = 0;

	if (bh >= 16 && nblk == nbrow * nbcol)
		return full[isa] * weights;
	if (is_t3(isa, nbrow, nbcol, bh, bw, nblk))
		return t3 * weights;
	while (h < HEIGHTS - 1 && 2 << h <= bh)
		h++;
	return rates[isa][h].fma * weights + rates[isa][h].row * (double)nbrow;
}
