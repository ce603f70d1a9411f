/* SPDX-License-Identifier: Apache-2.0
 *
 * The tier 0 kernel of an instruction set.
 */
#include "jit/jit.h"
#include "jit/t0.h"

brn_kernel_fn *
brn_t0(enum brn_isa isa)
{
	static brn_kernel_fn *const t0[BRN_NUM_ISAS] = {
#ifdef __x86_64__
#define TARGET(name, lanes, nreg, flags) [BRN_ISA_##name] = BRN_T0(name),
		BRN_TARGETS(TARGET)
#undef TARGET
#else
		[BRN_ISA_generic] = brn_t0_generic,
#endif
	};

	return t0[isa] ? t0[isa] : brn_t0_generic;
}
