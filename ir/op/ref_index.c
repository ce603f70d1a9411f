/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the ops that move elements to where other elements say: gather and
 * scatter, one_hot, top_k, and what selects by position or by value.
 */
#include "ir/op/ref_fn.h"

#include <math.h>
#include <stdlib.h>

static void
copy_elem(struct brn_tensor *to, int64_t at, const struct brn_tensor *from,
    int64_t i)
{
	size_t size = brn_dtype_size(to->type.dtype);

	memcpy((char *)to->data + (size_t)at * size,
	    (const char *)from->data + (size_t)i * size, size);
}

/* Index i of t as one of [0, dim), in *at.  */
static int
index_at(const struct brn_node *n, const struct brn_tensor *t, int64_t i,
    int64_t dim, int64_t *at, burin_error *err)
{
	int64_t v = brn_get_int(t, i);

	if (v < -dim || v >= dim)
		return brn_fail(err, BURIN_ESHAPE,
		    "node '%s': index %lld, wanted below %lld", n->name,
		    (long long)v, (long long)dim);
	*at = v < 0 ? v + dim : v;
	return BURIN_OK;
}

/* Attribute reduction.  */
enum { REPLACE, ADD, MUL, MAX, MIN };

static void
combine(struct brn_tensor *out, int64_t at, const struct brn_tensor *u,
    int64_t i, int64_t how)
{
	double a = brn_get_float(out, at), b = brn_get_float(u, i);
	uint64_t p = (uint64_t)brn_get_int(out, at);
	uint64_t q = (uint64_t)brn_get_int(u, i);
	int exact = !brn_dtype_is_float(out->type.dtype);

	if (how == REPLACE || (how == MAX && (b > a || isnan(b))) ||
	    (how == MIN && (b < a || isnan(b))))
		copy_elem(out, at, u, i);
	else if (how == ADD || how == MUL) {
		if (exact)
			brn_set_int(out, at,
			    (int64_t)(how == ADD ? p + q : p * q));
		else
			brn_set_float(out, at, how == ADD ? a + b : a * b);
	}
}

/* ---- one index an element ---- */

/* Walk over index with the elements of x that differ from it only in axis.  */
static void
walk_axis(struct brn_iter *it, const struct brn_tensor *index,
    const struct brn_tensor *x, int axis, int64_t *step)
{
	int64_t stride[BRN_MAX_RANK];

	brn_type_strides(&x->type, stride);
	*step = stride[axis];
	stride[axis] = 0;
	brn_iter_init(it, &index->type);
	brn_iter_add_strided(it, 0, stride);
}

BRN_REF(gather_elements)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	int64_t step, at = 0;
	struct brn_iter it;
	int rc;

	for (walk_axis(&it, in[1], in[0], axis, &step); it.left;
	    brn_iter_next(&it)) {
		if ((rc = index_at(n, in[1], it.pos, in[0]->type.dim[axis],
		    &at, err)) < 0)
			return rc;
		copy_elem(out, it.pos, in[0], it.off[0] + at * step);
	}
	return BURIN_OK;
}

BRN_REF(scatter_elements)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	int64_t how = brn_attr_int(n, "reduction"), step, at = 0;
	struct brn_iter it;
	int rc;

	brn_copy_elems(in[0], out);
	for (walk_axis(&it, in[1], out, axis, &step); it.left;
	    brn_iter_next(&it)) {
		if ((rc = index_at(n, in[1], it.pos, out->type.dim[axis],
		    &at, err)) < 0)
			return rc;
		combine(out, it.off[0] + at * step, in[2], it.pos, how);
	}
	return BURIN_OK;
}

/* ---- one index a slice ---- */

static int64_t
product(const struct brn_type *t, int from, int to)
{
	int64_t p = 1;

	for (int d = from; d < to; d++)
		p *= t->dim[d];
	return p;
}

static int
bad_index(const struct brn_node *n, burin_error *err)
{
	return brn_fail(err, BURIN_ESHAPE,
	    "node '%s': index out of range", n->name);
}

/* The k indices of t from the i-th on choose a slice: where it begins in x,
 * seen from the dimensions before first.  -1: one is out of range.  */
static int64_t
slice_at(const struct brn_tensor *t, int64_t i, const struct brn_tensor *x,
    int first, int k)
{
	int64_t stride[BRN_MAX_RANK], at = 0;

	brn_type_strides(&x->type, stride);
	for (int d = first; d < first + k; d++, i++) {
		int64_t v = brn_get_int(t, i), dim = x->type.dim[d];

		if (v < -dim || v >= dim)
			return -1;
		at += (v < 0 ? v + dim : v) * stride[d];
	}
	return at;
}

