/* SPDX-License-Identifier: Apache-2.0
 *
 * The inputs of a run: arrays from files, arrays of a given shape, and arrays
 * of a default shape; the latter two are filled.  Dimensions with the same name
 * in the model get the same size.
 */
#ifndef FEED_H
#define FEED_H

#include "tools/cli.h"
#include "tools/fill.h"

struct feed_given {
	char *name;             /* input of the model */
	const char *file;       /* NULL: only a shape was given */
	int rank;
	int64_t dims[BURIN_MAX_RANK];
};

struct feed {
	struct feed_given *given;
	size_t ngiven;
	enum fill_mode mode;
	uint64_t seed;
	burin_tensor *in;       /* made by feed_make */
	const char **from;      /* source of each: file, or "random" ... */
	size_t nin;
};

cli_set_fn feed_set_input, feed_set_shape, feed_set_fill;

/* Option rows that fill the struct feed *f.  */
#define FEED_OPTIONS(f) \
	{ .name = "input", .arg = "NAME=FILE", .set = feed_set_input, \
	  .to = (f), .help = "take an input from a .npy file" }, \
	{ .name = "shape", .arg = "NAME=1x128", .set = feed_set_shape, \
	  .to = (f), .help = "shape of an input that is filled" }, \
	{ .name = "fill", .arg = "HOW", .set = feed_set_fill, .to = (f), \
	  .help = "random (default), zeros or ones" }, \
	{ .name = "seed", .arg = "N", .set = cli_set_seed, \
	  .to = &(f)->seed, .help = "of random values, default 0" }

extern const char feed_notes[];         /* text for cli.notes */

/* Make the inputs f->in of a model.  CLI_GO, or the exit status.  */
int feed_make(struct feed *f, const burin_model *m);

/* cli_status of a run that failed, and which inputs were filled: sizes that
 * nobody gave may be what does not fit.  */
int feed_status(const struct feed *f, const burin_error *err);
void feed_free(struct feed *f);

#endif
