/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the elementwise ops.  Each is an expression on doubles and one on
 * integers; f32 arithmetic done in double and rounded once gives the f32
 * result.  Integers wrap.
 */
#include "ir/graph/half.h"
#include "ir/op/ref_fn.h"

#include <math.h>

#define U(x) ((uint64_t)(x))

typedef double unary_float(double x);
typedef int64_t unary_int(int64_t x);
typedef double binary_float(double a, double b);
typedef int64_t binary_int(int64_t a, int64_t b);

static int
is_float(const struct brn_tensor *t)
{
	return t->type.dtype == BURIN_F32;
}

/* fi may be NULL for ops that take floats only.  */
static int
unary(const struct brn_tensor *x, struct brn_tensor *out, unary_float *ff,
    unary_int *fi)
{
	int64_t n = brn_numel(out);

	for (int64_t i = 0; i < n; i++)
		if (!fi || is_float(x))
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
	return unary(in[0], out, brn_attr_int(n, "tanh") ? gelu_tanh :
	    gelu_erf, NULL);
}

/* out may be one of a, b here when their shapes are the same.  */
static void
binary(const struct brn_tensor *a, const struct brn_tensor *b,
    struct brn_tensor *out, binary_float *ff, binary_int *fi)
{
	int fl = is_float(a) || is_float(b);
	struct brn_iter it;

	brn_iter_init(&it, &out->type);
	brn_iter_add(&it, &a->type);
	brn_iter_add(&it, &b->type);
	for (; it.left; brn_iter_next(&it))
		if (fl)
			brn_set_float(out, it.pos,
			    ff(brn_get_float(a, it.off[0]),
			    brn_get_float(b, it.off[1])));
		else
			brn_set_int(out, it.pos,
			    fi(brn_get_int(a, it.off[0]),
			    brn_get_int(b, it.off[1])));
}

static int64_t
int_div(int64_t a, int64_t b)
{
	return b == -1 ? (int64_t)(0 - U(a)) : a / b;
}

/* b < 0 leaves a fraction, which truncates to 0, unless a is 1 or -1.  */
static int64_t
int_pow(int64_t a, int64_t b)
{
	uint64_t r = 1, x = U(a);

	if (b < 0)
		return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
	for (; b; b >>= 1, x *= x)
		if (b & 1)
			r *= x;
	return (int64_t)r;
}

#define FN2(name, fexpr, iexpr) \
static double \
f_##name(double a, double b) \
{ \
	return fexpr; \
} \
static int64_t \
i_##name(int64_t a, int64_t b) \
{ \
	return iexpr; \
}

