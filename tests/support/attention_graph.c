/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention of two heads of size 4, spelled out.
 */
#include "tests/support/attention_graph.h"

#include <math.h>

#include "tests/support/build.h"

static struct brn_node *
permuted(struct brn_graph *g, struct brn_node *x, int64_t a, int64_t b,
    int64_t c)
{
	struct brn_node *n = OP(g, transpose, x);
	int64_t perm[] = { 0, a, b, c };

	ck_assert_int_eq(brn_attr_set_ints(g, n, "perm", perm, c ? 4 : 3), 0);
	return n;
}

static struct brn_node *
by_head(struct brn_graph *g, struct brn_node *x, int heads)
{
	return permuted(g, OP(g, reshape, x, INTS(g, 0, 0, heads, 4)),
	    2, 1, 3);
}

static struct brn_node *
joined(struct brn_graph *g, struct brn_node *a, struct brn_node *b,
    struct brn_node *c)
{
	return set_int(g, OP(g, concat, a, b, c), "axis", 0);
}

/* x of shape [.., seq, size] to [-1, seq, size], turned, to [.., size, seq].
 */
static struct brn_node *
swapped_flat(struct brn_graph *g, struct brn_node *x,
    struct brn_node *outer, struct brn_node *seq)
{
	struct brn_node *size = INTS(g, 4);

	x = OP(g, reshape, x, joined(g, INTS(g, -1), seq, size));
	return OP(g, reshape, permuted(g, x, 2, 1, 0),
	    joined(g, outer, size, seq));
}

/* The same by the shape of like, which need not be x.  */
static struct brn_node *
swapped_like(struct brn_graph *g, struct brn_node *x, struct brn_node *like)
{
	struct brn_node *shape = OP(g, shape, like);

	return swapped_flat(g, x,
	    OP(g, slice, shape, INTS(g, INT64_MIN), INTS(g, -2)),
	    OP(g, slice, shape, INTS(g, -2), INTS(g, -1)));
}

static struct brn_node *
keys(struct brn_graph *g, struct brn_node *k, int v)
{
	int heads = (v & ODDITIES) == ONE_KEY_HEAD ? 1 : 2;
	struct brn_node *x, *shape;

	switch (v & KS) {
	case K_TWICE:
		return permuted(g, by_head(g, k, heads), 1, 3, 2);
	case K_FLAT:
		x = by_head(g, k, heads);
		shape = OP(g, shape, x);
		return swapped_flat(g, x, OP(g, gather, shape, INTS(g, 0, 1)),
		    OP(g, gather, shape, INTS(g, 2)));
	case K_SLICED:
		x = by_head(g, k, heads);
		return swapped_like(g, x, x);
	case K_MIXED:
		/* The heads of a key are taken for keys.  */
		x = OP(g, reshape, k, INTS(g, 0, 0, heads, 4));
		return swapped_like(g, x, by_head(g, k, heads));
	case K_WRONG:
		/* 4 keys of 4: the wrong product has the right shape. */
		return by_head(g, k, heads);
	}
	return permuted(g, OP(g, reshape, k, INTS(g, 0, 0, heads, 4)),
	    2, 3, 1);
}

/* sqrt(1 / sqrt(size)), computed in a run as PyTorch's exporter has it.  */
static struct brn_node *
root_of_scale(struct brn_graph *g, struct brn_node *q)
{
	struct brn_node *n = OP(g, slice, OP(g, shape, q), INTS(g, -1),
	    INTS(g, INT64_MAX));

	n = OP(g, sqrt, set_int(g, OP(g, cast, n), "to", BURIN_F32));
	return OP(g, sqrt, OP(g, div, scalar(g, 1), n));
}

static struct brn_node *
product(struct brn_graph *g, struct brn_node *q, struct brn_node *k, int v)
{
	int where = v & SCALES;

	if (where == SCALE_EARLY)
		q = OP(g, mul, scalar(g, 0.5f), q);
	q = by_head(g, q, 2);
	k = keys(g, k, v);
	if (where == SCALE_Q)
		q = OP(g, div, q, scalar(g, 2));
	if (where == SCALE_SHAPE) {
		struct brn_node *root = root_of_scale(g, q);

		q = OP(g, mul, q, root);
		k = OP(g, mul, k, root);
	}
	if (where == SCALE_BOTH) {
		q = OP(g, mul, q, scalar(g, 0.8f));
		k = OP(g, mul, scalar(g, 0.8f), k);
	}
	q = OP(g, matmul, q, k);
	if (where == SCALE_MUL)
		q = OP(g, mul, q, scalar(g, 0.5f));
	if (where == SCALE_DIV)
		q = OP(g, div, q, scalar(g, 2));
	if (where == SCALE_TENSOR)
		q = OP(g, mul, q, vector(g, "scale", 3, 1, 7));
	return q;
}

