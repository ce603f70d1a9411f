/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention of ONNX Runtime's optimizer becomes three layers for queries, keys
 * and values, a mask that is added to the scores, and one attention node.  The
 * embedding in front of it becomes gathers, sums and a layer_norm.
 */
#include "ir/onnx/attention.h"

#include "ir/onnx/decoder.h"

#include <float.h>
#include <math.h>

/* The operands of one attention.  */
struct heads {
	struct brn_node *q, *k, *v;     /* [batch, tokens, features] */
	struct brn_node *past[2];       /* of k, v [batch, heads, tokens,
	                                   depth]; NULL: none */
	struct brn_node *mask, *bias;   /* padding mask; added to the scores */
	int64_t n;                      /* heads */
	int64_t size[3];                /* features of q, k, v */
};

/* ---- masks ---- */

/* Added to scores: 0 where yes, else value.  */
static struct brn_node *
penalty_unless(struct brn_expand *e, struct brn_node *yes, double value)
{
	return BRN_PUT(e, where, yes, brn_put_scalar(e, BURIN_F32, 0),
	    brn_put_scalar(e, BURIN_F32, value));
}

/* How many tokens x [batch, tokens, features] or [batch, heads, tokens, depth]
 * has.  */
static struct brn_node *
count_tokens(struct brn_expand *e, struct brn_node *x)
{
	int axis = brn_known_type(e, x)->rank == 4 ? 2 : 1;

	return BRN_PUT(e, gather, BRN_PUT(e, shape, x),
	    brn_put_scalar(e, BURIN_I64, axis));
}

/* The positions 0, 1, .. of the tokens of past, which may be NULL, and x.  */
static struct brn_node *
positions(struct brn_expand *e, struct brn_node *past, struct brn_node *x)
{
	struct brn_node *n = count_tokens(e, x);

	if (past)
		n = BRN_PUT(e, add, n, BRN_PUT(e, gather,
		    BRN_PUT(e, shape, past), brn_put_scalar(e, BURIN_I64, 2)));
	return BRN_PUT(e, range, brn_put_scalar(e, BURIN_I64, 0), n,
	    brn_put_scalar(e, BURIN_I64, 1));
}

/* Bools [batch, 1, 1, keys] of a mask of one dimension: how many keys take part
 * [batch], behind that, if it is twice as long, which is the first.  */
static struct brn_node *
keys_in_range(struct brn_expand *e, const struct heads *h)
{
	int64_t n = brn_known_type(e, h->mask)->dim[0];
	int64_t batch = brn_known_type(e, h->q)->dim[0];
	struct brn_node *m = brn_put_cast(e, h->mask, BURIN_I64), *to = m;
	struct brn_node *at = positions(e, h->past[0], h->k), *part[2] = { 0 };
	struct brn_node *yes;

	if (n != batch && (batch < 1 || batch > INT32_MAX || n != 2 * batch)) {
		brn_cannot(e, "with a mask of another form");
		return NULL;
	}
	if (n != batch) {
		brn_put_split(e, m, 0, (int64_t[]){ batch, batch }, part, 2);
		to = part[0];
	}
	yes = BRN_PUT(e, less, at, BRN_PUT(e, unsqueeze, to, BRN_INTS(e, 1)));
	if (part[1])
		yes = BRN_PUT(e, and, yes, BRN_PUT(e, greater_equal, at,
		    BRN_PUT(e, unsqueeze, part[1], BRN_INTS(e, 1))));
	return BRN_PUT(e, unsqueeze, yes, BRN_INTS(e, 1, 2));
}

/* Bools: which keys take part.  The mask is [batch, keys], [batch, queries,
 * keys], or as keys_in_range reads it.  */
static struct brn_node *
keys_that_take_part(struct brn_expand *e, const struct heads *h)
{
	const struct brn_type *t = brn_known_type(e, h->mask);
	struct brn_node *yes = h->mask;
	int rank = t->rank;

	if (rank == 1)
		return keys_in_range(e, h);
	if (rank != 2 && rank != 3) {
		brn_cannot(e, "with a mask of another form");
		return NULL;
	}
	if (t->dtype != BURIN_BOOL)
		yes = BRN_PUT(e, greater, yes,
		    brn_put_scalar(e, t->dtype, 0));
	return BRN_PUT(e, unsqueeze, yes, rank == 2 ? BRN_INTS(e, 1, 2) :
	    BRN_INTS(e, 1));
}

