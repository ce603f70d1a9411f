/* SPDX-License-Identifier: Apache-2.0
 *
 * pad of f32 with a constant; negative pads crop.
 */
#include <string.h>

#include "ir/graph/iter.h"
#include "ir/op/pad.h"
#include "runtime/native/job.h"

struct pad {
	struct brn_job job;
	int64_t start[BRN_MAX_RANK];    /* of x in the result */
	int64_t stride[BRN_MAX_RANK];   /* of x */
	float value;
};

static inline void
fill(float *y, float v, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] = v;
}

/* Offset in x of row r of the result; -1: the row is padding.  */
static int64_t
row_in_x(const struct pad *k, int64_t r)
{
	const struct brn_type *x = &k->job.in[0]->type;
	const struct brn_type *out = &k->job.out->type;
	int64_t from = 0;

	for (int d = out->rank - 2; d >= 0; d--) {
		int64_t i = r % out->dim[d] - k->start[d];

		if (i < 0 || i >= x->dim[d])
			return -1;
		from += i * k->stride[d];
		r /= out->dim[d];
	}
	return from;
}

static void
run_pad(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct pad *k = (const struct pad *)j;
	int last = j->out->type.rank - 1;
	int64_t at = k->start[last], lo = at > 0 ? at : 0;
	int64_t hi = at + j->in[0]->type.dim[last];

	hi = hi < j->cols ? hi : j->cols;
	for (int64_t r = r0; r < r1; r++) {
		float *y = (float *)j->out->data + r * j->cols;
		int64_t from = row_in_x(k, r);

		if (from < 0 || hi <= lo) {
			fill(y, k->value, j->cols);
			continue;
		}
		fill(y, k->value, lo);
		memcpy(y + lo, brn_f32(j->in[0]) + from + lo - at,
		    (size_t)(hi - lo) * sizeof *y);
		fill(y + hi, k->value, j->cols - hi);
	}
}

int
BRN_FOR_ISA(brn_takes_pad)(const struct brn_call *c)
{
	return brn_is_f32(c->in[0]) && c->out->type.rank >= 1 &&
	    brn_attr_int(c->n, "mode") == BRN_PAD_constant;
}

int
BRN_FOR_ISA(brn_rows_pad)(const struct brn_call *c)
{
	struct pad k = { .job = brn_job_of(c, run_pad) };
	const struct brn_tensor *value = c->n->nin > 2 ? c->in[2] : NULL;
	const struct brn_tensor *axes = c->n->nin > 3 ? c->in[3] : NULL;
	int rank = c->out->type.rank;

	for (int i = 0; i < (axes ? (int)brn_numel(axes) : rank); i++)
		k.start[axes ? brn_axis(brn_get_int(axes, i), rank) : i] =
		    brn_get_int(c->in[1], i);
	brn_type_strides(&c->in[0]->type, k.stride);
	k.value = value ? *brn_f32(value) : 0;
	return brn_job_run_rows(&k.job, c->threads);
}
