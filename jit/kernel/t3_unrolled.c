/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 3: order of block rows, stream of weights, limits and cost.
 *
 * Weights of the stream come in groups of eight.  Four of them are loaded by
 * one instruction and each is spread over a register by a shuffle; the other
 * four are broadcast by the load of their FMA.  So neither the load ports nor
 * the shuffle port is the bottleneck alone.  In i8 groups are of 20: VPDPBUSD
 * needs the shuffle port, too.
 */
#include "jit/kernel/t3_unrolled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jit/kernel/dot_groups.h"
#include "jit/kernel/t1.h"

enum {
	SLICE = 384,            /* features: lines of x in L1, beside y */
	SLICE_I8 = 160,         /* the lines of a tile, each fourth of a quad,
	                           share a quarter of the sets of L1 .. */
	ONE_SLICE_I8 = 192,     /* .. which so many fill */
	OTHER_REGS = 4,         /* two for x, four weights, one spread weight */
	WINDOW_PANELS = 7,      /* panels whose block rows may change places */
	MIN_CHAINS = 4,         /* independent sums in flight, at least */
	MAX_STEP = 8,           /* block columns a step */
	FMA_CYCLES = 4,         /* latency */
	MAX_WEIGHTS = 500000,   /* two microseconds of compiling for each */
};

/* Columns of a slice.  */
static int32_t
slice_columns(const struct brn_spec *s)
{
	int64_t all = (int64_t)s->nbcol * brn_t3_block_columns(s);

	if (s->elem != BRN_ELEM_i8)
		return SLICE;
	return all <= ONE_SLICE_I8 ? ONE_SLICE_I8 : SLICE_I8;
}

/* Loads for n weights.  A broadcast one counts half, as in tier 1.  */
static double
weight_loads(const struct brn_spec *s, double n)
{
	double four = 4. / brn_t3_group(s);

	return n * (four / 4 + (1 - four) / 2);
}

/* ---- the order of block rows ------------------------------------------ */

static int32_t
num_blocks(const struct brn_spec *s, int32_t brow)
{
	return s->rowptr[brow + 1] - s->rowptr[brow];
}

static int32_t
panel_rows(const struct brn_spec *s)
{
	int32_t rows = (brn_isas[s->isa].nreg - OTHER_REGS) / s->bh;

	return rows > 0 ? rows : 1;
}

/* Sort block rows b0 to b1 by number of blocks, the most first; a counting
 * sort.  count has room for nbcol + 1.  */
static void
sort_window(const struct brn_spec *s, int32_t b0, int32_t b1, int32_t *brow,
    int32_t *count)
{
	int32_t at = b0;

	memset(count, 0, ((size_t)s->nbcol + 1) * sizeof *count);
	for (int32_t b = b0; b < b1; b++)
		count[num_blocks(s, b)]++;
	for (int32_t n = s->nbcol; n >= 0; n--) {
		int32_t k = count[n];

		count[n] = at;
		at += k;
	}
	for (int32_t b = b0; b < b1; b++)
		brow[count[num_blocks(s, b)]++] = b;
}

/* Cycles of a panel of n block rows: the longest of its FMAs, its loads, and
 * the chain of FMAs of its longest row.  Columns that were met are marked in
 * seen [nbcol], whose values are below mark.  */
static int64_t
panel_cycles(const struct brn_spec *s, const int32_t *brow, int32_t n,
    int32_t *seen, int32_t mark)
{
	int64_t lines = 0, fmas = 0, longest = 0, loads;
	int bw = brn_t3_block_columns(s);

	for (int32_t k = 0; k < n; k++) {
		int32_t b = brow[k], len = num_blocks(s, b);

		for (int32_t i = s->rowptr[b]; i < s->rowptr[b + 1]; i++) {
			lines += seen[s->colidx[i]] != mark;
			seen[s->colidx[i]] = mark;
		}
		fmas += len;
		longest = len > longest ? len : longest;
	}
	fmas *= (int64_t)s->bh * bw;
	longest *= bw * FMA_CYCLES;
	loads = lines * bw + (int64_t)weight_loads(s, (double)fmas);
	fmas = fmas > loads ? fmas : loads;
	return fmas > longest ? fmas : longest;
}

