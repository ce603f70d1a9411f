/* SPDX-License-Identifier: Apache-2.0
 *
 * burin bench --check: the error of low precision.  The model is run once more
 * in fp32, and for each layer that is not fp32 once with only that layer in low
 * precision; outputs are compared with those of fp32.
 */
#ifndef CHECK_H
#define CHECK_H

#include "tools/bench.h"

#include <jansson.h>

/* What an output, or all of them together, is off.  */
struct check_error {
	double most, mean;      /* |y - fp32|; infinity where one is NaN */
	double range;           /* the largest |fp32| */
};

struct check_layer {
	const char *name, *precision;
	struct check_error e;
};

struct check {
	size_t nout, nlayer;
	struct check_error *out;        /* [nout] as the model is */
	struct check_layer *layer;      /* [nlayer] largest error first */
	struct check_error rest;        /* all layers in fp32: what else is
	                                   in low precision */
};

/* Fill k for the model of b, which has run.  CLI_GO, or the exit status.  */
int check_run(struct cli *c, const struct bench *b, struct check *k);
void check_free(struct check *k);

json_t *check_json(const struct bench *b, const struct check *k);
void check_print(const struct bench *b, const struct check *k);

#endif
