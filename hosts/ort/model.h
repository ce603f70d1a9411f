/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes of an OrtGraph as an ONNX model, for burin_model_load_parts: large
 * weights are not in its bytes but are blobs, memory of ONNX Runtime's.
 */
#ifndef BURIN_ORT_MODEL_H
#define BURIN_ORT_MODEL_H

#include "hosts/ort/bytes.h"
#include "hosts/ort/graph.h"

/* Values, sorted by name, no name twice.  */
struct value_set {
	size_t n;
	struct value *v;
};

struct model {
	struct bytes bytes;
	struct value_set from, out;     /* what comes in, weights included; what
	                                   is used outside */
	size_t nblob, blob_room;
	burin_blob *blob;
	char (*name)[24];               /* of blobs */
};

/* in[i]: node i is in the model.  Refused nodes become operators that do not
 * exist, and a node without a name gets one, by model_node_name.  m is to be
 * freed also after an error.  */
struct OrtStatus *model_write(const struct graph *g, const bool *in,
    struct model *m);
void model_free(struct model *m);

/* The name that node i has in the model; buf is used if it needs one.  */
const char *model_node_name(const struct graph *g, size_t i, char buf[24]);

#endif
