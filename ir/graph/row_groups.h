/* SPDX-License-Identifier: Apache-2.0
 *
 * Row groups: rows that have their nonzeros in the same columns, brought
 * together so that a group can be computed as one higher row.  A row moves only
 * within its window of consecutive rows, so work can still be split between
 * windows.
 */
#ifndef BRN_ROW_GROUPS_H
#define BRN_ROW_GROUPS_H

#include "ir/base.h"

/* A group has one of so many sizes.  */
enum { BRN_GROUP_SIZES = 5 };

/* Rows of a group of the given size, an index: the largest first, the last is
 * a single row.  */
static inline int
brn_group_rows(int size)
{
	static const int rows[BRN_GROUP_SIZES] = { 16, 4, 3, 2, 1 };

	return rows[size];
}

/* Block rows of a window, when each has bh rows.  */
static inline int
brn_group_window(int bh)
{
	return bh < 192 ? 192 / bh : 1;
}

/* Of a matrix: the weights in groups of each size.  */
struct brn_row_stats {
	int64_t weights[BRN_GROUP_SIZES];
};

struct brn_row_groups {
	int32_t window, nwindow;        /* rows a window, windows */
	/* first[size] has nwindow + 1 entries: the groups of that size in
	 * window w are the rows row[first[size][w]] up to, not including,
	 * row[first[size][w + 1]].  */
	int32_t *first[BRN_GROUP_SIZES];
	int32_t *row;           /* all rows, one group size after the other */
};

/* Group n block rows of bh rows: those with equal hashes have the same columns.
 * ENOMEM.  */
int brn_row_groups_find(const uint64_t *hash, int32_t n, int bh,
    struct brn_row_groups *out, burin_error *err);
void brn_row_groups_clear(struct brn_row_groups *g);

#endif
