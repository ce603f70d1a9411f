/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the elementwise ops.  Each is an expression on doubles and one on
 * integers; f32 arithmetic done in double and rounded once gives the f32
 * result.  Integers wrap.
 */
#include "ir/graph/half.h"
#include "ir/op/op.h"

#include <math.h>

#define U(x) ((uint64_t)(x))

typedef double unary_float(double x);
typedef int64_t unary_int(int64_t x);
typedef double binary_float(double a, double b);
typedef int64_t binary_int(int64_t a, int64_t b);

/* fi may be NULL for ops that take floats only.  */
static int
unary(const struct brn_tensor *x, struct brn_tensor *out, unary_float *ff,
    unary_int *fi)
{
	int64_t n = brn_numel(out);

	for (int64_t i = 0; i < n; i++)
		if (!fi || brn_is_f32(x))
			brn_set_float(out, i, ff(brn_get_float(x, i)));
		else
			brn_set_int(out, i, fi(brn_get_int(x, i)));
	return BURIN_OK;
}

#define FLOAT1(name, expr) \
static double \
f_##name(double x) \
{ \
	return expr; \
} \
BRN_REF(name) \
{ \
	return unary(in[0], out, f_##name, NULL); \
}

FLOAT1(ceil,       ceil(x))
FLOAT1(erf,        erf(x))
FLOAT1(exp,        exp(x))
FLOAT1(floor,      floor(x))
FLOAT1(isnan,      x != x)
FLOAT1(log,        log(x))
FLOAT1(reciprocal, 1 / x)
FLOAT1(sigmoid,    1 / (1 + exp(-x)))
FLOAT1(sqrt,       sqrt(x))
FLOAT1(tanh,       tanh(x))

#define ANY1(name, fexpr, iexpr) \
static double \
f_##name(double x) \
{ \
	return fexpr; \
} \
static int64_t \
i_##name(int64_t x) \
{ \
	return iexpr; \
} \
BRN_REF(name) \
{ \
	return unary(in[0], out, f_##name, i_##name); \
}

ANY1(abs,  fabs(x),       x < 0 ? (int64_t)(0 - U(x)) : x)
ANY1(neg,  -x,            (int64_t)(0 - U(x)))
ANY1(not,  x == 0,        !x)
ANY1(relu, x < 0 ? 0 : x, x < 0 ? 0 : x)
ANY1(sign, x > 0 ? 1 : x < 0 ? -1 : x, (x > 0) - (x < 0))
ANY1(bit_not, x, ~x)

static double
gelu_erf(double x)
{
	return 0.5 * x * (1 + erf(x * M_SQRT1_2));
}

static double
gelu_tanh(double x)
{
	double inner = 0.5 * M_2_SQRTPI * M_SQRT2 *
	    (x + 0.044715 * x * x * x);

	return 0.5 * x * (1 + tanh(inner));
}

BRN_REF(gelu)
{
	return unary(in[0], out, brn_attr_int(n, "tanh", 0) ? gelu_tanh :
	    gelu_erf, NULL);
}

BRN_REF(cast)
{
	int64_t size = brn_numel(out);

	for (int64_t i = 0; i < size; i++)
		if (in[0]->type.dtype == BURIN_F64 && brn_is_f32(out))
			brn_set_float(out, i, (double)brn_f64_to_f32(
			    brn_get_float(in[0], i)));
		else if (brn_dtype_is_float(in[0]->type.dtype) ||
		    brn_dtype_is_float(out->type.dtype))
			brn_set_float(out, i, brn_get_float(in[0], i));
		else
			brn_set_int(out, i, brn_get_int(in[0], i));
	return BURIN_OK;
}

BRN_REF(cast_like)
{
	return ref_cast(n, in, out, err);
}
