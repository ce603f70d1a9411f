/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the ops that move elements to where other elements say: gather and
 * scatter, one_hot, top_k, and what selects by position or by value.
 */
#include "ir/op/op.h"

#include <math.h>
#include <stdlib.h>

/* ---- by position ---- */

BRN_REF(one_hot)
{
	int axis = brn_axis(brn_attr_int(n, "axis", -1), out->type.rank);
	struct brn_type places = out->type;
	int64_t depth = out->type.dim[axis], stride[BRN_MAX_RANK], own[8];
	struct brn_iter it;

	brn_type_strides(&in[0]->type, own);
	for (int d = 0, from = 0; d < places.rank; d++)
		stride[d] = d == axis ? 0 : own[from++];
	brn_iter_init(&it, &places);
	for (brn_iter_add_strided(&it, 0, stride); it.left;
	    brn_iter_next(&it)) {
		int64_t v = brn_get_int(in[0], it.off[0]);

		brn_copy_elem(out, it.pos, in[2],
		    it.at[axis] == (v < 0 ? v + depth : v));
	}
	return BURIN_OK;
}

BRN_REF(trilu)
{
	const struct brn_tensor *diagonal = brn_opt_in(n, in, 1);
	int64_t k = diagonal ? brn_get_int(diagonal, 0) : 0;
	int upper = brn_attr_int(n, "upper", 1) != 0, r = out->type.rank;
	struct brn_iter it;

	memset(out->data, 0, brn_tensor_bytes(out));
	for (brn_iter_init(&it, &out->type); it.left; brn_iter_next(&it)) {
		int64_t d = it.at[r - 1] - it.at[r - 2];

		if (upper ? d >= k : d <= k)
			brn_copy_elem(out, it.pos, in[0], it.pos);
	}
	return BURIN_OK;
}

BRN_REF(reverse_sequence)
{
	int64_t time = brn_attr_int(n, "time_axis", 0);
	int64_t batch = brn_attr_int(n, "batch_axis", 1);
	int64_t stride[BRN_MAX_RANK], dim = out->type.dim[time];
	struct brn_iter it;

	brn_type_strides(&out->type, stride);
	for (brn_iter_init(&it, &out->type); it.left; brn_iter_next(&it)) {
		int64_t len = brn_get_int(in[1], it.at[batch]);
		int64_t t = it.at[time], to = len - 1 - t;

		if (len < 0 || len > dim)
			return brn_ref_bad(n, err,
			    "length %lld, wanted 0 to %lld", (long long)len,
			    (long long)dim);
		brn_copy_elem(out, it.pos, in[0],
		    it.pos + (t < len ? to - t : 0) * stride[time]);
	}
	return BURIN_OK;
}

/* ---- by value ---- */

/* Whether a goes before b; NaN is the largest.  */
static int
before(const struct brn_tensor *x, int64_t a, int64_t b, int largest)
{
	double p = brn_get_float(x, a), q = brn_get_float(x, b);

	if (!brn_dtype_is_float(x->type.dtype)) {
		int64_t i = brn_get_int(x, a), j = brn_get_int(x, b);

		return largest ? i > j : i < j;
	}
	if (isnan(p) || isnan(q))
		return isnan(p) && !isnan(q) ? largest :
		    !isnan(p) && isnan(q) ? !largest : 0;
	return largest ? p > q : p < q;
}

/* The k first of the dim elements of a line, step apart from at on, to places
 * of out that are as far apart: what they are, or which of the line.  */
static void
top_line(const struct brn_node *n, const struct brn_tensor *x, int64_t at,
    struct brn_tensor *out, int64_t to, uint8_t *taken)
{
	int axis = brn_axis(brn_attr_int(n, "axis", -1), x->type.rank);
	int largest = brn_attr_int(n, "largest", 1) != 0;
	int64_t dim = x->type.dim[axis], step[BRN_MAX_RANK];

	brn_type_strides(&x->type, step);
	memset(taken, 0, (size_t)dim);
	for (int64_t i = 0; i < out->type.dim[axis]; i++) {
		int64_t best = -1;

		for (int64_t j = 0; j < dim; j++)
			if (!taken[j] && (best < 0 || before(x,
			    at + j * step[axis], at + best * step[axis],
			    largest)))
				best = j;
		taken[best] = 1;
		if (brn_attr_int(n, "index", 0))
			brn_set_int(out, to + i * step[axis], best);
		else
			brn_copy_elem(out, to + i * step[axis], x,
			    at + best * step[axis]);
	}
}

BRN_REF(top_k)
{
	int axis = brn_axis(brn_attr_int(n, "axis", -1), out->type.rank);
	struct brn_type lines = out->type;
	int64_t from[BRN_MAX_RANK], to[BRN_MAX_RANK];
	uint8_t *taken;
	struct brn_iter it;

	if (brn_numel(out) == 0)
		return BURIN_OK;
	taken = brn_alloc((size_t)in[0]->type.dim[axis], 1);
	if (!taken)
		return brn_nomem(err);
	lines.dim[axis] = 1;
	brn_type_strides(&in[0]->type, from);
	brn_type_strides(&out->type, to);
	brn_iter_init(&it, &lines);
	brn_iter_add_strided(&it, 0, from);
	brn_iter_add_strided(&it, 0, to);
	for (; it.left; brn_iter_next(&it))
		top_line(n, in[0], it.off[0], out, it.off[1], taken);
	free(taken);
	return BURIN_OK;
}

BRN_REF(nonzero)
{
	int64_t found = 0, count = out->type.dim[1];
	struct brn_iter it;

	for (brn_iter_init(&it, &in[0]->type); it.left; brn_iter_next(&it)) {
		if (brn_get_float(in[0], it.pos) == 0)
			continue;
		for (int d = 0; d < it.rank; d++)
			brn_set_int(out, d * count + found, it.at[d]);
		found++;
	}
	return BURIN_OK;
}

BRN_REF(compress)
{
	const struct brn_attr *a = brn_attr(n, "axis");
	const struct brn_tensor *x = in[0];
	int axis = a ? brn_axis(a->i, x->type.rank) : 0;
	int64_t after = a ? brn_product(&x->type, axis + 1, x->type.rank) : 1;
	int64_t dim = a ? x->type.dim[axis] : brn_numel(x);
	int64_t size = brn_numel(x), to = 0;

	for (int64_t i = 0; i < size; i++) {
		int64_t k = i / after % dim;

		if (k < brn_numel(in[1]) && brn_get_int(in[1], k))
			brn_copy_elem(out, to++, x, i);
	}
	return BURIN_OK;
}
