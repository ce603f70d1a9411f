/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of leaves and of the elementwise ops: the shape of the
 * input, or what the shapes of the inputs broadcast to.
 */
#include "ir/op/infer_fn.h"

int
infer_input(struct brn_infer *c, struct brn_type *out)
{
	*out = c->s->type[c->n->id];    /* bound before the walk */
	return BURIN_OK;
}

int
infer_constant(struct brn_infer *c, struct brn_type *out)
{
	*out = c->n->value->type;
	return BURIN_OK;
}

int
infer_bsr(struct brn_infer *c, struct brn_type *out)
{
	*out = (struct brn_type){ BURIN_F32, 2,
	    { c->n->bsr->rows, c->n->bsr->cols } };
	return BURIN_OK;
}

int
infer_unsupported(struct brn_infer *c, struct brn_type *out)
{
	(void)c;
	*out = (struct brn_type){ .rank = -1 };
	return BURIN_OK;
}

/* One input of a type in the set, out of the same type, or of dtype when that
 * is not 0.  */
static int
unary(struct brn_infer *c, int set, int dtype, struct brn_type *out)
{
	int rc;

	if ((rc = brn_infer_dtype(c, 0, set)) < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (dtype)
		out->dtype = dtype;
	return BURIN_OK;
}

#define UNARY(name, set, dtype) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	return unary(c, BRN_SET_##set, dtype, out); \
}

UNARY(abs,        NUM,  0)
UNARY(ceil,       F32,  0)
UNARY(erf,        F32,  0)
UNARY(exp,        F32,  0)
UNARY(floor,      F32,  0)
UNARY(gelu,       F32,  0)
UNARY(isnan,      F32,  BURIN_BOOL)
UNARY(log,        F32,  0)
UNARY(neg,        NUM,  0)
UNARY(not,        BOOL, 0)
UNARY(reciprocal, F32,  0)
UNARY(relu,       NUM,  0)
UNARY(sigmoid,    F32,  0)
UNARY(sqrt,       F32,  0)
UNARY(tanh,       F32,  0)

UNARY(bit_not,    BITS, 0)
UNARY(isinf,      F32,  BURIN_BOOL)
UNARY(sign,       NUM,  0)
#define ACT(name, ...) UNARY(name, F32, 0)
#include "ir/op/acts.def"

int
infer_cast_like(struct brn_infer *c, struct brn_type *out)
{
	*out = *brn_infer_in(c, 0);
	out->dtype = brn_infer_in(c, 1)->dtype;
	return BURIN_OK;
}

int
infer_cast(struct brn_infer *c, struct brn_type *out)
{
	int64_t to = brn_attr_int(c->n, "to");

	if (to < INT32_MIN || to > INT32_MAX || !brn_dtype_size((int)to))
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "cast to element type %lld", (long long)to);
	*out = *brn_infer_in(c, 0);
	out->dtype = (int)to;
	return BURIN_OK;
}

int
infer_clip(struct brn_infer *c, struct brn_type *out)
{
	int rc;

	for (int i = 1; i < 3; i++)
		if ((rc = brn_infer_scalar(c, i)) < 0)
			return rc;
	return unary(c, BRN_SET_NUM, 0, out);
}

/* The inputs from first on broadcast and have one type, which is in the set.
 * out gets that type, or dtype when it is not 0.  */
static int
broadcast(struct brn_infer *c, int first, int set, int dtype,
    struct brn_type *out)
{
	int rc;

	if ((rc = brn_infer_dtype(c, first, set)) < 0)
		return rc;
	*out = *brn_infer_in(c, first);
	for (int i = first + 1; i < c->n->nin; i++) {
		const struct brn_type *t = brn_infer_in(c, i);

		if (t->dtype != out->dtype)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "element types differ");
		if ((rc = brn_infer_broadcast(c, out, t)) < 0)
			return rc;
	}
	if (dtype)
		out->dtype = dtype;
	return BURIN_OK;
}

/* With an attribute "into" the inputs broadcast to that one and do not make it
 * larger.  */
static int
keep_size(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *into = brn_attr(c->n, "into");
	const struct brn_type *want;

	if (!into)
		return BURIN_OK;
	want = brn_infer_in(c, (int)into->i);
	if (brn_type_is_concrete(out) && brn_type_is_concrete(want) &&
	    !brn_type_equal(out, want))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "input %d would become larger", (int)into->i);
	*out = *want;
	return BURIN_OK;
}

#define BROADCAST(name, set, dtype) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	return broadcast(c, 0, BRN_SET_##set, dtype, out); \
}

int
infer_add(struct brn_infer *c, struct brn_type *out)
{
	int rc = broadcast(c, 0, BRN_SET_WRAP, 0, out);

	return rc < 0 ? rc : keep_size(c, out);
}

BROADCAST(sub,           WRAP, 0)
BROADCAST(mul,           WRAP, 0)
BROADCAST(sum,           WRAP, 0)
BROADCAST(mean,          F32,  0)
BROADCAST(mod,           NUM,  0)
BROADCAST(bit_and,       BITS, 0)
BROADCAST(bit_or,        BITS, 0)
BROADCAST(bit_xor,       BITS, 0)
BROADCAST(bit_shift,     BITS, 0)
BROADCAST(xor,           BOOL, 0)
BROADCAST(div,           NUM,  0)
BROADCAST(max,           NUM,  0)
BROADCAST(min,           NUM,  0)
BROADCAST(and,           BOOL, 0)
BROADCAST(or,            BOOL, 0)
BROADCAST(equal,         ANY,  BURIN_BOOL)
BROADCAST(greater,       NUM,  BURIN_BOOL)
BROADCAST(greater_equal, NUM,  BURIN_BOOL)
BROADCAST(less,          NUM,  BURIN_BOOL)
BROADCAST(less_equal,    NUM,  BURIN_BOOL)

/* The exponent may be of another type than the base, which decides.  */
int
infer_pow(struct brn_infer *c, struct brn_type *out)
{
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_NUM)) < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	return brn_infer_broadcast(c, out, brn_infer_in(c, 1));
}

/* The slope must not make x larger.  */
int
infer_prelu(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *slope = brn_infer_in(c, 1);
	struct brn_type t = *brn_infer_in(c, 0);
	int rc;

	*out = t;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0)
		return rc;
	if (slope->dtype != t.dtype)
		return brn_infer_bad(c, BURIN_ESHAPE, "element types differ");
	if (brn_attr_int(c->n, "channels") && slope->rank == 1)
		return t.rank < 2 || slope->dim[0] == 1 ? BURIN_OK :
		    brn_infer_same_dim(c, &t.dim[1], slope->dim[0]);
	if ((rc = brn_infer_broadcast(c, &t, slope)) < 0)
		return rc;
	if (brn_type_is_concrete(&t) && !brn_type_equal(&t, out))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the slope does not broadcast to x");
	return BURIN_OK;
}

int
infer_where(struct brn_infer *c, struct brn_type *out)
{
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_BOOL)) < 0 ||
	    (rc = broadcast(c, 1, BRN_SET_ANY, 0, out)) < 0 ||
	    (rc = brn_infer_broadcast(c, out, brn_infer_in(c, 0))) < 0)
		return rc;
	return keep_size(c, out);
}
