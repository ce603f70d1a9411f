/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers of dynamically quantized models: a product of 8-bit activations and a
 * constant integer weight, cast to float and scaled.  The weight becomes f32,
 * multiplied by its scale, and the activations are dequantized: the same
 * numbers but for the order of rounding.  canon_dense then finds an ordinary
 * MatMul.  Where the file has folded a constant scale of the activations into
 * that of the weight, it is taken out again.
 */
#include "passes/pass.h"

#include "ir/graph/iter.h"
#include "passes/rewrite.h"

#include <math.h>
#include <stdlib.h>

/* root = cast(matmul(a - zero, w)) * scale * wscale */
struct product {
	struct brn_node *a, *zero;      /* zero: NULL is 0 */
	struct brn_node *w;             /* i32 constant [cols][rows] */
	const char *name;
	struct brn_node *scale;         /* NULL is 1 */
	struct brn_node *wscale;        /* constant; NULL is 1 */
	double unit;                    /* constant scale that a was quantized
	                                   with, where scale is NULL, else 1 */
	struct brn_node *root;
};

struct lift {
	struct brn_rewrite r;
	struct brn_node **real;         /* [r.n] integers, dequantized; NULL:
	                                   not yet */
	burin_error *err;
};

/* ---- matching ---- */

static int
is_byte(const struct brn_node *n)
{
	return n->type.dtype == BURIN_U8 || n->type.dtype == BURIN_I8;
}

static int
is_scalar(const struct brn_node *n)
{
	return brn_type_is_concrete(&n->type) &&
	    brn_type_numel(&n->type) == 1;
}

/* The bytes that n casts to i32, or NULL.  */
static struct brn_node *
bytes_of(const struct brn_node *n)
{
	return n->op == BRN_OP_cast && n->type.dtype == BURIN_I32 &&
	    is_byte(n->in[0]) ? n->in[0] : NULL;
}

/* Is n a, or a - zero, of bytes?  */
static int
match_left(struct brn_node *n, struct product *p)
{
	double z;

	if ((p->a = bytes_of(n)))
		return 1;
	if (n->op != BRN_OP_sub || !(p->a = bytes_of(n->in[0])))
		return 0;
	p->zero = bytes_of(n->in[1]);
	if (p->zero)
		return is_scalar(p->zero) &&
		    p->zero->type.dtype == p->a->type.dtype;
	p->zero = n->in[1];             /* folded: see zero_of */
	return brn_const_scalar(n->in[1], &z) &&
	    z >= (double)brn_int_min(p->a->type.dtype) &&
	    z <= (double)brn_int_max(p->a->type.dtype);
}

/* Is s a constant with one number, or one a row?  */
static int
is_weight_scale(const struct product *p, const struct brn_node *s)
{
	const struct brn_type *t = &s->type;

	return brn_is_const(s) && t->dtype == BURIN_F32 && (is_scalar(s) ||
	    (t->rank >= 1 && brn_numel(s->value) == p->w->type.dim[1] &&
	    t->dim[t->rank - 1] == p->w->type.dim[1]));
}

/* Record s as the scale of the weight, of the activations, or their product.
 * 0: it is neither.  */
static int
match_scale(struct product *p, struct brn_node *s)
{
	if (is_weight_scale(p, s) && !p->wscale) {
		p->wscale = s;
		return 1;
	}
	if (s->op == BRN_OP_mul && !p->wscale && !p->scale)
		for (int k = 0; k < 2; k++)
			if (is_weight_scale(p, s->in[k]) &&
			    is_scalar(s->in[!k])) {
				p->wscale = s->in[k];
				p->scale = s->in[!k];
				return 1;
			}
	if (is_scalar(s) && s->type.dtype == BURIN_F32 && !p->scale) {
		p->scale = s;
		return 1;
	}
	return 0;
}

/* Up to two factors that follow the cast.  */
static void
match_scales(const struct brn_rewrite *r, struct product *p)
{
	for (int i = 0; i < 2; i++) {
		struct brn_node *mul = r->user[p->root->id];

		if (!mul || mul->op != BRN_OP_mul ||
		    r->uses[p->root->id] != 1 ||
		    !brn_type_equal(&mul->type, &p->root->type) ||
		    !match_scale(p, mul->in[mul->in[0] == p->root]))
			return;
		p->root = mul;
	}
}

static int
match_product(const struct brn_rewrite *r, struct brn_node *n,
    struct product *p)
{
	struct brn_node *mul = n->op == BRN_OP_cast ? n->in[0] : NULL;
	double unit;

