/* SPDX-License-Identifier: Apache-2.0
 *
 * Values known before a run.  Constants have one, Shape makes one, and a node
 * whose inputs all have one is computed by its ref, if that is cheap.  Values
 * of int64 may hold symbols: they pass through ops that only move elements, and
 * through the simple cases of arithmetic that exporters write around shapes.
 */
#include "ir/op/op.h"

#include <math.h>

#include <string.h>

/* In bytes: up to FREE, inputs included, a value costs nothing; up to SMALL it
 * may be larger than GROWTH times its inputs.  */
enum { FREE = 4096, SMALL = 1 << 20, GROWTH = 4 };

/* Whether elements look like symbols: they are some if they can be nothing
 * else.  */
static int
looks_symbolic(const struct brn_tensor *t)
{
	const int64_t *v = t->data;
	int64_t n = t->type.dtype == BURIN_I64 ? brn_numel(t) : 0;

	for (int64_t i = 0; i < n; i++)
		if (brn_is_sym(v[i]))
			return 1;
	return 0;
}

static double
bytes_of(const struct brn_type *t)
{
	return (double)brn_type_numel(t) * (double)brn_dtype_size(t->dtype);
}

/* How many multiplications an element of the result takes, at most.  */
static double
work_per_element(const struct brn_infer *c)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_attr *kernel = brn_attr(c->n, "kernel_shape");
	double taps = 1;
	int64_t k = 1;

	switch (c->n->op) {
	case BRN_OP_conv:
	case BRN_OP_conv_transpose:
	case BRN_OP_dense_conv:
	case BRN_OP_depthwise:
		return (double)brn_type_numel(brn_infer_in(c, 1));
	case BRN_OP_resize:
		return pow(4, x->rank);
	case BRN_OP_lrn:
		return (double)x->dim[1];
	default:
		break;
	}
	for (int i = 0; kernel && i < kernel->nints; i++)
		taps *= (double)kernel->ints[i];
	if (kernel)
		return taps;
	if (c->n->op != BRN_OP_matmul && c->n->op != BRN_OP_gemm &&
	    c->n->op != BRN_OP_dense)
		return 1;
	for (int d = 0; d < x->rank; d++)
		if (x->dim[d] > k)
			k = x->dim[d];
	return (double)k;
}

/* All inputs have values, and the result is worth its bytes.  */
static int
is_affordable(struct brn_infer *c, const struct brn_type *out)
{
	double in = 0, size = bytes_of(out), cost;

	for (int i = 0; i < c->n->nin; i++)
		if (c->n->in[i])
			in += bytes_of(brn_infer_in(c, i));
	cost = in + size * work_per_element(c);
	if (size > SMALL && size > GROWTH * in)
		return 0;
	if (cost <= FREE)
		return 1;
	if (cost > c->budget)
		return 0;
	c->budget -= cost;
	return 1;
}

static struct brn_tensor *
new_value(struct brn_infer *c, const struct brn_type *type)
{
	struct brn_tensor *t = brn_arena_alloc(c->s->arena, 1, sizeof *t);

	if (!t)
		return NULL;
	t->type = *type;
	t->data = brn_arena_alloc(c->s->arena, (size_t)brn_type_numel(type),
	    brn_dtype_size(type->dtype));
	return t->data ? t : NULL;
}

static int
evaluate(struct brn_infer *c, struct brn_tensor *out)
{
	const struct brn_tensor **in = brn_arena_alloc(c->s->arena,
	    (size_t)c->n->nin, sizeof *in);
	int sym;

	if (!in)
		return brn_nomem(c->err);
	for (int i = 0; i < c->n->nin; i++)
		in[i] = brn_infer_val(c, i, &sym);
	return brn_ref[c->n->op](c->n, in, out, c->err);
}

/* ---- symbols ---- */

/* A symbol is a size: not negative.  */
static int
is_size(int64_t v)
{
	return v >= 0 || brn_is_sym(v);
}

static int
sym_add(struct brn_infer *c, int64_t a, int64_t b, int64_t *r)
{
	*r = a == 0 ? b : b == 0 ? a : brn_infer_new_dim(c);
	return a == 0 || b == 0 || (is_size(a) && is_size(b));
}