/* Each token attends to itself and to those before it.  */
static struct brn_node *
causal_mask(struct brn_expand *e, const struct heads *h)
{
	struct brn_node *keys = positions(e, NULL, h->k);
	struct brn_node *q = positions(e, NULL, h->q);

	q = BRN_PUT(e, unsqueeze, q, BRN_INTS(e, 1));
	q = BRN_PUT(e, less_equal, keys, q);
	return penalty_unless(e, q, -(double)FLT_MAX);
}

/* The sum of those that are not NULL.  */
static struct brn_node *
sum(struct brn_expand *e, struct brn_node *a, struct brn_node *b)
{
	return a && b ? BRN_PUT(e, add, a, b) : a ? a : b;
}

/* The bias and the padding mask, which are added to the scores; NULL:
 * nothing.  */
static struct brn_node *
padding_mask(struct brn_expand *e, const struct heads *h)
{
	double value = (double)brn_arg_float(e, "mask_filter_value", -10000);

	if (!h->mask)
		return h->bias;
	return sum(e, h->bias, penalty_unless(e, keys_that_take_part(e, h),
	    value));
}

/* ---- attention ---- */

static struct brn_node *
put_attention(struct brn_expand *e, struct heads *h)
{
	double scale = (double)brn_arg_float(e, "scale", 0);
	struct brn_node *mask = padding_mask(e, h), *n;

	if (brn_arg_int(e, "unidirectional", 0))
		mask = sum(e, mask, causal_mask(e, h));
	if (scale == 0)
		scale = 1 / sqrt((double)h->size[0] / (double)h->n);
	n = BRN_PUT(e, attention, h->q, h->k, h->v, mask);
	brn_put_int(e, n, "heads", h->n);
	brn_put_float(e, n, "scale", (float)scale);
	return n;
}

/* Attention with a past, or to keys that are heads already; and the presents,
 * the past with the new tokens.  last and total, inputs of mha, may be
 * NULL.  */
static void
put_mha(struct brn_expand *e, struct heads *h, struct brn_node *last,
    struct brn_node *total)
{
	struct brn_node *n;

	if (!h->past[0] != !h->past[1])
		brn_cannot(e, "with a past of keys or values only");
	if (brn_expand_stopped(e))
		return;
	n = BRN_PUT(e, mha, h->q, h->k, h->v, padding_mask(e, h), h->past[0],
	    h->past[1], last);
	brn_put_int(e, n, "q_num_heads", h->n);
	brn_put_int(e, n, "kv_num_heads", h->n);
	brn_put_float(e, n, "scale", brn_arg_float(e, "scale", 0));
	if (brn_arg_int(e, "unidirectional", 0))
		brn_put_int(e, n, "is_causal", 1);
	e->out[0] = n;
	e->out[1] = brn_put_present(e, h->k, h->past[0], last, total, h->n);
	e->out[2] = brn_put_present(e, h->v, h->past[1], last, total, h->n);
}

static void
check_heads(struct brn_expand *e, struct heads *h)
{
	h->n = brn_arg_int(e, "num_heads", 0);
	if (h->n < 1 || h->size[0] < h->n || h->size[0] % h->n ||
	    h->size[1] != h->size[0] || h->size[2] % h->n)
		brn_cannot(e, "with features that are not known or do not "
		    "divide into heads");
}

/* How many columns of the packed weight are those of q, k and v.  */
static void
packed_sizes(struct brn_expand *e, const struct brn_node *w, int64_t *size)
{
	const struct brn_type *t = brn_known_type(e, w);
	int n = brn_arg_ints(e, "qkv_hidden_sizes", size, 3);

	if (t->rank != 2 || brn_is_sym(t->dim[1]) || (n != 0 && n != 3))
		brn_cannot(e, "with a weight of unknown size");
	for (int i = 0; i < 3 && n == 0; i++)
		size[i] = t->dim[1] / 3;
	for (int i = 0; i < 3; i++)
		if (size[i] < 0 || size[i] > t->dim[1])
			brn_cannot(e, "with a weight of another size");
	if (size[0] + size[1] + size[2] != t->dim[1])
		brn_cannot(e, "with a weight of another size");
}

/* The packed layer as one layer each for q, k and v: each gets the block shape
 * that suits it, and its result need not be sliced.  */
