/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalizations: (x - mean) / sqrt(variance + epsilon) * scale + bias, with
 * the statistics of a row (layer_norm, rms_norm), a set of dimensions (mvn), a
 * group of channels, a plane, or given ones (batch_norm); and lrn, which
 * divides by the neighbouring channels.  Sums are kept in double.
 */
#include "ir/graph/rounds.h"
#include "ir/op/op.h"

#include <math.h>

#include "ir/op/window.h"

/* Mean, variance, result: three walks over x.  */
BRN_WORK(norm)
{
	return brn_work_per_element(
	    3.0 * (double)brn_type_numel(brn_infer_in(c, 0)), out);
}

/* ---- layer_norm ---- */

/* Input i must broadcast to the last dimensions of x, from axis on.  */
static int
fits_last(struct brn_infer *c, int i, const struct brn_type *x, int axis)
{
	const struct brn_type *t = brn_infer_in(c, i);
	int64_t want;
	int rc;

	if (!t)
		return BURIN_OK;
	if ((rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0)
		return rc;
	if (t->rank > x->rank - axis)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "input %d has more dimensions than are normalized", i);
	for (int d = 0; d < t->rank; d++) {
		want = x->dim[x->rank - t->rank + d];
		if (t->dim[d] != 1 &&
		    (rc = brn_infer_same_dim(c, &want, t->dim[d])) < 0)
			return rc;
	}
	return BURIN_OK;
}

int
infer_layer_norm(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_infer_axis(c, "axis", x->rank), rc;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = fits_last(c, 1, x, axis)) < 0 ||
	    (rc = fits_last(c, 2, x, axis)) < 0)
		return rc;
	if (!brn_rounds_are_valid(c->n, BRN_NORM_ROUNDS))
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "rounds is not 2 scales and zero points");
	*out = *x;
	for (int d = axis; d < x->rank && brn_attr_int(c->n, "index"); d++)
		out->dim[d] = 1;        /* mean, 1 / standard deviation */
	return BURIN_OK;
}

/* The mean of a row and 1 / its standard deviation.  */
struct moments {
	double mean, scale;
};

static struct moments
moments_of(const float *x, const struct brn_iter *row, double epsilon,
    const float *rounds)
{
	double mean = 0, var = 0, d;
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i))
		mean += (double)x[i.off[0]];
	mean /= (double)row->left;
	for (i = *row; i.left; brn_iter_next(&i)) {
		d = (double)x[i.off[0]] - mean;
		var += d * d;
	}
	var /= (double)row->left;
	return (struct moments){ mean, rounds ? (double)brn_norm_gain(
	    (float)var, (float)epsilon, rounds) : 1 / sqrt(var + epsilon) };
}

/* row has x as its first operand, then scale, then bias if there is one.  */
static void
layer_norm_row(const float *x, float *y, const struct brn_iter *row,
    const struct brn_tensor *const *in, struct moments m)
{
	const float *scale = in[1]->data, *bias = in[2] ? in[2]->data : NULL;
	struct brn_iter i;

	for (i = *row; i.left; brn_iter_next(&i)) {
		double d = ((double)x[i.off[0]] - m.mean) * m.scale *
		    (double)scale[i.off[1]];

		y[i.off[0]] = (float)(bias ? d + (double)bias[i.off[2]] : d);
	}
}

BRN_REF(layer_norm)
{
	const struct brn_tensor *all[] = { in[0], in[1], brn_opt_in(n, in, 2) };
	double epsilon = (double)brn_attr_float(n, "epsilon");
	int rank = in[0]->type.rank;
	int axis = brn_axis(brn_attr_int(n, "axis"), rank);
	int64_t index = brn_attr_int(n, "index");
	struct brn_type outer, inner;
	struct brn_iter o, row;

	if (brn_numel(in[0]) == 0)
		return BURIN_OK;
	brn_split_shape(&in[0]->type, brn_axes_from(axis, rank), &outer,
	    &inner);
	brn_walk(&row, &inner, in[0]);
	brn_iter_add(&row, &in[1]->type);
	if (all[2])
		brn_iter_add(&row, &all[2]->type);
	for (brn_walk(&o, &outer, in[0]); o.left; brn_iter_next(&o)) {
		const float *x = (const float *)in[0]->data + o.off[0];
		float *y = out->data;
		struct moments m = moments_of(x, &row, epsilon,
		    brn_rounds(n));

		if (index)
			y[o.pos] = (float)(index == 1 ? m.mean : m.scale);
		else
			layer_norm_row(x, y + o.off[0], &row, all, m);
	}
	return BURIN_OK;
}

