/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens: lanes are output features.  A block column is one or more whole
 * vectors of weights, loaded once for all tokens, whose x is spread out:
 *
 *	acc[t] += w[column] * x[column][t]
 *
 * in the order in which passes over tiles do, so the results are the same bits.
 * It is always MOST tokens: with one alone FMAs wait for each other, and are
 * hardly sooner done.  Tiles stay as they are; what is beyond is neither read
 * nor computed, and written as zero.
 */
#include "jit/few.h"

enum {
	MOST = 4,               /* tokens; more are done as a tile */
	AHEAD = 4,              /* columns a turn of the loop */
	MAX_VECS = 4,           /* vectors a block column */
	MAX_ACC = 16,
};

struct few {
	struct brn_gcc *g;
	const struct brn_few *f;
	const struct brn_spec *s;
	int nv;                 /* vectors a block column */
	int nt;                 /* tokens */
	brn_lv acc[MAX_ACC];    /* [vector][token] */
	brn_lv p, w;
	brn_rv x;               /* of the tile */
};

/* Lanes of vectors that make up bh; 0: none do.  */
static int
lanes_for(const struct brn_spec *s)
{
	int n = brn_isas[s->isa].lanes;

	while (n >= 4 && s->bh % n != 0)
		n /= 2;
	return n < 4 || s->bh / n > MAX_VECS ||
	    s->bh / n * MOST > brn_isas[s->isa].nreg / 2 || s->bh < 8 ? 0 : n;
}

/* Columns of blocks: column i has its x at x[i], its weights at w + i.  */
static void
emit_columns(struct few *e, brn_rv *x, brn_rv w, int n)
{
	struct brn_gcc *g = e->g;
	brn_rv wv[MAX_VECS], one;

	for (int i = 0; i < n; i++) {
		for (int v = 0; v < e->nv; v++)
			wv[v] = brn_gcc_get(brn_gcc_local(g, "wv", brn_gcc_get(
			    brn_gcc_at(g, w, brn_gcc_int(g, i * e->nv + v)))));
		for (int t = 0; t < e->nt; t++) {
			one = brn_gcc_splat(g, brn_gcc_get(brn_gcc_at(g, x[i],
			    brn_gcc_int(g, t))));
			if (e->nv > 1)
				one = brn_gcc_get(brn_gcc_local(g, "one",
				    one));
			for (int v = 0; v < e->nv; v++)
				brn_gcc_fma(g, e->acc[v * e->nt + t],
				    wv[v], one);
		}
	}
}

static void
step(struct brn_gcc *g, brn_lv p, int n)
{
	brn_gcc_set(g, p, brn_gcc_offset(g, brn_gcc_get(p),
	    brn_gcc_int(g, n)));
}

/* The x of block i from p on.  */
static brn_rv
x_of(struct few *e, int i)
{
	struct brn_gcc *g = e->g;
	brn_rv off = brn_gcc_cast(g, brn_gcc_get(brn_gcc_at(g,
	    brn_gcc_get(e->p), brn_gcc_int(g, i))), g->i64);

	return brn_gcc_offset(g, e->x, brn_gcc_mul(g, off, e->f->unit / 4));
}

/* n blocks of one column.  */
static void
emit_narrow(struct few *e, int n)
{
	struct brn_gcc *g = e->g;
	brn_rv x[AHEAD];

	for (int i = 0; i < n; i++)
		x[i] = brn_gcc_get(brn_gcc_local(g, "x", x_of(e, i)));
	emit_columns(e, x, brn_gcc_get(e->w), n);
	step(g, e->w, n * e->nv);
	step(g, e->p, n);
}

/* A block of more columns, so many at a time as there are sets, and what is
 * left one by one.  */
