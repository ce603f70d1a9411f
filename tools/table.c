/* SPDX-License-Identifier: Apache-2.0
 *
 * Cells are stored as strings until the table is printed.
 */
#include "tools/table.h"

#include "tools/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_CUT 8               /* bytes; shorter prefixes stay */

void
table_init(struct table *t, const char *align, const char *const *header)
{
	*t = (struct table){ .align = align, .ncol = (int)strlen(align) };
	for (int i = 0; i < t->ncol; i++)
		table_cell(t, "%s", header[i]);
}

void
table_cell(struct table *t, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		exit(cli_fail(CLI_IO, "%s", strerror(ENOMEM)));
	va_end(ap);
	t->cell = cli_grow(t->cell, t->ncell + 1, sizeof *t->cell);
	t->cell[t->ncell++] = s;
}

/* Width in columns: UTF-8 continuation bytes take none.  */
static int
width(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static int
column_width(const struct table *t, int col)
{
	int max = 0, w;

	for (size_t i = (size_t)col; i < t->ncell; i += (size_t)t->ncol)
		if ((w = width(t->cell[i])) > max)
			max = w;
	return max;
}

static void
print_cell(const struct table *t, size_t i, int col, int max)
{
	int pad = max - width(t->cell[i]);

	fputs("  ", stdout);
	if (t->align[col] == 'r')
		printf("%*s", pad, "");
	fputs(t->cell[i], stdout);
	if (t->align[col] == 'l' && col + 1 < t->ncol)
		printf("%*s", pad, "");
}

void
table_cut(struct table *t)
{
	size_t ncol = (size_t)t->ncol, n, k;
	const char *first;

	if (t->ncell < 3 * ncol)        /* the header and one row */
		return;
	first = t->cell[ncol];
	n = strlen(first);
	for (size_t i = 2 * ncol; i < t->ncell; i += ncol) {
		for (k = 0; k < n && t->cell[i][k] == first[k]; k++)
			;
		n = k;
	}
	while (n && first[n - 1] != '/')
		n--;
	if (n < MIN_CUT)
		return;
	t->cut = cli_alloc(n + 1, 1);
	memcpy(t->cut, first, n);
	for (size_t i = ncol; i < t->ncell; i += ncol)
		memmove(t->cell[i], t->cell[i] + n,
		    strlen(t->cell[i] + n) + 1);
}

void
table_print(struct table *t)
{
	size_t ncol = (size_t)t->ncol;
	int *max = cli_alloc(ncol, sizeof *max);

	if (t->cut)
		printf("  in %s:\n", t->cut);

	for (int i = 0; i < t->ncol; i++)
		max[i] = column_width(t, i);
	for (size_t i = 0; i < t->ncell && t->ncell > ncol; i++) {
		print_cell(t, i, (int)(i % ncol), max[i % ncol]);
		if (i % ncol + 1 == ncol)
			putchar('\n');
	}
	free(max);
	table_free(t);
}

void
table_free(struct table *t)
{
	for (size_t i = 0; i < t->ncell; i++)
		free(t->cell[i]);
	free(t->cell);
	free(t->cut);
	*t = (struct table){ .ncol = 0 };
}
