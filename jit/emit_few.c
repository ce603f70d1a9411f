/* SPDX-License-Identifier: Apache-2.0
 *
 * Few tokens.  Where block rows are whole vectors, lanes are output features,
 * and each vector of weights is loaded once for all tokens; where they are not,
 * lanes are the tokens, and weights are loaded four at a time and spread:
 *
 *	acc[t] += w[column] * x[column][t]      acc[r] += w[r] * x[column]
 *
 * An accumulator waits for its last FMA, so several block rows go abreast.
 * Each takes its blocks in the order in which passes over tiles do, so the
 * results are the same bits.  The tokens of x are brought together first: in
 * tiles each has a line of its own, which is more than the first cache holds.
 * Tiles stay as they are; what is beyond the tokens is written as zero.
 */
#include "jit/few.h"

enum {
	AHEAD = 4,              /* columns a turn of the loop */
	MAX_VECS = 4,           /* vectors a block column */
	MAX_ROWS = 7,           /* of a block, when lanes are tokens */
	CHAINS = 4,             /* sums at a time that hide an FMA */
	MAX_ABREAST = 7,
	MAX_ACC = 16,
	ROOM = 64 << 10,        /* bytes of stack for x */
	NEAR = 8,               /* bytes from one x to the next, there */
	LINE = BRN_TILE * 4,    /* and in a tile */
};

struct few {
	struct brn_gcc *g;
	const struct brn_spec *s;
	const struct brn_tables *t;
	int by_row;             /* lanes are rows */
	int nv;                 /* accumulators of a block row and token */
	int nt;                 /* tokens: of by_row, else of a vector */
	int abreast;            /* block rows */
	int bw;                 /* all columns, when the pattern is full */
	int stride;             /* bytes from one x to the next */
	int64_t nbrow;
	brn_rv x;               /* of the tile, in bytes */
	brn_lv row[MAX_ABREAST];
	brn_lv q[MAX_ABREAST];  /* block to come of each row, and its last */
	brn_lv end[MAX_ABREAST];
	brn_lv acc[MAX_ABREAST][MAX_ACC];
};

/* One of some columns whose weights follow each other.  */
struct column {
	brn_rv x;               /* bytes */
	brn_rv w;               /* of the first of them */
};

/* Lanes of vectors that make up bh; 0: none do.  */
static int
lanes_for(const struct brn_spec *s)
{
	int n = brn_isas[s->isa].lanes, most = brn_isas[s->isa].nreg / 2;

	while (n >= 4 && s->bh % n != 0)
		n /= 2;
	return n < 4 || s->bh < 8 || s->bh / n > MAX_VECS ||
	    s->bh / n * BRN_FEW > most ? 0 : n;
}

static brn_rv
floats(struct few *e, brn_rv bytes)
{
	return brn_gcc_cast(e->g, bytes, brn_gcc_ptr(e->g->f32));
}

/* Weight i from w on, in all lanes; quad are the four that it is one of.  */
static brn_rv
spread(struct few *e, brn_rv w, int i, brn_rv quad)
{
	struct brn_gcc *g = e->g;

	if (quad)
		return brn_gcc_lane(g, quad, i % 4);
	return brn_gcc_splat(g, brn_gcc_get(brn_gcc_at(g, w,
	    brn_gcc_int(g, i))));
}

/* Column c of block row i, when lanes are rows.  */
static void
emit_rows(struct few *e, int i, int c, const struct column *k)
{
	struct brn_gcc *g = e->g;
	brn_rv w = brn_gcc_cast(g, k->w, brn_gcc_ptr(g->vec));
	brn_rv wv[MAX_VECS], one, x = floats(e, k->x);

	for (int v = 0; v < e->nv; v++)
		wv[v] = brn_gcc_get(brn_gcc_local(g, "wv", brn_gcc_get(
		    brn_gcc_at(g, w, brn_gcc_int(g, c * e->nv + v)))));
	for (int t = 0; t < e->nt; t++) {
		one = brn_gcc_splat(g, brn_gcc_get(brn_gcc_at(g, x,
		    brn_gcc_int(g, t))));
		if (e->nv > 1)
			one = brn_gcc_get(brn_gcc_local(g, "one", one));
		for (int v = 0; v < e->nv; v++)
			brn_gcc_fma(g, e->acc[i][v * e->nt + t], wv[v], one);
	}
}

