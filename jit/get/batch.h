/* SPDX-License-Identifier: Apache-2.0
 *
 * Specs on their way to kernels: claimed in the table, looked for on disk, made
 * by the compiler.  Every claim is settled or given up on every way out,
 * because other threads may be waiting for it; ours are before we wait for
 * theirs, so nobody waits in a circle.
 *
 * Private to jit/.
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
	struct brn_buf desc;
	struct brn_slot *slot;
	enum brn_claim claim;
	int first;                      /* of its slot in this batch */
	int open;                       /* ours, and not settled */
	int compiled;                   /* by this batch */
};

struct brn_batch {
	struct brn_jit_opts o;
	struct brn_item *item;
	int n;
	struct brn_stores stores;
	struct brn_remote *remote;      /* NULL: none */
	int opened;                     /* the stores are */
	int background;                 /* nobody waits */
	int stopfd;                     /* -1, or readable when to stop */
	atomic_int stop;
	struct brn_store *sink;         /* where the compiler leaves kernels */
	struct brn_job *job;            /* what is to be compiled, */
	int *of;                        /* and which item each is of */
	int njob, ndone, ntotal;
	pthread_mutex_t lock;           /* st */
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
/* Settle what a cache has.  Only the first time the index arrays of the specs
 * are used.  */
void brn_batch_look(struct brn_batch *b);
/* Settle what is still open: compile it, or say why not.  */
void brn_batch_make(struct brn_batch *b);
/* Wait for what others make; what they give up is open afterwards.  */
void brn_batch_wait(struct brn_batch *b);
/* Give up what is open.  */
void brn_batch_abandon(struct brn_batch *b);

/* The rest is for look, make and wait.  */

enum brn_counter {
	BRN_COUNT_kernels = offsetof(burin_stats, kernels),
	BRN_COUNT_compiled = offsetof(burin_stats, compiled),
	BRN_COUNT_disk_hits = offsetof(burin_stats, disk_hits),
	BRN_COUNT_memory_hits = offsetof(burin_stats, memory_hits),
	BRN_COUNT_readonly_hits = offsetof(burin_stats, readonly_hits),
	BRN_COUNT_remote_hits = offsetof(burin_stats, remote_hits),
	BRN_COUNT_misses = offsetof(burin_stats, misses),
	BRN_COUNT_evicted = offsetof(burin_stats, evicted),
};
void brn_batch_count(struct brn_batch *b, enum brn_counter c, int n);
void brn_batch_reject(struct brn_batch *b, const char *why);
/* Add a reason for people to read.  */
void brn_batch_note(struct brn_batch *b, const char *text);
/* it stays with T0, for that reason.  */
void brn_batch_fail(struct brn_batch *b, struct brn_item *it,
    const char *why);

/* 1: settled with the kernel in s.  0: not; *why says why it is there and
 * cannot be used, empty when it is not there.  */
int brn_batch_take(struct brn_batch *b, struct brn_store *s,
    struct brn_item *it, burin_error *why);

/* Let other machines have what was compiled.  */
void brn_batch_share(struct brn_batch *b);

/* What is counted becomes part of the total of this process.  */
void brn_batch_report(struct brn_batch *b);
void brn_batch_total(burin_stats *st);

#endif
