/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of block rows whose blocks are in the same columns: a group is
 * computed as one block row of more rows.  Rows are reordered only within a
 * window of rows, so that threads can still take a window each.
 */
#ifndef BRN_ALIKE_H
#define BRN_ALIKE_H

#include "ir/base.h"

enum { BRN_ALIKE_HEIGHTS = 5 };

/* Block rows of height bh in a window.  */
static inline int
brn_alike_window(int bh)
{
	return bh < 192 ? 192 / bh : 1;
}

/* Row counts of the group sizes, largest first: 16, 4, 3, 2, 1.  */
static inline int
brn_alike_rows(int h)
{
	static const int rows[BRN_ALIKE_HEIGHTS] = { 16, 4, 3, 2, 1 };

	return rows[h];
}

struct brn_alike {
	int32_t window, nwindow;
	/* [nwindow + 1] of each height: the groups of window w have the rows
	 * from first[h][w] to first[h][w + 1] in row.  */
	int32_t *first[BRN_ALIKE_HEIGHTS];
	int32_t *row;           /* all rows, one height after the other */
};

/* Group n block rows of height bh; rows with the same hash have the same
 * columns.  ENOMEM.  */
int brn_alike_make(const uint64_t *hash, int32_t n, int bh,
    struct brn_alike *out, burin_error *err);
void brn_alike_clear(struct brn_alike *a);

#endif
