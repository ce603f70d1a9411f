/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of a window are sorted by hash, and each run of equal hashes is cut
 * into groups, the largest first.  The groups depend on the hashes only, so
 * that the library and burin-cc find the same.
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

/* The size of the next group of n rows: the largest that does not leave a
 * single row, which would cost as much as two.  */
static int
next_height(int32_t n)
{
	int h = 0;

	while (brn_alike_rows(h) > n || n - brn_alike_rows(h) == 1)
		h++;
	return h;
}

/* Cut n rows with equal hashes into groups.  next[h] is where the next row of a
 * group of size h goes in row; with row NULL rows are only counted.  */
static void
cut(const struct row *r, int32_t n, int32_t *next, int32_t *row)
{
	for (int32_t at = 0; at < n;) {
		int h = next_height(n - at);

		for (int i = 0; i < brn_alike_rows(h); i++, at++, next[h]++)
			if (row)
				row[next[h]] = r[at].at;
	}
}

/* Cut all rows of a window, sorted by hash, into groups.  */
static void
cut_window(const struct row *r, int32_t n, int32_t *next, int32_t *row)
{
	for (int32_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && r[k].hash == r[i].hash;)
			k++;
		cut(r + i, k - i, next, row);
	}
}

/* Cut all windows, and set a->first.  */
static void
cut_all(const struct row *r, int32_t n, const struct brn_alike *a,
    int32_t *row)
{
	int32_t next[BRN_ALIKE_HEIGHTS];

	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
		next[h] = a->first[h][0];
	for (int32_t w = 0; w < a->nwindow; w++) {
		int32_t from = w * a->window, left = n - from;

		cut_window(r + from, left < a->window ? left : a->window,
		    next, row);
		for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
			a->first[h][w + 1] = next[h];
	}
}

/* All rows, sorted by hash within their window.  NULL: no memory.  */
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

/* Place the rows of each size behind those of the size before.  */
static void
place_sizes(struct brn_alike *a)
{
	int32_t n = 0;

	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++) {
		int32_t k = a->first[h][a->nwindow];

		a->first[h][0] = n;
		n += k;
	}
}

int
brn_alike_make(const uint64_t *hash, int32_t n, int bh,
    struct brn_alike *out, burin_error *err)
{
	int32_t window = brn_alike_window(bh);
	int32_t nwindow = (n + window - 1) / window;
	struct brn_alike a = { .window = window, .nwindow = nwindow };
	struct row *r = sort_windows(hash, n, window);
	int ok;

	a.row = brn_alloc((size_t)n + 1, sizeof *a.row);
	ok = r && a.row;
	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++) {
		a.first[h] = brn_alloc((size_t)nwindow + 1,
		    sizeof *a.first[h]);
		ok &= a.first[h] != NULL;
	}
	if (ok) {
		cut_all(r, n, &a, NULL);
		place_sizes(&a);
		cut_all(r, n, &a, a.row);
	}
	free(r);
	if (!ok) {
		brn_alike_clear(&a);
		return brn_nomem(err);
	}
	*out = a;
	return 0;
}

void
brn_alike_clear(struct brn_alike *a)
{
	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
		free(a->first[h]);
	free(a->row);
	*a = (struct brn_alike){ 0 };
}
