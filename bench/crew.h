/* SPDX-License-Identifier: Apache-2.0
 *
 * Time calls of a kernel, made by one thread or by several threads that divide
 * the block rows of each call.
 */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "jit/get/jit.h"

struct bench_calls {
	brn_kernel_fn *fn;
	const struct brn_kernel_args *args;     /* of the whole layer */
	int nthread;
	int64_t grain;          /* split block rows at multiples of this */
};

/* Nanoseconds a call: median and minimum of samples of about a millisecond.  A
 * sample during which another process ran on the core is repeated, up to a
 * limit.  */
struct bench_time {
	double median, least;
};
struct bench_time bench_time(const struct bench_calls *c);

#endif
