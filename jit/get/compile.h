/* SPDX-License-Identifier: Apache-2.0
 *
 * Compile the canonical bytes of a spec to an entry of a store, with the
 * module: by burin-cc, or with jit=inprocess by the library itself.
 */
#ifndef BRN_COMPILE_H
#define BRN_COMPILE_H

#include "cache/store.h"

/* The outcome, which burin-cc sends to the library.  */
struct brn_made {
	int32_t compiled;               /* 0: the entry was there already */
	int32_t refused;                /* compiling will fail again */
	int32_t sandboxed;              /* in a whole one, jit/get/sandbox.h */
	double wait_ms;                 /* for another process */
	double compile_ms, publish_ms;
	/* Parts of compile_ms: the emitter; assembler and linker.  */
	double emit_ms, assemble_ms;
};

/* When several processes ask for the same kernel, one compiles it; the others
 * wait for its lock and then find the entry.  *made is filled in any case.
 * ECACHE when the store cannot be written or is full; EJIT and EFORMAT of the
 * module.  */
int brn_compile(struct brn_store *s, const void *desc, size_t ndesc,
    struct brn_made *made, burin_error *err);

#endif
