/* SPDX-License-Identifier: Apache-2.0
 *
 * Process-wide table of kernels, keyed by the canonical bytes of the spec.  All
 * who ask for the same kernel share one slot, also while it is being compiled.
 *
 * References are counted here and nowhere else.  With the last one the code is
 * unmapped, so that a server that changes models does not grow.  Hold a
 * reference while the kernel may run.
 */
#ifndef BRN_TABLE_H
#define BRN_TABLE_H

#include "jit/get/loaded.h"

struct brn_slot;

/* A function and its name.  */
struct brn_code {
	brn_kernel_fn *fn;
	char name[40];
};

enum brn_claim {
	BRN_CLAIM_ready,        /* compiled */
	BRN_CLAIM_pending,      /* claimed by another: brn_table_wait */
	BRN_CLAIM_mine,         /* claimed by the caller, who must settle or
	                           abandon it */
	BRN_CLAIM_failed,       /* brn_table_wait only: stays with tier 0 */
	BRN_CLAIM_stopped,      /* brn_table_wait only: still pending */
};

/* A reference to the slot of a description, which is copied.  A new slot runs
 * tier_0.  Returns an enum brn_claim; -1: no memory.  */
int brn_table_claim(const struct brn_key *k, const void *desc, size_t ndesc,
    const struct brn_code *tier_0, struct brn_slot **out);

/* Give the slot that the caller has claimed its code; handle is for brn_unload.
 * code NULL: it failed.  The slot then keeps the code of tier 0 and leaves the
 * table, so that the next who asks tries again.  */
void brn_table_settle(struct brn_slot *s, const struct brn_code *code,
    void *handle);
/* Give up the claim; one who waits for the slot may take it.  */
void brn_table_abandon(struct brn_slot *s);

/* Wait until the slot is settled, or becomes the caller's, or *stop is not 0,
 * which is read when brn_table_wake is called.  stop may be NULL.  */
enum brn_claim brn_table_wait(struct brn_slot *s, const atomic_int *stop);
void brn_table_wake(void);

struct brn_kernel *brn_table_kernel(struct brn_slot *s);
struct brn_kernel *brn_table_ref(struct brn_kernel *k);
void brn_table_release(struct brn_kernel *k);           /* NULL is fine */

#endif
