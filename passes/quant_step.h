/* SPDX-License-Identifier: Apache-2.0
 *
 * QuantizeLinear and DequantizeLinear with one constant scale and zero point.
 */
#ifndef BRN_QUANT_STEP_H
#define BRN_QUANT_STEP_H

#include "ir/graph/conv_quant.h"

/* Is n quantize_linear to, or dequantize_linear of, u8 or i8, with numbers that
 * a convolution takes?  Sets *q.  */
int brn_match_quant(const struct brn_node *n, enum brn_op op,
    struct brn_quant *q);

/* Is n a rounding, dequantize_linear(quantize_linear(x)) with the same numbers?
 * Sets *q.  */
int brn_match_rounding(const struct brn_node *n, struct brn_quant *q);

/* Set attribute rounds of n, f32[count, 2], unless all scales are 0.  -1: no
 * memory.  */
int brn_set_rounds(struct brn_graph *g, struct brn_node *n,
    const struct brn_quant *round, int count);

#endif
