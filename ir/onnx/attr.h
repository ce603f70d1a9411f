/* SPDX-License-Identifier: Apache-2.0
 *
 * The attributes of ONNX nodes.  What becomes of each is in ir/attrs.def.
 */
#ifndef BRN_ONNX_ATTR_H
#define BRN_ONNX_ATTR_H

#include "ir/attrs.h"
#include "ir/onnx/state.h"

struct Onnx__AttributeProto;

/* 1 and *out when the node has an attribute of that name, 0 when not.
 * EFORMAT: it has another type.  */
int brn_onnx_attr(const struct brn_onnx_node *n, const char *name,
    enum brn_attr_type type, struct Onnx__AttributeProto **out);

/* Set n->why when an attribute has a value that an ONLY or NOT row refuses.  */
int brn_onnx_attrs_refuse(struct brn_onnx_node *n);
/* EFORMAT: an attribute that the op does not have.  */
int brn_onnx_attrs_check(const struct brn_onnx_node *n);
/* Those of INPUT rows become constants in n->in.  */
int brn_onnx_attrs_to_inputs(struct brn_onnx_node *n);
/* Those that nodes have are copied to n->node, unless they have their default;
 * EFORMAT when one is missing.  */
int brn_onnx_attrs_copy(struct brn_onnx_node *n);

#endif