/* n columns of block row i, each with its own x.  */
static void
emit_columns(struct few *e, int i, const struct column *k, int n)
{
	struct brn_gcc *g = e->g;
	int nw = e->s->bh, quads = n == AHEAD && e->s->isa >= BRN_ISA_avx2;
	brn_rv x = NULL, quad = NULL, w = k->w;

	for (int c = 0; c < n && e->by_row; c++)
		emit_rows(e, i, c, &k[c]);
	if (e->by_row)
		return;
	for (int j = 0; j < n * nw; j++) {
		if (j % nw == 0)
			x = brn_gcc_get(brn_gcc_at(g, brn_gcc_cast(g,
			    k[j / nw].x, brn_gcc_ptr(g->vec)),
			    brn_gcc_int(g, 0)));
		if (j % nw == 0 && nw > 1)
			x = brn_gcc_get(brn_gcc_local(g, "x", x));
		if (quads && j % 4 == 0)
			quad = brn_gcc_quad(g, brn_gcc_offset(g, w,
			    brn_gcc_int(g, j)));
		brn_gcc_fma(g, e->acc[i][j % nw], spread(e, w, j, quad), x);
	}
}

static brn_rv
plus(struct brn_gcc *g, brn_lv v, int64_t n)
{
	return brn_gcc_add(g, brn_gcc_get(v), brn_gcc_int(g, n));
}

static void
step(struct brn_gcc *g, brn_lv v, int64_t n)
{
	brn_gcc_set(g, v, plus(g, v, n));
}

/* x of the next n blocks of row i.  Four offsets of 16 bits are one load: there
 * are more loads than anything else.  */
static void
x_of(struct few *e, int i, brn_rv *x, int n)
{
	struct brn_gcc *g = e->g;
	brn_rv off, all = NULL;

	for (int j = 0; j < n; j++) {
		if (!e->t) {
			x[j] = e->x;
			continue;
		}
		off = brn_gcc_offset(g, e->t->offs, plus(g, e->q[i], j));
		if (n == AHEAD && !e->t->wide && !all)
			all = brn_gcc_word(g, off);
		off = all ? brn_gcc_part(g, all, j) :
		    brn_gcc_get(brn_gcc_at(g, off, brn_gcc_int(g, 0)));
		x[j] = brn_gcc_offset(g, e->x, brn_gcc_mul(g, brn_gcc_cast(g,
		    off, g->i64), e->stride * BRN_OFFS_UNIT / LINE));
	}
}

static brn_rv
w_of(struct few *e, int i)
{
	struct brn_gcc *g = e->g;

	return brn_gcc_offset(g, brn_gcc_arg(g, BRN_ARG_vals), brn_gcc_mul(g,
	    brn_gcc_get(e->q[i]), (int64_t)e->s->bh * e->bw));
}

/* The next n blocks of one column of row i.  */
static void
emit_narrow(struct few *e, int i, int n)
{
	struct brn_gcc *g = e->g;
	struct column k[AHEAD];
	brn_rv x[AHEAD];

	x_of(e, i, x, n);
	for (int c = 0; c < n; c++)
		k[c] = (struct column){ x[c], w_of(e, i) };
	emit_columns(e, i, k, n);
	step(g, e->q[i], n);
}

