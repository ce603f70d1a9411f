/* SPDX-License-Identifier: Apache-2.0
 *
 * Which nodes of a graph burin shall run.
 */
#ifndef BURIN_ORT_CLAIM_H
#define BURIN_ORT_CLAIM_H

#include "hosts/ort/graph.h"
#include "hosts/ort/settings.h"

/* Nodes that burin shall run, as the model that runs them.  */
struct claim {
	struct claim *next;
	burin_model *model;
};

struct claims {
	const struct ort_api *api;
	const struct OrtLogger *logger;
	const struct settings *settings;
	struct claim *first;
};

/* Report what kernels lack, if there is anything, as a warning.  */
bool claims_compiled(const struct claims *c, const burin_model *m);

/* Put claims on what g has to gain by it on the list and on info, the list of
 * ONNX Runtime: all of g, or the parts of it between nodes that burin does not
 * support.  */
struct OrtStatus *claims_make(struct claims *c, struct graph *g,
    struct OrtEpGraphSupportInfo *info);
void claims_free(struct claims *c);

/* Take the model that makes an output off the list; NULL: there is none.  */
burin_model *claims_take(struct claims *c, const char *output);

#endif
