/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention whose products may be of 16-bit integers:
 *
 *	attention(q, k, v)  ->  attention(q, k, v) {narrow}
 *
 * with precision=auto, if q, k and v are layers that are quantized: their
 * rounding is a hundred times as large.  With precision=bf16 and int8 always,
 * unless the file rounds scores: their products are to be exact.
 */
#include "passes/pass.h"

static int
is_quantized(const struct brn_node *n)
{
	return n->op == BRN_OP_dense && brn_attr_int(n, "x_quant");
}

static int
may_be_narrow(const struct brn_node *n, const struct brn_pass_opts *o)
{
	if (brn_is_listed(o->fp32_layers, n->name) || brn_attr(n, "rounds"))
		return 0;
	return o->narrow == BRN_QUANTIZE_ALL ||
	    (is_quantized(n->in[0]) && is_quantized(n->in[1]) &&
	    is_quantized(n->in[2]));
}

int
brn_pass_narrow_attention(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	for (int i = 0; i < g->nnode && o->narrow != BRN_QUANTIZE_NONE; i++) {
		struct brn_node *n = g->node[i];

		if (n->op != BRN_OP_attention || brn_attr_int(n, "narrow") ||
		    !may_be_narrow(n, o))
			continue;
		if (brn_attr_set_int(g, n, "narrow", 1) < 0)
			return brn_nomem(err);
		++*changed;
	}
	return BURIN_OK;
}
