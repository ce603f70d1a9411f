/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalisations along the last axis of rows: softmax, log_softmax, layer_norm.
 */
#include <math.h>

#include "runtime/native/job.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float expf(float);
#endif

static void
softmax_row(const float *restrict x, float *restrict y, int64_t n)
{
	float max = -INFINITY, sum = 0, scale;

#pragma omp simd reduction(max:max)
	for (int64_t i = 0; i < n; i++)
		max = x[i] > max ? x[i] : max;
#pragma omp simd reduction(+:sum)
	for (int64_t i = 0; i < n; i++) {
		float e = expf(x[i] - max);

		y[i] = e;
		sum += e;
	}
	scale = 1 / sum;
	for (int64_t i = 0; i < n; i++)
		y[i] *= scale;
}

static void
run_softmax(const struct brn_job *j, int64_t r0, int64_t r1)
{
	for (int64_t r = r0; r < r1; r++)
		softmax_row(brn_f32(j->in[0]) + r * j->cols,
		    (float *)j->out->data + r * j->cols, j->cols);
}

static void
run_log_softmax(const struct brn_job *j, int64_t r0, int64_t r1)
{
	for (int64_t r = r0; r < r1; r++) {
		const float *restrict x = brn_f32(j->in[0]) + r * j->cols;
		float *restrict y = (float *)j->out->data + r * j->cols;
		float max = -INFINITY, sum = 0, by;

#pragma omp simd reduction(max:max)
		for (int64_t i = 0; i < j->cols; i++)
			max = x[i] > max ? x[i] : max;
#pragma omp simd reduction(+:sum)
		for (int64_t i = 0; i < j->cols; i++)
			sum += expf(x[i] - max);
		by = logf(sum);
		for (int64_t i = 0; i < j->cols; i++)
			y[i] = x[i] - max - by;
	}
}

static void
layer_norm_row(const float *restrict x, const float *restrict g,
    const float *restrict b, float *restrict y, int64_t n, float eps)
{
	float sum = 0, var = 0, mean, scale;

#pragma omp simd reduction(+:sum)
	for (int64_t i = 0; i < n; i++)
		sum += x[i];
	mean = sum / (float)n;
#pragma omp simd reduction(+:var)
	for (int64_t i = 0; i < n; i++)
		var += (x[i] - mean) * (x[i] - mean);
	scale = 1 / sqrtf(var / (float)n + eps);
	for (int64_t i = 0; i < n; i++)
		y[i] = (x[i] - mean) * scale * g[i] + (b ? b[i] : 0);
}

static void
run_layer_norm(const struct brn_job *j, int64_t r0, int64_t r1)
{
	float eps = brn_attr_float(j->n, "epsilon");
	const float *b = j->n->nin > 2 && j->in[2] ? j->in[2]->data : NULL;

	for (int64_t r = r0; r < r1; r++)
		layer_norm_row(brn_f32(j->in[0]) + r * j->cols,
		    brn_f32(j->in[1]), b,
		    (float *)j->out->data + r * j->cols, j->cols, eps);
}

/* f32, along the last axis.  (Before opset 13 softmax flattens from axis on,
 * which is the same when axis is the last.)  */
int
BRN_FOR_ISA(brn_takes_last_axis)(const struct brn_call *c)
{
	int rank = c->out->type.rank;
	int64_t axis = brn_attr_int(c->n, "axis");

	return brn_is_f32(c->in[0]) && rank >= 1 &&
	    (axis == -1 || axis == rank - 1);
}

int
BRN_FOR_ISA(brn_rows_softmax)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_softmax);

	return brn_job_run_rows(&j, c->threads);
}

int
BRN_FOR_ISA(brn_rows_log_softmax)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_log_softmax);

	return brn_job_run_rows(&j, c->threads);
}

/* With gamma and beta of one element a feature.  Mean and inverse deviation,
 * which attribute index asks for, are the ref's.  */
int
BRN_FOR_ISA(brn_takes_layer_norm)(const struct brn_call *c)
{
	const struct brn_type *y = &c->out->type;

	if (brn_attr(c->n, "index") || !BRN_FOR_ISA(brn_takes_last_axis)(c))
		return 0;
	for (int i = 1; i < c->n->nin; i++)
		if (c->in[i] && brn_numel(c->in[i]) != y->dim[y->rank - 1])
			return 0;
	return 1;
}

int
BRN_FOR_ISA(brn_rows_layer_norm)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_layer_norm);

	return brn_job_run_rows(&j, c->threads);
}
