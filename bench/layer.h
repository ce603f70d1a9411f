/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer with made-up weights and the kernel for it, to be timed.
 */
#ifndef BENCH_LAYER_H
#define BENCH_LAYER_H

#include "jit/kernel/cost.h"
#include "jit/spec.h"

struct bench_cell {
	int bh, bw;
	int64_t rows, cols, m;          /* output, input features; tokens */
	double density;
	const char *mask;               /* of bench/patterns.h */
	enum brn_isa isa;
	enum brn_elem elem;
	int threads;
	int t0;                         /* nothing is compiled */
	int kernel;                     /* if it fits; BRN_NO_KERNEL: best */
};

struct bench_result {
	double ns, least_ns;            /* a call; median and least */
	double gflops;                  /* on stored elements, by ns */
	double stored;                  /* blocks / all blocks */
	double compile_ms;
	int64_t bytes;                  /* of the artifact */
	const char *kernel;
	struct brn_cost count;          /* what the kernel does */
};

int bench_layer(const struct bench_cell *c, struct bench_result *r,
    burin_error *err);

#endif
