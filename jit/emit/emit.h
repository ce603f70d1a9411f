/* SPDX-License-Identifier: Apache-2.0
 *
 * Emitters: one for each row of jit/kernels.def of tier 1 and up.  Each writes
 * the body of the kernel for a spec that fits it, and depends on nothing but
 * the spec and the plan, which follows from the spec.
 */
#ifndef BRN_EMIT_H
#define BRN_EMIT_H

#include "jit/emit/gcc.h"
#include "jit/kernel/kernel.h"

/* EJIT or ENOMEM; errors of libgccjit stick to g and brn_gcc_finish returns
 * them.  */
typedef int brn_emit_fn(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_plan *plan, burin_error *err);

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
