/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/clients.h"

#include "tools/report.h"
#include "tools/table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WARMUP_MS 300
#define MEASURE_MS 2000

enum { MAX_CLIENTS = 1024 };

enum phase { WARM_UP, MEASURE, STOP };

/* What all clients of one measurement have.  */
struct load {
	const struct bench *b;
	burin_pool *pool;
	_Atomic enum phase phase;
};

struct client {
	struct load *load;
	pthread_t thread;
	burin_output *out;
	double *ms;             /* of n runs, in order */
	int n, room;
	burin_error err;        /* code 0: none */
};

/* ---- one client -------------------------------------------------------- */

static void
record(struct client *k, double ms)
{
	if (k->n == k->room) {
		k->room = k->room ? 2 * k->room : 256;
		k->ms = cli_grow(k->ms, (size_t)k->room, sizeof *k->ms);
	}
	k->ms[k->n++] = ms;
}

static void *
run_client(void *ctx)
{
	struct client *k = ctx;
	const struct bench *b = k->load->b;
	enum phase phase;

	while ((phase = atomic_load(&k->load->phase)) != STOP) {
		double start = cli_now_ms();

		if (burin_pool_run(k->load->pool, b->feed.in, b->feed.nin,
		    k->out, b->nout, -1, &k->err) < 0)
			break;
		k->err.code = 0;
		if (phase == MEASURE)
			record(k, cli_now_ms() - start);
	}
	return NULL;
}

/* Buffers of the size that the run of b->session has shown.  */
static void
client_init(struct client *k, struct load *l)
{
	const struct bench *b = l->b;

	*k = (struct client){ .load = l };
	k->out = cli_alloc(b->nout, sizeof *k->out);
	for (size_t i = 0; i < b->nout; i++) {
		k->out[i] = b->out[i];
		k->out[i].room = b->out[i].nbytes;
		k->out[i].buffer = cli_alloc(b->out[i].nbytes + 1, 1);
	}
}

static void
client_clear(struct client *k)
{
	for (size_t i = 0; i < k->load->b->nout; i++)
		free(k->out[i].buffer);
	free(k->out);
	free(k->ms);
}

/* ---- one measurement --------------------------------------------------- */

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
quantile(const double *ms, int n, double q)
{
	int i = (int)(q * n + 0.999999) - 1;

	return n == 0 ? 0 : ms[i < 0 ? 0 : i >= n ? n - 1 : i];
}

/* The row of what the clients have recorded in as many milliseconds.  */
static void
sum_up(const struct client *k, double ms, struct clients_row *row)
{
	double *all;
	int n = 0;

	for (int i = 0; i < row->clients; i++)
		n += k[i].n;
	all = cli_alloc((size_t)n + 1, sizeof *all);
	row->n = 0;
	for (int i = 0; i < row->clients; i++) {
		if (k[i].n)
			memcpy(all + row->n, k[i].ms,
			    (size_t)k[i].n * sizeof *all);
		row->n += k[i].n;
	}
	qsort(all, (size_t)n, sizeof *all, ascending);
	row->per_s = n / ms * 1000;
	row->median = quantile(all, n, 0.5);
	row->p90 = quantile(all, n, 0.9);
	row->p99 = quantile(all, n, 0.99);
	free(all);
}

/* Start the clients, let them run, and wait for their end.  CLI_GO, or the exit
 * status.  */
static int
drive(struct load *l, struct client *k, int n, double *ms)
{
	int started = 0, code = CLI_GO;
	double start;

	while (started < n && pthread_create(&k[started].thread, NULL,
	    run_client, &k[started]) == 0)
		started++;
	usleep(WARMUP_MS * 1000);
	start = cli_now_ms();
	atomic_store(&l->phase, MEASURE);
	usleep(started == n ? MEASURE_MS * 1000 : 0);
	atomic_store(&l->phase, STOP);
	*ms = cli_now_ms() - start;
	for (int i = 0; i < started; i++) {
		pthread_join(k[i].thread, NULL);
		if (k[i].err.code && code == CLI_GO)
			code = cli_status(&k[i].err);
	}
	return started == n ? code :
	    cli_fail(CLI_IO, "--concurrency: cannot start %d threads", n);
}

static int
measure(const struct bench *b, burin_pool *pool, struct clients_row *row)
{
	struct load l = { .b = b, .pool = pool };
	struct client *k = cli_alloc((size_t)row->clients, sizeof *k);
	double ms;
	int code;

	for (int i = 0; i < row->clients; i++)
		client_init(&k[i], &l);
	code = drive(&l, k, row->clients, &ms);
	if (code == CLI_GO)
		sum_up(k, ms, row);
	for (int i = 0; i < row->clients; i++)
		client_clear(&k[i]);
	free(k);
	return code;
}

