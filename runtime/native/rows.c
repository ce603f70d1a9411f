/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops that reduce along the last axis: softmax, log_softmax, layer_norm.
 */
#include <math.h>

#include "runtime/native/isa.h"

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

/* Rows along the last axis, if that is the op's axis and x is f32.  */
static int
last_axis(struct brn_job *j)
{
	const struct brn_type *t = &j->out->type;
	int64_t axis = brn_attr_int(j->n, "axis");

	if (!brn_is_f32(j->in[0]) || t->rank < 1 ||
	    (axis != -1 && axis != t->rank - 1))
		return 0;
	j->cols = t->dim[t->rank - 1];
	j->rows = j->cols ? brn_numel(j->out) / j->cols : 0;
	return 1;
}

/* coerce2d flattens from axis on: the same when axis is the last.  */
#define NATIVE_ROWS(name) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *n, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		struct brn_job j = { .n = n, .in = in, .out = out, \
		    .run = run_##name }; \
	\
		if (!last_axis(&j)) \
			return BRN_DECLINED; \
		brn_job_run(&j, t); \
		return 0; \
	}
NATIVE_ROWS(softmax)
NATIVE_ROWS(log_softmax)

int
BRN_FOR_ISA(brn_native_layer_norm)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct brn_job j = { .n = n, .in = in, .out = out,
	    .run = run_layer_norm };

	if (brn_attr(n, "index") || !last_axis(&j) ||
	    brn_numel(in[1]) != j.cols ||
	    (n->nin > 2 && in[2] && brn_numel(in[2]) != j.cols))
		return BRN_DECLINED;
	brn_job_run(&j, t);
	return 0;
}
