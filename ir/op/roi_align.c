/* SPDX-License-Identifier: Apache-2.0
 *
 * roi_align: regions of images, each as bins, which are means of samples
 * between the pixels.
 */
#include "ir/op/op.h"

#include <math.h>
#include <stdlib.h>

int
infer_roi_align(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *r = brn_infer_in(c, 1);
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 2, BRN_SET_INT)) < 0)
		return rc;
	if (x->rank != 4 || r->rank != 2)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "x has four dimensions, regions have two");
	*out = (struct brn_type){ BURIN_F32, 4, { r->dim[0], x->dim[1],
	    brn_attr_int(c->n, "output_height"),
	    brn_attr_int(c->n, "output_width") } };
	if (out->dim[2] < 0 || out->dim[3] < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "a negative size");
	return brn_infer_vector(c, 2, r->dim[0]);
}

/* A region, along one axis of an image of size dim.  */
struct span {
	int64_t dim, bins, samples;
	double start, bin;
};

static struct span
span_of(const struct brn_node *n, const struct brn_tensor *roi, int64_t r,
    int axis, int64_t dim)
{
	int half = brn_attr_int(n, "coordinates") == 0;
	int64_t ratio = brn_attr_int(n, "sampling_ratio");
	double scale = (double)brn_attr_float(n, "spatial_scale");
	double from = brn_get_float(roi, 4 * r + axis) * scale;
	double to = brn_get_float(roi, 4 * r + axis + 2) * scale;
	double size = half || to - from > 1 ? to - from : 1;
	struct span s = { .dim = dim, .bins = brn_attr_int(n, axis ?
	    "output_height" : "output_width") };

	s.start = half ? from - 0.5 : from;
	s.bin = size / (double)s.bins;
	s.samples = ratio > 0 ? ratio : !(s.bin > 0) ? 0 :
	    (int64_t)fmin(ceil(s.bin), (double)dim + 1);
	return s;
}

/* The two pixels around a sample, and the weight of the second.  0: it is
 * outside.  */
static int
around(const struct span *s, int64_t bin, int64_t i, int64_t at[2],
    double *weight)
{
	double v = s->start + (double)bin * s->bin + ((double)i + 0.5) *
	    s->bin / (double)s->samples;

	if (!(v >= -1 && v <= (double)s->dim))
		return 0;
	v = v < 0 ? 0 : v;
	at[0] = (int64_t)v;
	if (at[0] >= s->dim - 1) {
		at[0] = s->dim - 1;
		v = (double)at[0];
	}
	at[1] = at[0] + 1 < s->dim ? at[0] + 1 : at[0];
	*weight = v - (double)at[0];
	return 1;
}

/* The four pixels around a sample and their weights, which all channels share.
 * at[0] -1: it is outside and counts as 0.  */
struct sample {
	int64_t at[4];
	double weight[4];
};

/* Row i of the samples of one bin into s.  */
static void
place_samples(const struct span *h, const struct span *w, const int64_t *bin,
    int64_t i, struct sample *s)
{
	double wy, wx;
	int64_t y[2], k[2];

	for (int64_t j = 0; j < w->samples; j++, s++) {
		s->at[0] = -1;
		if (!around(h, bin[0], i, y, &wy) ||
		    !around(w, bin[1], j, k, &wx))
			continue;
		for (int t = 0; t < 4; t++) {
			s->at[t] = y[t / 2] * w->dim + k[t % 2];
			s->weight[t] = (t & 2 ? wy : 1 - wy) *
			    (t & 1 ? wx : 1 - wx);
		}
	}
}

/* Of a channel of a bin.  */
struct bin_sum {
	double sum, most;
	int any;
};

static void
add_samples(struct bin_sum *b, const float *x, const struct sample *s,
    int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		double p[4] = { 0 };

		for (int t = 0; t < 4 && s[i].at[0] >= 0; t++)
			p[t] = s[i].weight[t] * (double)x[s[i].at[t]];
		b->sum += p[0] + p[1] + p[2] + p[3];
		for (int t = 0; t < 4; t++, b->any = 1)
			if (!b->any || p[t] > b->most)
				b->most = p[t];
	}
}

/* What regions are made with: room for a row of samples, and for the bins of
 * all channels.  */
struct roi_room {
	struct sample *s;
	struct bin_sum *bin;
};

/* A region of image x, all channels, to y of sizes dim.  */
static void
align_region(const struct span *h, const struct span *w, const float *x,
    float *y, const int64_t *dim, struct roi_room room, int max)
{
	int64_t count = h->samples * w->samples, plane = h->dim * w->dim;
	int64_t bins = dim[2] * dim[3];
	double by = (double)(count > 0 ? count : 1);

	for (int64_t i = 0; i < bins; i++) {
		int64_t bin[] = { i / dim[3], i % dim[3] };

		memset(room.bin, 0, (size_t)dim[1] * sizeof *room.bin);
		for (int64_t k = 0; k < h->samples; k++) {
			place_samples(h, w, bin, k, room.s);
			for (int64_t c = 0; c < dim[1]; c++)
				add_samples(&room.bin[c], x + c * plane,
				    room.s, w->samples);
		}
		for (int64_t c = 0; c < dim[1]; c++)
			y[c * bins + i] = (float)(max ? room.bin[c].most :
			    room.bin[c].sum / by);
	}
}

static int
align_regions(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, struct roi_room room, burin_error *err)
{
	const int64_t *dim = in[0]->type.dim, *to = out->type.dim;
	int64_t image = dim[1] * dim[2] * dim[3], one = to[1] * to[2] * to[3];

	for (int64_t r = 0; r < to[0]; r++) {
		int64_t b = brn_get_int(in[2], r);
		struct span h = span_of(n, in[1], r, 1, dim[2]);
		struct span w = span_of(n, in[1], r, 0, dim[3]);

		if (b < 0 || b >= dim[0])
			return brn_ref_bad(n, err, "batch %lld of %lld",
			    (long long)b, (long long)dim[0]);
		if (!dim[2] || !dim[3])
			return brn_ref_bad(n, err, "x has no pixels");
		align_region(&h, &w, (const float *)in[0]->data + b * image,
		    (float *)out->data + r * one, to, room,
		    brn_attr_int(n, "mode") == 1);
	}
	return BURIN_OK;
}

/* A region has at most a sample more than the image has pixels in a row, or the
 * sampling ratio.  */
BRN_REF(roi_align)
{
	int64_t ratio = brn_attr_int(n, "sampling_ratio");
	int64_t most = in[0]->type.dim[3] + 1;
	struct roi_room room;
	int rc;

	if (brn_numel(out) == 0)
		return BURIN_OK;
	room.s = brn_alloc((size_t)(ratio > most ? ratio : most),
	    sizeof *room.s);
	room.bin = brn_alloc((size_t)out->type.dim[1], sizeof *room.bin);
	rc = room.s && room.bin ? align_regions(n, in, out, room, err) :
	    brn_nomem(err);
	free(room.s);
	free(room.bin);
	return rc;
}
