/* SPDX-License-Identifier: Apache-2.0
 *
 * An instance of a model: a session, and the requests that Triton hands it.
 */
#ifndef TRITON_EXECUTE_H
#define TRITON_EXECUTE_H

#include "hosts/triton/model.h"

struct instance;

triton_error *instance_new(const struct model *m, struct instance **out);
void instance_free(struct instance *s);         /* NULL is fine */

/* Answer and release n requests: as one batch where their inputs differ in the
 * first dimension only, else one by one.  An error is an answer, too.  */
void instance_execute(struct instance *s, triton_instance *t,
    triton_request **requests, uint32_t n);

#endif
