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
 * panels are assembly text that GCC never reads; it makes the loops around.
 * AVX-512 only: with half the registers and twice the passes tier 1 is better.
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
	REACH = 128,            /* of short addresses: lines and weights */
	W_GROUP = 8,            /* weights that are addressed alike */
};

struct t3 {
	struct brn_gcc *g;
	const struct brn_spec *s;
	struct brn_t3 t;
	char reg[32][16];       /* as they are written in asm text */
	int quad, one;          /* registers: four weights, one spread out */
	int line[2];            /* x, in turn */
	struct brn_buf text;
	brn_rv first, chunk;    /* the tables */
	int nchunk;
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
		brn_buf_printf(&e->text, "add $%d, %%rdi\n",
		    2 * REACH * BRN_TILE * 4);
	}
	if (i % W_GROUP == 0 && f->at - at->w > REACH - W_GROUP) {
		at->w += 2 * REACH;
		brn_buf_printf(&e->text, "add $%d, %%rsi\n", 2 * REACH * 4);
	}
}

/* The weight into the register `one`: a shuffle of four that are loaded once
 * into each quarter of `quad`.  */
static void
text_spread(struct t3 *e, const struct at *at, const struct brn_t3_fma *f)
{
	if (f->lane == 0)
		brn_buf_printf(&e->text, "vbroadcastf32x4 %d(%%rsi), %s\n",
		    (f->at - at->w) * 4, e->reg[e->quad]);
	brn_buf_printf(&e->text, "vpermilps $%d, %s, %s\n", f->lane * 0x55,
	    e->reg[e->quad], e->reg[e->one]);
}

static void
text_line(struct t3 *e, struct at *at, int x)
{
	if (at->line >= 0)
		return;
	at->line = e->line[at->turn++ % BRN_COUNT(e->line)];
	brn_buf_printf(&e->text, "vmovups %d(%%rdi), %s\n", x,
	    e->reg[at->line]);
}

/* A line of x that one row wants goes straight into its FMA, unless the weight
 * comes from memory too.  */
static void
text_fma(struct t3 *e, struct at *at, const struct brn_t3_fma *f, int alone)
{
	int x = (f->col - at->x) * BRN_TILE * 4;
	const char *acc = e->reg[f->row];

	if (f->lane >= 0)
		text_spread(e, at, f);
	if (f->lane >= 0 && alone) {
		brn_buf_printf(&e->text, "vfmadd231ps %d(%%rdi), %s, %s\n", x,
		    e->reg[e->one], acc);
		return;
	}
	text_line(e, at, x);
	if (f->lane >= 0)
		brn_buf_printf(&e->text, "vfmadd231ps %s, %s, %s\n",
		    e->reg[e->one], e->reg[at->line], acc);
	else
		brn_buf_printf(&e->text, "vfmadd231ps %d(%%rsi){1to16}, "
		    "%s, %s\n", (f->at - at->w) * 4, e->reg[at->line], acc);
}

/* The first value of accumulators: bias, zero, or what the slice before has
 * left in y.  */
static void
text_start(struct t3 *e, int nrow, int slice)
{
	for (int r = 0; r < nrow; r++) {
		const char *acc = e->reg[r];

		if (slice > 0)
			brn_buf_printf(&e->text, "vmovups %d(%%rdx), %s\n",
			    r * BRN_TILE * 4, acc);
		else if (e->s->epilogue & BRN_EPI_BIAS)
			brn_buf_printf(&e->text, "vbroadcastss %d(%%rcx), %s\n",
			    r * 4, acc);
		else
			brn_buf_printf(&e->text, "vxorps %s, %s, %s\n",
			    acc, acc, acc);
	}
}

/* Panel i: a function of x and weights, moved by REACH, y, and bias.  */
static void
text_panel(struct t3 *e, int i)
{
	const struct brn_t3 *t = &e->t;
	const struct brn_t3_fma *f = t->fma + t->first[i];
	int n = t->first[i + 1] - t->first[i], slice = i / t->npanel;
	int nrow = e->s->nbrow - i % t->npanel * t->rows;
	struct at at = { .x = slice * t->cols * e->s->bw + REACH,
	    .w = t->first[i] + REACH };

	brn_buf_printf(&e->text, ".p2align 5\npanel_%d:\n", i);
	nrow = n == 0 && slice > 0 ? 0 : nrow < t->rows ? nrow : t->rows;
	nrow *= e->s->bh;
	text_start(e, nrow, slice);
	for (int k = 0; k < n; k++) {
		int again = k > 0 && f[k - 1].col == f[k].col;
		int more = k + 1 < n && f[k + 1].col == f[k].col;

		if (!again)
			at.line = -1;
		text_reach(e, &at, &f[k], k);
		text_fma(e, &at, &f[k], !again && !more);
	}
	for (int r = 0; r < nrow; r++)
		brn_buf_printf(&e->text, "vmovups %s, %d(%%rdx)\n", e->reg[r],
		    r * BRN_TILE * 4);
	brn_buf_printf(&e->text, "vzeroupper\nret\n");
}

