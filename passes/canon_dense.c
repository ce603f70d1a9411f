/* SPDX-License-Identifier: Apache-2.0
 *
 * MatMul and Gemm with a constant weight, and the Add of a bias, become
 * dense(x, w, b) with w [rows, cols], output features first.  A weight [cols,
 * rows] gets a transpose, which simplify_fc_transpose removes.  The layer keeps
 * the name of its MatMul or Gemm.  A layer that lift_integers made only gets
 * its bias.
 */
#include "passes/pass.h"

#include <string.h>

#include "ir/graph/weight.h"
#include "passes/rewrite.h"

/* What a dense layer is made of: x, weight, bias or NULL.  */
struct layer {
	struct brn_node *in[3];
	struct brn_node *root;          /* the last node that it replaces */
};

static struct brn_node *
transposed(struct brn_graph *g, struct brn_node *w, burin_error *err)
{
	static const int64_t perm[] = { 1, 0 };
	struct brn_node *t;

	t = brn_graph_add(g, BRN_OP_transpose, w->name, &w, 1);
	if (!t || brn_attr_set_ints(g, t, "perm", perm, 2) < 0) {
		brn_nomem(err);
		return NULL;
	}
	t->type = w->type;
	t->type.dim[0] = w->type.dim[1];
	t->type.dim[1] = w->type.dim[0];
	return t;
}

/* Is w a constant matrix behind any number of transposes, which
 * simplify_fc_transpose removes?  */
static int
is_weight(const struct brn_node *w)
{
	while (brn_is_matrix_transpose(w))
		w = w->in[0];
	return brn_is_const_matrix(w);
}

/* The weight as [rows, cols], given as [cols, rows].  NULL: no memory.  */
static struct brn_node *
flip(struct brn_graph *g, struct brn_node *w, burin_error *err)
{
	if (brn_is_matrix_transpose(w))
		return w->in[0];
	return transposed(g, w, err);
}

static int
is_matmul(const struct brn_node *n)
{
	return n->op == BRN_OP_matmul && is_weight(n->in[1]);
}

/* Is b a constant [1, .., 1, rows]?  */
static int
is_bias(const struct brn_node *b, int64_t rows, int max_rank)
{
	const struct brn_type *t = &b->type;

	if (!brn_is_const(b) || t->dtype != BURIN_F32)
		return 0;
	return t->rank >= 1 && t->rank <= max_rank &&
	    t->dim[t->rank - 1] == rows && brn_numel(b->value) == rows;
}

/* The constant b times beta, as a vector of rows elements.  b itself where it
 * is that.  NULL: no memory.  */
static struct brn_node *
as_bias(struct brn_graph *g, struct brn_node *b, int64_t rows, double beta,
    burin_error *err)
{
	struct brn_type t = { BURIN_F32, 1, { rows } };
	const float *src = b->value->data;
	int64_t step = brn_numel(b->value) == 1 ? 0 : 1;
	struct brn_node *n;
	float *dst;

	if (beta == 1 && brn_type_equal(&b->type, &t))
		return b;
	n = brn_graph_constant(g, b->name, &t, NULL);
	if (!n) {
		brn_nomem(err);
		return NULL;
	}
	dst = n->value->data;
	for (int64_t i = 0; i < rows; i++)
		dst[i] = (float)(beta * src[i * step]);
	return n;
}

/* The constant that the only user of product n adds to its rows, or NULL.  */
static struct brn_node *
added_bias(const struct brn_rewrite *r, const struct brn_node *n, int64_t rows)
{
	struct brn_node *add = r->user[n->id], *b;

	if (!add || add->op != BRN_OP_add || r->uses[n->id] != 1)
		return NULL;
	b = add->in[add->in[0] == n];
	/* A rank that is not known is at least 1.  */
	return is_bias(b, rows, n->type.rank > 0 ? n->type.rank : 1) ? b : NULL;
}

/* matmul(x, w), and the add of a bias if that is the product's only user.  */
static int
from_matmul(const struct brn_rewrite *r, struct brn_node *n, struct layer *l,
    burin_error *err)
{
	int64_t rows = n->in[1]->type.dim[1];
	struct brn_node *b = added_bias(r, n, rows);

	l->root = b ? r->user[n->id] : n;
	l->in[0] = n->in[0];
	if (!(l->in[1] = flip(r->g, n->in[1], err)) ||
	    (b && !(l->in[2] = as_bias(r->g, b, rows, 1, err))))
		return BURIN_ENOMEM;
	return BURIN_OK;
}

