/* SPDX-License-Identifier: Apache-2.0
 *
 * Find the terms of the cost model that minimise the sum of relative errors of
 * its predictions.  Absolute errors are summed, not squares, and the minimum of
 * several times is fitted, because disturbances only make a measurement longer,
 * some of them by a large amount.
 */
#include "bench/fit.h"

#include "bench/layer.h"
#include "ir/graph/estimate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int bh, bw;
} blocks[] = {
	{ 32, 1 }, { 16, 1 }, { 8, 1 }, { 4, 1 }, { 2, 1 }, { 1, 1 },
	{ 16, 16 }, { 4, 4 }, { 1, 16 },
};
static const int64_t sizes[][2] = { { 384, 384 }, { 768, 768 }, { 768, 3072 } };
static const double densities[] = { 1, .6, .2, .05, .01 };

enum {
	ROUNDS = 2,
	POINTS = BRN_COUNT(blocks) * BRN_COUNT(sizes) * BRN_COUNT(densities),
};

struct point {
	struct brn_cost count;
	double ns;              /* for one tile of 16 tokens */
};

static int
measure(enum brn_isa isa, int i, struct point *out, burin_error *err)
{
	int b = i % BRN_COUNT(blocks), s = i / BRN_COUNT(blocks);
	int d = s / BRN_COUNT(sizes), rc = 0;
	struct bench_cell c = {
		.bh = blocks[b].bh, .bw = blocks[b].bw,
		.rows = sizes[s % BRN_COUNT(sizes)][0],
		.cols = sizes[s % BRN_COUNT(sizes)][1],
		.m = BRN_COST_TOKENS, .density = densities[d],
		.mask = "uniform", .isa = isa, .threads = 1,
		.kernel = BRN_NO_KERNEL,
	};
	struct bench_result r;

	out->ns = INFINITY;
	for (int k = 0; k < ROUNDS && rc == 0; k++) {
		rc = bench_layer(&c, &r, err);
		out->ns = fmin(out->ns, r.least_ns);
	}
	out->ns /= BRN_COST_TOKENS / BRN_TILE;
	out->count = r.count;
	return rc;
}

/* Relative error of the prediction for p with the terms ns.  */
static double
error(const struct point *p, const struct brn_cost *ns)
{
	return fabs(brn_cost_sum(&p->count, ns) / p->ns - 1);
}

static double
sum(const struct point *p, const struct brn_cost *ns)
{
	double e = 0;

	for (int i = 0; i < POINTS; i++)
		e += error(&p[i], ns);
	return e;
}

/* Coordinate descent: multiply or divide one term after the other by step while
 * that reduces the error, then with smaller steps.  */
static struct brn_cost
fit(const struct point *p)
{
	struct brn_cost ns = { { .2, .2, .2, .01, 1 } };
	double best = sum(p, &ns);

	for (double step = 1.5; step > 1.0001;) {
		double before = best;

		for (int i = 0; i < 2 * BRN_NUM_COSTS; i++) {
			struct brn_cost next = ns;
			double e;

			next.term[i / 2] *= i % 2 ? step : 1 / step;
			if ((e = sum(p, &next)) < best) {
				best = e;
				ns = next;
			}
		}
		if (best == before)
			step = sqrt(step);
	}
	return ns;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print(enum brn_isa isa, const struct point *p)
{
	struct brn_cost ns = fit(p);
	double e[POINTS];

	printf("COST(%s", brn_isas[isa].name);
	for (int i = 0; i < BRN_NUM_COSTS; i++)
		printf(", %.4g", ns.term[i] < 1e-4 ? 0 : ns.term[i]);
	for (int i = 0; i < POINTS; i++)
		e[i] = 100 * error(&p[i], &ns);
	qsort(e, POINTS, sizeof *e, compare);
	printf(") /* %.1f %%, %.1f %% */\n", e[POINTS / 2],
	    e[POINTS * 9 / 10]);
	fflush(stdout);
}

static const char head[] =
"/* SPDX-License-Identifier: Apache-2.0\n"
" *\n"
" * Nanoseconds for each term of jit/kernel/cost.h, by instruction set,\n"
" * written by `make fit-cost`.  The comment of a row has the relative error\n"
" * of its predictions: the median and the 90th percentile.\n"
" *\n"
" * COST(instruction set";

int
bench_fit(const char *only, burin_error *err)
{
	struct point p[POINTS];
	int rc = 0;

	fputs(head, stdout);
#define TERM(name) fputs(", " #name, stdout);
	BRN_COST_TERMS(TERM)
#undef TERM
	puts(")\n */");
	for (int isa = BRN_NUM_ISAS - 1; isa >= 0 && rc == 0; isa--) {
		if (!brn_isa_runs((enum brn_isa)isa) ||
		    (strcmp(only, "auto") &&
		    strcmp(only, brn_isas[isa].name)))
			continue;
		for (int i = 0; i < POINTS && rc == 0; i++)
			rc = measure((enum brn_isa)isa, i, &p[i], err);
		if (rc == 0)
			print((enum brn_isa)isa, p);
	}
	puts("#undef COST");
	return rc;
}
