/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks as they come out of training, and chance, for benches of kernels.
 */
#ifndef BENCH_PATTERNS_H
#define BENCH_PATTERNS_H

#include <stdint.h>

/* From 0 to 1, the same at every start.  */
double bench_random(void);

/* Where a weight is not zero.  */
struct bench_pattern {
	int64_t rows, cols;
	int bh, bw;             /* blocks of the masks that take any */
	double density;
};

/* Set w [rows][cols], all zero, to 1 by the mask of that name.  -1: there is
 * none.
 *
 *	uniform     blocks anywhere (F1 of those that are known from papers)
 *	square      blocks of 32x32, half of the heads (64 rows) gone (F2)
 *	rows        whole rows stay (F3: a pruned feed-forward layer)
 *	single      single weights anywhere (F4)
 *	four        four in a row or column, as the block lies (F5)
 *	uneven      block rows of which few have most, one all, many none (F6)
 *	mixed       whole rows stay, and single weights of the others
 *	shared      single weights, the same for all rows of a head (64 rows)
 *	            whose rows are anywhere in the layer
 */
int bench_pattern(const char *name, const struct bench_pattern *p, float *w);

#endif
