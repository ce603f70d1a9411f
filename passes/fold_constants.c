/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes whose values inference knows become constants: shape arithmetic,
 * scales, masks without inputs.  Nodes that return their input are removed.  A
 * Reshape whose sizes are those of its input gets constant sizes, so that the
 * shape arithmetic in front of it is dropped.  Inference limits the size of
 * values.
 */
#include "passes/pass.h"

#include "ir/op/infer.h"
#include "passes/rewrite.h"

static int
is_known(const struct brn_shapes *s, const struct brn_node *n)
{
	return !(brn_ops[n->op].flags & BRN_LEAF) && s->val[n->id] &&
	    !s->sym[n->id];
}

/* Does a Slice keep the order of elements?  A step may be negative.  */
static int
goes_forward(const struct brn_node *n)
{
	const struct brn_tensor *step;

	if (n->nin < 5 || !n->in[4])
		return 1;
	if (!brn_is_const(n->in[4]))
		return 0;
	step = n->in[4]->value;
	for (int64_t i = 0; i < brn_numel(step); i++) {
		int64_t v = step->type.dtype == BURIN_I64 ?
		    ((const int64_t *)step->data)[i] :
		    ((const int32_t *)step->data)[i];

		if (v < 0)
			return 0;
	}
	return 1;
}

static int
keeps_order(const struct brn_node *n)
{
	const struct brn_attr *perm = brn_attr(n, "perm");

	for (int i = 0; perm && i < perm->nints; i++)
		if (perm->ints[i] != i)
			return 0;
	return perm != NULL;
}

/* Does n return its first input, given that both have the same type?  */
static int
returns_input(const struct brn_node *n)
{
	switch (n->op) {
	case BRN_OP_identity:
	case BRN_OP_dropout:
	case BRN_OP_reshape:
	case BRN_OP_flatten:
	case BRN_OP_squeeze:
	case BRN_OP_unsqueeze:
	case BRN_OP_expand:
	case BRN_OP_cast:
		return 1;
	case BRN_OP_concat:
		return n->nin == 1;
	case BRN_OP_slice:
		return goes_forward(n);
	case BRN_OP_transpose:
		return keeps_order(n);
	default:
		return 0;
	}
}

static int
is_needless(const struct brn_node *n)
{
	const struct brn_type *t = &n->type;

	if (n->op == BRN_OP_identity || n->op == BRN_OP_dropout)
		return 1;
	return n->nin > 0 && n->in[0] && t->dtype && t->rank >= 0 &&
	    brn_type_equal(t, &n->in[0]->type) && returns_input(n);
}

static int
make_constant(struct brn_rewrite *r, struct brn_node *n,
    const struct brn_tensor *val, burin_error *err)
{
	struct brn_node *c;

	c = brn_graph_constant(r->g, n->name, &val->type, val->data);
	if (!c)
		return brn_nomem(err);
	c->type = val->type;
	brn_rewrite_to(r, n, c);
	return BURIN_OK;
}

/* The target of a Reshape of x to val as constants: 0 copies a size of x, -1 is
 * the remaining size.  Returns 0 if there is none, or if a copied size might be
 * 0, which would leave -1 undefined.  */
static int
constant_target(const struct brn_type *x, const struct brn_tensor *val,
    int64_t *out)
{
	const int64_t *v = val->data;
	int left = 0, added = 0, copied = 0;

	for (int i = 0; i < brn_numel(val); i++) {
		out[i] = v[i];
		if (brn_is_sym(v[i])) {
			out[i] = i < x->rank && x->dim[i] == v[i] ? 0 : -1;
			added += out[i] == -1;
		}
		left += out[i] == -1;
		copied += out[i] == 0;
	}
	return left <= 1 && !(added && copied);
}

/* Give a Reshape constant sizes in place of sizes that a run computes.  */
static int
fix_reshape(struct brn_rewrite *r, const struct brn_shapes *s,
    struct brn_node *n, burin_error *err)
{
	const struct brn_tensor *val;
	int64_t to[BRN_MAX_RANK];
	struct brn_node *c;

	if (n->op != BRN_OP_reshape || !s->sym[n->in[1]->id] ||
	    brn_attr_int(n, "allowzero"))
		return BURIN_OK;
	val = s->val[n->in[1]->id];
	if (brn_numel(val) > BRN_MAX_RANK ||
	    !constant_target(&n->in[0]->type, val, to))
		return BURIN_OK;
	c = brn_graph_ints(r->g, n->in[1]->name, to, (int)brn_numel(val));
	if (!c)
		return brn_nomem(err);
	n->in[1] = c;
	r->count++;
	return BURIN_OK;
}

/* Is n a transposed weight of user?  It is not folded: simplify_fc_transpose
 * removes the transpose, and a table that is also an embedding is not
 * copied.  */
static int
is_weight(const struct brn_node *n, const struct brn_node *user)
{
	return user && (user->op == BRN_OP_matmul ||
	    user->op == BRN_OP_gemm || user->op == BRN_OP_dense) &&
	    brn_is_matrix_transpose(n) && brn_is_const_matrix(n->in[0]);
}

/* Is the value of n needed by a node that is not folded itself?  */
static int
is_wanted(const struct brn_rewrite *r, const struct brn_shapes *s,
    const struct brn_node *n)
{
	const struct brn_node *user = r->user[n->id];

	return !user || is_needless(user) ||
	    (!is_known(s, user) && !is_weight(n, user));
}

/* Is n a weight that is stored as integers?  Biases do not count.  */
static int
is_stored_small(const struct brn_node *n)
{
	return n->op == BRN_OP_dequantize_linear && brn_is_const(n->in[0]) &&
	    n->in[0]->value->type.rank > 1;
}

static int
fold(struct brn_rewrite *r, const struct brn_shapes *s, burin_error *err)
{
	int rc;

	for (int i = 0; i < r->n; i++) {
		struct brn_node *n = r->g->node[i];

		if (is_needless(n)) {
			brn_rewrite_to(r, n, n->in[0]);
			continue;
		}
		if (is_known(s, n) && is_stored_small(n))
			r->g->ndequant++;
		if (is_known(s, n) && is_wanted(r, s, n))
			rc = make_constant(r, n, s->val[i], err);
		else
			rc = fix_reshape(r, s, n, err);
		if (rc < 0)
			return rc;
	}
	return BURIN_OK;
}

int
brn_pass_fold_constants(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	struct brn_shapes *s;
	struct brn_rewrite r;
	int rc;

	(void)o;
	if ((rc = brn_infer(g, NULL, &s, err)) < 0)
		return rc;
	rc = brn_rewrite_begin(&r, g, err);
	if (rc == BURIN_OK) {
		rc = fold(&r, s, err);
		if (rc == BURIN_OK)
			rc = brn_rewrite_end(&r, changed, err);
		else
			brn_rewrite_free(&r);
	}
	brn_shapes_free(s);
	return rc;
}
