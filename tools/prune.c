/* SPDX-License-Identifier: Apache-2.0
 *
 * burin prune: zero blocks of weights in one step, to measure the speed before
 * any training.
 */
#include "tools/cli.h"
#include "tools/report.h"

#include <stdio.h>
#include <stdlib.h>

struct prune {
	burin_prune_spec spec;
	const char *out;
	json_t *left;           /* array of layers left as they are */
};

static cli_set_fn set_block, set_sparsity;

static int
set_block(struct cli *c, const struct cli_option *o, const char *arg)
{
	struct prune *p = o->to;
	int end = 0;

	(void)c;
	if (*arg < '0' || *arg > '9' ||
	    sscanf(arg, "%6dx%6d%n", &p->spec.bh, &p->spec.bw, &end) != 2 ||
	    arg[end] || p->spec.bh < 1 || p->spec.bw < 1)
		return cli_bad_arg(o, arg, "RxC, rows x columns, as in 16x1");
	return CLI_GO;
}

static int
set_sparsity(struct cli *c, const struct cli_option *o, const char *arg)
{
	struct prune *p = o->to;
	char *end;

	(void)c;
	p->spec.sparsity = strtod(arg, &end);
	if (end == arg || *end ||
	    !(p->spec.sparsity >= 0 && p->spec.sparsity <= 1))
		return cli_bad_arg(o, arg, "a share from 0 to 1");
	return CLI_GO;
}

static int
check(const struct prune *p)
{
	if (p->spec.bh == 0)
		return cli_fail(CLI_USAGE, "prune wants --block=RxC");
	if (p->spec.sparsity < 0)
		return cli_fail(CLI_USAGE, "prune wants --sparsity=S");
	if (!p->out)
		return cli_fail(CLI_USAGE, "prune wants --output=OUT.onnx");
	return CLI_GO;
}

static void
add_left(void *ctx, const char *layer, const char *why)
{
	struct prune *p = ctx;

	json_array_append_new(p->left, json_pack("{s:o, s:o}",
	    "layer", report_string(layer), "why", report_string(why)));
}

/* A line for each layer that was left.  */
static void
print_left(const struct prune *p, FILE *to)
{
	json_t *one;
	size_t i;

	json_array_foreach(p->left, i, one)
		fprintf(to, "%s: left as it is: %s: %s\n", p->out,
		    json_string_value(json_object_get(one, "layer")),
		    json_string_value(json_object_get(one, "why")));
}

static int
report(const struct cli *c, const struct prune *p, int n)
{
	const burin_prune_spec *s = &p->spec;

	if (n == 0) {
		print_left(p, stderr);
		return cli_fail(CLI_MISMATCH, "%s: no layer to prune%s",
		    c->argv[0], s->only ? " matches --only" : "");
	}
	if (c->json)
		return report_json(json_pack(
		    "{s:o, s:o, s:i, s:[i,i], s:o, s:O}",
		    "model", report_string(c->argv[0]),
		    "output", report_string(p->out), "layers", n,
		    "block", s->bh, s->bw,
		    "sparsity", report_real(s->sparsity), "left", p->left));
	printf("%s: %d layer%s, %g%% of %dx%d blocks zeroed %s\n", p->out, n,
	    n == 1 ? "" : "s", s->sparsity * 100, s->bh, s->bw,
	    s->random ? "at random" : "by magnitude");
	print_left(p, stdout);
	return CLI_OK;
}

static int
prune(const struct cli *c, struct prune *p)
{
	burin_error err;
	int n, code;

	p->left = json_array();
	p->spec.left = add_left;
	p->spec.ctx = p;
	if (burin_prune(c->argv[0], p->out, &p->spec, sizeof p->spec, &n,
	    &err) < 0)
		code = cli_status(&err);
	else
		code = report(c, p, n);
	json_decref(p->left);
	return code;
}

int
verb_prune(struct cli *c)
{
	struct prune p = { .spec.sparsity = -1 };
	const struct cli_option own[] = {
		{ .name = "block", .arg = "RxC", .set = set_block, .to = &p,
		  .help = "block: R output x C input features" },
		{ .name = "sparsity", .arg = "S", .set = set_sparsity,
		  .to = &p, .help = "share of blocks to zero, 0 to 1" },
		{ .name = "output", .arg = "OUT.onnx", .set = cli_set_text,
		  .to = &p.out, .letter = 'o', .help = "the file to write" },
		{ .name = "random", .set = cli_set_flag, .to = &p.spec.random,
		  .help = "choose blocks at random, not by magnitude" },
		{ .name = "seed", .arg = "N", .set = cli_set_seed,
		  .to = &p.spec.seed, .help = "of --random, default 0" },
		{ .name = "only", .arg = "REGEX", .set = cli_set_text,
		  .to = &p.spec.only,
		  .help = "only layers whose name this matches" },
		{ .name = "tied", .set = cli_set_flag, .to = &p.spec.tied,
		  .help = "also weights that not only layers use" },
		{ .name = NULL },
	};
	int code;

	code = cli_parse(c, own);
	if (code == CLI_GO)
		code = check(&p);
	return code == CLI_GO ? prune(c, &p) : code;
}
