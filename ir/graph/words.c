/* SPDX-License-Identifier: Apache-2.0
 *
 * Words and numbers of a line.
 */
#include "ir/graph/words.h"

#include "ir/graph/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t
left(const struct brn_words *w)
{
	return (size_t)(w->end - w->p);
}

int
brn_words_bad(const struct brn_words *w, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return brn_fail(w->err, BURIN_EFORMAT, "%s:%d: %s", w->file, w->line,
	    text);
}

int
brn_words_want(const struct brn_words *w, const char *what)
{
	int n = left(w) > 20 ? 20 : (int)left(w);

	if (n == 0)
		return brn_words_bad(w, "wanted %s, found the end of the line",
		    what);
	return brn_words_bad(w, "wanted %s, found '%.*s%s'", what, n, w->p,
	    left(w) > 20 ? ".." : "");
}

int
brn_words_take(struct brn_words *w, const char *s)
{
	size_t n = strlen(s);

	if (left(w) < n || memcmp(w->p, s, n) != 0)
		return 0;
	w->p += n;
	return 1;
}

int
brn_words_must(struct brn_words *w, const char *s)
{
	char what[32];

	if (brn_words_take(w, s))
		return 0;
	snprintf(what, sizeof what, "'%s'", s);
	return brn_words_want(w, what);
}

static int
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '_';
}

static int
is_digit(char c)
{
	return (c >= '0' && c <= '9') || c == '-';
}

static int
is_number(char c)
{
	return is_word(c) || c == '-' || c == '+' || c == '.' || c == '#';
}

/* Copy what is_part takes; -1: nothing, or too much.  */
static int
copy(struct brn_words *w, int (*is_part)(char), char *out, size_t size)
{
	size_t n = 0;

	while (n < left(w) && is_part(w->p[n]))
		n++;
	if (n == 0 || n >= size)
		return -1;
	memcpy(out, w->p, n);
	out[n] = '\0';
	w->p += n;
	return 0;
}

int
brn_words_name(struct brn_words *w, const char *what, char *out, size_t size)
{
	return copy(w, is_word, out, size) < 0 ? brn_words_want(w, what) : 0;
}

/* Decimal digits and a sign, and nothing else.  */
static int
to_int(const char *s, int64_t *out)
{
	const char *digits = s + (*s == '-');
	char *end;

	if (*digits < '0' || *digits > '9')
		return -1;
	errno = 0;
	*out = strtoll(s, &end, 10);
	return *end || errno ? -1 : 0;
}

int
brn_words_int(struct brn_words *w, const char *what, int64_t lo, int64_t hi,
    int64_t *out)
{
	struct brn_words at = *w;
	char s[24];

	if (copy(w, is_digit, s, sizeof s) < 0 || to_int(s, out) < 0)
		return brn_words_want(&at, what);
	if (*out < lo || *out > hi)
		return brn_words_bad(w, "%s is %s, wanted %lld to %lld", what,
		    s, (long long)lo, (long long)hi);
	return 0;
}

int
brn_words_block(struct brn_words *w, int64_t most, int64_t *bh, int64_t *bw)
{
	int rc = brn_words_int(w, "rows of a block", 1, most, bh);

	if (rc < 0 || (rc = brn_words_must(w, "x")) < 0)
		return rc;
	return brn_words_int(w, "columns of a block", 1, most, bw);
}

/* The bits of a float.  */
static int
to_bits(const char *s, float *out)
{
	char *end;
	uint32_t bits;

	if (strlen(s) != 8 || strspn(s, "0123456789abcdef") != 8)
		return -1;
	bits = (uint32_t)strtoul(s, &end, 16);
	memcpy(out, &bits, sizeof bits);
	return 0;
}

static int
to_float(const char *s, float *out)
{
	uint32_t nan = BRN_TEXT_NAN;
	char *end;

	if (*s == '#')
		return to_bits(s + 1, out);
	if (!strcmp(s, "nan")) {
		memcpy(out, &nan, sizeof nan);
		return 0;
	}
	if (strspn(s, "0123456789.e+-") != strlen(s) && strcmp(s, "inf") &&
	    strcmp(s, "-inf"))
		return -1;
	*out = strtof(s, &end);
	return *end || end == s ? -1 : 0;
}

int
brn_words_number(struct brn_words *w, struct brn_number *out)
{
	struct brn_words at = *w;
	char s[40];

	if (copy(w, is_number, s, sizeof s) < 0)
		return brn_words_want(&at, "a number");
	out->is_float = to_int(s, &out->i) < 0;
	if (to_float(s, &out->f) < 0)
		return brn_words_want(&at, "a number");
	return 0;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
brn_words_text(struct brn_words *w, const char *stop, struct brn_arena *a,
    const char **out)
{
	size_t n = 0, k = 0;
	char *s;

	while (n < left(w) && !(w->p[n] && strchr(stop, w->p[n])))
		n++;
	s = brn_arena_alloc(a, n + 1, 1);
	if (!s)
		return brn_nomem(w->err);
	for (const char *end = w->p + n; w->p < end; k++) {
		s[k] = *w->p++;
		if (s[k] == '\\') {
			int hi = w->p < end ? hex(w->p[0]) : -1;
			int lo = end - w->p > 1 ? hex(w->p[1]) : -1;

			if (hi < 0 || lo < 0)
				return brn_words_want(w, "two hexadecimal "
				    "digits behind a backslash");
			s[k] = (char)(hi << 4 | lo);
			w->p += 2;
		}
		if (!s[k])
			return brn_words_bad(w, "a name has a zero byte");
	}
	*out = s;
	return 0;
}