static void
put_layers(struct brn_expand *e, const struct brn_packed_attention *p,
    struct heads *h)
{
	static const char *const part[] = { "query", "key", "value" };
	struct brn_node **to[] = { &h->q, &h->k, &h->v }, *w[3], *b[3];

	brn_put_split(e, p->w, 1, h->size, w, 3);
	if (p->bias)
		brn_put_split(e, p->bias, 0, h->size, b, 3);
	for (int i = 0; i < 3; i++) {
		e->part = part[i];
		*to[i] = BRN_PUT(e, matmul, p->x, w[i]);
		if (p->bias)
			*to[i] = BRN_PUT(e, add, *to[i], b[i]);
	}
	e->part = NULL;
}

/* past and present have keys and values along their first axis.  */
static void
put_with_past(struct brn_expand *e, struct heads *h, struct brn_node *past)
{
	struct brn_node *part[2];

	for (int i = 0; i < 2; i++)
		h->past[i] = past ? BRN_PUT(e, gather, past,
		    brn_put_scalar(e, BURIN_I64, i)) : NULL;
	put_mha(e, h, NULL, NULL);
	for (int i = 0; i < 2; i++)
		part[i] = BRN_PUT(e, unsqueeze, e->out[1 + i], BRN_INTS(e, 0));
	e->out[1] = BRN_PUT(e, concat, part[0], part[1]);
	brn_put_int(e, e->out[1], "axis", 0);
	e->out[2] = NULL;
}

void
brn_put_packed_attention(struct brn_expand *e,
    const struct brn_packed_attention *p)
{
	struct heads h = { .mask = p->mask, .bias = p->scores };
	int with_past = p->past || brn_wants(e, 1);

	if (brn_arg_int(e, "do_rotary", 0))
		brn_cannot(e, "with rotary embedding");
	if (brn_arg_int(e, "past_present_share_buffer", 0))
		brn_cannot(e, "with a shared buffer");
	if (brn_expand_stopped(e))
		return;
	packed_sizes(e, p->w, h.size);
	check_heads(e, &h);
	if (brn_expand_stopped(e))
		return;
	put_layers(e, p, &h);
	if (with_past)
		put_with_past(e, &h, p->past);
	else
		e->out[0] = put_attention(e, &h);
}

void
brn_expand_attention(struct brn_expand *e)
{
	if (brn_arg(e, 6))
		brn_cannot(e, "with a shared buffer");
	brn_put_packed_attention(e, &(struct brn_packed_attention){
	    brn_arg(e, 0), brn_arg(e, 1), brn_arg(e, 2), brn_arg(e, 3),
	    brn_arg(e, 5), brn_arg(e, 4) });
}

static void
add_biases(struct brn_expand *e, struct heads *h)
{
	struct brn_node **to[] = { &h->q, &h->k, &h->v }, *b[3];

	brn_put_split(e, brn_arg(e, 3), 0, h->size, b, 3);
	for (int i = 0; i < 3; i++)
		*to[i] = BRN_PUT(e, add, *to[i], b[i]);
}

/* One new token; past and present are one buffer with room for more tokens than
 * the past has.  */
static void
put_in_buffer(struct brn_expand *e, struct heads *h)
{
	struct brn_node *batch, *last;

	batch = BRN_PUT(e, gather, BRN_PUT(e, shape, h->q), BRN_INTS(e, 0));
	last = BRN_PUT(e, reshape, brn_arg(e, 7), BRN_INTS(e, 1));
	put_mha(e, h, BRN_PUT(e, expand, last, batch),
	    brn_put_scalar(e, BURIN_I64, 0));
}

void
brn_expand_decoder_masked_attention(struct brn_expand *e)
{
	struct heads h = { .q = brn_arg(e, 0), .k = brn_arg(e, 1),
	    .v = brn_arg(e, 2), .past = { brn_arg(e, 5), brn_arg(e, 6) },
	    .mask = brn_arg(e, 3), .bias = brn_arg(e, 4),
	    .n = brn_arg_int(e, "num_heads", 0) };
	int shared = brn_arg_int(e, "past_present_share_buffer", 0) != 0;

	if (!h.k || !h.v || h.n < 1)
		brn_cannot(e, "with packed inputs");
	if (brn_arg(e, 9) || brn_arg(e, 10) || brn_wants(e, 3) ||
	    brn_arg_int(e, "output_qk", 0))
		brn_cannot(e, "with beams, a bias or scores as an output");
	if (shared && (!brn_arg(e, 5) || !brn_arg(e, 6) || !brn_arg(e, 7)))
		brn_cannot(e, "with a buffer that is not given");
	if (brn_expand_stopped(e))
		return;
	if (shared)
		put_in_buffer(e, &h);
	else
		put_mha(e, &h, NULL, NULL);
}

