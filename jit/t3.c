/* SPDX-License-Identifier: Apache-2.0
 *
 * The stream of tier 3.  Weights come in groups of eight: four are loaded by
 * one instruction and spread by shuffles, each of the other four is spread by
 * the load of its FMA, so that neither loads nor shuffles are what all wait
 * for.
 */
#include "jit/t3.h"

#include <stdlib.h>
#include <string.h>

enum {
	SPARE = 4,              /* registers for x, four weights, and one */
	CHAINS = 4,             /* sums that grow at a time, at least */
	MAX_ABREAST = 8,        /* block columns at a time */
	GROUP = 8,              /* weights that are packed together */
};

int
brn_t3_rows(const struct brn_spec *s)
{
	int rows = (brn_isas[s->isa].nreg - SPARE) / s->bh;

	return rows > 0 ? rows : 1;
}

/* A stored block of a panel.  */
struct hit {
	int32_t col, brow, blk;
};

struct maker {
	const struct brn_spec *s;
	struct brn_t3 *t;
	int32_t *next;          /* of each block row: first block not taken */
	struct hit *hit;
	char *taken;            /* block rows of the panel */
	int32_t n;
};

/* Of each block row from b0 to b1 the next block, if it is in a column before
 * j1; those of columns before j0 come first, then column by column.  */
static int
find_hits(struct maker *m, int32_t j0, int32_t j1, int32_t b0, int32_t b1)
{
	const struct brn_spec *s = m->s;
	int n = 0;

	memset(m->taken, 0, (size_t)(b1 - b0) * sizeof *m->taken);
	for (int32_t j = j0 + (s->bw == 1); j <= j1; j++)
		for (int32_t b = b0; b < b1; b++) {
			int32_t i = m->next[b];

			if (m->taken[b - b0] || i == s->rowptr[b + 1] ||
			    s->colidx[i] >= j)
				continue;
			m->taken[b - b0] = 1;
			m->hit[n++] = (struct hit){ s->colidx[i], b, i };
			m->next[b]++;
		}
	return n;
}

/* Some columns at once: a row of a wide block would else be a chain of FMAs
 * that wait for each other.  A second block of a row stays for later, so that
 * sums are made in the order of colidx.  How many blocks there were.  */
static int
put_columns(struct maker *m, int32_t j0, int32_t j1, int32_t b0, int32_t b1)
{
	int bh = m->s->bh, bw = m->s->bw, n = find_hits(m, j0, j1, b0, b1);

	for (int c = 0; c < bw; c++)
		for (int i = 0; i < n; i++)
			for (int r = 0; r < bh; r++) {
				struct hit h = m->hit[i];

				m->t->fma[m->n++] = (struct brn_t3_fma){
				    .col = h.col * bw + c,
				    .val = (h.blk * bw + c) * bh + r,
				    .row = (int16_t)((h.brow - b0) * bh + r),
				};
			}
	return n;
}

/* Places of the weights of a panel, from first on: the four of a group that
 * are loaded together come before the others.  */
static void
place(struct maker *m, int32_t first)
{
	struct brn_t3_fma *f = m->t->fma;

	for (int32_t i = first; i < m->n; i++) {
		int32_t at = (i - first) % GROUP, group = i - at;

		f[i].lane = -1;
		f[i].at = i;
		if (group + GROUP > m->n)
			continue;
		if (at % 2 == 0)
			f[i].lane = (int16_t)(at / 2);
		f[i].at = group + at / 2 + at % 2 * (GROUP / 2);
	}
}

/* As many block columns as hold enough blocks of a panel.  */
static int
abreast(const struct brn_spec *s, int rows)
{
	int64_t all = (int64_t)s->nbrow * s->nbcol;
	int64_t n = 1 + CHAINS * all / ((int64_t)rows * s->nblk);

	return s->bw == 1 ? 1 : n < MAX_ABREAST ? (int)n : MAX_ABREAST;
}

static void
put_panel(struct maker *m, int32_t slice, int32_t panel)
{
	const struct brn_spec *s = m->s;
	struct brn_t3 *t = m->t;
	int32_t first = m->n, b0 = panel * t->rows, b1 = b0 + t->rows;
	int32_t j0 = slice * t->cols, j1 = j0 + t->cols;
	int step = abreast(s, t->rows);

	b1 = b1 < s->nbrow ? b1 : s->nbrow;
	j1 = j1 < s->nbcol ? j1 : s->nbcol;
	t->first[slice * t->npanel + panel] = first;
	for (int32_t j = j0; j < j1; j += step)
		put_columns(m, j, j + step < j1 ? j + step : j1, b0, b1);
	while (s->bw > 1 && put_columns(m, j1, j1, b0, b1) > 0)
		;
	place(m, first);
}

static int32_t
parts(int32_t n, int32_t size)
{
	return (n + size - 1) / size;
}

int
brn_t3_make(const struct brn_spec *s, struct brn_t3 *out, burin_error *err)
{
	struct brn_t3 t = { .rows = brn_t3_rows(s),
	    .cols = BRN_T3_SLICE / s->bw > 0 ?
	    BRN_T3_SLICE / s->bw : 1 };
	struct maker m = { .s = s, .t = &t };
	size_t n = (size_t)s->nblk * (size_t)s->bh * (size_t)s->bw;

	t.npanel = parts(s->nbrow, t.rows);
	t.nslice = parts(s->nbcol, t.cols);
	t.first = brn_alloc((size_t)t.nslice * (size_t)t.npanel + 1,
	    sizeof *t.first);
	t.fma = brn_alloc(n + 1, sizeof *t.fma);
	m.next = brn_alloc((size_t)s->nbrow + 1, sizeof *m.next);
	m.hit = brn_alloc((size_t)t.rows, sizeof *m.hit);
	m.taken = brn_alloc((size_t)t.rows, sizeof *m.taken);
	if (t.first && t.fma && m.next && m.hit && m.taken) {
		memcpy(m.next, s->rowptr, (size_t)s->nbrow * sizeof *m.next);
		for (int32_t i = 0; i < t.nslice; i++)
			for (int32_t p = 0; p < t.npanel; p++)
				put_panel(&m, i, p);
		t.first[t.nslice * t.npanel] = m.n;
		*out = t;
	}
	free(m.next);
	free(m.hit);
	free(m.taken);
	if (t.first && t.fma && m.n == (int32_t)n)
		return 0;
	brn_t3_clear(&t);
	return brn_nomem(err);
}

void
brn_t3_clear(struct brn_t3 *t)
{
	free(t->first);
	free(t->fma);
	*t = (struct brn_t3){ 0 };
}
