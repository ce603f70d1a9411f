/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of burin bench.  Times of steps are for one run: the sums of the
 * profiler divided by the number of its runs.
 */
#include "tools/bench.h"

#include "tools/check.h"
#include "tools/clients.h"
#include "tools/report.h"
#include "tools/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Time of one step in one run, or of all steps with the same operator.  */
struct cost {
	const burin_step_info *step;    /* the first of these steps */
	int count;
	double ms;
};

struct costs {
	struct cost *step, *op;         /* slowest first */
	size_t nstep, nop;
	double ms;                      /* of all steps */
};

/* ---- numbers ------------------------------------------------------------ */

/* Quantile q of the run times, by nearest rank.  */
static double
quantile(const struct bench *b, double q)
{
	int i = (int)(q * b->n + 0.999999) - 1;

	return b->ms[i < 0 ? 0 : i >= b->n ? b->n - 1 : i];
}

static double
peak_rss_mb(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024;
}

static double
layer_ms(const struct bench *b, int layer)
{
	const burin_step_info *s;
	double ms = 0;

	for (size_t i = 0; (s = burin_session_step(b->session, i)); i++)
		if (s->layer == layer)
			ms += s->ms;
	return ms / b->nprofile;
}

static int
slowest_first(const void *a, const void *b)
{
	double x = ((const struct cost *)a)->ms;
	double y = ((const struct cost *)b)->ms;

	return (x < y) - (x > y);
}

static void
add_op(struct costs *c, const struct cost *step)
{
	size_t i = 0;

	while (i < c->nop && strcmp(c->op[i].step->op, step->step->op))
		i++;
	if (i == c->nop)
		c->op[c->nop++] = (struct cost){ .step = step->step };
	c->op[i].count++;
	c->op[i].ms += step->ms;
}

static struct costs
get_costs(const struct bench *b)
{
	struct costs c = { .nstep = 0 };
	const burin_step_info *s;
	size_t n = 0;

	while (burin_session_step(b->session, n))
		n++;
	c.step = cli_alloc(n, sizeof *c.step);
	c.op = cli_alloc(n, sizeof *c.op);
	for (size_t i = 0; i < n; i++) {
		s = burin_session_step(b->session, i);
		c.step[i] = (struct cost){ s, 1, s->ms / b->nprofile };
		c.ms += c.step[i].ms;
		add_op(&c, &c.step[i]);
	}
	c.nstep = n;
	qsort(c.step, c.nstep, sizeof *c.step, slowest_first);
	qsort(c.op, c.nop, sizeof *c.op, slowest_first);
	return c;
}

static void
free_costs(struct costs *c)
{
	free(c->step);
	free(c->op);
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *
json_layers(const struct bench *b)
{
	json_t *list = json_array(), *j;
	const burin_layer_info *l;

	for (int i = 0; (l = burin_model_layer(b->model, (size_t)i)); i++) {
		j = report_layer(l);
		json_object_set_new(j, "kernel", report_string(l->kernel));
		json_object_set_new(j, "ms", report_real(layer_ms(b, i)));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
json_latency(const struct bench *b)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:i}",
	    "min", report_real(b->ms[0]),
	    "median", report_real(quantile(b, 0.5)),
	    "p90", report_real(quantile(b, 0.9)),
	    "p99", report_real(quantile(b, 0.99)), "iters", b->n);
}

static json_t *
json_profile(const struct bench *b)
{
	json_t *steps = json_array(), *ops = json_array();
	struct costs c = get_costs(b);
	double run_ms = b->profile_ms / b->nprofile;

	for (size_t i = 0; i < c.nstep; i++)
		json_array_append_new(steps, json_pack(
		    "{s:o, s:o, s:o, s:i, s:o}",
		    "name", report_string(c.step[i].step->name),
		    "op", report_string(c.step[i].step->op),
		    "kernel", report_string(c.step[i].step->kernel),
		    "layer", c.step[i].step->layer,
		    "ms", report_real(c.step[i].ms)));
	for (size_t i = 0; i < c.nop; i++)
		json_array_append_new(ops, json_pack("{s:o, s:i, s:o}",
		    "op", report_string(c.op[i].step->op),
		    "steps", c.op[i].count, "ms", report_real(c.op[i].ms)));
	free_costs(&c);
	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "runs", b->nprofile,
	    "run_ms", report_real(run_ms),
	    "attributed", report_real(c.ms / run_ms),
	    "ops", ops, "steps", steps);
}

