/* SPDX-License-Identifier: Apache-2.0
 *
 * burin cache: list, check, shrink, clear and import the kernel cache.
 */
#include "tools/cli.h"
#include "tools/report.h"
#include "tools/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Sums and rows collected by burin_cache_each.  */
struct listing {
	int64_t entries, bytes, oldest, newest, bad;
	int only_bad;           /* list bad entries only */
	json_t *json;           /* NULL: print a table */
	struct table table;
};

struct cache {
	struct cli *cli;
	int64_t max_bytes;      /* --max-bytes */
	char path[4096];
	struct listing list;
};

/* ---- stat, ls, verify --------------------------------------------------- */

static json_t *
json_entry(const burin_cache_entry *e)
{
	return json_pack("{s:s, s:I, s:I, s:o, s:o}", "key", e->key,
	    "bytes", (json_int_t)e->bytes, "mtime", (json_int_t)e->mtime,
	    "what", report_string(e->what), "bad", report_string(e->bad));
}

static void
add_row(struct table *t, const burin_cache_entry *e)
{
	time_t when = (time_t)e->mtime;
	struct tm tm;
	char buf[32] = "?";

	if (localtime_r(&when, &tm))
		strftime(buf, sizeof buf, "%Y-%m-%d %H:%M", &tm);
	table_cell(t, "%s", e->key);
	table_cell(t, "%lld", (long long)e->bytes);
	table_cell(t, "%s", buf);
	if (e->bad)
		table_cell(t, "bad: %s", e->bad);
	else
		table_cell(t, "%s", e->what ? e->what : "?");
}

static void
take_entry(void *ctx, const burin_cache_entry *e)
{
	struct listing *l = ctx;

	if (l->entries == 0 || e->mtime < l->oldest)
		l->oldest = e->mtime;
	if (l->entries == 0 || e->mtime > l->newest)
		l->newest = e->mtime;
	l->entries++;
	l->bytes += e->bytes;
	l->bad += e->bad != NULL;
	if (l->only_bad && !e->bad)
		return;
	if (l->json)
		json_array_append_new(l->json, json_entry(e));
	else
		add_row(&l->table, e);
}

/* Fill k->list with all entries, or if verify with the bad ones.  */
static int
list(struct cache *k, int verify)
{
	static const char *const header[] = { "key", "bytes", "last use",
	    "what" };
	struct listing *l = &k->list;
	burin_error err;

	l->only_bad = verify;
	if (k->cli->json)
		l->json = json_array();
	table_init(&l->table, "lrll", header);
	if (burin_cache_each(k->cli->options, verify, take_entry, l, &err) < 0)
		return cli_status(&err);
	return CLI_GO;
}

static int
cache_stat(struct cache *k)
{
	const struct listing *l = &k->list;
	int code;

	if ((code = list(k, 0)) != CLI_GO)
		return code;
	if (k->cli->json)
		return report_json(json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}",
		    "path", report_string(k->path),
		    "entries", (json_int_t)l->entries,
		    "bytes", (json_int_t)l->bytes, "bad", (json_int_t)l->bad,
		    "oldest", (json_int_t)l->oldest,
		    "newest", (json_int_t)l->newest));
	printf("%s: %lld entries, %.1f KB\n", k->path, (long long)l->entries,
	    (double)l->bytes / 1024);
	return CLI_OK;
}

static int
cache_ls(struct cache *k)
{
	int code;

	if ((code = list(k, 0)) != CLI_GO)
		return code;
	if (k->cli->json)
		return report_json(json_pack("{s:o, s:O}",
		    "path", report_string(k->path),
		    "entries", k->list.json));
	table_print(&k->list.table);
	return CLI_OK;
}

static int
cache_verify(struct cache *k)
{
	const struct listing *l = &k->list;
	int code;

	if ((code = list(k, 1)) != CLI_GO)
		return code;
	if (k->cli->json) {
		code = report_json(json_pack("{s:o, s:I, s:O}",
		    "path", report_string(k->path),
		    "entries", (json_int_t)l->entries, "bad", l->json));
	} else {
		table_print(&k->list.table);
		printf("%s: %lld entries, %lld bad\n", k->path,
		    (long long)l->entries, (long long)l->bad);
		code = CLI_OK;
	}
	return code == CLI_OK && l->bad ? CLI_MISMATCH : code;
}

/* ---- gc, clear ---------------------------------------------------------- */

static int
print_removed(const struct cache *k, int64_t n)
{
	if (k->cli->json)
		return report_json(json_pack("{s:o, s:I}",
		    "path", report_string(k->path),
		    "removed", (json_int_t)n));
	printf("%s: %lld removed\n", k->path, (long long)n);
	return CLI_OK;
}

