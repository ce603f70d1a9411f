/* SPDX-License-Identifier: Apache-2.0
 *
 * Times of the candidates of a layer, measured on this machine, as records in
 * the cache: keyed by the mask of the layer, instruction set and processor.  A
 * record names kernels and times only, so a wrong one can at worst select a
 * slower kernel.
 */
#ifndef BRN_TUNE_H
#define BRN_TUNE_H

#include "cache/key.h"
#include "ir/graph/report.h"
#include "jit/get/opts.h"
#include "jit/target.h"

/* The records that a model has asked for.  */
struct brn_tune;

/* measure: layers without a record are measured and get one, if isa runs here.
 * The strings of o are borrowed.  ENOMEM.  */
int brn_tune_new(const struct brn_jit_opts *o, enum brn_isa isa, int measure,
    struct brn_tune **out, burin_error *err);
/* From now on only records that were asked for before are found, so that the
 * same layers are decided in the same way.  Any thread.  */
void brn_tune_seal(struct brn_tune *t);
void brn_tune_free(struct brn_tune *t);                 /* NULL is fine */

/* The key of the i-th record that was asked for and is in the cache; NULL:
 * there are not as many.  */
const struct brn_key *brn_tune_key(const struct brn_tune *t, int i);

/* Set measured time and fastest kernel of those of n candidates for w that were
 * measured; the others stay as they are.  mask is a hash of where the nonzeros
 * of w are.  ENOMEM; a cache or compiler that does not work is no error.  */
int brn_tune_look_up(struct brn_tune *t, const struct brn_matrix *w,
    uint64_t mask, struct brn_candidate *c, int n, burin_error *err);

/* If desc describes a record, write what it is of, the first line or all, and
 * return 1; else 0.  */
int brn_tune_describe(const void *desc, size_t n, int all,
    struct brn_buf *out);

/* Private to jit/tune: compile and time the best few of n candidates.  */
int brn_tune_measure(const struct brn_jit_opts *o, enum brn_isa isa,
    const struct brn_matrix *w, struct brn_candidate *c, int n,
    burin_error *err);

#endif
