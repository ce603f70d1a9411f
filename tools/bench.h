/* SPDX-License-Identifier: Apache-2.0
 *
 * Results of burin bench, measured by bench.c and printed by bench_print.c.
 */
#ifndef BENCH_H
#define BENCH_H

#include "tools/feed.h"

struct bench {
	const char *path;       /* of the model */
	int profile;            /* --profile */
	int check;              /* --check */
	int iters;              /* --iters; 0: limited by time */
	const char *precision, *fp32_layers;    /* these options, or NULL */
	struct feed feed;
	burin_model *model;
	burin_session *session;
	burin_output *out;
	size_t nout;

	double first_ms;
	double *ms;             /* times of n runs, ascending */
	int n;
	int nprofile;           /* runs with the profiler on */
	double profile_ms;      /* wall time of all of these */
};

struct check;           /* NULL: without --check */
struct clients;         /* none: without --concurrency */
int bench_print_json(const struct bench *b, const struct check *k,
    const struct clients *clients);
int bench_print_text(const struct bench *b, const struct check *k,
    const struct clients *clients);

#endif
