/* SPDX-License-Identifier: Apache-2.0
 *
 * What looks at all of a plane, or at one pixel of several: instance_norm,
 * global_max_pool, lrn.  A row of the job is a plane, a channel of an image.
 */
#include <math.h>

#include "runtime/native/isa.h"

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
run_largest(const struct brn_job *j, int64_t r0, int64_t r1)
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

/* Sums of a plane are sums of pieces, since a float would lose what a million
 * small numbers come to.  */
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

/* y = x / s^beta of n pixels; 3/4 is what nearly all networks have.  */
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

/* Job j over the planes of its input.  */
static int
each_plane(struct brn_job *j, struct brn_threads *t)
{
	const struct brn_type *x = &j->in[0]->type;

	j->rows = x->dim[0] * x->dim[1];
	j->cols = j->rows ? brn_numel(j->in[0]) / j->rows : 0;
	if (!brn_is_f32(j->in[0]) || (j->rows && !j->cols))
		return BRN_DECLINED;
	brn_job_run(j, t);
	return 0;
}

#define NATIVE_PLANES(name, fn) \
	int \
	BRN_FOR_ISA(brn_native_##name)(const struct brn_node *n, \
	    const struct brn_tensor *const *in, struct brn_tensor *out, \
	    struct brn_threads *t) \
	{ \
		struct brn_job j = { .n = n, .in = in, .out = out, \
		    .run = fn }; \
	\
		return each_plane(&j, t); \
	}
NATIVE_PLANES(global_max_pool, run_largest)
NATIVE_PLANES(instance_norm, run_instance_norm)
NATIVE_PLANES(lrn, run_lrn)
