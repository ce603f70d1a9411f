/* SPDX-License-Identifier: Apache-2.0
 *
 * The ModelProto of a file.
 */
#ifndef BRN_ONNX_UNPACK_H
#define BRN_ONNX_UNPACK_H

#include "ir/onnx/file.h"

struct Onnx__ModelProto;

/* Scan, then unpack.  *out has a graph and belongs to the caller.  Its memory
 * comes from brn_alloc: a pointer may be taken out (set it to NULL).  */
int brn_onnx_unpack(const struct brn_onnx_map *map, const char *file,
    struct Onnx__ModelProto **out, burin_error *err);
void brn_onnx_model_free(struct Onnx__ModelProto *m);   /* NULL is fine */

#endif
