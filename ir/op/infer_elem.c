/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of leaves and of the elementwise ops: the shape of the
 * input, or what the shapes of the inputs broadcast to.
 */
#include "ir/op/op.h"

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
	int64_t to = brn_attr_int(c->n, "to", 0);

	if (to < INT32_MIN || to > INT32_MAX || !brn_dtype_size((int)to))
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "cast to element type %lld", (long long)to);
	*out = *brn_infer_in(c, 0);
	out->dtype = (int)to;
	return BURIN_OK;
}
