/* SPDX-License-Identifier: Apache-2.0
 *
 * gather along any axis: x is [outer][dim][inner] of elements of any type, and
 * an index copies inner elements.
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

/* Rows of T, copied in one piece.  */
#define COPY(T) \
	static void \
	copy_##T(const struct gather *k, int64_t r0, int64_t r1) \
	{ \
		const T *x = k->job.in[0]->data; \
		T *y = k->job.out->data; \
	\
		for (int64_t r = r0; r < r1; r++) { \
			int64_t id = brn_get_int(k->job.in[1], r % k->count); \
	\
			id += id < 0 ? k->dim : 0; \
			y[r] = x[r / k->count * k->dim + id]; \
		} \
	}
COPY(uint8_t) COPY(uint16_t) COPY(uint32_t) COPY(uint64_t)

static void
copy_rows(const struct gather *k, int64_t r0, int64_t r1)
{
	const char *x = k->job.in[0]->data;
	char *y = k->job.out->data;

	for (int64_t r = r0; r < r1; r++) {
		int64_t id = brn_get_int(k->job.in[1], r % k->count);

		id += r / k->count * k->dim + (id < 0 ? k->dim : 0);
		memcpy(y + (size_t)r * k->size, x + (size_t)id * k->size,
		    k->size);
	}
}

/* Indices are in range.  */
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

	for (int64_t i = 0; i < k.count; i++) {
		int64_t id = brn_get_int(c->in[1], i);

		if (id < -k.dim || id >= k.dim)         /* the ref says which */
			return brn_ref[BRN_OP_gather](c->n, c->in, c->out,
			    c->err);
	}
	for (int d = 0; d < axis; d++)
		outer *= x->dim[d];
	k.job.rows = outer * k.count;
	if (brn_numel(c->out) == 0)
		return 0;
	k.job.cols = brn_numel(c->out) / k.job.rows;
	k.size = (size_t)k.job.cols * brn_dtype_size(x->dtype);
	return brn_job_run(&k.job, c->threads);
}
