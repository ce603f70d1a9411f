/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 0, t0: the kernel object of jit/builtin/t0.c.  Its passes are those of
 * tier 1, but each row loads its x anew.
 */
#include "jit/kernel/kernel.h"
#include "jit/kernel/t1.h"

static int
fits(const struct brn_spec *s)
{
	(void)s;
	return 1;
}

static int
count(const struct brn_spec *s, const struct brn_row_stats *rows,
    struct brn_cost *n)
{
	(void)rows;
	brn_t1_count(s, n);
	n->term[BRN_COST_load] += (double)s->nblk * s->bh * s->bw *
	    brn_t1_vectors(s->isa);
	return 1;
}

const struct brn_kernel_ops brn_kernel_t0 = {
	.fits = fits,
	.count = count,
};
