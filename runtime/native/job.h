/* SPDX-License-Identifier: Apache-2.0
 *
 * The work of a form as rows, which are split into tasks for all threads.
 */
#ifndef BRN_NATIVE_JOB_H
#define BRN_NATIVE_JOB_H

#include "runtime/native/isa.h"

/* run(job, first, past) does some of the rows.  Forms that need more fields put
 * a job first in a struct of their own.  */
struct brn_job;
typedef void brn_job_fn(const struct brn_job *j, int64_t r0, int64_t r1);
struct brn_job {
	const struct brn_node *n;
	const struct brn_tensor *const *in;
	struct brn_tensor *out;
	brn_job_fn *run;
	int64_t rows, cols;
	int64_t chunk;          /* rows a task */
};

/* Its size is still to be set.  */
static inline struct brn_job
brn_job_of(const struct brn_call *c, brn_job_fn *run)
{
	return (struct brn_job){ .n = c->n, .in = c->in, .out = c->out,
	    .run = run };
}

static inline void
brn_job_task(void *ctx, size_t i)
{
	const struct brn_job *j = ctx;
	int64_t r0 = (int64_t)i * j->chunk, r1 = r0 + j->chunk;

	j->run(j, r0, r1 < j->rows ? r1 : j->rows);
}

/* About 16k elements a task: enough to pay for waking a thread.  Returns 0, as
 * forms do.  */
static inline int
brn_job_run(struct brn_job *j, struct brn_threads *t)
{
	if (j->rows <= 0 || j->cols <= 0)
		return 0;
	j->chunk = j->cols < 16384 ? 16384 / j->cols : 1;
	brn_parallel(t, (size_t)((j->rows + j->chunk - 1) / j->chunk),
	    brn_job_task, j);
	return 0;
}

/* Elements of out, each on its own.  */
static inline int
brn_job_run_elements(struct brn_job *j, struct brn_threads *t)
{
	j->rows = brn_numel(j->out);
	j->cols = 1;
	return brn_job_run(j, t);
}

/* Rows of out along its last dimension.  */
static inline int
brn_job_run_rows(struct brn_job *j, struct brn_threads *t)
{
	const struct brn_type *y = &j->out->type;

	j->cols = y->dim[y->rank - 1];
	j->rows = j->cols ? brn_numel(j->out) / j->cols : 0;
	return brn_job_run(j, t);
}

#endif
