/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads, factors and masks of attention.
 */
#include "passes/heads.h"

#include <string.h>

/* A score of a model plus this number is this number, since fp32 has 24 bits.
 * So a Where that puts it in place of scores can become an addition.  */
#define HUGE_FILL (-1e30)

int
brn_get_perm(const struct brn_node *n, int rank, int perm[4])
{
	const struct brn_attr *a;

	if (n->op != BRN_OP_transpose || n->type.rank != rank)
		return 0;
	a = brn_attr(n, "perm");
	for (int i = 0; i < rank; i++)
		perm[i] = a ? (int)a->ints[i] : rank - 1 - i;
	return 1;
}

int
brn_is_transpose(const struct brn_node *n, const int perm[4])
{
	int found[4];

	return brn_get_perm(n, 4, found) && !memcmp(found, perm, sizeof found);
}

struct brn_node *
brn_unscaled(struct brn_node *n, double *scale)
{
	if (n->op != BRN_OP_mul && n->op != BRN_OP_div)
		return NULL;
	for (int k = n->op == BRN_OP_div; k < 2; k++) {
		struct brn_node *x = n->in[!k];
		double c;

		if (!brn_const_scalar(n->in[k], &c) || c == 0 ||
		    n->type.rank != x->type.rank)
			continue;
		*scale *= n->op == BRN_OP_div ? 1 / c : c;
		return x;
	}
	return NULL;
}

int
brn_is_split(const struct brn_type *whole, const struct brn_type *parts)
{
	const int64_t *w = whole->dim, *d = parts->dim;

	return whole->rank == 3 && parts->rank == 4 &&
	    (w[0] == d[0] || w[1] == d[1]) && w[2] > 0 && d[2] > 0 &&
	    w[2] % d[2] == 0 && w[2] / d[2] == d[3];
}

int
brn_mask_fits(const struct brn_type *m, const struct brn_type *scores)
{
	if (m->rank < 0 || m->rank > scores->rank)
		return 0;
	for (int i = 1; i <= m->rank; i++) {
		int64_t d = m->dim[m->rank - i];
		int64_t to = scores->dim[scores->rank - i];

		if (d != 1 && d != to && (to == 1 ||
		    (!brn_is_sym(d) && !brn_is_sym(to))))
			return 0;
	}
	return 1;
}

int
brn_mask_read(const struct brn_node *n, int at, struct brn_score_mask *m)
{
	*m = (struct brn_score_mask){ .node = n->in[!at] };
	if (n->op != BRN_OP_where)
		return 1;
	m->is_where = 1;
	m->keep = at == 1;
	m->node = n->in[0];
	return brn_const_scalar(n->in[3 - at], &m->fill) &&
	    m->fill <= HUGE_FILL;
}

/* where(mask, 0, fill) or where(mask, fill, 0).  NULL: no memory.  */
static struct brn_node *
added_mask(struct brn_graph *g, const struct brn_score_mask *m,
    struct brn_node *mask, burin_error *err)
{
	static const struct brn_type scalar = { .dtype = BURIN_F32 };
	float fill = (float)m->fill;
	struct brn_node *in[3], *n;

	in[0] = mask;
	in[m->keep ? 1 : 2] = brn_graph_constant(g, "", &scalar, NULL);
	in[m->keep ? 2 : 1] = brn_graph_constant(g, "", &scalar, &fill);
	n = in[1] && in[2] ? brn_graph_add(g, BRN_OP_where, mask->name, in, 3)
	    : NULL;
	if (!n) {
		brn_nomem(err);
		return NULL;
	}
	n->type = mask->type;
	n->type.dtype = BURIN_F32;
	return n;
}

static int
is_same_where(const struct brn_node *n, const struct brn_score_mask *m)
{
	double fill;

	return n && brn_const_scalar(n->in[m->keep ? 2 : 1], &fill) &&
	    fill == m->fill;
}

int
brn_mask_put(struct brn_graph *g, const struct brn_score_mask *m,
    struct brn_node **memo, struct brn_node **out, burin_error *err)
{
	struct brn_node *mask = m->node;

	/* Attention broadcasts the mask itself.  */
	while (mask->op == BRN_OP_expand)
		mask = mask->in[0];
	if (!m->is_where) {
		*out = mask;
		return BURIN_OK;
	}
	if (!is_same_where(memo[mask->id], m)) {
		memo[mask->id] = added_mask(g, m, mask, err);
		if (!memo[mask->id])
			return BURIN_ENOMEM;
	}
	*out = memo[mask->id];
	return BURIN_OK;
}
