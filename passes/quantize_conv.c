/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions on integers: those whose x is bytes and whose weight is integers
 * times a step by row,
 *
 *	dense_conv(dequantize(q, s, z), w)
 *	    ->  dense_conv(q, w) {x_quant, x_scale, x_zero}
 *
 * for constants s and z.  fuse_epilogue goes on with what follows them.
 */
#include "passes/pass.h"

#include "ir/graph/step.h"
#include "ir/graph/x_quant.h"
#include "passes/quant_step.h"
#include "passes/rewrite.h"

enum { MAX_COLS = 1 << 16 };    /* more products of 255 * 128 exceed i32 */

/* The integers of a dense_conv.  */
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
	return n->op == BRN_OP_dense_conv && n->type.rank <= 4 &&
	    brn_match_quant(n->in[0], BRN_OP_dequantize_linear, q) &&
	    brn_is_const_matrix(n->in[1]) &&
	    (n->nin < 3 || !n->in[2] || brn_is_const(n->in[2])) &&
	    has_steps(n->in[1]->value);
}

int
brn_pass_quantize_conv(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	for (int i = 0; i < g->nnode && o->quantize != BRN_QUANTIZE_NONE;
	    i++) {
		struct brn_node *n = g->node[i];
		struct brn_quant q;

		if (brn_is_listed(o->fp32_layers, n->name) ||
		    !is_quantized(n, &q))
			continue;
		n->in[0] = n->in[0]->in[0];
		if (brn_attr_set_int(g, n, "x_quant", BRN_X_FIXED) < 0 ||
		    brn_attr_set_float(g, n, "x_scale", q.scale) < 0 ||
		    brn_attr_set_int(g, n, "x_zero", q.zero) < 0)
			return brn_nomem(err);
		++*changed;
	}
	return BURIN_OK;
}
