/* SPDX-License-Identifier: Apache-2.0
 *
 * TensorProto into burin's tensors: every way the bytes can be stored becomes
 * one row-major array of a type that burin has.
 */
#ifndef BRN_ONNX_TENSOR_H
#define BRN_ONNX_TENSOR_H

#include "ir/graph/tensor.h"

struct Onnx__SparseTensorProto;
struct Onnx__TensorProto;

/* Limits in bytes for one model.  A small file could ask for more memory than
 * the machine has: by naming one piece of external data many times, by sparse
 * tensors of enormous shape, by functions that hold constants.  */
#define BRN_ONNX_MAX_EXTERN ((size_t)16 << 30)
#define BRN_ONNX_MAX_SPARSE ((size_t)1 << 30)
#define BRN_ONNX_MAX_COPIES ((size_t)1 << 30)

struct brn_onnx_source {
	const char *file;               /* in messages */
	const char *dir;                /* of external data, or NULL */
	size_t extern_left;             /* bytes of external data allowed */
	size_t sparse_left;             /* bytes of dense copies of sparse */
	size_t copy_left;               /* bytes of constants in functions */
	int shared;                     /* tensors may be read again: they are
	                                   copied, not taken out */
	const burin_blob *blob;         /* [nblob]: instead of dir, or NULL */
	size_t nblob;
};

/* The dtype that stands for a TensorProto.DataType (f16, bf16 and f64 become
 * f32), 0 when there is none.  */
int brn_onnx_dtype(int data_type);
/* The dtype of an input or output of the model: f16, bf16 and f64 stay.  */
int brn_onnx_port_dtype(int data_type);
const char *brn_onnx_dtype_name(int data_type);         /* "float16" */

/* Make external data raw data of t; nothing to do for other tensors.  what
 * names t in messages.  EFORMAT, EIO, EUNSUPPORTED (too much).  */
int brn_onnx_embed(struct brn_onnx_source *src, struct Onnx__TensorProto *t,
    const char *what, burin_error *err);

/* Type and bytes of t, embedded first.  The bytes are as raw_data has them,
 * little-endian, of the size that dims and data_type say; they are taken out
 * of t, from brn_alloc* and the caller's.  type->dtype is what they become.
 * EFORMAT, EIO, EUNSUPPORTED (dtype, rank, size).  */
int brn_onnx_bytes(struct brn_onnx_source *src, struct Onnx__TensorProto *t,
    const char *what, struct brn_type *type, void **data, burin_error *err);

/* Put bytes from brn_onnx_bytes back into t as raw data.  Takes data.  */
void brn_onnx_put_back(struct Onnx__TensorProto *t,
    const struct brn_type *type, void *data);

/* Like brn_onnx_bytes, converted to type->dtype.  */
int brn_onnx_tensor(struct brn_onnx_source *src, struct Onnx__TensorProto *t,
    const char *what, struct brn_type *type, void **data, burin_error *err);

#endif
