/* SPDX-License-Identifier: Apache-2.0
 *
 * Forms of operators that burin does not run.
 */
#ifndef BRN_ONNX_REFUSE_H
#define BRN_ONNX_REFUSE_H

#include "ir/onnx/state.h"

/* Set n->why when burin cannot run the node; n->in is there.  */
int brn_onnx_refuse(struct brn_onnx_node *n);

#endif
