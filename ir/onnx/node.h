/* SPDX-License-Identifier: Apache-2.0
 *
 * One ONNX node into the graph, in the normal form of ir/README.md.
 */
#ifndef BRN_ONNX_NODE_H
#define BRN_ONNX_NODE_H

#include "ir/onnx/state.h"

/* Add node np; the graph's leaves and all nodes before it are there.  index is
 * its position, for messages.  An operator that is not supported becomes a node
 * of op unsupported.  */
int brn_onnx_add_node(struct brn_onnx_import *im, struct Onnx__NodeProto *np,
    int index);

#endif
