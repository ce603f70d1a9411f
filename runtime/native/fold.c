/* SPDX-License-Identifier: Apache-2.0
 *
 * What transposed convolutions are made of: planes that are spread over a
 * larger one, a tap at a time.  fold_taps adds up products that a layer has
 * made; conv_transpose multiplies as well, for weights with groups or that are
 * no constants.  And max_pool that tells where.
 */
#include <math.h>
#include <string.h>

#include "ir/op/window.h"
#include "runtime/native/isa.h"

/* One direction of a window: elements [first, past) of x go to at + i * step
 * of y.  */
struct reach {
	int64_t first, past, at, step;
};

struct fold {
	struct brn_job job;
	int64_t in[2], out[2], kernel[2];
	struct brn_window w;
	int64_t ntap, group, channels, each;
};

static struct reach
reach_of(const struct fold *k, int d, int64_t tap)
{
	int w = d - 2 + k->w.n;         /* directions are the last two */
	struct reach r = { 0, k->in[d], 0, 1 };

	if (w < 0)
		return r;
	r.step = k->w.stride[w];
	r.at = tap * k->w.dilation[w] - k->w.pad[w];
	if (r.at < 0)
		r.first = (-r.at + r.step - 1) / r.step;
	if (r.at + (r.past - 1) * r.step >= k->out[d])
		r.past = r.at < k->out[d] ?
		    (k->out[d] - 1 - r.at) / r.step + 1 : 0;
	return r;
}

/* y += weight * x for the elements of a row; step 2 is what nearly all
 * networks have.  */
static inline void
add_row(const float *restrict x, float weight, const struct reach *r,
    float *restrict y)
{
	int64_t n = r->past - r->first, step = r->step;

	x += r->first;
	y += r->at + r->first * step;
	if (step == 1)
		for (int64_t i = 0; i < n; i++)
			y[i] += weight * x[i];
	else if (step == 2)
		for (int64_t i = 0; i < n; i++)
			y[2 * i] += weight * x[i];
	else
		for (int64_t i = 0; i < n; i++)
			y[i * step] += weight * x[i];
}

static void
add_plane(const struct fold *k, const float *x, float weight, int64_t tap,
    float *y)
{
	struct reach r = reach_of(k, 0, tap / k->kernel[1]);
	struct reach c = reach_of(k, 1, tap % k->kernel[1]);

	for (int64_t i = r.first; i < r.past; i++)
		add_row(x + i * k->in[1], weight, &c,
		    y + (r.at + i * r.step) * k->out[1]);
}

static float *
fill(const struct brn_job *j, int64_t plane, const struct brn_tensor *bias,
    int64_t channel)
{
	float *y = (float *)j->out->data + plane * j->cols;
	float b = bias ? brn_f32(bias)[channel] : 0;

	for (int64_t i = 0; i < j->cols; i++)
		y[i] = b;
	return y;
}

/* Rows two apart of which each pixel gets one tap: two planes in turn.  */
static void
interleave(const struct fold *k, const float *x, float bias, float *y)
{
	int64_t size = k->in[0] * k->in[1];

	for (int64_t i = 0; i < k->in[0]; i++)
		for (int64_t t = 0; t < k->kernel[0]; t++) {
			const float *restrict a = x + 2 * t * size +
			    i * k->in[1];
			float *restrict to = y + (i * k->kernel[0] + t) *
			    k->out[1];

			for (int64_t c = 0; c < k->in[1]; c++) {
				to[2 * c] = a[c] + bias;
				to[2 * c + 1] = a[c + size] + bias;
			}
		}
}

/* Every pixel of the result is one product, and a row has two by two.  */
static int
is_tiling(const struct fold *k)
{
	if (k->w.n != 2 || k->w.stride[1] != 2)
		return 0;
	for (int d = 0; d < 2; d++)
		if (k->w.kernel[d] != k->w.stride[d] ||
		    k->w.dilation[d] != 1 || k->w.pad[d] != 0 ||
		    k->out[d] != k->in[d] * k->w.stride[d])
			return 0;
	return 1;
}