/* Cycles of all panels.  seen [nbcol] is overwritten.  */
static int64_t
order_cycles(const struct brn_spec *s, const struct brn_t3_order *o,
    int32_t *seen)
{
	int32_t mark = 0;
	int64_t t = 0;

	memset(seen, 0, (size_t)s->nbcol * sizeof *seen);
	for (int32_t b = 0; b < s->nbrow; b += o->rows)
		t += panel_cycles(s, o->brow + b, s->nbrow - b < o->rows ?
		    s->nbrow - b : o->rows, seen, ++mark);
	return t;
}

static void
keep_order(const struct brn_spec *s, struct brn_t3_order *o)
{
	for (int32_t b = 0; b < s->nbrow; b++)
		o->brow[b] = b;
}

/* Sort where that makes panels shorter by a sixteenth.  Returns whether it
 * does.  */
static int
order_rows(const struct brn_spec *s, struct brn_t3_order *o, int32_t *room)
{
	int64_t before, after;

	keep_order(s, o);
	before = order_cycles(s, o, room);
	for (int32_t b = 0; b < s->nbrow; b += o->window)
		sort_window(s, b, s->nbrow - b < o->window ? s->nbrow :
		    b + o->window, o->brow, room);
	after = order_cycles(s, o, room);
	if (after + after / 16 < before)
		return 1;
	keep_order(s, o);
	return 0;
}

/* Block rows of a panel share straight-line code, so a panel is the grain; a
 * window is when its rows have changed places.  */
static int
plan(const struct brn_spec *s, struct brn_plan *out, burin_error *err)
{
	int32_t *room = brn_alloc((size_t)s->nbcol + 1, sizeof *room);
	struct brn_t3_order *o = NULL;
	size_t n;

	if (brn_mul((size_t)s->nbrow, sizeof *o->brow, &n) == 0 &&
	    brn_add(n, sizeof *o, &n) == 0)
		o = brn_alloc(n, 1);
	if (!room || !o) {
		free(room);
		free(o);
		return brn_nomem(err);
	}
	o->rows = panel_rows(s);
	o->window = WINDOW_PANELS * o->rows;
	out->grain = order_rows(s, o, room) ? o->window : o->rows;
	out->own = o;
	out->free_own = free;
	free(room);
	return BURIN_OK;
}

/* ---- the stream ------------------------------------------------------- */

/* A stored block of a panel; at is the place of its block row in the order.  */
struct panel_block {
	int32_t col, at, blk;
};

struct builder {
	const struct brn_spec *s;
	const struct brn_t3_order *order;
	struct brn_t3_stream *t;
	int32_t *next;          /* by block row: its first block that is not
	                           in the stream yet */
	int32_t *head;          /* by row of the panel: the column of that
	                           block; INT32_MAX: there is none */
	struct panel_block *block;      /* of a step */
	char *taken;            /* by row of the panel: it has one */
	int32_t n;              /* of t->fma */
};

/* The column of the next block of block row b.  */
static int32_t
head_of(const struct builder *m, int32_t b)
{
	int32_t i = m->next[b];

	return i < m->s->rowptr[b + 1] ? m->s->colidx[i] : INT32_MAX;
}

/* Take the next block of each block row at places b0 to b1, if its column is
 * before j1: first those with columns before j0, then column by column.
 * Returns how many.  */
static int
take_blocks(struct builder *m, int32_t j0, int32_t j1, int32_t b0, int32_t b1)
{
	const struct brn_spec *s = m->s;
	int n = 0, is_narrow = brn_t3_block_columns(s) == 1;

	memset(m->taken, 0, (size_t)(b1 - b0) * sizeof *m->taken);
	for (int32_t j = j0 + is_narrow; j <= j1; j++)
		for (int32_t k = b0; k < b1; k++) {
			int32_t b, i;

			if (m->head[k - b0] >= j || m->taken[k - b0])
				continue;
			b = m->order->brow[k];
			i = m->next[b]++;
			m->taken[k - b0] = 1;
			m->block[n++] = (struct panel_block){ s->colidx[i],
			    k, i };
			m->head[k - b0] = head_of(m, b);
		}
	return n;
}

/* Append one step: the block columns j0 to j1 together, since a wide block of
 * one row alone is a chain of FMAs that wait for each other.  A row gives at
 * most one block to a step, so that its sum takes blocks in the order of
 * colidx.  Returns the number of blocks.  */
