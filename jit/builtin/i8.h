/* SPDX-License-Identifier: Apache-2.0
 *
 * The built-in code for element type i8, for machines where brn_elem_runs says
 * so: tier 0.
 */
#ifndef BRN_I8_H
#define BRN_I8_H

#include "jit/abi.h"

/* Tier 0 for x by column, and for x by groups of four columns
 * (brn_dot_groups_aligned).  The sums of the compiled kernels for i8.  */
brn_kernel_fn brn_t0_i8, brn_t0_i8_aligned;

#endif
