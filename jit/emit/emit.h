/* SPDX-License-Identifier: Apache-2.0
 *
 * Emitters: one a row of jit/kernels.def of tier 1 and up.  Each writes the
 * body of the kernel for a spec that fits it; what it reads is in the spec.
 */
#ifndef BRN_EMIT_H
#define BRN_EMIT_H

#include "jit/emit/gcc.h"

/* EJIT or ENOMEM; libgccjit's own errors stick to g and come later.  */
typedef int brn_emit_fn(struct brn_gcc *g, const struct brn_spec *s,
    burin_error *err);

#define EMIT_0(name)
#define EMIT_1(name) brn_emit_fn brn_emit_##name;
#define EMIT_2(name) EMIT_1(name)
#define EMIT_3(name) EMIT_1(name)
#define KERNEL(name, tier, what) EMIT_##tier(name)
#include "jit/kernels.def"
#undef EMIT_0
#undef EMIT_1
#undef EMIT_2
#undef EMIT_3

#endif
