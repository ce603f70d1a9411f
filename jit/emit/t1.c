/* SPDX-License-Identifier: Apache-2.0
 *
 * Tier 1, lanes are tokens.  A pass keeps an accumulator for each of its rows
 * and tiles in registers and goes through the blocks of a block row.  For each
 * feature it loads the x of every tile and the weight of every row once:
 *
 *	acc[r][t] += x[t][feature] * w[r]
 *
 * With a dot width of D a group of D features takes the place of one:
 *
 *	acc[r][t] += x[t][feature] * w[r][0] + x[t][other] * w[r][1] ..
 *
 * The pattern is a constant table of offsets into x; sizes, strides and trip
 * counts are constants.  A block row higher than a pass takes several passes;
 * tiles left over by the widest pass take narrower ones, down to one tile.  All
 * passes add in the same order, so the split does not change results.
 */
#include "jit/emit/t1.h"

#include "jit/emit/groups.h"
#include "jit/kernel/dot_groups.h"
#include "jit/kernel/t1.h"

enum {
	MAX_BODY = 64,          /* vector FMAs in a loop body */
	LINE_FLOATS = 16,       /* of a cache line */
	W_PREFETCH_FLOATS = 512,
	W_PREFETCH_MIN_BH = 4,  /* lower blocks have too few FMAs to pay */
	X_PREFETCH_MAX_BW = 4,  /* the x of wider blocks is adjacent, which the
	                           processor prefetches itself */
	STEP_GROUPS = 4,        /* of a full pattern */
};

struct t1 {
	struct brn_gcc *g;
	const struct brn_spec *s;
	struct brn_t1_part part;
	int full;               /* every block is stored: no tables */
	int nvec;               /* vectors a tile */
	/* A step of a block row: the columns of a block.  With a dot width the
	 * columns are groups, one a step, or some if the pattern is full.  */
	int bw;
	int64_t nstep;          /* of a block row, if the pattern is full */
	int dot;                /* dot width */
	int noff;               /* offsets a step */
	struct brn_groups groups;
	enum brn_group_source source;   /* of the passes that come */
	brn_lv tile, brow, row; /* loop variables; row is within the block */
	brn_lv w, p, end;       /* of the block row: its weights, and its
	                           offsets from p to end */
	brn_lv kept_end;        /* of the offsets of groups that are kept */
};

struct pass {
	int rows;
	int first, nx;          /* vectors of x, counted from the first tile */
	brn_lv acc[BRN_T1_MAX_ACC];     /* [row][nx] */
	enum brn_group_source source;   /* of its groups, and .. */
	brn_lv kept;            /* .. those of this step, or NULL */
};

static int64_t
cols(const struct brn_spec *s)
{
	return (int64_t)s->nbcol * s->bw;
}

/* Vector i of column c.  */
static brn_rv
x_at(struct t1 *e, brn_rv x, int c, int i)
{
	int64_t line = i / e->nvec * cols(e->s) + c;

	return brn_gcc_get(brn_gcc_at(e->g, x, brn_gcc_int(e->g,
	    line * e->nvec + i % e->nvec)));
}

/* The weight of row r and column c in all lanes; w is that of row and column
 * 0.  */
static brn_rv
w_at(struct t1 *e, brn_rv w, int c, int r)
{
	return brn_gcc_splat(e->g, brn_gcc_get(brn_gcc_at(e->g, w,
	    brn_gcc_int(e->g, (int64_t)c * e->s->bh + r))));
}

/* Prefetch weights, once for each cache line that column c begins.  Weights are
 * read once a run, so in a model they have left the caches since the last run,
 * and the processor's own prefetches end with each page.  */
static void
emit_prefetch_weights(struct t1 *e, brn_rv w, int c)
{
	int bh = e->s->bh;

	if (bh >= W_PREFETCH_MIN_BH && c * bh % LINE_FLOATS < bh)
		brn_gcc_prefetch(e->g, brn_gcc_offset(e->g, w, brn_gcc_int(e->g,
		    W_PREFETCH_FLOATS + (int64_t)c * bh)));
}

/* The FMAs of column c of a block.  The fewer of its x vectors and its weights
 * are held in registers, the others are loaded one at a time.  One that meets
 * two or three held ones is forced into a register (brn_gcc_keep): GCC would
 * fold its load into each FMA.  */
