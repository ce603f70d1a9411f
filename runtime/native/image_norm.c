/* SPDX-License-Identifier: Apache-2.0
 *
 * Pooling over whole planes and normalisations of images.  A row of the job is
 * a plane, that is a channel of an image.
 */
#include <math.h>

#include "runtime/native/job.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float powf(float, float);
#endif

static const float *
plane_in(const struct brn_job *j, int64_t r)
{
	return brn_f32(j->in[0]) + r * j->cols;
}

static float *
plane_out(const struct brn_job *j, int64_t r)
{
	return (float *)j->out->data + r * j->cols;
}

static void
run_max(const struct brn_job *j, int64_t r0, int64_t r1)
{
	for (int64_t r = r0; r < r1; r++) {
		const float *restrict x = plane_in(j, r);
		float most = -INFINITY;
		int nan = 0;

#pragma omp simd reduction(max:most) reduction(|:nan)
		for (int64_t i = 0; i < j->cols; i++) {
			most = x[i] > most ? x[i] : most;
			nan |= x[i] != x[i];
		}
		((float *)j->out->data)[r] = nan ? NAN : most;
	}
}

/* Elements that are summed in f32.  The sums of pieces are added in double: a
 * float loses small numbers when there are a million of them.  */
enum { PIECE = 4096 };

static double
sum_of(const float *restrict x, int64_t n, float mean, int square)
{
	double sum = 0;

	for (int64_t k = 0; k < n; k += PIECE) {
		int64_t past = k + PIECE < n ? k + PIECE : n;
		float s = 0;

		if (square)
#pragma omp simd reduction(+:s)
			for (int64_t i = k; i < past; i++)
				s += (x[i] - mean) * (x[i] - mean);
		else
#pragma omp simd reduction(+:s)
			for (int64_t i = k; i < past; i++)
				s += x[i];
		sum += (double)s;
	}
	return sum;
}

static void
run_instance_norm(const struct brn_job *j, int64_t r0, int64_t r1)
{
	double eps = (double)brn_attr_float(j->n, "epsilon");
	int64_t n = j->cols, channels = j->out->type.dim[1];

	for (int64_t r = r0; r < r1; r++) {
		const float *restrict x = plane_in(j, r);
		float *restrict y = plane_out(j, r);
		int64_t c = r % channels;
		float mean = (float)(sum_of(x, n, 0, 0) / (double)n);
		double var = sum_of(x, n, mean, 1) / (double)n;
		float mul = brn_f32(j->in[1])[c] / (float)sqrt(var + eps);
		float add = brn_f32(j->in[2])[c];

		for (int64_t i = 0; i < n; i++)
			y[i] = (x[i] - mean) * mul + add;
	}
}

/* y = x / s^beta of n pixels; beta is 3/4 in nearly all networks.  */
static void
divide_by_power(const float *restrict x, const float *restrict s, float beta,
    float *restrict y, int64_t n)
{
	if (beta == 0.75f)
		for (int64_t i = 0; i < n; i++) {
			float root = sqrtf(s[i]);

			y[i] = x[i] / (root * sqrtf(root));
		}
	else
		for (int64_t i = 0; i < n; i++)
			y[i] = x[i] / powf(s[i], beta);
}

/* LRN-13: over the channels from c - floor((size - 1) / 2) on.  */
static void
run_lrn(const struct brn_job *j, int64_t r0, int64_t r1)
{
	int64_t width = brn_attr_int(j->n, "size"), n = j->cols;
	float alpha = brn_attr_float(j->n, "alpha") / (float)width;
	float beta = brn_attr_float(j->n, "beta");
	float bias = brn_attr_float(j->n, "bias"), sum[256];
	int64_t channels = j->out->type.dim[1];

	for (int64_t r = r0; r < r1; r++) {
		int64_t c = r % channels, lo = c - (width - 1) / 2;
		int64_t hi = lo + width < channels ? lo + width : channels;

		lo = lo < 0 ? 0 : lo;
		for (int64_t i = 0; i < n; i += BRN_COUNT(sum)) {
			int64_t m = n - i < BRN_COUNT(sum) ? n - i :
			    BRN_COUNT(sum);

			for (int64_t p = 0; p < m; p++)
				sum[p] = bias;
			for (int64_t k = lo; k < hi; k++) {
				const float *restrict x = plane_in(j, r - c +
				    k) + i;

				for (int64_t p = 0; p < m; p++)
					sum[p] += alpha * x[p] * x[p];
			}
			divide_by_power(plane_in(j, r) + i, sum, beta,
			    plane_out(j, r) + i, m);
		}
	}
}

/* ---- means, and a factor and a term a channel ---------------------------- */

static void
run_mean(const struct brn_job *j, int64_t r0, int64_t r1)
{
	for (int64_t r = r0; r < r1; r++) {
		const float *x = plane_in(j, r);
		float sum = 0;

#pragma omp simd reduction(+:sum)
		for (int64_t i = 0; i < j->cols; i++)
			sum += x[i];
		((float *)j->out->data)[r] = sum / (float)j->cols;
	}
}

static void
run_batch_norm(const struct brn_job *j, int64_t r0, int64_t r1)
{
	double eps = (double)brn_attr_float(j->n, "epsilon");

	for (int64_t r = r0; r < r1; r++) {
		const float *restrict x = plane_in(j, r);
		float *restrict y = plane_out(j, r);
		int64_t c = r % j->in[0]->type.dim[1];
		double scale = (double)brn_f32(j->in[1])[c] /
		    sqrt((double)brn_f32(j->in[4])[c] + eps);
		float mul = (float)scale;
		float add = (float)((double)brn_f32(j->in[2])[c] -
		    (double)brn_f32(j->in[3])[c] * scale);

		for (int64_t i = 0; i < j->cols; i++)
			y[i] = x[i] * mul + add;
	}
}

/* ---- forms --------------------------------------------------------------- */

/* f32, planes of one element or more.  */
int
BRN_FOR_ISA(brn_takes_whole_planes)(const struct brn_call *c)
{
	const struct brn_type *x = &c->in[0]->type;

	return x->dtype == BURIN_F32 && x->rank >= 2 &&
	    (brn_type_numel(x) > 0 || x->dim[0] * x->dim[1] == 0);
}

#define PLANES(name, fn) \
	int \
	BRN_FOR_ISA(brn_planes_##name)(const struct brn_call *c) \
	{ \
		const struct brn_type *x = &c->in[0]->type; \
		struct brn_job j = brn_job_of(c, fn); \
	\
		j.rows = x->dim[0] * x->dim[1]; \
		j.cols = j.rows ? brn_type_numel(x) / j.rows : 0; \
		return brn_job_run(&j, c->threads); \
	}
PLANES(batch_norm, run_batch_norm)
PLANES(global_average_pool, run_mean)
PLANES(global_max_pool, run_max)
PLANES(instance_norm, run_instance_norm)
PLANES(lrn, run_lrn)
