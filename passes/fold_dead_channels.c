/* SPDX-License-Identifier: Apache-2.0
 *
 * Pruning leaves features that are constant, the same for every token, and
 * features that nothing reads.  They are removed from the two layers between
 * which they are:
 *
 *	reader(act(maker(x)))           rows of maker, columns of reader
 *	reader(attention(q, k, maker))  heads
 *
 * The product of the reader's weights and a constant feature goes into the
 * reader's bias.  Attention returns a constant value feature as it is, since
 * the probabilities of a query add up to 1.
 */
#include "passes/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/op/ref.h"
#include "ir/graph/matrix_bits.h"
#include "ir/graph/weight.h"
#include "passes/dead_channels.h"
#include "passes/rewrite.h"

/* Rows of the highest block.  Removing rows in aligned groups of that many
 * leaves all other rows in their blocks.  */
#define MAX_BLOCK 32
/* The share of features that smaller groups must remove to be predicted at all:
 * with 16x1 blocks at 95 % that many columns are zero by chance.  */
#define MIN_SINGLE 0.125
/* The error of a predicted time: a smaller gain counts as none.  */
#define CLEARLY 1.05

struct pair {
	struct brn_node *maker, *reader;
	struct brn_node *mid;           /* activation, attention, or NULL */
	int is_attention;
	struct brn_weight_bits made, read;      /* of maker and reader */
};

/* ---- finding pairs ------------------------------------------------------- */

static struct brn_node *
bias_of(const struct brn_node *layer)
{
	return layer->nin > 2 ? layer->in[2] : NULL;
}

/* The axes of a layer's weight along which its output and its input features
 * are.  */
static int
made_axis(const struct brn_node *layer)
{
	return brn_weight_is_transposed(layer);
}

static int
read_axis(const struct brn_node *layer)
{
	return !brn_weight_is_transposed(layer);
}

/* The number of its output features.  */
static int64_t
width_of(const struct brn_node *layer)
{
	return layer->in[1]->type.dim[made_axis(layer)];
}

static struct brn_node *
mask_of(const struct brn_node *attention)
{
	return attention->nin > 3 ? attention->in[3] : NULL;
}

/* Is n a layer with constant weight and bias, and without a residual?  */
static int
is_layer(const struct brn_node *n)
{
	const struct brn_node *b;

	if (n->op != BRN_OP_dense || !brn_is_const_matrix(n->in[1]) ||
	    (n->nin > 3 && n->in[3]) || width_of(n) < 1)
		return 0;
	b = bias_of(n);
	return !b || (brn_is_const(b) && b->value->type.dtype == BURIN_F32 &&
	    brn_numel(b->value) == width_of(n));
}

/* Is n a layer with one user that can be the maker of a pair?  reads [id] marks
 * the readers of other pairs: they are in one pair only, so that a second run
 * finds the same pairs.  */
static int
is_maker(const struct brn_rewrite *r, const char *reads,
    const struct brn_node *n)
{
	return r->uses[n->id] == 1 && is_layer(n) && !brn_attr(n, "act") &&
	    !reads[n->id];
}

static int
is_act(const struct brn_node *n)
{
	return n->op == BRN_OP_gelu || n->op == BRN_OP_relu ||
	    n->op == BRN_OP_tanh;
}

/* Can heads of n be removed?  Not if each has a mask of its own.  */
static int
has_removable_heads(const struct brn_rewrite *r, const char *reads,
    const struct brn_node *n)
{
	const struct brn_node *mask;
	const struct brn_type *t;

	if (n->op != BRN_OP_attention || !is_maker(r, reads, n->in[0]) ||
	    !is_maker(r, reads, n->in[1]))
		return 0;
	mask = mask_of(n);
	if (!mask)
		return 1;
	t = &mask->type;
	return t->rank >= 0 && (t->rank < 3 || t->dim[t->rank - 3] == 1);
}

static int
match_pair(const struct brn_rewrite *r, const char *reads,
    struct brn_node *reader, struct pair *p)
{
	struct brn_node *mid;

