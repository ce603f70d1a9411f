/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes that random operands seldom fit: products of integers, sequences, Scan,
 * attention of com.microsoft; and the operators that the importer expands.
 */
#ifndef FUZZ_PATTERNS_H
#define FUZZ_PATTERNS_H

#include "ir/base.h"

/* The byte of a record of 32 that chooses a pattern, if it is FUZZ_PATTERN_FROM
 * or more.  */
enum { FUZZ_PATTERN = 31, FUZZ_PATTERN_FROM = 192 };

struct fuzz_pattern {
	struct brn_buf *t;              /* the text of the model */
	const uint8_t *b;               /* the record */
	int id;                         /* of names */
	const char *x;                  /* the value that it reads */
	const char (*value)[16];        /* all values so far, for the others */
	int nvalue;
	int wild;                       /* set: has NaN or huge floats */
};

/* Add nodes that compute value out.  */
void fuzz_put_pattern(struct fuzz_pattern *p, const char *out);

#endif