static struct brn_node *
masked(struct brn_graph *g, struct brn_node *s, struct brn_node *m, int v)
{
	struct brn_node *low = scalar(g, -3.4028235e38f);
	struct brn_node *far = scalar(g, -INFINITY), *zero = scalar(g, 0);
	struct brn_node *on = OP(g, greater, m, zero);

	switch (v & MASKS) {
	case MASK_ADD:
	case MASK_LARGE:
		return OP(g, add, s, m);
	case MASK_LEFT:
		return OP(g, add, m, s);
	case MASK_KEEP:
		return OP(g, where, on, s, low);
	case MASK_FILL:
		return OP(g, where, on, low, s);
	case MASK_EXPANDED:
		on = OP(g, expand, on, OP(g, shape, s));
		return OP(g, where, on, low, s);
	case MASK_LOOSE:
		return OP(g, where, on, s, scalar(g, -100));
	case MASK_INF:
		return OP(g, add, s, OP(g, where, on, zero, far));
	case MASK_ALL:
		on = OP(g, greater, m, scalar(g, 99));
		return OP(g, add, s, OP(g, where, on, zero, far));
	}
	return s;
}

static struct brn_node *
probabilities(struct brn_graph *g, struct brn_node *s, int v)
{
	struct brn_node *p = OP(g, softmax, s);

	if ((v & ODDITIES) == OTHER_AXIS)
		set_int(g, p, "axis", 2);
	if ((v & ODDITIES) != NAN_TO_ZERO)
		return p;
	return OP(g, where, OP(g, isnan, p), scalar(g, 0), p);
}

static struct brn_node *
by_token(struct brn_graph *g, struct brn_node *x)
{
	return OP(g, reshape, permuted(g, x, 2, 1, 3), INTS(g, 0, 0, 8));
}

void
attention_graph(struct brn_graph *g, int v)
{
	int odd = v & ODDITIES, large = (v & MASKS) == MASK_LARGE;
	int batch = large ? 1 : BATCH;
	int nkeys = odd == OTHER_KEYS ? 5 : (v & KS) == K_WRONG ? 4 : SEQ;
	struct brn_node *q = input(g, "q", 3, batch, SEQ, 8);
	struct brn_node *k = input(g, "k", 3, batch, nkeys,
	    odd == ONE_KEY_HEAD ? 4 : 8);
	struct brn_node *x = input(g, "v", 3, batch, nkeys, 8), *m, *s;

	s = product(g, q, k, v);
	if (odd == SCORES_USED)
		output(g, "scores", s);
	if (odd == SHAPE_USED)
		output(g, "size", set_int(g, OP(g, cast, OP(g, shape, s)),
		    "to", BURIN_F32));
	if (v & MASKS) {
		m = input(g, "m", 4, large ? 2 : BATCH, 1, 1, nkeys);
		s = masked(g, s, m, v);
	}
	s = OP(g, matmul, probabilities(g, s, v), by_head(g, x, 2));
	output(g, "y", by_token(g, s));
}

void
attention_shared_mask(struct brn_graph *g, int v)
{
	struct brn_node *x = input(g, "x", 3, BATCH, SEQ, 8);
	struct brn_node *m = input(g, "m", 4, BATCH, 1, 1, SEQ);
	struct brn_node *on = OP(g, greater, m, scalar(g, 0)), *s;

	(void)v;
	for (int i = 0; i < 3; i++) {
		s = OP(g, where, on, product(g, x, x, 0),
		    scalar(g, i < 2 ? -1e38f : -2e38f));
		s = OP(g, matmul, OP(g, softmax, s), by_head(g, x, 2));
		x = by_token(g, s);
	}
	output(g, "y", x);
}
