/* SPDX-License-Identifier: Apache-2.0
 *
 * gather along any axis, of elements of any type: x is [outer][dim][inner], and
 * an index copies inner elements.  gather_elements: an index an element.
 */
#include <string.h>

#include "ir/graph/iter.h"
#include "ir/op/ref.h"
#include "runtime/native/job.h"

struct gather {
	struct brn_job job;             /* rows: outer * indices */
	int64_t dim, count;
	size_t size;                    /* bytes of a row */
};

/* Index i of t, counted from the start.  */
static inline int64_t
index_at(const struct brn_tensor *t, int64_t i, int64_t dim)
{
	int64_t id = t->type.dtype == BURIN_I64 ? ((int64_t *)t->data)[i] :
	    t->type.dtype == BURIN_I32 ? ((int32_t *)t->data)[i] :
	    brn_get_int(t, i);

	return id < 0 ? id + dim : id;
}

/* Is one of n indices out of [-dim, dim)?  */
#define OUTSIDE(T) \
	static int \
	outside_##T(const void *from, int64_t n, int64_t dim) \
	{ \
		const T *x = from; \
		int found = 0; \
	\
		for (int64_t i = 0; i < n; i++) \
			found |= (x[i] < -dim) | (x[i] >= dim); \
		return found; \
	}
OUTSIDE(int32_t)
OUTSIDE(int64_t)

/* Are all indices in [-dim, dim)?  Else the ref says which is not.  */
static int
are_in_range(const struct brn_tensor *t, int64_t dim)
{
	int64_t n = brn_numel(t);

	if (t->type.dtype == BURIN_I64)
		return !outside_int64_t(t->data, n, dim);
	if (t->type.dtype == BURIN_I32)
		return !outside_int32_t(t->data, n, dim);
	for (int64_t i = 0; i < n; i++)
		if ((uint64_t)index_at(t, i, dim) >= (uint64_t)dim)
			return 0;
	return 1;
}

/* Rows of one T.  Row r is of index i, and x is where its outer row begins.  */
#define COPY(T) \
	static void \
	copy_##T(const struct gather *k, int64_t r0, int64_t r1) \
	{ \
		const T *x = (const T *)k->job.in[0]->data + \
		    r0 / k->count * k->dim; \
		T *y = k->job.out->data; \
		int64_t i = r0 % k->count; \
	\
		for (int64_t r = r0; r < r1; r++) { \
			y[r] = x[index_at(k->job.in[1], i, k->dim)]; \
			if (++i == k->count) { \
				i = 0; \
				x += k->dim; \
			} \
		} \
	}
COPY(uint8_t) COPY(uint16_t) COPY(uint32_t) COPY(uint64_t)

static void
copy_rows(const struct gather *k, int64_t r0, int64_t r1)
{
	const char *x = k->job.in[0]->data;
	char *y = k->job.out->data;
	int64_t i = r0 % k->count, first = r0 / k->count * k->dim;

	for (int64_t r = r0; r < r1; r++) {
		int64_t id = first + index_at(k->job.in[1], i, k->dim);

		memcpy(y + (size_t)r * k->size, x + (size_t)id * k->size,
		    k->size);
		if (++i == k->count) {
			i = 0;
			first += k->dim;
		}
	}
}

static void
run_gather(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct gather *k = (const struct gather *)j;

	switch (k->size) {
	case 1: copy_uint8_t(k, r0, r1); break;
	case 2: copy_uint16_t(k, r0, r1); break;
	case 4: copy_uint32_t(k, r0, r1); break;
	case 8: copy_uint64_t(k, r0, r1); break;
	default: copy_rows(k, r0, r1); break;
	}
}

int
BRN_FOR_ISA(brn_rows_gather)(const struct brn_call *c)
{
	const struct brn_type *x = &c->in[0]->type;
	int axis = brn_axis(brn_attr_int(c->n, "axis"), x->rank);
	struct gather k = { .job = brn_job_of(c, run_gather),
	    .dim = x->dim[axis], .count = brn_numel(c->in[1]) };
	int64_t outer = 1;

	if (!are_in_range(c->in[1], k.dim))
		return brn_ref[BRN_OP_gather](c->n, c->in, c->out, c->err);
	for (int d = 0; d < axis; d++)
		outer *= x->dim[d];
	k.job.rows = outer * k.count;
	if (brn_numel(c->out) == 0)
		return 0;
	k.job.cols = brn_numel(c->out) / k.job.rows;
	k.size = (size_t)k.job.cols * brn_dtype_size(x->dtype);
	return brn_job_run(&k.job, c->threads);
}

/* ---- gather_elements ---- */

/* Rows are lines of the index along its last dimension.  */
struct elements {
	struct brn_job job;
	int axis;
	int64_t dim, step;              /* of x along the axis */
	int64_t along;                  /* of x along a line; 0: it is the
	                                   axis */
	int64_t stride[BRN_MAX_RANK];   /* of x */
};

#define ELEMENTS(T) \
	static void \
	line_##T(const struct elements *k, int64_t at, int64_t r) \
	{ \
		const struct brn_tensor *t = k->job.in[1]; \
		const T *x = (const T *)k->job.in[0]->data + at; \
		T *y = (T *)k->job.out->data + r * k->job.cols; \
		int64_t i0 = r * k->job.cols, step = k->step, dim = k->dim; \
		const int64_t *ids = (const int64_t *)t->data + i0; \
	\
		if (t->type.dtype == BURIN_I64) \
			for (int64_t i = 0; i < k->job.cols; i++) \
				y[i] = x[i * k->along + step * (ids[i] < 0 ? \
				    ids[i] + dim : ids[i])]; \
		else \
			for (int64_t i = 0; i < k->job.cols; i++) \
				y[i] = x[i * k->along + step * \
				    index_at(t, i0 + i, dim)]; \
	}
ELEMENTS(uint8_t) ELEMENTS(uint16_t) ELEMENTS(uint32_t) ELEMENTS(uint64_t)

/* By the size of an element.  */
static void (*const lines[])(const struct elements *, int64_t, int64_t) = {
	[1] = line_uint8_t, [2] = line_uint16_t, [4] = line_uint32_t,
	[8] = line_uint64_t,
};

static void
run_elements(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct elements *k = (const struct elements *)j;
	const struct brn_type *t = &j->out->type;

	for (int64_t r = r0; r < r1; r++) {
		int64_t rest = r, at = 0;

		for (int d = t->rank - 2; d >= 0; d--) {
			if (d != k->axis)
				at += rest % t->dim[d] * k->stride[d];
			rest /= t->dim[d];
		}
		lines[brn_dtype_size(t->dtype)](k, at, r);
	}
}

int
BRN_FOR_ISA(brn_rows_gather_elements)(const struct brn_call *c)
{
	const struct brn_type *x = &c->in[0]->type;
	int axis = brn_axis(brn_attr_int(c->n, "axis"), x->rank);
	struct elements k = { .job = brn_job_of(c, run_elements),
	    .axis = axis, .dim = x->dim[axis] };

	if (!are_in_range(c->in[1], k.dim))
		return brn_ref[BRN_OP_gather_elements](c->n, c->in, c->out,
		    c->err);
	brn_type_strides(x, k.stride);
	k.step = k.stride[axis];
	k.along = axis != x->rank - 1;
	return brn_job_run_rows(&k.job, c->threads);
}
