/* SPDX-License-Identifier: Apache-2.0
 *
 * Chooses a block shape for every pruned layer from its mask, and makes the
 * layer block-sparse where that is predicted to be faster.  Stored blocks
 * count, not zeros: 90 % random zeros leave 81 % of the 16x1 blocks.  Low
 * blocks gain less for few tokens than for many; they must be faster for every
 * number of tokens that the layer may be run for.  The report gets the choice
 * for every layer, sparse or not, and why.
 */
#include "passes/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph/matrix_bits.h"
#include "ir/graph/weight.h"
#include "passes/block_shapes.h"
#include "passes/rewrite.h"

/* The error of a predicted time: a smaller gain counts as none.  */
#define MIN_GAIN 1.05

/* The numbers of tokens that a layer may be run for.  FEW is what struct
 * brn_estimate has a time for: up to a tile.  */
enum range { ANY, FEW, MANY };

enum { TILE_TOKENS = 16 };

/* The decision about one weight.  Layers that share the weight share this.  */
struct found {
	int used;                       /* range is set */
	enum range range;               /* of all these layers */
	const struct brn_choice *choice;
	struct brn_node *bsr;           /* NULL: stays dense */
};

struct sparser {
	struct brn_graph *g;
	const struct brn_pass_opts *o;
	struct found *memo;             /* by id of the weight, and the way
	                                   round that it is read */
};

/* The candidates for a weight, dense the last, and the best that is not.  */
struct best {
	struct brn_candidate cand[BRN_NUM_BLOCKS + 1];
	enum range range;
	int pick;
	int64_t nonzero;
	double gain;                    /* dense time / its time, in range */
	int quantized;                  /* the layer is: set beforehand */
	int measured;                   /* both of them were */
};

static double
all_blocks(int64_t rows, int64_t cols, struct brn_block b)
{
	return (double)((rows + b.bh - 1) / b.bh) *
	    (double)((cols + b.bw - 1) / b.bw);
}

/* Without a cost model the time is the share of blocks that are stored.  */
static struct brn_estimate
estimate(const struct brn_pass_opts *o, const struct brn_layer_shape *l)
{
	if (o->estimate)
		return o->estimate(l, o->ctx);
	return (struct brn_estimate){ (double)l->nblk / all_blocks(l->rows,
	    l->cols, (struct brn_block){ l->bh, l->bw }), BRN_NO_KERNEL,
	    NULL, 0 };
}

/* A larger block that stores no more weights is taken when its prediction is
 * this close: it has fewer indices, and no model knows better.  */
#define AS_FAST 1.05

#define AS_MEASURED 0.98

static int64_t
stored(int i, const int64_t *nblk)
{
	return nblk[i] * brn_blocks[i].bh * brn_blocks[i].bw;
}

static double
time_of(const struct brn_candidate *c)
{
	return c->measured > 0 ? c->measured : c->predicted;
}

static double
ratio(double dense, double sparse)
{
	return sparse > 0 ? dense / sparse : HUGE_VAL;
}

/* What candidate i gains for a range of tokens; the least of it for ANY.  An
 * estimate without a time for few tokens is for all.  Times are compared as
 * measured only if both are.  */
static double
gain_of(const struct best *b, int i, enum range range)
{
	const struct brn_candidate *c = &b->cand[i];
	const struct brn_candidate *dense = &b->cand[BRN_NUM_BLOCKS];
	int known = c->measured > 0 && dense->measured > 0;
	double many = known ? ratio(dense->measured, c->measured) :
	    ratio(dense->predicted, c->predicted);
	double few = c->few > 0 ? dense->few / c->few : many;

	return range == MANY ? many : range == FEW ? few : fmin(few, many);
}

