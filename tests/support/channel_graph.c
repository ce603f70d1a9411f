/* SPDX-License-Identifier: Apache-2.0
 *
 * Small pairs of layers, as they are before bsr_dense.
 */
#include "tests/support/channel_graph.h"

#include <math.h>
#include <string.h>

#include "tests/support/build.h"

/* Zeros of both signs.  */
static void
zero(struct brn_node *w, int64_t row, int64_t col)
{
	float *p = w->value->data;

	p[row * w->value->type.dim[1] + col] = (row + col) % 2 ? -0.0f : 0;
}

void
zero_rows(struct brn_node *w, int from, int n)
{
	for (int r = from; r < from + n; r++)
		for (int64_t c = 0; c < w->value->type.dim[1]; c++)
			zero(w, r, c);
}

void
zero_cols(struct brn_node *w, int from, int n)
{
	for (int64_t r = 0; r < w->value->type.dim[0]; r++)
		for (int c = from; c < from + n; c++)
			zero(w, r, c);
}

void
turn(struct brn_graph *g, struct brn_node *layer)
{
	const struct brn_tensor *w = layer->in[1]->value;
	struct brn_node *t = weight(g, layer->in[1]->name,
	    (int)w->type.dim[1], (int)w->type.dim[0], 1);
	float *to = t->value->data;

	for (int64_t c = 0; c < w->type.dim[1]; c++)
		for (int64_t r = 0; r < w->type.dim[0]; r++)
			*to++ = ((float *)w->data)[r * w->type.dim[1] + c];
	layer->in[1] = t;
	set_int(g, layer, "trans_w", 1);
}

static struct brn_node *
activated(struct brn_graph *g, struct brn_node *x, int variant)
{
	switch (variant) {
	case FFN_GELU_TANH:
		return set_int(g, OP(g, gelu, x), "tanh", 1);
	case FFN_RELU:
		return OP(g, relu, x);
	case FFN_TANH:
		return OP(g, tanh, x);
	case FFN_SIGMOID:
		return OP(g, sigmoid, x);
	case FFN_LINEAR:
	case FFN_CHAIN:
		return x;
	}
	return OP(g, gelu, x);
}

static struct brn_node *
maker_of_six(struct brn_graph *g, struct brn_node *x, struct brn_node *w,
    int variant)
{
	struct brn_node *b = vector(g, "b1", 6, 1, 2);

	if (variant == FFN_INPUT)
		return OP(g, dense, x, input(g, "w", 2, 6, 4), b);
	if (variant == FFN_NO_BIAS)
		return OP(g, dense, x, w);
	if (variant == FFN_RESIDUAL)
		return OP(g, dense, x, w, b, input(g, "r", 2, BATCH, 6));
	return OP(g, dense, x, w, b);
}

void
channels_ffn(struct brn_graph *g, int variant)
{
	struct brn_node *x = input(g, "x", 2, BATCH, 4), *h, *y;
	struct brn_node *w1 = weight(g, "w1", 6, 4, 1);
	struct brn_node *w2 = weight(g, "w2", 3, 6, 3);
	struct brn_node *b2 = vector(g, "b2", 3, 1, 4);

	if (variant != FFN_ALIVE) {
		zero_rows(w1, 1, 2);
		zero_cols(w2, 4, 1);
	}
	if (variant == FFN_ALL)
		zero_rows(w1, 0, 6);
	h = named(maker_of_six(g, x, w1, variant), "maker");
	if (variant == FFN_MAKER_USED)
		output(g, "z", h);
	h = activated(g, h, variant);
	if (variant == FFN_USED)
		output(g, "z", h);
	y = variant == FFN_BARE_READER ? OP(g, dense, h, w2) :
	    OP(g, dense, h, w2, b2);
	named(y, "reader");
	if (variant == FFN_TURNED || variant == FFN_MAKER_TURNED)
		turn(g, h->in[0]);
	if (variant == FFN_TURNED)
		turn(g, y);
	if (variant == FFN_CHAIN) {
		zero_rows(w2, 1, 1);
		y = OP(g, dense, y, weight(g, "w3", 2, 3, 5));
	}
	if (variant == FFN_SHARED) {
		h = OP(g, relu, OP(g, dense, OP(g, exp, x), w1));
		output(g, "z", OP(g, dense, h, w2));
	}
	output(g, "y", y);
}

static struct brn_node *
projected(struct brn_graph *g, struct brn_node *x, struct brn_node *w, int seed)
{
	return OP(g, dense, x, w, vector(g, "b", (int)w->type.dim[0], 1,
	    (uint64_t)seed));
}

static struct brn_node *
mask(struct brn_graph *g, int variant)
{
	struct brn_node *m, *on;

	switch (variant) {
	case HEAD_MASK:
		return input(g, "m", 4, BATCH, 1, 1, SEQ);
	case HEAD_OWN_MASK:
		return input(g, "m", 3, 4, 1, SEQ);
	case HEAD_NAN:
	case HEAD_NAN_NO_BIAS:
	case HEAD_NAN_FINITE:
		m = input(g, "m", 4, BATCH, 1, 1, SEQ);
		on = OP(g, greater, m, scalar(g, 99));
		return OP(g, where, on, scalar(g, 0), scalar(g,
		    variant == HEAD_NAN_FINITE ? -3.4028235e38f : -INFINITY));
	}
	return NULL;
}

static void
kill_heads(struct brn_node *v, struct brn_node *o, int variant)
{
	switch (variant) {
	case HEAD_OUTPUT:
		zero_cols(o, 4, 4);
		return;
	case HEAD_MIXED:
		zero_cols(o, 2, 1);
		zero_rows(v, 3, 1);
		return;
	case HEAD_HALF:
		zero_rows(v, 3, 1);
		return;
	case HEAD_QUERY:
		return;
	case HEAD_ALL:
		zero_rows(v, 0, 8);
		return;
	case HEAD_WIDE:
		zero_rows(v, 3, 3);
		return;
	}
	zero_rows(v, 2, 2);
}

void
channels_attention(struct brn_graph *g, int variant)
{
	int width = variant == HEAD_WIDE ? 12 : 8;
	struct brn_node *x = input(g, "x", 3, BATCH, SEQ, 8), *a, *q, *k;
	struct brn_node *wq = weight(g, "wq", 8, 8, 1);
	struct brn_node *wv = weight(g, "wv", width, 8, 3), *v;
	struct brn_node *wo = weight(g, "wo", 5, width, 4), *y;

	kill_heads(wv, wo, variant);
	if (variant == HEAD_QUERY)
		zero_rows(wq, 2, 2);
	q = projected(g, x, wq, 5);
	k = projected(g, x, weight(g, "wk", 8, 8, 2), 6);
	if (variant == HEAD_KEYS_USED)
		output(g, "z", k);
	v = variant == HEAD_NAN_NO_BIAS ? OP(g, dense, x, wv) :
	    projected(g, x, wv, 7);
	a = OP(g, attention, q, k, named(v, "maker"), mask(g, variant));
	set_int(g, a, "heads", 4);
	if (variant == HEAD_SCALED)
		set_float(g, a, "scale", 0.7f);
	if (variant >= HEAD_NAN && variant <= HEAD_NAN_NO_MASK)
		set_int(g, a, "nan_to_zero", 1);
	y = named(projected(g, a, wo, 8), "reader");
	for (int i = 0; variant == HEAD_TURNED && i < 3; i++)
		turn(g, a->in[i]);
	if (variant == HEAD_TURNED)
		turn(g, y);
	output(g, "y", y);
}
