/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers in the text of a model.  printf of constants took a third of an
 * execution of the run target.
 */
#ifndef FUZZ_NUMBER_H
#define FUZZ_NUMBER_H

#include "ir/graph/graph.h"

#include <math.h>
#include <string.h>

/* Append a blank and v.  Multiples of 1/8 below 4096 are written without
 * printf.  */
static inline void
fuzz_put_number(struct brn_buf *b, double v)
{
	static const char *const eighths[] = { "", ".125", ".25", ".375", ".5",
		".625", ".75", ".875" };
	double size = fabs(v) * 8;
	char s[16], *at = s + 8;
	int n;

	if (!(size < 4096 * 8) || size != floor(size)) {
		brn_buf_printf(b, " %.9g", v);
		return;
	}
	n = (int)size;
	strcpy(at, eighths[n % 8]);
	n /= 8;
	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	if (signbit(v))
		*--at = '-';
	*--at = ' ';
	brn_buf_put(b, at, strlen(at));
}

#endif
