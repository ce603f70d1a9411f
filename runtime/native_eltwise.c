/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops on f32.  Transcendental functions come vectorised from
 * glibc's libmvec: the simd attribute says that it has them.
 */
#include <math.h>

#include "runtime/native_isa.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float erff(float);
__attribute__((simd("notinbranch"), const)) float expf(float);
__attribute__((simd("notinbranch"), const)) float tanhf(float);
__attribute__((simd("notinbranch"), const)) float logf(float);
__attribute__((simd("notinbranch"), const)) float sinf(float);
__attribute__((simd("notinbranch"), const)) float cosf(float);
__attribute__((simd("notinbranch"), const)) float powf(float, float);
#endif

/* UNARY(name, expression of v) */
#define UNARIES(UNARY) \
	UNARY(abs,     fabsf(v)) \
	UNARY(ceil,    ceilf(v)) \
	UNARY(cos,     cosf(v)) \
	UNARY(erf,     erff(v)) \
	UNARY(exp,     expf(v)) \
	UNARY(floor,   floorf(v)) \
	UNARY(log,     logf(v)) \
	UNARY(neg,     -v) \
	UNARY(reciprocal, 1 / v) \
	UNARY(relu,    v < 0 ? 0 : v) \
	UNARY(round,   rintf(v)) \
	UNARY(sigmoid, 1 / (1 + expf(-v))) \
	UNARY(sin,     sinf(v)) \
	UNARY(softplus, (v > 0 ? v : 0) + logf(1 + expf(-fabsf(v)))) \
	UNARY(sqrt,    sqrtf(v)) \
	UNARY(tanh,    tanhf(v)) \
	UNARY(gelu_erf,  0.5f * v * (1 + erff(v * 0.70710678118654752f))) \
	UNARY(gelu_tanh, 0.5f * v * (1 + tanhf(0.79788456080286536f * \
	    (v + 0.044715f * v * v * v))))

#define UNARY(name, expr) \
	static void \
	run_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const float *restrict x = brn_f32(j->in[0]); \
		float *restrict y = j->out->data; \
	\
		for (int64_t i = r0; i < r1; i++) { \
			float v = x[i]; \
	\
			y[i] = expr; \
		} \
	}
UNARIES(UNARY)
#undef UNARY

static int
unary(const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t,
    void (*run)(const struct brn_job *, int64_t, int64_t))
{
	struct brn_job j = { .in = in, .out = out, .run = run, .cols = 1 };

	if (!brn_is_f32(in[0]))
		return BRN_DECLINED;
	j.rows = brn_numel(out);
	brn_job_run(&j, t);
	return 0;
}

#define NATIVE_UNARY(name) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *n, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		(void)n; \
		return unary(in, out, t, run_##name); \
	}
NATIVE_UNARY(abs)
NATIVE_UNARY(ceil)
NATIVE_UNARY(cos)
NATIVE_UNARY(erf)
NATIVE_UNARY(exp)
NATIVE_UNARY(floor)
NATIVE_UNARY(log)
NATIVE_UNARY(neg)
NATIVE_UNARY(reciprocal)
NATIVE_UNARY(relu)
NATIVE_UNARY(round)
NATIVE_UNARY(sigmoid)
NATIVE_UNARY(sin)
NATIVE_UNARY(softplus)
NATIVE_UNARY(sqrt)
NATIVE_UNARY(tanh)

int
BRN_FOR_ISA(brn_native_gelu)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	return unary(in, out, t, brn_attr_int(n, "tanh", 0) ? run_gelu_tanh :
	    run_gelu_erf);
}

/* Binary ops.  The output is seen as rows x cols so that, along a row, each
 * operand either advances or stays; offset_of finds where a row begins.  */
struct operand {
	const float *p;
	int64_t step;                   /* along a row: 1 or 0 */
	int64_t stride[BRN_MAX_RANK];   /* of the output's dims; 0: broadcast */
};

struct binary {
	struct brn_job job;
	struct operand a, b;
	int outer;                      /* dims that number the rows */
};

static void
operand_init(struct operand *o, const struct brn_tensor *t,
    const struct brn_type *out)
{
	int64_t s = 1;

	o->p = t->data;
	for (int i = 0; i < out->rank; i++) {
		int d = out->rank - 1 - i, td = t->type.rank - 1 - i;
		int64_t dim = td < 0 ? 1 : t->type.dim[td];

		o->stride[d] = dim == 1 ? 0 : s;
		s *= dim;
	}
}

