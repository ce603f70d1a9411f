/* SPDX-License-Identifier: Apache-2.0
 *
 * Timing calls of a kernel, by one thread or by several that share each call.
 */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "jit/get/jit.h"

struct bench_calls {
	brn_kernel_fn *fn;
	const struct brn_kernel_args *args;     /* of the whole layer */
	int nthread;
	int64_t grain;          /* block rows are parted at multiples of it */
};

/* Nanoseconds a call: the median, and the least, of samples of a millisecond
 * in which nobody else took the core, if that can be had.  */
struct bench_time {
	double median, least;
};
struct bench_time bench_time(const struct bench_calls *c);

#endif
