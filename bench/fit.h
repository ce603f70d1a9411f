/* SPDX-License-Identifier: Apache-2.0
 *
 * Fit the cost model to this machine.
 */
#ifndef BENCH_FIT_H
#define BENCH_FIT_H

#include "burin.h"

/* Measure kernels of every kind and print a new jit/kernel/cost.def.  isa is
 * one instruction set, or "auto" for all that run here.  */
int bench_fit(const char *isa, burin_error *err);

#endif