static int
sym_sub(int64_t a, int64_t b, int64_t *r)
{
	*r = b == 0 ? a : 0;
	return b == 0 || a == b;
}

static int
sym_mul(struct brn_infer *c, int64_t a, int64_t b, int64_t *r)
{
	if (a == 0 || b == 0)
		*r = 0;
	else
		*r = a == 1 ? b : b == 1 ? a : brn_infer_new_dim(c);
	return *r == 0 || a == 1 || b == 1 || (is_size(a) && is_size(b));
}

static int
sym_div(struct brn_infer *c, int64_t a, int64_t b, int64_t *r)
{
	*r = b == 1 ? a : brn_infer_new_dim(c);
	return b == 1 || (b > 1 && is_size(a));
}

static int
sym_equal(int64_t a, int64_t b, int64_t *r)
{
	*r = a == b;
	return a == b || !is_size(a) || !is_size(b);
}

/* a op b where at least one is a symbol; 0 when nothing can be said.  */
static int
sym_arith(struct brn_infer *c, int64_t a, int64_t b, int64_t *r)
{
	switch (c->n->op) {
	case BRN_OP_add:
		return sym_add(c, a, b, r);
	case BRN_OP_sub:
		return sym_sub(a, b, r);
	case BRN_OP_mul:
		return sym_mul(c, a, b, r);
	case BRN_OP_div:
		return sym_div(c, a, b, r);
	default:
		return sym_equal(a, b, r);
	}
}

static int
plain_arith(enum brn_op op, int64_t a, int64_t b, int64_t *r)
{
	switch (op) {
	case BRN_OP_add:
		return !__builtin_add_overflow(a, b, r);
	case BRN_OP_sub:
		return !__builtin_sub_overflow(a, b, r);
	case BRN_OP_mul:
		return !__builtin_mul_overflow(a, b, r);
	case BRN_OP_div:
		*r = b > 0 ? a / b : 0;
		return b > 0;
	default:
		*r = a == b;
		return 1;
	}
}

/* 1 when every element of out could be found.  */
static int
arith(struct brn_infer *c, struct brn_tensor *out)
{
	const struct brn_tensor *in[2];
	struct brn_iter it;
	int sym;

	brn_iter_init(&it, &out->type);
	for (int i = 0; i < 2; i++) {
		in[i] = brn_infer_val(c, i, &sym);
		brn_iter_add(&it, &in[i]->type);
	}
	for (; it.left; brn_iter_next(&it)) {
		int64_t a = brn_get_int(in[0], it.off[0]), r;
		int64_t b = brn_get_int(in[1], it.off[1]);
		int ok;

		if (brn_is_sym(a) || brn_is_sym(b))
			ok = sym_arith(c, a, b, &r);
		else
			ok = plain_arith(c->n->op, a, b, &r) && !brn_is_sym(r);
		if (!ok)
			return 0;
		brn_set_int(out, it.pos, r);
	}
	return 1;
}

/* Whether the ref of n may be used although inputs hold symbols: it moves
 * elements, and what tells it where is known.  */
static int
ref_moves_symbols(const struct brn_infer *c)
{
	int flags = brn_ops[c->n->op].flags;

	if (flags & BRN_MOVES_ALL)
		return 1;
	if (c->n->op == BRN_OP_where)
		return brn_infer_val(c, 0, NULL) != NULL;
	if (c->n->op == BRN_OP_cast)
		return c->s->type[c->n->id].dtype == BURIN_I64;
	if (!(flags & BRN_MOVES))
		return 0;
	for (int i = 1; i < c->n->nin; i++)
		if (c->n->in[i] && !brn_infer_val(c, i, NULL))
			return 0;
	return 1;
}

static int
is_sym_arith(enum brn_op op)
{
	return op == BRN_OP_add || op == BRN_OP_sub || op == BRN_OP_mul ||
	    op == BRN_OP_div || op == BRN_OP_equal;
}

/* No number that looks like a symbol may get beside symbols: INT64_MIN is a
 * usual end of a Slice, where it does not.  */
static int
symbols_are_clear(const struct brn_infer *c)
{
	int n = brn_ops[c->n->op].flags & BRN_MOVES ? 1 : c->n->nin;

	for (int i = 0; i < n; i++) {
		const struct brn_tensor *t = brn_infer_val(c, i, NULL);

		if (t && looks_symbolic(t))
			return 0;
	}
	return 1;
}