	*p = (struct pair){ .reader = reader };
	if (!is_layer(reader))
		return 0;
	mid = reader->in[0];
	p->is_attention = has_removable_heads(r, reads, mid);
	if (!p->is_attention && !is_act(mid)) {
		p->maker = mid;
		return is_maker(r, reads, mid);
	}
	p->mid = mid;
	p->maker = mid->in[p->is_attention ? 2 : 0];
	return r->uses[mid->id] == 1 && is_maker(r, reads, p->maker);
}

/* ---- what is removed ----------------------------------------------------- */

/* Is the mask a Where of two finite numbers?  */
static int
is_finite_mask(const struct brn_node *mask)
{
	double a, b;

	return mask->op == BRN_OP_where && brn_const_scalar(mask->in[1], &a) &&
	    brn_const_scalar(mask->in[2], &b) && isfinite(a) && isfinite(b);
}

/* May the probabilities of a query add up to 0 instead of 1?  */
static int
may_sum_to_zero(const struct brn_node *attention)
{
	const struct brn_node *mask = mask_of(attention);

	return brn_attr_int(attention, "nan_to_zero") && mask &&
	    !is_finite_mask(mask);
}

/* The values of constant features: the activation of the bias.  */
static int
find_values(const struct pair *p, struct brn_channels *c, burin_error *err)
{
	const struct brn_node *b = bias_of(p->maker);
	struct brn_type t = { BURIN_F32, 1, { c->n } };
	struct brn_tensor out = { t, c->value }, in = { t, NULL };
	const struct brn_tensor *arg = &in;
	int rc;

	if (b)
		memcpy(c->value, b->value->data,
		    (size_t)c->n * sizeof *c->value);
	if (!p->mid)
		return BURIN_OK;
	if (p->is_attention) {
		for (int64_t i = 0; may_sum_to_zero(p->mid) && i < c->n; i++)
			if (c->state[i] == BRN_CHANNEL_CONSTANT &&
			    c->value[i] != 0)
				c->state[i] = BRN_CHANNEL_LIVE;
		return BURIN_OK;
	}
	in.data = brn_alloc((size_t)c->n, sizeof *c->value);
	if (!in.data)
		return brn_nomem(err);
	memcpy(in.data, c->value, (size_t)c->n * sizeof *c->value);
	rc = brn_ref[p->mid->op](p->mid, &arg, &out, err);
	free(in.data);
	return rc;
}

/* Predict the time of a layer without the removed channels along that axis.  */
static int
predict_layer(const struct brn_pass_opts *o, const struct brn_channels *c,
    const struct brn_node *n, const struct brn_weight_bits *bits, int axis,
    double *out, burin_error *err)
{
	struct brn_matrix w = brn_weight(n);
	struct brn_weight_bits kept;
	int rc = brn_channels_compact_bits(c, bits, axis, &kept, err);

	if (rc < 0)
		return rc;
	w.bits = kept.bits;
	w.rows = w.trans ? kept.n : kept.lines;
	w.cols = w.trans ? kept.lines : kept.n;
	rc = brn_layer_time(o, n, &w, out, err);
	free(kept.bits);
	return rc;
}

static int
predict(const struct brn_pass_opts *o, const struct pair *p,
    const struct brn_channels *c, double *out, burin_error *err)
{
	double first, second;
	int rc;

	if ((rc = predict_layer(o, c, p->maker, &p->made,
	    made_axis(p->maker), &first, err)) < 0 ||
	    (rc = predict_layer(o, c, p->reader, &p->read,
	    read_axis(p->reader), &second, err)) < 0)
		return rc;
	*out = first + second;
	return BURIN_OK;
}

/* Removing single rows moves the rows behind them to other blocks, which may
 * store more zeros than were removed.  So groups smaller than MAX_BLOCK are
 * tried only if they remove a good share of all features, and the group size
 * with the least predicted time is taken.  Once a size is clearly slower,
 * smaller ones are not tried.  */
static int
remove_features(const struct brn_pass_opts *o, const struct pair *p,
    struct brn_channels *c, burin_error *err)
{
	static const int64_t groups[] = { 8, 1 };
	int64_t best = MAX_BLOCK, left;
	double time, least;
	int rc;

