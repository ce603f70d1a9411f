/* SPDX-License-Identifier: Apache-2.0
 *
 * Fitting the cost model to this machine.
 */
#ifndef BENCH_FIT_H
#define BENCH_FIT_H

#include "burin.h"

/* Measure kernels of all kinds and print jit/kernel/cost.def; for one
 * instruction set, or with "auto" for all.  */
int bench_fit(const char *isa, burin_error *err);

#endif
