/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds the block shape of every pruned layer from its mask and makes it
 * block-sparse where that is predicted to be faster.  What counts is stored
 * blocks, not zeros: 90 % random zeros leave 81 % of the 16x1 blocks.  Every
 * layer gets a record of what was found and why, taken or left.
 */
#include "passes/pass.h"

#include <math.h>
#include <stdlib.h>

#include "ir/weight.h"
#include "passes/blocks.h"
#include "passes/rewrite.h"

/* A smaller gain drowns in the error of the prediction.  */
#define MIN_GAIN 1.05

/* All that is known of one weight.  Layers that share it share this.  */
struct found {
	struct brn_choice *choice;
	struct brn_node *bsr;           /* NULL: stays dense */
};

struct sparser {
	struct brn_graph *g;
	const struct brn_pass_opts *o;
	struct found *memo;             /* by id of the weight, and the way
	                                   round that it is read */
};

/* The best candidate for a weight.  */
struct best {
	struct brn_block block;
	int64_t nblk, nonzero;
	double density;
	double time, gain;              /* dense time / its time */
};

static double
all_blocks(int64_t rows, int64_t cols, struct brn_block b)
{
	return (double)((rows + b.bh - 1) / b.bh) *
	    (double)((cols + b.bw - 1) / b.bw);
}

/* Without a cost model time is what is stored.  */
static double
cost(const struct brn_pass_opts *o, int64_t rows, int64_t cols,
    struct brn_block b, int64_t nblk)
{
	if (!o->cost)
		return (double)nblk / all_blocks(rows, cols, b);
	return o->cost(rows, cols, b.bh, b.bw, nblk, o->cost_ctx);
}

/* A larger block that stores no more weights is taken when its prediction is
 * this close: it has fewer indices, and no model knows better.  */
#define AS_FAST 1.05

static int64_t
stored(int i, const int64_t *nblk)
{
	return nblk[i] * brn_blocks[i].bh * brn_blocks[i].bw;
}

/* Candidates go from large to small.  */
static int
pick(const double *t, const int64_t *nblk)
{
	int best = 0;

	for (int i = 1; i < BRN_NUM_BLOCKS; i++)
		if (t[i] < t[best])
			best = i;
	for (int i = 0; i < best; i++)
		if (t[i] <= AS_FAST * t[best] &&
		    stored(i, nblk) <= stored(best, nblk))
			return i;
	return best;
}

static int
find_best(const struct brn_pass_opts *o, const struct brn_matrix *w,
    struct best *out, burin_error *err)
{
	static const struct brn_block dense = { BRN_DENSE_BH, BRN_DENSE_BW };
	int64_t rows = w->rows, cols = w->cols;
	int64_t nblk[BRN_NUM_BLOCKS];
	double t[BRN_NUM_BLOCKS], full;
	int best, rc;

	if ((rc = brn_blocks_count(w, nblk, err)) < 0)
		return rc;
	for (int i = 0; i < BRN_NUM_BLOCKS; i++)
		t[i] = cost(o, rows, cols, brn_blocks[i], nblk[i]);
	best = pick(t, nblk);
	full = cost(o, rows, cols, dense,
	    (int64_t)all_blocks(rows, cols, dense));
	out->block = brn_blocks[best];
	out->nblk = nblk[best];
	out->nonzero = nblk[BRN_NUM_BLOCKS - 1];
	out->density = (double)nblk[best] / all_blocks(rows, cols,
	    brn_blocks[best]);
	out->time = t[best];
	out->gain = t[best] > 0 ? full / t[best] : HUGE_VAL;
	return BURIN_OK;
}

int
brn_layer_time(const struct brn_pass_opts *o, const struct brn_node *layer,
    double *out, burin_error *err)
{
	struct brn_matrix w = brn_weight(layer);
	struct best b;
	int rc = find_best(o, &w, &b, err);

	if (rc == 0)
		*out = b.gain < MIN_GAIN ? b.gain * b.time : b.time;
	return rc;
}

