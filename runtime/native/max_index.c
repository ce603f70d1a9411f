/* SPDX-License-Identifier: Apache-2.0
 *
 * The second output of max_pool: where in the tensor the largest element of
 * each window is.
 */
#include "ir/op/window.h"
#include "runtime/native/job.h"

struct max_index {
	struct brn_job job;
	struct brn_window w;
};

static void
run_max_index(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct brn_window *w = &((const struct max_index *)j)->w;
	int64_t size = w->in[0] * w->in[1], *y = j->out->data;

	for (int64_t r = r0; r < r1; r++)
		for (int64_t i = 0; i < j->cols; i++) {
			int64_t at[2] = { i / w->out[1], i % w->out[1] };
			const float *x = brn_f32(j->in[0]) + r * size;
			int64_t best = -1, first[2];

			for (int d = 0; d < 2; d++)
				first[d] = at[d] * w->stride[d] - w->pad[d];
			for (int64_t a = 0; a < w->kernel[0]; a++)
				for (int64_t b = 0; b < w->kernel[1]; b++) {
					int64_t p = first[0] + a *
					    w->dilation[0], q = first[1] +
					    b * w->dilation[1];

					if (p < 0 || p >= w->in[0] || q < 0 ||
					    q >= w->in[1])
						continue;
					p = p * w->in[1] + q;
					if (best < 0 || (!(x[p] <= x[best]) &&
					    x[best] == x[best]))
						best = p;
				}
			y[r * j->cols + i] = best < 0 ? best :
			    r * size + best;
		}
}

int
BRN_FOR_ISA(brn_takes_max_index)(const struct brn_call *c)
{
	struct brn_window w;
	const char *why;

	return !brn_attr(c->n, "storage_order") && brn_is_f32(c->in[0]) &&
	    c->in[0]->type.rank == 4 &&
	    brn_window_of(c->n, &c->in[0]->type, NULL, &w, &why) == 0;
}

int
BRN_FOR_ISA(brn_max_index)(const struct brn_call *c)
{
	struct max_index k = { .job = brn_job_of(c, run_max_index) };
	const struct brn_type *y = &c->out->type;
	const char *why;

	brn_window_of(c->n, &c->in[0]->type, NULL, &k.w, &why);
	k.job.rows = y->dim[0] * y->dim[1];
	k.job.cols = k.w.out[0] * k.w.out[1];
	return brn_job_run(&k.job, c->threads);
}