static void
emit_wide(struct few *e)
{
	struct brn_gcc *g = e->g;
	brn_lv x = brn_gcc_local(g, "x", x_of(e, 0));
	brn_lv c = brn_gcc_local(g, "c", brn_gcc_int(g, e->s->bw));
	struct brn_loop l;
	brn_rv at[AHEAD];

	for (int n = AHEAD; n > 0; n = n > 1 ? 1 : 0) {
		l = brn_gcc_while(g, brn_gcc_int(g, n),
		    GCC_JIT_COMPARISON_LE, brn_gcc_get(c));
		for (int i = 0; i < n; i++)
			at[i] = brn_gcc_offset(g, brn_gcc_get(x),
			    brn_gcc_int(g, i * BRN_TILE));
		emit_columns(e, at, brn_gcc_get(e->w), n);
		step(g, e->w, n * e->nv);
		step(g, x, n * BRN_TILE);
		brn_gcc_set(g, c, brn_gcc_add(g, brn_gcc_get(c),
		    brn_gcc_int(g, -n)));
		brn_gcc_wend(g, l);
	}
	step(g, e->p, 1);
}

static brn_rv
next(struct brn_gcc *g, brn_lv i)
{
	return brn_gcc_add(g, brn_gcc_get(i), brn_gcc_int(g, 1));
}

/* The bias of the rows, or zero.  */
static void
emit_start(struct few *e, brn_rv row)
{
	struct brn_gcc *g = e->g;
	brn_rv bias = brn_gcc_cast(g, brn_gcc_offset(g,
	    brn_gcc_arg(g, BRN_ARG_bias), row), brn_gcc_ptr(g->vec));

	for (int i = 0; i < e->nv * e->nt; i++)
		e->acc[i] = brn_gcc_local(g, "acc",
		    e->s->epilogue & BRN_EPI_BIAS ? brn_gcc_get(brn_gcc_at(g,
		    bias, brn_gcc_int(g, i / e->nt))) : brn_gcc_splat(g,
		    gcc_jit_context_zero(g->ctxt, g->f32)));
}

/* Each row gets its line of y.  */
static void
emit_store(struct few *e, brn_lv y)
{
	struct brn_gcc *g = e->g;
	brn_rv zero = brn_gcc_get(brn_gcc_local(g, "zero", brn_gcc_splat(g,
	    gcc_jit_context_zero(g->ctxt, g->f32))));
	brn_rv ptr = brn_gcc_get(brn_gcc_local(g, "sum", brn_gcc_room(g,
	    e->nt * e->nv)));
	brn_rv out = brn_gcc_cast(g, ptr, brn_gcc_ptr(g->vec));
	brn_lv r = brn_gcc_local(g, "r", brn_gcc_int(g, 0));
	struct brn_loop l;

	for (int i = 0; i < e->nt * e->nv; i++)
		brn_gcc_set(g, brn_gcc_at(g, out, brn_gcc_int(g, i)),
		    brn_gcc_get(e->acc[i % e->nv * e->nt + i / e->nv]));
	l = brn_gcc_while(g, brn_gcc_get(r), GCC_JIT_COMPARISON_LT,
	    brn_gcc_int(g, e->s->bh));
	for (int i = 0; i < BRN_TILE / g->lanes; i++)
		brn_gcc_set(g, brn_gcc_at(g, brn_gcc_cast(g, brn_gcc_get(y),
		    brn_gcc_ptr(g->vec)), brn_gcc_int(g, i)), zero);
	for (int t = 0; t < e->nt; t++)
		brn_gcc_set(g, brn_gcc_at(g, brn_gcc_get(y),
		    brn_gcc_int(g, t)), brn_gcc_get(brn_gcc_at(g,
		    brn_gcc_offset(g, ptr, brn_gcc_get(r)),
		    brn_gcc_int(g, t * e->s->bh))));
	step(g, y, BRN_TILE);
	brn_gcc_set(g, r, next(g, r));
	brn_gcc_wend(g, l);
}

