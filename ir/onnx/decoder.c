/* SPDX-License-Identifier: Apache-2.0
 *
 * GroupQueryAttention and RotaryEmbedding of com.microsoft, which decoders
 * have, become mha and rotary.
 */
#include "ir/onnx/decoder.h"

struct brn_node *
brn_put_present(struct brn_expand *e, struct brn_node *x,
    struct brn_node *past, struct brn_node *last, struct brn_node *total,
    int64_t heads)
{
	struct brn_node *n = BRN_PUT(e, mha, x, x, x, NULL, past, past, last,
	    total);

	brn_put_int(e, n, "q_num_heads", heads);
	brn_put_int(e, n, "kv_num_heads", heads);
	brn_put_int(e, n, "index", 1);
	return n;
}

/* Positions [batch, tokens] of tokens that begin at first: a tensor of one
 * element, or NULL for 0.  */
static struct brn_node *
positions_from(struct brn_expand *e, struct brn_node *x, int axis,
    struct brn_node *first)
{
	struct brn_node *shape = BRN_PUT(e, shape, x), *n, *p;
	struct brn_node *zero = brn_put_scalar(e, BURIN_I64, 0);

	n = BRN_PUT(e, gather, shape, brn_put_scalar(e, BURIN_I64, axis));
	p = BRN_PUT(e, range, zero, n, brn_put_scalar(e, BURIN_I64, 1));
	if (first)
		p = BRN_PUT(e, add, p, first);
	n = BRN_PUT(e, gather, shape, BRN_INTS(e, 0));
	n = BRN_PUT(e, concat, n, BRN_INTS(e, 1));
	brn_put_int(e, n, "axis", 0);
	return BRN_PUT(e, expand, p, n);
}

/* x turned by cos and sin [positions, half] at places [batch, tokens].  */
static struct brn_node *
put_rotary(struct brn_expand *e, struct brn_node *x, struct brn_node *cos,
    struct brn_node *sin, struct brn_node *place, int64_t heads)
{
	struct brn_node *n = BRN_PUT(e, rotary, x, cos, sin, place);

	if (heads)
		brn_put_int(e, n, "num_heads", heads);
	return n;
}

/* ---- RotaryEmbedding ---- */

void
brn_expand_rotary_embedding(struct brn_expand *e)
{
	struct brn_node *x = brn_arg(e, 0), *place = brn_arg(e, 1);
	const struct brn_type *t = brn_known_type(e, x);
	const struct brn_type *p = brn_known_type(e, place);
	const struct brn_type *cos = brn_known_type(e, brn_arg(e, 2));
	int64_t heads = brn_arg_int(e, "num_heads", 0);
	int64_t size = brn_arg_int(e, "rotary_embedding_dim", 0);

	if (brn_arg_int(e, "is_packed_batching", 0) ||
	    brn_arg_float(e, "scale", 1) != 1)
		brn_cannot(e, "of packed batches or with a scale");
	if ((t->rank != 3 && t->rank != 4) || (p->rank != 1 && p->rank != 2) ||
	    cos->rank != 2)
		brn_cannot(e, "with inputs of unknown rank");
	if (t->rank == 3 && !heads && (size || brn_is_sym(t->dim[2]) ||
	    cos->dim[1] < 1))
		brn_cannot(e, "without a number of heads");
	if (brn_expand_stopped(e))
		return;
	if (t->rank == 3 && !heads)
		heads = t->dim[2] / (2 * cos->dim[1]);
	if (p->rank == 1)
		place = positions_from(e, x, t->rank == 3 ? 1 : 2, place);
	e->out[0] = put_rotary(e, x, brn_arg(e, 2), brn_arg(e, 3), place,
	    t->rank == 3 ? heads : 0);
	if (brn_arg_int(e, "interleaved", 0))
		brn_put_int(e, e->out[0], "interleaved", 1);
	if (size)
		brn_put_int(e, e->out[0], "rotary_embedding_dim", size);
}

/* ---- GroupQueryAttention ---- */

struct groups {
	struct brn_node *q, *k, *v;     /* [batch, tokens, features] */
	struct brn_node *last;          /* place of the last token [batch] */
	struct brn_node *sinks;         /* [heads], NULL: none */
	int64_t heads, kv_heads;
};

static void
refuse_group_query(struct brn_expand *e)
{
	int64_t window = brn_arg_int(e, "local_window_size", -1);

	if (window < 1 && window != -1)
		brn_cannot(e, "with a window of %lld", (long long)window);
	if (brn_arg_int(e, "qk_output", 0))
		brn_cannot(e, "with qk_output");
	for (int k = 12; k < 14; k++)
		if (brn_arg(e, k))
			brn_cannot(e, "with input %d", k);
	if (brn_wants(e, 3))
		brn_cannot(e, "with scores as an output");
}

