/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of Einsum and of the normalizations that are not layer_norm.  All are
 * two walks, one inside the other.
 */
#include "ir/op/einsum.h"
#include "ir/op/ref_fn.h"

#include <math.h>

/* ---- einsum ---- */

struct sum {
	struct brn_type outer, inner;   /* one dimension a label */
	int64_t stride[BRN_EINSUM_MAX][BRN_MAX_RANK];
};

/* Operands as strides of their labels: a label that occurs twice in one has the
 * sum, which is its diagonal; a dimension of 1 repeats.  */
static void
sum_init(struct sum *s, const struct brn_einsum *e, int nin,
    const struct brn_tensor *const *in)
{
	struct brn_type all = { in[0]->type.dtype, e->nlabel, { 0 } };

	*s = (struct sum){ .inner = { 0 } };
	for (int l = 0; l < e->nlabel; l++)
		all.dim[l] = 1;
	for (int i = 0; i < nin; i++) {
		int64_t own[BRN_MAX_RANK];

		brn_type_strides(&in[i]->type, own);
		for (int d = 0; d < in[i]->type.rank; d++) {
			int l = e->of[i][d];

			if (in[i]->type.dim[d] == 1)
				continue;
			all.dim[l] = in[i]->type.dim[d];
			s->stride[i][l] += own[d];
		}
	}
	brn_split_shape(&all, ((1 << e->nlabel) - 1) & ~((1 << e->nout) - 1),
	    &s->outer, &s->inner);
}

BRN_REF(einsum)
{
	int rank[BRN_EINSUM_MAX];
	struct brn_einsum e;
	struct brn_iter o, k;
	struct sum s;

	for (int i = 0; i < n->nin; i++)
		rank[i] = in[i]->type.rank;
	brn_einsum_parse(n, rank, &e);          /* checked by inference */
	sum_init(&s, &e, n->nin, in);
	brn_iter_init(&o, &s.outer);
	for (int i = 0; i < n->nin; i++)
		brn_iter_add_strided(&o, 0, s.stride[i]);
	for (; o.left; brn_iter_next(&o)) {
		double sum = 0;

		brn_iter_init(&k, &s.inner);
		for (int i = 0; i < n->nin; i++)
			brn_iter_add_strided(&k, o.off[i], s.stride[i]);
		for (; k.left; brn_iter_next(&k)) {
			double v = 1;

			for (int i = 0; i < n->nin; i++)
				v *= brn_get_float(in[i], k.off[i]);
			sum += v;
		}
		brn_set_float(out, o.pos, sum);
	}
	return BURIN_OK;
}

/* ---- normalizations ---- */

/* out = (x - mean) / sqrt(var + epsilon) over the dimensions in the set, or
 * without the mean.  */
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

/* out = out * scale + bias, broadcast as shape says; bias may be NULL.  */
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

BRN_REF(mvn)
{
	const struct brn_attr *axes = brn_attr(n, "axes");
	int set = 0;

	for (int i = 0; axes && i < axes->nints; i++)
		set |= 1 << brn_axis(axes->ints[i], out->type.rank);
	normalize(in[0], axes ? set : 1 | 4 | 8, 1, 1e-9, out);
	return BURIN_OK;
}

/* [batch][channels][..] is [batch * groups][the rest] to the statistics; scale
 * and bias are for channels, before opset 21 for groups.  */
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
