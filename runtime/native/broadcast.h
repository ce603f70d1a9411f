/* SPDX-License-Identifier: Apache-2.0
 *
 * Elementwise ops of two or three operands that broadcast, for elements of any
 * type.  The output is split into rows along which each operand is contiguous
 * or constant.
 */
#ifndef BRN_NATIVE_BROADCAST_H
#define BRN_NATIVE_BROADCAST_H

#include "runtime/native/job.h"

enum { BRN_OPERANDS = 3 };

struct brn_operand {
	const void *p;
	int64_t step;                   /* along a row: 1 or 0 */
	int64_t stride[BRN_MAX_RANK];   /* of the output's dims; 0: broadcast */
};

struct brn_broadcast {
	struct brn_job job;
	int n;
	struct brn_operand x[BRN_OPERANDS];
	int outer;                      /* dims that number the rows */
};

/* A row of the output, and where it starts in each operand.  */
struct brn_place {
	int64_t index[BRN_MAX_RANK], at[BRN_OPERANDS];
};

static inline void
brn_operand_init(struct brn_operand *o, const struct brn_tensor *t,
    const struct brn_type *out)
{
	int64_t s = 1;

	o->p = t->data;
	o->step = 0;
	for (int i = 0; i < out->rank; i++) {
		int d = out->rank - 1 - i, td = t->type.rank - 1 - i;
		int64_t dim = td < 0 ? 1 : t->type.dim[td];

		o->stride[d] = dim == 1 ? 0 : s;
		s *= dim;
	}
}

/* Make one row of as many trailing dims of out as each operand is contiguous or
 * constant over.  Sets cols, outer and the steps.  */
static inline void
brn_broadcast_rows(struct brn_broadcast *k, const struct brn_type *out)
{
	int64_t cols = 1;
	int d = out->rank;

	for (; d > 0; d--) {
		int ok = 1;

		if (out->dim[d - 1] == 1)
			continue;
		for (int i = 0; i < k->n; i++) {
			struct brn_operand *o = &k->x[i];
			int64_t s = o->stride[d - 1];

			if (cols == 1)
				o->step = s != 0;
			ok &= s == (o->step ? cols : 0);
		}
		if (!ok)
			break;
		cols *= out->dim[d - 1];
	}
	k->job.cols = cols;
	k->outer = d;
}

static inline void
brn_place_init(struct brn_place *p, const struct brn_broadcast *k, int64_t row)
{
	const struct brn_type *out = &k->job.out->type;

	*p = (struct brn_place){ 0 };
	for (int d = k->outer - 1; d >= 0; d--) {
		p->index[d] = row % out->dim[d];
		row /= out->dim[d];
		for (int i = 0; i < k->n; i++)
			p->at[i] += p->index[d] * k->x[i].stride[d];
	}
}

/* The next row.  */
static inline void
brn_place_next(struct brn_place *p, const struct brn_broadcast *k)
{
	const struct brn_type *out = &k->job.out->type;

	for (int d = k->outer - 1; d >= 0; d--) {
		int64_t back = out->dim[d] - 1;

		if (p->index[d]++ < back) {
			for (int i = 0; i < k->n; i++)
				p->at[i] += k->x[i].stride[d];
			return;
		}
		p->index[d] = 0;
		for (int i = 0; i < k->n; i++)
			p->at[i] -= k->x[i].stride[d] * back;
	}
}

/* Run k.job.run, whose operands k has.  */
static inline void
brn_broadcast_run(struct brn_broadcast *k, struct brn_threads *t)
{
	struct brn_job *j = &k->job;

	brn_broadcast_rows(k, &j->out->type);
	j->rows = brn_numel(j->out);
	if (k->outer && j->cols)
		j->rows /= j->cols;
	else
		j->cols = 1;    /* one row: may be cut anywhere */
	brn_job_run(j, t);
}

/* out = a op b, where BRN_BINARY_RUN made run for op and these types.  out may
 * be a when the two have one type.  */
static inline void
brn_binary(const struct brn_tensor *a, const struct brn_tensor *b,
    struct brn_tensor *out, struct brn_threads *t, brn_job_fn *run)
{
	struct brn_broadcast k = { .job = { .out = out, .run = run }, .n = 2 };

	brn_operand_init(&k.x[0], a, &out->type);
	brn_operand_init(&k.x[1], b, &out->type);
	brn_broadcast_run(&k, t);
}

/* run of the first two operands of c, then of the result and each further one.
 * 0, as forms return.  */
static inline int
brn_fold_operands(const struct brn_call *c, brn_job_fn *run)
{
	for (int i = 1; i < c->n->nin; i++)
		brn_binary(i == 1 ? c->in[0] : c->out, c->in[i], c->out,
		    c->threads, run);
	return 0;
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
			y[i] = (to_t)(expr); \
		} \
	} \
	static void \
	name##_row(const struct brn_broadcast *k, to_t *y, const from_t *x, \
	    const from_t *z, int64_t n) \
	{ \
		if (k->x[0].step && k->x[1].step) \
			name##_loop(y, x, z, 1, 1, n); \
		else if (k->x[0].step) \
			name##_loop(y, x, z, 1, 0, n); \
		else \
			name##_loop(y, x, z, 0, k->x[1].step, n); \
	} \
	static void \
	name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct brn_broadcast *k = \
		    (const struct brn_broadcast *)j; \
		const from_t *x = k->x[0].p, *z = k->x[1].p; \
		to_t *y = j->out->data; \
		struct brn_place p; \
	\
		if (!k->outer) { \
			name##_row(k, y + r0, x + r0 * k->x[0].step, \
			    z + r0 * k->x[1].step, r1 - r0); \
			return; \
		} \
		brn_place_init(&p, k, r0); \
		for (int64_t r = r0; r < r1; r++) { \
			name##_row(k, y + r * j->cols, x + p.at[0], \
			    z + p.at[1], j->cols); \
			brn_place_next(&p, k); \
		} \
	}

#endif
