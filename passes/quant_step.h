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

#endif
