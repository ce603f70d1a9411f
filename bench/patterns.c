/* SPDX-License-Identifier: Apache-2.0
 *
 * A mask is a block shape and a function that gives the probability that a
 * block is kept.
 */
#include "bench/patterns.h"

#include <math.h>
#include <string.h>

enum { SQUARE = 32, HEAD = 64 };

double
bench_random(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (double)(x >> 11) * 0x1p-53;
}

/* Probability that a block of block row r, of nrow, is kept.  */
typedef double chance_fn(const struct bench_pattern *p, int64_t r,
    int64_t nrow);

static double
even(const struct bench_pattern *p, int64_t r, int64_t nrow)
{
	(void)r, (void)nrow;
	return p->density;
}

/* Blocks are in every other head only.  */
static double
every_other_head(const struct bench_pattern *p, int64_t r, int64_t nrow)
{
	(void)nrow;
	return r * SQUARE / HEAD % 2 ? 0 : fmin(1, 2 * p->density);
}

/* 1 for a share p->density of the rows, evenly spaced, else 0.  */
static double
whole_row(const struct bench_pattern *p, int64_t r, int64_t nrow)
{
	(void)nrow;
	return floor((double)(r + 1) * p->density) >
	    floor((double)r * p->density);
}

/* Proportional to 1 / rank in a fixed permutation of the rows.  The first row
 * is full, every fourth is empty.  */
static double
inverse_rank(const struct bench_pattern *p, int64_t r, int64_t nrow)
{
	int64_t rank = r * 7919 % nrow;
	double sum = log((double)nrow) + 0.577;

	if (rank == 0)
		return 1;
	if (rank % 4 == 3)
		return 0;
	return fmin(1, 4 / 3.0 * p->density * (double)nrow / sum /
	    (double)(rank + 1));
}

/* Full rows with 90 % of the weights; the rest at random.  */
static double
full_rows_and_rest(const struct bench_pattern *p, int64_t r, int64_t nrow)
{
	struct bench_pattern full = { .density = 0.9 * p->density };

	return whole_row(&full, r, nrow) > 0 ? 1 : 0.1 * p->density;
}

static const struct {
	const char *name;
	int bh, bw;             /* bh 0: the layer's; bw -1: all columns */
	chance_fn *chance;
	int shared;             /* rows of a head have the same columns */
} patterns[] = {
	{ "uniform", 0, 0, even },
	{ "square", SQUARE, SQUARE, every_other_head },
	{ "rows", 1, -1, whole_row },
	{ "single", 1, 1, even },
	{ "four", 4, 1, even },
	{ "uneven", 0, 0, inverse_rank },
	{ "mixed", 1, 1, full_rows_and_rest },
	{ "shared", 1, 1, even, 1 },
};

/* A number in [0, 1) that depends on its arguments only.  */
static double
hashed_random(int64_t head, int64_t col)
{
	uint64_t h = ((uint64_t)head << 32 | (uint64_t)col) + 1;

	for (int i = 0; i < 3; i++) {
		h *= UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return (double)(h >> 11) * 0x1p-53;
}

static void
set_block(const struct bench_pattern *p, int64_t r0, int64_t c0, float *w)
{
	for (int64_t r = r0; r < r0 + p->bh && r < p->rows; r++)
		for (int64_t c = c0; c < c0 + p->bw && c < p->cols; c++)
			w[r * p->cols + c] = 1;
}

static void
set_blocks(const struct bench_pattern *p, chance_fn *chance, int shared,
    float *w)
{
	int64_t nrow = (p->rows + p->bh - 1) / p->bh;

	for (int64_t r = 0; r < nrow; r++) {
		double d = chance(p, r, nrow);

		for (int64_t c = 0; c < p->cols; c += p->bw)
			if ((shared ? hashed_random(r * 7919 % nrow / HEAD, c) :
			    bench_random()) < d)
				set_block(p, r * p->bh, c, w);
	}
}

int
bench_pattern(const char *name, const struct bench_pattern *p, float *w)
{
	for (int i = 0; i < (int)(sizeof patterns / sizeof *patterns); i++) {
		struct bench_pattern own = *p;

		if (strcmp(name, patterns[i].name) != 0)
			continue;
		if (patterns[i].bh) {
			own.bh = patterns[i].bh;
			own.bw = patterns[i].bw > 0 ? patterns[i].bw :
			    (int)p->cols;
		}
		if (patterns[i].bh == 4 && p->bw > p->bh) {
			own.bh = 1;
			own.bw = 4;
		}
		set_blocks(&own, patterns[i].chance, patterns[i].shared, w);
		return 0;
	}
	return -1;
}
