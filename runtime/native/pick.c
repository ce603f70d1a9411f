/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of native code for an instruction set.
 */
#include "runtime/native/native.h"

extern const struct brn_native brn_native_table_generic;
#ifdef __x86_64__
extern const struct brn_native brn_native_table_sse2, brn_native_table_avx2,
    brn_native_table_avx512;
#endif

const struct brn_native *
brn_native(enum brn_isa isa)
{
#ifdef __x86_64__
	if (isa == BRN_ISA_avx512)
		return &brn_native_table_avx512;
	if (isa == BRN_ISA_avx2)
		return &brn_native_table_avx2;
	if (isa == BRN_ISA_sse2)
		return &brn_native_table_sse2;
#endif
	(void)isa;
	return &brn_native_table_generic;
}
