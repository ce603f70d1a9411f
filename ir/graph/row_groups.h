/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows that have their nonzeros in the same columns, brought together in groups
 * that can be computed as one higher row.  Rows leave their place within a
 * window only, so that work can still be split between windows.
 */
#ifndef BRN_ALIKE_H
#define BRN_ALIKE_H

#include "ir/base.h"

enum { BRN_ALIKE_HEIGHTS = 5 };

/* Block rows of bh in a window.  */
static inline int
brn_alike_window(int bh)
{
	return bh < 192 ? 192 / bh : 1;
}

/* Rows of a group of height h, the last of which is one row.  */
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

/* Groups of n block rows of bh; those with the same hash are alike.
 * ENOMEM.  */
int brn_alike_make(const uint64_t *hash, int32_t n, int bh,
    struct brn_alike *out, burin_error *err);
void brn_alike_clear(struct brn_alike *a);

#endif