int
bench_print_json(const struct bench *b, const struct check *k,
    const struct clients *clients)
{
	burin_stats st;
	json_t *j;

	burin_model_stats(b->model, &st, sizeof st);
	j = json_pack("{s:o, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "model", report_string(b->path),
	    "isa", burin_model_isa(b->model),
	    "threads", burin_session_threads(b->session),
	    "load_ms", report_real(st.load_ms),
	    "first_run_ms", report_real(b->first_ms),
	    "latency_ms", json_latency(b), "layers", json_layers(b),
	    "compile", report_compile(&st),
	    "peak_rss_mb", report_real(peak_rss_mb()));
	if (b->profile)
		json_object_set_new(j, "profile", json_profile(b));
	if (k)
		json_object_set_new(j, "check", check_json(b, k));
	if (clients->n)
		json_object_set_new(j, "concurrency", clients_json(clients));
	return report_json(j);
}

/* ---- text --------------------------------------------------------------- */

static void
print_summary(const struct bench *b)
{
	char buf[256];
	burin_stats st;

	burin_model_stats(b->model, &st, sizeof st);
	printf("%s: %s, %d thread%s", b->path, burin_model_isa(b->model),
	    burin_session_threads(b->session),
	    burin_session_threads(b->session) == 1 ? "" : "s");
	for (size_t i = 0; i < b->feed.nin; i++) {
		const burin_tensor *t = &b->feed.in[i];

		printf(", %s %s", t->name,
		    report_dims(t->rank, t->dims, buf));
	}
	printf("\n\n  latency    median %.3f ms, min %.3f, p90 %.3f, p99 %.3f; "
	    "%d runs\n", quantile(b, 0.5), b->ms[0], quantile(b, 0.9),
	    quantile(b, 0.99), b->n);
	printf("  first run  %.3f ms\n  load       %.1f ms\n  compile    ",
	    b->first_ms, st.load_ms);
	report_compile_line(&st);
	printf("  memory     %.1f MB at most\n", peak_rss_mb());
}

static void
print_layers(const struct bench *b)
{
	const char *const header[] = { "layer", "rows", "cols", "block",
	    "stored", "decision", "kernel", "ms" };
	const burin_layer_info *l;
	struct table t;

	table_init(&t, "lrrrrllr", header);
	for (int i = 0; (l = burin_model_layer(b->model, (size_t)i)); i++) {
		table_cell(&t, "%s", l->name);
		table_cell(&t, "%lld", (long long)l->rows);
		table_cell(&t, "%lld", (long long)l->cols);
		table_cell(&t, "%dx%d", l->bh, l->bw);
		table_cell(&t, "%.1f%%", l->density * 100);
		table_cell(&t, "%s", l->decision);
		table_cell(&t, "%s", l->kernel ? l->kernel : "-");
		table_cell(&t, "%.3f", layer_ms(b, i));
	}
	table_cut(&t);
	putchar('\n');
	table_print(&t);
}

static void
print_ops(const struct costs *c)
{
	const char *const header[] = { "ms", "share", "operator", "steps" };
	struct table t;

	table_init(&t, "rrlr", header);
	for (size_t i = 0; i < c->nop; i++) {
		table_cell(&t, "%.3f", c->op[i].ms);
		table_cell(&t, "%.1f%%", c->op[i].ms / c->ms * 100);
		table_cell(&t, "%s", c->op[i].step->op);
		table_cell(&t, "%d", c->op[i].count);
	}
	putchar('\n');
	table_print(&t);
}

static void
print_steps(const struct costs *c)
{
	const char *const header[] = { "ms", "share", "operator", "kernel",
	    "step" };
	struct table t;

	table_init(&t, "rrlll", header);
	for (size_t i = 0; i < c->nstep; i++) {
		table_cell(&t, "%.3f", c->step[i].ms);
		table_cell(&t, "%.1f%%", c->step[i].ms / c->ms * 100);
		table_cell(&t, "%s", c->step[i].step->op);
		table_cell(&t, "%s", c->step[i].step->kernel);
		table_cell(&t, "%s", c->step[i].step->name);
	}
	putchar('\n');
	table_print(&t);
}

static void
print_profile(const struct bench *b)
{
	struct costs c = get_costs(b);
	double run_ms = b->profile_ms / b->nprofile;

	printf("\n  profile    %d runs of %.3f ms, %.1f%% of it in steps\n",
	    b->nprofile, run_ms, c.ms / run_ms * 100);
	print_ops(&c);
	print_steps(&c);
	free_costs(&c);
}

int
bench_print_text(const struct bench *b, const struct check *k,
    const struct clients *clients)
{
	print_summary(b);
	print_layers(b);
	if (b->profile)
		print_profile(b);
	if (k)
		check_print(b, k);
	if (clients->n)
		clients_print(clients);
	return CLI_OK;
}
