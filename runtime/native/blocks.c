/* SPDX-License-Identifier: Apache-2.0
 *
 * depth_to_space of f32 images: a row of the result is made of the same row of
 * as many channels as a block is wide.
 */
#include "runtime/native/isa.h"

static void
run_spread(const struct brn_job *j, int64_t r0, int64_t r1)
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
BRN_FOR_ISA(brn_native_depth_to_space)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct brn_job j = { .n = n, .in = in, .out = out,
	    .run = run_spread };

	if (!brn_is_f32(in[0]))
		return BRN_DECLINED;
	j.cols = out->type.dim[3];
	j.rows = j.cols ? brn_numel(out) / j.cols : 0;
	brn_job_run(&j, t);
	return 0;
}
