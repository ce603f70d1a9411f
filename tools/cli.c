/* SPDX-License-Identifier: Apache-2.0
 *
 * Options by getopt_long, help generated from the same rows, messages, memory.
 * The meaning of an option is defined by its verb.
 */
#include "tools/cli.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_OPTIONS 32
#define FIRST_ID 256            /* of getopt; greater than any letter */

static cli_set_fn set_help, set_json, set_version;

static const struct cli_option common[] = {
	{ .name = "json", .help = "print JSON", .set = set_json },
	{ .name = "isa", .arg = "ISA", .set = cli_set_key,
	  .help = "auto (default), avx512, avx2, sse2, generic" },
	{ .name = "precision", .arg = "TYPE", .set = cli_set_key,
	  .help = "auto (default), fp32, bf16, int8" },
	{ .name = "fp32-layers", .arg = "GLOB[,GLOB]", .set = cli_set_key,
	  .help = "layers that stay in fp32, by name" },
	{ .name = "jit", .arg = "MODE", .set = cli_set_key,
	  .help = "compile in a worker, inprocess, or off" },
	{ .name = "cache-dir", .arg = "DIR", .set = cli_set_key,
	  .help = "where compiled kernels are kept" },
	{ .name = "help", .help = "print this and exit", .set = set_help },
	{ .name = "version", .help = "print the version and exit",
	  .set = set_version },
	{ .name = NULL },
};

/* Whether the array has a row of that name.  A row of the verb replaces a
 * common one.  */
static int
has_row(const struct cli_option *o, const char *name)
{
	for (; o->name; o++)
		if (!strcmp(o->name, name))
			return 1;
	return 0;
}

static void
print_option(const struct cli_option *o)
{
	char left[64], letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof letter, "-%c, ", o->letter);
	snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name,
	    o->arg ? "=" : "", o->arg ? o->arg : "");
	printf("  %-28s %s\n", left, o->help);
}

static int
set_help(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)o, (void)arg;
	printf("Usage: burin %s [OPTION]... %s\nburin %s: %s.\n\n",
	    c->verb->name, c->verb->operands, c->verb->name, c->verb->what);
	for (o = c->own; o->name; o++)
		print_option(o);
	for (o = common; o->name; o++)
		if (!has_row(c->own, o->name))
			print_option(o);
	if (c->notes)
		printf("\n%s", c->notes);
	printf("\nExit status: 0 ok, 1 mismatch, 2 usage, 3 unsupported model, "
	    "4 file, format\nor other error.\n");
	return CLI_OK;
}

static int
set_version(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)c, (void)o, (void)arg;
	printf("burin %s\n", burin_version());
	return CLI_OK;
}

static int
set_json(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)o, (void)arg;
	c->json = 1;
	return CLI_GO;
}

static int
try_help(const struct cli *c)
{
	fprintf(stderr, "Try 'burin %s --help'.\n", c->verb->name);
	return CLI_USAGE;
}

static int
check_operands(const struct cli *c)
{
	if (c->argc < c->verb->least) {
		cli_fail(CLI_USAGE, "%s wants %s", c->verb->name,
		    c->verb->operands);
		return try_help(c);
	}
	if (c->argc > c->verb->most) {
		cli_fail(CLI_USAGE, "unexpected argument '%s'",
		    c->argv[c->verb->most]);
		return try_help(c);
	}
	return CLI_GO;
}

/* Convert n rows to getopt's form; the id of a row is FIRST_ID + its index.  */
static void
to_getopt(const struct cli_option **row, int n, struct option *longs,
    char *shorts)
{
	for (int i = 0; i < n; i++) {
		longs[i] = (struct option){ .name = row[i]->name,
		    .has_arg = row[i]->arg ? required_argument : no_argument,
		    .val = FIRST_ID + i };
		if (!row[i]->letter)
			continue;
		*shorts++ = (char)row[i]->letter;
		if (row[i]->arg)
			*shorts++ = ':';
	}
	longs[n] = (struct option){ .name = NULL };
	*shorts = '\0';
}

static const struct cli_option *
find(const struct cli_option **row, int n, int id)
{
	if (id >= FIRST_ID)
		return row[id - FIRST_ID];
	for (int i = 0; i < n; i++)
		if (row[i]->letter == id)
			return row[i];
	return NULL;
}