/* All panels, panel(x, weights, y, bias, i), which goes on to panel i, and
 * fetch(i, j), which brings the code of panels i to j into L2.  */
static void
text_panels(struct t3 *e)
{
	int n = e->t.nslice * e->t.npanel;

	brn_buf_printf(&e->text, ".text\npanel:\nleaq panels(%%rip), %%rax\n"
	    "movslq (%%rax,%%r8,4), %%r8\naddq %%rax, %%r8\njmp *%%r8\n"
	    "fetch:\nleaq panels(%%rip), %%rax\n"
	    "movslq (%%rax,%%rdi,4), %%rdi\nmovslq (%%rax,%%rsi,4), %%rsi\n"
	    "addq %%rax, %%rdi\naddq %%rax, %%rsi\n"
	    "1: cmpq %%rsi, %%rdi\njae 2f\nprefetcht1 (%%rdi)\n"
	    "addq $64, %%rdi\njmp 1b\n2: ret\n"
	    ".p2align 2\npanels:\n");
	for (int i = 0; i <= n; i++)
		brn_buf_printf(&e->text, ".long panel_%d-panels\n", i);
	for (int i = 0; i < n; i++)
		text_panel(e, i);
	brn_buf_printf(&e->text, "panel_%d:\n", n);
	brn_buf_u8(&e->text, 0);
}

/* Panels of the slice, from p on, that make a chunk.  */
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

/* Where the weights of panels start, and which panel is the first of each
 * chunk, with an empty chunk at the end.  */
static int
make_tables(struct t3 *e, burin_error *err)
{
	const struct brn_t3 *t = &e->t;
	int n = t->nslice * t->npanel;
	uint32_t *at = brn_alloc((size_t)n / 2 + 2, 8);

	if (!at)
		return brn_nomem(err);
	for (int i = 0; i <= n; i++)
		at[i] = (uint32_t)t->first[i];
	e->first = brn_gcc_table(e->g, "first", e->g->u32, at,
	    ((size_t)n / 2 + 1) * 8);
	for (int s = 0; s < t->nslice; s++)
		for (int p = 0; p < t->npanel; p = chunk_end(e, s, p))
			at[e->nchunk++] = (uint32_t)(s * t->npanel + p);
	at[e->nchunk] = at[e->nchunk + 1] = (uint32_t)n;
	e->chunk = brn_gcc_table(e->g, "chunk", e->g->u32, at,
	    ((size_t)e->nchunk / 2 + 2) * 8);
	free(at);
	return 0;
}

static brn_rv
entry(struct t3 *e, brn_rv table, brn_rv i)
{
	return brn_gcc_cast(e->g, brn_gcc_get(brn_gcc_at(e->g, table, i)),
	    e->g->i64);
}

static brn_rv
arg_at(struct t3 *e, enum brn_arg a, brn_rv i)
{
	return brn_gcc_offset(e->g, brn_gcc_arg(e->g, a), i);
}

/* Panel i of the slice for a tile, if its block rows, from brow on, are among
 * those asked for.  */
static void
emit_call(struct t3 *e, brn_rv i, brn_rv brow, brn_rv tile, brn_rv slice)
{
	struct brn_gcc *g = e->g;
	const struct brn_spec *s = e->s;
	int64_t xtile = cols(s) * BRN_TILE, ytile = rows(s) * BRN_TILE;
	int64_t xslice = (int64_t)e->t.cols * s->bw * BRN_TILE;
	struct brn_loop l, m;
	brn_rv arg[5];

	l = brn_gcc_if(g, brn_gcc_arg(g, BRN_ARG_brow0),
	    GCC_JIT_COMPARISON_LE, brow);
	m = brn_gcc_if(g, brow, GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_brow1));
	arg[0] = arg_at(e, BRN_ARG_x, brn_gcc_add(g, brn_gcc_add(g,
	    brn_gcc_mul(g, tile, xtile), brn_gcc_mul(g, slice, xslice)),
	    brn_gcc_int(g, REACH * BRN_TILE)));
	arg[1] = arg_at(e, BRN_ARG_vals, brn_gcc_add(g, entry(e, e->first, i),
	    brn_gcc_int(g, REACH)));
	arg[2] = arg_at(e, BRN_ARG_y, brn_gcc_add(g,
	    brn_gcc_mul(g, tile, ytile),
	    brn_gcc_mul(g, brow, (int64_t)s->bh * BRN_TILE)));
	arg[3] = arg_at(e, BRN_ARG_bias, brn_gcc_mul(g, brow, s->bh));
	arg[4] = i;
	brn_gcc_call(g, "panel", arg, 5);
	brn_gcc_wend(g, m);
	brn_gcc_wend(g, l);
}

static struct brn_loop
emit_for(struct brn_gcc *g, brn_lv i, brn_rv end)
{
	return brn_gcc_while(g, brn_gcc_get(i), GCC_JIT_COMPARISON_LT, end);
}