static const char *
reason(struct brn_arena *a, const struct best *b, int sparse)
{
	int bh = b->block.bh, bw = b->block.bw;
	double percent = 100 * b->density;

	if (!b->nonzero)
		return brn_arena_strdup(a, "weight is all zero");
	if (sparse)
		return brn_arena_printf(a, "%dx%d stores %.1f %% of blocks, "
		    "predicted %.1fx faster than dense", bh, bw, percent,
		    b->gain);
	if (b->gain <= 1)
		return brn_arena_printf(a, "best block %dx%d stores %.1f %%: "
		    "predicted slower than dense", bh, bw, percent);
	return brn_arena_printf(a, "best block %dx%d stores %.1f %%: "
	    "predicted only %.2fx faster than dense", bh, bw, percent,
	    b->gain);
}

static int
record(struct brn_graph *g, const struct brn_choice *c,
    struct brn_choice **out, burin_error *err)
{
	*out = brn_arena_alloc(g->arena, 1, sizeof **out);
	if (!*out || !c->why)
		return brn_nomem(err);
	**out = *c;
	return BURIN_OK;
}

/* A layer that stays dense without a look at its blocks.  */
static int
leave(struct brn_graph *g, double nonzero, const char *why,
    struct brn_choice **out, burin_error *err)
{
	struct brn_choice c = { BRN_DENSE_BH, BRN_DENSE_BW, 1, nonzero, 0,
	    why };

	return record(g, &c, out, err);
}

static int
make_bsr(struct brn_graph *g, const char *name, const struct brn_matrix *w,
    struct brn_block b, struct brn_node **out, burin_error *err)
{
	struct brn_bsr *bsr;
	int rc;

	rc = brn_bsr_from_dense(w, b.bh, b.bw, 0, &bsr, err);
	if (rc < 0)
		return rc;
	*out = brn_graph_bsr(g, name, bsr);
	return *out ? BURIN_OK : brn_nomem(err);
}

static int
decide(struct sparser *s, const struct brn_node *n, struct found *out,
    burin_error *err)
{
	const struct brn_pass_opts *o = s->o;
	struct brn_graph *g = s->g;
	struct brn_matrix w;
	double nonzero;
	struct best b;
	int rc;

	if (brn_numel(n->in[1]->value) == 0)
		return leave(g, 0, "weight is empty", &out->choice, err);
	w = brn_weight(n);
	if ((rc = find_best(o, &w, &b, err)) < 0)
		return rc;
	nonzero = (double)b.nonzero / (double)brn_numel(n->in[1]->value);
	if (!o->sparse)
		return leave(g, nonzero, "sparse=off", &out->choice, err);
	if (nonzero == 1)
		return leave(g, nonzero, "weight has no zeros", &out->choice,
		    err);
	if (b.gain < MIN_GAIN)
		return leave(g, nonzero, reason(g->arena, &b, 0),
		    &out->choice, err);
	rc = record(g, &(struct brn_choice){ b.block.bh, b.block.bw,
	    b.density, nonzero, 1, reason(g->arena, &b, 1) },
	    &out->choice, err);
	if (rc < 0)
		return rc;
	return make_bsr(g, n->in[1]->name, &w, b.block, &out->bsr, err);
}

static int
visit(struct sparser *s, struct brn_node *n, burin_error *err)
{
	struct found *f = &s->memo[2 * n->in[1]->id +
	    brn_weight_is_transposed(n)];
	int rc;

	if (!brn_is_const_matrix(n->in[1]))
		return leave(s->g, 1, "weight is not constant", &n->choice,
		    err);
	if (!f->choice && (rc = decide(s, n, f, err)) < 0)
		return rc;
	n->choice = f->choice;
	if (!f->bsr)
		return BURIN_OK;
	n->op = BRN_OP_bsr_dense;
	brn_attr_drop(n, "trans_w");
	n->in[1] = f->bsr;
	return BURIN_OK;
}

int
brn_pass_bsr_dense(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	int end = g->nnode, count = 0, rc = BURIN_OK;
	struct sparser s = { .g = g, .o = o };

	s.memo = brn_alloc(2 * (size_t)end + 2, sizeof *s.memo);
	if (!s.memo)
		return brn_nomem(err);
	for (int i = 0; i < end && rc == BURIN_OK; i++) {
		struct brn_node *n = g->node[i];

		if (n->op != BRN_OP_dense || n->choice)
			continue;
		rc = visit(&s, n, err);
		count += n->op == BRN_OP_bsr_dense;
	}
	free(s.memo);
	if (count && rc == BURIN_OK)
		rc = brn_graph_sort(g, err);
	if (rc == BURIN_OK)
		*changed += count;
	return rc;
}
