/* SPDX-License-Identifier: Apache-2.0
 *
 * Which steps go band by band.  A layer and a normalisation need the tiles
 * that they write, attention all tiles of a sequence; everything else ends a
 * stretch.  The weights of a stretch are read once a band, so these are to
 * stay in the third-level cache.
 */
#include "runtime/bands.h"

/* The smallest band: with fewer tiles the weights, which every band reads
 * anew, are the larger part of what is moved.  A sequence that is not longer
 * than LONG bands of it is not taken apart.  */
enum { BAND = 8, LONG = 2 };
static const int64_t weights_max = 16 << 20;

enum reach { TILE, SEQUENCE, ALL };

static const struct brn_type *
type_of(const struct brn_plan *p, const struct brn_node *n)
{
	return &p->shapes->type[n->id];
}

/* Are the tokens of a and b in the same tiles?  */
static int
same_tiles(const struct brn_type *a, const struct brn_type *b)
{
	struct brn_tiles x = brn_tiles_of(a), y = brn_tiles_of(b);

	return x.batch == y.batch && x.tokens == y.tokens;
}

/* Does a layer take and give tiles as they are, without padding?  */
static int
is_whole(const struct brn_layer *l)
{
	return brn_layer_colsp(l) == l->bsr->cols &&
	    brn_layer_rowsp(l) == l->bsr->rows;
}

static enum reach
reach_of(const struct brn_plan *p, const struct brn_net *m,
    const struct brn_step *s)
{
	const struct brn_node *n = s->node;

	if (!n->tiles || !n->in[0]->tiles)
		return ALL;
	for (int i = 0; i < n->nin; i++)
		if (n->in[i] && n->in[i]->tiles &&
		    !same_tiles(type_of(p, n), type_of(p, n->in[i])))
			return ALL;
	if (s->layer >= 0)
		return is_whole(&m->layer[s->layer]) ? TILE : ALL;
	if (n->op == BRN_OP_layer_norm)
		return TILE;
	return n->op == BRN_OP_attention ? SEQUENCE : ALL;
}

static int64_t
weights_of(const struct brn_net *m, const struct brn_step *s)
{
	const struct brn_bsr *b = s->layer < 0 ? NULL :
	    m->layer[s->layer].bsr;

	return b ? (int64_t)b->nblk * b->bh * b->bw *
	    (int64_t)sizeof *b->vals : 0;
}

/* The stretch that begins at step first, or one with no steps.  */
static struct brn_bands
stretch(const struct brn_plan *p, const struct brn_net *m, int first)
{
	const struct brn_type *t = type_of(p, p->step[first].node);
	struct brn_tiles l = brn_tiles_of(t);
	int whole = l.per <= LONG * BAND;
	struct brn_bands b = { first, first - 1, l.n, BAND };
	int64_t weights = 0;

	if (b.n <= BAND)
		return b;
	if (whole)
		b.step = (BAND + l.per - 1) / l.per * l.per;
	for (int i = first; i < p->nstep; i++) {
		const struct brn_step *s = &p->step[i];

		weights += weights_of(m, s);
		if (weights > weights_max ||
		    reach_of(p, m, s) > (whole ? SEQUENCE : TILE) ||
		    !same_tiles(t, type_of(p, s->node)))
			break;
		b.last = i;
	}
	return b;
}

int
brn_bands_find(const struct brn_plan *p, const struct brn_net *m,
    struct brn_bands *out)
{
	int n = 0;

	for (int i = 0; i < p->nstep; i++) {
		struct brn_bands b = { .last = -1 };

		if (p->step[i].node->tiles)
			b = stretch(p, m, i);
		if (b.last <= i || b.n <= b.step)
			continue;
		out[n++] = b;
		i = b.last;
	}
	return n;
}

float *
brn_band_data(const struct brn_tensor *v, const struct brn_band *b)
{
	int64_t tile = v->type.dim[1] * BRN_TILE;
	float *data = v->data;

	return v->type.dim[0] == b->n ? data + b->from * tile : data;
}

struct brn_type
brn_band_type(const struct brn_type *t, const struct brn_band *b)
{
	struct brn_tiles l = brn_tiles_of(t);
	int64_t n = b->to - b->from;

	if (n % l.per == 0 && b->from % l.per == 0)
		return (struct brn_type){ t->dtype, 3,
		    { n / l.per, l.tokens, l.features } };
	return (struct brn_type){ t->dtype, 2, { n * BRN_TILE, l.features } };
}