static void
emit_column(struct t1 *e, struct pass *p, brn_rv x, brn_rv w, int c)
{
	struct brn_gcc *g = e->g;
	int nx = p->nx, nreg = brn_isas[e->s->isa].nreg;
	int hold_x = nx < p->rows ||
	    (p->rows <= 3 && (p->rows + 1) * nx < nreg);
	brn_rv held[BRN_T1_MAX_ACC], one;
	int nheld = hold_x ? nx : p->rows, nother = hold_x ? p->rows : nx;

	emit_prefetch_weights(e, w, c);
	for (int i = 0; i < nheld; i++)
		held[i] = brn_gcc_get(brn_gcc_local(g, "held", hold_x ?
		    x_at(e, x, c, p->first + i) : w_at(e, w, c, i)));
	for (int i = 0; i < nother; i++) {
		one = hold_x ? w_at(e, w, c, i) :
		    x_at(e, x, c, p->first + i);
		if (nheld > 1) {
			brn_lv v = brn_gcc_local(g, "one", one);

			if (nheld <= 3)
				brn_gcc_keep(g, v);
			one = brn_gcc_get(v);
		}
		for (int j = 0; j < nheld; j++)
			brn_gcc_fma(g, p->acc[hold_x ? i * nx + j :
			    j * nx + i], held[j], one);
	}
}

/* Vectors from a group to the next one.  */
static int
group_vectors(const struct t1 *e)
{
	return e->groups.is_quad ? BRN_QUAD : e->nvec;
}

/* Column c of a step of groups.  The weights of one vector are operands in
 * memory.  */
static void
emit_groups(struct t1 *e, struct pass *p, const struct brn_group_x *x, brn_rv w,
    int c)
{
	struct brn_gcc *g = e->g;
	brn_lv held[BRN_T1_MAX_ACC];

	emit_prefetch_weights(e, w, c);
	brn_groups_load(&e->groups, x, p->first * e->groups.stride +
	    c * group_vectors(e), p->nx, held);
	for (int r = 0; r < p->rows; r++) {
		brn_lv at = brn_gcc_at(g, w, brn_gcc_int(g,
		    (int64_t)c * e->s->bh + r));
		brn_lv wr = p->nx > 1 ? brn_gcc_splat_group(g, at) : at;

		for (int i = 0; i < p->nx; i++)
			brn_gcc_dot(g, e->s->elem, p->acc[r * p->nx + i],
			    held[i], wr, p->nx > 1);
	}
}

static void
emit_any_column(struct t1 *e, struct pass *p, const struct brn_group_x *x,
    brn_rv w, int c)
{
	if (e->dot > 1)
		emit_groups(e, p, x, w, c);
	else
		emit_column(e, p, brn_gcc_get(x->at[0]), w, c);
}

/* v += n, for a pointer v.  */
static void
emit_advance(struct brn_gcc *g, brn_lv v, brn_rv n)
{
	brn_gcc_set(g, v, brn_gcc_offset(g, brn_gcc_get(v), n));
}

/* A pointer to vectors.  NULL: there is none.  */
static brn_lv
vectors_at(struct brn_gcc *g, brn_rv x)
{
	return x ? brn_gcc_local(g, "xk", brn_gcc_cast(g, x,
	    brn_gcc_ptr(g->vec))) : NULL;
}

/* The columns of a step, in a loop over u of them when there are many.  x0 are
 * those of struct brn_group_x.  */
static void
emit_step(struct t1 *e, struct pass *p, const brn_rv x0[BRN_MAX_DOT],
    brn_rv w0)
{
	struct brn_gcc *g = e->g;
	int bw = e->bw, u = MAX_BODY / (p->rows * p->nx);
	struct brn_group_x x = { { NULL }, p->source, p->kept };
	struct brn_loop l;
	brn_lv c, w;

	for (int i = 0; i < BRN_MAX_DOT; i++)
		x.at[i] = vectors_at(g, x0[i]);
	if (bw <= u) {
		for (int i = 0; i < bw; i++)
			emit_any_column(e, p, &x, w0, i);
		return;
	}
	w = brn_gcc_local(g, "wk", w0);
	c = brn_gcc_local(g, "c", brn_gcc_int(g, bw / u));
	l = brn_gcc_while(g, brn_gcc_int(g, 0), GCC_JIT_COMPARISON_LT,
	    brn_gcc_get(c));
	for (int i = 0; i < u; i++)
		emit_any_column(e, p, &x, brn_gcc_get(w), i);
	emit_advance(g, x.at[0], brn_gcc_int(g, u * group_vectors(e)));
	emit_advance(g, w, brn_gcc_int(g, u * e->s->bh));
	brn_gcc_set(g, c, brn_gcc_add(g, brn_gcc_get(c),
	    brn_gcc_int(g, -1)));
	brn_gcc_wend(g, l);
	for (int i = 0; i < bw % u; i++)
		emit_any_column(e, p, &x, brn_gcc_get(w), i);
}

