/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers of dynamically quantized models: a product of 8-bit activations and a
 * constant integer weight, cast to float and scaled.  The weight becomes f32,
 * multiplied by its scale, and the activations are dequantized: the same
 * numbers but for the order of rounding.  canon_dense then finds an ordinary
 * MatMul.  Where layers may run on integers, a weight of i8 stays as it is, and
 * the product becomes dense(x, w){trans_w} with a step for each row.  Where the
 * file has folded a constant scale of the activations into that of the weight,
 * it is taken out again.  The product of two dequantized numbers (QDQ) becomes
 * such a layer, too.  The pass runs before constants are folded, so that no
 * weight of bytes becomes one of i32, and again after it.
 */
#include "passes/pass.h"

#include "ir/graph/iter.h"
#include "passes/rewrite.h"

#include <math.h>
#include <stdlib.h>

/* root = cast(matmul(a - zero, w)) * scale * wscale */
struct product {
	struct brn_node *a, *zero;      /* zero: NULL is 0 */
	struct brn_node *w;             /* constant [cols][rows], of i32, or
	                                   bytes that the file casts to it */
	const struct brn_tensor *wzero; /* of bytes, one or one a row; NULL is
	                                   0 */
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
	int keep;                       /* layers may run on integers */
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

/* Is n a constant matrix of i32; or, before constants are folded, of bytes,
 * minus zero points?  */
static int
match_weight(const struct brn_node *n, struct product *p)
{
	const struct brn_node *zero = NULL;

	if (brn_is_const(n)) {
		p->w = (struct brn_node *)n;
		return n->value->type.rank == 2;
	}
	if (n->op == BRN_OP_sub) {
		if (!(zero = bytes_of(n->in[1])) || !brn_is_const(zero))
			return 0;
		p->wzero = zero->value;
		n = n->in[0];
	}
	p->w = bytes_of(n);
	if (!p->w || !brn_is_const(p->w) || p->w->value->type.rank != 2)
		return 0;
	return !zero || is_scalar(zero) || (zero->value->type.rank == 1 &&
	    brn_numel(zero->value) == p->w->value->type.dim[1]);
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
	p->name = mul->name;
	if (!match_weight(mul->in[1], p) || !match_left(mul->in[0], p))
		return 0;
	match_scales(r, p);
	if (!p->scale && p->a->op == BRN_OP_quantize_linear &&
	    brn_const_scalar(p->a->in[1], &unit) && isnormal(unit))
		p->unit = unit;
	return 1;
}

/* ---- making ---- */

/* Element i of t, or its only one.  */
static int64_t
int_at(const struct brn_tensor *t, int64_t i)
{
	return brn_get_int(t, brn_numel(t) > 1 ? i : 0);
}

static float
float_at(const struct brn_tensor *t, int64_t i)
{
	return ((const float *)t->data)[brn_numel(t) > 1 ? i : 0];
}

/* The float that integer q of row r of the weight stands for.  */
struct row {
	float scale;
	int32_t zero;
};

static void
set_rows(const struct product *p, struct row *row, int64_t n)
{
	for (int64_t r = 0; r < n; r++)
		row[r] = (struct row){ (float)((p->wscale ? (double)float_at(
		    p->wscale->value, r) : 1) / p->unit),
		    p->wzero ? (int32_t)int_at(p->wzero, r) : 0 };
}

/* A column of a weight: q[0 .. n), one of each row.  */
#define COLUMN(ctype) \
	for (int64_t r = 0; r < n; r++) \
		out[r] = (float)(((const ctype *)w->data)[at + r] - \
		    row[r].zero) * row[r].scale

static void
set_column(const struct brn_tensor *w, int64_t at, const struct row *row,
    int64_t n, float *out)
{
	if (w->type.dtype == BURIN_I8)
		COLUMN(int8_t);
	else if (w->type.dtype == BURIN_U8)
		COLUMN(uint8_t);
	else
		COLUMN(int32_t);
}

/* The weight as f32 times its scale.  NULL: no memory.  */
static struct brn_node *
weight(struct lift *l, const struct product *p)
{
	const struct brn_tensor *w = p->w->value;
	struct brn_type t = { BURIN_F32, 2, { w->type.dim[0],
	    w->type.dim[1] } };
	int64_t rows = t.dim[1];
	struct row *row = brn_alloc((size_t)rows, sizeof *row);
	struct brn_node *n = row ? brn_graph_constant(l->r.g, p->w->name, &t,
	    NULL) : NULL;

	if (n) {
		set_rows(p, row, rows);
		for (int64_t c = 0; c < t.dim[0]; c++)
			set_column(w, c * rows, row, rows,
			    (float *)n->value->data + c * rows);
	}
	free(row);
	return n;
}

/* The weight as i8 without zero points, which is often that of the file; NULL
 * where it needs more bits, or without memory.  */
static struct brn_node *
small_weight(struct lift *l, const struct product *p)
{
	const struct brn_tensor *w = p->w->value;
	int64_t n = brn_numel(w), zero = w->type.dtype == BURIN_U8 ? 128 : 0;
	struct brn_type t = w->type;
	struct brn_node *c;
	uint8_t *to;

	if (!is_byte(p->w) || (!p->wzero && zero))
		return NULL;
	for (int64_t i = 0; p->wzero && i < brn_numel(p->wzero); i++)
		if (brn_get_int(p->wzero, i) != zero)
			return NULL;
	if (!zero)
		return p->w;
	t.dtype = BURIN_I8;
	if (!(c = brn_graph_constant(l->r.g, p->w->name, &t, NULL)))
		return NULL;
	to = c->value->data;
	for (int64_t i = 0; i < n; i++)
		to[i] = ((const uint8_t *)w->data)[i] ^ 128;
	return c;
}

/* NULL: no memory.  */
static struct brn_node *
step_of_rows(struct lift *l, const struct product *p)
{
	struct brn_type t = { BURIN_F32, 1, { p->w->value->type.dim[1] } };
	struct brn_node *n = brn_graph_constant(l->r.g, p->name, &t, NULL);
	struct row *row = brn_alloc((size_t)t.dim[0], sizeof *row);

	if (n && row) {
		set_rows(p, row, t.dim[0]);
		for (int64_t r = 0; r < t.dim[0]; r++)
			((float *)n->value->data)[r] = row[r].scale;
	}
	free(row);
	return row ? n : NULL;
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

/* dense(x, w) with the integers of the weight w.  NULL: no memory.  */
static struct brn_node *
layer_of(struct lift *l, const struct product *p, struct brn_node *x,
    struct brn_node *w)
{
	struct brn_node *in[BRN_MAX_LAYER_IN] = { x, w, NULL, NULL,
	    step_of_rows(l, p) };
	struct brn_node *n = NULL;

	if (in[0] && in[4])
		n = brn_graph_add(l->r.g, BRN_OP_dense, p->name, in,
		    BRN_MAX_LAYER_IN);
	return n && brn_attr_set_int(l->r.g, n, "trans_w", 1) == 0 ? n : NULL;
}

static struct brn_node *
product_of(struct lift *l, const struct product *p)
{
	struct brn_node *in[2] = { dequantized(l, p), weight(l, p) };

	return in[0] && in[1] ? brn_graph_add(l->r.g, BRN_OP_matmul, p->name,
	    in, 2) : NULL;
}

static int
replace_with_product(struct lift *l, const struct product *p)
{
	struct brn_node *w = l->keep ? small_weight(l, p) : NULL;
	struct brn_node *n = w ? layer_of(l, p, dequantized(l, p), w) :
	    product_of(l, p);

	if (!n)
		return brn_nomem(l->err);
	n->type = p->root->type;
	l->r.g->ndequant++;
	brn_rewrite_to(&l->r, p->root, n);
	return BURIN_OK;
}

/* matmul(dequantize(a), dequantize(w)) with a weight of i8, whose scale is one
 * number or one a row.  */
static int
match_qdq(struct brn_node *n, struct product *p)
{
	const struct brn_node *d = n->op == BRN_OP_matmul ? n->in[1] : NULL;

	*p = (struct product){ .root = n, .unit = 1, .name = n->name };
	if (!d || d->op != BRN_OP_dequantize_linear ||
	    n->in[0]->op != BRN_OP_dequantize_linear ||
	    !brn_is_const(d->in[0]) || d->in[0]->type.dtype != BURIN_I8 ||
	    d->in[0]->type.rank != 2)
		return 0;
	p->w = d->in[0];
	p->wscale = d->in[1];
	if (d->nin > 2 && d->in[2] && !brn_is_const(d->in[2]))
		return 0;
	p->wzero = d->nin > 2 && d->in[2] ? d->in[2]->value : NULL;
	return is_weight_scale(p, p->wscale) && (is_scalar(p->wscale) ||
	    (p->wscale->type.rank == 1 && (brn_attr_int(d, "axis") == 1 ||
	    brn_attr_int(d, "axis") == -1)));
}

static int
replace_qdq(struct lift *l, const struct product *p)
{
	struct brn_node *w = small_weight(l, p), *n;

	if (!w)
		return BURIN_OK;
	n = layer_of(l, p, p->root->in[0], w);
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
	struct lift l = {
		.keep = o->quantize != BRN_QUANTIZE_NONE,
		.err = err,
	};
	struct product p;
	int rc;

	if ((rc = brn_rewrite_begin(&l.r, g, err)) < 0)
		return rc;
	l.real = brn_alloc((size_t)l.r.n + 1, sizeof *l.real);
	if (!l.real)
		rc = brn_nomem(err);
	for (int i = 0; i < l.r.n && rc == 0; i++)
		if (match_product(&l.r, g->node[i], &p))
			rc = replace_with_product(&l, &p);
		else if (l.keep && match_qdq(g->node[i], &p))
			rc = replace_qdq(&l, &p);
	free(l.real);
	if (rc < 0) {
		brn_rewrite_free(&l.r);
		return rc;
	}
	return brn_rewrite_end(&l.r, changed, err);
}
