/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions on integers: those whose x is bytes and whose weight is integers
 * times a step by row,
 *
 *	dense_conv(dequantize(q, s, z), w)
 *	    ->  dense_conv(q, w) {x_quant, x_scale, x_zero}
 *
 * for constants s and z.  The weight of a depthwise one becomes i8 and the
 * steps of its rows.  fuse_epilogue goes on with what follows them.
 */
#include "passes/pass.h"

#include <string.h>

#include "ir/graph/step.h"
#include "ir/graph/x_quant.h"
#include "passes/quant_step.h"
#include "passes/rewrite.h"

enum { MAX_COLS = 1 << 16 };    /* more products of 255 * 128 exceed i32 */

/* Is each row integers times a step?  */
static int
has_steps(const struct brn_tensor *w)
{
	const float *row = w->data;
	int64_t rows = w->type.dim[0], cols = w->type.dim[1];

	for (int64_t r = 0; r < rows; r++)
		if (!(brn_step_of(row + r * cols, cols, 1) > 0))
			return 0;
	return rows > 0 && cols > 0 && cols <= MAX_COLS;
}

static int
is_quantized(const struct brn_node *n, struct brn_quant *q)
{
	return (n->op == BRN_OP_dense_conv || n->op == BRN_OP_depthwise) &&
	    n->type.rank <= 4 &&
	    brn_match_quant(n->in[0], BRN_OP_dequantize_linear, q) &&
	    brn_is_const_matrix(n->in[1]) &&
	    (n->nin < 3 || !n->in[2] || brn_is_const(n->in[2])) &&
	    has_steps(n->in[1]->value);
}

/* Give a depthwise n its weight in integers.  */
static int
set_weight(struct brn_graph *g, struct brn_node *n, burin_error *err)
{
	const struct brn_node *w = n->in[1];
	struct brn_type t = w->type, one = { BURIN_F32, 1, { t.dim[0] } };
	struct brn_node **in = brn_arena_alloc(g->arena, BRN_MAX_LAYER_IN,
	    sizeof *in);
	int64_t cols = t.dim[1];

	t.dtype = BURIN_I8;
	if (!in)
		return brn_nomem(err);
	memcpy(in, n->in, (size_t)n->nin * sizeof *in);
	in[1] = brn_graph_constant(g, w->name, &t, NULL);
	in[4] = brn_graph_constant(g, w->name, &one, NULL);
	if (!in[1] || !in[4])
		return brn_nomem(err);
	for (int64_t r = 0; r < t.dim[0]; r++) {
		const float *row = (const float *)w->value->data + r * cols;
		float step = brn_step_of(row, cols, 1);

		((float *)in[4]->value->data)[r] = step;
		for (int64_t i = 0; i < cols; i++)
			((int8_t *)in[1]->value->data)[r * cols + i] =
			    (int8_t)brn_round_small(row[i] / step);
	}
	n->in = in;
	n->nin = BRN_MAX_LAYER_IN;
	return BURIN_OK;
}

static int
set_quant(struct brn_graph *g, struct brn_node *n, const struct brn_quant *q,
    burin_error *err)
{
	n->in[0] = n->in[0]->in[0];
	if (brn_attr_set_int(g, n, "x_quant", BRN_X_FIXED) < 0 ||
	    brn_attr_set_float(g, n, "x_scale", q->scale) < 0 ||
	    brn_attr_set_int(g, n, "x_zero", q->zero) < 0)
		return brn_nomem(err);
	return n->op == BRN_OP_depthwise ? set_weight(g, n, err) : BURIN_OK;
}

int
brn_pass_quantize_conv(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	int end = g->nnode, rc = BURIN_OK, count = 0;

	for (int i = 0; i < end && rc == BURIN_OK &&
	    o->quantize != BRN_QUANTIZE_NONE; i++) {
		struct brn_node *n = g->node[i];
		struct brn_quant q;

		if (brn_is_listed(o->fp32_layers, n->name) ||
		    !is_quantized(n, &q))
			continue;
		rc = set_quant(g, n, &q, err);
		count++;
	}
	*changed += count;
	return rc == BURIN_OK && count ? brn_graph_sort(g, err) : rc;
}
