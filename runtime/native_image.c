/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution and poolings: a plane at a time is put into phases
 * (runtime/planes.h), which are small enough for the first or second cache;
 * then 64 positions at a time go through all taps.
 */
#include <math.h>
#include <string.h>

#include "runtime/native_isa.h"
#include "runtime/conv.h"

/* Lines of 16 positions that go through the taps together.  */
enum { LINES = 4, CHUNK = LINES * BRN_TILE };

/* Planes of one node.  */
struct job {
	const struct brn_tiled *a;
	struct brn_planes g;
	int64_t tap[BRN_WINDOW_TAPS * BRN_WINDOW_TAPS];
	int64_t ntap, nplane, channels;
	float fill;
	/* Positions p .. p + CHUNK of plane, whose phases are x, to y. */
	void (*run)(const struct job *j, int64_t plane, const float *x,
	    int64_t p, float *restrict y);
	void (*finish)(const struct job *j, int64_t plane, float *y);
	struct brn_image_end end;
	int nthread;
};

/* ---- what is done with the taps ------------------------------------------ */

typedef brn_vec vec;
enum { NVEC = CHUNK / BRN_LANES };

static inline void
load(vec *v, const float *x)
{
	for (int i = 0; i < NVEC; i++)
		v[i] = *(const vec *)(x + i * BRN_LANES);
}

static inline vec
clip(vec v, float lo, float hi)
{
	brn_ivec under = v < lo, over = v > hi;
	vec l = lo - (vec){ 0 }, h = hi - (vec){ 0 };

	v = (vec)((under & (brn_ivec)l) | (~under & (brn_ivec)v));
	return (vec)((over & (brn_ivec)h) | (~over & (brn_ivec)v));
}

static inline __attribute__((always_inline)) void
weigh(const struct job *j, int64_t plane, const float *x, float *y,
    const int64_t ntap)
{
	const struct brn_tensor *bias = j->a->n->nin > 2 ? j->a->in[2] : NULL;
	int64_t c = plane % j->channels;
	const float *w = brn_f32(j->a->in[1]) + c * j->ntap;
	float b = bias ? brn_f32(bias)[c] : 0;
	vec acc[NVEC];

	for (int i = 0; i < NVEC; i++)
		acc[i] = b - (vec){ 0 };
	for (int64_t t = 0; t < ntap; t++) {
		const float *from = x + j->tap[t];

		for (int i = 0; i < NVEC; i++)
			acc[i] += w[t] * *(const vec *)(from + i * BRN_LANES);
	}
	if (j->end.act == BRN_IMAGE_clip)
		for (int i = 0; i < NVEC; i++)
			acc[i] = clip(acc[i], j->end.lo, j->end.hi);
	for (int i = 0; i < NVEC; i++)
		*(vec *)(y + i * BRN_LANES) = acc[i];
}

static void
weigh_9(const struct job *j, int64_t plane, const float *x, int64_t p,
    float *restrict y)
{
	weigh(j, plane, x + p, y, 9);
}

static void
weigh_any(const struct job *j, int64_t plane, const float *x, int64_t p,
    float *restrict y)
{
	weigh(j, plane, x + p, y, j->ntap);
}

/* NaN stays.  */
static void
largest(const struct job *j, int64_t plane, const float *x, int64_t p,
    float *restrict y)
{
	vec acc[NVEC];

	(void)plane;
	load(acc, x + p + j->tap[0]);
	for (int64_t t = 1; t < j->ntap; t++) {
		const float *from = x + p + j->tap[t];

		for (int i = 0; i < NVEC; i++) {
			vec v = *(const vec *)(from + i * BRN_LANES);
			brn_ivec keep = (acc[i] > v) | (acc[i] != acc[i]);

			acc[i] = (vec)((keep & (brn_ivec)acc[i]) |
			    (~keep & (brn_ivec)v));
		}
	}
	for (int i = 0; i < NVEC; i++)
		*(vec *)(y + i * BRN_LANES) = acc[i];
}

static void
add_up(const struct job *j, int64_t plane, const float *x, int64_t p,
    float *restrict y)
{
	vec acc[NVEC] = { { 0 } };

	(void)plane;
	for (int64_t t = 0; t < j->ntap; t++) {
		const float *from = x + p + j->tap[t];

		for (int i = 0; i < NVEC; i++)
			acc[i] += *(const vec *)(from + i * BRN_LANES);
	}
	for (int i = 0; i < NVEC; i++)
		*(vec *)(y + i * BRN_LANES) = acc[i];
}

/* ---- planes -------------------------------------------------------------- */

/* Positions that are results, to their image.  */
static void
keep_results(const struct brn_planes *g, const float *pos, float *y)
{
	for (int64_t r = 0; r < g->y.out; r++)
		memcpy(y + r * g->x.out, pos + r * g->pitch,
		    (size_t)g->x.out * sizeof *y);
}

static void
run_plane(const struct job *j, int64_t plane, float *scratch)
{
	const struct brn_planes *g = &j->g;
	const float *x = brn_f32(j->a->in[0]) + plane * g->y.in * g->x.in;
	float *y = (float *)j->a->out->data + plane * g->y.out * g->x.out;
	float *pos = scratch + brn_planes_size(g);
	int64_t p = 0;

	BRN_FOR_ISA(brn_phases)(g, x, scratch, j->fill);
	for (; p < g->npos; p += CHUNK)
		j->run(j, plane, scratch, p, pos + p);
	keep_results(g, pos, y);
	if (j->finish)
		j->finish(j, plane, y);
}

static void
run_thread(void *ctx, size_t thread)
{
	const struct job *j = ctx;

	for (int64_t p = (int64_t)thread; p < j->nplane; p += j->nthread)
		run_plane(j, p, j->a->scratch +
		    (int64_t)thread * j->a->scratch_size);
}

