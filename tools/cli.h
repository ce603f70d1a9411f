/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of every verb: options, operands, messages, exit codes.
 *
 * A verb has an array of option rows, each with the function that stores its
 * value; --help is generated from the same rows.  Results go to stdout,
 * messages to stderr as "burin: ...".
 */
#ifndef CLI_H
#define CLI_H

#include "burin.h"

enum cli_exit {
	CLI_GO = -1,            /* no exit: continue */
	CLI_OK = 0,
	CLI_MISMATCH = 1,       /* a check failed */
	CLI_USAGE = 2,
	CLI_UNSUPPORTED = 3,    /* the model has unsupported operators */
	CLI_IO = 4,             /* files, formats, memory, shapes */
};

struct cli;

struct cli_verb {
	const char *name;
	int least, most;        /* number of operands */
	const char *operands;   /* for help */
	const char *what;       /* one line of help */
	int (*run)(struct cli *c);      /* returns an enum cli_exit */
};

struct cli {
	const struct cli_verb *verb;
	const char *notes;      /* end of the help, or NULL; set by the verb */
	const struct cli_option *own;   /* options of the verb */
	int argc;               /* after cli_parse: the operands */
	char **argv;
	int json;               /* --json */
	burin_options *options; /* for calls of the library */
};

struct cli_option;

/* Store the value of one option.  CLI_GO, or the exit status.  */
typedef int cli_set_fn(struct cli *c, const struct cli_option *o,
    const char *arg);

struct cli_option {
	const char *name;       /* long name; NULL ends the array */
	const char *arg;        /* its argument, NULL for none */
	const char *help;
	cli_set_fn *set;
	void *to;               /* where set stores the value */
	int letter;             /* short name, or 0 */
};

cli_set_fn cli_set_flag;        /* to is int *, set to 1 */
cli_set_fn cli_set_count;       /* to is int *, 1 or more */
cli_set_fn cli_set_seed;        /* to is uint64_t * */
cli_set_fn cli_set_text;        /* to is const char **, not empty */
cli_set_fn cli_set_key;         /* the key of this name in c->options */
cli_set_fn cli_set_dense;       /* the key "sparse", to "off" */

/* Option rows of the verbs that run a model.  */
#define CLI_SESSION_OPTIONS \
	{ .name = "threads", .arg = "N", .set = cli_set_key, \
	  .help = "default 1; 0 is one a core" }, \
	{ .name = "dense", .set = cli_set_dense, \
	  .help = "keep every layer dense" }

/* Parse c->argv and leave the operands in it.  CLI_GO, or the exit status:
 * CLI_OK after --help, CLI_USAGE after a message.  */
int cli_parse(struct cli *c, const struct cli_option *own);

/* Print "burin: ..." and return code.  */
int cli_fail(int code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Print an error of the library and return the exit status for its code.  */
int cli_status(const burin_error *err);

/* A line on stderr when there are fewer cores than threads.  */
void cli_note_threads(const burin_session *s);
/* Print "burin: --NAME: 'ARG': wanted ..." and return CLI_USAGE.  */
int cli_bad_arg(const struct cli_option *o, const char *arg,
    const char *wanted);

/* Allocate; without memory, print a message and exit(CLI_IO).  */
void *cli_alloc(size_t n, size_t size);
void *cli_grow(void *p, size_t n, size_t size);

double cli_now_ms(void);        /* monotonic */

/* Entry points, one per row of verbs.def.  */
#define VERB(name, least, most, operands, what) int verb_##name(struct cli *c);
#include "tools/verbs.def"

#endif