static int
cache_gc(struct cache *k)
{
	burin_error err;
	int64_t n;

	if (burin_cache_gc(k->cli->options, k->max_bytes, &n, &err) < 0)
		return cli_status(&err);
	return print_removed(k, n);
}

static int
cache_clear(struct cache *k)
{
	burin_error err;
	int64_t n;

	if (burin_cache_clear(k->cli->options, &n, &err) < 0)
		return cli_status(&err);
	return print_removed(k, n);
}

/* ---- explain, import ---------------------------------------------------- */

/* The operand of an action, or NULL.  */
static const char *
operand(const struct cache *k)
{
	return k->cli->argc > 1 ? k->cli->argv[1] : NULL;
}

/* Convert lines "name: text" to an object.  */
static json_t *
json_lines(char *text)
{
	json_t *j = json_object();
	char *save, *line, *value;

	for (line = strtok_r(text, "\n", &save); line;
	    line = strtok_r(NULL, "\n", &save)) {
		value = strstr(line, ": ");
		if (!value)
			continue;
		*value = '\0';
		json_object_set_new(j, line, report_string(value + 2));
	}
	return j;
}

static int
cache_explain(struct cache *k)
{
	char text[4096];
	burin_error err;

	if (burin_cache_explain(k->cli->options, operand(k), text,
	    sizeof text, &err) < 0)
		return cli_status(&err);
	if (k->cli->json)
		return report_json(json_lines(text));
	fputs(text, stdout);
	return CLI_OK;
}

static int
cache_import(struct cache *k)
{
	burin_error err;
	int64_t n;

	if (burin_cache_import(k->cli->options, operand(k), &n, &err) < 0)
		return cli_status(&err);
	if (k->cli->json)
		return report_json(json_pack("{s:o, s:I}",
		    "path", report_string(k->path),
		    "imported", (json_int_t)n));
	printf("%s: %lld imported\n", k->path, (long long)n);
	return CLI_OK;
}

/* ---- the verb ----------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(struct cache *k);
	const char *wants;      /* what its operand is; NULL: none */
} actions[] = {
	{ "stat", cache_stat },
	{ "ls", cache_ls },
	{ "verify", cache_verify },
	{ "gc", cache_gc },
	{ "clear", cache_clear },
	{ "explain", cache_explain, "a key" },
	{ "import", cache_import, "a file or directory" },
};

/* Parse a number of bytes; the suffixes K, M, G are powers of 1024.  */
static int
set_bytes(struct cli *c, const struct cli_option *o, const char *arg)
{
	static const char units[] = "KMG";
	long long v;
	char *end;
	const char *unit;
	int shift = 0;

	(void)c;
	errno = 0;
	v = strtoll(arg, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (*arg < '0' || *arg > '9' || *end || errno || v > INT64_MAX >> shift)
		return cli_bad_arg(o, arg, "bytes, as in 500000, 64K, 1G");
	*(int64_t *)o->to = v << shift;
	return CLI_GO;
}

static int
run_action(struct cache *k, const char *name)
{
	burin_error err;

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (strcmp(actions[i].name, name))
			continue;
		if (!operand(k) != !actions[i].wants)
			return cli_fail(CLI_USAGE, "cache %s: wanted %s",
			    name, actions[i].wants ? actions[i].wants :
			    "nothing more");
		if (burin_cache_path(k->cli->options, k->path, sizeof k->path,
		    &err) < 0)
			return cli_status(&err);
		return actions[i].run(k);
	}
	return cli_fail(CLI_USAGE, "'%s': wanted %s", name,
	    k->cli->verb->operands);
}

int
verb_cache(struct cli *c)
{
	struct cache k = { .cli = c, .max_bytes = -1 };
	const struct cli_option own[] = {
		{ .name = "max-bytes", .arg = "N[KMG]", .set = set_bytes,
		  .to = &k.max_bytes,
		  .help = "gc: limit of the cache, default cache_max_bytes" },
		{ .name = NULL },
	};
	int code;

	c->notes =
	    "stat    print path and size of the cache\n"
	    "ls      list all kernels\n"
	    "verify  check all kernels; exit status 1 if one is bad\n"
	    "gc      remove unusable entries, then the least recently used\n"
	    "        ones until --max-bytes are left\n"
	    "clear   remove all\n"
	    "explain describe the entry whose key begins with KEY\n"
	    "import  copy kernels of burin warm --export into the cache\n";
	if ((code = cli_parse(c, own)) != CLI_GO)
		return code;
	code = run_action(&k, c->argv[0]);
	table_free(&k.list.table);
	json_decref(k.list.json);
	return code;
}