/* The next block of more columns of rows from i0 to i1, abreast.  */
static void
emit_wide(struct few *e, int i0, int i1)
{
	struct brn_gcc *g = e->g;
	brn_lv x[MAX_ABREAST], w[MAX_ABREAST], c;
	struct column k[AHEAD];
	brn_rv first;
	struct brn_loop l;

	for (int i = i0; i < i1; i++) {
		x_of(e, i, &first, 1);
		x[i] = brn_gcc_local(g, "x", first);
		w[i] = brn_gcc_local(g, "w", w_of(e, i));
		step(g, e->q[i], 1);
	}
	c = brn_gcc_local(g, "c", brn_gcc_int(g, e->bw));
	for (int n = AHEAD; n > 0; n = n > 1 ? 1 : 0) {
		l = brn_gcc_while(g, brn_gcc_int(g, n),
		    GCC_JIT_COMPARISON_LE, brn_gcc_get(c));
		for (int i = i0; i < i1; i++) {
			for (int j = 0; j < n; j++)
				k[j] = (struct column){
				    brn_gcc_offset(g, brn_gcc_get(x[i]),
				    brn_gcc_int(g, j * e->stride)),
				    brn_gcc_get(w[i]) };
			emit_columns(e, i, k, n);
			brn_gcc_set(g, x[i], brn_gcc_offset(g, brn_gcc_get(
			    x[i]), brn_gcc_int(g, n * e->stride)));
			brn_gcc_set(g, w[i], brn_gcc_offset(g, brn_gcc_get(
			    w[i]), brn_gcc_int(g, (int64_t)n * e->s->bh)));
		}
		step(g, c, -n);
		brn_gcc_wend(g, l);
	}
}

/* The blocks that all rows have, abreast, then those that some have more.  */
static void
emit_blocks(struct few *e)
{
	struct brn_gcc *g = e->g;
	brn_lv left = brn_gcc_local(g, "left", brn_gcc_int(g, INT32_MAX));
	struct brn_loop l;

	for (int i = 0; i < e->abreast; i++)
		brn_gcc_min(g, left, brn_gcc_add(g, brn_gcc_get(e->end[i]),
		    brn_gcc_mul(g, brn_gcc_get(e->q[i]), -1)));
	for (int n = e->bw == 1 ? AHEAD : 1; n > 0; n = n > 1 ? 1 : 0) {
		l = brn_gcc_while(g, brn_gcc_int(g, n), GCC_JIT_COMPARISON_LE,
		    brn_gcc_get(left));
		for (int i = 0; i < e->abreast && e->bw == 1; i++)
			emit_narrow(e, i, n);
		if (e->bw > 1)
			emit_wide(e, 0, e->abreast);
		step(g, left, -n);
		brn_gcc_wend(g, l);
	}
	for (int i = 0; i < e->abreast; i++) {
		l = brn_gcc_while(g, brn_gcc_get(e->q[i]),
		    GCC_JIT_COMPARISON_LT, brn_gcc_get(e->end[i]));
		if (e->bw == 1)
			emit_narrow(e, i, 1);
		else
			emit_wide(e, i, i + 1);
		brn_gcc_wend(g, l);
	}
}

/* The bias of the rows, or zero.  */
static void
emit_start(struct few *e, int i)
{
	struct brn_gcc *g = e->g;
	brn_rv row = brn_gcc_mul(g, brn_gcc_get(e->row[i]), e->s->bh);
	brn_rv bias = brn_gcc_offset(g, brn_gcc_arg(g, BRN_ARG_bias), row);
	brn_rv v = brn_gcc_splat(g, gcc_jit_context_zero(g->ctxt, g->f32));

	if (e->by_row)
		bias = brn_gcc_cast(g, bias, brn_gcc_ptr(g->vec));
	for (int j = 0; j < e->nv * (e->by_row ? e->nt : 1); j++) {
		if (e->s->epilogue & BRN_EPI_BIAS) {
			v = brn_gcc_get(brn_gcc_at(g, bias, brn_gcc_int(g,
			    e->by_row ? j / e->nt : j)));
			if (!e->by_row)
				v = brn_gcc_splat(g, v);
		}
		e->acc[i][j] = brn_gcc_local(g, "acc", v);
	}
}

/* A line of y: zeros, whatever comes first.  */
static void
emit_zero(struct few *e, brn_rv y)
{
	struct brn_gcc *g = e->g;
	int lanes = g->lanes;
	brn_rv zero;

	brn_gcc_set_lanes(g, brn_isas[e->s->isa].lanes);
	zero = brn_gcc_get(brn_gcc_local(g, "zero", brn_gcc_splat(g,
	    gcc_jit_context_zero(g->ctxt, g->f32))));
	y = brn_gcc_cast(g, y, brn_gcc_ptr(g->vec));
	for (int i = 0; i < BRN_TILE / g->lanes; i++)
		brn_gcc_set(g, brn_gcc_at(g, y, brn_gcc_int(g, i)), zero);
	brn_gcc_set_lanes(g, lanes);
}

