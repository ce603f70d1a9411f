/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalisations along an axis of rows: softmax, log_softmax and
 * reduce_log_sum_exp, of which any axis will do, layer_norm and rms_norm.
 */
#include <math.h>

#include "ir/graph/iter.h"
#include "ir/graph/rounds.h"
#include "runtime/native/job.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float expf(float);
__attribute__((simd("notinbranch"), const)) float logf(float);
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

/* ---- reduce_log_sum_exp ---- */

/* x as [outer][n][inner], for adjacent axes.  */
struct log_sum_exp {
	struct brn_job job;             /* rows: outer */
	int64_t n, inner;
};

/* An infinite largest element is the result.  */
static inline float
finite_or_0(float max)
{
	return isinf(max) ? 0 : max;
}

static float
log_sum_exp_row(const float *x, int64_t n)
{
	float max = -INFINITY, sum = 0;

#pragma omp simd reduction(max:max)
	for (int64_t i = 0; i < n; i++)
		max = x[i] > max ? x[i] : max;
	max = finite_or_0(max);
#pragma omp simd reduction(+:sum)
	for (int64_t i = 0; i < n; i++)
		sum += expf(x[i] - max);
	return max + logf(sum);
}

enum { LANES_MOST = 64, SHORT = 16 };

static void
log_sum_exp_columns(const struct log_sum_exp *k, const float *x, float *y,
    int64_t lanes)
{
	float max[LANES_MOST], sum[LANES_MOST] = { 0 };

	for (int64_t i = 0; i < lanes; i++)
		max[i] = -INFINITY;
	for (int64_t r = 0; r < k->n; r++)
		for (int64_t i = 0; i < lanes; i++)
			max[i] = x[r * k->inner + i] > max[i] ?
			    x[r * k->inner + i] : max[i];
	for (int64_t i = 0; i < lanes; i++)
		max[i] = finite_or_0(max[i]);
	for (int64_t r = 0; r < k->n; r++)
#pragma omp simd
		for (int64_t i = 0; i < lanes; i++)
			sum[i] += expf(x[r * k->inner + i] - max[i]);
#pragma omp simd
	for (int64_t i = 0; i < lanes; i++)
		y[i] = max[i] + logf(sum[i]);
}

/* Rows r0 to r1, which are short, as columns.  */
static void
log_sum_exp_short(const struct log_sum_exp *k, int64_t r0, int64_t r1)
{
	const float *x = brn_f32(k->job.in[0]);
	float columns[SHORT * LANES_MOST], *y = k->job.out->data;
	struct log_sum_exp turned = { .n = k->n, .inner = LANES_MOST };

	for (int64_t lanes; r0 < r1; r0 += lanes) {
		lanes = r1 - r0 < LANES_MOST ? r1 - r0 : LANES_MOST;
		for (int64_t r = 0; r < k->n; r++)
			for (int64_t i = 0; i < lanes; i++)
				columns[r * LANES_MOST + i] =
				    x[(r0 + i) * k->n + r];
		log_sum_exp_columns(&turned, columns, y + r0, lanes);
	}
}

static void
run_log_sum_exp(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct log_sum_exp *k = (const struct log_sum_exp *)j;
	float *y = j->out->data;
	int64_t inner = k->inner;

	if (inner == 1 && k->n < SHORT) {
		log_sum_exp_short(k, r0, r1);
		return;
	}

	for (int64_t r = r0; r < r1; r++) {
		const float *x = brn_f32(j->in[0]) + r * j->cols;

		if (inner == 1)
			y[r] = log_sum_exp_row(x, k->n);
		else
			for (int64_t i = 0; i < inner; i += LANES_MOST)
				log_sum_exp_columns(k, x + i,
				    y + r * inner + i, inner - i < LANES_MOST ?
				    inner - i : LANES_MOST);
	}
}

/* The sizes of *k; 0: the axes are not known, not adjacent, or there is
 * nothing.  */
static int
set_adjacent(struct log_sum_exp *k, const struct brn_call *c)
{
	const struct brn_tensor *axes = c->n->nin > 1 ? c->in[1] : NULL;
	const struct brn_type *x = &c->in[0]->type;
	int set, d = x->rank;

	if ((axes && brn_numel(axes) && !axes->data) ||
	    (set = brn_axes(axes, x->rank)) < 0)
		return 0;
	if (!set && brn_attr_int(c->n, "noop_with_empty_axes"))
		return 0;
	if (!set)
		set = (1 << x->rank) - 1;
	k->n = k->inner = k->job.rows = 1;
	for (; d > 0 && !(set & 1 << (d - 1)); d--)
		k->inner *= x->dim[d - 1];
	for (; d > 0 && set & 1 << (d - 1); d--)
		k->n *= x->dim[d - 1];
	for (; d > 0 && !(set & 1 << (d - 1)); d--)
		k->job.rows *= x->dim[d - 1];
	k->job.cols = k->n * k->inner;
	return d == 0 && k->job.rows * k->job.cols > 0;
}

