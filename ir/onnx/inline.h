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

/* n->why: a function that burin cannot inline.  */
brn_onnx_expander brn_onnx_inline;

/* Count nodes and names that are put in; EUNSUPPORTED when all bodies together
 * have too many.  */
int brn_onnx_count_inside(struct brn_onnx_node *n, size_t count);
/* brn_onnx_add_node for a node of a body: attributes may refer to those of the
 * call that is being inlined.  */
int brn_onnx_add_inside(struct brn_onnx_import *im,
    struct Onnx__NodeProto *np, int index);

#endif
