/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups as a pattern.  A group has the columns of its first block row; that
 * the others have them too is checked, since a hash is only a hash.
 */
#include "jit/kernel/t2_groups.h"

#include <stdlib.h>
#include <string.h>

static int32_t
blocks(const struct brn_spec *s, int32_t b)
{
	return s->rowptr[b + 1] - s->rowptr[b];
}

static uint64_t
hash(const struct brn_spec *s, int32_t b)
{
	uint64_t h = 0;

	for (int32_t i = s->rowptr[b]; i < s->rowptr[b + 1]; i++) {
		h = (h ^ (uint64_t)s->colidx[i]) *
		    UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h ^ (uint64_t)blocks(s, b);
}

static int
same(const struct brn_spec *s, int32_t a, int32_t b)
{
	return blocks(s, a) == blocks(s, b) && memcmp(s->colidx +
	    s->rowptr[a], s->colidx + s->rowptr[b], (size_t)blocks(s, a) *
	    sizeof *s->colidx) == 0;
}

static int
group_rows(const struct brn_spec *s, struct brn_alike *out, burin_error *err)
{
	uint64_t *h = brn_alloc((size_t)s->nbrow + 1, sizeof *h);
	int rc;

	if (!h)
		return brn_nomem(err);
	for (int32_t b = 0; b < s->nbrow; b++)
		h[b] = hash(s, b);
	rc = brn_alike_make(h, s->nbrow, s->bh, out, err);
	free(h);
	return rc;
}

/* The next group, of n block rows.  0: they are not alike.  */
static int
add_group(const struct brn_spec *s, struct brn_t2 *t, const int32_t *brow,
    int n)
{
	int32_t len = blocks(s, brow[0]);

	for (int i = 1; i < n; i++)
		if (!same(s, brow[0], brow[i]))
			return 0;
	if (len)
		memcpy(t->colidx + t->nblk, s->colidx + s->rowptr[brow[0]],
		    (size_t)len * sizeof *t->colidx);
	t->nblk += len;
	t->rowptr[++t->ngroup] = t->nblk;
	return 1;
}

static int
add_groups(const struct brn_spec *s, struct brn_t2 *t)
{
	const struct brn_alike *a = &t->alike;

	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++) {
		int n = brn_alike_rows(h);
		int32_t before = t->nblk;

		for (int32_t i = a->first[h][0]; i < a->first[h][a->nwindow];
		    i += n)
			if (!add_group(s, t, a->row + i, n))
				return 0;
		t->first[h + 1] = t->ngroup;
		t->at[h + 1] = t->at[h] + (int64_t)(t->nblk - before) * n *
		    s->bh * s->bw;
	}
	return 1;
}

int
brn_t2_make(const struct brn_spec *s, struct brn_t2 *out, burin_error *err)
{
	struct brn_t2 t = { .ngroup = 0 };
	int rc = group_rows(s, &t.alike, err);

	if (rc < 0)
		return rc;
	t.rowptr = brn_alloc((size_t)s->nbrow + 1, sizeof *t.rowptr);
	t.colidx = brn_alloc((size_t)s->nblk + 1, sizeof *t.colidx);
	if (!t.rowptr || !t.colidx)
		rc = brn_nomem(err);
	else if (!add_groups(s, &t))
		rc = brn_fail(err, BURIN_EUNSUPPORTED,
		    "spec: rows that are not alike have one hash");
	if (rc < 0) {
		brn_t2_clear(&t);
		return rc;
	}
	*out = t;
	return 0;
}

void
brn_t2_clear(struct brn_t2 *t)
{
	brn_alike_clear(&t->alike);
	free(t->rowptr);
	free(t->colidx);
	*t = (struct brn_t2){ .ngroup = 0 };
}

void
brn_t2_weights(const struct brn_t2 *t, int64_t out[BRN_ALIKE_HEIGHTS])
{
	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
		out[h] = t->at[h + 1] - t->at[h];
}

int
brn_t2_pays(const int64_t weights[BRN_ALIKE_HEIGHTS])
{
	int64_t all = 0;

	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
		all += weights[h];
	return 4 * weights[BRN_ALIKE_HEIGHTS - 1] < 3 * all;
}

/* The values of a group: its blocks column by column, each column row by
 * row.  */
static float *
pack_group(const struct brn_spec *s, const int32_t *brow, int n,
    const float *vals, float *out)
{
	size_t column = (size_t)s->bh, block = column * (size_t)s->bw;
	size_t len = (size_t)blocks(s, brow[0]) * (size_t)s->bw;

	for (size_t c = 0; c < len; c++)
		for (int i = 0; i < n; i++) {
			const float *from = vals + (size_t)s->rowptr[brow[i]] *
			    block + c * column;

			memcpy(out, from, column * sizeof *out);
			out += column;
		}
	return out;
}

void
brn_t2_pack(const struct brn_spec *s, const struct brn_t2 *t,
    const float *vals, float *out)
{
	const struct brn_alike *a = &t->alike;

	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
		for (int32_t i = a->first[h][0]; i < a->first[h][a->nwindow];
		    i += brn_alike_rows(h))
			out = pack_group(s, a->row + i, brn_alike_rows(h),
			    vals, out);
}
