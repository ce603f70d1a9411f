/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels in this process, one a description: whoever asks for one that is
 * there shares it, whoever asks for one in the making shares it too, and may
 * wait for it.
 *
 * Kernels are counted here and nowhere else.  When the last reference goes, the
 * code is unmapped: a server that changes models for a year must not grow.
 * So a reference must be held while a kernel may run.
 */
#ifndef BRN_TABLE_H
#define BRN_TABLE_H

#include "jit/get/loaded.h"

struct brn_slot;

/* Code and what it is called.  */
struct brn_code {
	brn_kernel_fn *fn;
	char name[40];
};

enum brn_claim {
	BRN_CLAIM_ready,        /* there: shared */
	BRN_CLAIM_pending,      /* being made by somebody: brn_table_wait */
	BRN_CLAIM_mine,         /* to be made by the caller: he must settle or
	                           abandon it */
	BRN_CLAIM_failed,       /* brn_table_wait only: it stays as it is */
	BRN_CLAIM_stopped,      /* brn_table_wait only: still pending */
};

/* A reference to the slot of a description, which is copied.  A new one runs
 * till_then.  -1: no memory.  */
int brn_table_claim(const struct brn_key *k, const void *desc, size_t ndesc,
    const struct brn_code *till_then, struct brn_slot **out);

/* The slot that the caller has claimed has its kernel; handle is for
 * brn_unload.  code NULL: it cannot be made.  Then the slot keeps the code it
 * has and is no longer found by others, so that the next who asks tries
 * again.  */
void brn_table_settle(struct brn_slot *s, const struct brn_code *code,
    void *handle);
/* The caller will not make it after all; one who waits may.  */
void brn_table_abandon(struct brn_slot *s);

/* Until it is settled, or the caller's to make, or *stop is not 0 (looked at
 * when somebody calls brn_table_wake; NULL: never stop).  */
enum brn_claim brn_table_wait(struct brn_slot *s, const atomic_int *stop);
void brn_table_wake(void);

struct brn_kernel *brn_table_kernel(struct brn_slot *s);
struct brn_kernel *brn_table_ref(struct brn_kernel *k);
void brn_table_release(struct brn_kernel *k);           /* NULL is fine */

#endif
