/* SPDX-License-Identifier: Apache-2.0
 *
 * The geometry of phases.
 */
#include "runtime/native/planes.h"

static void
set_phases(struct brn_phases *d)
{
	for (int64_t t = 0; t < d->kernel; t++) {
		int64_t u = t * d->dilation, f = u % d->stride;
		int i = 0;

		while (i < d->n && d->phase[i] != f)
			i++;
		if (i == d->n)
			d->phase[d->n++] = f;
		d->of[t] = i;
		d->at[t] = u / d->stride;
	}
}

/* Elements of a phase from the first to the last tap.  */
static int64_t
reach(const struct brn_phases *d)
{
	return (d->kernel - 1) * d->dilation / d->stride;
}

static int64_t
larger_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Without a stride, the padding behind a row and that before the next row are
 * the same elements.  */
static int64_t
pitch_of(const struct brn_phases *x)
{
	int64_t end;

	if (x->stride > 1)
		return x->out + reach(x);
	end = larger_of(x->out + reach(x) - x->pad - x->in, 0);
	return larger_of(x->in + larger_of(x->pad, end), x->out);
}

static void
set_direction(const struct brn_window *w, int i, struct brn_phases *d)
{
	*d = (struct brn_phases){ .in = 1, .out = 1, .kernel = 1, .stride = 1,
	    .dilation = 1 };
	if (i >= 0) {
		d->in = w->in[i];
		d->out = w->out[i];
		d->kernel = w->kernel[i];
		d->stride = w->stride[i];
		d->dilation = w->dilation[i];
		d->pad = w->pad[i];
	}
	set_phases(d);
}

/* Each result reads the element of its own position.  */
static int
is_direct(const struct brn_phases *d)
{
	return d->kernel == 1 && d->stride == 1 && d->pad == 0 &&
	    d->in == d->out;
}

/* The last dimension of a layer that has one element there, as sequences kept
 * as [batch][channels][length][1] have: the one before it takes its place, and
 * rows are long.  */
static int
last_dimension(const struct brn_node *n, const struct brn_window *w)
{
	int d = w->n - 1;

	return d > 0 && n->op != BRN_OP_average_pool &&
	    n->op != BRN_OP_max_pool && w->in[d] == 1 && w->out[d] == 1 &&
	    w->kernel[d] == 1 && w->pad[d] == 0 ? d - 1 : d;
}

int
brn_planes_of(const struct brn_node *n, const struct brn_type *x,
    struct brn_planes *g)
{
	struct brn_window w;
	const char *why;
	int last;

	if (brn_window_of(n, x, NULL, &w, &why) < 0 ||
	    !brn_window_is_small(&w))
		return 0;
	last = last_dimension(n, &w);
	set_direction(&w, last - 1, &g->y);
	set_direction(&w, last, &g->x);
	g->direct = is_direct(&g->y) && is_direct(&g->x);
	g->pitch = g->direct ? g->x.out : pitch_of(&g->x);
	g->rows = g->y.out + reach(&g->y);
	g->npos = (g->y.out - 1) * g->pitch + g->x.out;
	if (g->y.out == 0 || g->x.out == 0)
		g->npos = 0;
	g->size = g->direct ? g->npos : larger_of(g->rows * g->pitch,
	    brn_planes_ntile(g) * BRN_TILE + reach(&g->y) * g->pitch) +
	    reach(&g->x);
	if (!g->direct)
		g->size = (g->size + BRN_TILE - 1) / BRN_TILE * BRN_TILE;
	return 1;
}

void
brn_planes_part(const struct brn_phases *d, int64_t f, int64_t n,
    int64_t *first, int64_t *past)
{
	int64_t lo = d->pad - f, hi = d->in + d->pad - f;

	*first = lo <= 0 ? 0 : (lo + d->stride - 1) / d->stride;
	*past = hi <= 0 ? 0 : (hi + d->stride - 1) / d->stride;
	*first = *first < n ? *first : n;
	*past = *past < n ? *past : n;
	*past = *past > *first ? *past : *first;
}

int
brn_pieces_find(const struct brn_planes *g, int64_t pos, int64_t ntile,
    struct brn_piece *piece)
{
	int64_t p = pos, end = p + ntile * BRN_TILE;
	int n = 0;

	end = end < g->npos ? end : g->npos;
	while (p < end) {
		int64_t in = p % g->pitch, len = g->x.out - in;
		int64_t next = p - in + g->pitch;

		if (g->pitch == g->x.out)
			next = end;
		if (g->pitch == g->x.out || len > end - p)
			len = end - p;
		if (len > 0)
			piece[n++] = (struct brn_piece){ p - pos,
			    brn_planes_before(g, p), len };
		p = next;
	}
	return n;
}
