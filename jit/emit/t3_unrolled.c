/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 3, the pattern in the instructions.  A panel is straight-line code: each
 * of its rows has an accumulator register, each line of x is loaded once for
 * all rows that use it, and an FMA names the register of its row:
 *
 *	load line 5;  acc[3] += w * line;  acc[17] += w * line;  load line 9 ..
 *
 * The code of a panel runs once for each tile, so panels are joined to chunks
 * that fit the instruction cache, and all tiles go through a chunk before the
 * next one.  A slice of x stays in L1 meanwhile; accumulators wait in y for the
 * next slice.
 *
 * GCC would take half a millisecond for the statement of each weight, so panels
 * are assembly text that GCC does not parse; it makes the loops around them.
 */
#include "jit/emit/emit.h"

#include "jit/kernel/dot_groups.h"
#include "jit/kernel/t3_unrolled.h"

#include <stddef.h>
#include <stdio.h>

enum {
	ROW_BYTES = 16,         /* code: load and store of an accumulator */
	TILE_GROUP = 16,        /* tiles whose slice of x and y fits L2 */
	REACH = 128,            /* lines of x, and weights, that a displacement
	                           of one byte reaches to either side */
	PREFETCH_TILES = 8,     /* that share prefetching the next chunk */
	LINE_BYTES = 64,        /* of a cache line */
	/* A chunk has as many weights for each line that a tile prefetches.  */
	PREFETCH_WEIGHTS = PREFETCH_TILES * LINE_BYTES / BRN_T3_FMA_BYTES,
};

struct t3 {
	struct brn_gcc *g;
	const struct brn_spec *s;
	const struct brn_t3_order *order;
	struct brn_t3_stream t;
	const char *fma;        /* the instruction */
	int pitch;              /* lines of x from a column to the next */
	int32_t w;              /* the stream in its order, in weights after the
	                           argument `stream` */
	char reg[32][16];       /* names of registers in assembly text */
	int quad, one;          /* registers: four weights in each quarter, one
	                           weight in all lanes */
	int line[2];            /* registers for lines of x, in turn */
	struct brn_buf text;
	struct brn_buf span;    /* u32 [nchunk][2]: the first block row, by
	                           place in the order, and past the last */
	int nchunk;
	int nweight;            /* of the chunk so far */
};

/* State of the text of a panel.  */
struct cursor {
	int32_t x, w;           /* line and weight that the address registers
	                           point to */
	int line;               /* the register that holds the current line of
	                           x; -1: none does */
	int nline;              /* lines loaded so far */
};

static int64_t
rows(const struct brn_spec *s)
{
	return (int64_t)s->nbrow * s->bh;
}

/* Advance the address registers when the next operands are out of reach.  */
static void
text_advance(struct t3 *e, struct cursor *at, const struct brn_t3_fma *f, int i)
{
	while ((f->col - at->x) * e->pitch >= REACH) {
		at->x += 2 * REACH / e->pitch;
		brn_buf_printf(&e->text, "add $%d, %%rax\n",
		    2 * REACH * BRN_TILE * 4);
	}
	if (i % brn_t3_group(e->s) == 0 &&
	    f->at - at->w > REACH - brn_t3_group(e->s)) {
		at->w += 2 * REACH;
		brn_buf_printf(&e->text, "add $%d, %%rdx\n", 2 * REACH * 4);
	}
}

/* Spread a weight to all lanes of `one`: `quad` has four weights in each
 * quarter, and a shuffle picks one of them.  */
static void
text_spread(struct t3 *e, const struct cursor *at, const struct brn_t3_fma *f)
{
	if (f->lane == 0)
		brn_buf_printf(&e->text, "vbroadcastf32x4 %d(%%rdx), %s\n",
		    (f->at - at->w) * 4, e->reg[e->quad]);
	brn_buf_printf(&e->text, "vpermilps $%d, %s, %s\n", f->lane * 0x55,
	    e->reg[e->quad], e->reg[e->one]);
}

