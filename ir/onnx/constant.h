/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors in a file that are values of the graph: initializers, Constant, and
 * what ConstantOfShape fills its result with.
 */
#ifndef BRN_ONNX_CONSTANT_H
#define BRN_ONNX_CONSTANT_H

#include "ir/onnx/state.h"

struct Onnx__GraphProto;

/* Leaves for the initializers of a graph.  One of a type that burin does not
 * have becomes a node of op unsupported.  */
int brn_onnx_initializers(struct brn_onnx_import *im,
    struct Onnx__GraphProto *g);

/* n->node from a Constant with one attribute.  */
int brn_onnx_constant(struct brn_onnx_node *n);

/* The attribute value of a constant_of_shape.  */
int brn_onnx_fill_value(struct brn_onnx_node *n);

#endif
