/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops of two or more inputs, which broadcast as in numpy.  Each is
 * an expression on doubles and one on integers; f32 arithmetic done in double
 * and rounded once gives the f32 result.  Integers wrap.
 */
#include "ir/op/op.h"

#include <math.h>

/* ---- what they share ---- */

/* The inputs from first on broadcast and have one type, which is in the set.
 * out gets that type, or dtype unless that is 0.  */
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

/* Attribute into: the result has the shape of that input, to which the others
 * broadcast.  */
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

#define BINARY_TYPE(name, set, dtype) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	return broadcast(c, 0, BRN_SET_##set, dtype, out); \
}

#define U(x) ((uint64_t)(x))

typedef double binary_float(double a, double b);
typedef int64_t binary_int(int64_t a, int64_t b);

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

/* out may be a or b if it has the same shape.  */
static void
binary(const struct brn_tensor *a, const struct brn_tensor *b,
    struct brn_tensor *out, binary_float *ff, binary_int *fi)
{
	int fl = brn_is_f32(a) || brn_is_f32(b);
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

/* ---- an expression each ---- */

/* BINARY(name, types it takes, type of the result or 0 for the same, value of
 * floats, value of integers)  */
#define BINARY(name, set, dtype, fexpr, iexpr) \
BINARY_TYPE(name, set, dtype) \
FN2(name, fexpr, iexpr) \
BRN_REF(name) \
{ \
	binary(in[0], in[1], out, f_##name, i_##name); \
	return BURIN_OK; \
}

BINARY(sub,     WRAP, 0,          a - b,    (int64_t)(U(a) - U(b)))
BINARY(mul,     WRAP, 0,          a * b,    (int64_t)(U(a) * U(b)))
BINARY(and,     BOOL, 0,          a && b,   a && b)
BINARY(or,      BOOL, 0,          a || b,   a || b)
BINARY(xor,     BOOL, 0,          !a != !b, !a != !b)
BINARY(bit_and, BITS, 0,          a + b,    a & b)
BINARY(bit_or,  BITS, 0,          a + b,    a | b)
BINARY(bit_xor, BITS, 0,          a + b,    a ^ b)
BINARY(equal,   ANY,  BURIN_BOOL, a == b,   a == b)
BINARY(greater, NUM,  BURIN_BOOL, a > b,    a > b)
BINARY(less,    NUM,  BURIN_BOOL, a < b,    a < b)
BINARY(greater_equal, NUM, BURIN_BOOL, a >= b, a >= b)
BINARY(less_equal,    NUM, BURIN_BOOL, a <= b, a <= b)

/* ---- add, pow ---- */

int
infer_add(struct brn_infer *c, struct brn_type *out)
{
	int rc = broadcast(c, 0, BRN_SET_WRAP, 0, out);

	return rc < 0 ? rc : keep_size(c, out);
}

FN2(add, a + b, (int64_t)(U(a) + U(b)))

BRN_REF(add)
{
	binary(in[0], in[1], out, f_add, i_add);
	return BURIN_OK;
}

/* The exponent may be of another type than the base, which decides.  */
int
infer_pow(struct brn_infer *c, struct brn_type *out)
{
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_WRAP)) < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	return brn_infer_broadcast(c, out, brn_infer_in(c, 1));
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

FN2(pow, pow(a, b), int_pow(a, b))

BRN_REF(pow)
{
	binary(in[0], in[1], out, f_pow, i_pow);
	return BURIN_OK;
}

/* ---- div, mod ---- */

BINARY_TYPE(div, NUM, 0)
BINARY_TYPE(mod, WRAP, 0)

static int64_t
int_div(int64_t a, int64_t b)
{
	return b == -1 ? (int64_t)(0 - U(a)) : a / b;
}

FN2(div, a / b, int_div(a, b))

/* a % b has the sign of a; this one that of b.  */
static int64_t
int_mod(int64_t a, int64_t b)
{
	int64_t r = b == -1 ? 0 : a % b;

	return r != 0 && (r ^ b) < 0 ? r + b : r;
}

/* mod has the sign of b, as in Python; fmod that of a, as in C.  */
FN2(mod, a - b * floor(a / b), int_mod(a, b))
FN2(fmod, fmod(a, b), b == -1 ? 0 : a % b)

/* Without a sign both are the same.  */
static int64_t
i_mod_u64(int64_t a, int64_t b)
{
	return (int64_t)(U(a) % U(b));
}

static int
divide(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, binary_float *ff, binary_int *fi,
    burin_error *err)
{
	int64_t nb = brn_is_f32(in[1]) ? 0 : brn_numel(in[1]);

	for (int64_t i = 0; i < nb; i++)
		if (!brn_get_int(in[1], i))
			return brn_ref_bad(n, err,
			    "integer division by zero");
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

	if (out->type.dtype == BURIN_U64)
		return divide(n, in, out, NULL, i_mod_u64, err);
	return divide(n, in, out, c ? f_fmod : f_mod, c ? i_fmod : i_mod, err);
}

/* ---- bit_shift ---- */

BINARY_TYPE(bit_shift, BITS, 0)

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

/* ---- prelu ---- */

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
	if (brn_attr_int(c->n, "channels") && slope->rank == 1 &&
	    t.rank > 1)
		return slope->dim[0] == 1 ? BURIN_OK :
		    brn_infer_same_dim(c, &t.dim[1], slope->dim[0]);
	if ((rc = brn_infer_broadcast(c, &t, slope)) < 0)
		return rc;
	if (brn_type_is_concrete(&t) && brn_type_is_concrete(out) &&
	    !brn_type_equal(&t, out))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the slope does not broadcast to x");
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

/* ---- any number of inputs ---- */

BINARY_TYPE(max,  WRAP, 0)
BINARY_TYPE(min,  WRAP, 0)
BINARY_TYPE(sum,  WRAP, 0)
BINARY_TYPE(mean, F32,  0)

/* NaN wins.  */
FN2(max, brn_max_nan(a, b), a > b ? a : b)
FN2(min, a != a || a < b ? a : b, a < b ? a : b)

static int64_t
i_max_u64(int64_t a, int64_t b)
{
	return U(a) > U(b) ? a : b;
}

static int64_t
i_min_u64(int64_t a, int64_t b)
{
	return U(a) < U(b) ? a : b;
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
	return variadic(n, in, out, f_max,
	    out->type.dtype == BURIN_U64 ? i_max_u64 : i_max);
}

BRN_REF(min)
{
	return variadic(n, in, out, f_min,
	    out->type.dtype == BURIN_U64 ? i_min_u64 : i_min);
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

/* ---- clip, where ---- */

int
infer_clip(struct brn_infer *c, struct brn_type *out)
{
	int rc;

	for (int i = 1; i < 3; i++)
		if ((rc = brn_infer_scalar(c, i)) < 0)
			return rc;
	*out = *brn_infer_in(c, 0);
	return brn_infer_dtype(c, 0, BRN_SET_NUM);
}

BRN_REF(clip)
{
	const struct brn_tensor *lo = brn_opt_in(n, in, 1);
	const struct brn_tensor *hi = brn_opt_in(n, in, 2);

	brn_copy_all(in[0], out);
	if (lo)
		binary(out, lo, out, f_max, i_max);
	if (hi)
		binary(out, hi, out, f_min, i_min);
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

BRN_REF(where)
{
	const uint8_t *cond = in[0]->data;
	struct brn_iter it;

	brn_iter_init(&it, &out->type);
	for (int i = 0; i < 3; i++)
		brn_iter_add(&it, &in[i]->type);
	for (; it.left; brn_iter_next(&it)) {
		int k = cond[it.off[0]] ? 1 : 2;

		brn_copy_elem(out, it.pos, in[k], it.off[k]);
	}
	return BURIN_OK;
}
