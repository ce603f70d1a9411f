/* SPDX-License-Identifier: Apache-2.0
 *
 * Which kernels can run a spec: the library's side of jit/kernels.def.  Asked
 * for shape and pattern only; which of several is best is the order of the
 * table, who may compile is brn_spec_init's business.
 */
#include "jit/kernel/t2_groups.h"

/* Offsets into x, in lines of a tile, stay far below 32 bits.  */
enum { MAX_FEATURES = 1 << 24 };

/* Tier 3: some 11 bytes of code a weight, and two microseconds to make it.
 * For blocks of 2 rows, and of 4 and up, tier 1 is as good and costs less.  */
enum { T3_WEIGHTS = 500000 };

/* Tier 1: a microsecond and more for each index.  */
enum { T1_BLOCKS = 4000000 };

static int
over_t1(const struct brn_spec *s)
{
	return !brn_spec_is_full(s) && s->nblk > T1_BLOCKS;
}

static int
fits_t1_tile(const struct brn_spec *s)
{
	return !over_t1(s) &&
	    (int64_t)s->nbcol * s->bw <= MAX_FEATURES &&
	    (int64_t)s->nbrow * s->bh <= MAX_FEATURES;
}

static int
fits_t1_full(const struct brn_spec *s)
{
	return brn_spec_is_full(s) && fits_t1_tile(s);
}

static int
suits_t3(const struct brn_spec *s)
{
	return s->isa == BRN_ISA_avx512 && (s->bh == 1 || s->bh == 3) &&
	    s->nblk > 0 && !brn_spec_is_full(s);
}

static int
over_t3(const struct brn_spec *s)
{
	return (int64_t)s->nblk * s->bh * s->bw > T3_WEIGHTS;
}

static int
fits_t3(const struct brn_spec *s)
{
	return suits_t3(s) && fits_t1_tile(s) && !over_t3(s);
}

const char *
brn_spec_limit(const struct brn_spec *s)
{
	if (over_t1(s))
		return "too many blocks to compile a kernel for";
	if (suits_t3(s) && over_t3(s))
		return "too many weights for straight-line code";
	return NULL;
}

/* What is higher gains nothing from more rows.  */
static int
fits_t2(const struct brn_spec *s)
{
	int64_t n[BRN_ALIKE_HEIGHTS];
	struct brn_t2 t;
	burin_error err;

	if (!s->rowptr || s->bh >= brn_alike_rows(0) || s->nblk == 0 ||
	    brn_spec_is_full(s) || !fits_t1_tile(s) ||
	    brn_t2_make(s, &t, &err) < 0)
		return 0;
	brn_t2_weights(&t, n);
	brn_t2_clear(&t);
	return brn_t2_pays(n);
}

static int
fits_t0(const struct brn_spec *s)
{
	(void)s;
	return 1;
}

const struct brn_kernel_info brn_kernels[BRN_NUM_KERNELS] = {
#define KERNEL(name, tier, what) \
	[BRN_KERNEL_##name] = { #name, what, tier, fits_##name },
#include "jit/kernels.def"
};
