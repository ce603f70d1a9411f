/* SPDX-License-Identifier: Apache-2.0
 *
 * main of the command: select the verb, run it, and fail if its output could
 * not be written.
 */
#include "tools/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_verb verbs[] = {
#define VERB(name, least, most, operands, what) \
	{ #name, least, most, operands, what, verb_##name },
#include "tools/verbs.def"
};

#define NUM_VERBS (sizeof verbs / sizeof *verbs)

static void
print_help(FILE *f)
{
	fputs("Usage: burin VERB [OPTION]... OPERAND...\n"
	    "Run pruned neural networks on kernels compiled for their zeros.\n"
	    "\n", f);
	for (size_t i = 0; i < NUM_VERBS; i++)
		fprintf(f, "  %-10s%s\n", verbs[i].name, verbs[i].what);
	fputs("\n'burin VERB --help' says more.\n", f);
}

/* If the caller closed a standard descriptor, open /dev/null in its place, in
 * the wrong mode so that using it fails.  Otherwise the next file that is
 * opened would become standard input or output.  */
static void
fill_closed(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

static int
run_verb(int argc, char **argv)
{
	struct cli c = { .argc = argc - 1, .argv = argv + 1 };
	int code;

	for (size_t i = 0; i < NUM_VERBS && !c.verb; i++)
		if (!strcmp(verbs[i].name, argv[1]))
			c.verb = &verbs[i];
	if (!c.verb) {
		cli_fail(CLI_USAGE, "'%s': no such verb", argv[1]);
		fputs("Try 'burin --help'.\n", stderr);
		return CLI_USAGE;
	}
	c.options = burin_options_new();
	if (!c.options)
		return cli_fail(CLI_IO, "%s", burin_strerror(BURIN_ENOMEM));
	code = c.verb->run(&c);
	burin_options_free(c.options);
	return code;
}

static int
start(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("burin %s\n", burin_version());
		return CLI_OK;
	}
	if (strcmp(argv[1], "--help"))
		return run_verb(argc, argv);
	print_help(stdout);
	return CLI_OK;
}

int
main(int argc, char **argv)
{
	int code, lost;

	fill_closed();
	signal(SIGPIPE, SIG_IGN);       /* a closed pipe is a write error */
	code = start(argc, argv);
	errno = 0;
	lost = ferror(stdout);
	if (fclose(stdout) == 0 && !lost)
		return code;
	return cli_fail(CLI_IO, "standard output: %s",
	    strerror(errno ? errno : EIO));
}
