/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks before unpacking.  protobuf-c recurses as deep as a file says and
 * allocates as much as it says; a file that passes these checks is unpacked
 * with bounded stack and memory.
 */
#ifndef BRN_ONNX_SCAN_H
#define BRN_ONNX_SCAN_H

#include "ir/base.h"

enum {
	BRN_ONNX_DEPTH = 64,            /* messages in messages */
	BRN_ONNX_MESSAGES = 1 << 20,    /* in a file */
	BRN_ONNX_FIELDS = 1 << 24,      /* in a file */
};

/* Check the wire format against the ONNX schema: bounds, wire types, nesting,
 * counts, no singular field twice, names that are UTF-8 without control
 * characters.  EFORMAT names the byte and the field.  */
int brn_onnx_scan(const void *data, size_t size, const char *file,
    burin_error *err);

#endif