/* Load the current line of x, unless a register has it.  */
static void
text_load_line(struct t3 *e, struct cursor *at, int x)
{
	if (at->line >= 0)
		return;
	at->line = e->line[at->nline++ % BRN_COUNT(e->line)];
	brn_buf_printf(&e->text, "vmovups %d(%%rax), %s\n", x,
	    e->reg[at->line]);
}

/* The FMA of a weight.  A line of x that only this one uses (alone) is its
 * memory operand, unless the weight is: that of VPDPBUSD cannot be x.  */
static void
text_fma(struct t3 *e, struct cursor *at, const struct brn_t3_fma *f,
    int alone)
{
	int x = (f->col - at->x) * e->pitch * BRN_TILE * 4;
	const char *acc = e->reg[f->row];

	if (f->lane >= 0)
		text_spread(e, at, f);
	if (f->lane >= 0 && alone && e->s->elem == BRN_ELEM_f32) {
		brn_buf_printf(&e->text, "%s %d(%%rax), %s, %s\n", e->fma, x,
		    e->reg[e->one], acc);
		return;
	}
	text_load_line(e, at, x);
	if (f->lane >= 0)
		brn_buf_printf(&e->text, "%s %s, %s, %s\n", e->fma,
		    e->reg[e->one], e->reg[at->line], acc);
	else
		brn_buf_printf(&e->text, "%s %d(%%rdx){1to16}, %s, %s\n",
		    e->fma, (f->at - at->w) * 4, e->reg[at->line], acc);
}

/* The row of accumulator r; order has the block rows of the panel.  */
static int
row_of(const struct t3 *e, const int32_t *order, int r)
{
	return order[r / e->s->bh] * e->s->bh + r % e->s->bh;
}

/* Initialize accumulators: bias or zero, or in a later slice the sums in y.  */
static void
text_init(struct t3 *e, const int32_t *order, int nrow, int slice)
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

/* The bytes of the next chunk that a tile prefetches.  */
static int
prefetch_bytes(const struct t3 *e)
{
	return brn_t3_chunk_bytes(e->s) / PREFETCH_TILES;
}

/* Prefetch a line of the next chunk into L2, once every PREFETCH_WEIGHTS: in a
 * model the code has left the caches since the last run.  Prefetches one after
 * the other would wait for each other.  rcx points to the part of the tile.  */
static void
text_prefetch_code(struct t3 *e)
{
	int n = e->nweight++, at = n / PREFETCH_WEIGHTS * LINE_BYTES;

	if (n % PREFETCH_WEIGHTS == 0 && at < prefetch_bytes(e))
		brn_buf_printf(&e->text, "prefetcht1 %d(%%rcx)\n",
		    brn_t3_chunk_bytes(e->s) + at);
}

/* Panel i, which is skipped when its first block row, by place in the order, is
 * not among those of the call.  */
static void
text_panel(struct t3 *e, int i)
{
	const struct brn_t3_stream *t = &e->t;
	const struct brn_t3_fma *f = t->fma + t->first[i];
	int n = t->first[i + 1] - t->first[i], slice = i / t->npanel;
	int rows = e->order->rows, brow = i % t->npanel * rows, nrow;
	const int32_t *order = e->order->brow + brow;
	struct cursor at = { .x = slice * t->cols *
	    brn_t3_block_columns(e->s) + REACH / e->pitch,
	    .w = t->first[i] + REACH };

	if (n == 0 && slice > 0)
		return;
	nrow = e->s->nbrow - brow < rows ? e->s->nbrow - brow : rows;
	nrow *= e->s->bh;
	brn_buf_printf(&e->text, "cmpq $%d, %%r8\njg 1f\ncmpq $%d, %%r11\n"
	    "jle 1f\nleaq %d(%%rdi), %%rax\nleaq %d(%%r9), %%rdx\n", brow,
	    brow, at.x * e->pitch * BRN_TILE * 4, (e->w + at.w) * 4);
	text_init(e, order, nrow, slice);
	for (int k = 0; k < n; k++) {
		int as_before = k > 0 && f[k - 1].col == f[k].col;
		int as_next = k + 1 < n && f[k + 1].col == f[k].col;

		if (!as_before)
			at.line = -1;
		text_prefetch_code(e);
		text_advance(e, &at, &f[k], k);
		text_fma(e, &at, &f[k], !as_before && !as_next);
	}
	for (int r = 0; r < nrow; r++)
		brn_buf_printf(&e->text, "vmovups %s, %d(%%rsi)\n", e->reg[r],
		    row_of(e, order, r) * BRN_TILE * 4);
	brn_buf_printf(&e->text, "1:\n");
}

