/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading shared objects: kernels by descriptor, the module by path.  Nothing
 * else calls dlopen.
 */
#ifndef BRN_LOAD_H
#define BRN_LOAD_H

#include "jit/abi.h"
#include "jit/emit/module.h"

/* Load the kernel in fd, a checked artifact; fd may be closed afterwards.
 * brn_unload(*handle) unmaps it.  EJIT.  */
int brn_load(int fd, void **handle, brn_kernel_fn **fn, burin_error *err);
void brn_unload(void *handle);                          /* NULL is fine */

/* The compile function of burin-jit.so (jit/get/locate.h).  Loaded once, on the
 * first call that finds it, and never unloaded: libgccjit does not survive it.
 * EJIT.  */
int brn_load_module(brn_module_compile_fn **fn, burin_error *err);

#endif
