/* SPDX-License-Identifier: Apache-2.0
 *
 * bench --concurrency: so many threads that run a model again and again on one
 * pool, for each way to split the cores into sessions.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include "tools/bench.h"
#include "tools/cli.h"

#include <jansson.h>

/* Of so many clients and such a pool.  */
struct clients_row {
	int clients, sessions, threads;
	int n;                  /* runs */
	double per_s;           /* runs a second, of all clients */
	double median, p90, p99;        /* ms, waiting included */
	int is_best;            /* has the most runs a second of its clients */
};

struct clients {
	struct clients_row *row;
	int n;
};

/* Of a list as "1,2,16": CLI_GO or the exit status.  to is struct clients *,
 * which gets a row of each number.  */
cli_set_fn clients_set;

/* Measure each number of clients with each split of the cores.  Changes
 * c->options.  CLI_GO or the exit status.  */
int clients_run(struct cli *c, const struct bench *b, struct clients *k);
json_t *clients_json(const struct clients *k);
void clients_print(const struct clients *k);
void clients_free(struct clients *k);

#endif
