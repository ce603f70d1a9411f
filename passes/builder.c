/* SPDX-License-Identifier: Apache-2.0
 *
 * Adding typed nodes.
 */
#include "passes/builder.h"

struct brn_node *
brn_build(struct brn_builder *m, enum brn_op op, const struct brn_type *type,
    struct brn_node *a, struct brn_node *b)
{
	struct brn_node *in[] = { a, b }, *n;

	if (!a)
		return NULL;
	n = brn_graph_add(m->g, op, m->name, in, b ? 2 : 1);
	if (n)
		n->type = *type;
	return n;
}

struct brn_node *
brn_build_transpose(struct brn_builder *m, struct brn_node *x, const int *perm)
{
	int64_t order[BRN_MAX_RANK];
	struct brn_type t;
	struct brn_node *n;
	int same = 1;

	if (!x)
		return NULL;
	t = x->type;
	for (int d = 0; d < t.rank; d++) {
		order[d] = perm[d];
		t.dim[d] = x->type.dim[perm[d]];
		same &= perm[d] == d;
	}
	if (same)
		return x;
	n = brn_build(m, BRN_OP_transpose, &t, x, NULL);
	return n && brn_attr_set_ints(m->g, n, "perm", order, t.rank) == 0 ?
	    n : NULL;
}

struct brn_node *
brn_build_reshape(struct brn_builder *m, struct brn_node *x,
    const struct brn_type *type)
{
	int64_t shape[BRN_MAX_RANK];
	struct brn_node *to;

	if (!x)
		return NULL;
	for (int d = 0; d < type->rank; d++)
		shape[d] = d < x->type.rank && type->dim[d] ==
		    x->type.dim[d] ? 0 : brn_is_sym(type->dim[d]) ? -1 :
		    type->dim[d];
	to = brn_graph_ints(m->g, m->name, shape, type->rank);
	return to ? brn_build(m, BRN_OP_reshape, type, x, to) : NULL;
}

struct brn_node *
brn_build_scalar(struct brn_builder *m, float v)
{
	static const struct brn_type scalar = { .dtype = BURIN_F32 };

	return brn_graph_constant(m->g, m->name, &scalar, &v);
}
