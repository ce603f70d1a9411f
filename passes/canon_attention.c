/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX's Attention, written out as exporters did before it was an operator:
 *
 *	softmax(q k^T * scale + mask) v
 *
 * with q, k and v split into heads first where they are not yet.
 * fuse_attention fuses the result where it can; elsewhere its parts are fast.
 * An Attention with a past, groups of queries, a causal mask or a softcap
 * stays.
 */
#include "passes/pass.h"

#include <math.h>

#include "passes/builder.h"
#include "passes/rewrite.h"

static const int by_head[] = { 0, 2, 1, 3 };

/* [B, S, heads * size] as [B, heads, S, size]; x itself where it is that.  */
static struct brn_node *
split(struct brn_builder *m, struct brn_node *x, int64_t heads)
{
	struct brn_type t = x->type;

	if (t.rank == 4)
		return x;
	t.rank = 4;
	t.dim[2] = heads;
	t.dim[3] = x->type.dim[2] / heads;
	return brn_build_transpose(m, brn_build_reshape(m, x, &t), by_head);
}

static int
is_plain(const struct brn_node *n)
{
	int rank;

	if (n->op != BRN_OP_mha || brn_attr(n, "index") ||
	    brn_attr(n, "is_causal") || brn_attr(n, "softcap") ||
	    brn_attr(n, "left_window_size") ||
	    brn_attr(n, "right_window_size"))
		return 0;
	for (int i = 4; i < n->nin; i++)
		if (n->in[i])
			return 0;
	rank = n->in[0]->type.rank;
	if (rank != 3 && rank != 4)
		return 0;
	for (int i = 0; i < 3; i++) {
		const struct brn_type *t = &n->in[i]->type;

		if (t->rank != rank || t->dtype != BURIN_F32 ||
		    brn_is_sym(t->dim[rank - 1]) || t->dim[rank - 1] < 1)
			return 0;
	}
	if (rank == 3)
		return brn_attr_int(n, "q_num_heads") ==
		    brn_attr_int(n, "kv_num_heads");
	return n->in[0]->type.dim[1] == n->in[1]->type.dim[1];
}

/* The scores with the mask: Where for a bool, else Add.  Attribute "into" lets
 * a run check that the mask broadcasts to the scores, where sizes are not known
 * yet.  */
static struct brn_node *
masked(struct brn_builder *m, struct brn_node *scores, struct brn_node *mask)
{
	struct brn_node *in[] = { mask, scores, NULL }, *n;
	int is_bool;

	if (!mask || !scores)
		return scores;
	is_bool = mask->type.dtype == BURIN_BOOL;
	if (is_bool) {
		in[2] = brn_build_scalar(m, -INFINITY);
		n = in[2] ? brn_graph_add(m->g, BRN_OP_where, m->name, in,
		    3) : NULL;
	} else {
		n = brn_build(m, BRN_OP_add, &scores->type, scores, mask);
	}
	if (!n || brn_attr_set_int(m->g, n, "into", is_bool) < 0)
		return NULL;
	n->type = scores->type;
	return n;
}

static struct brn_node *
write_out(struct brn_builder *m, const struct brn_node *n)
{
	static const int turned[] = { 0, 1, 3, 2 };
	int64_t heads = brn_attr_int(n, "q_num_heads");
	struct brn_node *x[3], *y;
	struct brn_type t;
	float scale = brn_attr_float(n, "scale");

	for (int i = 0; i < 3; i++)
		if (!(x[i] = split(m, n->in[i], heads)))
			return NULL;
	t = x[0]->type;
	if (scale == 0)
		scale = 1 / sqrtf((float)t.dim[3]);
	t.dim[3] = x[1]->type.dim[2];
	y = brn_build(m, BRN_OP_matmul, &t, x[0],
	    brn_build_transpose(m, x[1], turned));
	y = brn_build(m, BRN_OP_mul, &t, y, brn_build_scalar(m, scale));
	y = masked(m, y, n->nin > 3 ? n->in[3] : NULL);
	y = brn_build(m, BRN_OP_softmax, &t, y, NULL);
	t.dim[3] = x[2]->type.dim[3];
	y = brn_build(m, BRN_OP_matmul, &t, y, x[2]);
	if (n->type.rank == 4 || !(y = brn_build_transpose(m, y, by_head)))
		return y;
	t = y->type;
	t.rank = 3;
	t.dim[2] = heads * y->type.dim[3];
	return brn_build_reshape(m, y, &t);
}

static int
canon_attention_visit(struct brn_rewrite *r, struct brn_node *n,
    burin_error *err)
{
	struct brn_builder m = { r->g, n->name };
	struct brn_node *y;

	if (!is_plain(n))
		return BURIN_OK;
	y = write_out(&m, n);
	return brn_rewrite_as(r, n, y, err);
}

int
brn_pass_canon_attention(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, canon_attention_visit, changed, err);
}
