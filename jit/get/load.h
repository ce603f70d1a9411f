/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared objects into this process: kernels by descriptor, the module by path.
 * The only place that knows dlopen.
 */
#ifndef BRN_LOAD_H
#define BRN_LOAD_H

#include <limits.h>

#include "jit/abi.h"
#include "jit/emit/module.h"

/* The kernel in fd, a checked artifact; fd may be closed afterwards.  The code
 * is gone with brn_unload(*handle).  EJIT.  */
int brn_load(int fd, void **handle, brn_kernel_fn **fn, burin_error *err);
void brn_unload(void *handle);                          /* NULL is fine */

/* The folder of the library or program that this code is part of, symbolic
 * links resolved.  0: a library, 1: a program, -1: it cannot be told.  */
int brn_own_dir(char dir[PATH_MAX]);

/* The compile function of burin-jit.so (jit/get/locate.h).  Loaded once, on the
 * first call that finds it, and never unloaded: libgccjit does not survive it.
 * EJIT.  */
int brn_load_module(brn_module_compile_fn **fn, burin_error *err);

#endif
