/* SPDX-License-Identifier: Apache-2.0
 *
 * EPContext models.  With ep.context_enable=1 ONNX Runtime writes a model in
 * which each fused node is an EPContext node.  Ours name a folder beside the
 * model's file, which has
 *
 *	model.onnx      what the fused node runs
 *	0, 1, ...       its large weights
 *	kernels         compiled, a folder for the option cache_ro
 *
 * so that nothing is compiled when the EPContext model is loaded.
 */
#ifndef BURIN_ORT_CONTEXT_H
#define BURIN_ORT_CONTEXT_H

#include "hosts/ort/claim.h"

/* A fused node of a session, the i-th.  */
struct fused {
	const struct OrtNode *node;
	const struct OrtGraph *graph;   /* what is in it */
	burin_model *model;             /* as it was loaded */
	size_t i;
};

/* Write its folder, and make its EPContext node, which the caller releases
 * unless ONNX Runtime gets it.  */
struct OrtStatus *context_write(const struct ort_api *api,
    const struct settings *s, const struct fused *f, struct OrtNode **out);

/* Claim the EPContext nodes of ours in g.  found: there are any; then g is not
 * looked at further.  */
struct OrtStatus *context_claim(struct claims *c, const struct graph *g,
    struct OrtEpGraphSupportInfo *info, bool *found);
/* Load what the EPContext node names of which a graph consists; NULL: it has no
 * such node.  */
struct OrtStatus *context_load(struct claims *c,
    const struct OrtGraph *graph, burin_model **m);

#endif
