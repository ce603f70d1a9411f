/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops that move elements of four bytes: transpose and gather.
 */
#include <string.h>

#include "runtime/native_isa.h"

struct transpose {
	struct brn_job job;
	int64_t stride[BRN_MAX_RANK];   /* in the input, of each output dim */
};

static void
run_transpose(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct transpose *k = (const struct transpose *)j;
	const struct brn_type *out = &j->out->type;
	int64_t n = j->cols, s = k->stride[out->rank - 1];

	for (int64_t r = r0; r < r1; r++) {
		const float *x = j->in[0]->data;
		float *y = (float *)j->out->data + r * n;
		int64_t rest = r;

		for (int d = out->rank - 2; d >= 0; d--) {
			x += rest % out->dim[d] * k->stride[d];
			rest /= out->dim[d];
		}
		if (s == 1)
			memcpy(y, x, (size_t)n * sizeof *y);
		else
			for (int64_t i = 0; i < n; i++)
				y[i] = x[i * s];
	}
}

int
BRN_FOR_ISA(brn_native_transpose)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct transpose k = { .job = { .n = n, .in = in, .out = out,
	    .run = run_transpose } };
	const struct brn_attr *perm = brn_attr(n, "perm");
	int rank = out->type.rank;
	int64_t stride[BRN_MAX_RANK];

	if (!brn_is_f32(in[0]) || rank < 2)
		return BRN_DECLINED;
	brn_type_strides(&in[0]->type, stride);
	for (int d = 0; d < rank; d++)
		k.stride[d] = stride[perm ? perm->ints[d] : rank - 1 - d];
	k.job.cols = out->type.dim[rank - 1];
	k.job.rows = k.job.cols ? brn_numel(out) / k.job.cols : 0;
	brn_job_run(&k.job, t);
	return 0;
}

/* Rows of a table by int64 indices: the embedding.  Indices were checked.  */
static void
run_gather(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const int64_t *ids = j->in[1]->data;
	int64_t size = j->in[0]->type.dim[0];

	for (int64_t r = r0; r < r1; r++)
		memcpy((float *)j->out->data + r * j->cols,
		    brn_f32(j->in[0]) + (ids[r] < 0 ? ids[r] + size : ids[r]) *
		    j->cols, (size_t)j->cols * sizeof (float));
}

int
BRN_FOR_ISA(brn_native_gather)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct brn_job j = { .n = n, .in = in, .out = out, .run = run_gather };
	int64_t axis = brn_attr_int(n, "axis", 0);
	int64_t size, rank = in[0]->type.rank;

	if (!brn_is_f32(in[0]) || in[1]->type.dtype != BURIN_I64 ||
	    rank < 1 || (axis != 0 && axis != -rank))
		return BRN_DECLINED;
	size = in[0]->type.dim[0];
	j.rows = brn_numel(in[1]);
	/* An index out of range is the ref's to report. */
	for (int64_t i = 0; i < j.rows; i++) {
		int64_t id = ((const int64_t *)in[1]->data)[i];

		if (id < -size || id >= size)
			return BRN_DECLINED;
	}
	j.cols = j.rows ? brn_numel(out) / j.rows : 0;
	brn_job_run(&j, t);
	return 0;
}
