/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of the library, by instruction set.
 */
#include "jit/builtin/few_tokens.h"
#include "jit/builtin/t0.h"

brn_kernel_fn *
brn_t0(enum brn_isa isa)
{
	static brn_kernel_fn *const t0[BRN_NUM_ISAS] = {
#define TARGET(name, processors, ...) \
		[BRN_ISA_##name] = BRN_ONLY_##processors(BRN_T0(name)),
		BRN_TARGETS(TARGET)
#undef TARGET
	};

	return t0[isa] ? t0[isa] : t0[BRN_ISA_generic];
}

brn_kernel_fn *
brn_few_tokens(enum brn_isa isa)
{
	static brn_kernel_fn *const few[BRN_NUM_ISAS] = {
#define TARGET(name, processors, ...) \
		[BRN_ISA_##name] = \
		    BRN_ONLY_##processors(BRN_FEW_TOKENS_OF(name)),
		BRN_TARGETS(TARGET)
#undef TARGET
	};

	return few[isa] ? few[isa] : few[BRN_ISA_generic];
}