static int
job_init(struct job *j, const struct brn_tiled *a)
{
	*j = (struct job){ .a = a,
	    .nthread = brn_threads_count(a->threads) };
	if (a->in[0]->type.dtype != BURIN_F32 ||
	    !brn_planes_of(a->n, &a->in[0]->type, &j->g))
		return BRN_DECLINED;
	j->ntap = j->g.y.kernel * j->g.x.kernel;
	for (int64_t t = 0; t < j->ntap; t++)
		j->tap[t] = brn_planes_tap(&j->g, t);
	j->channels = a->out->type.dim[1];
	j->nplane = a->out->type.dim[0] * j->channels;
	if (!j->g.npos)
		j->nplane = 0;
	return 0;
}

static int
job_run(struct job *j)
{
	brn_parallel(j->a->threads, (size_t)j->nthread, run_thread, j);
	return 0;
}

/* What cannot be done while positions are stored.  */
static void
finish_depthwise(const struct job *j, int64_t plane, float *y)
{
	(void)plane;
	BRN_FOR_ISA(brn_put)(y, y, NULL, j->g.y.out * j->g.x.out, &j->end);
}

int
BRN_FOR_ISA(brn_image_depthwise)(const struct brn_tiled *a)
{
	struct job j;

	if (job_init(&j, a))
		return BRN_DECLINED;
	j.run = j.ntap == 9 ? weigh_9 : weigh_any;
	j.end = brn_image_end_of(a->n);
	if (a->n->nin > 3 && a->in[3])
		return BRN_DECLINED;
	if (j.end.act != BRN_IMAGE_none && j.end.act != BRN_IMAGE_clip)
		j.finish = finish_depthwise;
	return job_run(&j);
}

int
BRN_FOR_ISA(brn_image_max_pool)(const struct brn_tiled *a)
{
	struct job j;

	if (job_init(&j, a))
		return BRN_DECLINED;
	j.run = largest;
	j.fill = -INFINITY;
	return job_run(&j);
}

/* How many elements a window meets at result i of direction d; with its
 * padding when that counts.  */
static int64_t
count(const struct brn_phases *d, int64_t i, int64_t pad, int64_t pad_end)
{
	int64_t n = 0;

	for (int64_t t = 0; t < d->kernel; t++) {
		int64_t at = i * d->stride - d->pad + t * d->dilation;

		n += at >= -pad && at < d->in + pad_end;
	}
	return n;
}

static void
finish_average(const struct job *j, int64_t plane, float *y)
{
	struct brn_window w;
	const char *why;
	int all = brn_attr_int(j->a->n, "count_include_pad", 0) != 0;

	(void)plane;
	brn_window_of(j->a->n, &j->a->in[0]->type, NULL, &w, &why);
	for (int64_t r = 0; r < j->g.y.out; r++) {
		int64_t rows = w.n < 2 ? 1 : count(&j->g.y, r,
		    all ? w.pad[0] : 0, all ? w.pad_end[0] : 0);

		for (int64_t c = 0; c < j->g.x.out; c++)
			*y++ /= (float)(rows * count(&j->g.x, c,
			    all ? w.pad[w.n - 1] : 0,
			    all ? w.pad_end[w.n - 1] : 0));
	}
}

int
BRN_FOR_ISA(brn_image_average_pool)(const struct brn_tiled *a)
{
	struct job j;

	if (job_init(&j, a))
		return BRN_DECLINED;
	j.run = add_up;
	j.finish = finish_average;
	return job_run(&j);
}

/* ---- without windows ----------------------------------------------------- */

struct whole {
	const struct brn_tiled *a;
	int64_t size, channels;
};

static void
mean_of(void *ctx, size_t plane)
{
	const struct whole *k = ctx;
	const float *x = brn_f32(k->a->in[0]) + (int64_t)plane * k->size;
	float sum = 0;

#pragma omp simd reduction(+:sum)
	for (int64_t i = 0; i < k->size; i++)
		sum += x[i];
	((float *)k->a->out->data)[plane] = sum / (float)k->size;
}

static int
each_plane(const struct brn_tiled *a, brn_task_fn *fn)
{
	const struct brn_type *t = &a->in[0]->type;
	struct whole k = { a, 1, t->dim[1] };

	if (t->dtype != BURIN_F32)
		return BRN_DECLINED;
	for (int d = 2; d < t->rank; d++)
		k.size *= t->dim[d];
	brn_parallel(a->threads, (size_t)(t->dim[0] * t->dim[1]), fn, &k);
	return 0;
}

int
BRN_FOR_ISA(brn_image_global_average_pool)(const struct brn_tiled *a)
{
	return each_plane(a, mean_of);
}

static void
scale(void *ctx, size_t plane)
{
	const struct whole *k = ctx;
	const struct brn_tensor *const *in = k->a->in;
	int64_t c = (int64_t)plane % k->channels;
	int64_t at = (int64_t)plane * k->size;
	double s = (double)brn_f32(in[1])[c] / sqrt((double)brn_f32(in[4])[c] +
	    (double)brn_attr_float(k->a->n, "epsilon", 1e-5f));
	float mul = (float)s, add = (float)((double)brn_f32(in[2])[c] -
	    (double)brn_f32(in[3])[c] * s);
	const float *restrict x = brn_f32(in[0]) + at;
	float *restrict y = (float *)k->a->out->data + at;

	for (int64_t i = 0; i < k->size; i++)
		y[i] = x[i] * mul + add;
}

int
BRN_FOR_ISA(brn_image_batch_norm)(const struct brn_tiled *a)
{
	return each_plane(a, scale);
}
