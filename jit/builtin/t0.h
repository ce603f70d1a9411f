/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 0: the kernel that is part of the library and runs any layer.  Compiled
 * once for each instruction set: brn_t0_avx512 and so on.
 */
#ifndef BRN_T0_H
#define BRN_T0_H

#include "jit/spec.h"

brn_kernel_fn *brn_t0(enum brn_isa isa);
/* That of s: of its element type; of isa if that is f32.  */
brn_kernel_fn *brn_tier_0(const struct brn_spec *s, enum brn_isa isa);

/* ---- private to jit/builtin ------------------------------------------- */

#define BRN_T0_(isa) brn_t0_##isa
#define BRN_T0(isa) BRN_T0_(isa)

#define TARGET(name, ...) brn_kernel_fn BRN_T0(name);
BRN_TARGETS(TARGET)
#undef TARGET

#endif
