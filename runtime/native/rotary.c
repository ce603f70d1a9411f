/* SPDX-License-Identifier: Apache-2.0
 *
 * Rotary position embedding of halves, [batch][heads][seq][size] or
 * [batch][seq][heads * size]: a row is one head of one token.
 */
#include <math.h>

#include "runtime/native/job.h"

struct rotary {
	struct brn_job job;             /* rows: heads of tokens, in order */
	const float *cos, *sin;         /* [batch * seq][half] */
	int64_t half, heads, seq;
	int by_head;                    /* heads come before seq */
};

static void
rotate(const float *restrict x, float *restrict y, const float *cos,
    const float *sin, int64_t half)
{
#pragma omp simd
	for (int64_t i = 0; i < half; i++) {
		float a = x[i], b = x[i + half];

		y[i] = cos[i] * a - sin[i] * b;
		y[i + half] = sin[i] * a + cos[i] * b;
	}
}

static void
run_rotary(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct rotary *k = (const struct rotary *)j;
	int64_t n = j->cols, turned = 2 * k->half;

	for (int64_t r = r0; r < r1; r++) {
		const float *x = brn_f32(j->in[0]) + r * n;
		float *y = (float *)j->out->data + r * n;
		int64_t at = k->by_head ? r / (k->heads * k->seq) * k->seq +
		    r % k->seq : r / k->heads;

		rotate(x, y, k->cos + at * k->half, k->sin + at * k->half,
		    k->half);
		memcpy(y + turned, x + turned, (size_t)(n - turned) *
		    sizeof *y);
	}
}

/* Halves, with cos and sin of each token.  */
int
BRN_FOR_ISA(brn_takes_rotary)(const struct brn_call *c)
{
	return !brn_attr_int(c->n, "interleaved") &&
	    (c->n->nin < 4 || !c->in[3]);
}

int
BRN_FOR_ISA(brn_rows_rotary)(const struct brn_call *c)
{
	const struct brn_type *x = &c->out->type;
	struct rotary k = { .job = brn_job_of(c, run_rotary),
	    .cos = brn_f32(c->in[1]), .sin = brn_f32(c->in[2]),
	    .half = c->in[1]->type.dim[2], .by_head = x->rank == 4 };

	if (brn_numel(c->out) == 0)
		return 0;
	k.heads = k.by_head ? x->dim[1] : brn_attr_int(c->n, "num_heads");
	k.seq = x->dim[k.by_head ? 2 : 1];
	k.job.cols = k.by_head ? x->dim[3] : x->dim[2] / k.heads;
	k.job.rows = brn_numel(c->out) / k.job.cols;
	return brn_job_run(&k.job, c->threads);
}
