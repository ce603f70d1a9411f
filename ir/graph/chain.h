/* SPDX-License-Identifier: Apache-2.0
 *
 * The op chain: elementwise steps that are applied one after the other to one
 * value, v = x at first.  Attribute steps lists them; step i reads input i + 1:
 *
 *	round           f32[2], a scale and a zero point: v becomes
 *	                dequantize_linear(quantize_linear(v)), by u8
 *	table           f32[258], the same two and a number for each byte, of
 *	                which v becomes that of its byte
 *	add sub mul div v + b, v - b, v * b, v / b
 *
 * b has the shape of x, or one number, or one for each index of the last axis
 * of x.
 */
#ifndef BRN_CHAIN_H
#define BRN_CHAIN_H

#include "ir/graph/graph.h"

enum brn_chain_kind {
	BRN_CHAIN_round,
	BRN_CHAIN_table,
	BRN_CHAIN_add,
	BRN_CHAIN_sub,
	BRN_CHAIN_mul,
	BRN_CHAIN_div,
	BRN_CHAIN_KINDS
};

enum {
	BRN_CHAIN_STEPS = 8,            /* of a chain at most */
	BRN_CHAIN_TABLE = 2 + 256,      /* numbers of a table */
};

/* What step i, input i + 1, of n does.  */
static inline enum brn_chain_kind
brn_chain_kind(const struct brn_node *n, int i)
{
	return (enum brn_chain_kind)brn_attr(n, "steps")->ints[i];
}

/* How many numbers has the operand of a step that rounds; 0: it is another.  */
static inline int64_t
brn_chain_numbers(enum brn_chain_kind kind)
{
	return kind == BRN_CHAIN_round ? 2 : kind == BRN_CHAIN_table ?
	    BRN_CHAIN_TABLE : 0;
}

/* The zero point among the numbers b; 0 for what is none.  */
static inline int
brn_chain_zero(const float *b)
{
	return b[1] >= 0 && b[1] <= 255 ? (int)b[1] : 0;
}

/* How b meets x.  */
enum brn_chain_operand {
	BRN_CHAIN_NONE,                 /* not as a step takes it */
	BRN_CHAIN_SAME,
	BRN_CHAIN_NUMBER,
	BRN_CHAIN_FEATURE,              /* a number for each of the last axis */
};

/* Symbols that are the same are the same size.  */
static inline enum brn_chain_operand
brn_chain_operand(const struct brn_type *x, const struct brn_type *b)
{
	if (x->dtype != BURIN_F32 || b->dtype != BURIN_F32)
		return BRN_CHAIN_NONE;
	if (brn_type_equal(x, b))
		return BRN_CHAIN_SAME;
	if (b->rank <= x->rank && brn_type_is_concrete(b) &&
	    brn_type_numel(b) == 1)
		return BRN_CHAIN_NUMBER;
	return b->rank == 1 && x->rank >= 1 &&
	    b->dim[0] == x->dim[x->rank - 1] ? BRN_CHAIN_FEATURE :
	    BRN_CHAIN_NONE;
}

#endif
