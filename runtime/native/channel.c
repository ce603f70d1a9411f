/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops on images without windows: a channel's plane is one run of elements.
 */
#include <math.h>

#include "runtime/native/isa.h"

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
	    (double)brn_attr_float(k->a->n, "epsilon"));
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
