/* SPDX-License-Identifier: Apache-2.0
 *
 * A loaded model: the current net, the task that gets its kernels, and the
 * facts that the public functions return.  Those are copies, since the net may
 * be replaced.
 */
#ifndef BRN_MODEL_H
#define BRN_MODEL_H

#include <pthread.h>

#include "runtime/net.h"

/* The facts about a layer before and after its kernel is compiled.  Both are
 * kept, since a reader may hold the first when the kernel arrives.  */
struct brn_layer_told {
	struct brn_kernel *kernel;
	burin_layer_info before, after;
	burin_candidate_info *candidate;        /* [before.ncandidates] */
};

struct burin_model {
	atomic_int refs;
	pthread_mutex_t lock;           /* net */
	struct brn_net *net;
	struct burin_options options;   /* for new nets, too */
	struct brn_jit_opts jit;        /* its strings are in arena */
	struct brn_tune *tune;          /* sealed when all is loaded */
	struct brn_jit_task *task;
	double load_ms;
	struct brn_arena *arena;        /* of the members below */
	int opset, nin, nout, nlayer, nop, nunsupported, ndequant;
	int nunfused;
	struct brn_layer_told *layer;
	burin_value_info *in, *out;
	burin_op_info *op;
	const char **unsupported, **unfused;
	int ntuning;
	const char **tuning;            /* keys */
};

/* Make a model of an imported graph.  Takes g, also when it fails.  t0: when
 * loading began (brn_now_ms).  */
int brn_model_new(struct brn_graph *g, const struct burin_options *o,
    double t0, struct burin_model **out, burin_error *err);
struct burin_model *brn_model_ref(struct burin_model *m);
/* A new reference to the current net.  */
struct brn_net *brn_model_net(struct burin_model *m);

/* Copy a struct of n bytes to a caller whose struct has size bytes.  */
void brn_give(void *out, size_t size, const void *from, size_t n);

#endif
