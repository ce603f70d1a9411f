/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels for specs: from memory, from disk, from the compiler, or tier 0, in
 * that order.
 */
#ifndef BRN_JIT_H
#define BRN_JIT_H

#include "jit/get/loaded.h"
#include "jit/get/opts.h"
#include "jit/spec.h"

/* Get a kernel for each of n specs into out[], and wait until all are compiled.
 * Without a compiler or a cache it does not fail: the kernel then runs tier 0,
 * and *st, the statistics of this call, counts it as failed and has the reason.
 * ENOMEM.  Thread-safe; the same spec is compiled once.  */
int brn_jit_get(const struct brn_jit_opts *o, const struct brn_spec *spec,
    int n, struct brn_kernel **out, burin_stats *st, burin_error *err);
struct brn_kernel *brn_jit_ref(struct brn_kernel *k);
void brn_jit_release(struct brn_kernel *k);             /* NULL is fine */

/* The same without waiting: kernels that no cache has are compiled by a thread
 * of *task, in processes of lowest priority on half of the cores, and run tier
 * 0 until then.  That thread calls o->progress.  The strings of o are borrowed
 * until brn_jit_end.  */
struct brn_jit_task;
int brn_jit_start(const struct brn_jit_opts *o, const struct brn_spec *spec,
    int n, struct brn_kernel **out, struct brn_jit_task **task,
    burin_error *err);
void brn_jit_stats(struct brn_jit_task *t, burin_stats *st);
/* Wait up to ms milliseconds, without end when negative.  Returns how many
 * kernels are not there yet.  */
int brn_jit_wait(struct brn_jit_task *t, int ms);
/* Stop: kernels that are not there yet stay with tier 0.  To be called before
 * the kernels of the task are released; NULL is fine.  */
void brn_jit_end(struct brn_jit_task *t);

/* The sum of the statistics of all finished calls and tasks of this
 * process.  */
void brn_jit_process_stats(burin_stats *st);

#endif
