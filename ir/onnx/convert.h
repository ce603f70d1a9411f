/* SPDX-License-Identifier: Apache-2.0
 *
 * What brings single operators to the normal form of ir/README.md beyond the
 * rows of ir/attrs.def: attributes that depend on the opset or on the number
 * of outputs, inputs of older forms.
 */
#ifndef BRN_ONNX_CONVERT_H
#define BRN_ONNX_CONVERT_H

#include "ir/onnx/state.h"

/* Move inputs of older forms to their places in n->in.  */
int brn_onnx_convert_inputs(struct brn_onnx_node *n);

/* Give n->node all its attributes: those that the table copies, and those that
 * the importer makes.  EFORMAT when one is missing or has another type.  */
int brn_onnx_convert_attrs(struct brn_onnx_node *n);

#endif
