/* SPDX-License-Identifier: Apache-2.0
 *
 * Pooling over whole planes and normalisations of images.  A row of the job is
 * a plane, that is a channel of an image.
 */
#include <math.h>

#include "ir/graph/iter.h"
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

/* y = (x - mean) * mul + add of n pixels.  */
static inline void
normalize(const float *restrict x, float *restrict y, const float of[3],
    int64_t n)
{
	float mean = of[0], mul = of[1], add = of[2];

	for (int64_t i = 0; i < n; i++)
		y[i] = (x[i] - mean) * mul + add;
}

static void
run_instance_norm(const struct brn_job *j, int64_t r0, int64_t r1)
{
	double eps = (double)brn_attr_float(j->n, "epsilon");
	int64_t n = j->cols, channels = j->out->type.dim[1];

	for (int64_t r = r0; r < r1; r++) {
		const float *x = plane_in(j, r);
		float *y = plane_out(j, r);
		int64_t c = r % channels;
		float mean = (float)(sum_of(x, n, 0, 0) / (double)n);
		double var = sum_of(x, n, mean, 1) / (double)n;
		float of[] = { mean, brn_f32(j->in[1])[c] /
		    (float)sqrt(var + eps), brn_f32(j->in[2])[c] };

		normalize(x, y, of, n);
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

/* Of one job: a factor and a term for each channel.  */
struct scaled {
	struct brn_job job;
	int64_t channels;
	const float *mul, *add;
};

/* Planes of one element are a row, too.  */
static void
run_batch_norm(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct scaled *k = (const struct scaled *)j;

	for (int64_t r = r0, n; r < r1; r += n) {
		int64_t c = r % k->channels;

		const float *restrict x = plane_in(j, r);
		float *restrict y = plane_out(j, r);

		n = 1;
		if (j->cols > 1) {
			float mul = k->mul[c], add = k->add[c];

			for (int64_t i = 0; i < j->cols; i++)
				y[i] = x[i] * mul + add;
			continue;
		}
		n = r1 - r < k->channels - c ? r1 - r : k->channels - c;
		for (int64_t i = 0; i < n; i++)
			y[i] = x[i] * k->mul[c + i] + k->add[c + i];
	}
}

/* Statistics of a row, a group of channels; scale and bias are one a channel,
 * or one a group.  */
static void
run_group_norm(const struct brn_job *j, int64_t r0, int64_t r1)
{
	double eps = (double)brn_attr_float(j->n, "epsilon");
	int64_t groups = brn_attr_int(j->n, "num_groups"), n = j->cols;
	int64_t channels = j->out->type.dim[1] / groups;
	int by_group = brn_numel(j->in[1]) != j->out->type.dim[1];

	for (int64_t r = r0; r < r1; r++) {
		const float *x = plane_in(j, r);
		double mean = sum_of(x, n, 0, 0) / (double)n;
		double var = sum_of(x, n, (float)mean, 1) / (double)n;
		int64_t group = r % groups, plane = n / channels;

		for (int64_t c = 0; c < channels; c++) {
			int64_t at = by_group ? group : group * channels + c;
			float of[] = { (float)mean,
			    (float)((double)brn_f32(j->in[1])[at] /
			    sqrt(var + eps)), brn_f32(j->in[2])[at] };

			normalize(x + c * plane, plane_out(j, r) + c * plane,
			    of, plane);
		}
	}
}

/* mvn over all dimensions but the channels.  A row is a channel of all images.
 */
static void
run_mvn(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct brn_type *x = &j->out->type;
	int64_t images = x->dim[0], channels = x->dim[1];
	int64_t n = j->cols / images;

	for (int64_t c = r0; c < r1; c++) {
		double mean = 0, var = 0;
		float of[3] = { 0 };

		for (int64_t i = 0; i < images; i++)
			mean += sum_of(brn_f32(j->in[0]) +
			    (i * channels + c) * n, n, 0, 0);
		mean /= (double)j->cols;
		for (int64_t i = 0; i < images; i++)
			var += sum_of(brn_f32(j->in[0]) +
			    (i * channels + c) * n, n, (float)mean, 1);
		of[0] = (float)mean;
		of[1] = (float)(1 / sqrt(var / (double)j->cols + 1e-9));
		for (int64_t i = 0; i < images; i++)
			normalize(brn_f32(j->in[0]) +
			    (i * channels + c) * n, (float *)j->out->data +
			    (i * channels + c) * n, of, n);
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
PLANES(global_average_pool, run_mean)
PLANES(global_max_pool, run_max)
PLANES(instance_norm, run_instance_norm)
PLANES(lrn, run_lrn)

/* Two floats a channel.  */
struct brn_room
BRN_FOR_ISA(brn_room_channels)(const struct brn_call *c)
{
	return (struct brn_room){ 2 * c->in[0]->type.dim[1], 0 };
}

int
BRN_FOR_ISA(brn_planes_batch_norm)(const struct brn_call *c)
{
	const struct brn_type *x = &c->in[0]->type;
	double eps = (double)brn_attr_float(c->n, "epsilon");
	int64_t channels = x->dim[1];
	struct scaled k = { .job = brn_job_of(c, run_batch_norm),
	    .channels = channels, .mul = c->shared,
	    .add = c->shared + channels };

	for (int64_t i = 0; i < channels; i++) {
		double scale = (double)brn_f32(c->in[1])[i] /
		    sqrt((double)brn_f32(c->in[4])[i] + eps);

		c->shared[i] = (float)scale;
		c->shared[channels + i] = (float)((double)brn_f32(c->in[2])[i] -
		    (double)brn_f32(c->in[3])[i] * scale);
	}
	k.job.rows = x->dim[0] * channels;
	k.job.cols = k.job.rows ? brn_type_numel(x) / k.job.rows : 0;
	return brn_job_run(&k.job, c->threads);
}

int
BRN_FOR_ISA(brn_planes_group_norm)(const struct brn_call *c)
{
	const struct brn_type *x = &c->in[0]->type;
	struct brn_job j = brn_job_of(c, run_group_norm);

	j.rows = x->dim[0] * brn_attr_int(c->n, "num_groups");
	j.cols = j.rows ? brn_type_numel(x) / j.rows : 0;
	return brn_job_run(&j, c->threads);
}

/* Images, without axes or with all but the channels.  */
int
BRN_FOR_ISA(brn_takes_mvn)(const struct brn_call *c)
{
	const struct brn_attr *axes = brn_attr(c->n, "axes");
	int rank = c->out->type.rank, set = 0;

	for (int i = 0; axes && i < axes->nints; i++)
		set |= 1 << brn_axis(axes->ints[i], rank);
	return brn_numel(c->out) > 0 && rank >= 2 &&
	    (!axes || set == (((1 << rank) - 1) & ~2));
}

int
BRN_FOR_ISA(brn_planes_mvn)(const struct brn_call *c)
{
	struct brn_job j = brn_job_of(c, run_mvn);

	j.rows = c->out->type.dim[1];
	j.cols = brn_numel(c->out) / j.rows;
	return brn_job_run(&j, c->threads);
}
