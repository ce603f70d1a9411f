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
#include "jit/emit/emit.h"

#include "jit/kernel/t3_unrolled.h"

#include <stddef.h>
#include <stdio.h>

enum {
	ROW_BYTES = 16,         /* load and store of an accumulator */
	GROUP = 16,             /* tiles: their slice of x and y fits L2 */
	REACH = 128,            /* of short addresses: lines and weights */
	W_GROUP = 8,            /* weights that are addressed alike */
	TURNS = 8,              /* tiles that fetch the next chunk together */
	CODE_LINE = 64,
};

struct t3 {
	struct brn_gcc *g;
	const struct brn_spec *s;
	struct brn_t3 t;
	char reg[32][16];       /* as they are written in asm text */
	int quad, one;          /* registers: four weights, one spread out */
	int line[2];            /* x, in turn */
	struct brn_buf text;
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
		brn_buf_printf(&e->text, "add $%d, %%rax\n",
		    2 * REACH * BRN_TILE * 4);
	}
	if (i % W_GROUP == 0 && f->at - at->w > REACH - W_GROUP) {
		at->w += 2 * REACH;
		brn_buf_printf(&e->text, "add $%d, %%rdx\n", 2 * REACH * 4);
	}
}

/* The weight into the register `one`: a shuffle of four that are loaded once
 * into each quarter of `quad`.  */