/* Vectors of rows: each row gets its line of y.  */
static void
emit_lines(struct few *e, int i, brn_lv y)
{
	struct brn_gcc *g = e->g;
	brn_rv ptr = brn_gcc_get(brn_gcc_local(g, "sum", brn_gcc_room(g,
	    e->nt * e->nv)));
	brn_rv out = brn_gcc_cast(g, ptr, brn_gcc_ptr(g->vec));
	brn_lv r = brn_gcc_local(g, "r", brn_gcc_int(g, 0));
	struct brn_loop l;

	for (int j = 0; j < e->nt * e->nv; j++)
		brn_gcc_set(g, brn_gcc_at(g, out, brn_gcc_int(g, j)),
		    brn_gcc_get(e->acc[i][j % e->nv * e->nt + j / e->nv]));
	l = brn_gcc_while(g, brn_gcc_get(r), GCC_JIT_COMPARISON_LT,
	    brn_gcc_int(g, e->s->bh));
	emit_zero(e, brn_gcc_get(y));
	for (int t = 0; t < e->nt; t++)
		brn_gcc_set(g, brn_gcc_at(g, brn_gcc_get(y),
		    brn_gcc_int(g, t)), brn_gcc_get(brn_gcc_at(g,
		    brn_gcc_offset(g, ptr, brn_gcc_get(r)),
		    brn_gcc_int(g, t * e->s->bh))));
	brn_gcc_set(g, y, brn_gcc_offset(g, brn_gcc_get(y),
	    brn_gcc_int(g, BRN_TILE)));
	step(g, r, 1);
	brn_gcc_wend(g, l);
}

static void
emit_store(struct few *e, int i, brn_rv tile)
{
	struct brn_gcc *g = e->g;
	brn_rv line = brn_gcc_mul(g, brn_gcc_add(g, brn_gcc_mul(g, tile,
	    e->nbrow), brn_gcc_get(e->row[i])), e->s->bh * BRN_TILE);
	brn_lv y = brn_gcc_local(g, "y", brn_gcc_offset(g, brn_gcc_arg(g,
	    BRN_ARG_y), line));
	brn_rv at;

	if (e->by_row) {
		emit_lines(e, i, y);
		return;
	}
	for (int j = 0; j < e->nv; j++) {
		at = brn_gcc_offset(g, brn_gcc_get(y), brn_gcc_int(g,
		    j * BRN_TILE));
		emit_zero(e, at);
		brn_gcc_set(g, brn_gcc_at(g, brn_gcc_cast(g, at,
		    brn_gcc_ptr(g->vec)), brn_gcc_int(g, 0)),
		    brn_gcc_get(e->acc[i][j]));
	}
}

/* Row i of a group that starts at block row b; past the last one, the last
 * once more, which does no harm.  */
static void
emit_row(struct few *e, int i, brn_lv b)
{
	struct brn_gcc *g = e->g;
	brn_rv q[2];

	e->row[i] = brn_gcc_local(g, "row", plus(g, b, i));
	brn_gcc_min(g, e->row[i], brn_gcc_add(g, brn_gcc_arg(g,
	    BRN_ARG_brow1), brn_gcc_int(g, -1)));
	for (int j = 0; j < 2; j++)
		q[j] = !e->t ? plus(g, e->row[i], j) : brn_gcc_cast(g,
		    brn_gcc_get(brn_gcc_at(g, e->t->rowptr, plus(g,
		    e->row[i], j))), g->i64);
	e->q[i] = brn_gcc_local(g, "q", q[0]);
	e->end[i] = brn_gcc_local(g, "end", q[1]);
	emit_start(e, i);
}

