/* SPDX-License-Identifier: Apache-2.0
 *
 * Measured rates of tier 1: nanoseconds for a multiply-add of 16 tokens, and
 * for a block row however empty, by height of the block.  The width of a block
 * hardly matters to kernels whose lanes are tokens.
 *
 * The table is what `bench/kernels --fit` printed on a Zen 4 of 3.7 GHz; other
 * machines are slower or faster by about one factor, which compares nothing
 * differently.  It does not know the caches.
 */
#include "jit/cost.h"

/* By floor(log2(bh)), the last also for higher blocks.  */
enum { HEIGHTS = 6 };

struct rate {
	double fma;             /* ns a weight and tile */
	double row;             /* ns a block row and tile */
};

static const struct rate rates[BRN_NUM_ISAS][HEIGHTS] = {
	[BRN_ISA_avx512] = {
		{ .590, 3 }, { .330, 3 }, { .285, 4 }, { .282, 8 },
		{ .278, 14 }, { .278, 28 },
	},
	[BRN_ISA_avx2] = {
		{ .590, 3 }, { .370, 3 }, { .320, 8 }, { .310, 16 },
		{ .300, 32 }, { .300, 64 },
	},
	[BRN_ISA_sse2] = {
		{ 1.10, 6 }, { .900, 8 }, { .880, 16 }, { .860, 32 },
		{ .850, 64 }, { .850, 128 },
	},
	[BRN_ISA_generic] = {
		{ 1.10, 6 }, { .900, 8 }, { .880, 16 }, { .860, 32 },
		{ .850, 64 }, { .850, 128 },
	},
};

double
brn_cost(enum brn_isa isa, int64_t rows, int64_t cols, int bh, int bw,
    int64_t nblk)
{
	int64_t nbrow = rows / bh + (rows % bh != 0);
	int h = 0;

	(void)cols;
	while (h < HEIGHTS - 1 && 2 << h <= bh)
		h++;
	return rates[isa][h].fma * (double)nblk * bh * bw +
	    rates[isa][h].row * (double)nbrow;
}
