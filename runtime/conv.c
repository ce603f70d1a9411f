/* SPDX-License-Identifier: Apache-2.0
 *
 * A convolution, a group of tiles at a time.
 */
#include "runtime/conv.h"

#include <assert.h>
#include <string.h>

/* Floats of x and y of a group: half an L2 of 1 MB.  */
enum { GROUP_FLOATS = 128 << 10 };

/* Is the product taken from the phases, without a gather?  The planes of 1 x 1
 * layers begin in few sets of L1, where the lines of many channels replace each
 * other: with more rows, which read them all again, a gather is faster.  */
enum { PRODUCT_MOST_ROWS = 64 };
static int
reads_phases(const struct brn_layer *l, const struct brn_planes *g)
{
	return l->spec.elem == BRN_ELEM_f32 && brn_spec_is_full(&l->spec) &&
	    l->spec.bw == 1 && l->spec.bh % BRN_PRODUCT_ROWS == 0 &&
	    (!g->direct || l->bsr->rows <= PRODUCT_MOST_ROWS);
}

/* Tiles of a group: at most what stays in the cache, about the same number in
 * each group, and even, for kernels that take two tiles at a time, or threes,
 * for products from phases.  */
static int64_t
tiles_in_group(const struct brn_layer *l, const struct brn_planes *g)
{
	int64_t line = (brn_layer_colsp(l) + brn_layer_rowsp(l)) * BRN_TILE;
	int64_t n = GROUP_FLOATS / line, all = brn_planes_ntile(g), ngroup;
	int threes = reads_phases(l, g);

	if (threes)
		n = BRN_GROUP_MOST / 3 * 3;
	n = n > BRN_GROUP_MOST ? BRN_GROUP_MOST : n;
	n = n < BRN_GROUP_LEAST ? BRN_GROUP_LEAST : n;
	ngroup = (all + n - 1) / n;
	n = ngroup ? (all + ngroup - 1) / ngroup : 1;
	if (threes)
		return (n + 2) / 3 * 3;
	return n > 2 ? (n + 1) / 2 * 2 : n;
}

void
brn_conv_sizes(const struct brn_layer *l, const struct brn_type *x,
    int64_t *phases, int64_t *scratch)
{
	struct brn_planes g;
	int fits = brn_planes_of(l->node, x, &g);
	int64_t n = tiles_in_group(l, &g);

	assert(fits);
	(void)fits;
	if (brn_conv_is_bytes(l)) {
		brn_conv_bytes_sizes(l, x, &g, phases, scratch);
		return;
	}
	*phases = g.direct ? 0 : x->dim[1] * brn_planes_size(&g);
	*scratch = brn_layer_xt_size(l, n) + brn_layer_yt_size(l, n) +
	    5 * brn_layer_colsp(l);
	*scratch = (*scratch + BRN_TILE - 1) / BRN_TILE * BRN_TILE;
}

/* One image of the batch.  */
struct image {
	const struct brn_conv *r;
	const float *x, *residual, *phases;
	float *y;
	int64_t ntile, ngroup;
	int nthread;
};

static void
make_phases(void *ctx, size_t c)
{
	const struct image *m = ctx;
	const struct brn_conv *r = m->r;
	int64_t from = (int64_t)c * brn_planes_in(&r->g);
	int64_t to = (int64_t)c * brn_planes_size(&r->g);

	r->native->phases(&r->g, m->x + from, (float *)r->phases + to, 0);
}

void
brn_conv_line_offsets(const struct brn_conv *r, int64_t *from)
{
	int64_t ntap = brn_planes_ntap(&r->g), first = 0, at = 0;
	int64_t size = brn_planes_size(&r->g);
	int64_t tap[BRN_WINDOW_ALL_TAPS];

	for (int64_t t = 0; t < ntap; t++)
		tap[t] = brn_planes_tap(&r->g, t);
	for (int32_t k = 0; k < r->layer->nused; k++) {
		int64_t c = r->layer->used[k];

		for (; c >= first + ntap; first += ntap)
			at += size;
		from[k] = at + tap[c - first];
	}
}

/* The number of block rows of l whose blocks have about so many floats, whole
 * grains.  */
