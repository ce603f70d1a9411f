/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels in this process, one a description: whoever asks for one that is
 * there shares it, whoever asks for one in the making waits for it.
 *
 * Kernels are counted here and nowhere else.  When the last reference goes, the
 * code is unmapped: a server that changes models for a year must not grow.
 * So a reference must be held while a kernel may run.
 */
#ifndef BRN_TABLE_H
#define BRN_TABLE_H

#include "cache/key.h"
#include "jit/jit.h"

struct brn_slot;

enum brn_claim {
	BRN_CLAIM_ready,        /* there: shared */
	BRN_CLAIM_pending,      /* being made by somebody: brn_table_wait */
	BRN_CLAIM_mine,         /* to be made by the caller: he must settle */
};

/* A reference to the slot of a description, which is copied.  -1: no
 * memory.  */
int brn_table_claim(const struct brn_key *k, const void *desc, size_t ndesc,
    struct brn_slot **out);

/* The claimed slot has its kernel.  handle is for brn_unload.  Without one
 * (handle NULL: a kernel of tier T0) the slot is no longer found by others, so
 * that the next who asks tries again; those who waited get it all the same. */
void brn_table_settle(struct brn_slot *s, const struct brn_kernel *k,
    void *handle);

/* Until it is settled.  1: with a kernel of its own, 0: with T0.  */
int brn_table_wait(struct brn_slot *s);

struct brn_kernel *brn_table_kernel(struct brn_slot *s);
void brn_table_release(struct brn_kernel *k);           /* NULL is fine */

#endif
