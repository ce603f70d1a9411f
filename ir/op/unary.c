/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops of one input.  Those that take floats only are rows of
 * unary.def; the others are an expression on doubles and one on integers, which
 * wrap.
 */
#include "ir/op/op.h"

#include <math.h>

#include "ir/graph/half.h"

/* ---- types ---- */

/* One input of a type in the set, out of the same type, or of dtype when that
 * is not 0.  */
static int
unary_type(struct brn_infer *c, int set, int dtype, struct brn_type *out)
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
	return unary_type(c, BRN_SET_##set, dtype, out); \
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
#include "ir/op/unary.def"

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

int
infer_cast_like(struct brn_infer *c, struct brn_type *out)
{
	*out = *brn_infer_in(c, 0);
	out->dtype = brn_infer_in(c, 1)->dtype;
	return BURIN_OK;
}

/* ---- values ---- */

static double
softplus(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* x cut to [0, 1]; NaN stays.  */
static double
unit(double x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double
parameter(const struct brn_node *n, const char *name, float dflt)
{
	return name ? (double)brn_attr_float(n, name, dflt) : 0;
}

/* Two steps, so that NONE in a row counts as two arguments.  */
#define ACT(...) ACT_(__VA_ARGS__)
#define ACT_(name, attr_a, dflt_a, attr_b, dflt_b, expr) \
static double \
f_##name(double x, BRN_UNUSED double a, BRN_UNUSED double b) \
{ \
	return expr; \
} \
BRN_REF(name) \
{ \
	double a = parameter(n, attr_a, dflt_a); \
	double b = parameter(n, attr_b, dflt_b); \
	int64_t count = brn_numel(out); \
\
	for (int64_t i = 0; i < count; i++) \
		brn_set_float(out, i, \
		    f_##name(brn_get_float(in[0], i), a, b)); \
	return BURIN_OK; \
}
#include "ir/op/unary.def"

#define U(x) ((uint64_t)(x))

typedef double unary_float(double x);
typedef int64_t unary_int(int64_t x);

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

BRN_REF(isinf)
{
	int down = brn_attr_int(n, "detect_negative", 1) != 0;
	int up = brn_attr_int(n, "detect_positive", 1) != 0;
	int64_t count = brn_numel(out);

	for (int64_t i = 0; i < count; i++) {
		double x = brn_get_float(in[0], i);

		brn_set_int(out, i, isinf(x) && (x < 0 ? down : up));
	}
	return BURIN_OK;
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
