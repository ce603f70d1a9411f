/* SPDX-License-Identifier: Apache-2.0
 *
 * depth_to_space of f32 images: a row of the result interleaves one row of each
 * of blocksize channels.  space_to_depth: a row takes every blocksize-th
 * element of one.
 */
#include "runtime/native/job.h"

static void
run_depth_to_space(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const int64_t *d = j->out->type.dim;
	int64_t b = brn_attr_int(j->n, "blocksize"), n = j->cols / b;
	int crd = brn_attr_int(j->n, "crd") != 0;

	for (int64_t r = r0; r < r1; r++) {
		int64_t row = r % d[2], c = r / d[2] % d[1];
		int64_t image = r / d[2] / d[1];
		float *restrict y = (float *)j->out->data + r * j->cols;

		for (int64_t k = 0; k < b; k++) {
			int64_t part = row % b * b + k;
			int64_t from = crd ? c * b * b + part :
			    part * d[1] + c;
			const float *restrict x = brn_f32(j->in[0]) +
			    ((image * d[1] * b * b + from) * (d[2] / b) +
			    row / b) * n;

			for (int64_t i = 0; i < n; i++)
				y[i * b + k] = x[i];
		}
	}
}

int
BRN_FOR_ISA(brn_planes_depth_to_space)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_depth_to_space);

	return brn_job_run_rows(&j, c->threads);
}

/* y[i] = x[i * b], as vector code for the common b.  */
static inline void
every(const float *restrict x, float *restrict y, int64_t b, int64_t n)
{
	if (b == 2)
		for (int64_t i = 0; i < n; i++)
			y[i] = x[i * 2];
	else
		for (int64_t i = 0; i < n; i++)
			y[i] = x[i * b];
}

static void
run_space_to_depth(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const int64_t *d = j->out->type.dim;
	int64_t b = brn_attr_int(j->n, "blocksize"), n = d[1] / (b * b);

	for (int64_t r = r0; r < r1; r++) {
		int64_t row = r % d[2], c = r / d[2] % d[1];
		int64_t image = r / d[2] / d[1], part = c / n;
		int64_t from = (image * n + c % n) * d[2] * b + row * b +
		    part / b;

		every(brn_f32(j->in[0]) + from * j->cols * b + part % b,
		    (float *)j->out->data + r * j->cols, b, j->cols);
	}
}

int
BRN_FOR_ISA(brn_planes_space_to_depth)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_space_to_depth);

	return brn_job_run_rows(&j, c->threads);
}
