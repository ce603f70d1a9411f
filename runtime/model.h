/* SPDX-License-Identifier: Apache-2.0
 *
 * A loaded model: the rewritten graph, its layers with their kernels, and what
 * the public functions tell about it.  Immutable but for the reference count.
 */
#ifndef BRN_MODEL_H
#define BRN_MODEL_H

#include <stdatomic.h>

#include "runtime/kernels.h"

struct burin_model {
	atomic_int refs;
	enum brn_isa isa;
	struct brn_graph *graph;
	struct brn_arena *arena;        /* of what follows */
	int nlayer, nop, nunsupported;
	struct brn_layer *layer;
	int *layer_of;                  /* [nnode], -1: none */
	burin_value_info *in, *out;
	burin_op_info *op;
	const char **unsupported;
	struct brn_jit_task *task;      /* gets the kernels */
	double load_ms;
	int warm;                       /* its kernels are not loaded */
};

struct burin_options;

/* The model of an imported graph, which it takes also when it fails.  t0 is
 * when loading began, by brn_now_ms.  */
int brn_model_new(struct brn_graph *g, const struct burin_options *o,
    double t0, struct burin_model **out, burin_error *err);
struct burin_model *brn_model_ref(struct burin_model *m);

#endif
