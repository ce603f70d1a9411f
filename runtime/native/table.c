/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of forms of one instruction set, and the questions that most forms
 * share.
 */
#include "runtime/native/isa.h"

int
BRN_FOR_ISA(brn_takes_all)(const struct brn_call *c)
{
	(void)c;
	return 1;
}

/* The first operand is f32.  */
int
BRN_FOR_ISA(brn_takes_f32)(const struct brn_call *c)
{
	return brn_is_f32(c->in[0]);
}

struct brn_room
BRN_FOR_ISA(brn_room_none)(const struct brn_call *c)
{
	(void)c;
	return (struct brn_room){ 0, 0 };
}

/* For burin_step_info.kernel.  */
#define WORD_any "native"
#define WORD_rows "native"
#define WORD_planes "native"
#define WORD_tiles "tiles"

static const struct brn_form forms[] = {
#define LAYER(op, layout, run, flags)
#define FORM(op, layout, takes, room, flags) \
	{ BRN_OP_##op, BRN_LAYOUT_##layout, \
	    BRN_FOR_ISA(brn_##layout##_##op), \
	    BRN_FOR_ISA(brn_takes_##takes), BRN_FOR_ISA(brn_room_##room), \
	    flags, WORD_##layout },
#include "runtime/native/forms.def"
};

extern const struct brn_native BRN_FOR_ISA(brn_native_table);

const struct brn_native BRN_FOR_ISA(brn_native_table) = {
	.form = forms,
	.nform = BRN_COUNT(forms),
	.to_tiles = BRN_FOR_ISA(brn_to_tiles),
	.from_tiles = BRN_FOR_ISA(brn_from_tiles),
	.epilogue = BRN_FOR_ISA(brn_epilogue),
	.range = BRN_FOR_ISA(brn_range),
	.quantize = BRN_FOR_ISA(brn_quantize),
	.quantize_quad = BRN_FOR_ISA(brn_quantize_quad),
	.dequantize = BRN_FOR_ISA(brn_dequantize),
	.dequantize_row = BRN_FOR_ISA(brn_dequantize_row),
	.transpose = BRN_FOR_ISA(brn_transpose),
	.cell_reset = BRN_FOR_ISA(brn_cell_reset),
	.cell_step = BRN_FOR_ISA(brn_cell_step),
	.phases = BRN_FOR_ISA(brn_phases),
	.gather = BRN_FOR_ISA(brn_gather),
	.window_product = BRN_FOR_ISA(brn_window_product),
	.scatter = BRN_FOR_ISA(brn_scatter),
	.phases_bytes = BRN_FOR_ISA(brn_phases_bytes),
	.gather_bytes = BRN_FOR_ISA(brn_gather_bytes),
	.scatter_bytes = BRN_FOR_ISA(brn_scatter_bytes),
};