	*p = (struct product){ .root = n, .unit = 1 };
	if (!mul || n->type.dtype != BURIN_F32 || mul->op != BRN_OP_matmul ||
	    mul->type.dtype != BURIN_I32)
		return 0;
	p->w = mul->in[1];
	p->name = mul->name;
	if (!brn_is_const(p->w) || p->w->type.rank != 2 ||
	    !match_left(mul->in[0], p))
		return 0;
	match_scales(r, p);
	if (!p->scale && p->a->op == BRN_OP_quantize_linear &&
	    brn_const_scalar(p->a->in[1], &unit) && isnormal(unit))
		p->unit = unit;
	return 1;
}

/* ---- making ---- */

/* The weight as f32 times its scale.  NULL: no memory.  */
static struct brn_node *
weight(struct lift *l, const struct product *p)
{
	const struct brn_tensor *w = p->w->value;
	struct brn_type t = w->type;
	struct brn_node *n;
	int64_t rows = t.dim[1], size = brn_numel(w);
	const float *s = p->wscale ? p->wscale->value->data : NULL;
	int64_t step = s && brn_numel(p->wscale->value) > 1;
	float *out;

	t.dtype = BURIN_F32;
	n = brn_graph_constant(l->r.g, p->w->name, &t, NULL);
	if (!n)
		return NULL;
	out = n->value->data;
	for (int64_t i = 0; i < size; i++)
		out[i] = (float)brn_get_int(w, i) * (float)((s ?
		    (double)s[i % rows * step] : 1) / p->unit);
	return n;
}

/* The zero point with the type of a; NULL when there is none or no memory. */
static struct brn_node *
zero_of(struct lift *l, const struct product *p)
{
	struct brn_type t = { .dtype = p->a->type.dtype };
	struct brn_node *n;

	if (!p->zero || is_byte(p->zero))
		return p->zero;
	n = brn_graph_constant(l->r.g, p->zero->name, &t, NULL);
	if (n)
		brn_set_int(n->value, 0, brn_get_int(p->zero->value, 0));
	return n;
}

/* scale * (a - zero), one node for all layers that read it.  NULL: no
 * memory.  */
static struct brn_node *
dequantized(struct lift *l, const struct product *p)
{
	static const struct brn_type one = { .dtype = BURIN_F32 };
	struct brn_node *n = l->real[p->a->id], *in[3] = { p->a, p->scale };

	if (!p->scale && p->unit != 1)
		in[1] = p->a->in[1];
	if (n && n->in[1] == in[1] && n->nin == 2 + (p->zero != NULL) &&
	    (!p->zero || n->in[2] == p->zero))
		return n;
	in[2] = zero_of(l, p);
	if (!in[1]) {
		in[1] = brn_graph_constant(l->r.g, p->a->name, &one, NULL);
		if (in[1])
			brn_set_float(in[1]->value, 0, 1);
	}
	if (!in[1] || (p->zero && !in[2]))
		return NULL;
	n = brn_graph_add(l->r.g, BRN_OP_dequantize_linear, p->a->name, in,
	    in[2] ? 3 : 2);
	if (!n)
		return NULL;
	n->type = p->a->type;
	n->type.dtype = BURIN_F32;
	return l->real[p->a->id] = n;
}

static int
replace_with_product(struct lift *l, const struct product *p)
{
	struct brn_node *in[2] = { dequantized(l, p), weight(l, p) }, *n = NULL;

	if (in[0] && in[1])
		n = brn_graph_add(l->r.g, BRN_OP_matmul, p->name, in, 2);
	if (!n)
		return brn_nomem(l->err);
	n->type = p->root->type;
	l->r.g->ndequant++;
	brn_rewrite_to(&l->r, p->root, n);
	return BURIN_OK;
}

int
brn_pass_lift_integers(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	struct lift l = { .err = err };
	struct product p;
	int rc;

	(void)o;
	if ((rc = brn_rewrite_begin(&l.r, g, err)) < 0)
		return rc;
	l.real = brn_alloc((size_t)l.r.n + 1, sizeof *l.real);
	if (!l.real)
		rc = brn_nomem(err);
	for (int i = 0; i < l.r.n && rc == 0; i++)
		if (match_product(&l.r, g->node[i], &p))
			rc = replace_with_product(&l, &p);
	free(l.real);
	if (rc < 0) {
		brn_rewrite_free(&l.r);
		return rc;
	}
	return brn_rewrite_end(&l.r, changed, err);
}
