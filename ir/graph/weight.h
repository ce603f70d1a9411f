/* SPDX-License-Identifier: Apache-2.0
 *
 * The constant weight of a dense layer: stored as [rows][cols], or with
 * attribute trans_w as [cols][rows], the order of MatMul.
 */
#ifndef BRN_WEIGHT_H
#define BRN_WEIGHT_H

#include "ir/graph/graph.h"

/* The steps [rows] of a weight of integers of 8 bits, each of which stands for
 * itself times the step of its row; NULL: the weight is f32.  dense and
 * bsr_dense only.  */
struct brn_node *brn_weight_step(const struct brn_node *layer);

/* Is the weight a constant matrix, of f32 or of integers with constant steps?
 */
int brn_weight_is_const(const struct brn_node *layer);

/* Give a layer an f32 weight in place of one of integers.  ENOMEM.  */
int brn_weight_expand(struct brn_graph *g, struct brn_node *layer,
    burin_error *err);

/* Whether the weight of this dense layer is stored as [cols][rows].  */
int brn_weight_is_transposed(const struct brn_node *dense);

/* The weight; its elements are those of the constant.  */
struct brn_matrix brn_weight(const struct brn_node *dense);

#endif
