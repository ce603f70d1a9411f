/* SPDX-License-Identifier: Apache-2.0
 *
 * Upper limits of one core, measured.
 */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include "jit/target.h"

/* GFLOP/s of multiply-adds of e in registers: maximum of several runs.  */
double bench_peak(enum brn_elem e);

/* GB/s read from memory, from an array larger than the caches: maximum of
 * several runs.  0 if the array cannot be allocated.  */
double bench_read(void);

#endif