/* How many trailing dims of out make one row: as long as each operand is
 * either contiguous over all of them or constant over all of them.  */
static int
row_dims(struct binary *k, const struct brn_type *out)
{
	struct operand *o[2] = { &k->a, &k->b };
	int64_t cols = 1;
	int d = out->rank;

	for (; d > 0; d--) {
		int ok = 1;

		for (int i = 0; i < 2; i++) {
			int64_t s = o[i]->stride[d - 1];

			if (out->dim[d - 1] == 1)
				continue;
			if (cols == 1)
				o[i]->step = s != 0;
			ok &= s == (o[i]->step ? cols : 0);
		}
		if (!ok)
			break;
		cols *= out->dim[d - 1];
	}
	k->job.cols = cols;
	return d;
}

static int64_t
offset_of(const struct operand *o, const struct brn_type *out, int outer,
    int64_t row)
{
	int64_t at = 0;

	for (int d = outer - 1; d >= 0; d--) {
		at += row % out->dim[d] * o->stride[d];
		row /= out->dim[d];
	}
	return at;
}

static int
binary(struct binary *k, struct brn_threads *t)
{
	struct brn_job *j = &k->job;

	/* Max of three, and slopes of channels.  */
	if (j->n->nin != 2 || brn_attr(j->n, "channels") ||
	    !brn_is_f32(j->in[0]) || !brn_is_f32(j->in[1]))
		return BRN_DECLINED;
	operand_init(&k->a, j->in[0], &j->out->type);
	operand_init(&k->b, j->in[1], &j->out->type);
	k->outer = row_dims(k, &j->out->type);
	j->rows = brn_numel(j->out);
	if (k->outer && j->cols)
		j->rows /= j->cols;
	else
		j->cols = 1;    /* one row: may be cut anywhere */
	brn_job_run(j, t);
	return 0;
}

#define BINARY_RUN(name, expr) \
	static inline void \
	loop_##name(float *restrict y, const float *x, const float *z, \
	    int64_t sx, int64_t sz, int64_t n) \
	{ \
		for (int64_t i = 0; i < n; i++) { \
			float a = x[i * sx], b = z[i * sz]; \
	\
			y[i] = expr; \
		} \
	} \
	static void \
	row_##name(const struct binary *k, float *y, const float *x, \
	    const float *z, int64_t n) \
	{ \
		if (k->a.step && k->b.step) \
			loop_##name(y, x, z, 1, 1, n); \
		else if (k->a.step) \
			loop_##name(y, x, z, 1, 0, n); \
		else \
			loop_##name(y, x, z, 0, k->b.step, n); \
	} \
	static void \
	run_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct binary *k = (const struct binary *)j; \
		const struct brn_type *out = &j->out->type; \
		float *y = j->out->data; \
	\
		if (!k->outer) { \
			row_##name(k, y + r0, k->a.p + r0 * k->a.step, \
			    k->b.p + r0 * k->b.step, r1 - r0); \
			return; \
		} \
		for (int64_t r = r0; r < r1; r++) \
			row_##name(k, y + r * j->cols, \
			    k->a.p + offset_of(&k->a, out, k->outer, r), \
			    k->b.p + offset_of(&k->b, out, k->outer, r), \
			    j->cols); \
	}
#define BINARY(name, expr) \
	BINARY_RUN(name, expr) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *node, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		struct binary k = { .job = { .n = node, .in = in, \
		    .out = out, .run = run_##name } }; \
	\
		return binary(&k, t); \
	}

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a * b)
BINARY(div, a / b)
BINARY(max, a != a || a > b ? a : b)
BINARY(min, a != a || a < b ? a : b)
BINARY_RUN(cube, a * a * b)
BINARY_RUN(pow, powf(a, b))

/* Squares and cubes are products of x and x.  */
int
BRN_FOR_ISA(brn_native_pow)(const struct brn_node *node,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	const struct brn_tensor *x[] = { in[0], in[0] };
	struct binary k = { .job = { .n = node, .in = in, .out = out,
	    .run = run_pow } };
	float p = brn_is_f32(in[1]) && brn_numel(in[1]) == 1 ?
	    *brn_f32(in[1]) : 0;

	if (p == 2 || p == 3) {
		k.job.in = x;
		k.job.run = p == 2 ? run_mul : run_cube;
	}
	return binary(&k, t);
}

BINARY(prelu, a < 0 ? a * b : a)
