/* SPDX-License-Identifier: Apache-2.0
 *
 * The built-in code for element type bf16, for machines where brn_elem_runs
 * says so: tier 0, and tiles of x.
 */
#ifndef BRN_BF16_H
#define BRN_BF16_H

#include "jit/abi.h"

/* Tier 0.  The bits of the compiled kernels for bf16.  */
brn_kernel_fn brn_t0_bf16;

/* Round a tile of n lines of fp32 to bf16, nearest even, in its place, and
 * append the line of zeros.  Subnormal numbers become zero.  */
void brn_bf16_tile(float *x, int64_t n);

#endif
