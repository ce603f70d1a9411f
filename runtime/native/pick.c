/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of native code for an instruction set.
 */
#include "runtime/native/native.h"

#define TARGET(name, ...) \
	extern const struct brn_native brn_native_table_##name;
BRN_TARGETS(TARGET)
#undef TARGET

const struct brn_native *
brn_native(enum brn_isa isa)
{
	static const struct brn_native *const table[BRN_NUM_ISAS] = {
#define TARGET(name, processors, ...) [BRN_ISA_##name] = \
		BRN_ONLY_##processors(&brn_native_table_##name),
		BRN_TARGETS(TARGET)
#undef TARGET
	};

	return table[isa] ? table[isa] : table[BRN_ISA_generic];
}
