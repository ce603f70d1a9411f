/* SPDX-License-Identifier: Apache-2.0
 *
 * The stream of tier 3.  Weights come in groups of eight: four are loaded by
 * one instruction and spread by shuffles, each of the other four is spread by
 * the load of its FMA, so that neither loads nor shuffles are what all wait
 * for.
 */
#include "jit/kernel/t3_unrolled.h"

#include <stdlib.h>
#include <string.h>

enum {
	SPARE = 4,              /* registers for x, four weights, and one */
	CHAINS = 4,             /* sums that grow at a time, at least */
	MAX_ABREAST = 8,        /* block columns at a time */
	GROUP = 8,              /* weights that are packed together */
	FMA_CYCLES = 4,         /* till its sum can be added to */
};

int
brn_t3_rows(const struct brn_spec *s)
{
	int rows = (brn_isas[s->isa].nreg - SPARE) / s->bh;

	return rows > 0 ? rows : 1;
}

int
brn_t3_window(const struct brn_spec *s)
{
	return BRN_T3_WINDOW * brn_t3_rows(s);
}

/* ---- the order of block rows ------------------------------------------ */

static int32_t
blocks(const struct brn_spec *s, int32_t brow)
{
	return s->rowptr[brow + 1] - s->rowptr[brow];
}

/* Those with many blocks first: counted, then put where the count says.  */
static void
sort_window(const struct brn_spec *s, int32_t b0, int32_t b1, int32_t *order,
    int32_t *count)
{
	int32_t at = b0;

	memset(count, 0, ((size_t)s->nbcol + 1) * sizeof *count);
	for (int32_t b = b0; b < b1; b++)
		count[blocks(s, b)]++;
	for (int32_t n = s->nbcol; n >= 0; n--) {
		int32_t k = count[n];

		count[n] = at;
		at += k;
	}
	for (int32_t b = b0; b < b1; b++)
		order[count[blocks(s, b)]++] = b;
}

/* Cycles that a panel of n block rows takes: what is longest of
 * FMAs, loads, and the FMAs of a row that wait for each other.  seen [nbcol] is
 * less than mark.  */
static int64_t
panel_time(const struct brn_spec *s, const int32_t *order, int32_t n,
    int32_t *seen, int32_t mark)
{
	int64_t lines = 0, fmas = 0, longest = 0, loads;

	for (int32_t k = 0; k < n; k++) {
		int32_t b = order[k], len = blocks(s, b);

		for (int32_t i = s->rowptr[b]; i < s->rowptr[b + 1]; i++) {
			lines += seen[s->colidx[i]] != mark;
			seen[s->colidx[i]] = mark;
		}
		fmas += len;
		longest = len > longest ? len : longest;
	}
	fmas *= (int64_t)s->bh * s->bw;
	longest *= s->bw * FMA_CYCLES;
	loads = lines * s->bw + fmas * 3 / 8;
	fmas = fmas > loads ? fmas : loads;
	return fmas > longest ? fmas : longest;
}

static int64_t
time_of(const struct brn_spec *s, const int32_t *order, int32_t *seen,
    int32_t *mark)
{
	int32_t rows = brn_t3_rows(s);
	int64_t t = 0;

	for (int32_t b = 0; b < s->nbrow; b += rows)
		t += panel_time(s, order + b, s->nbrow - b < rows ?
		    s->nbrow - b : rows, seen, ++*mark);
	return t;
}

int
brn_t3_order(const struct brn_spec *s, int32_t *order, burin_error *err)
{
	int32_t *seen = brn_alloc((size_t)s->nbcol + 1, sizeof *seen);
	int32_t mark = 0, window = brn_t3_window(s);
	int64_t before, after;

	if (!seen)
		return brn_nomem(err);
	for (int32_t b = 0; b < s->nbrow; b++)
		order[b] = b;
	before = time_of(s, order, seen, &mark);
	for (int32_t b = 0; b < s->nbrow; b += window)
		sort_window(s, b, s->nbrow - b < window ? s->nbrow :
		    b + window, order, seen);
	memset(seen, 0, ((size_t)s->nbcol + 1) * sizeof *seen);
	mark = 0;
	after = time_of(s, order, seen, &mark);
	free(seen);
	if (after + after / 16 < before)
		return 1;
	for (int32_t b = 0; b < s->nbrow; b++)
		order[b] = b;
	return 0;
}

/* ---- the stream ------------------------------------------------------- */

/* A stored block of a panel; at is its block row's place in the order.  */
struct hit {
	int32_t col, at, blk;
};

struct maker {
	const struct brn_spec *s;
	struct brn_t3 *t;
	int32_t *next;          /* of each block row: first block not taken */
	struct hit *hit;
	char *taken;            /* block rows of the panel */
	int32_t n;
};

/* Of each block row from place b0 to b1 the next block, if it is in a column
 * before j1; those of columns before j0 come first, then column by column.  */
static int
find_hits(struct maker *m, int32_t j0, int32_t j1, int32_t b0, int32_t b1)
{
	const struct brn_spec *s = m->s;
	int n = 0;

	memset(m->taken, 0, (size_t)(b1 - b0) * sizeof *m->taken);
	for (int32_t j = j0 + (s->bw == 1); j <= j1; j++)
		for (int32_t k = b0; k < b1; k++) {
			int32_t b = m->t->order[k], i = m->next[b];

			if (m->taken[k - b0] || i == s->rowptr[b + 1] ||
			    s->colidx[i] >= j)
				continue;
			m->taken[k - b0] = 1;
			m->hit[n++] = (struct hit){ s->colidx[i], k, i };
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
				    .row = (int16_t)((h.at - b0) * bh + r),
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
	t.order = brn_alloc((size_t)s->nbrow + 1, sizeof *t.order);
	t.first = brn_alloc((size_t)t.nslice * (size_t)t.npanel + 1,
	    sizeof *t.first);
	t.fma = brn_alloc(n + 1, sizeof *t.fma);
	m.next = brn_alloc((size_t)s->nbrow + 1, sizeof *m.next);
	m.hit = brn_alloc((size_t)t.rows, sizeof *m.hit);
	m.taken = brn_alloc((size_t)t.rows, sizeof *m.taken);
	if (t.order && t.first && t.fma && m.next && m.hit && m.taken &&
	    brn_t3_order(s, t.order, err) >= 0) {
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
	if (t.order && t.first && t.fma && m.n == (int32_t)n)
		return 0;
	brn_t3_clear(&t);
	return brn_nomem(err);
}

void
brn_t3_clear(struct brn_t3 *t)
{
	free(t->order);
	free(t->first);
	free(t->fma);
	*t = (struct brn_t3){ 0 };
}
