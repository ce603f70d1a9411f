/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 3, the pattern in the instructions.  A panel is straight-line code:
 * its rows have an accumulator register each, each line of x is loaded once
 * for all the rows that want it, and what a row wants is which register its
 * FMA names:
 *
 *	load line 5;  acc[3] += w * line;  acc[17] += w * line;  load line 9 ..
 *
 * Code runs once a tile, so it must come from the first cache: panels are
 * gathered into chunks that stay there while all tiles go through.  A slice of
 * x stays in L1 meanwhile; accumulators wait in y for the next slice.
 *
 * A statement of GCC's for every weight would take it half a millisecond, so
 * each panel is one asm.
 */
#include "jit/emit.h"

#include "jit/t3.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	CHUNK = 24 << 10,       /* bytes of code */
	FMA_BYTES = 11,         /* with its share of loads */
	ROW_BYTES = 16,         /* load and store of an accumulator */
	GROUP = 16,             /* tiles: their slice of x and y fits L2 */
	REACH = 128,            /* short addresses: lines and weights, each way */
	W_GROUP = 8,            /* weights that are addressed alike */
};

struct t3 {
	struct brn_gcc *g;
	const struct brn_spec *s;
	struct brn_t3 t;
	int wide;               /* AVX-512: FMAs can spread a weight */
	char reg[32][20];       /* as they are written in asm text */
	int quad, one;          /* registers: four weights, one spread out */
	int line[2];            /* x, in turn */
	struct brn_buf text;
};

/* Where a panel's text has got to.  */
struct at {
	int32_t x, w;           /* what the address registers point to */
	int line;               /* the register that has the x, -1: none */
	int turn;
};

static int64_t
rows(const struct brn_spec *s)
{
	return (int64_t)s->nbrow * s->bh;
}

static int64_t
cols(const struct brn_spec *s)
{
	return (int64_t)s->nbcol * s->bw;
}

/* Move the address registers on, when the next weights are out of reach.  */
static void
text_reach(struct t3 *e, struct at *at, const struct brn_t3_fma *f, int i)
{
	while (f->col - at->x >= REACH) {
		at->x += 2 * REACH;
		brn_buf_printf(&e->text, "add $%d, %%0\n",
		    2 * REACH * BRN_TILE * 4);
	}
	if (i % W_GROUP == 0 && f->at - at->w > REACH - W_GROUP) {
		at->w += 2 * REACH;
		brn_buf_printf(&e->text, "add $%d, %%1\n", 2 * REACH * 4);
	}
}

/* The weight into the register `one`.  */
static void
text_spread(struct t3 *e, const struct at *at, const struct brn_t3_fma *f)
{
	int w = (f->at - at->w) * 4;

	if (f->lane < 0) {
		brn_buf_printf(&e->text, "vbroadcastss %d(%%1), %s\n", w,
		    e->reg[e->one]);
		return;
	}
	if (f->lane == 0)
		brn_buf_printf(&e->text, "%s %d(%%1), %s\n", e->wide ?
		    "vbroadcastf32x4" : "vbroadcastf128", w,
		    e->reg[e->quad]);
	brn_buf_printf(&e->text, "vpermilps $%d, %s, %s\n", f->lane * 0x55,
	    e->reg[e->quad], e->reg[e->one]);
}

/* A line of x that one row wants goes straight into its FMA, unless the weight
 * comes from memory too.  */
static void
text_fma(struct t3 *e, struct at *at, const struct brn_t3_fma *f, int alone)
{
	int x = (f->col - at->x) * BRN_TILE * 4;
	int spread = f->lane >= 0 || !e->wide;

	if (spread)
		text_spread(e, at, f);
	if (alone && spread) {
		brn_buf_printf(&e->text, "vfmadd231ps %d(%%0), %s, %s\n", x,
		    e->reg[e->one], e->reg[f->row]);
		return;
	}
	if (at->line < 0) {
		at->line = e->line[at->turn++ % BRN_COUNT(e->line)];
		brn_buf_printf(&e->text, "vmovups %d(%%0), %s\n", x,
		    e->reg[at->line]);
	}
	if (spread)
		brn_buf_printf(&e->text, "vfmadd231ps %s, %s, %s\n",
		    e->reg[e->one], e->reg[at->line], e->reg[f->row]);
	else
		brn_buf_printf(&e->text, "vfmadd231ps %d(%%1)%%{1to16%%}, "
		    "%s, %s\n", (f->at - at->w) * 4, e->reg[at->line],
		    e->reg[f->row]);
}

