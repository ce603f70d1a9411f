/* SPDX-License-Identifier: Apache-2.0
 *
 * A table for people: cells are added row by row, widths follow the longest.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

struct table {
	const char *align;      /* one letter a column: l or r */
	int ncol;
	size_t ncell;
	char **cell;            /* row by row, the header first */
	char *cut;              /* by table_cut, or NULL */
};

/* align must outlive the table; header has strlen(align) strings.  */
void table_init(struct table *t, const char *align,
    const char *const *header);
void table_cell(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Take what all names in the first column start with, up to a '/', out of them
 * and into a line of its own above the table.  */
void table_cut(struct table *t);
/* Print to stdout, indented by two, and free; nothing for a table without
 * rows.  */
void table_print(struct table *t);
/* Without printing; a table that is all zero is fine.  */
void table_free(struct table *t);

#endif
