/* SPDX-License-Identifier: Apache-2.0
 *
 * A convolution on integers: as conv.c, a group of quads of tiles at a time,
 * with planes and phases of bytes.  Of each quad, as many block rows at a time
 * as have sums that stay in L1 go through the kernel and, at once, from sums to
 * results.
 */
#include "runtime/conv.h"

#include "jit/kernel/dot_groups.h"
#include "runtime/native/image_bytes.h"

enum {
	GROUP_BYTES = 256 << 10,        /* of x of a group: part of L2 */
	GROUP_QUADS = 4,                /* at most */
	HOT_ROWS = 64,                  /* 16 KB of sums of a quad */
};

/* Floats from a quad of x to the next (jit/abi.h).  */
static int64_t
quad_size(const struct brn_layer *l)
{
	return brn_layer_xt_size(l, BRN_QUAD);
}

/* Quads of a group: about the same number in each.  */
static int64_t
quads_in_group(const struct brn_layer *l, const struct brn_planes *g)
{
	int64_t all = (g->npos + BRN_QUAD_POS - 1) / BRN_QUAD_POS, ngroup;
	int64_t n = GROUP_BYTES / (brn_layer_colsp(l) * BRN_QUAD_POS);

	n = n > GROUP_QUADS ? GROUP_QUADS : n < 1 ? 1 : n;
	ngroup = (all + n - 1) / n;
	return ngroup ? (all + ngroup - 1) / ngroup : 1;
}

/* The room of a thread: x of a group, sums, and line offsets.  Sums of any
 * block rows are written to the same place, behind room for all: the kernel is
 * given a y so far before it that they get there.  */
struct room {
	float *x, *sums;
	int64_t *from, size;
};

static struct room
room_of(const struct brn_layer *l, const struct brn_planes *g, float *at)
{
	int64_t x = quad_size(l) * quads_in_group(l, g);
	int64_t rows = brn_layer_yt_size(l, 1), n = x + rows * (1 + BRN_QUAD);

	return (struct room){ at, at + x + rows, (int64_t *)(void *)(at + n),
	    n + (2 * brn_layer_colsp(l) + BRN_TILE - 1) / BRN_TILE *
	    BRN_TILE };
}

void
brn_conv_bytes_sizes(const struct brn_layer *l, const struct brn_type *x,
    const struct brn_planes *g, int64_t *phases, int64_t *scratch)
{
	*phases = g->direct ? 0 : (x->dim[1] * brn_planes_size(g) + 3) / 4;
	*scratch = room_of(l, g, NULL).size;
}

/* One image of the batch.  */
struct image {
	const struct brn_conv *r;
	const uint8_t *x, *phases;
	const void *residual;
	void *y;
	int64_t ngroup, nquad;          /* quads of a group */
	int nthread;
};

static void
make_phases(void *ctx, size_t c)
{
	const struct image *m = ctx;
	const struct brn_conv *r = m->r;
	int64_t from = (int64_t)c * r->g.y.in * r->g.x.in;
	int64_t to = (int64_t)c * brn_planes_size(&r->g);

	r->native->phases_bytes(&r->g, m->x + from, (uint8_t *)r->phases + to,
	    (uint8_t)(r->layer->quant.zero - brn_byte_offset(r->x_type)));
}

/* Block rows that are done together: whole grains.  */
static int64_t
block_rows(const struct brn_layer *l)
{
	int64_t n = HOT_ROWS / l->bsr->bh / l->grain * l->grain;

	return n > 0 ? n : l->grain;
}

/* Sums and results of a quad, whose x is at xq.  */
static void
run_quad(const struct image *m, const struct room *room, const float *xq,
    const struct brn_quad_pieces *p)
{
	const struct brn_conv *r = m->r;
	const struct brn_layer *l = r->layer;
	int64_t step = block_rows(l), nbrow = l->bsr->nbrow, bh = l->bsr->bh;
	struct brn_kernel_args a = brn_layer_args(l);
	struct brn_scatter_bytes s = { &l->quant.finish, p,
	    (const int32_t *)(const void *)room->sums, brn_layer_yt_size(l, 1),
	    0, 0, r->g.y.out * r->g.x.out };

	a.x = xq;
	a.bias = NULL;
	a.tile1 = brn_quad_tiles(p->npos);
	for (; a.brow0 < nbrow; a.brow0 = a.brow1) {
		a.brow1 = a.brow0 + step < nbrow ? a.brow0 + step : nbrow;
		a.y = room->sums - a.brow0 * bh * BRN_TILE;
		brn_layer_multiply(l, &a);
		s.row = a.brow0 * bh;
		s.nrow = (a.brow1 * bh < l->bsr->rows ? a.brow1 * bh :
		    l->bsr->rows) - s.row;
		r->native->scatter_bytes(&s, m->y, m->residual);
	}
}

static void
run_group(const struct image *m, int64_t i, const struct room *room)
{
	const struct brn_conv *r = m->r;
	const struct brn_layer *l = r->layer;
	int64_t pos = i * m->nquad * BRN_QUAD_POS;
	int64_t n = r->g.npos - pos, most = m->nquad * BRN_QUAD_POS;

	n = n < most ? n : most;
	r->native->gather_bytes(&(struct brn_gather_bytes){ m->phases + pos,
	    room->from, l->used, l->nused, quad_size(l) *
	    (int64_t)sizeof(float), n, brn_dot_groups_aligned(&l->spec),
	    (uint8_t)brn_byte_offset(r->x_type) }, (uint8_t *)room->x);
	for (int64_t q = 0; q * BRN_QUAD_POS < n; q++) {
		int64_t at = q * BRN_QUAD_POS;
		struct brn_quad_pieces p;

		p.npos = n - at < BRN_QUAD_POS ? n - at : BRN_QUAD_POS;
		p.n = brn_pieces_find(&r->g, pos + at, BRN_QUAD, p.piece);
		run_quad(m, room, room->x + q * quad_size(l), &p);
	}
}

static void
run_thread(void *ctx, size_t thread)
{
	const struct image *m = ctx;
	const struct brn_conv *r = m->r;
	struct room room = room_of(r->layer, &r->g, r->scratch +
	    (int64_t)thread * r->scratch_size);

	brn_conv_line_offsets(r, room.from);
	for (int64_t i = (int64_t)thread; i < m->ngroup; i += m->nthread)
		run_group(m, i, &room);
}

static struct image
image_at(const struct brn_conv *r, int64_t b)
{
	int64_t in = b * r->channels * r->g.y.in * r->g.x.in;
	int64_t out = b * r->layer->bsr->rows * r->g.y.out * r->g.x.out;
	struct image m = { .r = r, .x = (const uint8_t *)r->x + in,
	    .y = (char *)r->y + out * (int64_t)brn_dtype_size(r->y_type),
	    .nquad = quads_in_group(r->layer, &r->g),
	    .nthread = brn_threads_count(r->threads) };
	int64_t most = m.nquad * BRN_QUAD_POS;

	if (r->residual)
		m.residual = (const char *)r->residual +
		    out * (int64_t)brn_dtype_size(r->residual_type);
	m.phases = r->g.direct ? m.x : r->phases;
	m.ngroup = (r->g.npos + most - 1) / most;
	return m;
}

void
brn_conv_bytes(const struct brn_conv *r)
{
	for (int64_t b = 0; b < r->batch && r->g.npos; b++) {
		struct image m = image_at(r, b);

		if (!r->g.direct)
			brn_parallel(r->threads, (size_t)r->channels,
			    make_phases, &m);
		brn_parallel(r->threads, (size_t)m.nthread, run_thread, &m);
	}
}
