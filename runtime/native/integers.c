/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops on integers of 8, 32 and 64 bits, and on bools.  Sums,
 * differences and products wrap.
 */
#include "ir/graph/iter.h"
#include "ir/op/ref.h"
#include "runtime/native/broadcast.h"

/* Loops of an op by element type; NULL where there is none.  */
enum { NTYPES = BURIN_BF16 + 1 };
typedef brn_job_fn *const loops[NTYPES];

/* ---- two operands ---- */

/* Of ops whose bits do not depend on a sign.  */
#define UNSIGNED(name, expr) \
	BRN_BINARY_RUN(name##_8, uint8_t, uint8_t, expr) \
	BRN_BINARY_RUN(name##_32, uint32_t, uint32_t, expr) \
	BRN_BINARY_RUN(name##_64, uint64_t, uint64_t, expr) \
	static loops name##_loops = { \
		[BURIN_U8] = name##_8, [BURIN_I8] = name##_8, \
		[BURIN_U32] = name##_32, [BURIN_I32] = name##_32, \
		[BURIN_U64] = name##_64, [BURIN_I64] = name##_64, \
	};
UNSIGNED(add, a + b)
UNSIGNED(sub, a - b)
UNSIGNED(mul, a * b)
UNSIGNED(bit_and, a & b)
UNSIGNED(bit_or, a | b)
UNSIGNED(bit_xor, a ^ b)

/* An expression for i64, and one for smaller types.  */
#define SIGNED(name, expr, expr64) \
	BRN_BINARY_RUN(name##_u8, uint8_t, uint8_t, expr) \
	BRN_BINARY_RUN(name##_i8, int8_t, int8_t, expr) \
	BRN_BINARY_RUN(name##_i32, int32_t, int32_t, expr) \
	BRN_BINARY_RUN(name##_i64, int64_t, int64_t, expr64) \
	static loops name##_loops = { \
		[BURIN_U8] = name##_u8, [BURIN_I8] = name##_i8, \
		[BURIN_I32] = name##_i32, [BURIN_I64] = name##_i64, \
	};
SIGNED(max, a > b ? a : b, a > b ? a : b)
SIGNED(min, a < b ? a : b, a < b ? a : b)

/* a / b truncated, as in C; b is not 0, and a / -1 wraps.  The processor
 * divides doubles in vectors, integers it does not.  */
static inline int32_t
quotient(int32_t a, int32_t b)
{
	return b == -1 ? (int32_t)(0 - (uint32_t)a) :
	    (int32_t)((double)a / (double)b);
}

static inline int64_t
quotient64(int64_t a, int64_t b)
{
	return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

/* What is left, with the sign of a.  */
static inline int32_t
rest(int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)a - (uint32_t)quotient(a, b) * (uint32_t)b);
}

static inline int64_t
rest64(int64_t a, int64_t b)
{
	return b == -1 ? 0 : a % b;
}

/* The same with the sign of b.  */
#define MODULO(r, b) ((r) != 0 && ((r) ^ (b)) < 0 ? (r) + (b) : (r))
static inline int32_t
modulo(int32_t a, int32_t b)
{
	int32_t r = rest(a, b);

	return MODULO(r, b);
}

static inline int64_t
modulo64(int64_t a, int64_t b)
{
	int64_t r = rest64(a, b);

	return MODULO(r, b);
}
SIGNED(div, quotient(a, b), quotient64(a, b))
SIGNED(fmod, rest(a, b), rest64(a, b))
SIGNED(mod, modulo(a, b), modulo64(a, b))

#define SHIFT(name, op) \
	BRN_BINARY_RUN(name##_u8, uint8_t, uint8_t, b > 7 ? 0 : a op b) \
	BRN_BINARY_RUN(name##_u32, uint32_t, uint32_t, b > 31 ? 0 : a op b) \
	BRN_BINARY_RUN(name##_u64, uint64_t, uint64_t, b > 63 ? 0 : a op b) \
	static loops name##_loops = { \
		[BURIN_U8] = name##_u8, [BURIN_U32] = name##_u32, \
		[BURIN_U64] = name##_u64, \
	};
SHIFT(left, <<)
SHIFT(right, >>)

static brn_job_fn *
binary_loop(const struct brn_call *c)
{
	int t = c->out->type.dtype;

	switch (c->n->op) {
	case BRN_OP_add: return add_loops[t];
	case BRN_OP_sub: return sub_loops[t];
	case BRN_OP_mul: return mul_loops[t];
	case BRN_OP_div: return div_loops[t];
	case BRN_OP_mod:
		return brn_attr_int(c->n, "fmod") ? fmod_loops[t] :
		    mod_loops[t];
	case BRN_OP_max: return max_loops[t];
	case BRN_OP_min: return min_loops[t];
	case BRN_OP_bit_and: return bit_and_loops[t];
	case BRN_OP_bit_or: return bit_or_loops[t];
	case BRN_OP_bit_xor: return bit_xor_loops[t];
	case BRN_OP_bit_shift:
		return brn_attr_int(c->n, "direction") ? left_loops[t] :
		    right_loops[t];
	default: return NULL;
	}
}

/* Two operands or more, all of one type that the op has a loop for.  */
int
BRN_FOR_ISA(brn_takes_integers)(const struct brn_call *c)
{
	for (int i = 0; i < c->n->nin; i++)
		if (c->in[i]->type.dtype != c->out->type.dtype)
			return 0;
	return c->n->nin > 1 && binary_loop(c) != NULL;
}

#define FORM_INTEGERS(name) \
	int \
	BRN_FOR_ISA(brn_rows_##name)(const struct brn_call *c) \
	{ \
		return brn_fold_operands(c, binary_loop(c)); \
	}
FORM_INTEGERS(add)
FORM_INTEGERS(sub)
FORM_INTEGERS(mul)
FORM_INTEGERS(max)
FORM_INTEGERS(min)
FORM_INTEGERS(bit_and)
FORM_INTEGERS(bit_or)
FORM_INTEGERS(bit_xor)
FORM_INTEGERS(bit_shift)

#define HAS_ZERO(T) \
	static int \
	has_zero_##T(const void *from, int64_t n) \
	{ \
		const T *x = from; \
		int found = 0; \
	\
		for (int64_t i = 0; i < n; i++) \
			found |= x[i] == 0; \
		return found; \
	}
HAS_ZERO(uint8_t)
HAS_ZERO(uint32_t)
HAS_ZERO(uint64_t)

/* By zero the ref divides, which says so.  */
static int
divide(const struct brn_call *c)
{
	size_t size = brn_dtype_size(c->in[1]->type.dtype);
	int64_t n = brn_numel(c->in[1]);
	int zero = size == 1 ? has_zero_uint8_t(c->in[1]->data, n) :
	    size == 4 ? has_zero_uint32_t(c->in[1]->data, n) :
	    has_zero_uint64_t(c->in[1]->data, n);

	if (zero)
		return brn_ref[c->n->op](c->n, c->in, c->out, c->err);
	return brn_fold_operands(c, binary_loop(c));
}

int
BRN_FOR_ISA(brn_rows_div)(const struct brn_call *c)
{
	return divide(c);
}

int
BRN_FOR_ISA(brn_rows_mod)(const struct brn_call *c)
{
	return divide(c);
}

/* ---- one operand ---- */

#define UNARY_RUN(name, T, expr) \
	static void \
	name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const T *restrict x = j->in[0]->data; \
		T *restrict y = j->out->data; \
	\
		for (int64_t i = r0; i < r1; i++) { \
			T v = x[i]; \
	\
			y[i] = (T)(expr); \
		} \
	}
#define UNARY(name, expr) \
	UNARY_RUN(name##_8, int8_t, expr) \
	UNARY_RUN(name##_32, int32_t, expr) \
	UNARY_RUN(name##_64, int64_t, expr) \
	static loops name##_loops = { \
		[BURIN_I8] = name##_8, [BURIN_I32] = name##_32, \
		[BURIN_I64] = name##_64, \
	};
#define NEGATIVE(v) (0 - (uint64_t)(v))
UNARY(abs, v < 0 ? NEGATIVE(v) : (uint64_t)v)
UNARY(neg, NEGATIVE(v))
UNARY(sign, (v > 0) - (v < 0))
UNARY(relu, v < 0 ? 0 : v)

UNARY_RUN(not_bool, uint8_t, !v)
static loops not_loops = { [BURIN_BOOL] = not_bool };

UNARY_RUN(bit_not_8, uint8_t, ~v)
UNARY_RUN(bit_not_32, uint32_t, ~v)
UNARY_RUN(bit_not_64, uint64_t, ~v)
static loops bit_not_loops = {
	[BURIN_U8] = bit_not_8, [BURIN_I8] = bit_not_8,
	[BURIN_U32] = bit_not_32, [BURIN_I32] = bit_not_32,
	[BURIN_U64] = bit_not_64, [BURIN_I64] = bit_not_64,
};

struct clip {
	struct brn_job job;
	int64_t lo, hi;
};

#define CLIP(name, T) \
	static void \
	name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct clip *k = (const struct clip *)j; \
		const T *restrict x = j->in[0]->data; \
		T *restrict y = j->out->data, lo = (T)k->lo, hi = (T)k->hi; \
	\
		for (int64_t i = r0; i < r1; i++) { \
			T v = x[i] > lo ? x[i] : lo; \
	\
			y[i] = v < hi ? v : hi; \
		} \
	}
CLIP(clip_u8, uint8_t)
CLIP(clip_i8, int8_t)
CLIP(clip_i32, int32_t)
CLIP(clip_i64, int64_t)
static loops clip_loops = {
	[BURIN_U8] = clip_u8, [BURIN_I8] = clip_i8, [BURIN_I32] = clip_i32,
	[BURIN_I64] = clip_i64,
};

static brn_job_fn *
unary_loop(const struct brn_call *c)
{
	int t = c->out->type.dtype;

	switch (c->n->op) {
	case BRN_OP_abs: return abs_loops[t];
	case BRN_OP_neg: return neg_loops[t];
	case BRN_OP_sign: return sign_loops[t];
	case BRN_OP_relu: return relu_loops[t];
	case BRN_OP_not: return not_loops[t];
	case BRN_OP_bit_not: return bit_not_loops[t];
	case BRN_OP_clip: return clip_loops[t];
	default: return NULL;
	}
}

int
BRN_FOR_ISA(brn_takes_integer)(const struct brn_call *c)
{
	return unary_loop(c) != NULL;
}

#define FORM_INTEGER(name) \
	int \
	BRN_FOR_ISA(brn_rows_##name)(const struct brn_call *c) \
	{ \
		struct brn_job j = brn_job_of(c, unary_loop(c)); \
	\
		return brn_job_run_elements(&j, c->threads); \
	}
FORM_INTEGER(abs)
FORM_INTEGER(neg)
FORM_INTEGER(sign)
FORM_INTEGER(relu)
FORM_INTEGER(not)
FORM_INTEGER(bit_not)

/* The number that operand i is; none where it is absent.  */
static int64_t
scalar_operand(const struct brn_call *c, int i, int64_t none)
{
	return i < c->n->nin && c->in[i] ? brn_get_int(c->in[i], 0) : none;
}

int
BRN_FOR_ISA(brn_rows_clip)(const struct brn_call *c)
{
	int t = c->out->type.dtype;
	struct clip k = {
		.job = brn_job_of(c, unary_loop(c)),
		.lo = scalar_operand(c, 1, brn_int_min(t)),
		.hi = scalar_operand(c, 2, brn_int_max(t)),
	};

	return brn_job_run_elements(&k.job, c->threads);
}
