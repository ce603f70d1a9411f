/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparisons of floats and of integers of 32 and 64 bits, and what joins
 * their results.
 */
#include "runtime/native/binary.h"

static int
compare(const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t, brn_run_fn *const run[3])
{
	switch (in[0]->type.dtype) {
	case BURIN_F32:
		brn_binary(in[0], in[1], out, t, run[0]);
		return 0;
	case BURIN_I32:
		brn_binary(in[0], in[1], out, t, run[1]);
		return 0;
	case BURIN_I64:
		brn_binary(in[0], in[1], out, t, run[2]);
		return 0;
	default:
		return BRN_DECLINED;
	}
}

#define COMPARE(name, op) \
	BRN_BINARY_RUN(name##_f32, float, uint8_t, a op b) \
	BRN_BINARY_RUN(name##_i32, int32_t, uint8_t, a op b) \
	BRN_BINARY_RUN(name##_i64, int64_t, uint8_t, a op b) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *n, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		static brn_run_fn *const run[] = { name##_f32, name##_i32, \
		    name##_i64 }; \
	\
		(void)n; \
		return compare(in, out, t, run); \
	}

COMPARE(equal, ==)
COMPARE(greater, >)
COMPARE(greater_equal, >=)
COMPARE(less, <)
COMPARE(less_equal, <=)

/* Of bools; a caller's may be true in other ways than by 1.  */
#define LOGIC(name, expr) \
	BRN_BINARY_RUN(run_##name, uint8_t, uint8_t, expr) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *n, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		(void)n; \
		brn_binary(in[0], in[1], out, t, run_##name); \
		return 0; \
	}

LOGIC(and, (a != 0) & (b != 0))
LOGIC(or, (a | b) != 0)
LOGIC(xor, !a != !b)