/* Inputs hold symbols.  *out stays NULL when the value cannot be had.  */
static int
symbolic_value(struct brn_infer *c, const struct brn_type *type,
    struct brn_tensor **out)
{
	struct brn_tensor *t;
	int rc;

	if (!symbols_are_clear(c) ||
	    (!ref_moves_symbols(c) && !is_sym_arith(c->n->op)))
		return BURIN_OK;
	t = new_value(c, type);
	if (!t)
		return brn_nomem(c->err);
	if (ref_moves_symbols(c)) {
		if ((rc = evaluate(c, t)) < 0)
			return rc;
	} else if (!arith(c, t)) {
		return BURIN_OK;
	}
	c->s->sym[c->n->id] = (uint8_t)looks_symbolic(t);
	*out = t;
	return BURIN_OK;
}

/* ---- values ---- */

static int
shape_value(struct brn_infer *c, const struct brn_type *type,
    struct brn_tensor **out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	struct brn_tensor in = { *x, NULL }, *t;
	const struct brn_tensor *arg = &in;
	int rc;

	if (x->rank < 0 ||
	    (c->n->op == BRN_OP_size && !brn_type_is_concrete(x)))
		return BURIN_OK;
	t = new_value(c, type);
	if (!t)
		return brn_nomem(c->err);
	if ((rc = brn_ref[c->n->op](c->n, &arg, t, c->err)) < 0)
		return rc;
	c->s->sym[c->n->id] = (uint8_t)looks_symbolic(t);
	*out = t;
	return BURIN_OK;
}

/* Whether all inputs have values; *sym: some with symbols.  */
static int
inputs_have_values(const struct brn_infer *c, int *sym)
{
	*sym = 0;
	for (int i = 0; i < c->n->nin; i++) {
		int s = 0;

		if (c->n->in[i] && !brn_infer_val(c, i, &s))
			return 0;
		*sym |= s;
	}
	return 1;
}

static int
computed_value(struct brn_infer *c, const struct brn_type *type,
    struct brn_tensor **out)
{
	struct brn_tensor *t;
	int sym, rc;

	if (!inputs_have_values(c, &sym) || !is_affordable(c, type))
		return BURIN_OK;
	if (sym)
		return symbolic_value(c, type, out);
	t = new_value(c, type);
	if (!t)
		return brn_nomem(c->err);
	if ((rc = evaluate(c, t)) < 0)
		return rc;
	*out = t;
	return BURIN_OK;
}

int
brn_infer_takes(const struct brn_tensor *t)
{
	return bytes_of(&t->type) <= BRN_INFER_BYTES;
}

/* What the caller gave for an input, if the inference is for that.  */
static int
input_value(struct brn_infer *c, struct brn_tensor **out)
{
	const struct brn_tensor *in = c->in;
	size_t bytes;

	for (int i = 0; in && c->g->in[i].node != c->n; i++)
		in = &c->in[i + 1];
	if (!in || !brn_infer_takes(in))
		return BURIN_OK;
	*out = new_value(c, &in->type);
	if (!*out)
		return brn_nomem(c->err);
	bytes = (size_t)bytes_of(&in->type);
	if (bytes)
		memcpy((*out)->data, in->data, bytes);
	return BURIN_OK;
}

int
brn_infer_value(struct brn_infer *c)
{
	const struct brn_type *type = &c->s->type[c->n->id];
	struct brn_tensor *val = NULL;
	int flags = brn_ops[c->n->op].flags, rc = BURIN_OK;

	if (c->n->op == BRN_OP_constant)
		val = c->n->value;
	else if (c->n->op == BRN_OP_input)
		rc = input_value(c, &val);
	else if ((flags & BRN_LEAF) || !brn_type_is_concrete(type) ||
	    c->n->tiles)                /* values here are rows */
		return BURIN_OK;
	else if (flags & BRN_SHAPE)
		rc = shape_value(c, type, &val);
	else
		rc = computed_value(c, type, &val);
	if (rc == BURIN_OK)
		c->s->val[c->n->id] = val;
	return rc;
}
