/* SPDX-License-Identifier: Apache-2.0
 *
 * A description into an entry of a store, by the module.  What burin-cc does,
 * and what the library does itself with jit=inprocess.
 */
#ifndef BRN_COMPILE_H
#define BRN_COMPILE_H

#include "cache/store.h"

/* How it went; travels from burin-cc to the library.  */
struct brn_made {
	int32_t compiled;               /* 0: another had done it */
	int32_t refused;                /* the compiler will not do better if
	                                   asked again */
	double wait_ms, compile_ms, publish_ms;
	/* Of compile_ms: describing it, assembler and linker.  */
	double emit_ms, assemble_ms;
};

/* Processes that want the same kernel at the same time compile it once: the
 * later ones wait for the lock and find the entry there.  *made is filled in
 * any case.  ECACHE when the store cannot be written or is full, EJIT and
 * EFORMAT from the module.  */
int brn_compile(struct brn_store *s, const void *desc, size_t ndesc,
    struct brn_made *made, burin_error *err);

#endif
