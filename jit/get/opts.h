/* SPDX-License-Identifier: Apache-2.0
 *
 * Where kernels may come from, and how long the caller waits for them.
 */
#ifndef BRN_JIT_OPTS_H
#define BRN_JIT_OPTS_H

#include "cache/store.h"

enum brn_jit_mode { BRN_JIT_off, BRN_JIT_worker, BRN_JIT_inprocess };

/* Strings are borrowed until the kernels are there.  */
struct brn_jit_opts {
	enum brn_jit_mode mode;
	const char *cache_dir;          /* NULL: default */
	const char *cache_ro;           /* dir:dir, NULL: none */
	const char *remote;             /* redis://..., NULL: none */
	const char *remote_key;         /* file with the key for it */
	struct brn_limits limits;       /* of the cache */
	int jobs;                       /* <= 0: one a core */
	int64_t max_kernels;            /* to compile; 0: no limit */
	int64_t work_kernels;           /* the same, by what is left of the work
	                                   of a load */
	int retry;                      /* also what failed within a day */
	int wait;                       /* brn_jit_start returns when all are
	                                   compiled */
	int warm;                       /* compile into the cache, load
	                                   nothing */
	burin_progress_fn *progress;    /* NULL: none */
	void *progress_ctx;
};

#endif