static int64_t
block_rows_of(const struct brn_layer *l, int64_t floats)
{
	const struct brn_bsr *b = l->bsr;
	int64_t grain = l->grain;
	int64_t n = floats * b->nbrow / ((int64_t)b->nblk * b->bh * b->bw + 1);

	n = n / grain * grain;
	return n > grain ? n : grain;
}

/* Floats of weights that stay in the cache between the tiles of a group and a
 * last tile of few positions.  */
enum { HOT_WEIGHTS = 64 << 10 };

/* Call the kernel.  A last tile of few positions is a call of its own, by the
 * code for few tokens.  It reads all weights again: so some block rows go
 * through all tiles before the next, while their weights are in the cache.  */
static void
multiply(const struct brn_conv *r, const float *xt, float *yt,
    int64_t ntile, int64_t last)
{
	const struct brn_layer *l = r->layer;
	int64_t nbrow = l->bsr->nbrow, step = nbrow;
	struct brn_kernel_args a = brn_layer_args(l);

	a.x = xt;
	a.y = yt;
	a.tile1 = ntile;
	if (last > BRN_FEW_TOKENS) {
		brn_layer_multiply(l, &a);
		return;
	}
	if (ntile > 1)
		step = block_rows_of(l, HOT_WEIGHTS);
	for (; a.brow0 < nbrow; a.brow0 = a.brow1) {
		a.brow1 = a.brow0 + step < nbrow ? a.brow0 + step : nbrow;
		a.tile0 = a.tokens = 0;
		a.tile1 = ntile - 1;
		if (a.tile1)
			brn_layer_multiply(l, &a);
		a.tile0 = ntile - 1;
		a.tile1 = ntile;
		a.tokens = last;
		brn_layer_multiply(l, &a);
	}
}

/* A group of tiles: n of them from position pos on, the last of which has last
 * positions.  */
struct group {
	int64_t pos, n, last;
	float *xt, *yt;
	int64_t *from;
};

static void
gather(const struct image *m, const struct group *t)
{
	const struct brn_conv *r = m->r;
	const struct brn_layer *l = r->layer;
	int64_t colsp = brn_layer_colsp(l);
	int64_t last = r->g.direct ? t->last : BRN_TILE;

	r->native->gather(&(struct brn_gather){ m->phases + t->pos, t->from,
	    l->used, l->nused, colsp, t->n, last }, t->xt);
}

/* Do windows of positions pos to past meet rows of the image with their taps of
 * row t?  */
static int
meets_image(const struct brn_planes *g, int64_t pos, int64_t past, int64_t t)
{
	int64_t at = t * g->y.dilation - g->y.pad;
	int64_t y0 = pos / g->pitch * g->y.stride + at;
	int64_t y1 = (past - 1) / g->pitch * g->y.stride + at;

	return g->z.kernel > 1 || g->z.out > 1 || (y1 >= 0 && y0 < g->y.in);
}

/* Columns of p without rows of taps that are all padding, as most are where the
 * dilation is large.  The list is kept behind from.  */
static void
leave_out_padding(const struct brn_conv *r, const struct group *t,
    struct brn_window_product *p)
{
	const struct brn_planes *g = &r->g;
	int64_t past = t->pos + t->n * BRN_TILE, n = 0;
	int64_t row = g->x.kernel, all = row * g->y.kernel;
	int64_t *from = t->from + r->layer->nused;
	int32_t *col = (int32_t *)(from + r->layer->nused);

	past = past < g->npos ? past : g->npos;
	if (meets_image(g, t->pos, past, 0) &&
	    meets_image(g, t->pos, past, g->y.kernel - 1))
		return;
	for (int64_t k = 0; k < p->n; k++)
		if (meets_image(g, t->pos, past, k % all / row)) {
			from[n] = t->from[k];
			col[n++] = (int32_t)k;
		}
	p->from = from;
	p->col = col;
	p->n = n;
}

/* The product from the phases.  Lines of an x that is not copied may end behind
 * its last plane: those of a last tile that is not whole are gathered.  */