/* The first value of accumulators: bias, zero, or what the slice before has
 * left in y.  */
static void
text_start(struct t3 *e, int nrow, int slice)
{
	for (int r = 0; r < nrow; r++) {
		const char *acc = e->reg[r];

		if (slice > 0)
			brn_buf_printf(&e->text, "vmovups %d(%%2), %s\n",
			    r * BRN_TILE * 4, acc);
		else if (e->s->epilogue & BRN_EPI_BIAS)
			brn_buf_printf(&e->text, "vbroadcastss %d(%%3), %s\n",
			    r * 4, acc);
		else
			brn_buf_printf(&e->text, "vxorps %s, %s, %s\n", acc,
			    acc, acc);
	}
}

/* Operands: x and weights, moved by REACH, y, bias.  */
static void
text_panel(struct t3 *e, int slice, int panel, int nrow)
{
	const struct brn_t3 *t = &e->t;
	const int32_t *first = &t->first[slice * t->npanel + panel];
	const struct brn_t3_fma *f = t->fma + first[0];
	int n = first[1] - first[0];
	struct at at = { .x = slice * t->cols * e->s->bw + REACH,
	    .w = first[0] + REACH };

	e->text.n = 0;
	text_start(e, nrow, slice);
	for (int i = 0; i < n; i++) {
		int again = i > 0 && f[i - 1].col == f[i].col;
		int more = i + 1 < n && f[i + 1].col == f[i].col;

		if (!again)
			at.line = -1;
		text_reach(e, &at, &f[i], i);
		text_fma(e, &at, &f[i], !again && !more);
	}
	for (int r = 0; r < nrow; r++)
		brn_buf_printf(&e->text, "vmovups %s, %d(%%2)\n", e->reg[r],
		    r * BRN_TILE * 4);
	brn_buf_u8(&e->text, 0);
}

static brn_rv
arg_at(struct t3 *e, enum brn_arg a, brn_rv i)
{
	return brn_gcc_offset(e->g, brn_gcc_arg(e->g, a), i);
}

/* The panel for the tile, lanes from v on, if it is among those asked for.  */
static void
emit_panel(struct t3 *e, int slice, int panel, brn_rv tile, brn_rv v)
{
	struct brn_gcc *g = e->g;
	const struct brn_spec *s = e->s;
	const struct brn_t3 *t = &e->t;
	int brow = panel * t->rows, nbrow = s->nbrow - brow;
	int64_t first = t->first[slice * t->npanel + panel];
	int64_t line = (int64_t)slice * t->cols * s->bw + REACH;
	struct brn_loop l, m;
	brn_lv var[2];
	brn_rv val[2];

	if (slice > 0 && first == t->first[slice * t->npanel + panel + 1])
		return;
	nbrow = nbrow < t->rows ? nbrow : t->rows;
	text_panel(e, slice, panel, nbrow * s->bh);
	l = brn_gcc_if(g, brn_gcc_arg(g, BRN_ARG_brow0),
	    GCC_JIT_COMPARISON_LE, brn_gcc_int(g, brow));
	m = brn_gcc_if(g, brn_gcc_int(g, brow), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_brow1));
	var[0] = brn_gcc_local(g, "x", arg_at(e, BRN_ARG_x, brn_gcc_add(g,
	    brn_gcc_add(g, brn_gcc_mul(g, tile, cols(s) * BRN_TILE), v),
	    brn_gcc_int(g, line * BRN_TILE))));
	var[1] = brn_gcc_local(g, "w", arg_at(e, BRN_ARG_vals,
	    brn_gcc_int(g, first + REACH)));
	val[0] = arg_at(e, BRN_ARG_y, brn_gcc_add(g, brn_gcc_add(g,
	    brn_gcc_mul(g, tile, rows(s) * BRN_TILE), v),
	    brn_gcc_int(g, (int64_t)brow * s->bh * BRN_TILE)));
	val[1] = arg_at(e, BRN_ARG_bias, brn_gcc_int(g,
	    (int64_t)brow * s->bh));
	if (!e->text.fail)
		brn_gcc_asm(g, (const char *)e->text.p, var, 2, val, 2);
	brn_gcc_wend(g, m);
	brn_gcc_wend(g, l);
}