/* The x of offset i from `at`.  x is the first tile.  */
static brn_rv
x_of_offset(struct t1 *e, brn_rv x, brn_lv at, int i)
{
	struct brn_gcc *g = e->g;
	brn_rv off = brn_gcc_cast(g, brn_gcc_get(brn_gcc_at(g,
	    brn_gcc_get(at), brn_gcc_int(g, i))), g->i64);

	return brn_gcc_offset(g, brn_gcc_cast(g, x, brn_gcc_ptr(g->i64)),
	    off);
}

/* Prefetch the x of the step that comes BRN_OFFS_AHEAD columns later.  Lines
 * of x are far apart, and the latency of L2 is more than the FMAs in flight can
 * hide.  */
static void
emit_prefetch_x(struct t1 *e, struct pass *p, brn_rv x, brn_lv at)
{
	struct brn_gcc *g = e->g;
	int bw = e->bw, last = (p->first + p->nx - 1) / e->nvec;
	brn_rv far[BRN_MAX_DOT];

	for (int k = 0; k < e->noff; k++)
		far[k] = brn_gcc_get(brn_gcc_local(g, "far", brn_gcc_cast(g,
		    x_of_offset(e, x, at, BRN_OFFS_AHEAD / bw + k),
		    brn_gcc_ptr(g->f32))));
	for (int t = p->first / e->nvec; t <= last; t++)
		for (int c = 0; c < bw * e->noff; c++)
			brn_gcc_prefetch(g, brn_gcc_offset(g, far[c / bw],
			    brn_gcc_int(g, (t * cols(e->s) + c % bw) *
			    BRN_TILE)));
}

/* The steps of a full pattern.  */
static void
emit_full(struct t1 *e, struct pass *p, brn_rv x, brn_lv w)
{
	struct brn_gcc *g = e->g;
	brn_lv xk = brn_gcc_local(g, "xk", x);
	brn_lv n = brn_gcc_local(g, "n", brn_gcc_int(g, 0));
	struct brn_loop l = brn_gcc_while(g, brn_gcc_get(n),
	    GCC_JIT_COMPARISON_LT, brn_gcc_int(g, e->nstep));

	emit_step(e, p, (brn_rv[BRN_MAX_DOT]){ brn_gcc_get(xk) },
	    brn_gcc_get(w));
	emit_advance(g, xk, brn_gcc_int(g, e->bw * group_vectors(e) *
	    brn_isas[e->s->isa].lanes));
	brn_gcc_set(g, n, brn_gcc_add(g, brn_gcc_get(n), brn_gcc_int(g, 1)));
	emit_advance(g, w, brn_gcc_int(g, (int64_t)e->s->bh * e->bw));
	brn_gcc_wend(g, l);
}

/* The steps of a pattern from `at` to end.  */
static void
emit_range(struct t1 *e, struct pass *p, brn_rv x, brn_lv at, brn_rv end,
    brn_lv w)
{
	struct brn_gcc *g = e->g;
	brn_rv xs[BRN_MAX_DOT] = { NULL };
	struct brn_loop l = brn_gcc_while(g, brn_gcc_get(at),
	    GCC_JIT_COMPARISON_LT, end);

	for (int i = 0; i < e->noff; i++)
		xs[i] = x_of_offset(e, x, at, i * e->dot / e->noff);
	emit_step(e, p, xs, brn_gcc_get(w));
	if (e->bw <= X_PREFETCH_MAX_BW && !e->groups.is_quad)
		emit_prefetch_x(e, p, x, at);
	emit_advance(g, at, brn_gcc_int(g, e->dot));
	emit_advance(g, w, brn_gcc_int(g, (int64_t)e->s->bh * e->bw));
	if (p->kept)
		emit_advance(g, p->kept, brn_gcc_int(g, BRN_QUAD));
	brn_gcc_wend(g, l);
}

