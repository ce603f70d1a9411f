/* SPDX-License-Identifier: Apache-2.0
 *
 * The layers of a file that can be pruned: where the weight of each is stored,
 * how, and who else uses it.
 */
#ifndef BRN_ONNX_WEIGHTS_H
#define BRN_ONNX_WEIGHTS_H

#include "ir/onnx/names.h"

struct Onnx__ModelProto;
struct Onnx__NodeProto;
struct Onnx__TensorProto;

/* names borrows from m.  */
struct brn_onnx_layers {
	const struct Onnx__ModelProto *m;
	struct brn_onnx_names names;
	struct brn_onnx_users *users;   /* of each name */
};

struct brn_onnx_weight {
	const char *layer, *name;       /* of the node, of the tensor */
	struct Onnx__TensorProto *t;
	int conv;
	int recurrent;                  /* one matrix a direction */
	int stored_nk;                  /* else [K, N] */
	size_t stream;                  /* number of its initializer; Constant
	                                   nodes count on from there */
	int tied;                       /* used by more than layers */
	int quantised;                  /* elements are (q - zero) * scale; */
	/* NULL: 1 and 0; else one number, or one for each index along axis of
	 * t.  */
	struct Onnx__TensorProto *scale, *zero;
	int axis;
	char why[160];                  /* it cannot be pruned; "": it can */
};

int brn_onnx_layers_init(struct brn_onnx_layers *l,
    const struct Onnx__ModelProto *m, const char *file, burin_error *err);
void brn_onnx_layers_free(struct brn_onnx_layers *l);

/* Weights of a node, at most.  */
enum { BRN_ONNX_WEIGHTS = 2 };

/* Whether np has weight k, from 0, that is the same in every run; then *w.  A
 * product of two values that are computed has none.  */
int brn_onnx_layer(const struct brn_onnx_layers *l,
    const struct Onnx__NodeProto *np, int k, struct brn_onnx_weight *w);

#endif
