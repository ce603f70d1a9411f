/* SPDX-License-Identifier: Apache-2.0
 *
 * Which kernel runs a layer: the first of jit/kernels.def that fits, unless
 * another one is asked for or predicted to be faster.
 */
#ifndef BRN_CHOOSE_H
#define BRN_CHOOSE_H

#include "ir/graph/estimate.h"
#include "jit/kernel/kernel.h"

/* Give s the first kernel that fits; tier 0 without a compiler.  */
void brn_choose_first(struct brn_spec *s);

/* Give s the kernel `want`, if that is not tier 0, fits and suits the pattern;
 * else the first that fits.  With BRN_NO_KERNEL: the one that is predicted to
 * be the fastest.  *out is the plan of the chosen kernel.  ENOMEM.  */
int brn_choose(struct brn_spec *s, int want, struct brn_plan *out,
    burin_error *err);

/* Predicted nanoseconds of a tile, with the kernel that brn_choose would take
 * for such a layer; a kernel that groups rows counts only if l has their
 * statistics.  */
struct brn_estimate brn_estimate(enum brn_isa isa,
    const struct brn_layer_shape *l);

#endif