static void
run_fold(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct fold *k = (const struct fold *)j;
	const struct brn_tensor *bias = j->n->nin > 1 ? j->in[1] : NULL;
	int64_t size = k->in[0] * k->in[1];
	int tiling = is_tiling(k);

	for (int64_t r = r0; r < r1; r++) {
		const float *x = brn_f32(j->in[0]) + r * k->ntap * size;
		int64_t c = r % k->channels;
		float *y = (float *)j->out->data + r * j->cols;

		if (tiling) {
			interleave(k, x, bias ? brn_f32(bias)[c] : 0, y);
			continue;
		}
		fill(j, r, bias, c);
		for (int64_t t = 0; t < k->ntap; t++)
			add_plane(k, x + t * size, 1, t, y);
	}
}

/* Weight [in][out / group][taps].  */
static void
run_transposed(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct fold *k = (const struct fold *)j;
	const struct brn_tensor *bias = j->n->nin > 2 ? j->in[2] : NULL;
	int64_t size = k->in[0] * k->in[1], nin = j->in[0]->type.dim[1];
	int64_t many = nin / k->group;

	for (int64_t r = r0; r < r1; r++) {
		int64_t o = r % k->channels, b = r / k->channels;
		float *y = fill(j, r, bias, o);

		for (int64_t c = o / k->each * many, i = 0; i < many; i++)
			for (int64_t t = 0; t < k->ntap; t++)
				add_plane(k, brn_f32(j->in[0]) + (b * nin +
				    c + i) * size, brn_f32(j->in[1])[((c + i) *
				    k->each + o % k->each) * k->ntap + t], t,
				    y);
	}
}

static int
fold(struct fold *k, const struct brn_type *w, struct brn_threads *t)
{
	const struct brn_type *x = &k->job.in[0]->type;
	const struct brn_type *y = &k->job.out->type;
	const char *why;

	if (!brn_is_f32(k->job.in[0]) || x->rank > 4 ||
	    brn_window_transposed(k->job.n, x, w, &k->w, &why) < 0)
		return BRN_DECLINED;
	for (int d = 0; d < 2; d++) {
		int real = d - 2 + k->w.n >= 0;

		k->in[d] = real ? x->dim[x->rank - 2 + d] : 1;
		k->out[d] = real ? y->dim[y->rank - 2 + d] : 1;
		k->kernel[d] = real ? k->w.kernel[d - 2 + k->w.n] : 1;
	}
	k->ntap = brn_window_ntap(&k->w);
	k->channels = y->dim[1];
	k->job.rows = y->dim[0] * y->dim[1];
	k->job.cols = k->out[0] * k->out[1];
	brn_job_run(&k->job, t);
	return 0;
}

int
BRN_FOR_ISA(brn_native_fold_taps)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct fold k = { .job = { .n = n, .in = in, .out = out,
	    .run = run_fold } };

	return fold(&k, NULL, t);
}

int
BRN_FOR_ISA(brn_native_conv_transpose)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct fold k = { .job = { .n = n, .in = in, .out = out,
	    .run = run_transposed }, .group = brn_attr_int(n, "group"),
	    .each = in[1]->type.dim[1] };

	return fold(&k, &in[1]->type, t);
}

/* ---- where the largest is ------------------------------------------------ */

struct places {
	struct brn_job job;
	struct brn_window w;
};

static void
run_places(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct brn_window *w = &((const struct places *)j)->w;
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

/* The second output only; the first has planes (native_image.c).  */
int
BRN_FOR_ISA(brn_native_max_pool)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct places k = { .job = { .n = n, .in = in, .out = out,
	    .run = run_places } };
	const char *why;

	if (!brn_attr(n, "index") || brn_attr(n, "storage_order") ||
	    !brn_is_f32(in[0]) || in[0]->type.rank != 4 ||
	    brn_window_of(n, &in[0]->type, NULL, &k.w, &why) < 0)
		return BRN_DECLINED;
	k.job.rows = out->type.dim[0] * out->type.dim[1];
	k.job.cols = k.w.out[0] * k.w.out[1];
	brn_job_run(&k.job, t);
	return 0;
}