#define BINARY(name, fexpr, iexpr) \
FN2(name, fexpr, iexpr) \
BRN_REF(name) \
{ \
	binary(in[0], in[1], out, f_##name, i_##name); \
	return BURIN_OK; \
}

BINARY(add,           a + b,      (int64_t)(U(a) + U(b)))
BINARY(sub,           a - b,      (int64_t)(U(a) - U(b)))
BINARY(mul,           a * b,      (int64_t)(U(a) * U(b)))
BINARY(pow,           pow(a, b),  int_pow(a, b))
BINARY(and,           a && b,     a && b)
BINARY(or,            a || b,     a || b)
BINARY(xor,           !a != !b,   !a != !b)
BINARY(bit_and,       a + b,      a & b)
BINARY(bit_or,        a + b,      a | b)
BINARY(bit_xor,       a + b,      a ^ b)
BINARY(equal,         a == b,     a == b)
BINARY(greater,       a > b,      a > b)
BINARY(greater_equal, a >= b,     a >= b)
BINARY(less,          a < b,      a < b)
BINARY(less_equal,    a <= b,     a <= b)

FN2(div, a / b, int_div(a, b))
FN2(max, a != a || a > b ? a : b, a > b ? a : b)
FN2(min, a != a || a < b ? a : b, a < b ? a : b)

/* The sign of b, as Python has it, and that of a, as C has it.  */
FN2(mod, a - b * floor(a / b), b == -1 ? 0 : (a % b + b) % b)
FN2(fmod, fmod(a, b), b == -1 ? 0 : a % b)

static int
divide(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, binary_float *ff, binary_int *fi,
    burin_error *err)
{
	int64_t nb = is_float(in[1]) ? 0 : brn_numel(in[1]);

	for (int64_t i = 0; i < nb; i++)
		if (!brn_get_int(in[1], i))
			return brn_fail(err, BURIN_ESHAPE,
			    "node '%s': integer division by zero", n->name);
	binary(in[0], in[1], out, ff, fi);
	return BURIN_OK;
}

BRN_REF(div)
{
	return divide(n, in, out, f_div, i_div, err);
}

BRN_REF(mod)
{
	int c = brn_attr_int(n, "fmod") != 0;

	return divide(n, in, out, c ? f_fmod : f_mod, c ? i_fmod : i_mod, err);
}

/* Bits that leave the type are cut when the result is stored.  */
static int64_t
i_left(int64_t a, int64_t b)
{
	return U(b) > 63 ? 0 : (int64_t)(U(a) << b);
}

static int64_t
i_right(int64_t a, int64_t b)
{
	return U(b) > 63 ? 0 : (int64_t)(U(a) >> b);
}

BRN_REF(bit_shift)
{
	binary(in[0], in[1], out, NULL,
	    brn_attr_int(n, "direction") ? i_left : i_right);
	return BURIN_OK;
}

FN2(prelu, a < 0 ? a * b : a, a < 0 ? (int64_t)(U(a) * U(b)) : a)

BRN_REF(prelu)
{
	struct brn_tensor slope = *in[1];

	/* One a channel: as [channels][1][1].. */
	while (brn_attr_int(n, "channels") && slope.type.rank == 1 &&
	    slope.type.rank < out->type.rank - 1)
		for (int d = 1; d < out->type.rank - 1; d++)
			slope.type.dim[slope.type.rank++] = 1;
	binary(in[0], &slope, out, f_prelu, i_prelu);
	return BURIN_OK;
}

static double
f_first(double a, BRN_UNUSED double b)
{
	return a;
}

static int64_t
i_first(int64_t a, BRN_UNUSED int64_t b)
{
	return a;
}

/* Fold all inputs into out, one after the other.  */
static int
variadic(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, binary_float *ff, binary_int *fi)
{
	binary(in[0], in[0], out, f_first, i_first);
	for (int k = 1; k < n->nin; k++)
		binary(out, in[k], out, ff, fi);
	return BURIN_OK;
}

BRN_REF(max)
{
	return variadic(n, in, out, f_max, i_max);
}

BRN_REF(min)
{
	return variadic(n, in, out, f_min, i_min);
}

BRN_REF(sum)
{
	return variadic(n, in, out, f_add, i_add);
}

BRN_REF(mean)
{
	int64_t count = brn_numel(out);

	variadic(n, in, out, f_add, i_add);
	for (int64_t i = 0; i < count; i++)
		brn_set_float(out, i, brn_get_float(out, i) / n->nin);
	return BURIN_OK;
}

BRN_REF(clip)
{
	const struct brn_tensor *lo = brn_opt_in(n, in, 1);
	const struct brn_tensor *hi = brn_opt_in(n, in, 2);

	brn_copy_elems(in[0], out);
	if (lo)
		binary(out, lo, out, f_max, i_max);
	if (hi)
		binary(out, hi, out, f_min, i_min);
	return BURIN_OK;
}

BRN_REF(cast)
{
	int64_t size = brn_numel(out);

	for (int64_t i = 0; i < size; i++)
		if (in[0]->type.dtype == BURIN_F64 && is_float(out))
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

BRN_REF(where)
{
	const uint8_t *cond = in[0]->data;
	size_t size = brn_dtype_size(out->type.dtype);
	struct brn_iter it;

	brn_iter_init(&it, &out->type);
	for (int i = 0; i < 3; i++)
		brn_iter_add(&it, &in[i]->type);
	for (; it.left; brn_iter_next(&it)) {
		int k = cond[it.off[0]] ? 1 : 2;

		memcpy((char *)out->data + (size_t)it.pos * size,
		    (const char *)in[k]->data + (size_t)it.off[k] * size,
		    size);
	}
	return BURIN_OK;
}