static void
emit_next(struct brn_gcc *g, struct brn_loop l, brn_lv i, int64_t step)
{
	brn_gcc_set(g, i, brn_gcc_add(g, brn_gcc_get(i),
	    brn_gcc_int(g, step)));
	brn_gcc_wend(g, l);
}

/* The first panel of the chunk that is n after chunk c.  */
static brn_rv
chunk_at(struct t3 *e, brn_rv c, int n)
{
	return entry(e, e->chunk, brn_gcc_add(e->g, c,
	    brn_gcc_int(e->g, n)));
}

/* Tiles from begin on, up to end, through the panels of chunk c; the code of
 * the next chunk comes meanwhile.  */
static void
emit_chunk(struct t3 *e, brn_rv c, brn_rv begin, brn_rv end)
{
	struct brn_gcc *g = e->g;
	brn_lv from = brn_gcc_local(g, "from", chunk_at(e, c, 0));
	brn_lv to = brn_gcc_local(g, "to", chunk_at(e, c, 1));
	brn_lv slice = brn_gcc_local(g, "slice", brn_gcc_div(g,
	    brn_gcc_get(from), e->t.npanel));
	brn_rv skip = brn_gcc_mul(g, brn_gcc_get(slice), -e->t.npanel);
	brn_lv tile, i, brow;
	struct brn_loop l0, l1, lt, li;

	l0 = brn_gcc_if(g, brn_gcc_arg(g, BRN_ARG_brow0),
	    GCC_JIT_COMPARISON_LT, brn_gcc_mul(g, brn_gcc_add(g,
	    brn_gcc_get(to), skip), e->t.rows));
	l1 = brn_gcc_if(g, brn_gcc_mul(g, brn_gcc_add(g, brn_gcc_get(from),
	    skip), e->t.rows), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_brow1));
	brn_gcc_call(g, "fetch", (brn_rv[]){ brn_gcc_get(to),
	    chunk_at(e, c, 2) }, 2);
	tile = brn_gcc_local(g, "tile", begin);
	lt = emit_for(g, tile, end);
	i = brn_gcc_local(g, "i", brn_gcc_get(from));
	li = emit_for(g, i, brn_gcc_get(to));
	brow = brn_gcc_local(g, "brow", brn_gcc_mul(g, brn_gcc_add(g,
	    brn_gcc_get(i), skip), e->t.rows));
	emit_call(e, brn_gcc_get(i), brn_gcc_get(brow), brn_gcc_get(tile),
	    brn_gcc_get(slice));
	emit_next(g, li, i, 1);
	emit_next(g, lt, tile, 1);
	brn_gcc_wend(g, l1);
	brn_gcc_wend(g, l0);
}

/* for groups of tiles: for chunks: for tiles: for panels */
static void
emit_kernel(struct t3 *e)
{
	struct brn_gcc *g = e->g;
	brn_lv group, end, c;
	struct brn_loop lg, lc;

	group = brn_gcc_local(g, "group", brn_gcc_arg(g, BRN_ARG_tile0));
	end = brn_gcc_local(g, "end", brn_gcc_int(g, 0));
	lg = emit_for(g, group, brn_gcc_arg(g, BRN_ARG_tile1));
	brn_gcc_set(g, end, brn_gcc_add(g, brn_gcc_get(group),
	    brn_gcc_int(g, GROUP)));
	brn_gcc_min(g, end, brn_gcc_arg(g, BRN_ARG_tile1));
	c = brn_gcc_local(g, "c", brn_gcc_int(g, 0));
	lc = emit_for(g, c, brn_gcc_int(g, e->nchunk));
	emit_chunk(e, brn_gcc_get(c), brn_gcc_get(group), brn_gcc_get(end));
	emit_next(g, lc, c, 1);
	emit_next(g, lg, group, GROUP);
}

/* Registers: accumulators from 0 on, others from the last one down.  */
static void
name_registers(struct t3 *e)
{
	int n = brn_isas[e->s->isa].nreg;

	e->one = n - 1;
	e->quad = n - 2;
	for (int i = 0; i < BRN_COUNT(e->line); i++)
		e->line[i] = n - 3 - i;
	for (int i = 0; i < n; i++)
		snprintf(e->reg[i], sizeof e->reg[i], "%%zmm%d", i);
}

int
brn_emit_t3(struct brn_gcc *g, const struct brn_spec *s, burin_error *err)
{
	struct t3 e = { .g = g, .s = s };
	int rc;

	if ((rc = brn_t3_make(s, &e.t, err)) < 0)
		return rc;
	name_registers(&e);
	text_panels(&e);
	rc = e.text.fail ? brn_nomem(err) : make_tables(&e, err);
	if (rc == 0) {
		brn_gcc_asm(g, (const char *)e.text.p);
		emit_kernel(&e);
	}
	brn_buf_free(&e.text);
	brn_t3_clear(&e.t);
	return rc;
}
