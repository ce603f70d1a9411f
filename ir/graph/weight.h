/* SPDX-License-Identifier: Apache-2.0
 *
 * The constant weight of a dense layer: stored as [rows][cols], or with
 * attribute trans_w as [cols][rows], the order of MatMul.
 */
#ifndef BRN_WEIGHT_H
#define BRN_WEIGHT_H

#include "ir/graph/graph.h"

/* Whether the weight of this dense layer is stored as [cols][rows].  */
int brn_weight_is_transposed(const struct brn_node *dense);

/* The weight; its elements are those of the constant.  */
struct brn_matrix brn_weight(const struct brn_node *dense);

#endif
