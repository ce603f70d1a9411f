/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of matrices by other names.
 */
#include "tests/support/product_graph.h"

#include <string.h>

#include "tests/support/build.h"

static struct brn_node *
block(struct brn_graph *g, int a, int b, int c)
{
	struct brn_type t = { BURIN_F32, 3, { a, b, c } };
	struct brn_node *n = brn_graph_constant(g, "w", &t, NULL);

	ck_assert_ptr_nonnull(n);
	suite_fill(n->value->data, brn_numel(n->value), 3);
	return n;
}

void
einsum(struct brn_graph *g, int v)
{
	static const char *const equation[] = {
		[EINSUM_DENSE] = "bsd,de->bse",
		[EINSUM_SCORES] = "bqhd,bkhd->bhqk",
		[EINSUM_SPLIT] = "bsd,dhe->bhse",
		[EINSUM_JOIN] = "bshe,hed->bsd",
		[EINSUM_DOTS] = "...d,ed->...e",
		[EINSUM_TURNED] = "ab,cb->ca",
		[EINSUM_TRACE] = "bsd,dd->bsd",
		[EINSUM_OUTER] = "ab,cd->abcd",
		[EINSUM_ROWS] = "bsd,d->bs",
	};
	struct brn_node *a, *b, *n;
	int64_t chars[32];
	int len = (int)strlen(equation[v]);

	a = v == EINSUM_SCORES || v == EINSUM_JOIN ? input(g, "x", 4, BATCH,
	    SEQ, 2, 3) : v == EINSUM_TURNED || v == EINSUM_OUTER ?
	    input(g, "x", 2, BATCH, 6) : input(g, "x", 3, BATCH, SEQ, 6);
	b = v == EINSUM_SCORES ? input(g, "z", 4, BATCH, 5, 2, 3) :
	    v == EINSUM_SPLIT ? block(g, 6, 2, 3) :
	    v == EINSUM_JOIN ? block(g, 2, 3, 4) :
	    v == EINSUM_ROWS ? vector(g, "w", 6, 1, 1) :
	    weight(g, "w", v == EINSUM_DENSE || v == EINSUM_TRACE ? 6 : 4,
	    v == EINSUM_DENSE ? 4 : 6, 1);
	n = OP(g, einsum, a, b);
	for (int i = 0; i < len; i++)
		chars[i] = equation[v][i];
	ck_assert_int_eq(brn_attr_set_ints(g, n, "equation", chars, len), 0);
	output(g, "y", n);
}

void
mha(struct brn_graph *g, int v)
{
	int whole = v == MHA_WHOLE || v == MHA_BOOL;
	struct brn_node *in[6] = { NULL }, *n;
	static const char *const names[] = { "q", "k", "v" };

	for (int i = 0; i < 3; i++)
		in[i] = whole ? input(g, names[i], 3, BATCH, SEQ, 8) :
		    input(g, names[i], 4, BATCH, i && v == MHA_GROUPS ? 1 : 2,
		    SEQ, 4);
	if (v == MHA_ADDED)
		in[3] = input(g, "mask", 4, BATCH, 1, 1, SEQ);
	if (v == MHA_BOOL)
		in[3] = OP(g, greater, input(g, "mask", 2, SEQ, SEQ),
		    scalar(g, -0.9f));
	if (v == MHA_PAST)
		in[4] = in[5] = in[1];
	n = build_node(g, BRN_OP_mha, in, v == MHA_PAST ? 6 : in[3] ? 4 : 3);
	if (whole) {
		set_int(g, n, "q_num_heads", 2);
		set_int(g, n, "kv_num_heads", 2);
	}
	if (v == MHA_SCALED)
		set_float(g, n, "scale", 0.25f);
	if (v == MHA_CAUSAL)
		set_int(g, n, "is_causal", 1);
	output(g, "y", n);
}
