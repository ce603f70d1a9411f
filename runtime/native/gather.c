/* SPDX-License-Identifier: Apache-2.0
 *
 * gather of rows of an f32 table by i64 indices: the embedding.
 */
#include <string.h>

#include "ir/op/ref.h"
#include "runtime/native/job.h"

/* Indices are in range.  */
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
BRN_FOR_ISA(brn_takes_gather)(const struct brn_call *c)
{
	int64_t axis = brn_attr_int(c->n, "axis");
	int rank = c->in[0]->type.rank;

	return brn_is_f32(c->in[0]) && c->in[1]->type.dtype == BURIN_I64 &&
	    rank >= 1 && (axis == 0 || axis == -rank);
}

int
BRN_FOR_ISA(brn_rows_gather)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_gather);
	int64_t size = c->in[0]->type.dim[0];

	j.rows = brn_numel(c->in[1]);
	for (int64_t i = 0; i < j.rows; i++) {
		int64_t id = ((const int64_t *)c->in[1]->data)[i];

		if (id < -size || id >= size)   /* the ref says which */
			return brn_ref[BRN_OP_gather](c->n, c->in, c->out,
			    c->err);
	}
	j.cols = j.rows ? brn_numel(c->out) / j.rows : 0;
	return brn_job_run(&j, c->threads);
}
