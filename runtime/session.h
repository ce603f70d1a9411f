/* SPDX-License-Identifier: Apache-2.0
 *
 * What runtime/pool.c does with sessions.
 */
#ifndef BRN_SESSION_H
#define BRN_SESSION_H

#include "burin.h"

struct brn_memory;

/* As burin_session_new; memory counts the plans of this session and others,
 * and outlives it.  Of o only "threads", "loop_steps" and "loop_bytes" are
 * read.  */
int brn_session_new(burin_model *m, const burin_options *o,
    struct brn_memory *memory, burin_session **out, burin_error *err);

/* The session goes to another caller: what it has lent ends, and it has
 * neither deadline nor profile.  */
void brn_session_reset(burin_session *s);

/* Free the plan that was not used longest; 0: there is none.  What was lent
 * ends.  */
int brn_session_shrink(burin_session *s);

#endif
