/* SPDX-License-Identifier: Apache-2.0
 *
 * Gather and scatter: elements and slices at places that an index tensor names.
 * Negative indices count from the end; one out of range is ESHAPE.
 */
#include "ir/op/op.h"

#include <math.h>

static int
bad_index(const struct brn_node *n, int64_t v, int64_t dim, burin_error *err)
{
	return brn_ref_bad(n, err, "index %lld, wanted below %lld",
	    (long long)v, (long long)dim);
}

static int
is_index(int64_t v, int64_t dim)
{
	return v >= -dim && v < dim;
}

/* ---- gather ---- */

int
infer_gather(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	int axis = brn_infer_axis(c, "axis", x->rank), rc, rank = 0;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0)
		return rc;
	if (x->rank - 1 + t->rank > BRN_MAX_RANK)
		return brn_infer_too_many_dims(c);
	out->dtype = x->dtype;
	for (int d = 0; d < axis; d++)
		out->dim[rank++] = x->dim[d];
	for (int d = 0; d < t->rank; d++)
		out->dim[rank++] = t->dim[d];
	for (int d = axis + 1; d < x->rank; d++)
		out->dim[rank++] = x->dim[d];
	out->rank = rank;
	return BURIN_OK;
}

static int
check_indices(const struct brn_node *n, const struct brn_tensor *index,
    int64_t dim, burin_error *err)
{
	int64_t count = brn_numel(index);

	for (int64_t i = 0; i < count; i++) {
		int64_t at = brn_get_int(index, i);

		if (!is_index(at, dim))
			return bad_index(n, at, dim, err);
	}
	return BURIN_OK;
}

BRN_REF(gather)
{
	const struct brn_type *x = &in[0]->type;
	int axis = brn_axis(brn_attr_int(n, "axis"), x->rank);
	int64_t outer = brn_product(x, 0, axis), count = brn_numel(in[1]);
	int64_t dim = x->dim[axis];
	size_t row = (size_t)brn_product(x, axis + 1, x->rank) *
	    brn_dtype_size(out->type.dtype);
	char *to = out->data;
	int rc;

	if ((rc = check_indices(n, in[1], dim, err)) < 0 ||
	    brn_numel(out) == 0)
		return rc;
	for (int64_t i = 0; i < outer; i++)
		for (int64_t k = 0; k < count; k++, to += row) {
			int64_t at = brn_get_int(in[1], k);

			at += i * dim + (at < 0 ? dim : 0);
			memcpy(to, (const char *)in[0]->data +
			    (size_t)at * row, row);
		}
	return BURIN_OK;
}

/* ---- what the scatters share ---- */

/* The result of a scatter is as input 0; input 2, the updates, has shape.  */
static int
scatter(struct brn_infer *c, const struct brn_type *shape,
    struct brn_type *out)
{
	const struct brn_type *u = brn_infer_in(c, 2);
	int rc;

	*out = *brn_infer_in(c, 0);
	if (u->dtype != out->dtype || u->rank != shape->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "updates have another type or rank than is wanted");
	for (int d = 0; d < shape->rank; d++) {
		int64_t dim = shape->dim[d];

		if ((rc = brn_infer_same_dim(c, &dim, u->dim[d])) < 0)
			return rc;
	}
	return BURIN_OK;
}

/* Attribute reduction of the scatters.  */
enum { REPLACE, ADD, MUL, MAX, MIN };

/* Element at of out is combined with element i of u.  */
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
		brn_copy_elem(out, at, u, i);
	else if (how == ADD || how == MUL) {
		if (exact)
			brn_set_int(out, at,
			    (int64_t)(how == ADD ? p + q : p * q));
		else
			brn_set_float(out, at, how == ADD ? a + b : a * b);
	}
}

/* ---- gather_elements, scatter_elements: one index an element ---- */

/* The index has the rank of x, axis is one of its dimensions, and in the others
 * it is not larger than x: the index of an element is a place in x, too.  */
static int
by_element(struct brn_infer *c)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_type *index = brn_infer_in(c, 1);
	int rc = brn_infer_dtype(c, 1, BRN_SET_INT), axis;

	if (rc < 0)
		return rc;
	if (index->rank != x->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the index has another rank than x");
	axis = brn_infer_axis(c, "axis", x->rank);
	for (int d = 0; d < x->rank && axis >= 0; d++)
		if (d != axis && !brn_is_sym(x->dim[d]) &&
		    index->dim[d] > x->dim[d])
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "the index is larger than x");
	return axis < 0 ? axis : BURIN_OK;
}

int
infer_gather_elements(struct brn_infer *c, struct brn_type *out)
{
	int rc = by_element(c);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 1);
	out->dtype = brn_infer_in(c, 0)->dtype;
	return BURIN_OK;
}

int
infer_scatter_elements(struct brn_infer *c, struct brn_type *out)
{
	int rc = by_element(c);

	return rc < 0 ? rc : scatter(c, brn_infer_in(c, 1), out);
}

/* Index i of t as one of [0, dim), in *at.  */
static int
index_at(const struct brn_node *n, const struct brn_tensor *t, int64_t i,
    int64_t dim, int64_t *at, burin_error *err)
{
	int64_t v = brn_get_int(t, i);

	if (!is_index(v, dim))
		return bad_index(n, v, dim, err);
	*at = v < 0 ? v + dim : v;
	return BURIN_OK;
}

