/* SPDX-License-Identifier: Apache-2.0
 *
 * Burin's steps in the profile of a session of ONNX Runtime (1.25 and later).
 * While one is taken, each run of a fused node adds its steps; when it ends,
 * ONNX Runtime gets them as events of category KERNEL, whose times lie within
 * that of the node.  Steps run one after another; those of a stretch that runs
 * band by band (runtime/bands.h) are told as if they did, too.
 */
#ifndef BURIN_ORT_PROFILE_H
#define BURIN_ORT_PROFILE_H

#include "hosts/ort/graph.h"

/* What is taken of one provider.  It is counted: the provider, its fused nodes
 * and ONNX Runtime hold it, and may be freed in any order.  */
struct profile;

/* NULL: no memory.  */
struct profile *profile_new(const struct ort_api *api);
struct profile *profile_ref(struct profile *p);
void profile_free(struct profile *p);                   /* NULL is fine */

/* OrtEp's CreateProfiler.  */
struct OrtStatus *profile_create(struct profile *p,
    struct OrtEpProfilerImpl **out);

/* Is one being taken?  */
bool profile_is_on(const struct profile *p);
int64_t profile_now(void);                              /* ns */
/* Add the steps of the last run of s, which began at start by profile_now.  */
void profile_add(struct profile *p, const burin_session *s, int64_t start);

#endif