/* Is candidate i fast enough for few tokens, if the layer may get few?  */
static int
suits_range(const struct best *b, int i)
{
	return b->range == MANY || b->cand[i].few <= 0 ||
	    gain_of(b, i, FEW) >= MIN_GAIN;
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

/* The fastest by prediction: of those that suit the range, if any does.  */
static int
pick_predicted(const struct best *b, const int64_t *nblk)
{
	double t[BRN_NUM_BLOCKS];
	int any = 0;

	for (int i = 0; i < BRN_NUM_BLOCKS; i++)
		any |= suits_range(b, i);
	for (int i = 0; i < BRN_NUM_BLOCKS; i++) {
		const struct brn_candidate *c = &b->cand[i];

		t[i] = b->range == FEW && c->few > 0 ? c->few : c->predicted;
		if (any && !suits_range(b, i))
			t[i] = HUGE_VAL;
	}
	return pick(t, nblk);
}

static void
predict(const struct brn_pass_opts *o, const struct brn_layer_shape *l,
    struct brn_candidate *out)
{
	struct brn_estimate e = estimate(o, l);

	out->predicted = e.time;
	out->few = e.few;
	out->kernel = e.kernel;
	out->limit = e.limit;
}

/* A kernel can compute rows with the same columns together.  Single weights,
 * which store no zeros, may then be the fastest candidate.  Row groups are
 * counted only when single weights would win if all of them were in the largest
 * groups, as in blocks of that height.  */
static int
predict_row_groups(const struct brn_pass_opts *o, const struct brn_matrix *w,
    struct brn_candidate *c, int64_t nonzero, burin_error *err)
{
	int high = brn_group_rows(0);
	struct brn_row_stats rows;
	struct brn_layer_shape l = { w->rows, w->cols, 1, 1, nonzero, &rows,
	    0, 0 };
	double best = MIN_GAIN * estimate(o, &(struct brn_layer_shape){
	    w->rows, w->cols, high, 1, nonzero / high + 1, NULL, 0, 0 }).time;
	int rc;

	for (int i = 0; i <= BRN_NUM_BLOCKS; i++)
		if (nonzero == 0 || c[i].predicted <= best)
			return BURIN_OK;
	if ((rc = brn_count_row_groups(w, &rows, err)) == 0)
		predict(o, &l, &c[BRN_NUM_BLOCKS - 1]);
	return rc;
}

/* Predicted times, and those that are known.  */
static int
list(const struct brn_pass_opts *o, const struct brn_matrix *w,
    struct best *out, const struct brn_counts *n, burin_error *err)
{
	static const struct brn_block dense = { BRN_DENSE_BH, BRN_DENSE_BW };
	int64_t rows = w->rows, cols = w->cols;
	int rc;

	for (int i = 0; i <= BRN_NUM_BLOCKS; i++) {
		int full = i == BRN_NUM_BLOCKS;
		struct brn_block b = full ? dense : brn_blocks[i];
		double all = all_blocks(rows, cols, b);
		int64_t nblk = full ? (int64_t)all : n->nblk[i];

		out->cand[i] = (struct brn_candidate){ .bh = b.bh,
		    .bw = b.bw, .dense = full, .density = (double)nblk / all };
		predict(o, &(struct brn_layer_shape){ rows, cols, b.bh, b.bw,
		    nblk, NULL, out->quantized, 0 }, &out->cand[i]);
	}
	if (out->quantized)
		return BURIN_OK;
	if (o->estimate && rows < 1 << 30 && (rc = predict_row_groups(o, w,
	    out->cand, n->nblk[BRN_NUM_BLOCKS - 1], err)) < 0)
		return rc;
	if (!o->look_up)
		return BURIN_OK;
	return o->look_up(w, n->mask, out->cand, BRN_NUM_BLOCKS + 1,
	    o->ctx, err);
}

/* The fastest of those that were measured with dense beside them; -1: none.
 * One that comes later, so has smaller blocks, must be faster by as much as
 * measuring errs.  */
static int
pick_measured(const struct best *b)
{
	const struct brn_candidate *c = b->cand;
	int best = -1;

	if (c[BRN_NUM_BLOCKS].measured <= 0)
		return -1;
	for (int i = 0; i < BRN_NUM_BLOCKS; i++)
		if (c[i].measured > 0 && suits_range(b, i) && (best < 0 ||
		    c[i].measured < AS_MEASURED * c[best].measured))
			best = i;
	return best;
}

/* Only fp32 was timed, and has kernels that group rows.  */
static int
is_quantized(const struct brn_node *layer)
{
	return layer->op == BRN_OP_dense && brn_attr(layer, "x_quant");
}

/* The best block for a weight whose layers run for range.  */
static int
find_best(const struct brn_pass_opts *o, const struct brn_matrix *w,
    enum range range, struct best *out, burin_error *err)
{
	struct brn_counts n;
	int rc;

	if ((rc = brn_blocks_count(w, &n, err)) < 0 ||
	    (rc = list(o, w, out, &n, err)) < 0)
		return rc;
	out->range = range;
	out->pick = pick_measured(out);
	out->measured = out->pick >= 0;
	if (!out->measured)
		out->pick = pick_predicted(out, n.nblk);
	out->nonzero = n.nblk[BRN_NUM_BLOCKS - 1];
	out->gain = gain_of(out, out->pick, range);
	return BURIN_OK;
}

/* What is sparse must gain so much.  */
static double
least_gain(const struct best *b)
{
	return b->measured ? 1 : MIN_GAIN;
}

/* The tokens of a layer: the positions of an image, or the rows of x; of a
 * recurrent one, which has a matrix for all steps and one for each, any.  */
static enum range
range_of(const struct brn_node *n)
{
	int conv = n->op == BRN_OP_dense_conv;
	const struct brn_type *t = conv ? &n->type : &n->in[0]->type;
	int64_t tokens = 1;

	if (t->rank < 1 || n->op == BRN_OP_recurrent)
		return conv ? MANY : ANY;
	for (int d = conv ? 2 : 0; d < t->rank - !conv; d++)
		if (brn_is_sym(t->dim[d]))
			return conv ? MANY : ANY;
		else if (tokens <= TILE_TOKENS)
			tokens *= t->dim[d];
	return tokens > TILE_TOKENS ? MANY : FEW;
}

int
brn_layer_time(const struct brn_pass_opts *o, const struct brn_node *layer,
    const struct brn_matrix *w, double *out, burin_error *err)
{
	struct brn_pass_opts predict = *o;
	struct best b;
	int rc;

	predict.look_up = NULL;
	b.quantized = is_quantized(layer);
	if ((rc = find_best(&predict, w, range_of(layer), &b, err)) == 0)
		*out = b.cand[b.gain < least_gain(&b) ? BRN_NUM_BLOCKS :
		    b.pick].predicted;
	return rc;
}

/* For which numbers of tokens the choice was made, if estimates differ.  */
static const char *
tokens_of(struct brn_arena *a, const struct best *b)
{
	if (b->cand[b->pick].few <= 0)
		return "";
	if (b->range == ANY)
		return brn_arena_printf(a, ", %.1fx for up to %d tokens",
		    gain_of(b, b->pick, FEW), TILE_TOKENS);
	return brn_arena_printf(a, " for %s %d tokens", b->range == FEW ?
	    "up to" : "more than", TILE_TOKENS);
}

static const char *
why_sparse(struct brn_arena *a, const struct best *b, const char *how)
{
	const struct brn_candidate *c = &b->cand[b->pick];
	const char *limit = c->limit ? c->limit : "";
	const char *tokens = tokens_of(a, b);

	return tokens ? brn_arena_printf(a, "%dx%d stores %.1f %% of blocks, "
	    "%s %.1fx faster than dense%s%s%s", c->bh, c->bw, 100 * c->density,
	    how, gain_of(b, b->pick, b->range == ANY ? MANY : b->range),
	    tokens, *limit ? "; " : "", limit) : NULL;
}

static const char *
why_dense(struct brn_arena *a, const struct best *b, const char *how)
{
	const struct brn_candidate *c = &b->cand[b->pick];
	double percent = 100 * c->density, many = gain_of(b, b->pick, MANY);

	if (b->range == ANY && many >= least_gain(b))
		return brn_arena_printf(a, "best block %dx%d stores %.1f %%: "
		    "%s %.1fx faster than dense, but not for up to %d tokens",
		    c->bh, c->bw, percent, how, many, TILE_TOKENS);
	if (b->gain <= 1)
		return brn_arena_printf(a, "best block %dx%d stores %.1f %%: "
		    "%s slower than dense", c->bh, c->bw, percent, how);
	return brn_arena_printf(a, "best block %dx%d stores %.1f %%: "
	    "%s only %.2fx faster than dense", c->bh, c->bw, percent, how,
	    b->gain);
}

static const char *
reason(struct brn_arena *a, const struct best *b, int sparse)
{
	const char *how = b->measured ? "measured" : "predicted";

	if (!b->nonzero)
		return brn_arena_strdup(a, "weight is all zero");
	return sparse ? why_sparse(a, b, how) : why_dense(a, b, how);
}

/* Measured before not measured, then by time.  */
static int
compare(const void *p, const void *q)
{
	const struct brn_candidate *a = p, *b = q;
	int known = (b->measured > 0) - (a->measured > 0);

	if (known)
		return known;
	return (time_of(a) > time_of(b)) - (time_of(a) < time_of(b));
}

static int
record(struct brn_graph *g, const struct brn_choice *c,
    const struct brn_choice **out, burin_error *err)
{
	struct brn_choice *copy = brn_arena_alloc(g->arena, 1, sizeof *copy);

	if (!copy || !c->why)
		return brn_nomem(err);
	*copy = *c;
	*out = copy;
	return BURIN_OK;
}

/* A layer that stays dense without a look at its blocks.  */
static int
leave(struct brn_graph *g, double nonzero, const char *why,
    const struct brn_choice **out, burin_error *err)
{
	struct brn_choice c = { BRN_DENSE_BH, BRN_DENSE_BW, 1, nonzero, 0,
	    why, BRN_NO_KERNEL, 0, NULL };

	return record(g, &c, out, err);
}

/* What was decided from a look at the blocks, with all that was looked at.  */
static int
tell(struct brn_graph *g, const struct best *b, double nonzero, int sparse,
    const struct brn_choice **out, burin_error *err)
{
	const struct brn_candidate *c = &b->cand[sparse ? b->pick :
	    BRN_NUM_BLOCKS];
	struct brn_candidate *all = brn_arena_alloc(g->arena,
	    BRN_COUNT(b->cand), sizeof *all);
	struct brn_choice choice = { c->bh, c->bw, c->density, nonzero,
	    sparse, reason(g->arena, b, sparse),
	    b->measured ? c->kernel : BRN_NO_KERNEL, BRN_COUNT(b->cand),
	    all };

	if (!all)
		return brn_nomem(err);
	memcpy(all, b->cand, sizeof b->cand);
	qsort(all, BRN_COUNT(b->cand), sizeof *all, compare);
	return record(g, &choice, out, err);
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

/* The decision about weight w of layer n, whose bits are there.  */
static int
decide(struct sparser *s, const struct brn_node *n, const struct brn_matrix *w,
    struct found *out, burin_error *err)
{
	const struct brn_pass_opts *o = s->o;
	struct brn_graph *g = s->g;
	struct best b = { .quantized = is_quantized(n) };
	double nonzero;
	int rc, sparse;

	if ((rc = find_best(o, w, out->range, &b, err)) < 0)
		return rc;
	nonzero = (double)b.nonzero / (double)brn_numel(n->in[1]->value);
	if (!o->sparse)
		return leave(g, nonzero, "sparse=off", &out->choice, err);
	if (nonzero == 1)
		return leave(g, nonzero, "weight has no zeros", &out->choice,
		    err);
	sparse = b.gain >= least_gain(&b);
	rc = tell(g, &b, nonzero, sparse, &out->choice, err);
	if (rc < 0 || !sparse)
		return rc;
	return make_bsr(g, n->in[1]->name, w, brn_blocks[b.pick], &out->bsr,
	    err);
}

static int
look(struct sparser *s, const struct brn_node *n, struct found *out,
    burin_error *err)
{
	struct brn_matrix w;
	uint64_t *bits;
	int rc;

	if (brn_numel(n->in[1]->value) == 0)
		return leave(s->g, 0, "weight is empty", &out->choice, err);
	w = brn_weight(n);
	bits = brn_matrix_bits(&w);
	if (!bits)
		return brn_nomem(err);
	w.bits = bits;
	rc = decide(s, n, &w, out, err);
	free(bits);
	return rc;
}

static struct found *
found_of(const struct sparser *s, const struct brn_node *n)
{
	return &s->memo[2 * n->in[1]->id + brn_weight_is_transposed(n)];
}

/* Is n a layer about which nothing was decided?  */
static int
is_open(const struct sparser *s, const struct brn_node *n)
{
	return (n->op == BRN_OP_dense || n->op == BRN_OP_dense_conv ||
	    n->op == BRN_OP_recurrent) && !brn_report_choice(s->g, n);
}

/* Add the tokens of layer n to those of its weight.  */
static void
add_range(const struct sparser *s, const struct brn_node *n)
{
	struct found *f = found_of(s, n);
	enum range r = range_of(n);

	f->range = f->used && f->range != r ? ANY : r;
	f->used = 1;
}

static int
bsr_dense_visit(struct sparser *s, struct brn_node *n, burin_error *err)
{
	struct found *f = found_of(s, n);
	int rc = BURIN_OK;

	if (!brn_weight_is_const(n))
		rc = leave(s->g, 1, "weight is not constant", &f->choice, err);
	else if (!f->choice)
		rc = look(s, n, f, err);
	if (rc < 0)
		return rc;
	brn_report_choose(s->g, n, f->choice);
	if (!f->bsr)
		return BURIN_OK;
	if (n->op == BRN_OP_dense)
		n->op = BRN_OP_bsr_dense;
	else if (n->op == BRN_OP_dense_conv)
		n->op = BRN_OP_bsr_conv;
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
	for (int i = 0; i < end; i++)
		if (is_open(&s, g->node[i]))
			add_range(&s, g->node[i]);
	for (int i = 0; i < end && rc == BURIN_OK; i++) {
		struct brn_node *n = g->node[i];

		if (!is_open(&s, n))
			continue;
		rc = brn_spend(g, 0, err);
		if (rc == BURIN_OK)
			rc = bsr_dense_visit(&s, n, err);
		count += n->in[1]->op == BRN_OP_bsr;
	}
	free(s.memo);
	if (count && rc == BURIN_OK)
		rc = brn_graph_sort(g, err);
	if (rc == BURIN_OK)
		*changed += count;
	return rc;
}
