/* SPDX-License-Identifier: Apache-2.0
 *
 * What one core can do at most.
 */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

/* GFLOP/s of float multiply-adds in registers: the best of several runs.  */
double bench_peak(void);

#endif
