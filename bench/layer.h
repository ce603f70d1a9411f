/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer with random weights, its kernel, and the time that takes.
 */
#ifndef BENCH_LAYER_H
#define BENCH_LAYER_H

#include "jit/kernel/cost.h"
#include "jit/get/jit.h"

struct bench_cell {
	int bh, bw;
	int64_t rows, cols, m;          /* output, input features; tokens */
	double density;                 /* share of blocks that are stored */
	const char *mask;               /* a name of bench/patterns.h */
	enum brn_isa isa;
	int threads;
	int t0;                         /* 1: a kernel that is not compiled */
	const char *kernel;             /* used if it fits; NULL: fastest */
};

struct bench_result {
	double ns, least_ns;            /* a call; median and minimum */
	double gflops;                  /* of stored elements, from ns */
	double stored;                  /* stored blocks / all blocks */
	double compile_ms;
	int64_t bytes;                  /* size of the shared object */
	const char *kernel;
	struct brn_cost count;          /* operations of each cost term */
};

/* Make the layer of c, compile its kernel without the cache, and time it.  */
int bench_layer(const struct bench_cell *c, struct bench_result *r,
    burin_error *err);

#endif
