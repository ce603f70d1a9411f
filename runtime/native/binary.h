/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops of two operands that broadcast, for elements of any type.  The output is
 * split into rows along which each operand is contiguous or constant.
 */
#ifndef BRN_NATIVE_BINARY_H
#define BRN_NATIVE_BINARY_H

#include "runtime/native/job.h"

struct brn_operand {
	const void *p;
	int64_t step;                   /* along a row: 1 or 0 */
	int64_t stride[BRN_MAX_RANK];   /* of the output's dims; 0: broadcast */
};

struct brn_binary {
	struct brn_job job;
	struct brn_operand a, b;
	int outer;                      /* dims that number the rows */
};

static inline void
brn_operand_init(struct brn_operand *o, const struct brn_tensor *t,
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

/* Make one row of as many trailing dims of out as each operand is contiguous or
 * constant over.  Sets cols and the steps; returns how many dims are left.  */
static inline int
brn_binary_outer(struct brn_binary *k, const struct brn_type *out)
{
	struct brn_operand *o[2] = { &k->a, &k->b };
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

/* Offset of the first element of a row.  */
static inline int64_t
brn_operand_at(const struct brn_operand *o, const struct brn_type *out,
    int outer, int64_t row)
{
	int64_t at = 0;

	for (int d = outer - 1; d >= 0; d--) {
		at += row % out->dim[d] * o->stride[d];
		row /= out->dim[d];
	}
	return at;
}

/* out = a op b, where BRN_BINARY_RUN made run for op and these types.  out may
 * be a when the two have one type.  */
static inline void
brn_binary(const struct brn_tensor *a, const struct brn_tensor *b,
    struct brn_tensor *out, struct brn_threads *t, brn_job_fn *run)
{
	struct brn_binary k = { .job = { .out = out, .run = run } };
	struct brn_job *j = &k.job;

	brn_operand_init(&k.a, a, &out->type);
	brn_operand_init(&k.b, b, &out->type);
	k.outer = brn_binary_outer(&k, &out->type);
	j->rows = brn_numel(out);
	if (k.outer && j->cols)
		j->rows /= j->cols;
	else
		j->cols = 1;    /* one row: may be cut anywhere */
	brn_job_run(j, t);
}

/* Define name, a brn_job_fn: expr of elements a and b of from_t is a to_t.  */
#define BRN_BINARY_RUN(name, from_t, to_t, expr) \
	static inline void \
	name##_loop(to_t *y, const from_t *x, const from_t *z, int64_t sx, \
	    int64_t sz, int64_t n) \
	{ \
		_Pragma("GCC ivdep") \
		for (int64_t i = 0; i < n; i++) { \
			from_t a = x[i * sx], b = z[i * sz]; \
	\
			y[i] = expr; \
		} \
	} \
	static void \
	name##_row(const struct brn_binary *k, to_t *y, const from_t *x, \
	    const from_t *z, int64_t n) \
	{ \
		if (k->a.step && k->b.step) \
			name##_loop(y, x, z, 1, 1, n); \
		else if (k->a.step) \
			name##_loop(y, x, z, 1, 0, n); \
		else \
			name##_loop(y, x, z, 0, k->b.step, n); \
	} \
	static void \
	name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct brn_binary *k = (const struct brn_binary *)j; \
		const struct brn_type *out = &j->out->type; \
		const from_t *x = k->a.p, *z = k->b.p; \
		to_t *y = j->out->data; \
	\
		if (!k->outer) { \
			name##_row(k, y + r0, x + r0 * k->a.step, \
			    z + r0 * k->b.step, r1 - r0); \
			return; \
		} \
		for (int64_t r = r0; r < r1; r++) \
			name##_row(k, y + r * j->cols, \
			    x + brn_operand_at(&k->a, out, k->outer, r), \
			    z + brn_operand_at(&k->b, out, k->outer, r), \
			    j->cols); \
	}

#endif
