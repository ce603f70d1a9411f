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

#include "ir/base.h"

#define BRN_CC_MAGIC 0x31636362         /* changes with the structs */

struct brn_cc_ask {
	uint32_t magic;
	uint32_t ndir, nspec;           /* bytes that follow */
};

struct brn_cc_answer {
	uint32_t magic;
	int32_t code;                   /* 0 or BURIN_E* */
	int32_t compiled;               /* 0: found it done by another */
	double ms;
	char msg[1000];
};

/* One kernel to compile.  */
struct brn_job {
	const void *spec;               /* canonical bytes, borrowed */
	size_t nspec;
	int code;                       /* out: 0 or BURIN_E* */
	int compiled;
	burin_error err;                /* out, when code < 0 */
};

/* Called as each job ends, in whatever order they do.  */
typedef void brn_job_fn(void *ctx, struct brn_job *job);

/* Compile njob jobs into the store at dir with up to nworker processes.  Every
 * job ends, one way or another: after BURIN_CC_TIMEOUT ms (secure_getenv;
 * default 30000) it has failed.  */
void brn_worker_run(const char *dir, int nworker, struct brn_job *job,
    int njob, brn_job_fn *done, void *ctx);

#endif
