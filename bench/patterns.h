/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks like those that training produces, and a random generator, for benches
 * of kernels.
 */
#ifndef BENCH_PATTERNS_H
#define BENCH_PATTERNS_H

#include <stdint.h>

/* A number in [0, 1); the sequence is the same in every process.  */
double bench_random(void);

/* The layer for which a mask is made.  */
struct bench_pattern {
	int64_t rows, cols;
	int bh, bw;             /* block, for masks that do not fix one */
	double density;
};

/* Set the elements of w [rows][cols], all 0, that the mask keeps to 1.  -1: no
 * mask has that name.
 *
 *	uniform     blocks at random
 *	square      32x32 blocks; every other head (64 rows) is zero
 *	rows        whole rows, as in a feed-forward layer with pruned neurons
 *	single      single weights at random
 *	four        4x1 blocks, or 1x4 if bw > bh
 *	uneven      block rows of very different length: one is full, a quarter
 *	            is empty, the others have a share of 1 / rank
 *	mixed       whole rows with 90 % of the weights, the rest at random
 *	shared      single weights; the 64 rows of a head have the same columns
 *	            and are scattered over the layer
 */
int bench_pattern(const char *name, const struct bench_pattern *p, float *w);

#endif
