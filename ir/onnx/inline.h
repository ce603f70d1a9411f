/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX nodes that stand for the nodes of a body: calls of functions that the
 * model defines, and an If whose condition is known before a run.
 */
#ifndef BRN_ONNX_INLINE_H
#define BRN_ONNX_INLINE_H

#include "ir/onnx/state.h"

/* im->function from im->m.  EFORMAT: one is defined twice.  */
int brn_onnx_functions_init(struct brn_onnx_import *im);

/* n->why: an If on data, or a function that burin cannot inline.  */
brn_onnx_expander brn_onnx_inline;

#endif
