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
#define BRN_KERNEL_SYMBOL "burin_kernel"        /* in every artifact */

/* Compile the kernel that the canonical bytes describe into a shared object at
 * path, which exports BRN_KERNEL_SYMBOL, a brn_kernel_fn.  Refuses a spec made
 * for another compiler or generator.  One compile at a time in a process:
 * libgccjit holds a lock.  *emit_ms (NULL: not wanted) is the part of it that
 * describes the kernel to libgccjit.  EUNSUPPORTED, EFORMAT, EJIT, EIO.  */
typedef int brn_module_compile_fn(const void *spec, size_t n,
    const char *path, double *emit_ms, burin_error *err);
/* Of the libgccjit that is really loaded, spelled as jit/compiler.h says: find
 * it with dl_iterate_phdr, then brn_compiler_id_notes on its PT_NOTE segments;
 * where they hold no build-id, brn_compiler_id_file on its path.  */
typedef const char *brn_module_compiler_id_fn(void);

#endif
