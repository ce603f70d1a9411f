/* SPDX-License-Identifier: Apache-2.0
 *
 * What was measured of the candidates of a layer, on this machine: a record in
 * the cache, by the mask of the layer, the instruction set and the processor.
 * A record can only say which of the kernels there are is fast, so the worst
 * that one can do is a slower kernel.
 */
#ifndef BRN_TUNE_H
#define BRN_TUNE_H

#include "ir/graph/report.h"
#include "jit/get/jit.h"

/* The records that a model has asked for.  */
struct brn_tune;

/* measure: layers without a record are measured and get one, if isa runs here.
 * The strings of o are borrowed.  ENOMEM.  */
int brn_tune_new(const struct brn_jit_opts *o, enum brn_isa isa, int measure,
    struct brn_tune **out, burin_error *err);
/* From now on nothing is looked for that was not found before, so that the
 * same layers are decided in the same way; from any thread.  */
void brn_tune_seal(struct brn_tune *t);
void brn_tune_free(struct brn_tune *t);                 /* NULL is fine */

/* The keys of the records that the cache has, of those that were asked for;
 * NULL after the last.  */
const struct brn_key *brn_tune_key(const struct brn_tune *t, int i);

/* The measured times of n candidates for w, with the kernels
 * that were fastest; what is not known stays as it is.  mask is a hash of
 * where the nonzeros of w are.  ENOMEM; a cache or compiler that does not work
 * is no error.  */
int brn_tune_look_up(struct brn_tune *t, const struct brn_matrix *w,
    uint64_t mask, struct brn_candidate *c, int n, burin_error *err);

/* What a record that is described by desc is of, in one line or in all.  0: it
 * is none.  */
int brn_tune_describe(const void *desc, size_t n, int all,
    struct brn_buf *out);

/* Private to jit/: compile and time the best few of n candidates.  */
int brn_tune_measure(const struct brn_jit_opts *o, enum brn_isa isa,
    const struct brn_matrix *w, struct brn_candidate *c, int n,
    burin_error *err);

#endif