/* All tiles from tile on, up to end, through panels p0 to p1 of a slice.  */
static void
emit_chunk(struct t3 *e, int slice, int p0, int p1, brn_rv begin, brn_rv end)
{
	struct brn_gcc *g = e->g;
	brn_lv tile = brn_gcc_local(g, "tile", begin), v;
	struct brn_loop l, lv;

	l = brn_gcc_while(g, brn_gcc_get(tile), GCC_JIT_COMPARISON_LT, end);
	v = brn_gcc_local(g, "v", brn_gcc_int(g, 0));
	lv = brn_gcc_while(g, brn_gcc_get(v), GCC_JIT_COMPARISON_LT,
	    brn_gcc_int(g, BRN_TILE));
	for (int p = p0; p < p1; p++)
		emit_panel(e, slice, p, brn_gcc_get(tile), brn_gcc_get(v));
	brn_gcc_set(g, v, brn_gcc_add(g, brn_gcc_get(v),
	    brn_gcc_int(g, g->lanes)));
	brn_gcc_wend(g, lv);
	brn_gcc_set(g, tile, brn_gcc_add(g, brn_gcc_get(tile),
	    brn_gcc_int(g, 1)));
	brn_gcc_wend(g, l);
}

/* Panels from p on that make a chunk.  */
static int
chunk_end(const struct t3 *e, int slice, int p)
{
	const struct brn_t3 *t = &e->t;
	const int32_t *first = &t->first[slice * t->npanel];
	int64_t bytes = 0;

	do {
		bytes += (int64_t)(first[p + 1] - first[p]) * FMA_BYTES +
		    (int64_t)t->rows * e->s->bh * ROW_BYTES;
		p++;
	} while (p < t->npanel && bytes + (int64_t)(first[p + 1] - first[p]) *
	    FMA_BYTES < CHUNK);
	return p;
}

/* for groups of tiles: for slices: for chunks: for tiles: for panels */
static void
emit_kernel(struct t3 *e)
{
	struct brn_gcc *g = e->g;
	brn_lv group, end;
	struct brn_loop l;

	group = brn_gcc_local(g, "group", brn_gcc_arg(g, BRN_ARG_tile0));
	end = brn_gcc_local(g, "end", brn_gcc_int(g, 0));
	l = brn_gcc_while(g, brn_gcc_get(group), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_tile1));
	brn_gcc_set(g, end, brn_gcc_add(g, brn_gcc_get(group),
	    brn_gcc_int(g, GROUP)));
	brn_gcc_min(g, end, brn_gcc_arg(g, BRN_ARG_tile1));
	for (int i = 0; i < e->t.nslice; i++)
		for (int p = 0, q; p < e->t.npanel; p = q) {
			q = chunk_end(e, i, p);
			emit_chunk(e, i, p, q, brn_gcc_get(group),
			    brn_gcc_get(end));
		}
	brn_gcc_set(g, group, brn_gcc_get(end));
	brn_gcc_wend(g, l);
}

int
brn_emit_t3(struct brn_gcc *g, const struct brn_spec *s, burin_error *err)
{
	int n = g->nreg - 1, rc;
	struct t3 e = { .g = g, .s = s, .wide = s->isa == BRN_ISA_avx512,
	    .one = n, .quad = n - 1, .line = { n - 2, n - 3 } };

	if ((rc = brn_t3_make(s, &e.t, err)) < 0)
		return rc;
	for (int i = 0; i <= n; i++)
		snprintf(e.reg[i], sizeof e.reg[i], "%%%%%cmm%d",
		    e.wide ? 'z' : 'y', i);
	emit_kernel(&e);
	rc = e.text.fail ? brn_nomem(err) : 0;
	brn_buf_free(&e.text);
	brn_t3_clear(&e.t);
	return rc;
}
