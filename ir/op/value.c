/* SPDX-License-Identifier: Apache-2.0
 *
 * Values known before a run.  Constants have one, shape makes one from a type,
 * and a node whose inputs all have one is computed by its ref if that is cheap.
 */
#include "ir/op/value.h"

#include <string.h>

/* A value that touches at most FREE_BYTES is always computed; one above
 * SMALL_BYTES only up to GROWTH times the bytes of its inputs, unless it is a
 * ConstantOfShape, which some files have in place of weights.  */
enum { FREE_BYTES = 4096, SMALL_BYTES = 1 << 20, GROWTH = 4 };

static double
bytes_of(const struct brn_type *t)
{
	return (double)brn_type_numel(t) * (double)brn_dtype_size(t->dtype);
}

static brn_work_fn *const work[BRN_NUM_OPS] = {
#define OP(name, onnx, lo, hi, work, flags) work_##work,
#include "ir/ops.def"
};

/* Whether a result of type out may be computed; its cost is taken from the
 * budget.  An element costs its bytes times its multiplications.  */
static int
is_affordable(struct brn_infer *c, const struct brn_type *out)
{
	double in = 0, size = bytes_of(out), cost;

	for (int i = 0; i < c->n->nin; i++)
		if (c->n->in[i])
			in += bytes_of(brn_infer_in(c, i));
	cost = in + size * work[c->n->op](c, out);
	if (size > SMALL_BYTES && size > GROWTH * in &&
	    c->n->op != BRN_OP_constant_of_shape)
		return 0;
	if (cost > FREE_BYTES && cost > c->budget)
		return 0;
	if (cost > FREE_BYTES)
		c->budget -= cost;
	brn_spend_later(c->g, cost);
	return 1;
}

struct brn_tensor *
brn_value_new(struct brn_infer *c, const struct brn_type *type)
{
	struct brn_tensor *t = brn_arena_alloc(c->s->arena, 1, sizeof *t);

	if (!t)
		return NULL;
	t->type = *type;
	t->data = brn_arena_alloc(c->s->arena, (size_t)brn_type_numel(type),
	    brn_dtype_size(type->dtype));
	return t->data ? t : NULL;
}

int
brn_value_compute(struct brn_infer *c, struct brn_tensor *out)
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

/* The value of shape or size, which need only the type of the input.  */
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
	t = brn_value_new(c, type);
	if (!t)
		return brn_nomem(c->err);
	if ((rc = brn_ref[c->n->op](c->n, &arg, t, c->err)) < 0)
		return rc;
	c->s->sym[c->n->id] = (uint8_t)brn_value_looks_symbolic(t);
	*out = t;
	return BURIN_OK;
}

/* Whether all inputs have values; *sym: one holds symbols.  */
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
		return brn_value_symbolic(c, type, out);
	t = brn_value_new(c, type);
	if (!t)
		return brn_nomem(c->err);
	if ((rc = brn_value_compute(c, t)) < 0)
		return rc;
	*out = t;
	return BURIN_OK;
}

int
brn_infer_takes(const struct brn_tensor *t)
{
	return bytes_of(&t->type) <= BRN_INFER_BYTES;
}

/* The data that the caller of brn_infer_data gave for input c->n.  */
static int
input_value(struct brn_infer *c, struct brn_tensor **out)
{
	const struct brn_tensor *in = c->in;
	size_t bytes;

	for (int i = 0; in && c->g->in[i].node != c->n; i++)
		in = &c->in[i + 1];
	if (!in || !brn_infer_takes(in))
		return BURIN_OK;
	*out = brn_value_new(c, &in->type);
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
	else if ((flags & (BRN_LEAF | BRN_LATE)) ||
	    !brn_type_is_concrete(type) ||
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