/* ---- over a set of dimensions: rms_norm, mvn, group_norm ---- */

/* out = (x - mean) / sqrt(var + epsilon), mean and var over the dimensions in
 * the set; with center 0 the mean is taken as 0.  */
static void
normalize(const struct brn_tensor *x, int set, int center, double epsilon,
    struct brn_tensor *out)
{
	const float *v = x->data;
	int64_t stride[BRN_MAX_RANK];
	struct brn_type outer, inner;
	struct brn_iter o, row, i;

	brn_split_shape(&x->type, set, &outer, &inner);
	brn_type_strides(&x->type, stride);
	brn_iter_init(&o, &outer);
	for (brn_iter_add_strided(&o, 0, stride); o.left; brn_iter_next(&o)) {
		double mean = 0, var = 0;

		brn_iter_init(&row, &inner);
		brn_iter_add_strided(&row, o.off[0], stride);
		for (i = row; center && i.left; brn_iter_next(&i))
			mean += (double)v[i.off[0]] / (double)row.left;
		for (i = row; i.left; brn_iter_next(&i))
			var += pow((double)v[i.off[0]] - mean, 2);
		var = sqrt(var / (double)row.left + epsilon);
		for (i = row; i.left; brn_iter_next(&i))
			brn_set_float(out, i.off[0],
			    ((double)v[i.off[0]] - mean) / var);
	}
}

/* out = out * scale + bias, both of this shape and broadcast; bias may be NULL.
 */
static void
scale_and_shift(struct brn_tensor *out, const struct brn_tensor *scale,
    const struct brn_tensor *bias, const struct brn_type *shape)
{
	struct brn_iter it;

	brn_iter_init(&it, &out->type);
	for (brn_iter_add(&it, shape); it.left; brn_iter_next(&it)) {
		double v = brn_get_float(out, it.pos) *
		    brn_get_float(scale, it.off[0]);

		brn_set_float(out, it.pos, bias ? v +
		    brn_get_float(bias, it.off[0]) : v);
	}
}

int
infer_rms_norm(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_infer_axis(c, "axis", x->rank), rc;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = fits_last(c, 1, x, axis)) < 0)
		return rc;
	*out = *x;
	return BURIN_OK;
}

BRN_REF(rms_norm)
{
	double epsilon = (double)brn_attr_float(n, "epsilon");
	int rank = out->type.rank;
	int axis = brn_axis(brn_attr_int(n, "axis"), rank);

	normalize(in[0], ((1 << rank) - 1) & ~((1 << axis) - 1), 0, epsilon,
	    out);
	scale_and_shift(out, in[1], NULL, &in[1]->type);
	return BURIN_OK;
}

int
infer_mvn(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *axes = brn_attr(c->n, "axes");
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (!axes && out->rank != 4)
		return brn_infer_bad(c, BURIN_ESHAPE, "x is no image");
	for (int i = 0; axes && i < axes->nints; i++)
		if (brn_axis(axes->ints[i], out->rank) < 0)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "axis %lld of %d dimensions",
			    (long long)axes->ints[i], out->rank);
	return BURIN_OK;
}

BRN_REF(mvn)
{
	const struct brn_attr *axes = brn_attr(n, "axes");
	int set = 0;

	for (int i = 0; axes && i < axes->nints; i++)
		set |= 1 << brn_axis(axes->ints[i], out->type.rank);
	normalize(in[0], axes ? set : 1 | 4 | 8, 1, 1e-9, out);
	return BURIN_OK;
}

/* Scale and bias have the same size: the groups, or the channels of x.  */
static int
check_group_scale(struct brn_infer *c, int64_t groups, int64_t channels)
{
	int64_t size;
	int rc;

	for (int i = 1; i < 3; i++)
		if (brn_infer_in(c, i)->rank != 1)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "input %d is no vector", i);
	size = brn_infer_in(c, 1)->dim[0];
	rc = brn_infer_same_dim(c, &size, brn_infer_in(c, 2)->dim[0]);
	if (rc < 0 || brn_is_sym(size) || size == groups)
		return rc;
	return brn_infer_same_dim(c, &channels, size);
}

int
infer_group_norm(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int64_t groups = brn_attr_int(c->n, "num_groups");
	int rc = brn_infer_all_f32(c);

	if (rc < 0)
		return rc;
	if (x->rank < 2 || groups < 1 ||
	    (!brn_is_sym(x->dim[1]) && x->dim[1] % groups))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "channels do not make %lld groups", (long long)groups);
	*out = *x;
	return check_group_scale(c, groups, x->dim[1]);
}