static int
set_number(struct cli *c, const char *key, int value, burin_error *err)
{
	char text[20];

	snprintf(text, sizeof text, "%d", value);
	return burin_options_set(c->options, key, text, err);
}

static int
run_row(struct cli *c, const struct bench *b, struct clients_row *row)
{
	burin_pool *pool;
	burin_error err;
	int code;

	if (set_number(c, "sessions", row->sessions, &err) < 0 ||
	    set_number(c, "threads", row->threads, &err) < 0 ||
	    burin_pool_new(b->model, c->options, &pool, &err) < 0)
		return cli_status(&err);
	code = measure(b, pool, row);
	burin_pool_free(pool);
	return code;
}

/* ---- all --------------------------------------------------------------- */

static void
add_row(struct clients *k, const struct clients_row *row)
{
	k->row = cli_grow(k->row, (size_t)k->n + 1, sizeof *k->row);
	k->row[k->n++] = *row;
}

int
clients_set(struct cli *c, const struct cli_option *o, const char *arg)
{
	struct clients *k = o->to;

	(void)c;
	for (const char *at = arg;; at++) {
		char *end;
		long v = *at >= '0' && *at <= '9' ? strtol(at, &end, 10) : 0;

		if (v < 1 || v > MAX_CLIENTS || (*end && *end != ','))
			return cli_bad_arg(o, arg,
			    "numbers from 1 to 1024, as 1,4,16");
		add_row(k, &(struct clients_row){ .clients = (int)v });
		at = end;
		if (!*at)
			return CLI_GO;
	}
}

/* A row for each number of sessions, 1, 2, 4 up to one a core, that so many
 * clients can use.  */
static void
split_cores(struct clients *k, int clients, int cores)
{
	for (int n = 1; n <= cores && (n == 1 || n <= clients);
	    n = n < cores && 2 * n > cores ? cores : 2 * n)
		add_row(k, &(struct clients_row){ clients, n, cores / n });
}

static void
mark_best(struct clients *k, int from)
{
	int best = from;

	for (int i = from; i < k->n; i++)
		if (k->row[i].per_s > k->row[best].per_s)
			best = i;
	k->row[best].is_best = 1;
}

int
clients_run(struct cli *c, const struct bench *b, struct clients *k)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct clients all = { .n = 0 };
	int code = CLI_GO;

	for (int i = 0; i < k->n && code == CLI_GO; i++) {
		int from = all.n;

		split_cores(&all, k->row[i].clients, (int)cores);
		for (int j = from; j < all.n && code == CLI_GO; j++)
			code = run_row(c, b, &all.row[j]);
		mark_best(&all, from);
	}
	clients_free(k);
	*k = all;
	return code;
}

json_t *
clients_json(const struct clients *k)
{
	json_t *list = json_array();

	for (int i = 0; i < k->n; i++) {
		const struct clients_row *r = &k->row[i];

		json_array_append_new(list, json_pack("{s:i, s:i, s:i, s:i, "
		    "s:o, s:o, s:o, s:o, s:b}", "clients", r->clients,
		    "sessions", r->sessions, "threads", r->threads,
		    "runs", r->n, "per_s", report_real(r->per_s),
		    "median", report_real(r->median),
		    "p90", report_real(r->p90), "p99", report_real(r->p99),
		    "best", r->is_best));
	}
	return list;
}

void
clients_print(const struct clients *k)
{
	const char *const header[] = { "clients", "sessions", "threads",
	    "runs/s", "median ms", "p90", "p99", "" };
	struct table t;

	table_init(&t, "rrrrrrrl", header);
	for (int i = 0; i < k->n; i++) {
		const struct clients_row *r = &k->row[i];

		table_cell(&t, "%d", r->clients);
		table_cell(&t, "%d", r->sessions);
		table_cell(&t, "%d", r->threads);
		table_cell(&t, "%.1f", r->per_s);
		table_cell(&t, "%.3f", r->median);
		table_cell(&t, "%.3f", r->p90);
		table_cell(&t, "%.3f", r->p99);
		table_cell(&t, "%s", r->is_best ? "most runs" : "");
	}
	putchar('\n');
	table_print(&t);
}

void
clients_free(struct clients *k)
{
	free(k->row);
	*k = (struct clients){ .n = 0 };
}