void
brn_expand_multi_head_attention(struct brn_expand *e)
{
	struct heads h = { .q = brn_arg(e, 0), .k = brn_arg(e, 1),
	    .v = brn_arg(e, 2), .past = { brn_arg(e, 6), brn_arg(e, 7) },
	    .mask = brn_arg(e, 4), .bias = brn_arg(e, 5) };
	struct brn_node *in[] = { h.q, h.k, h.v };

	if (brn_arg(e, 8) || brn_arg(e, 9) || brn_wants(e, 3))
		brn_cannot(e, "with a shared buffer, beams or scores as an "
		    "output");
	if (h.k && h.v && brn_known_type(e, h.k)->rank == 4) {
		h.n = brn_arg_int(e, "num_heads", 0);
		if (brn_arg(e, 3) || h.n < 1)
			brn_cannot(e, "with a bias and heads as keys");
		put_mha(e, &h, NULL, NULL);
		return;
	}
	for (int i = 0; i < 3; i++) {
		const struct brn_type *t = brn_known_type(e, in[i]);

		if (t->rank != 3)
			brn_cannot(e, "with packed inputs");
		h.size[i] = t->rank == 3 ? t->dim[2] : 0;
	}
	check_heads(e, &h);
	if (brn_expand_stopped(e))
		return;
	if (brn_arg(e, 3))
		add_biases(e, &h);
	if (brn_arg(e, 6) || brn_arg(e, 7) || brn_wants(e, 1) ||
	    brn_wants(e, 2))
		put_mha(e, &h, NULL, NULL);
	else
		e->out[0] = put_attention(e, &h);
}

/* ---- embedding ---- */

static struct brn_node *
rows_of(struct brn_expand *e, struct brn_node *table, struct brn_node *ids)
{
	return BRN_PUT(e, gather, table, brn_put_cast(e, ids, BURIN_I64));
}

static struct brn_node *
position_rows(struct brn_expand *e)
{
	struct brn_node *table = brn_arg(e, 3), *n;

	if (brn_arg(e, 8))
		return rows_of(e, table, brn_arg(e, 8));
	n = BRN_PUT(e, shape, brn_arg(e, 0));
	brn_put_int(e, n, "start", 1);
	brn_put_int(e, n, "end", 2);
	return BRN_PUT(e, slice, table, BRN_INTS(e, 0), n, BRN_INTS(e, 0));
}

/* Output 1: the number of tokens in each row of the mask.  */
static struct brn_node *
mask_index(struct brn_expand *e)
{
	struct brn_node *n;

	if (!brn_wants(e, 1))
		return NULL;
	if (!brn_arg(e, 7)) {
		brn_cannot(e, "with an index of a mask that is not given");
		return NULL;
	}
	n = BRN_PUT(e, reduce_sum, brn_put_cast(e, brn_arg(e, 7), BURIN_I32),
	    BRN_INTS(e, 1));
	brn_put_int(e, n, "keepdims", 0);
	return n;
}

void
brn_expand_embed_layer_norm(struct brn_expand *e)
{
	struct brn_node *x;

	for (int k = 0; k < 7; k++)
		if (!brn_arg(e, k) && k != 1 && k != 4)
			brn_cannot(e, "without input %d", k);
	x = BRN_PUT(e, add, rows_of(e, brn_arg(e, 2), brn_arg(e, 0)),
	    position_rows(e));
	if (brn_arg(e, 1) && brn_arg(e, 4))
		x = BRN_PUT(e, add, x, rows_of(e, brn_arg(e, 4),
		    brn_arg(e, 1)));
	e->out[2] = x;
	e->out[1] = mask_index(e);
	e->out[0] = BRN_PUT(e, layer_norm, x, brn_arg(e, 5), brn_arg(e, 6));
	brn_put_float(e, e->out[0], "epsilon",
	    brn_arg_float(e, "epsilon", 1e-12f));
}