int
BRN_FOR_ISA(brn_takes_log_sum_exp)(const struct brn_call *c)
{
	struct log_sum_exp k = { 0 };

	return brn_is_f32(c->in[0]) && set_adjacent(&k, c);
}

int
BRN_FOR_ISA(brn_rows_reduce_log_sum_exp)(const struct brn_call *c)
{
	struct log_sum_exp k = { .job = brn_job_of(c, run_log_sum_exp) };

	set_adjacent(&k, c);
	return brn_job_run(&k.job, c->threads);
}

/* ---- along another axis, or short rows ---- */

/* x as [outer][n][inner].  Lanes are the inner elements, LANES_MOST of them at
 * a time; of short rows, where inner is 1, they are the rows.  */
struct along {
	struct brn_job job;             /* rows: outer, or blocks of short
	                                   rows */
	int64_t n, inner;
	int log;
};

/* Softmax of `lanes` columns of x, whose n rows are `step` apart.  */
static void
softmax_columns(const struct along *k, const float *x, float *y, int64_t step,
    int64_t lanes)
{
	float max[LANES_MOST], sum[LANES_MOST];

	for (int64_t i = 0; i < lanes; i++) {
		max[i] = -INFINITY;
		sum[i] = 0;
	}
	for (int64_t r = 0; r < k->n; r++)
		for (int64_t i = 0; i < lanes; i++)
			max[i] = x[r * step + i] > max[i] ? x[r * step + i] :
			    max[i];
	for (int64_t r = 0; r < k->n; r++)
#pragma omp simd
		for (int64_t i = 0; i < lanes; i++) {
			float e = expf(x[r * step + i] - max[i]);

			y[r * step + i] = k->log ? x[r * step + i] - max[i] : e;
			sum[i] += e;
		}
#pragma omp simd
	for (int64_t i = 0; i < lanes; i++)
		sum[i] = k->log ? logf(sum[i]) : 1 / sum[i];
	for (int64_t r = 0; r < k->n; r++)
		for (int64_t i = 0; i < lanes; i++)
			y[r * step + i] = k->log ? y[r * step + i] - sum[i] :
			    y[r * step + i] * sum[i];
}

/* Rows r0 to r1, which are short, as columns.  */
static void
softmax_short_rows(const struct along *k, const float *x, float *y,
    int64_t r0, int64_t r1)
{
	float columns[SHORT * LANES_MOST];

	for (int64_t lanes; r0 < r1; r0 += lanes) {
		lanes = r1 - r0 < LANES_MOST ? r1 - r0 : LANES_MOST;
		for (int64_t r = 0; r < k->n; r++)
			for (int64_t i = 0; i < lanes; i++)
				columns[r * LANES_MOST + i] =
				    x[(r0 + i) * k->n + r];
		softmax_columns(k, columns, columns, LANES_MOST, lanes);
		for (int64_t r = 0; r < k->n; r++)
			for (int64_t i = 0; i < lanes; i++)
				y[(r0 + i) * k->n + r] =
				    columns[r * LANES_MOST + i];
	}
}

static void
run_along(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct along *k = (const struct along *)j;
	const float *x = brn_f32(j->in[0]);
	float *y = j->out->data;
	int64_t inner = k->inner;

	if (inner == 1) {
		softmax_short_rows(k, x, y, r0, r1);
		return;
	}
	for (int64_t r = r0; r < r1; r++)
		for (int64_t i = 0; i < inner; i += LANES_MOST)
			softmax_columns(k, x + r * k->n * inner + i,
			    y + r * k->n * inner + i, inner,
			    inner - i < LANES_MOST ? inner - i : LANES_MOST);
}

static int
run_softmax_form(const struct brn_call *c, brn_job_fn *last_axis, int log)
{
	const struct brn_type *x = &c->out->type;
	int axis = brn_axis(brn_attr_int(c->n, "axis"), x->rank);
	struct along k = { .job = brn_job_of(c, run_along), .n = x->dim[axis],
	    .inner = 1, .log = log };
	int64_t all = brn_numel(c->out);

	for (int d = axis + 1; d < x->rank; d++)
		k.inner *= x->dim[d];
	if (all == 0)
		return 0;
	k.job.cols = k.n * k.inner;
	k.job.rows = all / k.job.cols;
	if (k.inner == 1 && (k.n >= SHORT || k.job.rows < LANES_MOST))
		k.job.run = last_axis;
	return brn_job_run(&k.job, c->threads);
}

