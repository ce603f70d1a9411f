/* SPDX-License-Identifier: Apache-2.0
 *
 * SparseTensorProto into burin's dense tensors.
 */
#ifndef BRN_ONNX_SPARSE_H
#define BRN_ONNX_SPARSE_H

#include "ir/onnx/tensor.h"

/* Like brn_onnx_tensor.  EUNSUPPORTED: more than src->sparse_left bytes.  */
int brn_onnx_sparse(struct brn_onnx_source *src,
    struct Onnx__SparseTensorProto *s, const char *what,
    struct brn_type *type, void **data, burin_error *err);

#endif
