/* SPDX-License-Identifier: Apache-2.0
 *
 * What one core can do at most.
 */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

/* GFLOP/s of float multiply-adds in registers: the best of several runs.  */
double bench_peak(void);

/* GB/s that it reads from memory, far beyond the caches: the best of several
 * runs; 0 without the room for it.  */
double bench_read(void);

#endif