int
cli_parse(struct cli *c, const struct cli_option *own)
{
	const struct cli_option *row[MAX_OPTIONS], *o;
	struct option longs[MAX_OPTIONS + 1];
	char shorts[2 * MAX_OPTIONS + 1], name[] = "burin";
	int n = 0, id, code;

	for (o = c->own = own; o->name; o++)
		row[n++] = o;
	for (o = common; o->name; o++)
		if (!has_row(own, o->name))
			row[n++] = o;
	to_getopt(row, n, longs, shorts);
	c->argv[0] = name;      /* prefix of getopt's messages */
	while ((id = getopt_long(c->argc, c->argv, shorts, longs,
	    NULL)) != -1) {
		o = id == '?' ? NULL : find(row, n, id);
		if (!o)
			return try_help(c);
		if ((code = o->set(c, o, optarg)) != CLI_GO)
			return code;
	}
	c->argc -= optind;
	c->argv += optind;
	return check_operands(c);
}

int
cli_set_flag(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)c, (void)arg;
	*(int *)o->to = 1;
	return CLI_GO;
}

/* Parse s as a decimal number up to max; -1 if it is anything else.  */
static long long
number(const char *s, long long max)
{
	char *end;
	long long v;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	v = strtoll(s, &end, 10);
	return errno || *end || v > max ? -1 : v;
}

int
cli_set_count(struct cli *c, const struct cli_option *o, const char *arg)
{
	long long v = number(arg, INT_MAX);

	(void)c;
	if (v < 1)
		return cli_bad_arg(o, arg, "a number from 1 up");
	*(int *)o->to = (int)v;
	return CLI_GO;
}

int
cli_set_seed(struct cli *c, const struct cli_option *o, const char *arg)
{
	long long v = number(arg, LLONG_MAX);

	(void)c;
	if (v < 0)
		return cli_bad_arg(o, arg, "a number from 0 up");
	*(uint64_t *)o->to = (uint64_t)v;
	return CLI_GO;
}

int
cli_set_text(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)c;
	if (!*arg)
		return cli_bad_arg(o, arg, "a name");
	*(const char **)o->to = arg;
	return CLI_GO;
}

int
cli_set_key(struct cli *c, const struct cli_option *o, const char *arg)
{
	burin_error err;
	char key[32];

	snprintf(key, sizeof key, "%s", o->name);
	for (char *s = key; *s; s++)
		if (*s == '-')
			*s = '_';
	if (burin_options_set(c->options, key, arg, &err) < 0)
		return cli_status(&err);
	return CLI_GO;
}

int
cli_set_dense(struct cli *c, const struct cli_option *o, const char *arg)
{
	burin_error err;

	(void)o, (void)arg;
	if (burin_options_set(c->options, "sparse", "off", &err) < 0)
		return cli_status(&err);
	return CLI_GO;
}

int
cli_fail(int code, const char *fmt, ...)
{
	va_list ap;

	fputs("burin: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

int
cli_status(const burin_error *err)
{
	int code = CLI_IO;

	if (err->code == BURIN_EINVAL)
		code = CLI_USAGE;
	else if (err->code == BURIN_EUNSUPPORTED)
		code = CLI_UNSUPPORTED;
	return cli_fail(code, "%s",
	    *err->msg ? err->msg : burin_strerror(err->code));
}

int
cli_bad_arg(const struct cli_option *o, const char *arg, const char *wanted)
{
	return cli_fail(CLI_USAGE, "--%s: '%s': wanted %s", o->name, arg,
	    wanted);
}

void
cli_note_threads(const burin_session *s)
{
	int n = burin_session_threads(s);
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) == 0 && n > CPU_COUNT(&set))
		cli_fail(CLI_GO, "%d threads share %d core%s: slower than one "
		    "thread a core", n, CPU_COUNT(&set),
		    CPU_COUNT(&set) == 1 ? "" : "s");
}

static void *
checked(void *p)
{
	if (!p)
		exit(cli_fail(CLI_IO, "%s", strerror(ENOMEM)));
	return p;
}

void *
cli_alloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

void *
cli_grow(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n, size));
}

double
cli_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}
