/* SPDX-License-Identifier: Apache-2.0
 *
 * The constant weight of a dense layer, which files hold either way round:
 * [rows][cols], or with the attribute trans_w [cols][rows] as in MatMul.
 */
#ifndef BRN_WEIGHT_H
#define BRN_WEIGHT_H

#include "ir/graph/graph.h"

/* Is the weight of this dense layer held as [cols][rows]?  */
int brn_weight_is_transposed(const struct brn_node *dense);

/* The weight where it lies.  */
struct brn_matrix brn_weight(const struct brn_node *dense);

#endif
