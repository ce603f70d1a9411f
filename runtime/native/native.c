/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of native ops of one instruction set.
 */
#include "runtime/native/isa.h"

extern const struct brn_native BRN_FOR_ISA(brn_native_table);

const struct brn_native BRN_FOR_ISA(brn_native_table) = {
	.to_tiles = BRN_FOR_ISA(brn_to_tiles),
	.from_tiles = BRN_FOR_ISA(brn_from_tiles),
	.epilogue = BRN_FOR_ISA(brn_epilogue),
	.op = {
#define NATIVE(name) [BRN_OP_##name] = BRN_FOR_ISA(brn_native_##name),
#include "runtime/native/native.def"
	},
	.phases = BRN_FOR_ISA(brn_phases),
	.gather = BRN_FOR_ISA(brn_gather),
	.scatter = BRN_FOR_ISA(brn_scatter),
	.image = {
#define IMAGE(name) [BRN_OP_##name] = BRN_FOR_ISA(brn_image_##name),
#include "runtime/native/images.def"
	},
	.tiled = {
#define TILED(name) [BRN_OP_##name] = BRN_FOR_ISA(brn_tiled_##name),
#include "runtime/native/tiles.def"
	},
};
