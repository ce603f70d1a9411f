/* SPDX-License-Identifier: Apache-2.0
 *
 * pad of elements of any type; negative pads crop.
 */
#include <string.h>

#include "ir/graph/iter.h"
#include "ir/op/pad.h"
#include "runtime/native/job.h"

struct pad {
	struct brn_job job;
	enum brn_pad_mode mode;
	int64_t start[BRN_MAX_RANK];    /* of x in the result */
	int64_t stride[BRN_MAX_RANK];   /* of x */
	int64_t lo, hi;                 /* of a row: what x has */
	uint64_t value;                 /* an element, at the first bytes */
};

/* Offset in x of row r of the result; -1: the row is padding.  */
static int64_t
row_in_x(const struct pad *k, int64_t r)
{
	const struct brn_type *x = &k->job.in[0]->type;
	const struct brn_type *out = &k->job.out->type;
	int64_t from = 0;

	for (int d = out->rank - 2; d >= 0; d--) {
		int64_t i = brn_padded(r % out->dim[d] - k->start[d],
		    x->dim[d], k->mode);

		if (i < 0)
			return -1;
		from += i * k->stride[d];
		r /= out->dim[d];
	}
	return from;
}

#define PAD(T) \
	/* Elements i0 to i1 of a row that x has not.  */ \
	static void \
	fill_##T(const struct pad *k, T *y, const T *x, int64_t i0, \
	    int64_t i1) \
	{ \
		int last = k->job.out->type.rank - 1; \
		T value; \
	\
		memcpy(&value, &k->value, sizeof value); \
		if (k->mode == BRN_PAD_constant) \
			for (int64_t i = i0; i < i1; i++) \
				y[i] = value; \
		else \
			for (int64_t i = i0; i < i1; i++) \
				y[i] = x[brn_padded(i - k->start[last], \
				    k->job.in[0]->type.dim[last], k->mode)]; \
	} \
	static void \
	run_##T(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct pad *k = (const struct pad *)j; \
		int64_t at = k->start[j->out->type.rank - 1]; \
	\
		for (int64_t r = r0; r < r1; r++) { \
			int64_t from = row_in_x(k, r); \
			const T *x = (const T *)j->in[0]->data + from; \
			T *y = (T *)j->out->data + r * j->cols; \
	\
			if (from < 0 || k->hi <= k->lo) { \
				fill_##T(k, y, x, 0, j->cols); \
				continue; \
			} \
			fill_##T(k, y, x, 0, k->lo); \
			memcpy(y + k->lo, x + k->lo - at, \
			    (size_t)(k->hi - k->lo) * sizeof *y); \
			fill_##T(k, y, x, k->hi, j->cols); \
		} \
	}
PAD(uint8_t)
PAD(uint16_t)
PAD(uint32_t)
PAD(uint64_t)

/* By the size of an element.  */
static brn_job_fn *const runs[] = {
	[1] = run_uint8_t, [2] = run_uint16_t, [4] = run_uint32_t,
	[8] = run_uint64_t,
};

int
BRN_FOR_ISA(brn_takes_pad)(const struct brn_call *c)
{
	return c->out->type.rank >= 1;
}

int
BRN_FOR_ISA(brn_rows_pad)(const struct brn_call *c)
{
	size_t size = brn_dtype_size(c->out->type.dtype);
	struct pad k = { .job = brn_job_of(c, runs[size]),
	    .mode = (enum brn_pad_mode)brn_attr_int(c->n, "mode") };
	const struct brn_tensor *value = c->n->nin > 2 ? c->in[2] : NULL;
	const struct brn_tensor *axes = c->n->nin > 3 ? c->in[3] : NULL;
	int rank = c->out->type.rank;
	int64_t at, end;

	for (int i = 0; i < (axes ? (int)brn_numel(axes) : rank); i++)
		k.start[axes ? brn_axis(brn_get_int(axes, i), rank) : i] =
		    brn_get_int(c->in[1], i);
	brn_type_strides(&c->in[0]->type, k.stride);
	if (value)
		memcpy(&k.value, value->data, size);
	at = k.start[rank - 1];
	end = at + c->in[0]->type.dim[rank - 1];
	k.lo = at > 0 ? at : 0;
	k.hi = end < c->out->type.dim[rank - 1] ? end :
	    c->out->type.dim[rank - 1];
	return brn_job_run_rows(&k.job, c->threads);
}