static void
layer_norm_row(const float *restrict x, const float *restrict g,
    const float *restrict b, float *restrict y, int64_t n,
    const struct brn_node *node)
{
	float sum = 0, var = 0, mean, scale;

#pragma omp simd reduction(+:sum)
	for (int64_t i = 0; i < n; i++)
		sum += x[i];
	mean = sum / (float)n;
#pragma omp simd reduction(+:var)
	for (int64_t i = 0; i < n; i++)
		var += (x[i] - mean) * (x[i] - mean);
	scale = brn_norm_gain(var / (float)n, brn_attr_float(node, "epsilon"),
	    brn_rounds(node));
	for (int64_t i = 0; i < n; i++)
		y[i] = (x[i] - mean) * scale * g[i] + (b ? b[i] : 0);
}

static void
run_layer_norm(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const float *b = j->n->nin > 2 && j->in[2] ? j->in[2]->data : NULL;

	for (int64_t r = r0; r < r1; r++)
		layer_norm_row(brn_f32(j->in[0]) + r * j->cols,
		    brn_f32(j->in[1]), b,
		    (float *)j->out->data + r * j->cols, j->cols, j->n);
}

static void
rms_norm_row(const float *restrict x, const float *restrict g,
    float *restrict y, int64_t n, float eps)
{
	float sum = 0, scale;

#pragma omp simd reduction(+:sum)
	for (int64_t i = 0; i < n; i++)
		sum += x[i] * x[i];
	scale = 1 / sqrtf(sum / (float)n + eps);
	for (int64_t i = 0; i < n; i++)
		y[i] = x[i] * scale * g[i];
}

static void
run_rms_norm(const struct brn_job *j, int64_t r0, int64_t r1)
{
	float eps = brn_attr_float(j->n, "epsilon");

	for (int64_t r = r0; r < r1; r++)
		rms_norm_row(brn_f32(j->in[0]) + r * j->cols,
		    brn_f32(j->in[1]),
		    (float *)j->out->data + r * j->cols, j->cols, eps);
}

/* f32, along the last axis.  */
static int
takes_last_axis(const struct brn_call *c)
{
	int rank = c->out->type.rank;
	int64_t axis = brn_attr_int(c->n, "axis");

	return brn_is_f32(c->in[0]) && rank >= 1 &&
	    (axis == -1 || axis == rank - 1);
}

/* f32.  Before opset 13 softmax flattens from axis on, which is the same when
 * axis is the last.  */
int
BRN_FOR_ISA(brn_takes_softmax)(const struct brn_call *c)
{
	return takes_last_axis(c) || (brn_is_f32(c->in[0]) &&
	    c->out->type.rank >= 1 && !brn_attr_int(c->n, "coerce2d"));
}

int
BRN_FOR_ISA(brn_rows_softmax)(const struct brn_call *c)
{
	return run_softmax_form(c, run_softmax, 0);
}

int
BRN_FOR_ISA(brn_rows_log_softmax)(const struct brn_call *c)
{
	return run_softmax_form(c, run_log_softmax, 1);
}

/* Elements from an axis on.  */
static int64_t
row_size(const struct brn_call *c)
{
	const struct brn_type *y = &c->out->type;
	int64_t n = 1;

	for (int d = brn_axis(brn_attr_int(c->n, "axis"), y->rank);
	    d < y->rank; d++)
		n *= y->dim[d];
	return n;
}

/* f32, all operands but the first with one element for each of a row.  */
static int
takes_norm(const struct brn_call *c)
{
	if (!brn_is_f32(c->in[0]) || c->out->type.rank < 1)
		return 0;
	for (int i = 1; i < c->n->nin; i++)
		if (c->in[i] && brn_numel(c->in[i]) != row_size(c))
			return 0;
	return 1;
}

static int
run_norm(const struct brn_call *c, brn_job_fn *run)
{
	struct brn_job j = brn_job_of(c, run);

	j.cols = row_size(c);
	j.rows = j.cols ? brn_numel(c->out) / j.cols : 0;
	return brn_job_run(&j, c->threads);
}

/* Mean and inverse deviation, which attribute index asks for, are the ref's.
 */
int
BRN_FOR_ISA(brn_takes_layer_norm)(const struct brn_call *c)
{
	return !brn_attr(c->n, "index") && takes_norm(c);
}

int
BRN_FOR_ISA(brn_rows_layer_norm)(const struct brn_call *c)
{
	return run_norm(c, run_layer_norm);
}

int
BRN_FOR_ISA(brn_takes_rms_norm)(const struct brn_call *c)
{
	return takes_norm(c);
}

int
BRN_FOR_ISA(brn_rows_rms_norm)(const struct brn_call *c)
{
	return run_norm(c, run_rms_norm);
}
