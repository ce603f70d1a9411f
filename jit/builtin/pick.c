/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of the library, by instruction set.
 */
#include "jit/builtin/bf16.h"
#include "jit/builtin/few_tokens.h"
#include "jit/builtin/i8.h"
#include "jit/builtin/t0.h"
#include "jit/kernel/dot_groups.h"

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
brn_tier_0(const struct brn_spec *s, enum brn_isa isa)
{
	switch (s->elem) {
	case BRN_ELEM_bf16:
		return brn_t0_bf16;
	case BRN_ELEM_i8:
		return brn_dot_groups_aligned(s) ? brn_t0_i8_aligned :
		    brn_t0_i8;
	default:
		return brn_t0(isa);
	}
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

brn_kernel_fn *
brn_few_tokens_in_l2(enum brn_isa isa)
{
	static brn_kernel_fn *const few[BRN_NUM_ISAS] = {
#define TARGET(name, processors, ...) \
		[BRN_ISA_##name] = \
		    BRN_ONLY_##processors(BRN_FEW_TOKENS_IN_L2(name)),
		BRN_TARGETS(TARGET)
#undef TARGET
	};

	return few[isa] ? few[isa] : few[BRN_ISA_generic];
}
