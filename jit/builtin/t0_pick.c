/* SPDX-License-Identifier: Apache-2.0
 *
 * The tier 0 kernel of an instruction set, and that for few tokens.
 */
#include "jit/builtin/few_tokens.h"
#include "jit/get/jit.h"
#include "jit/builtin/t0.h"

#ifdef __x86_64__
#define ALL(name) { \
	[BRN_ISA_generic] = name##_generic, [BRN_ISA_sse2] = name##_sse2, \
	[BRN_ISA_avx2] = name##_avx2, [BRN_ISA_avx512] = name##_avx512, \
}
#else
#define ALL(name) { [BRN_ISA_generic] = name##_generic }
#endif

brn_kernel_fn *
brn_t0(enum brn_isa isa)
{
	static brn_kernel_fn *const t0[BRN_NUM_ISAS] = ALL(brn_t0);

	return t0[isa] ? t0[isa] : brn_t0_generic;
}

brn_kernel_fn *
brn_few(enum brn_isa isa)
{
	static brn_kernel_fn *const few[BRN_NUM_ISAS] = ALL(brn_few);

	return few[isa] ? few[isa] : brn_few_generic;
}
