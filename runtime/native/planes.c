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

/* The distance of rows, d their elements, or of slices, d their rows.  Without
 * a stride, the padding behind one and that before the next are the same.  */
static int64_t
pitch_of(const struct brn_phases *d)
{
	int64_t end;

	if (d->stride > 1)
		return d->out + reach(d);
	end = larger_of(d->out + reach(d) - d->pad - d->in, 0);
	return larger_of(d->in + larger_of(d->pad, end), d->out);
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

static void
set_sizes(struct brn_planes *g)
{
	int volume = g->z.out > 1 || g->z.kernel > 1;

	g->direct = is_direct(&g->z) && is_direct(&g->y) && is_direct(&g->x);
	g->pitch = g->direct ? g->x.out : pitch_of(&g->x);
	g->rows = g->direct ? g->y.out :
	    volume ? pitch_of(&g->y) : g->y.out + reach(&g->y);
	g->slice = g->rows * g->pitch;
	g->npos = (g->z.out - 1) * g->slice + (g->y.out - 1) * g->pitch +
	    g->x.out;
	if (brn_planes_out(g) == 0)
		g->npos = 0;
	g->size = g->npos;
	if (g->direct)
		return;
	g->size = larger_of(brn_planes_nslice(g) * g->slice,
	    brn_planes_ntile(g) * BRN_TILE + reach(&g->z) * g->slice +
	    reach(&g->y) * g->pitch) + reach(&g->x);
	/* An odd number of lines: channels begin in different sets of L1. */
	g->size = (g->size + BRN_TILE - 1) / BRN_TILE * BRN_TILE;
	g->size += g->size / BRN_TILE % 2 ? 0 : BRN_TILE;
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
	set_direction(&w, last - 2, &g->z);
	set_direction(&w, last - 1, &g->y);
	set_direction(&w, last, &g->x);
	set_sizes(g);
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

		if (p % g->slice / g->pitch >= g->y.out) {
			len = 0;
			next = p - p % g->slice + g->slice;
		} else if (brn_planes_are_results(g)) {
			len = end - p;
			next = end;
		}
		len = len < end - p ? len : end - p;
		if (len > 0)
			piece[n++] = (struct brn_piece){ p - pos,
			    brn_planes_before(g, p), len };
		p = next;
	}
	return n;
}