/* Walk over index; the operand is the element of x at the same place but 0 in
 * axis, where elements are *step apart.  */
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
		brn_copy_elem(out, it.pos, in[0], it.off[0] + at * step);
	}
	return BURIN_OK;
}

BRN_REF(scatter_elements)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	int64_t how = brn_attr_int(n, "reduction"), step, at = 0;
	struct brn_iter it;
	int rc;

	brn_copy_all(in[0], out);
	for (walk_axis(&it, in[1], out, axis, &step); it.left;
	    brn_iter_next(&it)) {
		if ((rc = index_at(n, in[1], it.pos, out->type.dim[axis],
		    &at, err)) < 0)
			return rc;
		combine(out, it.off[0] + at * step, in[2], it.pos, how);
	}
	return BURIN_OK;
}

/* ---- gather_nd, scatter_nd: a tuple of indices a slice ---- */

/* The shape of the slices that tuples of indices choose, of the dimensions of x
 * from first on: the shape of the index without its last dimension, then the
 * dimensions of x behind those that a tuple names.  */
static int
by_tuple(struct brn_infer *c, int first, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	int64_t k = t->rank ? t->dim[t->rank - 1] : 0;
	int rc = brn_infer_dtype(c, 1, BRN_SET_INT), rank = 0;

	if (rc < 0)
		return rc;
	*out = (struct brn_type){ x->dtype, -1, { 0 } };
	if (brn_is_sym(k))
		return BURIN_OK;
	if (t->rank < 1 || first < 0 || first >= t->rank || k < 1 ||
	    k > x->rank - first)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the index does not fit the rank of x");
	if (t->rank - 1 + x->rank - first - (int)k > BRN_MAX_RANK)
		return brn_infer_too_many_dims(c);
	for (int d = 0; d < t->rank - 1; d++)
		out->dim[rank++] = t->dim[d];
	for (int d = first + (int)k; d < x->rank; d++)
		out->dim[rank++] = x->dim[d];
	out->rank = rank;
	return BURIN_OK;
}

int
infer_gather_nd(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	int64_t first = brn_attr_int(c->n, "batch_dims");
	int rc;

	if (first < 0 || first > x->rank || first > t->rank)
		return brn_infer_bad(c, BURIN_ESHAPE, "batch_dims is %lld",
		    (long long)first);
	for (int d = 0; d < first; d++) {
		int64_t dim = x->dim[d];

		if ((rc = brn_infer_same_dim(c, &dim, t->dim[d])) < 0)
			return rc;
	}
	return by_tuple(c, (int)first, out);
}

int
infer_scatter_nd(struct brn_infer *c, struct brn_type *out)
{
	struct brn_type shape;
	int rc = by_tuple(c, 0, &shape);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	return shape.rank < 0 ? BURIN_OK : scatter(c, &shape, out);
}

/* Tuples of k indices in t, each for a slice of x: the first is for dimension
 * first.  */
struct tuples {
	const struct brn_node *n;
	const struct brn_tensor *t;
	const struct brn_type *x;
	int first, k;
};

/* Where the slice of tuple i begins in x, seen from the dimensions before
 * first, in *at.  */
static int
slice_at(const struct tuples *u, int64_t i, int64_t *at, burin_error *err)
{
	int64_t stride[BRN_MAX_RANK];

	brn_type_strides(u->x, stride);
	*at = 0;
	for (int k = 0; k < u->k; k++) {
		int64_t dim = u->x->dim[u->first + k];
		int64_t v = brn_get_int(u->t, i * u->k + k);

		if (!is_index(v, dim))
			return bad_index(u->n, v, dim, err);
		*at += (v < 0 ? v + dim : v) * stride[u->first + k];
	}
	return BURIN_OK;
}

BRN_REF(gather_nd)
{
	int first = (int)brn_attr_int(n, "batch_dims");
	int last = in[1]->type.rank - 1, k = (int)in[1]->type.dim[last];
	struct tuples u = { n, in[1], &in[0]->type, first, k };
	int64_t count = brn_product(&in[1]->type, 0, last), at;
	int64_t batch = brn_product(&in[1]->type, first, last);
	int64_t size = brn_product(&in[0]->type, first + k, in[0]->type.rank);
	int64_t all = brn_product(&in[0]->type, first, in[0]->type.rank);
	size_t bytes = brn_dtype_size(out->type.dtype);
	int rc;

	for (int64_t i = 0; i < count; i++) {
		if ((rc = slice_at(&u, i, &at, err)) < 0)
			return rc;
		memcpy((char *)out->data + (size_t)(i * size) * bytes,
		    (const char *)in[0]->data +
		    (size_t)(i / batch * all + at) * bytes,
		    (size_t)size * bytes);
	}
	return BURIN_OK;
}

BRN_REF(scatter_nd)
{
	int last = in[1]->type.rank - 1, k = (int)in[1]->type.dim[last];
	struct tuples u = { n, in[1], &out->type, 0, k };
	int64_t how = brn_attr_int(n, "reduction"), at;
	int64_t count = brn_product(&in[1]->type, 0, last);
	int64_t size = brn_product(&in[0]->type, k, in[0]->type.rank);
	int rc;

	brn_copy_all(in[0], out);
	for (int64_t i = 0; i < count; i++) {
		if ((rc = slice_at(&u, i, &at, err)) < 0)
			return rc;
		for (int64_t j = 0; j < size; j++)
			combine(out, at + j, in[2], i * size + j, how);
	}
	return BURIN_OK;
}