static void
text_spread(struct t3 *e, const struct at *at, const struct brn_t3_fma *f)
{
	if (f->lane == 0)
		brn_buf_printf(&e->text, "vbroadcastf32x4 %d(%%rdx), %s\n",
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
	brn_buf_printf(&e->text, "vmovups %d(%%rax), %s\n", x,
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
		brn_buf_printf(&e->text, "vfmadd231ps %d(%%rax), %s, %s\n", x,
		    e->reg[e->one], acc);
		return;
	}
	text_line(e, at, x);
	if (f->lane >= 0)
		brn_buf_printf(&e->text, "vfmadd231ps %s, %s, %s\n",
		    e->reg[e->one], e->reg[at->line], acc);
	else
		brn_buf_printf(&e->text, "vfmadd231ps %d(%%rdx){1to16}, "
		    "%s, %s\n", (f->at - at->w) * 4, e->reg[at->line], acc);
}

/* The row that belongs to accumulator r of the panel of the block rows at
 * order.  */
static int
row_of(const struct t3 *e, const int32_t *order, int r)
{
	return order[r / e->s->bh] * e->s->bh + r % e->s->bh;
}

/* The first value of accumulators: bias, zero, or what the slice before has
 * left in y.  */
static void
text_start(struct t3 *e, const int32_t *order, int nrow, int slice)
{
	for (int r = 0; r < nrow; r++) {
		const char *acc = e->reg[r];
		int at = row_of(e, order, r);

		if (slice > 0)
			brn_buf_printf(&e->text, "vmovups %d(%%rsi), %s\n",
			    at * BRN_TILE * 4, acc);
		else if (e->s->epilogue & BRN_EPI_BIAS)
			brn_buf_printf(&e->text, "vbroadcastss %d(%%r10), %s\n",
			    at * 4, acc);
		else
			brn_buf_printf(&e->text, "vxorps %s, %s, %s\n",
			    acc, acc, acc);
	}
}

/* Panel i, if its first place is among the block rows asked for.  */
static void
text_panel(struct t3 *e, int i)
{
	const struct brn_t3 *t = &e->t;
	const struct brn_t3_fma *f = t->fma + t->first[i];
	int n = t->first[i + 1] - t->first[i], slice = i / t->npanel;
	int brow = i % t->npanel * t->rows, nrow;
	const int32_t *order = t->order + brow;
	struct at at = { .x = slice * t->cols * e->s->bw + REACH,
	    .w = t->first[i] + REACH };

	if (n == 0 && slice > 0)
		return;
	nrow = e->s->nbrow - brow < t->rows ? e->s->nbrow - brow : t->rows;
	nrow *= e->s->bh;
	brn_buf_printf(&e->text, "cmpq $%d, %%r8\njg 1f\ncmpq $%d, %%r11\n"
	    "jle 1f\nleaq %d(%%rdi), %%rax\nleaq %d(%%r9), %%rdx\n", brow,
	    brow, at.x * BRN_TILE * 4, at.w * 4);
	text_start(e, order, nrow, slice);
	for (int k = 0; k < n; k++) {
		int again = k > 0 && f[k - 1].col == f[k].col;
		int more = k + 1 < n && f[k + 1].col == f[k].col;

		if (!again)
			at.line = -1;
		text_reach(e, &at, &f[k], k);
		text_fma(e, &at, &f[k], !again && !more);
	}
	for (int r = 0; r < nrow; r++)
		brn_buf_printf(&e->text, "vmovups %s, %d(%%rsi)\n", e->reg[r],
		    row_of(e, order, r) * BRN_TILE * 4);
	brn_buf_printf(&e->text, "1:\n");
}

/* Panels of the slice, from p on, that make a chunk.  */
static int
chunk_end(const struct t3 *e, int slice, int p)
{
	const struct brn_t3 *t = &e->t;
	const int32_t *first = &t->first[slice * t->npanel];
	int64_t bytes = 0;

	do {
		bytes += (int64_t)(first[p + 1] - first[p]) * BRN_T3_FMA +
		    (int64_t)t->rows * e->s->bh * ROW_BYTES;
		p++;
	} while (p < t->npanel && bytes + (int64_t)(first[p + 1] - first[p]) *
	    BRN_T3_FMA < BRN_T3_CHUNK);
	return p;
}

/* What comes after the chunk at rcx, a part of it with each tile.  In a model
 * code has left the caches since the last run.  */
static void
text_ahead(struct t3 *e)
{
	int part = BRN_T3_CHUNK / TURNS;

	brn_buf_printf(&e->text, "andl $%d, %%r8d\nimulq $%d, %%r8, %%r8\n"
	    "addq %%rcx, %%r8\n", TURNS - 1, part);
	for (int i = 0; i < part; i += CODE_LINE)
		brn_buf_printf(&e->text, "prefetcht1 %d(%%r8)\n",
		    BRN_T3_CHUNK + i);
}

/* The function chunk(x, y, args, i, tile) and all it goes to.  In registers: x
 * rdi, y rsi, weights r9, bias r10, the block rows asked for r8 and r11; rax
 * and rdx go along x and weights.  */
static void
text_chunks(struct t3 *e)
{
	static const char head[] =
	    "movq %d(%%rdx), %%r9\nmovq %d(%%rdx), %%r10\n"
	    "movq %d(%%rdx), %%r8\nmovq %d(%%rdx), %%r11\n"
	    "jmp *%%rcx\n.p2align 2\nchunks:\n";
	const struct brn_t3 *t = &e->t;

	brn_buf_printf(&e->text, ".text\nchunk:\nleaq chunks(%%rip), %%rax\n"
	    "movslq (%%rax,%%rcx,4), %%rcx\naddq %%rax, %%rcx\n");
	text_ahead(e);
	brn_buf_printf(&e->text, head,
	    (int)offsetof(struct brn_kernel_args, stream),
	    (int)offsetof(struct brn_kernel_args, bias),
	    (int)offsetof(struct brn_kernel_args, brow0),
	    (int)offsetof(struct brn_kernel_args, brow1));
	for (int s = 0; s < t->nslice; s++)
		for (int p = 0; p < t->npanel; p = chunk_end(e, s, p))
			brn_buf_printf(&e->text, ".long chunk_%d-chunks\n",
			    e->nchunk++);
	e->nchunk = 0;
	for (int s = 0; s < t->nslice; s++)
		for (int p = 0, end; p < t->npanel; p = end) {
			end = chunk_end(e, s, p);
			brn_buf_printf(&e->text, ".p2align 6\nchunk_%d:\n",
			    e->nchunk++);
			for (int i = p; i < end; i++)
				text_panel(e, s * t->npanel + i);
			brn_buf_printf(&e->text, "vzeroupper\nret\n");
		}
	brn_buf_u8(&e->text, 0);
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

static brn_rv
tile_at(struct brn_gcc *g, enum brn_arg a, brn_lv tile, int64_t lines)
{
	return brn_gcc_offset(g, brn_gcc_arg(g, a), brn_gcc_mul(g,
	    brn_gcc_get(tile), lines * BRN_TILE));
}

/* for groups of tiles: for chunks: for tiles */
static void
emit_kernel(struct t3 *e)
{
	struct brn_gcc *g = e->g;
	brn_lv group, end, c, tile;
	struct brn_loop lg, lc, lt;

	group = brn_gcc_local(g, "group", brn_gcc_arg(g, BRN_ARG_tile0));
	end = brn_gcc_local(g, "end", brn_gcc_int(g, 0));
	lg = emit_for(g, group, brn_gcc_arg(g, BRN_ARG_tile1));
	brn_gcc_set(g, end, brn_gcc_add(g, brn_gcc_get(group),
	    brn_gcc_int(g, GROUP)));
	brn_gcc_min(g, end, brn_gcc_arg(g, BRN_ARG_tile1));
	c = brn_gcc_local(g, "c", brn_gcc_int(g, 0));
	lc = emit_for(g, c, brn_gcc_int(g, e->nchunk));
	tile = brn_gcc_local(g, "tile", brn_gcc_get(group));
	lt = emit_for(g, tile, brn_gcc_get(end));
	brn_gcc_call(g, "chunk", (brn_rv[]){
	    tile_at(g, BRN_ARG_x, tile, cols(e->s)),
	    tile_at(g, BRN_ARG_y, tile, rows(e->s)),
	    gcc_jit_param_as_rvalue(g->param), brn_gcc_get(c),
	    brn_gcc_get(tile) }, 5);
	emit_next(g, lt, tile, 1);
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
	text_chunks(&e);
	emit_kernel(&e);
	if (e.text.fail)
		rc = brn_nomem(err);
	else
		brn_gcc_asm(g, (const char *)e.text.p);
	brn_buf_free(&e.text);
	brn_t3_clear(&e.t);
	return rc;
}
