/* SPDX-License-Identifier: Apache-2.0
 *
 * The layers of a file that can be pruned: where the weight of each is stored,
 * how, and who else uses it.
 */
#ifndef BRN_ONNX_WEIGHTS_H
#define BRN_ONNX_WEIGHTS_H

#include "ir/onnx/names.h"

struct Onnx__GraphProto;
struct Onnx__NodeProto;
struct Onnx__TensorProto;

/* A graph of the model or of one of its nodes.  names borrows from g.  */
struct brn_onnx_layers {
	struct brn_onnx_layers *next;   /* of all graphs, the model's first */
	const struct brn_onnx_layers *up;       /* the graph around; or NULL */
	const struct Onnx__GraphProto *g;
	struct brn_onnx_names names;    /* of this graph alone */
	struct brn_onnx_users *users;   /* of each name */
	char *prefix;                   /* of names of layers: "loop/" */
	size_t stream;                  /* of its first initializer */
};

struct brn_onnx_weight {
	char layer[512];                /* as the importer names the node */
	const char *name;               /* of the tensor */
	struct Onnx__TensorProto *t;
	int conv;
	int recurrent;                  /* one matrix a direction */
	int stored_nk;                  /* else [K, N] */
	size_t stream;                  /* number of its initializer; Constant
	                                   nodes count on from there, and then
	                                   the next graph */
	int tied;                       /* used by more than layers */
	int quantised;                  /* elements are (q - zero) * scale; */
	/* NULL: 1 and 0; else one number, or one for each index along axis of
	 * t.  */
	struct Onnx__TensorProto *scale, *zero;
	int axis;
	char why[160];                  /* it cannot be pruned; "": it can */
};

/* g and all graphs in its nodes, how deep being bounded by the scan of the
 * file.  *streams: how many numbers of initializers there are.  */
int brn_onnx_layers_new(const struct Onnx__GraphProto *g, const char *file,
    struct brn_onnx_layers **out, size_t *streams, burin_error *err);
void brn_onnx_layers_free(struct brn_onnx_layers *l);   /* NULL is fine */

/* Weights of a node, at most.  */
enum { BRN_ONNX_WEIGHTS = 2 };

/* Whether np, a node of l->g, has weight k, from 0, that is the same in every
 * run; then *w.  A product of two values that are computed has none.  */
int brn_onnx_layer(const struct brn_onnx_layers *l,
    const struct Onnx__NodeProto *np, int k, struct brn_onnx_weight *w);

#endif