	brn_channels_remove(c, MAX_BLOCK);
	left = c->nkept;
	brn_channels_remove(c, 1);
	if (!o->estimate || !o->sparse)
		return BURIN_OK;
	if ((double)(left - c->nkept) < MIN_SINGLE * (double)left)
		goto done;
	brn_channels_remove(c, MAX_BLOCK);
	if ((rc = predict(o, p, c, &least, err)) < 0)
		return rc;
	for (int i = 0; i < BRN_COUNT(groups); i++) {
		brn_channels_remove(c, groups[i]);
		if (c->nkept == left)
			continue;
		left = c->nkept;
		if ((rc = predict(o, p, c, &time, err)) < 0)
			return rc;
		if (time > CLEARLY * least)
			break;
		if (CLEARLY * time <= least) {
			least = time;
			best = groups[i];
		}
	}
done:
	brn_channels_remove(c, best);
	return BURIN_OK;
}

/* ---- smaller layers ------------------------------------------------------ */

/* A smaller copy of a constant.  NULL: no memory.  */
static struct brn_node *
compact_constant(struct brn_graph *g, const struct brn_channels *c,
    const struct brn_node *n, int axis, burin_error *err)
{
	struct brn_node *new;
	struct brn_tensor t;

	if (brn_channels_compact(c, n->value, axis, &t, err) < 0)
		return NULL;
	new = brn_graph_constant_own(g, n->name, &t.type, t.data);
	if (!new)
		brn_nomem(err);
	return new;
}

/* A copy of n with other inputs and that many features.  NULL: no memory.  */
static struct brn_node *
copy_node(struct brn_graph *g, const struct brn_node *n,
    struct brn_node *const *in, int nin, int64_t features, burin_error *err)
{
	struct brn_node *new = brn_graph_add(g, n->op, n->name, in, nin);

	if (!new) {
		brn_nomem(err);
		return NULL;
	}
	new->nattr = n->nattr;
	new->attr = n->attr;
	new->type = n->type;
	if (new->type.rank > 0)
		new->type.dim[new->type.rank - 1] = features;
	return new;
}

/* A copy of n that computes only the kept channels.  NULL: no memory.  */
static struct brn_node *
compact_maker(struct brn_graph *g, const struct brn_channels *c,
    const struct brn_node *n, burin_error *err)
{
	const struct brn_node *b = bias_of(n);
	struct brn_node *in[3] = { n->in[0] };

	in[1] = compact_constant(g, c, n->in[1], made_axis(n), err);
	if (in[1] && b)
		in[2] = compact_constant(g, c, b, 0, err);
	if (!in[1] || (b && !in[2]))
		return NULL;
	return copy_node(g, n, in, b ? 3 : 2, width_of(n) / c->units * c->nkept,
	    err);
}

static struct brn_node *
compact_attention(struct brn_graph *g, const struct brn_channels *c,
    const struct brn_node *n, struct brn_node *maker, burin_error *err)
{
	struct brn_node *in[4] = { NULL, NULL, maker, mask_of(n) }, *new;
	float scale = brn_attr_float(n, "scale");
	int64_t nan_to_zero = brn_attr_int(n, "nan_to_zero");

	in[0] = compact_maker(g, c, n->in[0], err);
	in[1] = in[0] ? compact_maker(g, c, n->in[1], err) : NULL;
	if (!in[1])
		return NULL;
	new = copy_node(g, n, in, n->nin, width_of(maker), err);
	if (!new)
		return NULL;
	/* Its own: setting one would change that of n. */
	new->nattr = 0;
	new->attr = NULL;
	if (brn_attr_set_int(g, new, "heads", c->nkept) < 0 ||
	    brn_attr_set_float(g, new, "scale", scale) < 0 ||
	    (nan_to_zero && brn_attr_set_int(g, new, "nan_to_zero", 1) < 0)) {
		brn_nomem(err);
		return NULL;
	}
	return new;
}

/* The reader's bias, plus the product of its weights and the folded channels;
 * NULL if there is neither.  */
