/* SPDX-License-Identifier: Apache-2.0
 *
 * Transposed convolutions: planes are spread over a larger one, a tap at a
 * time.  fold_taps adds products that a layer computed; conv_transpose
 * multiplies as well: it runs where weights have groups or are not constant.
 */
#include "ir/op/window.h"
#include "runtime/native/job.h"

/* One direction: element i of x, from first on and below past, is added to
 * element at + i * step of y.  */
struct overlap {
	int64_t first, past, at, step;
};

struct spread {
	struct brn_job job;
	int64_t in[3], out[3], kernel[3];       /* z, y, x */
	struct brn_window w;
	int64_t ntap, channels;
	/* conv_transpose: groups, and channels of the result in one. */
	int64_t group, group_channels;
};

static struct overlap
overlap_of(const struct spread *k, int d, int64_t tap)
{
	int w = d - 3 + k->w.n;         /* directions are the last three */
	struct overlap r = { 0, k->in[d], 0, 1 };

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

/* y += weight * x for the elements of a row; nearly all networks have step
 * 2.  */
static inline void
add_row(const float *restrict x, float weight, const struct overlap *r,
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
add_plane(const struct spread *k, const float *x, float weight, int64_t tap,
    float *y)
{
	int64_t ty = tap / k->kernel[2];
	struct overlap s = overlap_of(k, 0, ty / k->kernel[1]);
	struct overlap r = overlap_of(k, 1, ty % k->kernel[1]);
	struct overlap c = overlap_of(k, 2, tap % k->kernel[2]);

	for (int64_t z = s.first; z < s.past; z++)
		for (int64_t i = r.first; i < r.past; i++)
			add_row(x + (z * k->in[1] + i) * k->in[2], weight, &c,
			    y + ((s.at + z * s.step) * k->out[1] + r.at +
			    i * r.step) * k->out[2]);
}

/* Fill a plane of the result with its bias.  */
static float *
fill_plane(const struct brn_job *j, int64_t plane,
    const struct brn_tensor *bias, int64_t channel)
{
	float *y = (float *)j->out->data + plane * j->cols;
	float b = bias ? brn_f32(bias)[channel] : 0;

	for (int64_t i = 0; i < j->cols; i++)
		y[i] = b;
	return y;
}

/* A plane of is_tiling: each row of y interleaves rows of two taps.  */
static void
interleave(const struct spread *k, const float *x, float bias, float *y)
{
	int64_t size = k->in[1] * k->in[2];

	for (int64_t i = 0; i < k->in[1]; i++)
		for (int64_t t = 0; t < k->kernel[1]; t++) {
			const float *restrict a = x + 2 * t * size +
			    i * k->in[2];
			float *restrict to = y + (i * k->kernel[1] + t) *
			    k->out[2];

			for (int64_t c = 0; c < k->in[2]; c++) {
				to[2 * c] = a[c] + bias;
				to[2 * c + 1] = a[c + size] + bias;
			}
		}
}

/* Windows do not overlap and are two columns wide: every pixel of the result is
 * one product.  */
static int
is_tiling(const struct spread *k)
{
	if (k->w.n != 2 || k->w.stride[1] != 2)
		return 0;
	for (int d = 0; d < 2; d++)
		if (k->w.kernel[d] != k->w.stride[d] ||
		    k->w.dilation[d] != 1 || k->w.pad[d] != 0 ||
		    k->out[d + 1] != k->in[d + 1] * k->w.stride[d])
			return 0;
	return 1;
}

static void
run_fold_taps(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct spread *k = (const struct spread *)j;
	const struct brn_tensor *bias = j->n->nin > 1 ? j->in[1] : NULL;
	int64_t size = brn_window_plane(&k->w);
	int tiling = is_tiling(k);

	for (int64_t r = r0; r < r1; r++) {
		const float *x = brn_f32(j->in[0]) + r * k->ntap * size;
		int64_t c = r % k->channels;
		float *y = (float *)j->out->data + r * j->cols;

		if (tiling) {
			interleave(k, x, bias ? brn_f32(bias)[c] : 0, y);
			continue;
		}
		fill_plane(j, r, bias, c);
		for (int64_t t = 0; t < k->ntap; t++)
			add_plane(k, x + t * size, 1, t, y);
	}
}

/* Weight [in][out / group][taps].  */
static void
run_conv_transpose(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct spread *k = (const struct spread *)j;
	const struct brn_tensor *bias = j->n->nin > 2 ? j->in[2] : NULL;
	int64_t size = brn_window_plane(&k->w), nin = j->in[0]->type.dim[1];
	int64_t many = nin / k->group;

	for (int64_t r = r0; r < r1; r++) {
		int64_t o = r % k->channels, each = k->group_channels;
		float *y = fill_plane(j, r, bias, o);

		for (int64_t i = 0; i < many; i++) {
			int64_t c = o / each * many + i;
			const float *x = brn_f32(j->in[0]) +
			    (r / k->channels * nin + c) * size;
			const float *w = brn_f32(j->in[1]) +
			    (c * each + o % each) * k->ntap;

			for (int64_t t = 0; t < k->ntap; t++)
				add_plane(k, x, w[t], t, y);
		}
	}
}

/* f32 images of one to three dimensions; w is the type of the weight, NULL for
 * fold_taps.  */
static int
takes_window(const struct brn_call *c, const struct brn_type *w)
{
	struct brn_window window;
	const char *why;

	return brn_is_f32(c->in[0]) && c->in[0]->type.rank <= 5 &&
	    brn_window_transposed(c->n, &c->in[0]->type, w, &window,
	    &why) == 0;
}

static int
run_planes(struct spread *k, const struct brn_call *c,
    const struct brn_type *w)
{
	const struct brn_type *x = &c->in[0]->type, *y = &c->out->type;
	const char *why;

	brn_window_transposed(c->n, x, w, &k->w, &why);
	for (int d = 0; d < 3; d++) {
		int real = d - 3 + k->w.n >= 0;

		k->in[d] = real ? x->dim[x->rank - 3 + d] : 1;
		k->out[d] = real ? y->dim[y->rank - 3 + d] : 1;
		k->kernel[d] = real ? k->w.kernel[d - 3 + k->w.n] : 1;
	}
	k->ntap = brn_window_ntap(&k->w);
	k->channels = y->dim[1];
	k->job.rows = y->dim[0] * y->dim[1];
	k->job.cols = k->out[0] * k->out[1] * k->out[2];
	return brn_job_run(&k->job, c->threads);
}

int
BRN_FOR_ISA(brn_takes_fold_taps)(const struct brn_call *c)
{
	return takes_window(c, NULL);
}

int
BRN_FOR_ISA(brn_planes_fold_taps)(const struct brn_call *c)
{
	struct spread k = { .job = brn_job_of(c, run_fold_taps) };

	return run_planes(&k, c, NULL);
}

int
BRN_FOR_ISA(brn_takes_conv_transpose)(const struct brn_call *c)
{
	return takes_window(c, &c->in[1]->type);
}

int
BRN_FOR_ISA(brn_planes_conv_transpose)(const struct brn_call *c)
{
	struct spread k = {
		.job = brn_job_of(c, run_conv_transpose),
		.group = brn_attr_int(c->n, "group"),
		.group_channels = c->in[1]->type.dim[1],
	};

	return run_planes(&k, c, &c->in[1]->type);
}
