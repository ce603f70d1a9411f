/* SPDX-License-Identifier: Apache-2.0
 *
 * Which steps run band by band: those whose form has BRN_BY_TILE or
 * BRN_BY_SEQUENCE.  All others end a stretch.  Each band reads the weights of
 * its stretch once, so these are to stay in L3.
 */
#include "runtime/bands.h"

/* Tiles of the smallest band: with fewer, the weights are most of what is
 * read.  A sequence of up to WHOLE_BANDS bands is not divided.  */
enum { BAND_TILES = 8, WHOLE_BANDS = 2 };
/* Bytes of weights in a stretch.  */
static const int64_t MAX_WEIGHTS = 16 << 20;

/* What a part of a step's result depends on.  */
enum extent { TILE, SEQUENCE, ALL };

/* Are the tokens of a and b in the same tiles?  */
static int
same_tiles(const struct brn_type *a, const struct brn_type *b)
{
	struct brn_tiles x = brn_tiles_of(a), y = brn_tiles_of(b);

	return x.batch == y.batch && x.tokens == y.tokens;
}

/* A form that packs operands into shared room does so for all of them.  */
static enum extent
extent_of(const struct brn_step *s)
{
	const struct brn_node *n = s->node;

	if (!n->tiles || !n->in[0]->tiles || s->room.shared ||
	    n->nin > BRN_BAND_INPUTS)
		return ALL;
	for (int i = 0; i < n->nin; i++)
		if (n->in[i] && n->in[i]->tiles &&
		    !same_tiles(s->out_type, s->type[i]))
			return ALL;
	if (s->form->flags & BRN_BY_TILE)
		return TILE;
	return s->form->flags & BRN_BY_SEQUENCE ? SEQUENCE : ALL;
}

static int64_t
weight_bytes(const struct brn_step *s)
{
	const struct brn_bsr *b = s->layer ? s->layer->bsr : NULL;

	return b ? (int64_t)b->nblk * b->bh * b->bw *
	    (int64_t)sizeof *b->vals : 0;
}

/* The stretch that begins at step first; last < first if there is none.  */
static struct brn_bands
find_stretch(const struct brn_step *step, int n, int first)
{
	const struct brn_type *t = step[first].out_type;
	struct brn_tiles l = brn_tiles_of(t);
	int whole = l.per <= WHOLE_BANDS * BAND_TILES;
	struct brn_bands b = { first, first - 1, l.n, BAND_TILES };
	int64_t weights = 0;

	if (b.n <= BAND_TILES)
		return b;
	if (whole)
		b.step = (BAND_TILES + l.per - 1) / l.per * l.per;
	for (int i = first; i < n; i++) {
		weights += weight_bytes(&step[i]);
		if (weights > MAX_WEIGHTS ||
		    extent_of(&step[i]) > (whole ? SEQUENCE : TILE) ||
		    !same_tiles(t, step[i].out_type))
			break;
		b.last = i;
	}
	return b;
}

int
brn_bands_find(const struct brn_step *step, int n, struct brn_bands *out)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		struct brn_bands b = { .last = -1 };

		if (step[i].node->tiles)
			b = find_stretch(step, n, i);
		if (b.last <= i || b.n <= b.step)
			continue;
		out[count++] = b;
		i = b.last;
	}
	return count;
}

/* Where the band of v begins: v has all tiles, or room for one band.  */
static float *
band_data(const struct brn_tensor *v, const struct brn_band *b)
{
	int64_t tile = v->type.dim[1] * BRN_TILE;
	float *data = v->data;

	return v->type.dim[0] == b->n ? data + b->from * tile : data;
}

/* The type in rows of a band of a value of type t: whole sequences, or one with
 * as many tokens as its tiles have.  */
static struct brn_type
band_type(const struct brn_type *t, const struct brn_band *b)
{
	struct brn_tiles l = brn_tiles_of(t);
	int64_t n = b->to - b->from;

	if (n % l.per == 0 && b->from % l.per == 0)
		return (struct brn_type){ t->dtype, 3,
		    { n / l.per, l.tokens, l.features } };
	return (struct brn_type){ t->dtype, 2, { n * BRN_TILE, l.features } };
}

void
brn_band_narrow(struct brn_band_call *k, const struct brn_band *b,
    struct brn_call *c)
{
	c->batch0 = b->from / brn_tiles_of(c->type[0]).per;
	for (int i = 0; i < c->n->nin; i++) {
		k->in[i] = c->in[i];
		k->type[i] = c->type[i];
		if (!c->in[i] || !c->n->in[i]->tiles)
			continue;
		k->val[i] = *c->in[i];
		k->val[i].data = band_data(c->in[i], b);
		k->in[i] = &k->val[i];
		k->val_type[i] = band_type(c->type[i], b);
		k->type[i] = &k->val_type[i];
	}
	k->out = *c->out;
	k->out.data = band_data(c->out, b);
	c->in = k->in;
	c->type = k->type;
	c->out = &k->out;
}
