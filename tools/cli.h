/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of every verb: options, operands, messages, exit codes.
 *
 * A verb lists its options in an array of rows, each with the function that
 * takes it in; help is made from the same rows.  Results go to stdout, all
 * else to stderr as "burin: ...".
 */
#ifndef CLI_H
#define CLI_H

#include "burin.h"

enum cli_exit {
	CLI_GO = -1,            /* not yet: go on */
	CLI_OK = 0,
	CLI_MISMATCH = 1,       /* something is not as it should be */
	CLI_USAGE = 2,
	CLI_UNSUPPORTED = 3,    /* the model uses what burin lacks */
	CLI_IO = 4,             /* files, formats, memory, shapes */
};

struct cli;

struct cli_verb {
	const char *name;
	int least, most;        /* number of operands */
	const char *operands;   /* for help */
	const char *what;
	int (*run)(struct cli *c);      /* an enum cli_exit */
};

struct cli {
	const struct cli_verb *verb;
	const char *notes;      /* more help, or NULL; set by the verb */
	const struct cli_option *own;   /* options of the verb */
	int argc;               /* cli_parse leaves just the operands */
	char **argv;
	int json;               /* --json */
	burin_options *options; /* for the library */
};

struct cli_option;

/* Take one option in: CLI_GO, or a code to leave with at once.  */
typedef int cli_set_fn(struct cli *c, const struct cli_option *o,
    const char *arg);

struct cli_option {
	const char *name;       /* long name; NULL ends the array */
	const char *arg;        /* its argument, NULL for none */
	const char *help;
	cli_set_fn *set;
	void *to;               /* what the function fills */
	int letter;             /* short name, or 0 */
};

cli_set_fn cli_set_flag;        /* int *: 1 */
cli_set_fn cli_set_count;       /* int *: from 1 up */
cli_set_fn cli_set_seed;        /* uint64_t * */
cli_set_fn cli_set_text;        /* const char **: not empty */
cli_set_fn cli_set_key;         /* the key of c->options of that name */
cli_set_fn cli_set_dense;       /* the key "sparse" to "off" */

/* Rows of the verbs that run a model.  */
#define CLI_SESSION_OPTIONS \
	{ .name = "threads", .arg = "N", .set = cli_set_key, \
	  .help = "default 1; 0 is one a core" }, \
	{ .name = "dense", .set = cli_set_dense, \
	  .help = "keep every layer dense" }

/* Read c->argv.  CLI_GO: c->argv holds the operands.  Else leave with that,
 * all is printed: CLI_OK after --help, CLI_USAGE.  */
int cli_parse(struct cli *c, const struct cli_option *own);

/* Print "burin: ..." and return code.  */
int cli_fail(int code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for an error of the library, with the code that fits it.  */
int cli_status(const burin_error *err);
/* CLI_USAGE: print "burin: --NAME: 'ARG': ..." with what was wanted.  */
int cli_bad_arg(const struct cli_option *o, const char *arg,
    const char *wanted);

/* Memory, or a message and exit(CLI_IO).  */
void *cli_alloc(size_t n, size_t size);
void *cli_grow(void *p, size_t n, size_t size);

double cli_now_ms(void);        /* a clock that only goes forward */

/* Entry points, one per row of verbs.def.  */
#define VERB(name, least, most, operands, what) int verb_##name(struct cli *c);
#include "tools/verbs.def"

#endif