/* alpha * w as a new constant.  NULL: no memory.  */
static struct brn_node *
scaled(struct brn_graph *g, const struct brn_node *w, float alpha,
    burin_error *err)
{
	const float *src = w->value->data;
	struct brn_node *n;
	float *dst;

	n = brn_graph_constant(g, w->name, &w->value->type, NULL);
	if (!n) {
		brn_nomem(err);
		return NULL;
	}
	dst = n->value->data;
	for (int64_t i = 0; i < brn_numel(w->value); i++)
		dst[i] = alpha * src[i];
	return n;
}

/* Gemm-13: alpha * x * w + beta * c, c broadcast to the product.  */
static int
is_gemm(const struct brn_node *n)
{
	const struct brn_node *c = n->nin > 2 ? n->in[2] : NULL;
	int rows_at;

	if (n->op != BRN_OP_gemm || brn_attr_int(n, "transA") ||
	    !is_weight(n->in[1]))
		return 0;
	rows_at = brn_attr_int(n, "transB") ? 0 : 1;
	if (brn_attr_float(n, "alpha") != 1 && !brn_is_const(n->in[1]))
		return 0;
	return !c || is_bias(c, n->in[1]->type.dim[rows_at], 2) ||
	    (brn_is_const(c) && c->type.dtype == BURIN_F32 &&
	    c->type.rank <= 2 && brn_numel(c->value) == 1);
}

static int
from_gemm(const struct brn_rewrite *r, struct brn_node *n, struct layer *l,
    burin_error *err)
{
	struct brn_node *w = n->in[1], *c = n->nin > 2 ? n->in[2] : NULL;
	float alpha = brn_attr_float(n, "alpha");
	float beta = brn_attr_float(n, "beta");

	l->root = n;
	l->in[0] = n->in[0];
	if (alpha != 1 && !(w = scaled(r->g, w, alpha, err)))
		return BURIN_ENOMEM;
	if (!brn_attr_int(n, "transB") && !(w = flip(r->g, w, err)))
		return BURIN_ENOMEM;
	l->in[1] = w;
	if (!c || beta == 0)
		return BURIN_OK;
	l->in[2] = as_bias(r->g, c, w->type.dim[0], beta, err);
	return l->in[2] ? BURIN_OK : BURIN_ENOMEM;
}

static int
make_dense(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct layer l = { 0 };
	struct brn_node *d;
	int rc;

	if (n->op == BRN_OP_matmul)
		rc = from_matmul(r, n, &l, err);
	else
		rc = from_gemm(r, n, &l, err);
	if (rc < 0)
		return rc;
	d = brn_graph_add(r->g, BRN_OP_dense, n->name, l.in, l.in[2] ? 3 : 2);
	return brn_rewrite_as(r, l.root, d, err);
}

/* Give a layer of integers the bias that is added to it.  */
static int
add_bias(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *in[BRN_MAX_LAYER_IN], *d;
	int64_t rows = n->in[1]->type.dim[brn_weight_is_transposed(n)];
	struct brn_node *b = added_bias(r, n, rows);

	if (!b)
		return BURIN_OK;
	memcpy(in, n->in, sizeof in);
	if (!(in[2] = as_bias(r->g, b, rows, 1, err)))
		return BURIN_ENOMEM;
	d = brn_graph_add(r->g, BRN_OP_dense, n->name, in, BRN_MAX_LAYER_IN);
	if (d) {
		d->nattr = n->nattr;
		d->attr = n->attr;
	}
	return brn_rewrite_as(r, r->user[n->id], d, err);
}

static int
is_bare(const struct brn_node *n)
{
	return n->op == BRN_OP_dense && brn_weight_step(n) && !n->in[2] &&
	    !n->in[3] && !brn_attr(n, "act");
}

static int
canon_dense_visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	if (is_bare(n))
		return add_bias(r, n, err);
	if (!is_matmul(n) && !is_gemm(n))
		return BURIN_OK;
	return make_dense(r, n, err);
}

int
brn_pass_canon_dense(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, canon_dense_visit, changed, err);
}