/* Q, K and V, which may be packed into input 0.  */
static void
split_inputs(struct brn_expand *e, struct groups *g)
{
	const struct brn_type *t = brn_known_type(e, brn_arg(e, 0));
	struct brn_node *part[3];
	int64_t all, one;

	g->heads = brn_arg_int(e, "num_heads", 0);
	g->kv_heads = brn_arg_int(e, "kv_num_heads", 0);
	g->q = brn_arg(e, 0);
	g->k = brn_arg(e, 1);
	g->v = brn_arg(e, 2);
	if (g->heads < 1 || g->kv_heads < 1 || g->heads > BRN_MAX_IN ||
	    g->kv_heads > BRN_MAX_IN || !g->k != !g->v) {
		brn_cannot(e, "with such heads");
		return;
	}
	if (g->k)
		return;
	all = g->heads + 2 * g->kv_heads;
	if (t->rank != 3 || brn_is_sym(t->dim[2]) || t->dim[2] % all) {
		brn_cannot(e, "with packed features that do not divide");
		return;
	}
	one = t->dim[2] / all;
	brn_put_split(e, g->q, 2, (int64_t[]){ g->heads * one,
	    g->kv_heads * one, g->kv_heads * one }, part, 3);
	g->q = part[0];
	g->k = part[1];
	g->v = part[2];
}

/* Places [batch, tokens] of the new tokens: they end at last, or begin at 0 if
 * there are more of them.  */
static struct brn_node *
places_up_to(struct brn_expand *e, const struct groups *g)
{
	struct brn_node *zero = brn_put_scalar(e, BURIN_I64, 0), *n, *first;
	struct brn_node *one = brn_put_scalar(e, BURIN_I64, 1);

	n = BRN_PUT(e, gather, BRN_PUT(e, shape, g->q), one);
	first = BRN_PUT(e, add, brn_put_cast(e, g->last, BURIN_I64),
	    BRN_PUT(e, sub, one, n));
	first = BRN_PUT(e, max, first, zero);
	return BRN_PUT(e, add, BRN_PUT(e, unsqueeze, first, BRN_INTS(e, 1)),
	    BRN_PUT(e, range, zero, n, one));
}

/* Turn q and k by their positions: input 9, or those behind the past.  */
static void
turn_groups(struct brn_expand *e, struct groups *g)
{
	struct brn_node *cos = brn_arg(e, 7), *sin = brn_arg(e, 8);
	struct brn_node *place = brn_arg(e, 9);
	int interleaved = brn_arg_int(e, "rotary_interleaved", 0) != 0;

	if (!cos || !sin) {
		brn_cannot(e, "with rotary embedding without cos and sin");
		return;
	}
	if (!place)
		place = brn_arg(e, 3) ? places_up_to(e, g) :
		    positions_from(e, g->q, 1, NULL);
	g->q = put_rotary(e, g->q, cos, sin, place, g->heads);
	g->k = put_rotary(e, g->k, cos, sin, place, g->kv_heads);
	if (interleaved) {
		brn_put_int(e, g->q, "interleaved", 1);
		brn_put_int(e, g->k, "interleaved", 1);
	}
}

/* The last tokens as a vector, and a score of each head that is added to its
 * softmax: input 11, or 0.  */
static void
set_lengths(struct brn_expand *e, struct groups *g)
{
	static const float zero[BRN_MAX_IN];

	g->last = brn_arg(e, 5);
	if (brn_known_type(e, g->last)->rank != 1)
		g->last = BRN_PUT(e, reshape, g->last, BRN_INTS(e, -1));
	g->sinks = brn_arg(e, 11);
	if (!g->sinks && brn_arg_int(e, "smooth_softmax", 0) == 1)
		g->sinks = brn_put_floats(e, zero, (int)g->heads);
}

static struct brn_node *
put_attention(struct brn_expand *e, const struct groups *g)
{
	int64_t window = brn_arg_int(e, "local_window_size", -1);
	struct brn_node *n = BRN_PUT(e, mha, g->q, g->k, g->v,
	    brn_arg(e, 10), brn_arg(e, 3), brn_arg(e, 4), g->last, NULL,
	    g->sinks);

	brn_put_int(e, n, "q_num_heads", g->heads);
	brn_put_int(e, n, "kv_num_heads", g->kv_heads);
	brn_put_int(e, n, "is_causal", 1);
	brn_put_float(e, n, "scale", brn_arg_float(e, "scale", 0));
	brn_put_float(e, n, "softcap", brn_arg_float(e, "softcap", 0));
	if (window > 0)
		brn_put_int(e, n, "left_window_size", window - 1);
	return n;
}

void
brn_expand_group_query_attention(struct brn_expand *e)
{
	struct groups g = { 0 };

	refuse_group_query(e);
	split_inputs(e, &g);
	if (!brn_arg(e, 3) != !brn_arg(e, 4))
		brn_cannot(e, "with a past of keys or values only");
	if (brn_expand_stopped(e))
		return;
	set_lengths(e, &g);
	if (brn_arg_int(e, "do_rotary", 0))
		turn_groups(e, &g);
	if (brn_expand_stopped(e))
		return;
	e->out[0] = put_attention(e, &g);
	e->out[1] = brn_put_present(e, g.k, brn_arg(e, 3), g.last,
	    brn_arg(e, 6), g.kv_heads);
	e->out[2] = brn_put_present(e, g.v, brn_arg(e, 4), g.last,
	    brn_arg(e, 6), g.kv_heads);
}
