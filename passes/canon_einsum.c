/* SPDX-License-Identifier: Apache-2.0
 *
 * An einsum of two operands that is a product of matrices becomes a MatMul:
 *
 *	a'[batch.., left.., contracted] * b'[batch.., contracted, right]
 *
 * with transposes before and after it.  Several contracted or right labels
 * become one dimension if their sizes are known; without a left or a right
 * label there is a dimension of 1.  Where that allows it, a is the second
 * operand.  An einsum of one operand that only moves its labels becomes a
 * transpose.  Diagonals, sums over one operand, and products without a
 * contracted label stay.
 */
#include "passes/pass.h"

#include <string.h>

#include "ir/op/einsum.h"
#include "passes/builder.h"
#include "passes/rewrite.h"

/* Kinds of labels: in both operands and the result, in the first and the
 * result, in the second and the result, in both operands only.  */
enum { BATCH, LEFT, RIGHT, SUM, NKIND };

struct labels {
	struct brn_einsum e;
	struct brn_node *x[2];          /* a and b */
	int n[NKIND], of[NKIND][BRN_MAX_RANK];
	int at[2][BRN_MAX_RANK];        /* of a label in an operand; -1 */
	int64_t dim[BRN_MAX_RANK];
};

/* Sort labels by kind.  0: one has no kind, or the product is no MatMul.  */
static int
sort_labels(struct labels *l)
{
	memset(l->n, 0, sizeof l->n);
	for (int i = 0; i < l->e.nlabel; i++) {
		int a = l->at[0][i] >= 0, b = l->at[1][i] >= 0;
		int kept = i < l->e.nout, kind;

		if (!kept && !(a && b))
			return 0;
		kind = !kept ? SUM : a && b ? BATCH : a ? LEFT : RIGHT;
		l->of[kind][l->n[kind]++] = i;
	}
	return l->n[SUM] && (l->n[LEFT] <= 1 || !l->n[BATCH]);
}

static int
are_known(const struct labels *l, int kind)
{
	for (int i = 0; i < l->n[kind]; i++)
		if (brn_is_sym(l->dim[l->of[kind][i]]))
			return l->n[kind] == 1;
	return 1;
}

/* Where the labels of x stand, as operand i.  0: a diagonal, or a rank that is
 * not known.  */
static int
read_operand(struct labels *l, struct brn_node *x, int i)
{
	l->x[i] = x;
	for (int d = 0; d < x->type.rank; d++) {
		int label = l->e.of[i][d];

		if (l->at[i][label] >= 0)
			return 0;
		l->at[i][label] = d;
		if (i == 0 || l->at[0][label] < 0 || l->dim[label] == 1)
			l->dim[label] = x->type.dim[d];
	}
	return 1;
}

static void
swap_operands(struct labels *l)
{
	struct brn_node *x = l->x[0];

	l->x[0] = l->x[1];
	l->x[1] = x;
	for (int i = 0; i < l->e.nlabel; i++) {
		int at = l->at[0][i];

		l->at[0][i] = l->at[1][i];
		l->at[1][i] = at;
	}
}

static int
read_labels(const struct brn_node *n, struct labels *l)
{
	int rank[2] = { 0 };

	if (n->op != BRN_OP_einsum || n->nin > 2 ||
	    n->type.dtype != BURIN_F32)
		return 0;
	*l = (struct labels){ 0 };
	for (int i = 0; i < n->nin; i++)
		if ((rank[i] = n->in[i]->type.rank) < 0)
			return 0;
	if (brn_einsum_parse(n, rank, &l->e))
		return 0;
	for (int i = 0; i < l->e.nlabel; i++)
		l->at[0][i] = l->at[1][i] = -1;
	for (int i = 0; i < n->nin; i++)
		if (!read_operand(l, n->in[i], i))
			return 0;
	return 1;
}

static int
is_matmul(struct labels *l)
{
	if (!sort_labels(l)) {
		swap_operands(l);
		if (!sort_labels(l))
			return 0;
	}
	return are_known(l, RIGHT) && are_known(l, SUM);
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
 * become one dimension each, unless LEFT has several.  */
static struct brn_node *
operand(struct brn_builder *m, const struct labels *l, int i,
    const int kind[3])
{
	struct brn_type t = { BURIN_F32, 0, { 0 } };
	struct brn_node *x = l->x[i];
	int perm[BRN_MAX_RANK], rank = 0, same = 1;

	for (int k = 0; k < 3; k++) {
		int merge = kind[k] == SUM || kind[k] == RIGHT ||
		    (kind[k] == LEFT && !l->n[LEFT]);

		for (int j = 0; j < l->n[kind[k]]; j++) {
			int d = l->at[i][l->of[kind[k]][j]];

			perm[rank++] = d;
			if (!merge)
				t.dim[t.rank++] = x->type.dim[d];
		}
		if (merge)
			t.dim[t.rank++] = product(l, kind[k]);
		same &= !merge || l->n[kind[k]] == 1;
	}
	x = brn_build_transpose(m, x, perm);
	return same ? x : brn_build_reshape(m, x, &t);
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
	if (l->n[RIGHT] != 1 || !l->n[LEFT])
		y = brn_build_reshape(m, y, &t);
	return brn_build_transpose(m, y, perm);
}

static struct brn_node *
matmul(struct brn_builder *m, const struct labels *l)
{
	static const int first[] = { BATCH, LEFT, SUM };
	static const int second[] = { BATCH, SUM, RIGHT };
	struct brn_type t = { BURIN_F32, 0, { 0 } };
	struct brn_node *a, *b;

	for (int k = BATCH; k <= LEFT; k++)
		for (int j = 0; j < l->n[k]; j++)
			t.dim[t.rank++] = l->dim[l->of[k][j]];
	if (!l->n[LEFT])
		t.dim[t.rank++] = 1;
	t.dim[t.rank++] = product(l, RIGHT);
	a = operand(m, l, 0, first);
	b = operand(m, l, 1, second);
	return a && b ? result(m, l, brn_build(m, BRN_OP_matmul, &t, a, b)) :
	    NULL;
}

/* Are all labels of one operand in the result?  */
static int
is_transpose(const struct brn_node *n, const struct labels *l)
{
	return n->nin == 1 && l->e.nlabel == l->e.nout &&
	    l->e.nout == n->in[0]->type.rank;
}

static int
canon_einsum_visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_builder m = { r->g, n->name };
	struct labels l;

	if (!read_labels(n, &l))
		return BURIN_OK;
	if (is_transpose(n, &l))
		return brn_rewrite_as(r, n, brn_build_transpose(&m, n->in[0],
		    l.at[0]), err);
	if (n->nin != 2 || !is_matmul(&l) ||
	    (l.n[RIGHT] > 1 && product(&l, RIGHT) < 1) ||
	    (l.n[SUM] > 1 && product(&l, SUM) < 1))
		return BURIN_OK;
	return brn_rewrite_as(r, n, matmul(&m, &l), err);
}

int
brn_pass_canon_einsum(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, canon_einsum_visit, changed, err);
}
