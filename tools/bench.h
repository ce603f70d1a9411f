/* SPDX-License-Identifier: Apache-2.0
 *
 * What burin bench measured (bench.c) and prints (bench_print.c).
 */
#ifndef BENCH_H
#define BENCH_H

#include "tools/feed.h"

struct bench {
	const char *path;       /* of the model */
	int profile;            /* --profile */
	int iters;              /* --iters, 0: by time */
	struct feed feed;
	burin_model *model;
	burin_session *session;
	burin_output *out;
	size_t nout;

	double first_ms;
	double *ms;             /* of n runs, the fastest first */
	int n;
	int nprofile;           /* runs with the profiler on, */
	double profile_ms;      /* and the wall time of all of them */
};

int bench_print_json(const struct bench *b);
int bench_print_text(const struct bench *b);

#endif
