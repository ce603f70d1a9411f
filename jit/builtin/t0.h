/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of the tier 0 kernels, one for each instruction set: brn_t0_avx512 ..
 */
#ifndef BRN_T0_H
#define BRN_T0_H

#include "jit/abi.h"
#include "jit/target.h"

#define BRN_T0_(isa) brn_t0_##isa
#define BRN_T0(isa) BRN_T0_(isa)

#define TARGET(name, lanes, nreg, flags) brn_kernel_fn BRN_T0(name);
BRN_TARGETS(TARGET)
#undef TARGET

#endif