/* The end of the chunk that begins with panel p of the slice.  */
static int
chunk_end(const struct t3 *e, int slice, int p)
{
	const struct brn_t3_stream *t = &e->t;
	const int32_t *first = &t->first[slice * t->npanel];
	int64_t bytes = 0;

	do {
		bytes += (int64_t)(first[p + 1] - first[p]) * BRN_T3_FMA_BYTES +
		    (int64_t)e->order->rows * e->s->bh * ROW_BYTES;
		p++;
	} while (p < t->npanel && bytes + (int64_t)(first[p + 1] - first[p]) *
	    BRN_T3_FMA_BYTES < brn_t3_chunk_bytes(e->s));
	return p;
}

/* The function chunk(x, y, args, i, tile), which jumps to chunk i through a
 * table of offsets, and all chunks.  Registers: x in rdi, y in rsi, weights in
 * r9, bias in r10, the block rows of the call in r8 and r11, code to prefetch
 * in rcx; rax and rdx advance along x and weights.  */
static void
text_chunks(struct t3 *e)
{
	static const char head[] =
	    "movq %d(%%rdx), %%r9\nmovq %d(%%rdx), %%r10\n"
	    "movq %d(%%rdx), %%r8\nmovq %d(%%rdx), %%r11\n"
	    "jmp *%%rax\n.p2align 2\nchunks:\n";
	const struct brn_t3_stream *t = &e->t;

	brn_buf_printf(&e->text, ".text\nchunk:\nleaq chunks(%%rip), %%rax\n"
	    "movslq (%%rax,%%rcx,4), %%rcx\naddq %%rcx, %%rax\n"
	    "andl $%d, %%r8d\nimulq $%d, %%r8, %%rcx\naddq %%rax, %%rcx\n",
	    PREFETCH_TILES - 1, prefetch_bytes(e));
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
			e->nweight = 0;
			brn_buf_u32(&e->span, (uint32_t)(p * e->order->rows));
			brn_buf_u32(&e->span, (uint32_t)(end *
			    e->order->rows));
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

/* y of a tile.  */
static brn_rv
y_at(struct t3 *e, brn_lv tile)
{
	return brn_gcc_offset(e->g, brn_gcc_arg(e->g, BRN_ARG_y),
	    brn_gcc_mul(e->g, brn_gcc_get(tile), rows(e->s) * BRN_TILE));
}

/* x of a tile.  In i8 the tiles of a quad are side by side.  */
static brn_rv
x_at(struct t3 *e, brn_lv tile)
{
	struct brn_gcc *g = e->g;
	int64_t cols = (int64_t)e->s->nbcol * e->s->bw;
	brn_rv t = brn_gcc_get(tile), line = brn_gcc_mul(g, t, cols);

	if (e->pitch > 1)
		line = brn_gcc_add(g, t, brn_gcc_mul(g, brn_gcc_div(g, t,
		    BRN_QUAD), BRN_QUAD * (cols - 1)));
	return brn_gcc_offset(g, brn_gcc_arg(g, BRN_ARG_x),
	    brn_gcc_mul(g, line, BRN_TILE));
}

/* Element i of the span of chunk c.  */
static brn_rv
span_at(struct t3 *e, brn_rv span, brn_lv c, int i)
{
	struct brn_gcc *g = e->g;

	return brn_gcc_cast(g, brn_gcc_get(brn_gcc_at(g, span, brn_gcc_add(g,
	    brn_gcc_mul(g, brn_gcc_get(c), 2), brn_gcc_int(g, i)))), g->i64);
}

/* Chunk c for the tiles from `tile` to end.  */
static void
emit_tiles(struct t3 *e, brn_lv c, brn_lv tile, brn_lv end)
{
	struct brn_gcc *g = e->g;
	struct brn_loop l = emit_for(g, tile, brn_gcc_get(end));

	brn_gcc_call(g, "chunk", (brn_rv[]){
	    x_at(e, tile), y_at(e, tile),
	    gcc_jit_param_as_rvalue(g->param), brn_gcc_get(c),
	    brn_gcc_get(tile) }, 5);
	emit_next(g, l, tile, 1);
}

/* The loops: groups of tiles, chunks, tiles.  Chunks without a block row of the
 * call are left out: skipping each panel would fetch its code.  */
static void
emit_kernel(struct t3 *e)
{
	struct brn_gcc *g = e->g;
	brn_lv group, end, c, tile;
	brn_rv span = brn_gcc_table(g, "span", g->i32, e->span.p, e->span.n);
	struct brn_loop lg, lc, from, to;

	group = brn_gcc_local(g, "group", brn_gcc_arg(g, BRN_ARG_tile0));
	end = brn_gcc_local(g, "end", brn_gcc_int(g, 0));
	lg = emit_for(g, group, brn_gcc_arg(g, BRN_ARG_tile1));
	brn_gcc_set(g, end, brn_gcc_add(g, brn_gcc_get(group),
	    brn_gcc_int(g, TILE_GROUP)));
	brn_gcc_min(g, end, brn_gcc_arg(g, BRN_ARG_tile1));
	c = brn_gcc_local(g, "c", brn_gcc_int(g, 0));
	lc = emit_for(g, c, brn_gcc_int(g, e->nchunk));
	tile = brn_gcc_local(g, "tile", brn_gcc_get(group));
	from = brn_gcc_if(g, brn_gcc_arg(g, BRN_ARG_brow0),
	    GCC_JIT_COMPARISON_LT, span_at(e, span, c, 1));
	to = brn_gcc_if(g, span_at(e, span, c, 0), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_brow1));
	emit_tiles(e, c, tile, end);
	brn_gcc_wend(g, to);
	brn_gcc_wend(g, from);
	emit_next(g, lc, c, 1);
	emit_next(g, lg, group, TILE_GROUP);
}

/* Accumulators are the registers from 0 on, others from the last one down.  */
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
brn_emit_t3(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_plan *plan, burin_error *err)
{
	struct t3 e = { .g = g, .s = s, .order = plan->own,
	    .fma = "vfmadd231ps", .pitch = 1 };
	int rc;

	if (s->elem == BRN_ELEM_i8) {
		e.fma = "vpdpbusd";
		e.pitch = BRN_QUAD;
		e.w = (int32_t)brn_dot_groups_before(s, s->nbrow) * s->bh;
	}
	if ((rc = brn_t3_stream(s, e.order, &e.t, err)) < 0)
		return rc;
	name_registers(&e);
	text_chunks(&e);
	if (e.text.fail || e.span.fail) {
		rc = brn_nomem(err);
	} else {
		emit_kernel(&e);
		brn_gcc_asm(g, (const char *)e.text.p);
	}
	brn_buf_free(&e.text);
	brn_buf_free(&e.span);
	brn_t3_stream_clear(&e.t);
	return rc;
}