/* A block row of a tile.  */
static void
emit_block_row(struct few *e, brn_lv b, brn_lv tile)
{
	struct brn_gcc *g = e->g;
	const struct brn_spec *s = e->s;
	int64_t cols = (int64_t)s->nbcol * s->bw;
	int64_t rows = (int64_t)s->nbrow * s->bh;
	int ahead = s->bw == 1 ? AHEAD : 1;
	brn_lv lo = brn_gcc_local(g, "lo", brn_gcc_cast(g, brn_gcc_get(
	    brn_gcc_at(g, e->f->rowptr, brn_gcc_get(b))), g->i64));
	brn_rv hi = brn_gcc_cast(g, brn_gcc_get(brn_gcc_at(g, e->f->rowptr,
	    next(g, b))), g->i64);
	brn_rv end = brn_gcc_get(brn_gcc_local(g, "end", brn_gcc_offset(g,
	    e->f->offs, hi)));
	brn_lv row = brn_gcc_local(g, "row", brn_gcc_mul(g, brn_gcc_get(b),
	    s->bh));
	struct brn_loop l;
	brn_lv y;

	e->x = brn_gcc_get(brn_gcc_local(g, "xt", brn_gcc_offset(g,
	    brn_gcc_arg(g, BRN_ARG_x), brn_gcc_mul(g, brn_gcc_get(tile),
	    cols * BRN_TILE))));
	e->p = brn_gcc_local(g, "p", brn_gcc_offset(g, e->f->offs,
	    brn_gcc_get(lo)));
	e->w = brn_gcc_local(g, "w", brn_gcc_cast(g, brn_gcc_offset(g,
	    brn_gcc_arg(g, BRN_ARG_vals), brn_gcc_mul(g, brn_gcc_get(lo),
	    (int64_t)s->bh * s->bw)), brn_gcc_ptr(g->vec)));
	emit_start(e, brn_gcc_get(row));
	for (int n = ahead; n > 0; n = n > 1 ? 1 : 0) {
		l = brn_gcc_while(g, brn_gcc_offset(g, brn_gcc_get(e->p),
		    brn_gcc_int(g, n)), GCC_JIT_COMPARISON_LE, end);
		if (s->bw == 1)
			emit_narrow(e, n);
		else
			emit_wide(e);
		brn_gcc_wend(g, l);
	}
	y = brn_gcc_local(g, "y", brn_gcc_offset(g, brn_gcc_arg(g,
	    BRN_ARG_y), brn_gcc_mul(g, brn_gcc_add(g, brn_gcc_mul(g,
	    brn_gcc_get(tile), rows), brn_gcc_get(row)), BRN_TILE)));
	emit_store(e, y);
}

/* for block rows: for tiles; then out.  */
static void
emit_tokens(struct few *e)
{
	struct brn_gcc *g = e->g;
	brn_lv b, tile;
	struct brn_loop l, lb, lt;

	l = brn_gcc_if(g, brn_gcc_arg(g, BRN_ARG_tokens),
	    GCC_JIT_COMPARISON_LE, brn_gcc_int(g, e->nt));
	b = brn_gcc_local(g, "b", brn_gcc_arg(g, BRN_ARG_brow0));
	lb = brn_gcc_while(g, brn_gcc_get(b), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_brow1));
	tile = brn_gcc_local(g, "tile", brn_gcc_arg(g, BRN_ARG_tile0));
	lt = brn_gcc_while(g, brn_gcc_get(tile), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_tile1));
	emit_block_row(e, b, tile);
	brn_gcc_set(g, tile, next(g, tile));
	brn_gcc_wend(g, lt);
	brn_gcc_set(g, b, next(g, b));
	brn_gcc_wend(g, lb);
	brn_gcc_leave(g, l);
}

void
brn_emit_few(struct brn_gcc *g, const struct brn_few *f)
{
	struct few e = { .g = g, .f = f, .s = f->s };
	gcc_jit_type *vec = g->vec;
	int lanes = g->lanes, few = lanes_for(f->s);
	struct brn_loop l;

	if (few == 0)
		return;
	g->lanes = few;
	g->vec = gcc_jit_type_get_vector(g->f32, (size_t)few);
	e.nv = f->s->bh / few;
	e.nt = MOST;
	l = brn_gcc_if(g, brn_gcc_int(g, 0), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_tokens));
	emit_tokens(&e);
	brn_gcc_wend(g, l);
	g->lanes = lanes;
	g->vec = vec;
}