static void
multiply_phases(const struct image *m, const struct group *t)
{
	const struct brn_conv *r = m->r;
	const struct brn_layer *l = r->layer;
	struct brn_window_product p = { m->phases + t->pos,
	    t->from, l->used, l->bsr->vals, l->bias, l->nused, l->bsr->cols,
	    l->bsr->bh, brn_layer_rowsp(l), l->bsr->rows, t->n };
	int64_t *lines = t->from + l->nused;
	struct group last = *t;

	leave_out_padding(r, t, &p);
	if (r->g.direct && t->last < BRN_TILE) {
		p.ntile--;
		last.pos += p.ntile * BRN_TILE;
		last.n = 1;
		gather(m, &last);
	}
	if (p.ntile)
		r->native->window_product(&p, t->yt);
	if (p.ntile == t->n)
		return;
	for (int32_t k = 0; k < l->nused; k++)
		lines[k] = k * BRN_TILE;
	p.src = t->xt;
	p.from = lines;
	p.ntile = 1;
	r->native->window_product(&p, t->yt + (t->n - 1) * p.rows * BRN_TILE);
}

static void
scatter(const struct image *m, const struct group *t)
{
	const struct brn_conv *r = m->r;
	const struct brn_layer *l = r->layer;

	r->native->scatter(&(struct brn_scatter){ &r->g, l->epilogue, t->yt,
	    brn_layer_rowsp(l), l->bsr->rows, t->n, t->pos }, m->y,
	    m->residual);
}

static void
run_group(const struct image *m, int64_t i, float *scratch)
{
	const struct brn_conv *r = m->r;
	const struct brn_layer *l = r->layer;
	int64_t t0 = i * r->group;
	int64_t n = m->ntile - t0 < r->group ? m->ntile - t0 : r->group;
	int64_t left = r->g.npos - (t0 + n - 1) * BRN_TILE;
	struct group t = { t0 * BRN_TILE, n, left < BRN_TILE ? left : BRN_TILE,
	    .xt = scratch, .yt = scratch + brn_layer_xt_size(l, r->group) };

	t.from = (int64_t *)(t.yt + brn_layer_yt_size(l, r->group));
	if (reads_phases(l, &r->g)) {
		multiply_phases(m, &t);
	} else {
		gather(m, &t);
		multiply(r, t.xt, t.yt, n, t.last);
	}
	scatter(m, &t);
}

static void
run_thread(void *ctx, size_t thread)
{
	const struct image *m = ctx;
	const struct brn_conv *r = m->r;
	float *scratch = r->scratch + (int64_t)thread * r->scratch_size;
	int64_t cols = r->layer->bsr->cols, colsp = brn_layer_colsp(r->layer);

	brn_conv_line_offsets(r, (int64_t *)(scratch +
	    brn_layer_xt_size(r->layer, r->group) +
	    brn_layer_yt_size(r->layer, r->group)));
	/* The kernel does not read columns that no block has, but it reads
	 * those that pad the last block. */
	for (int64_t t = 0; t < r->group && colsp > cols; t++)
		memset(scratch + (t * colsp + cols) * BRN_TILE, 0,
		    (size_t)((colsp - cols) * BRN_TILE) * sizeof *scratch);
	for (int64_t i = (int64_t)thread; i < m->ngroup; i += m->nthread)
		run_group(m, i, scratch);
}

static struct image
image_at(const struct brn_conv *r, int64_t b)
{
	int64_t in = b * r->channels * brn_planes_in(&r->g);
	int64_t out = b * r->layer->bsr->rows * brn_planes_out(&r->g);
	struct image m = { r, (const float *)r->x + in, NULL, r->phases,
	    (float *)r->y + out, brn_planes_ntile(&r->g), 0,
	    brn_threads_count(r->threads) };

	if (r->residual)
		m.residual = (const float *)r->residual + out;
	if (r->g.direct)
		m.phases = m.x;
	m.ngroup = (m.ntile + r->group - 1) / r->group;
	return m;
}

void
brn_conv(struct brn_conv *r, const struct brn_type *x)
{
	int fits = brn_planes_of(r->layer->node, x, &r->g);

	assert(fits);
	(void)fits;
	r->batch = x->dim[0];
	r->channels = x->dim[1];
	r->x_type = x->dtype;
	if (brn_conv_is_bytes(r->layer)) {
		brn_conv_bytes(r);
		return;
	}
	r->group = tiles_in_group(r->layer, &r->g);
	for (int64_t b = 0; b < r->batch && r->g.npos; b++) {
		struct image m = image_at(r, b);

		if (!r->g.direct)
			brn_parallel(r->threads, (size_t)r->channels,
			    make_phases, &m);
		brn_parallel(r->threads, (size_t)m.nthread, run_thread, &m);
	}
}
