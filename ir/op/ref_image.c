/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of normalisations by channel, and of what moves pixels.
 */
#include "ir/op/ref_fn.h"

#include <math.h>

#include "ir/op/resize.h"

/* Elements of one channel of one image.  */
static int64_t
plane_size(const struct brn_type *t)
{
	int64_t n = 1;

	for (int d = 2; d < t->rank; d++)
		n *= t->dim[d];
	return n;
}

/* ---- normalisations ---- */

/* Plane p of out: (x - mean) * scale / sqrt(var + epsilon) + shift.  */
static void
normalize(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, int64_t p, const double stat[2])
{
	int64_t size = plane_size(&out->type), c = p % out->type.dim[1];
	double eps = (double)brn_attr_float(n, "epsilon");
	double scale = brn_get_float(in[1], c) / sqrt(stat[1] + eps);
	double shift = brn_get_float(in[2], c);

	for (int64_t i = p * size; i < (p + 1) * size; i++)
		brn_set_float(out, i, (brn_get_float(in[0], i) - stat[0]) *
		    scale + shift);
}

BRN_REF(batch_norm)
{
	int64_t c = out->type.dim[1];

	for (int64_t p = 0; p < out->type.dim[0] * c; p++) {
		double stat[2] = { brn_get_float(in[3], p % c),
		    brn_get_float(in[4], p % c) };

		normalize(n, in, out, p, stat);
	}
	return BURIN_OK;
}

BRN_REF(instance_norm)
{
	int64_t size = plane_size(&out->type);

	for (int64_t p = 0; p < out->type.dim[0] * out->type.dim[1]; p++) {
		double stat[2] = { 0, 0 };

		for (int64_t i = 0; i < size; i++)
			stat[0] += brn_get_float(in[0], p * size + i);
		stat[0] /= (double)size;
		for (int64_t i = 0; i < size; i++)
			stat[1] += pow(brn_get_float(in[0], p * size + i) -
			    stat[0], 2);
		stat[1] /= (double)size;
		normalize(n, in, out, p, stat);
	}
	return BURIN_OK;
}

/* LRN-13: over the channels from c - floor((size - 1) / 2) on.  */
BRN_REF(lrn)
{
	int64_t size = plane_size(&out->type), nc = out->type.dim[1];
	int64_t width = brn_attr_int(n, "size");
	double alpha = (double)brn_attr_float(n, "alpha");
	double beta = (double)brn_attr_float(n, "beta");
	double bias = (double)brn_attr_float(n, "bias");

	for (int64_t i = 0; i < brn_numel(out); i++) {
		int64_t c = i / size % nc, lo = c - (width - 1) / 2;
		double sum = 0;

		for (int64_t k = lo < 0 ? 0 : lo; k < nc &&
		    k < lo + width; k++)
			sum += pow(brn_get_float(in[0], i + (k - c) * size),
			    2);
		brn_set_float(out, i, brn_get_float(in[0], i) /
		    pow(bias + alpha / (double)width * sum, beta));
	}
	return BURIN_OK;
}

/* ---- moving pixels ---- */

/* Element i of out is element from of in, whatever its type.  */
static void
copy_elem(const struct brn_tensor *in, int64_t from, struct brn_tensor *out,
    int64_t i)
{
	size_t size = brn_dtype_size(out->type.dtype);

	memcpy((char *)out->data + (size_t)i * size,
	    (const char *)in->data + (size_t)from * size, size);
}

/* Where pixel (row, col) of channel c of the wide image is in the deep one.
 * Channels there are [block row][block col][c], or with crd the other way
 * round.  */
struct blocks {
	int64_t b, c, h, w;             /* c, h, w of the wide image */
	int crd;
};

static int64_t
deep(const struct blocks *k, int64_t i)
{
	int64_t col = i % k->w, row = i / k->w % k->h;
	int64_t c = i / (k->w * k->h) % k->c, image = i / (k->w * k->h * k->c);
	int64_t part = row % k->b * k->b + col % k->b;
	int64_t to = k->crd ? c * k->b * k->b + part : part * k->c + c;

	return ((image * k->c * k->b * k->b + to) * (k->h / k->b) +
	    row / k->b) * (k->w / k->b) + col / k->b;
}

BRN_REF(depth_to_space)
{
	struct blocks k = { brn_attr_int(n, "blocksize"),
	    out->type.dim[1], out->type.dim[2], out->type.dim[3],
	    brn_attr_int(n, "crd") != 0 };

	for (int64_t i = 0; i < brn_numel(out); i++)
		copy_elem(in[0], deep(&k, i), out, i);
	return BURIN_OK;
}

BRN_REF(space_to_depth)
{
	const struct brn_type *x = &in[0]->type;
	struct blocks k = { brn_attr_int(n, "blocksize"), x->dim[1],
	    x->dim[2], x->dim[3], 0 };

	for (int64_t i = 0; i < brn_numel(out); i++)
		copy_elem(in[0], i, out, deep(&k, i));
	return BURIN_OK;
}

/* Which of dim elements is at position i, that may lie outside; -1: none.  */
static int64_t
padded(int64_t i, int64_t dim, enum brn_pad_mode mode)
{
	int64_t period = dim > 1 ? 2 * dim - 2 : 1;

	if (i >= 0 && i < dim)
		return i;
	switch (mode) {
	case BRN_PAD_constant:
		return -1;
	case BRN_PAD_edge:
		return i < 0 ? 0 : dim - 1;
	case BRN_PAD_wrap:
		return (i % dim + dim) % dim;
	case BRN_PAD_reflect:
		i = (i % period + period) % period;
		return i < dim ? i : period - i;
	}
	return -1;
}

/* How far out begins before in along every axis.  */
static void
pad_starts(const struct brn_node *n, const struct brn_tensor *const *in,
    int64_t *start)
{
	const struct brn_tensor *axes = brn_opt_in(n, in, 3);
	int rank = in[0]->type.rank;
	int count = axes ? (int)brn_numel(axes) : rank;

	for (int d = 0; d < rank; d++)
		start[d] = 0;
	for (int i = 0; i < count; i++)
		start[axes ? brn_axis(brn_get_int(axes, i), rank) : i] =
		    brn_get_int(in[1], i);
}

BRN_REF(pad)
{
	enum brn_pad_mode mode = (enum brn_pad_mode)brn_attr_int(n, "mode");
	const struct brn_tensor *value = brn_opt_in(n, in, 2);
	size_t size = brn_dtype_size(out->type.dtype);
	int64_t start[BRN_MAX_RANK], stride[BRN_MAX_RANK];
	struct brn_iter it;

	pad_starts(n, in, start);
	brn_type_strides(&in[0]->type, stride);
	for (brn_iter_init(&it, &out->type); it.left; brn_iter_next(&it)) {
		int64_t from = 0;

		for (int d = 0; d < out->type.rank && from >= 0; d++) {
			int64_t i = padded(it.at[d] - start[d],
			    in[0]->type.dim[d], mode);

			from = i < 0 ? -1 : from + i * stride[d];
		}
		if (from >= 0)
			copy_elem(in[0], from, out, it.pos);
		else if (value)
			copy_elem(value, 0, out, it.pos);
		else
			memset((char *)out->data + (size_t)it.pos * size, 0,
			    size);
	}
	return BURIN_OK;
}
