/* SPDX-License-Identifier: Apache-2.0
 *
 * An einsum of two operands that is a product of matrices becomes a MatMul:
 *
 *	a'[batch.., left.., contracted] * b'[batch.., contracted, right]
 *
 * with transposes before and after it.  Several contracted or right labels
 * become one dimension if their sizes are known.  Diagonals, sums over one
 * operand, and products without a left, a right or a contracted label stay.
 */
#include "passes/pass.h"

#include "ir/op/einsum.h"
#include "passes/builder.h"
#include "passes/rewrite.h"

/* Kinds of labels: in both operands and the result, in the first and the
 * result, in the second and the result, in both operands only.  */
enum { BATCH, LEFT, RIGHT, SUM, NKIND };

struct labels {
	struct brn_einsum e;
	int n[NKIND], of[NKIND][BRN_MAX_RANK];
	int at[2][BRN_MAX_RANK];        /* of a label in an operand; -1 */
	int64_t dim[BRN_MAX_RANK];
};

/* Sort labels by kind.  0: one has no kind, or the product is no MatMul.  */
static int
sort_labels(struct labels *l)
{
	for (int i = 0; i < l->e.nlabel; i++) {
		int a = l->at[0][i] >= 0, b = l->at[1][i] >= 0;
		int kept = i < l->e.nout, kind;

		if (!kept && !(a && b))
			return 0;
		kind = !kept ? SUM : a && b ? BATCH : a ? LEFT : RIGHT;
		l->of[kind][l->n[kind]++] = i;
	}
	return l->n[LEFT] && l->n[RIGHT] && l->n[SUM] &&
	    (l->n[LEFT] == 1 || !l->n[BATCH]);
}

static int
are_known(const struct labels *l, int kind)
{
	for (int i = 0; i < l->n[kind]; i++)
		if (brn_is_sym(l->dim[l->of[kind][i]]))
			return l->n[kind] == 1;
	return 1;
}

static int
read_labels(const struct brn_node *n, struct labels *l)
{
	int rank[2];

	if (n->op != BRN_OP_einsum || n->nin != 2 ||
	    n->type.dtype != BURIN_F32)
		return 0;
	*l = (struct labels){ 0 };
	for (int i = 0; i < 2; i++)
		if ((rank[i] = n->in[i]->type.rank) < 0)
			return 0;
	if (brn_einsum_parse(n, rank, &l->e))
		return 0;
	for (int i = 0; i < l->e.nlabel; i++)
		l->at[0][i] = l->at[1][i] = -1;
	for (int i = 0; i < 2; i++)
		for (int d = 0; d < rank[i]; d++) {
			int label = l->e.of[i][d];

			if (l->at[i][label] >= 0)
				return 0;
			l->at[i][label] = d;
			if (i == 0 || l->at[0][label] < 0 ||
			    l->dim[label] == 1)
				l->dim[label] = n->in[i]->type.dim[d];
		}
	return sort_labels(l) && are_known(l, RIGHT) && are_known(l, SUM);
}

static int64_t
product(const struct labels *l, int kind)
{
	int64_t p = 1;

	if (l->n[kind] == 1)
		return l->dim[l->of[kind][0]];
	for (int i = 0; i < l->n[kind]; i++)
		if (__builtin_mul_overflow(p, l->dim[l->of[kind][i]], &p))
			return -1;
	return p;
}

/* Operand i with its labels in the order of these kinds; the last two kinds
 * become one dimension each where they are several, but for LEFT.  */
static struct brn_node *
operand(struct brn_builder *m, const struct labels *l, struct brn_node *x,
    int i, const int kind[3])
{
	struct brn_type t = { BURIN_F32, 0, { 0 } };
	int perm[BRN_MAX_RANK], rank = 0;

	for (int k = 0; k < 3; k++) {
		for (int j = 0; j < l->n[kind[k]]; j++) {
			int d = l->at[i][l->of[kind[k]][j]];

			perm[rank++] = d;
			if (kind[k] == BATCH || kind[k] == LEFT)
				t.dim[t.rank++] = x->type.dim[d];
		}
		if (kind[k] == SUM || kind[k] == RIGHT)
			t.dim[t.rank++] = product(l, kind[k]);
	}
	x = brn_build_transpose(m, x, perm);
	return t.rank == rank ? x : brn_build_reshape(m, x, &t);
}

/* What the product is, as the einsum has it.  */
static struct brn_node *
result(struct brn_builder *m, const struct labels *l, struct brn_node *y)
{
	static const int kind[] = { BATCH, LEFT, RIGHT };
	struct brn_type t = { BURIN_F32, 0, { 0 } };
	int perm[BRN_MAX_RANK];

	for (int k = 0; k < 3; k++)
		for (int j = 0; j < l->n[kind[k]]; j++) {
			int label = l->of[kind[k]][j];

			perm[label] = t.rank;
			t.dim[t.rank++] = l->dim[label];
		}
	if (l->n[RIGHT] > 1)
		y = brn_build_reshape(m, y, &t);
	return brn_build_transpose(m, y, perm);
}

static int
canon_einsum_visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	static const int first[] = { BATCH, LEFT, SUM };
	static const int second[] = { BATCH, SUM, RIGHT };
	struct brn_builder m = { r->g, n->name };
	struct brn_type t = { BURIN_F32, 0, { 0 } };
	struct brn_node *a, *b, *y;
	struct labels l;

	if (!read_labels(n, &l) || (l.n[RIGHT] > 1 && product(&l, RIGHT) < 1) ||
	    (l.n[SUM] > 1 && product(&l, SUM) < 1))
		return BURIN_OK;
	for (int k = BATCH; k <= LEFT; k++)
		for (int j = 0; j < l.n[k]; j++)
			t.dim[t.rank++] = l.dim[l.of[k][j]];
	t.dim[t.rank++] = product(&l, RIGHT);
	a = operand(&m, &l, n->in[0], 0, first);
	b = operand(&m, &l, n->in[1], 1, second);
	y = b ? result(&m, &l, brn_build(&m, BRN_OP_matmul, &t, a, b)) : NULL;
	return brn_rewrite_as(r, n, y, err);
}

int
brn_pass_canon_einsum(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, canon_einsum_visit, changed, err);
}
