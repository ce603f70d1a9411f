/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels for specs: memory, disk, compiler, tier T0, in that order.  The one
 * header of this folder that runtime/ needs, with spec.h and cost.h.
 */
#ifndef BRN_JIT_H
#define BRN_JIT_H

#include <stdatomic.h>

#include "cache/store.h"
#include "jit/compiler.h"
#include "jit/spec.h"

enum brn_jit_mode { BRN_JIT_off, BRN_JIT_worker, BRN_JIT_inprocess };

/* Strings are borrowed until the kernels are there.  */
struct brn_jit_opts {
	enum brn_jit_mode mode;
	const char *cache_dir;          /* NULL: default */
	const char *cache_ro;           /* dir:dir, NULL: none */
	const char *remote;             /* redis://..., NULL: none */
	const char *remote_key;         /* file of the key for it */
	struct brn_limits limits;       /* of the cache */
	int jobs;                       /* <= 0: one a core */
	int retry;                      /* what failed within a day, too */
	int wait;                       /* brn_jit_start does, until all are
	                                   made */
	int warm;                       /* into the cache only, load nothing */
	burin_progress_fn *progress;    /* NULL: none */
	void *progress_ctx;
};

/* A kernel in memory, shared by all layers and models with the same spec;
 * counted in jit/get/table.c and nowhere else.  Until it is made its code is
 * that of T0; the change happens once, while others run it.  */
struct brn_kernel {
	brn_kernel_fn *_Atomic code;
	const char *_Atomic name;       /* "t1_tile.16x1.avx512" */
};

/* To be called through this: GCC's call through an atomic pointer is a plain
 * load.  */
static inline brn_kernel_fn *
brn_kernel_code(const struct brn_kernel *k)
{
	return atomic_load_explicit(&k->code, memory_order_acquire);
}

/* Whether its own code runs; what it is called before (0) and after (1).  */
int brn_kernel_is_made(const struct brn_kernel *k);
const char *brn_kernel_name(const struct brn_kernel *k, int made);
struct brn_key brn_kernel_key(const struct brn_kernel *k);

/* A kernel for each of n specs, in out[]: never fails for want of a compiler or
 * a cache, then it is a T0 kernel and stats say so (fields that concern kernels
 * are added to *st; st->note gets the reasons).  ENOMEM only.
 * Thread-safe; the same spec is compiled once.  */
int brn_jit_get(const struct brn_jit_opts *o, const struct brn_spec *spec,
    int n, struct brn_kernel **out, burin_stats *st, burin_error *err);
struct brn_kernel *brn_jit_ref(struct brn_kernel *k);
void brn_jit_release(struct brn_kernel *k);             /* NULL is fine */

/* The same without waiting: what no cache has is made by a thread of *task, in
 * processes of lowest priority on half of the cores, and its kernels run T0
 * till then.  Progress is told from that thread.  The strings of o are borrowed
 * until brn_jit_end.  */
struct brn_jit_task;
int brn_jit_start(const struct brn_jit_opts *o, const struct brn_spec *spec,
    int n, struct brn_kernel **out, struct brn_jit_task **task,
    burin_error *err);
void brn_jit_stats(struct brn_jit_task *t, burin_stats *st);
/* Wait up to ms (negative: without end).  How many are still in the making. */
int brn_jit_wait(struct brn_jit_task *t, int ms);
/* Leave what is not made unmade; NULL is fine.  Before the kernels of the task
 * are released.  */
void brn_jit_end(struct brn_jit_task *t);

/* Of all that this process got so far.  */
void brn_jit_process_stats(burin_stats *st);

/* The T0 kernel for an instruction set: compiled into the library.  */
brn_kernel_fn *brn_t0(enum brn_isa isa);

/* The same for tiles of which a->tokens, from 1 to BRN_FEW, are wanted.  The
 * bits are those of any kernel of the layer.  */
enum { BRN_FEW = 4 };
brn_kernel_fn *brn_few(enum brn_isa isa);

/* The values of the brn_bsr that s describes once more, as few tokens want
 * them, for the argument `ones`; NULL when vals will do.  ENOMEM.  */
int brn_pack_ones(const struct brn_spec *s, const float *vals,
    struct brn_ones **out, burin_error *err);
void brn_ones_free(struct brn_ones *o);                 /* NULL is fine */

/* The values of the brn_bsr that s describes once more, as its kernel wants
 * them; NULL when vals will do.  Tier 0, which may stand in for any kernel,
 * wants vals.  ENOMEM.  */
int brn_pack_stream(const struct brn_spec *s, const float *vals, float **out,
    burin_error *err);

#endif