static int
fold_bias(struct brn_graph *g, const struct brn_channels *c,
    const struct brn_node *reader, struct brn_node **out, burin_error *err)
{
	struct brn_type t = { BURIN_F32, 1, { width_of(reader) } };
	struct brn_node *b = bias_of(reader), *new;

	*out = b;
	if (!c->nfolded)
		return BURIN_OK;
	new = brn_graph_constant(g, b ? b->name : reader->name, &t,
	    b ? b->value->data : NULL);
	if (!new)
		return brn_nomem(err);
	brn_channels_add_bias(c, reader->in[1]->value, read_axis(reader),
	    new->value->data);
	*out = new;
	return BURIN_OK;
}

static int
replace_pair(struct brn_rewrite *r, const struct pair *p,
    const struct brn_channels *c, burin_error *err)
{
	struct brn_node *in[3] = { NULL }, *new;
	struct brn_graph *g = r->g;
	int rc;

	in[0] = compact_maker(g, c, p->maker, err);
	if (in[0] && p->is_attention)
		in[0] = compact_attention(g, c, p->mid, in[0], err);
	else if (in[0] && p->mid)
		in[0] = copy_node(g, p->mid, in, 1, c->nkept, err);
	in[1] = in[0] ? compact_constant(g, c, p->reader->in[1],
	    read_axis(p->reader), err) : NULL;
	if (!in[1])
		return BURIN_ENOMEM;
	if ((rc = fold_bias(g, c, p->reader, &in[2], err)) < 0)
		return rc;
	new = copy_node(g, p->reader, in, in[2] ? 3 : 2, width_of(p->reader),
	    err);
	if (!new)
		return BURIN_ENOMEM;
	brn_rewrite_to(r, p->reader, new);
	return BURIN_OK;
}

static int
set_bits(const struct brn_node *layer, struct brn_weight_bits *out,
    burin_error *err)
{
	struct brn_matrix w = brn_weight(layer);

	out->lines = w.trans ? w.cols : w.rows;
	out->n = w.trans ? w.rows : w.cols;
	out->bits = brn_matrix_bits(&w);
	return out->bits ? BURIN_OK : brn_nomem(err);
}

/* Mark the channels of p, and choose which are removed.  */
static int
choose(const struct brn_pass_opts *o, struct pair *p, struct brn_channels *c,
    burin_error *err)
{
	int rc;

	if ((rc = set_bits(p->maker, &p->made, err)) < 0 ||
	    (rc = set_bits(p->reader, &p->read, err)) < 0)
		return rc;
	brn_channels_mark(c, &p->made, made_axis(p->maker),
	    BRN_CHANNEL_CONSTANT);
	brn_channels_mark(c, &p->read, read_axis(p->reader),
	    BRN_CHANNEL_UNREAD);
	if ((rc = find_values(p, c, err)) < 0)
		return rc;
	if (!p->is_attention)
		return remove_features(o, p, c, err);
	brn_channels_remove(c, 1);
	return BURIN_OK;
}

static int
fold_dead_channels_visit(struct brn_rewrite *r, const struct brn_pass_opts *o,
    struct pair *p, burin_error *err)
{
	int64_t n = width_of(p->maker);
	struct brn_channels c;
	int rc;

	rc = brn_channels_init(&c, n, p->is_attention ?
	    brn_attr_int(p->mid, "heads") : n, err);
	if (rc == 0)
		rc = choose(o, p, &c, err);
	if (rc == 0 && c.nkept < c.units)
		rc = replace_pair(r, p, &c, err);
	free(p->made.bits);
	free(p->read.bits);
	brn_channels_free(&c);
	return rc;
}

int
brn_pass_fold_dead_channels(struct brn_graph *g,
    const struct brn_pass_opts *o, int *changed, burin_error *err)
{
	struct brn_rewrite r;
	char *reads;
	int rc;

	if ((rc = brn_rewrite_begin(&r, g, err)) < 0)
		return rc;
	reads = brn_alloc((size_t)r.n + 1, sizeof *reads);
	if (!reads)
		rc = brn_nomem(err);
	for (int i = 0; i < r.n && rc == BURIN_OK; i++) {
		struct pair p;

		if (!match_pair(&r, reads, g->node[i], &p))
			continue;
		reads[i] = 1;
		rc = fold_dead_channels_visit(&r, o, &p, err);
	}
	free(reads);
	if (rc == BURIN_OK)
		return brn_rewrite_end(&r, changed, err);
	brn_rewrite_free(&r);
	return rc;
}
