/* SPDX-License-Identifier: Apache-2.0
 *
 * A batch of specs on the way to kernels: claimed in the table, searched in the
 * caches, compiled.  Every claim is settled or abandoned on every path, because
 * other threads may wait for it; and before the batch waits for others, so that
 * no two batches wait for each other.
 *
 * Private to jit/get.
 */
#ifndef BRN_BATCH_H
#define BRN_BATCH_H

#include <pthread.h>

#include "cache/remote.h"
#include "jit/get/layers.h"
#include "jit/get/opts.h"
#include "jit/get/table.h"
#include "jit/get/worker.h"
#include "jit/spec.h"

struct brn_item {
	struct brn_spec spec;
	struct brn_key key;
	struct brn_buf desc;            /* canonical bytes of the spec */
	struct brn_slot *slot;
	enum brn_claim claim;
	int first;                      /* the first item with its slot */
	int open;                       /* claimed by us, not settled yet */
	int compiled;                   /* by this batch */
};

struct brn_batch {
	struct brn_jit_opts o;
	struct brn_item *item;
	int n;
	struct brn_cache_layers layers;
	struct brn_remote *remote;      /* NULL: none */
	int opened;                     /* layers are open */
	int background;                 /* the caller does not wait */
	int stopfd;                     /* readable: stop; -1: none */
	atomic_int stop;
	struct brn_store *target;       /* where kernels are compiled to */
	struct brn_job *job;            /* to be compiled */
	int *item_of;                   /* by job: its item */
	int njob, ndone, ntotal;
	pthread_mutex_t lock;           /* of st */
	burin_stats st;
};

/* Room for n items.  ENOMEM.  */
int brn_batch_init(struct brn_batch *b, const struct brn_jit_opts *o, int n,
    burin_error *err);
/* The claims stay with their kernels.  */
void brn_batch_clear(struct brn_batch *b);

/* Claim item i for spec.  ENOMEM.  */
int brn_batch_claim(struct brn_batch *b, int i, const struct brn_spec *spec,
    burin_error *err);
int brn_batch_count_open(const struct brn_batch *b);
/* Settle the open items that a cache has.  The index arrays of the specs are
 * used in the first call only.  */
void brn_batch_search(struct brn_batch *b);
/* Settle the open items: compile them, or fail them with a reason.  */
void brn_batch_compile(struct brn_batch *b);
/* Wait for the pending items; those that others give up are open
 * afterwards.  */
void brn_batch_wait(struct brn_batch *b);
/* Give up the open items.  */
void brn_batch_abandon(struct brn_batch *b);

/* ---- for the parts of a batch ----------------------------------------- */

enum brn_counter {
	BRN_COUNT_kernels = offsetof(burin_stats, kernels),
	BRN_COUNT_compiled = offsetof(burin_stats, compiled),
	BRN_COUNT_disk_hits = offsetof(burin_stats, disk_hits),
	BRN_COUNT_memory_hits = offsetof(burin_stats, memory_hits),
	BRN_COUNT_readonly_hits = offsetof(burin_stats, readonly_hits),
	BRN_COUNT_remote_hits = offsetof(burin_stats, remote_hits),
	BRN_COUNT_misses = offsetof(burin_stats, misses),
	BRN_COUNT_evicted = offsetof(burin_stats, evicted),
	BRN_COUNT_unsandboxed = offsetof(burin_stats, unsandboxed),
};
void brn_batch_count(struct brn_batch *b, enum brn_counter c, int n);
void brn_batch_reject(struct brn_batch *b, const char *why);
/* Add a reason to st.note.  */
void brn_batch_note(struct brn_batch *b, const char *text);
/* Settle it as failed: it stays with tier 0.  */
void brn_batch_fail(struct brn_batch *b, struct brn_item *it,
    const char *why);

/* Settle it with the entry of s.  Returns 1 if there is one; else 0, and *why
 * has the reason if there is one that cannot be used.  */
int brn_batch_load(struct brn_batch *b, struct brn_store *s,
    struct brn_item *it, burin_error *why);

/* Upload what was compiled to the remote cache.  */
void brn_batch_upload(struct brn_batch *b);

/* Add st to the total of this process; get that total.  */
void brn_batch_report(struct brn_batch *b);
void brn_batch_total(burin_stats *st);

#endif
