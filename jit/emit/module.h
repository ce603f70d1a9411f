/* SPDX-License-Identifier: Apache-2.0
 *
 * What burin-jit.so exports: the only code that is linked with libgccjit.
 * Loaded with dlopen by burin-cc, or by the library with jit=inprocess.
 */
#ifndef BRN_MODULE_H
#define BRN_MODULE_H

#include "burin.h"

#define BRN_MODULE_COMPILE "burin_jit_compile"
#define BRN_MODULE_COMPILER_ID "burin_jit_compiler_id"

/* Compile the kernel that the n canonical bytes describe into a shared object
 * at path, which exports BRN_KERNEL_SYMBOL (jit/abi.h).  Refuses a spec made
 * for another compiler or generator.  libgccjit holds a lock, so a process
 * compiles one kernel at a time.  *emit_ms (may be NULL) is the time that the
 * emitter took.  EUNSUPPORTED, EFORMAT, EJIT, EIO.  */
typedef int brn_module_compile_fn(const void *spec, size_t n,
    const char *path, double *emit_ms, burin_error *err);
/* The identity, as in jit/compiler.h, of the libgccjit that this process has
 * loaded: the build-id in its PT_NOTE segments; without one, that of its
 * file.  */
typedef const char *brn_module_compiler_id_fn(void);

#endif
