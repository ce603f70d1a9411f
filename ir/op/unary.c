/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops of one input.  A function of floats is a row of unary.def, a
 * function of floats and integers a row of the table below: an expression on
 * doubles and one on integers, which wrap.
 */
#include "ir/op/op.h"

#include <math.h>

#include "ir/graph/half.h"

/* Input 0 has a type of the set; the result has the same, or dtype unless that
 * is 0.  */
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

#define UNARY_TYPE(name, set, dtype) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	return unary_type(c, BRN_SET_##set, dtype, out); \
}

/* ---- functions of a float: unary.def ---- */

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
parameter(const struct brn_node *n, const char *name)
{
	return name ? (double)brn_attr_float(n, name) : 0;
}

#define FLOAT(name, attr_a, attr_b, expr) \
UNARY_TYPE(name, F32, 0) \
static double \
f_##name(double x, BRN_UNUSED double a, BRN_UNUSED double b) \
{ \
	return expr; \
} \
BRN_REF(name) \
{ \
	double a = parameter(n, attr_a); \
	double b = parameter(n, attr_b); \
	int64_t count = brn_numel(out); \
\
	for (int64_t i = 0; i < count; i++) \
		brn_set_float(out, i, \
		    f_##name(brn_get_float(in[0], i), a, b)); \
	return BURIN_OK; \
}
#include "ir/op/unary.def"

/* ---- functions of a float or an integer ---- */

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

/* UNARY(name, types it takes, value of a float, value of an integer)  */
#define UNARY(name, set, fexpr, iexpr) \
UNARY_TYPE(name, set, 0) \
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

UNARY(abs,     NUM,  fabs(x),       x < 0 ? (int64_t)(0 - U(x)) : x)
UNARY(neg,     NUM,  -x,            (int64_t)(0 - U(x)))
UNARY(not,     BOOL, x == 0,        !x)
UNARY(relu,    NUM,  x < 0 ? 0 : x, x < 0 ? 0 : x)
UNARY(sign,    NUM,  x > 0 ? 1 : x < 0 ? -1 : x, (x > 0) - (x < 0))
UNARY(bit_not, BITS, x,             ~x)

/* ---- gelu, isnan, isinf ---- */

UNARY_TYPE(gelu, F32, 0)

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
	return unary(in[0], out, brn_attr_int(n, "tanh") ? gelu_tanh :
	    gelu_erf, NULL);
}

UNARY_TYPE(isnan, F32, BURIN_BOOL)

static double
is_nan(double x)
{
	return isnan(x) != 0;
}

BRN_REF(isnan)
{
	return unary(in[0], out, is_nan, NULL);
}

UNARY_TYPE(isinf, F32, BURIN_BOOL)

BRN_REF(isinf)
{
	int down = brn_attr_int(n, "detect_negative") != 0;
	int up = brn_attr_int(n, "detect_positive") != 0;
	int64_t count = brn_numel(out);

	for (int64_t i = 0; i < count; i++) {
		double x = brn_get_float(in[0], i);

		brn_set_int(out, i, isinf(x) && (x < 0 ? down : up));
	}
	return BURIN_OK;
}

/* ---- cast ---- */

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
infer_cast_like(struct brn_infer *c, struct brn_type *out)
{
	*out = *brn_infer_in(c, 0);
	out->dtype = brn_infer_in(c, 1)->dtype;
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