/* All steps of the block row.  x is the first tile, w0 the first weight of the
 * first row of this pass.  */
static void
emit_steps(struct t1 *e, struct pass *p, brn_rv x, brn_rv w0)
{
	struct brn_gcc *g = e->g;
	brn_lv w = brn_gcc_local(g, "w", w0), at;

	if (e->full) {
		emit_full(e, p, x, w);
		return;
	}
	at = brn_gcc_local(g, "p", brn_gcc_get(e->p));
	if (p->source != BRN_UNPACK) {
		p->kept = brn_gcc_local(g, "kept", e->groups.kept);
		emit_range(e, p, x, at, brn_gcc_get(e->kept_end), w);
		p->kept = NULL;
		p->source = BRN_UNPACK;
		if (e->groups.keeps_all)
			return;
	}
	emit_range(e, p, x, at, brn_gcc_get(e->end), w);
}

/* The base that row_at counts from: the first row of the pass, or 0 where the
 * table of the part says where each row is.  */
static brn_rv
base_row(struct t1 *e, brn_rv row)
{
	return e->part.row ? brn_gcc_int(e->g, 0) : row;
}

/* Row r of the pass, counted from that base.  */
static brn_rv
row_at(struct t1 *e, brn_rv row, int r)
{
	struct brn_gcc *g = e->g;

	return e->part.row ? brn_gcc_cast(g, brn_gcc_get(brn_gcc_at(g,
	    brn_gcc_offset(g, e->part.row, row), brn_gcc_int(g, r))), g->i64) :
	    brn_gcc_int(g, r);
}

/* Initialize the accumulators with the bias of their row, or zero.  */
static void
emit_init(struct t1 *e, struct pass *p, brn_rv row)
{
	struct brn_gcc *g = e->g;

	for (int r = 0; r < p->rows; r++) {
		brn_rv v = gcc_jit_context_zero(g->ctxt, g->f32);
		brn_lv first;

		if (e->s->epilogue & BRN_EPI_BIAS)
			v = brn_gcc_get(brn_gcc_at(g, brn_gcc_offset(g,
			    brn_gcc_arg(g, BRN_ARG_bias), base_row(e, row)),
			    row_at(e, row, r)));
		first = brn_gcc_local(g, "acc", brn_gcc_splat(g, v));
		for (int i = 0; i < p->nx; i++)
			p->acc[r * p->nx + i] = i ? brn_gcc_local(g, "acc",
			    brn_gcc_get(first)) : first;
	}
}

/* Store the accumulators.  y is the base row of the first tile.  */
static void
emit_store(struct t1 *e, struct pass *p, brn_rv y, brn_rv row)
{
	struct brn_gcc *g = e->g;
	int nv = e->nvec;

	for (int r = 0; r < p->rows; r++) {
		brn_rv to = brn_gcc_get(brn_gcc_local(g, "to",
		    brn_gcc_offset(g, y, brn_gcc_mul(g, row_at(e, row, r),
		    nv))));

		for (int i = 0; i < p->nx; i++) {
			int v = p->first + i;

			brn_gcc_set(g, brn_gcc_at(g, to, brn_gcc_int(g,
			    v / nv * e->part.yrows * nv + v % nv)),
			    brn_gcc_get(p->acc[r * p->nx + i]));
		}
	}
}

/* The pass of nrow rows, from e->row on, and nx vectors from `first` on.  */
static void
emit_pass(struct t1 *e, int nrow, int first, int nx)
{
	struct brn_gcc *g = e->g;
	struct pass p = { nrow, first, nx, { NULL }, e->source, NULL };
	brn_rv tile = brn_gcc_get(e->tile), row, line;
	brn_lv x, y;

	row = brn_gcc_add(g, brn_gcc_mul(g, brn_gcc_get(e->brow), e->s->bh),
	    brn_gcc_get(e->row));
	line = brn_gcc_mul(g, brn_gcc_add(g, brn_gcc_mul(g, tile,
	    e->part.yrows), base_row(e, row)), BRN_TILE);
	x = brn_gcc_local(g, "x", brn_gcc_offset(g,
	    brn_gcc_arg(g, BRN_ARG_x),
	    brn_gcc_mul(g, tile, cols(e->s) * BRN_TILE)));
	emit_init(e, &p, row);
	emit_steps(e, &p, brn_gcc_get(x), brn_gcc_offset(g,
	    brn_gcc_get(e->w), brn_gcc_get(e->row)));
	y = brn_gcc_local(g, "y", brn_gcc_cast(g, brn_gcc_offset(g,
	    brn_gcc_arg(g, BRN_ARG_y), line), brn_gcc_ptr(g->vec)));
	emit_store(e, &p, brn_gcc_get(y), row);
}

