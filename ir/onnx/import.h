/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX models into graphs.
 */
#ifndef BRN_ONNX_H
#define BRN_ONNX_H

#include "ir/graph/graph.h"

/* data need not live longer than the call.  dir is the folder external data
 * may be in, NULL for none; name stands in messages.  keep: unsupported
 * operators become nodes of op unsupported instead of an error.
 * EFORMAT, EUNSUPPORTED, EIO, ENOMEM.  */
int brn_onnx_import(const void *data, size_t size, const char *dir,
    const char *name, int keep, struct brn_graph **out, burin_error *err);
/* The same; external data is in the blob whose name is its location.  */
int brn_onnx_import_parts(const void *data, size_t size,
    const burin_blob *blobs, size_t nblob, int keep, struct brn_graph **out,
    burin_error *err);
int brn_onnx_import_file(const char *path, int keep, struct brn_graph **out,
    burin_error *err);

#endif
