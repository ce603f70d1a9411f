/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions on integers: attributes of dense_conv, bsr_conv and depthwise
 * that say which of their values are quantized.  A value is scale * (q - zero),
 * q in 0 .. 255; bytes of i8 are q - 128.  The weight of such a depthwise is
 * i8, with the step [channels] of each row as input 4.
 *
 *	x_quant=1 x_scale x_zero   x, which is bytes
 *	mid_scale mid_zero         the sum is rounded to these steps before a
 *	                           residual is added, and an act_last applied
 *	r_scale r_zero             the residual, if it is bytes
 *	y_type y_scale y_zero      the result is bytes of type y_type
 */
#ifndef BRN_CONV_QUANT_H
#define BRN_CONV_QUANT_H

#include "ir/graph/graph.h"

struct brn_quant {
	float scale;                    /* 0: not quantized */
	int32_t zero;
};

struct brn_conv_quant {
	struct brn_quant x, mid, residual, y;
	int y_type;                     /* 0: f32 */
};

/* From the attributes of n.  */
struct brn_conv_quant brn_conv_quant_of(const struct brn_node *n);

/* Are they in range?  */
int brn_conv_quant_is_valid(const struct brn_conv_quant *q);

/* The reference: x rounded to the steps, NaN to 0; and its q.  */
double brn_quant_round(const struct brn_quant *s, double x);
int brn_quant_byte(const struct brn_quant *s, double x);

/* What q is more than a byte of a tensor of that type.  */
static inline int
brn_byte_offset(int dtype)
{
	return dtype == BURIN_I8 ? 128 : 0;
}

#endif
