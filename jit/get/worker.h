/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool of burin-cc processes that compile kernels, one kernel at a time each.
 * When a worker dies, hangs or sends a malformed answer, the kernel it was
 * compiling fails, and another worker takes its place.
 *
 * Messages are structs as they are in memory, since both ends come from one
 * build, which the magic number checks:
 *
 *	to burin-cc     struct brn_cc_ask, directory, canonical spec
 *	from burin-cc   struct brn_cc_answer
 *
 * A worker has descriptor 0, a socket for the messages, and BRN_CC_STORE, the
 * store for the kernels: a name could lead to another directory by then.
 */
#ifndef BRN_WORKER_H
#define BRN_WORKER_H

#include "jit/get/compile.h"

#define BRN_CC_MAGIC 0x35636362         /* changes with the structs */

#define BRN_CC_STORE 3                  /* descriptor: brn_store_fd */

struct brn_cc_ask {
	uint32_t magic;
	uint32_t ndir, nspec;           /* bytes that follow: the name of the
	                                   store in messages, canonical bytes */
};

struct brn_cc_answer {
	uint32_t magic;
	int32_t code;                   /* 0 or BURIN_E* */
	struct brn_made made;
	char msg[1000];
};

/* One kernel to compile.  */
struct brn_job {
	const void *spec;               /* canonical bytes, borrowed */
	size_t nspec;
	int code;                       /* out: 0 or BURIN_E* */
	struct brn_made made;
	burin_error err;                /* out, when code < 0 */
};

/* Called once for each job, in the order in which they end.  */
typedef void brn_job_fn(void *ctx, struct brn_job *job);

struct brn_pool {
	const struct brn_store *store;  /* for the kernels */
	int nworker;
	int low;                        /* lowest priority */
	int stop;                       /* a descriptor: stop when readable;
	                                   -1: none */
};

/* Compile njob jobs with up to p->nworker processes, and call done for every
 * one.  A job fails after BURIN_CC_TIMEOUT ms (secure_getenv; default 30000,
 * ten times as long at lowest priority, which on a busy machine gets little
 * time), and when p->stop becomes readable.  */
void brn_worker_run(const struct brn_pool *p, struct brn_job *job, int njob,
    brn_job_fn *done, void *ctx);

#endif
