/* SPDX-License-Identifier: Apache-2.0
 *
 * A kernel in memory, shared by all layers and models with the same spec and
 * counted in jit/get/table.c.
 */
#ifndef BRN_LOADED_H
#define BRN_LOADED_H

#include <stdatomic.h>

#include "cache/key.h"
#include "jit/abi.h"

/* The code is that of tier 0 until the kernel is compiled and loaded.  Then it
 * changes, once, while other threads may be calling it.  */
struct brn_kernel {
	brn_kernel_fn *_Atomic code;
	const char *_Atomic name;       /* "t1_tile.16x1.avx512" */
};

/* The code to call.  Not a call through the atomic pointer itself: GCC makes
 * that a plain load.  */
static inline brn_kernel_fn *
brn_kernel_code(const struct brn_kernel *k)
{
	return atomic_load_explicit(&k->code, memory_order_acquire);
}

/* Does its own code run, not that of tier 0?  */
int brn_kernel_is_made(const struct brn_kernel *k);
/* The name before (made = 0) or after (1) its own code is there.  */
const char *brn_kernel_name(const struct brn_kernel *k, int made);
struct brn_key brn_kernel_key(const struct brn_kernel *k);

#endif