BRN_REF(gather_nd)
{
	int first = (int)brn_attr_int(n, "batch_dims");
	int last = in[1]->type.rank - 1, k = (int)in[1]->type.dim[last];
	int64_t count = product(&in[1]->type, 0, last), at;
	int64_t batch = product(&in[1]->type, first, last);
	int64_t size = product(&in[0]->type, first + k, in[0]->type.rank);
	int64_t all = product(&in[0]->type, first, in[0]->type.rank);

	for (int64_t i = 0; i < count; i++) {
		at = slice_at(in[1], i * k, in[0], first, k);
		if (at < 0)
			return bad_index(n, err);
		for (int64_t j = 0; j < size; j++)
			copy_elem(out, i * size + j, in[0],
			    i / batch * all + at + j);
	}
	return BURIN_OK;
}

BRN_REF(scatter_nd)
{
	int last = in[1]->type.rank - 1, k = (int)in[1]->type.dim[last];
	int64_t how = brn_attr_int(n, "reduction"), at;
	int64_t count = product(&in[1]->type, 0, last);
	int64_t size = product(&in[0]->type, k, in[0]->type.rank);

	brn_copy_elems(in[0], out);
	for (int64_t i = 0; i < count; i++) {
		at = slice_at(in[1], i * k, out, 0, k);
		if (at < 0)
			return bad_index(n, err);
		for (int64_t j = 0; j < size; j++)
			combine(out, at + j, in[2], i * size + j, how);
	}
	return BURIN_OK;
}

/* ---- by position ---- */

BRN_REF(one_hot)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
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

		copy_elem(out, it.pos, in[2],
		    it.at[axis] == (v < 0 ? v + depth : v));
	}
	return BURIN_OK;
}

BRN_REF(trilu)
{
	const struct brn_tensor *diagonal = brn_opt_in(n, in, 1);
	int64_t k = diagonal ? brn_get_int(diagonal, 0) : 0;
	int upper = brn_attr_int(n, "upper") != 0, r = out->type.rank;
	struct brn_iter it;

	memset(out->data, 0, brn_tensor_bytes(out));
	for (brn_iter_init(&it, &out->type); it.left; brn_iter_next(&it)) {
		int64_t d = it.at[r - 1] - it.at[r - 2];

		if (upper ? d >= k : d <= k)
			copy_elem(out, it.pos, in[0], it.pos);
	}
	return BURIN_OK;
}

BRN_REF(eye_like)
{
	int64_t k = brn_attr_int(n, "k");
	struct brn_iter it;

	for (brn_iter_init(&it, &out->type); it.left; brn_iter_next(&it))
		brn_set_int(out, it.pos, it.at[1] - it.at[0] == k);
	return BURIN_OK;
}

BRN_REF(tile)
{
	int64_t stride[BRN_MAX_RANK];
	struct brn_iter it;

	brn_type_strides(&in[0]->type, stride);
	for (brn_iter_init(&it, &out->type); it.left; brn_iter_next(&it)) {
		int64_t from = 0;

		for (int d = 0; d < it.rank; d++)
			from += it.at[d] % in[0]->type.dim[d] * stride[d];
		copy_elem(out, it.pos, in[0], from);
	}
	return BURIN_OK;
}

BRN_REF(reverse_sequence)
{
	int64_t time = brn_attr_int(n, "time_axis");
	int64_t batch = brn_attr_int(n, "batch_axis");
	int64_t stride[BRN_MAX_RANK], dim = out->type.dim[time];
	struct brn_iter it;

	brn_type_strides(&out->type, stride);
	for (brn_iter_init(&it, &out->type); it.left; brn_iter_next(&it)) {
		int64_t len = brn_get_int(in[1], it.at[batch]);
		int64_t t = it.at[time], to = len - 1 - t;

		if (len < 0 || len > dim)
			return bad_index(n, err);
		copy_elem(out, it.pos, in[0],
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
	int axis = brn_axis(brn_attr_int(n, "axis"), x->type.rank);
	int largest = brn_attr_int(n, "largest") != 0;
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
		if (brn_attr_int(n, "index"))
			brn_set_int(out, to + i * step[axis], best);
		else
			copy_elem(out, to + i * step[axis], x,
			    at + best * step[axis]);
	}
}

BRN_REF(top_k)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
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
	int64_t after = a ? product(&x->type, axis + 1, x->type.rank) : 1;
	int64_t dim = a ? x->type.dim[axis] : brn_numel(x);
	int64_t size = brn_numel(x), to = 0;

	for (int64_t i = 0; i < size; i++) {
		int64_t k = i / after % dim;

		if (k < brn_numel(in[1]) && brn_get_int(in[1], k))
			copy_elem(out, to++, x, i);
	}
	return BURIN_OK;
}
