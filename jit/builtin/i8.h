/* SPDX-License-Identifier: Apache-2.0
 *
 * The built-in code for element type i8, for machines where brn_elem_runs says
 * so: tier 0, and the kernel for one token.
 */
#ifndef BRN_I8_H
#define BRN_I8_H

#include "jit/abi.h"

/* Tier 0 for x by column, and for x by groups of four columns
 * (brn_dot_groups_aligned).  The sums of the compiled kernels for i8.  */
brn_kernel_fn brn_t0_i8, brn_t0_i8_aligned;

/* The same sums for one token, which comes packed: x is bytes, and those that
 * are needed to fill the last four may be anything; y is i32.  For blocks for
 * which brn_one_i8_fits says so.  */
brn_kernel_fn brn_one_i8;
int brn_one_i8_fits(const struct brn_kernel_args *a);

#endif
