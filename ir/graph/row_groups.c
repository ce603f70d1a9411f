/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of a window are sorted by hash; each run of equal hashes is cut into
 * groups, the largest first.  The groups depend on the hashes only, so whoever
 * has the same rows finds the same groups.
 */
#include "ir/graph/row_groups.h"

#include <stdlib.h>

struct row {
	uint64_t hash;
	int32_t at;
};

static int
compare(const void *p, const void *q)
{
	const struct row *a = p, *b = q;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

/* The size of the next group when n equal rows are left: the largest that
 * leaves no single row, which would cost as much as two.  */
static int
next_size(int32_t n)
{
	int size = 0;

	while (brn_group_rows(size) > n || n - brn_group_rows(size) == 1)
		size++;
	return size;
}

/* Cut n rows of equal hash into groups.  next[size] is the place in `row` of
 * the next row in a group of that size, and moves on; with row NULL the rows
 * are only counted.  */
static void
cut_run(const struct row *r, int32_t n, int32_t *next, int32_t *row)
{
	for (int32_t at = 0; at < n;) {
		int z = next_size(n - at);

		for (int i = 0; i < brn_group_rows(z); i++, at++, next[z]++)
			if (row)
				row[next[z]] = r[at].at;
	}
}

/* Cut the n rows of a window, sorted by hash.  */
static void
cut_window(const struct row *r, int32_t n, int32_t *next, int32_t *row)
{
	for (int32_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && r[k].hash == r[i].hash;)
			k++;
		cut_run(r + i, k - i, next, row);
	}
}

/* Cut all windows, and set first[size][w + 1] to where window w ends.  */
static void
cut_windows(const struct row *r, int32_t n, const struct brn_row_groups *a,
    int32_t *row)
{
	int32_t next[BRN_GROUP_SIZES];

	for (int z = 0; z < BRN_GROUP_SIZES; z++)
		next[z] = a->first[z][0];
	for (int32_t w = 0; w < a->nwindow; w++) {
		int32_t from = w * a->window, left = n - from;

		cut_window(r + from, left < a->window ? left : a->window,
		    next, row);
		for (int z = 0; z < BRN_GROUP_SIZES; z++)
			a->first[z][w + 1] = next[z];
	}
}

/* The rows, each window sorted by hash.  NULL: no memory.  */
static struct row *
sort_windows(const uint64_t *hash, int32_t n, int32_t window)
{
	struct row *r = brn_alloc((size_t)n + 1, sizeof *r);

	for (int32_t i = 0; r && i < n; i++)
		r[i] = (struct row){ hash[i], i };
	for (int32_t i = 0; r && i < n; i += window)
		qsort(r + i, (size_t)(n - i < window ? n - i : window),
		    sizeof *r, compare);
	return r;
}

/* From the rows counted of each group size: where those of each begin.  */
static void
place_sizes(struct brn_row_groups *a)
{
	int32_t n = 0;

	for (int z = 0; z < BRN_GROUP_SIZES; z++) {
		int32_t k = a->first[z][a->nwindow];

		a->first[z][0] = n;
		n += k;
	}
}

int
brn_row_groups_find(const uint64_t *hash, int32_t n, int bh,
    struct brn_row_groups *out, burin_error *err)
{
	int32_t window = brn_group_window(bh);
	int32_t nwindow = (n + window - 1) / window;
	struct brn_row_groups a = { .window = window, .nwindow = nwindow };
	struct row *r = sort_windows(hash, n, window);
	int ok;

	a.row = brn_alloc((size_t)n + 1, sizeof *a.row);
	ok = r && a.row;
	for (int z = 0; z < BRN_GROUP_SIZES; z++) {
		a.first[z] = brn_alloc((size_t)nwindow + 1,
		    sizeof *a.first[z]);
		ok &= a.first[z] != NULL;
	}
	if (ok) {
		cut_windows(r, n, &a, NULL);
		place_sizes(&a);
		cut_windows(r, n, &a, a.row);
	}
	free(r);
	if (!ok) {
		brn_row_groups_clear(&a);
		return brn_nomem(err);
	}
	*out = a;
	return 0;
}

void
brn_row_groups_clear(struct brn_row_groups *g)
{
	for (int z = 0; z < BRN_GROUP_SIZES; z++)
		free(g->first[z]);
	free(g->row);
	*g = (struct brn_row_groups){ 0 };
}
