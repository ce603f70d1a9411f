/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels compiled by burin-cc processes: a pool of them, each given the next
 * kernel when it is done with the last.  A worker that dies, hangs or talks
 * nonsense costs the kernel it was given, and is replaced.
 *
 * What goes through the socket, structs as they are in memory, since both ends
 * come from one build (the magic number says so):
 *
 *	to burin-cc     struct brn_cc_ask, directory, canonical spec
 *	from burin-cc   struct brn_cc_answer
 */
#ifndef BRN_WORKER_H
#define BRN_WORKER_H

#include "jit/get/compile.h"

#define BRN_CC_MAGIC 0x33636362         /* changes with the structs */

struct brn_cc_ask {
	uint32_t magic;
	uint32_t ndir, nspec;           /* bytes that follow */
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

/* Called as each job ends, in whatever order they do.  */
typedef void brn_job_fn(void *ctx, struct brn_job *job);

struct brn_pool {
	const char *dir;                /* of the store they go to */
	int nworker;
	int low;                        /* lowest priority */
	int stop;                       /* a descriptor: readable means stop,
	                                   -1: none */
};

/* Compile njob jobs with up to p->nworker processes.  Every job ends, one way
 * or another: after BURIN_CC_TIMEOUT ms (secure_getenv; default 30000, ten
 * times that at lowest priority, where a busy machine leaves little), or when
 * it is to stop, it has failed.  */
void brn_worker_run(const struct brn_pool *p, struct brn_job *job, int njob,
    brn_job_fn *done, void *ctx);

#endif
