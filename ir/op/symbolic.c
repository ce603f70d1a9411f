/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that hold symbols: an i64 value may have sizes that are not known yet
 * as elements.  They pass through ops that only move elements, and through the
 * cases of add, sub, mul, div and equal whose result is known for every size.
 */
#include "ir/op/value.h"

int
brn_value_looks_symbolic(const struct brn_tensor *t)
{
	const int64_t *v = t->data;
	int64_t n = t->type.dtype == BURIN_I64 ? brn_numel(t) : 0;

	for (int64_t i = 0; i < n; i++)
		if (brn_is_sym(v[i]))
			return 1;
	return 0;
}

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

/* *r = a op b where at least one is a symbol; 0: it is not known.  */
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

/* *r = a op b of numbers; 0: it overflows, or is no size.  */
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

/* Compute out elementwise.  0: an element is not known.  */
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

/* Whether the ref of c->n only moves the elements that are symbols, and the
 * inputs that say where to are known.  */
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

/* Whether no input has numbers that look like symbols, which would be taken for
 * symbols in the result.  INT64_MIN is one, and a usual end of a Slice: inputs
 * that are not moved do not matter.  */
static int
symbols_are_clear(const struct brn_infer *c)
{
	int n = brn_ops[c->n->op].flags & BRN_MOVES ? 1 : c->n->nin;

	for (int i = 0; i < n; i++) {
		const struct brn_tensor *t = brn_infer_val(c, i, NULL);

		if (t && brn_value_looks_symbolic(t))
			return 0;
	}
	return 1;
}

int
brn_value_symbolic(struct brn_infer *c, const struct brn_type *type,
    struct brn_tensor **out)
{
	struct brn_tensor *t;
	int rc;

	if (!symbols_are_clear(c) ||
	    (!ref_moves_symbols(c) && !is_sym_arith(c->n->op)))
		return BURIN_OK;
	t = brn_value_new(c, type);
	if (!t)
		return brn_nomem(c->err);
	if (ref_moves_symbols(c)) {
		if ((rc = brn_value_compute(c, t)) < 0)
			return rc;
	} else if (!arith(c, t)) {
		return BURIN_OK;
	}
	c->s->sym[c->n->id] = (uint8_t)brn_value_looks_symbolic(t);
	*out = t;
	return BURIN_OK;
}
