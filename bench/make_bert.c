/* SPDX-License-Identifier: Apache-2.0
 *
 * make-bert: write a BERT encoder (bench/bert.h) from the command line.
 */
#include "bench/bert.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: make-bert [--layers N] [--hidden N] [--heads N] [--inter N]\n"
    "    [--vocab N] [--npos N] [--opset 9..21] [--seed N]\n"
    "    [--masks] OUT.onnx\n"
    "Default: BERT-base (12, 768, 12, 3072, 30522, 512), opset 17, seed 1.\n"
    "--masks: prune 32x32 blocks and heads as in a published pruned BERT.\n";

int
main(int argc, char **argv)
{
	struct bert_spec s = { 12, 768, 12, 3072, 30522, 512, 17, 1, 0 };
	int *field[] = { &s.layers, &s.hidden, &s.heads, &s.inter, &s.vocab,
	    &s.npos, &s.opset };
	static const struct option opts[] = {
		{ "layers", 1, NULL, 0 }, { "hidden", 1, NULL, 1 },
		{ "heads", 1, NULL, 2 }, { "inter", 1, NULL, 3 },
		{ "vocab", 1, NULL, 4 }, { "npos", 1, NULL, 5 },
		{ "opset", 1, NULL, 6 }, { "seed", 1, NULL, 's' },
		{ "masks", 0, NULL, 'm' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", opts, NULL)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout), 0;
		if (c == '?')
			return fputs(usage, stderr), 2;
		if (c == 'm')
			s.masks = 1;
		else if (c == 's')
			s.seed = strtoull(optarg, NULL, 10);
		else
			*field[c] = atoi(optarg);
	}
	if (optind != argc - 1)
		return fputs(usage, stderr), 2;
	if (bert_write(argv[optind], &s) < 0) {
		fprintf(stderr, "make-bert: %s: %s\n", argv[optind],
		    strerror(errno));
		return 1;
	}
	return 0;
}
