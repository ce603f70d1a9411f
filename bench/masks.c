/* SPDX-License-Identifier: Apache-2.0
 *
 * The table has the sparsity of one published model; positions are random.
 */
#include "bench/masks.h"

#include "bench/model.h"

enum { LAYERS = 12, HEADS = 12, BLOCK = 32 };

/* Percent of zeros in the weights of each layer; number of pruned heads.  */
static const struct {
	int attention, ffn, heads;
} measured[LAYERS] = {
	{ 78, 89, 7 }, { 78, 85, 8 }, { 71, 74, 6 }, { 60, 71, 5 },
	{ 66, 74, 5 }, { 75, 73, 7 }, { 75, 79, 6 }, { 70, 88, 5 },
	{ 80, 97, 6 }, { 85, 98, 7 }, { 87, 96, 6 }, { 92, 95, 8 },
};

/* 1 with probability want / of.  */
static int
chance(uint64_t *state, int64_t want, int64_t of)
{
	return (model_uniform(state) + 1) / 2 * (double)of < (double)want;
}

/* A rectangle of w [in][out].  */
struct part {
	float *w;
	int64_t in, out;
	int64_t from_in, nin, from_out, nout;
};

static int
is_zero(const struct part *p)
{
	for (int64_t i = p->from_in; i < p->from_in + p->nin; i++)
		for (int64_t k = p->from_out; k < p->from_out + p->nout; k++)
			if (p->w[i * p->out + k] != 0)
				return 0;
	return 1;
}

static void
zero(const struct part *p)
{
	for (int64_t i = p->from_in; i < p->from_in + p->nin; i++)
		for (int64_t k = p->from_out; k < p->from_out + p->nout; k++)
			p->w[i * p->out + k] = 0;
}

/* Zero gone heads.  The seed of a layer is fixed, so that all weights of the
 * layer lose the same heads.  */
static void
zero_heads(const struct masks *m, int layer, struct part p, int gone, int axis)
{
	uint64_t state = m->seed + 1000 * ((uint64_t)layer + 1);

	for (int h = 0; h < m->heads; h++) {
		if (!chance(&state, gone, m->heads - h))
			continue;
		gone--;
		if (axis) {
			p.nout = p.out / m->heads;
			p.from_out = h * p.nout;
		} else {
			p.nin = p.in / m->heads;
			p.from_in = h * p.nin;
		}
		zero(&p);
	}
}

/* Number of blocks that cover n features.  */
static int64_t
nblocks(int64_t n)
{
	return (n + BLOCK - 1) / BLOCK;
}

/* Set *p to block b of its weight.  */
static void
select_block(struct part *p, int64_t b)
{
	p->from_in = b / nblocks(p->out) * BLOCK;
	p->from_out = b % nblocks(p->out) * BLOCK;
	p->nin = p->in - p->from_in < BLOCK ? p->in - p->from_in : BLOCK;
	p->nout = p->out - p->from_out < BLOCK ? p->out - p->from_out : BLOCK;
}

/* Keep this number of blocks that are not zero, at random; zero the others.  */
static void
keep_blocks(struct part p, int64_t keep, uint64_t *state)
{
	int64_t all = nblocks(p.in) * nblocks(p.out), full = 0;

	for (int64_t b = 0; b < all; b++) {
		select_block(&p, b);
		full += !is_zero(&p);
	}
	for (int64_t b = 0; b < all; b++) {
		select_block(&p, b);
		if (is_zero(&p))
			continue;
		if (chance(state, keep, full--))
			keep--;
		else
			zero(&p);
	}
}

void
masks_apply(struct masks *m, int layer, enum masks_kind kind, float *w,
    int64_t in, int64_t out)
{
	struct part p = { w, in, out, 0, in, 0, out };
	int row = layer * LAYERS / m->layers, percent = measured[row].ffn;
	int gone = (measured[row].heads * m->heads + HEADS / 2) / HEADS;

	if (kind != MASKS_FFN) {
		percent = measured[row].attention;
		zero_heads(m, layer, p, gone, kind == MASKS_OUT);
	}
	keep_blocks(p, (nblocks(in) * nblocks(out) * (100 - percent) + 50) /
	    100, &m->state);
}