/* For the statistics x is [batch * groups][the rest].  Scale and bias are one a
 * channel, before opset 21 one a group.  */
BRN_REF(group_norm)
{
	double epsilon = (double)brn_attr_float(n, "epsilon");
	int64_t groups = brn_attr_int(n, "num_groups");
	const struct brn_type *x = &in[0]->type;
	struct brn_tensor flat = *in[0], to = *out;
	struct brn_type channels = { BURIN_F32, x->rank - 1, { 0 } };

	flat.type = (struct brn_type){ BURIN_F32, 2,
	    { x->dim[0] * groups, 0 } };
	if (brn_numel(out) == 0)
		return BURIN_OK;
	flat.type.dim[1] = brn_numel(out) / flat.type.dim[0];
	to.type = flat.type;
	normalize(&flat, 2, 1, epsilon, &to);
	for (int d = 1; d < channels.rank; d++)
		channels.dim[d] = 1;
	channels.dim[0] = x->dim[1];
	if (in[1]->type.dim[0] == x->dim[1]) {
		scale_and_shift(out, in[1], in[2], &channels);
		return BURIN_OK;
	}
	to.type = (struct brn_type){ BURIN_F32, 3, { x->dim[0], groups,
	    flat.type.dim[1] } };
	channels = (struct brn_type){ BURIN_F32, 2, { groups, 1 } };
	scale_and_shift(&to, in[1], in[2], &channels);
	return BURIN_OK;
}

/* ---- by channel: batch_norm, instance_norm, lrn ---- */

/* One number a channel in all inputs but the first.  */
static int
channel_norm(struct brn_infer *c, struct brn_type *out)
{
	int rc = brn_infer_all_f32(c);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (out->rank < 2)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "wanted [batch, channels, ..]");
	for (int i = 1; i < c->n->nin && rc == BURIN_OK; i++)
		rc = brn_infer_vector(c, i, out->dim[1]);
	return rc;
}

int
infer_batch_norm(struct brn_infer *c, struct brn_type *out)
{
	return channel_norm(c, out);
}

int
infer_instance_norm(struct brn_infer *c, struct brn_type *out)
{
	return channel_norm(c, out);
}

/* Plane p of out: (x - mean) * scale / sqrt(var + epsilon) + shift, where stat
 * is mean and var.  */
static void
normalize_plane(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, int64_t p, const double stat[2])
{
	int64_t size = brn_plane_list_of(&out->type).size;
	int64_t c = p % out->type.dim[1];
	double eps = (double)brn_attr_float(n, "epsilon");
	double scale = brn_get_float(in[1], c) / sqrt(stat[1] + eps);
	double shift = brn_get_float(in[2], c);

	for (int64_t i = p * size; i < (p + 1) * size; i++)
		brn_set_float(out, i, (brn_get_float(in[0], i) - stat[0]) *
		    scale + shift);
}

BRN_REF(batch_norm)
{
	struct brn_plane_list y = brn_plane_list_of(&out->type);

	for (int64_t p = 0; p < y.batch * y.channels; p++) {
		double stat[2] = { brn_get_float(in[3], p % y.channels),
		    brn_get_float(in[4], p % y.channels) };

		normalize_plane(n, in, out, p, stat);
	}
	return BURIN_OK;
}

BRN_REF(instance_norm)
{
	struct brn_plane_list y = brn_plane_list_of(&out->type);
	int64_t size = y.size;

	for (int64_t p = 0; p < y.batch * y.channels; p++) {
		double stat[2] = { 0, 0 };

		for (int64_t i = 0; i < size; i++)
			stat[0] += brn_get_float(in[0], p * size + i);
		stat[0] /= (double)size;
		for (int64_t i = 0; i < size; i++)
			stat[1] += pow(brn_get_float(in[0], p * size + i) -
			    stat[0], 2);
		stat[1] /= (double)size;
		normalize_plane(n, in, out, p, stat);
	}
	return BURIN_OK;
}

int
infer_lrn(struct brn_infer *c, struct brn_type *out)
{
	if (brn_attr_int(c->n, "size") < 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "size is %lld",
		    (long long)brn_attr_int(c->n, "size"));
	return channel_norm(c, out);
}

/* The channels beside an element.  */
BRN_WORK(lrn)
{
	double size = (double)brn_attr_int(c->n, "size");
	double channels = (double)brn_infer_in(c, 0)->dim[1];

	return size < channels ? size : channels;
}

/* Over size channels, from c - floor((size - 1) / 2) on.  */
BRN_REF(lrn)
{
	int64_t size = brn_plane_list_of(&out->type).size;
	int64_t nc = out->type.dim[1];
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
