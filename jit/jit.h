/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels for specs: memory, disk, compiler, tier T0, in that order.  The one
 * header of this folder that runtime/ needs, with spec.h and cost.h.
 */
#ifndef BRN_JIT_H
#define BRN_JIT_H

#include "jit/compiler.h"
#include "jit/spec.h"

enum brn_jit_mode { BRN_JIT_off, BRN_JIT_worker, BRN_JIT_inprocess };

struct brn_jit_opts {
	enum brn_jit_mode mode;
	const char *cache_dir;          /* NULL: default */
	int jobs;                       /* <= 0: one a core */
	burin_progress_fn *progress;    /* NULL: none */
	void *progress_ctx;
};

/* A kernel in memory, shared by all layers and models with the same spec;
 * counted in jit/table.c and nowhere else.  */
struct brn_kernel {
	brn_kernel_fn *fn;
	enum brn_kernel_id id;
	int grain;                      /* brn_spec_grain */
	char name[40];                  /* "t1_tile.16x1.avx512" */
};

/* A kernel for each of n specs, in out[]: never fails for want of a compiler or
 * a cache, then it is a T0 kernel and stats say so (fields that concern kernels
 * are added to *st; st->note gets the reasons).  ENOMEM only.
 * Thread-safe; the same spec is compiled once.  */
int brn_jit_get(const struct brn_jit_opts *o, const struct brn_spec *spec,
    int n, struct brn_kernel **out, burin_stats *st, burin_error *err);
void brn_jit_release(struct brn_kernel *k);             /* NULL is fine */

/* The T0 kernel for an instruction set: compiled into the library.  */
brn_kernel_fn *brn_t0(enum brn_isa isa);

/* The values of the brn_bsr that s describes in the order in which s->kernel
 * streams them (jit/abi.h).  64-byte aligned, free() frees it.  NULL: no
 * memory.  */
float *brn_pack_vals(const struct brn_spec *s, const float *vals);

#endif
