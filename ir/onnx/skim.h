/* SPDX-License-Identifier: Apache-2.0
 *
 * Which bytes of a model file are structure, and which are large weights.
 */
#ifndef BRN_ONNX_SKIM_H
#define BRN_ONNX_SKIM_H

#include "ir/onnx/file.h"

/* Fields on the way to weights, by tag: number and wire type 2.  */
enum {
	BRN_ONNX_MODEL_GRAPH = 7 << 3 | 2,
	BRN_ONNX_GRAPH_INITIALIZER = 5 << 3 | 2,
	BRN_ONNX_TENSOR_RAW_DATA = 9 << 3 | 2,
};

/* raw_data of initializers from this many bytes on are large weights.  */
#define BRN_ONNX_LARGE_RAW 4096

/* Read the file into the memory of the map, but for most bytes of large
 * weights, which stay 0.  Of a file that is no protobuf any bytes may be left
 * out, but none that lie where a reader of protobuf sees structure.  EIO; what
 * starts the message.  */
int brn_onnx_skim(const struct brn_onnx_map *m, const char *what,
    burin_error *err);

#endif
