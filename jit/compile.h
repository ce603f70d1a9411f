/* SPDX-License-Identifier: Apache-2.0
 *
 * A description into an entry of a store, by the module.  What burin-cc does,
 * and what the library does itself with jit=inprocess.
 */
#ifndef BRN_COMPILE_H
#define BRN_COMPILE_H

#include "cache/store.h"

/* Processes that want the same kernel at the same time compile it once: the
 * later ones wait for the lock and find the entry there.  *compiled is 0 for
 * them.  ECACHE when the store cannot be written, EJIT and EFORMAT from the
 * module.  */
int brn_compile(struct brn_store *s, const void *desc, size_t ndesc,
    int *compiled, burin_error *err);

#endif