/* n passes of nrow rows each, from e->row on.  */
static void
emit_rows(struct t1 *e, int n, int nrow, int first, int nx)
{
	struct brn_gcc *g = e->g;
	struct brn_loop l;
	brn_lv left;

	if (n == 0)
		return;
	left = brn_gcc_local(g, "left", brn_gcc_int(g, n));
	if (n > 1)
		l = brn_gcc_while(g, brn_gcc_int(g, 0),
		    GCC_JIT_COMPARISON_LT, brn_gcc_get(left));
	emit_pass(e, nrow, first, nx);
	brn_gcc_set(g, e->row, brn_gcc_add(g, brn_gcc_get(e->row),
	    brn_gcc_int(g, nrow)));
	if (n > 1) {
		brn_gcc_set(g, left, brn_gcc_add(g, brn_gcc_get(left),
		    brn_gcc_int(g, -1)));
		brn_gcc_wend(g, l);
	}
}

/* All rows of the block for nx vectors, in as few passes as registers allow and
 * of about the same height.  Heights are even where they can be: passes of 6, 6
 * and 4 rows are faster than 6, 5 and 5.  */
static void
emit_passes(struct t1 *e, int first, int nx)
{
	int bh = e->s->bh, n = brn_t1_passes(e->s, nx);
	int unit = bh % 2 != 0 || brn_t1_max_rows(e->s->isa, nx) % 2 ? 1 : 2;
	int more = bh / unit % n, few = bh / unit / n;

	brn_gcc_set(e->g, e->row, brn_gcc_int(e->g, 0));
	n -= more;
	if (e->groups.kept && nx == BRN_QUAD) {
		e->source = BRN_UNPACK_AND_KEEP;
		emit_rows(e, 1, (few + (more > 0)) * unit, first, nx);
		*(more ? &more : &n) -= 1;
		e->source = BRN_KEPT;
	}
	emit_rows(e, more, (few + 1) * unit, first, nx);
	emit_rows(e, n, few * unit, first, nx);
	e->source = BRN_UNPACK;
}

/* The block row for all tiles up to end, ntile at a time while there are as
 * many.  */
static void
emit_tiles(struct t1 *e, int ntile, brn_rv end)
{
	struct brn_gcc *g = e->g;
	int nx = brn_t1_pass_vectors(e->s, ntile);
	brn_rv next = brn_gcc_add(g, brn_gcc_get(e->tile),
	    brn_gcc_int(g, ntile));
	struct brn_loop l = brn_gcc_while(g, next, GCC_JIT_COMPARISON_LE, end);

	for (int i = 0; i < ntile * e->nvec; i += nx)
		emit_passes(e, i, nx);
	brn_gcc_set(g, e->tile, next);
	brn_gcc_wend(g, l);
}

static void
emit_block_row(struct t1 *e, brn_rv tile0, brn_rv tile1)
{
	struct brn_gcc *g = e->g;
	const struct brn_spec *s = e->s;
	brn_rv b = brn_gcc_get(e->brow), first;

	if (e->full) {
		first = brn_gcc_mul(g, b, e->nstep);
	} else {
		brn_lv lo = brn_gcc_local(g, "lo", brn_gcc_cast(g,
		    brn_gcc_get(brn_gcc_at(g, e->part.t.rowptr, b)), g->i64));
		brn_rv hi = brn_gcc_cast(g, brn_gcc_get(brn_gcc_at(g,
		    e->part.t.rowptr, brn_gcc_add(g, b, brn_gcc_int(g, 1)))),
		    g->i64);

		first = brn_gcc_get(lo);
		e->p = brn_gcc_local(g, "p", brn_gcc_offset(g,
		    e->part.t.offs, brn_gcc_mul(g, first, e->dot)));
		e->end = brn_gcc_local(g, "end", brn_gcc_offset(g,
		    e->part.t.offs, brn_gcc_mul(g, hi, e->dot)));
	}
	if (e->groups.kept) {
		e->kept_end = brn_gcc_local(g, "kept_end", brn_gcc_offset(g,
		    brn_gcc_get(e->p), brn_gcc_int(g,
		    BRN_KEPT_GROUPS * e->dot)));
		brn_gcc_min(g, e->kept_end, brn_gcc_get(e->end));
	}
	e->w = brn_gcc_local(g, "w", brn_gcc_offset(g, e->part.vals,
	    brn_gcc_mul(g, first, (int64_t)s->bh * e->bw)));
	brn_gcc_set(g, e->tile, tile0);
	for (int t = brn_t1_tiles(s); t > 0; t = brn_t1_narrower(s, t))
		emit_tiles(e, t, tile1);
}

