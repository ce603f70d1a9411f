/* SPDX-License-Identifier: Apache-2.0
 *
 * A fused node: a model, and sessions of it for the threads that run it.
 */
#ifndef BURIN_ORT_RUN_H
#define BURIN_ORT_RUN_H

#include "hosts/ort/graph.h"
#include "hosts/ort/profile.h"
#include "hosts/ort/settings.h"

/* Takes the model, also when it fails.  profile may be NULL.  */
struct OrtStatus *run_new(const struct ort_api *api,
    const struct settings *s, const struct OrtNode *fused, burin_model *model,
    struct profile *profile, struct OrtNodeComputeInfo **out);
void run_free(struct OrtNodeComputeInfo *info);         /* NULL is fine */

#endif
