/* SPDX-License-Identifier: Apache-2.0
 *
 * The rewritten graph and its layers: everything of a model that a run reads.
 * Immutable but for the reference count; burin_model_update replaces it by
 * another net.
 */
#ifndef BRN_NET_H
#define BRN_NET_H

#include <stdatomic.h>

#include "jit/tune/tune.h"
#include "runtime/layer.h"
#include "runtime/options.h"

struct brn_net {
	atomic_int refs;
	struct brn_layer_target target;
	struct brn_tune *tune;          /* borrowed while layers are decided */
	const char *fp32_layers;        /* the same, of the options */
	struct brn_graph *graph;
	int nlayer;
	struct brn_layer *layer;
	int *layer_of;                  /* [nnode], -1: none */
	double end_ms;                  /* of loading; 0: no limit */
	int64_t kernels;                /* that there is work left to compile */
	/* Graphs in nodes.  Their nets share the layers, and live as long.  */
	struct brn_net *root;           /* of a body; NULL: of a model */
	int nbody;
	struct brn_net **body;
	int *body_of;                   /* [nnode] the first of a node's in
	                                   body, -1: none */
};

/* The element type of layers: bf16 where it is asked for, runs and pays.  */
enum brn_elem brn_net_elem(const struct burin_options *o);
/* Make a net whose layers have no kernels yet.  Takes g, also when it fails.
 * tune: the measured times of their candidates.  */
int brn_net_new(struct brn_graph *g, const struct burin_options *o,
    struct brn_tune *tune, struct brn_net **out, burin_error *err);
struct brn_net *brn_net_ref(struct brn_net *n);
/* Drop a reference; NULL is fine.  */
void brn_net_free(struct brn_net *n);

#endif