/* The loops: groups of tiles, block rows, tiles, rows of the block.  */
static void
emit_kernel(struct t1 *e)
{
	struct brn_gcc *g = e->g;
	brn_rv zero = brn_gcc_int(g, 0), tile1;
	brn_lv group, end;
	struct brn_loop lg, lb;

	tile1 = brn_gcc_arg(g, BRN_ARG_tile1);
	e->tile = brn_gcc_local(g, "tile", zero);
	e->brow = brn_gcc_local(g, "brow", zero);
	e->row = brn_gcc_local(g, "row", zero);
	group = brn_gcc_local(g, "group", brn_gcc_arg(g, BRN_ARG_tile0));
	end = brn_gcc_local(g, "end", zero);

	lg = brn_gcc_while(g, brn_gcc_get(group), GCC_JIT_COMPARISON_LT,
	    tile1);
	brn_gcc_set(g, end, brn_gcc_add(g, brn_gcc_get(group),
	    brn_gcc_int(g, brn_t1_tile_group(e->s))));
	brn_gcc_min(g, end, tile1);
	brn_gcc_set(g, e->brow, e->part.brow0);
	lb = brn_gcc_while(g, brn_gcc_get(e->brow), GCC_JIT_COMPARISON_LT,
	    e->part.brow1);
	emit_block_row(e, brn_gcc_get(group), brn_gcc_get(end));
	brn_gcc_set(g, e->brow, brn_gcc_add(g, brn_gcc_get(e->brow),
	    brn_gcc_int(g, 1)));
	brn_gcc_wend(g, lb);
	brn_gcc_set(g, group, brn_gcc_get(end));
	brn_gcc_wend(g, lg);
}

/* The steps of dot groups.  */
static void
set_groups(struct t1 *e)
{
	enum brn_elem elem = e->s->elem;
	int64_t n = brn_dot_groups_of(elem, cols(e->s));

	brn_groups_init(&e->groups, e->g, e->s);
	e->dot = brn_elems[elem].dot;
	e->noff = e->groups.interleaved ? 1 : e->dot;
	for (e->bw = e->full ? STEP_GROUPS : 1; n % e->bw; e->bw /= 2)
		;
	e->nstep = n / e->bw;
}

void
brn_emit_t1_part(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_t1_part *p)
{
	struct t1 e = { .g = g, .s = s, .part = *p, .full = !p->t.offs,
	    .nvec = brn_t1_vectors(s->isa), .bw = s->bw, .nstep = s->nbcol,
	    .dot = 1, .noff = 1 };

	if (brn_elems[s->elem].dot > 1)
		set_groups(&e);
	emit_kernel(&e);
}

static int
emit_layer(struct brn_gcc *g, const struct brn_spec *s, int full,
    burin_error *err)
{
	struct brn_t1_part p = {
		.yrows = (int64_t)s->nbrow * s->bh,
		.vals = brn_gcc_arg(g, s->elem == BRN_ELEM_f32 ?
		    BRN_ARG_vals : BRN_ARG_stream),
		.brow0 = brn_gcc_arg(g, BRN_ARG_brow0),
		.brow1 = brn_gcc_arg(g, BRN_ARG_brow1),
	};
	int rc;

	if (!full && (rc = brn_emit_tables(g, s, &p.t, err)) < 0)
		return rc;
	brn_emit_t1_part(g, s, &p);
	return 0;
}

int
brn_emit_t1_full(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_plan *plan, burin_error *err)
{
	(void)plan;
	return emit_layer(g, s, 1, err);
}

int
brn_emit_t1_tile(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_plan *plan, burin_error *err)
{
	(void)plan;
	return emit_layer(g, s, 0, err);
}