static int
add_step(struct builder *m, int32_t j0, int32_t j1, int32_t b0, int32_t b1)
{
	int bh = m->s->bh, bw = brn_t3_block_columns(m->s);
	int n = take_blocks(m, j0, j1, b0, b1);

	for (int c = 0; c < bw; c++)
		for (int i = 0; i < n; i++)
			for (int r = 0; r < bh; r++) {
				struct panel_block h = m->block[i];

				m->t->fma[m->n++] = (struct brn_t3_fma){
				    .col = h.col * bw + c,
				    .val = (h.blk * bw + c) * bh + r,
				    .row = (int16_t)((h.at - b0) * bh + r),
				};
			}
	return n;
}

/* Place the weights of a panel, fma[first] and on, in the stream: in a group of
 * n each (n / 4)th FMA uses one of the first four, which are loaded together.
 * A last group that is not whole stays in order and is loaded one by one.  */
static void
place_weights(struct builder *m, int32_t first)
{
	struct brn_t3_fma *f = m->t->fma;
	int n = brn_t3_group(m->s);

	for (int32_t i = first; i < m->n; i++) {
		int32_t at = (i - first) % n, group = i - at;
		int32_t lane = at / (n / 4);

		f[i].lane = -1;
		f[i].at = i;
		if (group + n > m->n)
			continue;
		if (at % (n / 4) == 0) {
			f[i].lane = (int16_t)lane;
			f[i].at = group + lane;
		} else {
			f[i].at = group + 3 + at - lane;
		}
	}
}

/* Block columns a step: about as many as hold MIN_CHAINS blocks of a panel.  */
static int
step_columns(const struct brn_spec *s, int32_t rows)
{
	int64_t all = (int64_t)s->nbrow * s->nbcol;
	int64_t n = 1 + MIN_CHAINS * all / ((int64_t)rows * s->nblk);

	if (brn_t3_block_columns(s) == 1)
		return 1;
	return n < MAX_STEP ? (int)n : MAX_STEP;
}

static void
add_panel(struct builder *m, int32_t slice, int32_t panel)
{
	const struct brn_spec *s = m->s;
	struct brn_t3_stream *t = m->t;
	int32_t rows = m->order->rows, first = m->n;
	int32_t b0 = panel * rows, b1 = b0 + rows;
	int32_t j0 = slice * t->cols, j1 = j0 + t->cols;
	int step = step_columns(s, rows);

	b1 = b1 < s->nbrow ? b1 : s->nbrow;
	j1 = j1 < s->nbcol ? j1 : s->nbcol;
	t->first[slice * t->npanel + panel] = first;
	for (int32_t k = b0; k < b1; k++)
		m->head[k - b0] = head_of(m, m->order->brow[k]);
	for (int32_t j = j0; j < j1; j += step)
		add_step(m, j, j + step < j1 ? j + step : j1, b0, b1);
	while (brn_t3_block_columns(s) > 1 && add_step(m, j1, j1, b0, b1) > 0)
		;
	place_weights(m, first);
}

static int32_t
div_up(int32_t n, int32_t size)
{
	return (n + size - 1) / size;
}

static void
add_panels(struct builder *m)
{
	const struct brn_spec *s = m->s;
	struct brn_t3_stream *t = m->t;

	memcpy(m->next, s->rowptr, (size_t)s->nbrow * sizeof *m->next);
	for (int32_t i = 0; i < t->nslice; i++)
		for (int32_t p = 0; p < t->npanel; p++)
			add_panel(m, i, p);
	t->first[t->nslice * t->npanel] = m->n;
}

static int64_t
num_weights(const struct brn_spec *s)
{
	return (int64_t)s->nblk * s->bh * brn_t3_block_columns(s);
}

int
brn_t3_stream(const struct brn_spec *s, const struct brn_t3_order *order,
    struct brn_t3_stream *out, burin_error *err)
{
	int32_t max = slice_columns(s) / brn_t3_block_columns(s);
	int32_t nslice = div_up(s->nbcol, max > 0 ? max : 1);
	struct brn_t3_stream t = { .cols = div_up(s->nbcol, nslice) };
	struct builder m = { .s = s, .order = order, .t = &t };
	size_t n = (size_t)num_weights(s);
	int ok;

