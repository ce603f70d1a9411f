/* SPDX-License-Identifier: Apache-2.0
 *
 * A table as text: cells are added row by row; a column is as wide as its
 * widest cell.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

struct table {
	const char *align;      /* one letter a column: l or r */
	int ncol;
	size_t ncell;
	char **cell;            /* row by row, the header first */
	char *cut;              /* prefix removed by table_cut, or NULL */
};

/* align must outlive the table; header has strlen(align) strings.  */
void table_init(struct table *t, const char *align,
    const char *const *header);
void table_cell(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Remove the common prefix of all names in the first column, up to a '/', and
 * print it in a line above the table.  */
void table_cut(struct table *t);
/* Print to stdout, indented by two columns, and free.  A table without rows is
 * not printed.  */
void table_print(struct table *t);
/* Free without printing.  A table that is all zero is accepted.  */
void table_free(struct table *t);

#endif
