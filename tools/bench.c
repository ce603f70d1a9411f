/* SPDX-License-Identifier: Apache-2.0
 *
 * burin bench: measure the latency of a model and the time of each layer.
 *
 * Latency is measured with the profiler off.  Times of layers and steps come
 * from separate runs after that, with the profiler on.
 */
#include "tools/bench.h"

#include "tools/check.h"
#include "tools/clients.h"
#include "tools/load.h"

#include <stdlib.h>

#define WARMUP_MS 200
#define MEASURE_MS 2000
#define MEASURE_RUNS 20
#define PROFILE_MS 500
#define PROFILE_RUNS 3

static int
run_once(struct bench *b, double *ms)
{
	double start = cli_now_ms();
	burin_error err;

	if (burin_run(b->session, b->feed.in, b->feed.nin, b->out, b->nout,
	    &err) < 0)
		return feed_status(&b->feed, &err);
	*ms = cli_now_ms() - start;
	return CLI_GO;
}

static int
warm_up(struct bench *b)
{
	double start = cli_now_ms(), ms;
	int code;

	do {
		if ((code = run_once(b, &ms)) != CLI_GO)
			return code;
	} while (cli_now_ms() - start < WARMUP_MS);
	return CLI_GO;
}

static int
enough(const struct bench *b, double spent)
{
	if (b->iters)
		return b->n >= b->iters;
	return b->n >= MEASURE_RUNS && spent >= MEASURE_MS;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int
measure(struct bench *b)
{
	double start = cli_now_ms();
	int room = 0, code;

	while (!enough(b, cli_now_ms() - start)) {
		if (b->n == room) {
			room = room ? 2 * room : 256;
			b->ms = cli_grow(b->ms, (size_t)room, sizeof *b->ms);
		}
		if ((code = run_once(b, &b->ms[b->n])) != CLI_GO)
			return code;
		b->n++;
	}
	qsort(b->ms, (size_t)b->n, sizeof *b->ms, ascending);
	return CLI_GO;
}

static int
profile(struct bench *b)
{
	double ms;
	int code;

	burin_session_profile(b->session, 1);
	while (b->nprofile < PROFILE_RUNS || b->profile_ms < PROFILE_MS) {
		if ((code = run_once(b, &ms)) != CLI_GO)
			return code;
		b->profile_ms += ms;
		b->nprofile++;
	}
	return CLI_GO;
}

static int
report(struct cli *c, const struct bench *b, struct clients *clients)
{
	struct check k = { 0 };
	int code = b->check ? check_run(c, b, &k) : CLI_GO;
	const struct check *told = b->check ? &k : NULL;

	if (code == CLI_GO)
		code = clients_run(c, b, clients);
	if (code == CLI_GO)
		code = c->json ? bench_print_json(b, told, clients) :
		    bench_print_text(b, told, clients);
	check_free(&k);
	return code;
}

/* A key that --check sets to other values, and back.  */
static int
set_known_key(struct cli *c, const struct cli_option *o, const char *arg)
{
	*(const char **)o->to = arg;
	return cli_set_key(c, o, arg);
}

static int
bench(struct cli *c, struct bench *b, struct clients *clients)
{
	burin_error err;
	int code;

	b->path = c->argv[0];
	b->nout = burin_model_num_outputs(b->model);
	b->out = cli_alloc(b->nout, sizeof *b->out);
	for (size_t i = 0; i < b->nout; i++)
		b->out[i].name = burin_model_output(b->model, i)->name;
	if ((code = feed_make(&b->feed, b->model)) != CLI_GO)
		return code;
	if (burin_session_new(b->model, c->options, &b->session, &err) < 0)
		return cli_status(&err);
	cli_note_threads(b->session);
	if ((code = run_once(b, &b->first_ms)) != CLI_GO ||
	    (code = warm_up(b)) != CLI_GO || (code = measure(b)) != CLI_GO ||
	    (code = profile(b)) != CLI_GO)
		return code;
	return report(c, b, clients);
}

int
verb_bench(struct cli *c)
{
	struct clients clients = { .n = 0 };
	struct bench b = { .n = 0 };
	const struct cli_option own[] = {
		FEED_OPTIONS(&b.feed),
		CLI_SESSION_OPTIONS,
		{ .name = "iters", .arg = "N", .set = cli_set_count,
		  .to = &b.iters,
		  .help = "runs, default 20 or more in 2 seconds" },
		{ .name = "profile", .set = cli_set_flag, .to = &b.profile,
		  .help = "show where the time of a run goes" },
		{ .name = "check", .set = cli_set_flag, .to = &b.check,
		  .help = "errors against fp32, and of which layers" },
		{ .name = "concurrency", .arg = "N[,N]", .set = clients_set,
		  .to = &clients,
		  .help = "runs a second of so many clients at once" },
		{ .name = "precision", .arg = "TYPE", .set = set_known_key,
		  .to = &b.precision,
		  .help = "auto (default), fp32, bf16, int8" },
		{ .name = "fp32-layers", .arg = "GLOB[,GLOB]",
		  .set = set_known_key, .to = &b.fp32_layers,
		  .help = "layers that stay in fp32, by name" },
		{ .name = NULL },
	};
	int code;

	c->notes = feed_notes;
	code = cli_parse(c, own);
	if (code == CLI_GO)
		code = load_model(c, c->argv[0], &b.model);
	if (code == CLI_GO)
		code = bench(c, &b, &clients);
	burin_session_free(b.session);
	burin_model_free(b.model);
	feed_free(&b.feed);
	clients_free(&clients);
	free(b.out);
	free(b.ms);
	return code;
}