	t.npanel = div_up(s->nbrow, order->rows);
	t.nslice = div_up(s->nbcol, t.cols);
	t.first = brn_alloc((size_t)t.nslice * (size_t)t.npanel + 1,
	    sizeof *t.first);
	t.fma = brn_alloc(n + 1, sizeof *t.fma);
	m.next = brn_alloc((size_t)s->nbrow + 1, sizeof *m.next);
	m.block = brn_alloc((size_t)order->rows, sizeof *m.block);
	m.taken = brn_alloc((size_t)order->rows, sizeof *m.taken);
	m.head = brn_alloc((size_t)order->rows, sizeof *m.head);
	ok = t.first && t.fma && m.next && m.block && m.taken && m.head;
	if (ok) {
		add_panels(&m);
		*out = t;
	} else {
		brn_t3_stream_clear(&t);
	}
	free(m.next);
	free(m.block);
	free(m.taken);
	free(m.head);
	return ok ? BURIN_OK : brn_nomem(err);
}

void
brn_t3_stream_clear(struct brn_t3_stream *t)
{
	free(t->first);
	free(t->fma);
	*t = (struct brn_t3_stream){ 0 };
}

static int
pack(const struct brn_spec *s, const struct brn_plan *p, const void *vals,
    void *out, burin_error *err)
{
	int64_t n = num_weights(s);
	struct brn_t3_stream t;
	int rc = brn_t3_stream(s, p->own, &t, err);

	if (rc < 0)
		return rc;
	for (int64_t i = 0; i < n; i++)
		memcpy((char *)out + 4 * (size_t)t.fma[i].at,
		    (const char *)vals + 4 * (size_t)t.fma[i].val, 4);
	brn_t3_stream_clear(&t);
	return BURIN_OK;
}

/* ---- fits ------------------------------------------------------------- */

/* The emitter writes AVX-512: a register holds a tile, and an FMA can broadcast
 * an operand from memory.  With half the registers a panel is half as high, and
 * tier 1 is as good; so it is, for less, with blocks of 2 rows, and of 4 and
 * more, in i8 of 3.  */
static int
suits(const struct brn_spec *s)
{
	int suits_elem = s->elem == BRN_ELEM_f32 ? s->bh == 1 || s->bh == 3 :
	    s->elem == BRN_ELEM_i8 && s->bh == 1 && brn_dot_groups_aligned(s);

	return suits_elem && brn_isas[s->isa].nreg >= 32 &&
	    brn_isas[s->isa].lanes == BRN_TILE && s->nblk > 0 &&
	    !brn_spec_is_full(s) && brn_t1_fits(s);
}

static int
has_too_many_weights(const struct brn_spec *s)
{
	return num_weights(s) > MAX_WEIGHTS;
}

static int
fits(const struct brn_spec *s)
{
	return suits(s) && !has_too_many_weights(s);
}

static const char *
limit(const struct brn_spec *s)
{
	return suits(s) && has_too_many_weights(s) ?
	    "too many weights for straight-line code" : NULL;
}

/* ---- cost ------------------------------------------------------------- */

/* A panel loads a line of x once for all rows that use it.  Half of the weights
 * are broadcast, half are loaded four at a time and shuffled.  The slice of x
 * comes from L2 once for every chunk of code; accumulators wait in y between
 * slices.  */
static int
count(const struct brn_spec *s, const struct brn_row_stats *grouped,
    struct brn_cost *n)
{
	double w = (double)num_weights(s), rows = panel_rows(s);
	double cols = (double)s->nbcol * brn_t3_block_columns(s);
	double all_rows = (double)s->nbrow * s->bh;
	double density = s->nblk / ((double)s->nbrow * s->nbcol);
	double lines = all_rows / (rows * s->bh) * cols *
	    (1 - pow(1 - density, rows));
	double code = w * BRN_T3_FMA_BYTES;

	(void)grouped;
	n->term[BRN_COST_fma] += w;
	n->term[BRN_COST_load] += lines + weight_loads(s, w);
	n->term[BRN_COST_line] += code / brn_t3_chunk_bytes(s) *
	    fmin(cols, slice_columns(s));
	n->term[BRN_COST_code] += code / (BRN_COST_TOKENS / BRN_TILE);
	n->term[BRN_COST_row] += all_rows * ceil(cols / slice_columns(s));
	return 1;
}

const struct brn_kernel_ops brn_kernel_t3 = {
	.fits = fits,
	.limit = limit,
	.count = count,
	.plan = plan,
	.pack = pack,
};
