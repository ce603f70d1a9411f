/* SPDX-License-Identifier: Apache-2.0
 *
 * Options: strings in the API, checked values inside.  The table of keys is in
 * options.c.
 */
#ifndef BRN_OPTIONS_H
#define BRN_OPTIONS_H

#include "jit/get/jit.h"

enum brn_compile_when { BRN_COMPILE_off, BRN_COMPILE_sync, BRN_COMPILE_async };

/* The last one uses bf16 also where it is slower than fp32.  It has no word: it
 * is for tests.  */
enum brn_precision {
	BRN_PRECISION_auto, BRN_PRECISION_fp32, BRN_PRECISION_bf16,
	BRN_PRECISION_int8,
	BRN_PRECISION_bf16_always,
};

struct burin_options {
	int sparse;             /* 0: off */
	int jit;                /* enum brn_jit_mode */
	int compile;            /* enum brn_compile_when */
	int jobs;               /* 0: default */
	int retry;
	int warm;
	int tune;
	char *cache_dir;        /* NULL: default */
	char *cache_ro, *cache_remote, *cache_remote_key;       /* or NULL */
	int64_t cache_max_bytes, cache_max_files;       /* 0: no limit */
	/* 0: no limit */
	int64_t max_kernels, max_memory, max_load_ms, max_load_work;
	int isa;                /* enum brn_isa */
	int precision;          /* enum brn_precision */
	char *fp32_layers;      /* brn_is_listed */
	int threads;            /* 0: one a core */
	int sessions;           /* of a pool; 0: as many as have cores */
	int pin;
	int64_t loop_steps, loop_bytes; /* struct brn_run */
	int keep;               /* unsupported=keep */
	int verify;
	char *dump;             /* NULL: none */
	burin_progress_fn *progress;
	void *progress_ctx;
	burin_error bad;        /* code < 0: a wrong value in the environment,
	                           reported by the first call that can fail */
};

/* Defaults, then the environment.  */
void brn_options_init(struct burin_options *o);
struct brn_limits brn_options_limits(const struct burin_options *o);
/* Free the strings inside.  */
void brn_options_clear(struct burin_options *o);
/* If *o is NULL, let it point to *own with the defaults; the caller clears
 * *own in any case.  Fails when a value in the environment is wrong.  */
int brn_options_use(const burin_options **o, struct burin_options *own,
    burin_error *err);

#endif
