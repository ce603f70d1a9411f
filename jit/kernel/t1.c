/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 1: shape of the passes, limits and cost.
 */
#include "jit/kernel/t1.h"

#include "jit/kernel/kernel.h"
#include "jit/kernel/dot_groups.h"

enum {
	MAX_TILES = 4,          /* with more, too few x lines are still in L1 */
	WANT_ROWS = 8,          /* up to here rows save more loads than tiles */
	TILE_GROUP = 8,
	MAX_FEATURES = 1 << 24, /* offsets into x, in lines, stay far below
	                           32 bits */
	MAX_BLOCKS = 4000000,   /* compiling takes a microsecond a block */
	L1_BYTES = 32 << 10,    /* x never has all of it */
};

/* ---- passes ----------------------------------------------------------- */

int
brn_t1_vectors(enum brn_isa isa)
{
	return BRN_TILE / brn_isas[isa].lanes;
}

int
brn_t1_max_rows(enum brn_isa isa, int nx)
{
	return brn_isas[isa].nacc / nx;
}

/* With two vectors a tile (AVX2) the choice was measured, by height: FMAs of
 * so few accumulators wait for each other, and these shapes wait the least.  */
static int
tiles_of_two_vectors(const struct brn_spec *s)
{
	static const int tiles[WANT_ROWS + 1] = { 0, 4, 3, 2, 3, 1, 1, 3, 3 };

	return s->bh > WANT_ROWS || (s->bh > 3 && s->bw > 1) ? 1 :
	    tiles[s->bh];
}

/* Are the columns of a group gathered and shuffled?  bf16 shuffles aligned
 * ones, too, but does not gather them.  */
static int
is_gathered(const struct brn_spec *s)
{
	return brn_elems[s->elem].dot > 1 && !brn_dot_groups_aligned(s);
}

/* The x of i8 is in quads.  */
int
brn_t1_tiles(const struct brn_spec *s)
{
	int nvec = brn_t1_vectors(s->isa), n = 1;
	int want = s->bh < WANT_ROWS ? s->bh : WANT_ROWS;

	if (s->elem == BRN_ELEM_i8)
		return BRN_QUAD;
	if (nvec == 2)
		return tiles_of_two_vectors(s);
	while (2 * n <= MAX_TILES &&
	    brn_t1_max_rows(s->isa, 2 * n * nvec) >= want)
		n *= 2;
	return n;
}

int
brn_t1_narrower(const struct brn_spec *s, int ntile)
{
	if (s->elem == BRN_ELEM_i8)
		return ntile - 1;
	return ntile == 3 && s->bh == 2 ? 2 : ntile / 2;
}

int
brn_t1_pass_vectors(const struct brn_spec *s, int ntile)
{
	int n = ntile * brn_t1_vectors(s->isa);

	return ntile == 3 && s->bh > 2 && s->elem != BRN_ELEM_i8 ? n / 2 : n;
}

int
brn_t1_passes(const struct brn_spec *s, int nx)
{
	int most = brn_t1_max_rows(s->isa, nx);

	return (s->bh + most - 1) / most;
}

int
brn_t1_tile_group(const struct brn_spec *s)
{
	int n = brn_t1_tiles(s);

	if (brn_t1_vectors(s->isa) == 2)
		return n == 1 ? 2 : n;
	return n == MAX_TILES ? n : TILE_GROUP;
}

/* ---- fits ------------------------------------------------------------- */

/* Entries of the table of offsets: one a block, in groups one a column.  */
static int64_t
num_offsets(const struct brn_spec *s)
{
	int dot = brn_elems[s->elem].dot;

	return brn_spec_is_full(s) ? 0 : dot == 1 ? s->nblk :
	    (int64_t)s->nblk * s->bw + (int64_t)s->nbrow * (dot - 1);
}

static int
has_too_many_blocks(const struct brn_spec *s)
{
	return num_offsets(s) > MAX_BLOCKS;
}

static const char *
limit(const struct brn_spec *s)
{
	return has_too_many_blocks(s) ?
	    "too many blocks to compile a kernel for" : NULL;
}

int
brn_t1_fits(const struct brn_spec *s)
{
	return !has_too_many_blocks(s) && (s->elem == BRN_ELEM_f32 ||
	    brn_isas[s->isa].lanes == BRN_TILE) &&
	    (int64_t)s->nbcol * s->bw <= MAX_FEATURES &&
	    (int64_t)s->nbrow * s->bh <= MAX_FEATURES;
}

static int
fits_full(const struct brn_spec *s)
{
	return brn_spec_is_full(s) && brn_t1_fits(s);
}

/* ---- cost ------------------------------------------------------------- */

/* What a dot width of D > 1 adds: bf16 loads and shuffles D lines for a group,
 * i8 unpacks the group of a tile by two shuffles, once for all passes.  x is
 * the vectors of x of all passes, each of one column.  */
static void
count_gather(const struct brn_spec *s, double x, int passes, struct brn_cost *n)
{
	int dot = brn_elems[s->elem].dot;

	if (!is_gathered(s)) {
		n->term[BRN_COST_load] += x / dot;
	} else if (s->elem == BRN_ELEM_i8) {
		n->term[BRN_COST_fma] += 2 * x / passes / dot;
		n->term[BRN_COST_load] += x / dot;
	} else {
		n->term[BRN_COST_fma] += x;
		n->term[BRN_COST_load] += x;
	}
}

/* A pass loads each vector of x once for all its rows and each weight once for
 * all its tiles.  Block rows go through the same x one after the other, so x
 * comes from L2 when the x of a pass is larger than L1.  With a dot width of D
 * there are as many times fewer multiply-adds and weights, and lines of x are
 * as many times smaller.  */
void
brn_t1_count(const struct brn_spec *s, struct brn_cost *n)
{
	int nx = brn_t1_pass_vectors(s, brn_t1_tiles(s));
	int nvec = brn_t1_vectors(s->isa), passes = brn_t1_passes(s, nx);
	double w = (double)s->nblk * s->bh * s->bw;
	double x = w * nvec * passes / s->bh;
	double bytes = (double)s->nbcol * s->bw * nx / nvec * BRN_TILE * 4;
	int dot = brn_elems[s->elem].dot;

	n->term[BRN_COST_fma] += w * nvec / dot;
	n->term[BRN_COST_load] += w * nvec / nx / 2 / dot;
	count_gather(s, x, passes, n);
	n->term[BRN_COST_line] += bytes / dot > L1_BYTES ? x / dot : 0;
	n->term[BRN_COST_code] += 2.0 * (double)num_offsets(s) /
	    brn_t1_tile_group(s);
	n->term[BRN_COST_row] += (double)s->nbrow * s->bh * nvec;
}

static int
count_tile(const struct brn_spec *s, const struct brn_row_stats *rows,
    struct brn_cost *n)
{
	(void)rows;
	brn_t1_count(s, n);
	return 1;
}

/* There are no indices.  */
static int
count_full(const struct brn_spec *s, const struct brn_row_stats *rows,
    struct brn_cost *n)
{
	double before = n->term[BRN_COST_code];

	(void)rows;
	brn_t1_count(s, n);
	n->term[BRN_COST_code] = before;
	return 1;
}

const struct brn_kernel_ops brn_kernel_t1_tile = {
	.fits = brn_t1_fits,
	.limit = limit,
	.count = count_tile,
};

const struct brn_kernel_ops brn_kernel_t1_full = {
	.fits = fits_full,
	.count = count_full,
};
