/* SPDX-License-Identifier: Apache-2.0
 *
 * A line of text taken apart from the left.  The line need not end with a zero
 * byte.  Messages name the place and the text that was found there.
 */
#ifndef BRN_WORDS_H
#define BRN_WORDS_H

#include "ir/graph/tensor.h"

struct brn_words {
	const char *p, *end;            /* what is left of the line */
	const char *file;
	int line;                       /* from 1 */
	burin_error *err;
};

/* EFORMAT "FILE:LINE: ...".  */
int brn_words_bad(const struct brn_words *w, const char *fmt, ...)
    BRN_PRINTF(2, 3);
/* EFORMAT "FILE:LINE: wanted WHAT, found '...'".  */
int brn_words_want(const struct brn_words *w, const char *what);

/* Take s if the line goes on with it: 1, else 0.  */
int brn_words_take(struct brn_words *w, const char *s);
/* The same, or an error.  */
int brn_words_must(struct brn_words *w, const char *s);

/* An integer within lo..hi, called what.  */
int brn_words_int(struct brn_words *w, const char *what, int64_t lo,
    int64_t hi, int64_t *out);
/* "16x1", each from 1 to most.  */
int brn_words_block(struct brn_words *w, int64_t most, int64_t *bh,
    int64_t *bw);
/* A number as it is written: "7", "-0.5", "1e+30", "inf", "#7fc00001".  */
struct brn_number {
	int is_float;
	int64_t i;
	float f;
};
int brn_words_number(struct brn_words *w, struct brn_number *out);
/* The characters up to the first that stands in stop, or to the end of the
 * line; \xx is the byte.  In a, without zero bytes.  */
int brn_words_text(struct brn_words *w, const char *stop,
    struct brn_arena *a, const char **out);
/* Letters, digits and _; at least one and less than size.  */
int brn_words_name(struct brn_words *w, const char *what, char *out,
    size_t size);

#endif