/* The tokens of a tile of x, brought together if there is room.  */
static void
emit_gather(struct few *e, brn_rv tile)
{
	struct brn_gcc *g = e->g;
	int64_t n = (int64_t)e->s->nbcol * e->s->bw;
	int near = e->nt == 1 ? NEAR : e->nt * 4;
	gcc_jit_type *type = e->nt == 1 ? g->f32 : brn_gcc_vec(g, e->nt);
	brn_rv bytes = brn_gcc_cast(g, brn_gcc_arg(g, BRN_ARG_x),
	    brn_gcc_ptr(g->u8)), to;
	brn_lv x = brn_gcc_local(g, "x", brn_gcc_offset(g, bytes,
	    brn_gcc_mul(g, tile, n * LINE))), i;
	struct brn_loop l;

	e->stride = LINE;
	e->x = brn_gcc_get(x);
	if (n * near > ROOM)
		return;
	to = brn_gcc_get(brn_gcc_local(g, "near", brn_gcc_cast(g,
	    brn_gcc_room(g, (int)((n * near + g->lanes * 4 - 1) /
	    (g->lanes * 4))), brn_gcc_ptr(g->u8))));
	i = brn_gcc_local(g, "i", brn_gcc_int(g, 0));
	l = brn_gcc_while(g, brn_gcc_get(i), GCC_JIT_COMPARISON_LT,
	    brn_gcc_int(g, n * near));
	brn_gcc_set(g, brn_gcc_at(g, brn_gcc_cast(g, brn_gcc_offset(g, to,
	    brn_gcc_get(i)), brn_gcc_ptr(type)), brn_gcc_int(g, 0)),
	    brn_gcc_get(brn_gcc_at(g, brn_gcc_cast(g, brn_gcc_get(x),
	    brn_gcc_ptr(type)), brn_gcc_int(g, 0))));
	brn_gcc_set(g, x, brn_gcc_offset(g, brn_gcc_get(x),
	    brn_gcc_int(g, LINE)));
	step(g, i, near);
	brn_gcc_wend(g, l);
	e->stride = near;
	e->x = to;
}

/* If so few tokens: for tiles: for groups of block rows; then out.  */
static void
emit_tokens(struct few *e)
{
	struct brn_gcc *g = e->g;
	brn_lv b, tile;
	struct brn_loop l, lb, lt;

	l = brn_gcc_if(g, brn_gcc_arg(g, BRN_ARG_tokens),
	    GCC_JIT_COMPARISON_LE, brn_gcc_int(g, e->nt));
	tile = brn_gcc_local(g, "tile", brn_gcc_arg(g, BRN_ARG_tile0));
	lt = brn_gcc_while(g, brn_gcc_get(tile), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_tile1));
	emit_gather(e, brn_gcc_get(tile));
	b = brn_gcc_local(g, "b", brn_gcc_arg(g, BRN_ARG_brow0));
	lb = brn_gcc_while(g, brn_gcc_get(b), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_brow1));
	for (int i = 0; i < e->abreast; i++)
		emit_row(e, i, b);
	emit_blocks(e);
	for (int i = 0; i < e->abreast; i++)
		emit_store(e, i, brn_gcc_get(tile));
	step(g, b, e->abreast);
	brn_gcc_wend(g, lb);
	step(g, tile, 1);
	brn_gcc_wend(g, lt);
	brn_gcc_leave(g, l);
}

/* Code for nt tokens and fewer.  */
static void
emit_few(struct few e, int nt)
{
	int n;

	e.nt = nt;
	e.nv = e.s->bh;
	if (e.by_row)
		brn_gcc_set_lanes(e.g, e.by_row);
	else
		brn_gcc_set_lanes(e.g, nt);
	if (e.by_row)
		e.nv /= e.by_row;
	n = e.by_row && nt > 1 ? CHAINS / 2 : e.by_row ? CHAINS : MAX_ABREAST;
	e.abreast = (n + e.nv - 1) / e.nv;
	emit_tokens(&e);
}

void
brn_emit_few(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_tables *tables)
{
	struct few e = { .g = g, .s = s, .t = tables, .nbrow = s->nbrow,
	    .by_row = lanes_for(s), .bw = s->bw * (tables ? 1 : s->nbcol) };
	int lanes = g->lanes;
	struct brn_loop l;

	if (!e.by_row && s->bh > MAX_ROWS)
		return;
	l = brn_gcc_if(g, brn_gcc_int(g, 0), GCC_JIT_COMPARISON_LT,
	    brn_gcc_arg(g, BRN_ARG_tokens));
	emit_few(e, 1);
	emit_few(e, BRN_FEW);
	brn_gcc_wend(g, l);
	brn_gcc_set_lanes(g, lanes);
}
