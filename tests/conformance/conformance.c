/* SPDX-License-Identifier: Apache-2.0
 *
 *	conformance DIR [--manifest FILE [--write]] [--json] [--only TEXT]
 *
 * Runs every ONNX backend test case below DIR: a folder with a model.onnx.
 * Without a manifest it lists what each came to.  With one, a line a case
 * ("node/test_abs pass", "node/test_if skip why"), sorted by name, it names
 * what is not as the manifest says and fails; --write makes the manifest anew.
 */
#include "tests/conformance/case.h"

#include <ftw.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct result {
	char *name;             /* relative to DIR */
	int pass;
	char *why;              /* when it does not */
};

static struct {
	const char *dir, *manifest, *only;
	int write, json;
	struct result *r;
	int n, pass;
} run;

/* An entry that is not there, or no memory: the only way out of most of this
 * is to say so.  */
static void *
need(void *p, const char *what)
{
	if (p)
		return p;
	perror(what);
	exit(2);
}

/* ---- running ------------------------------------------------------------- */

static int
collect(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	size_t skip = strlen(run.dir) + 1;

	(void)st;
	if (flag != FTW_F || strcmp(path + f->base, "model.onnx") ||
	    (size_t)f->base <= skip || !strstr(path, run.only))
		return 0;
	run.r = need(realloc(run.r, (size_t)(run.n + 1) * sizeof *run.r),
	    "memory");
	run.r[run.n++] = (struct result){ need(strndup(path + skip,
	    (size_t)f->base - 1 - skip), "memory"), 0, NULL };
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct result *)a)->name,
	    ((const struct result *)b)->name);
}

static void
run_case(struct result *r)
{
	char path[1024];
	burin_error err = { 0 };

	snprintf(path, sizeof path, "%s/%s", run.dir, r->name);
	r->pass = conformance_case(path, &err) == BURIN_OK;
	run.pass += r->pass;
	r->why = need(strdup(r->pass ? "" : err.msg), "memory");
}

/* ---- the manifest -------------------------------------------------------- */

static void
print_result(FILE *f, const struct result *r)
{
	fprintf(f, "%s %s%s%s\n", r->name, r->pass ? "pass" : "skip",
	    r->pass ? "" : " ", r->why);
}

static void
write_manifest(void)
{
	FILE *f = need(fopen(run.manifest, "w"), run.manifest);

	for (int i = 0; i < run.n; i++)
		print_result(f, &run.r[i]);
	need(fclose(f) == 0 ? f : NULL, run.manifest);
}

/* One line of the manifest: whether the case came to what it says.  */
static int
check_line(char *line, char *seen)
{
	struct result key = { .name = strtok(line, " \n") }, *r;
	char *want = strtok(NULL, " \n");
	int pass = want && !strcmp(want, "pass");

	if (!key.name || !strstr(key.name, run.only))
		return 1;
	r = bsearch(&key, run.r, (size_t)run.n, sizeof *run.r, by_name);
	if (!r)
		return printf("not there: %s\n", key.name), 0;
	seen[r - run.r] = 1;
	if (pass && !r->pass)
		printf("regression: %s: %s\n", r->name, r->why);
	else if (!pass && r->pass)
		printf("passes, not listed so: %s\n", r->name);
	return pass == r->pass;
}

/* How many cases are not as the manifest says.  */
static int
check_manifest(void)
{
	FILE *f = need(fopen(run.manifest, "r"), run.manifest);
	char *seen = need(calloc((size_t)run.n + 1, 1), "memory");
	char *line = NULL;
	size_t size = 0;
	int bad = 0;

	while (getline(&line, &size, f) > 0)
		bad += !check_line(line, seen);
	for (int i = 0; i < run.n; i++)
		if (!seen[i]) {
			printf("not in the manifest: %s\n", run.r[i].name);
			bad++;
		}
	free(line);
	free(seen);
	fclose(f);
	return bad;
}

/* ---- reporting ----------------------------------------------------------- */

static void
print_json(void)
{
	json_t *cases = json_array();

	for (int i = 0; i < run.n; i++)
		json_array_append_new(cases, json_pack("{s:s, s:b, s:s}",
		    "name", run.r[i].name, "pass", run.r[i].pass,
		    "why", run.r[i].why));
	cases = json_pack("{s:i, s:i, s:o}", "cases", run.n, "pass", run.pass,
	    "results", cases);
	json_dumpf(cases, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(cases);
}

static int
usage(void)
{
	fputs("usage: conformance DIR [--manifest FILE [--write]] [--json] "
	    "[--only TEXT]\n", stderr);
	return 2;
}

static int
parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "manifest", required_argument, NULL, 'm' },
		{ "write", no_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ "only", required_argument, NULL, 'o' },
		{ 0 }
	};
	int c;

	run.only = "";
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'm': run.manifest = optarg; break;
		case 'w': run.write = 1; break;
		case 'j': run.json = 1; break;
		case 'o': run.only = optarg; break;
		default: return -1;
		}
	run.dir = argv[optind];
	return argc == optind + 1 && (run.manifest || !run.write) ? 0 : -1;
}

int
main(int argc, char **argv)
{
	int bad = 0;

	if (parse(argc, argv) < 0)
		return usage();
	if (nftw(run.dir, collect, 16, 0) < 0)
		return perror(run.dir), 2;
	if (!run.n)
		return fprintf(stderr, "%s: no cases\n", run.dir), 2;
	qsort(run.r, (size_t)run.n, sizeof *run.r, by_name);
	for (int i = 0; i < run.n; i++)
		run_case(&run.r[i]);
	if (run.json)
		print_json();
	if (run.write)
		write_manifest();
	else if (run.manifest)
		bad = check_manifest();
	for (int i = 0; i < run.n; i++) {
		if (!run.json && !run.manifest)
			print_result(stdout, &run.r[i]);
		free(run.r[i].name);
		free(run.r[i].why);
	}
	free(run.r);
	if (!run.json)
		printf("%d of %d cases pass\n", run.pass, run.n);
	return bad != 0;
}
