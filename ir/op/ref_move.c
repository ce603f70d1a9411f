/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the ops that move elements or make new ones from a shape.  All but
 * Gather are a copy along strides.
 */
#include "ir/op/ref_fn.h"

/* One side of a copy: where element 0 is, and a stride for each dimension of
 * the region.  */
struct side {
	void *data;
	int64_t first, stride[BRN_MAX_RANK];
};

static struct side
side_of(const struct brn_tensor *t)
{
	struct side s = { .data = t->data };

	brn_type_strides(&t->type, s.stride);
	return s;
}

#define COPY_LINE(T) \
static void \
line_##T(void *to, int64_t to_step, const void *from, int64_t from_step, \
    int64_t n) \
{ \
	for (int64_t i = 0; i < n; i++) \
		((T *)to)[i * to_step] = ((const T *)from)[i * from_step]; \
}

COPY_LINE(uint8_t)
COPY_LINE(uint32_t)
COPY_LINE(uint64_t)

/* Copy a region, the innermost dimension in one go.  */
static void
copy(const struct side *to, const struct side *from,
    const struct brn_type *region)
{
	int64_t size = (int64_t)brn_dtype_size(region->dtype), n = 1;
	int64_t to_step = 1, from_step = 1;
	struct brn_type lines = *region;
	struct brn_iter it;

	if (lines.rank > 0 && lines.dim[lines.rank - 1] > 0) {
		n = lines.dim[lines.rank - 1];
		to_step = to->stride[lines.rank - 1];
		from_step = from->stride[lines.rank - 1];
		lines.dim[lines.rank - 1] = 1;
	}
	brn_iter_init(&it, &lines);
	brn_iter_add_strided(&it, to->first, to->stride);
	brn_iter_add_strided(&it, from->first, from->stride);
	for (; it.left; brn_iter_next(&it)) {
		char *t = (char *)to->data + it.off[0] * size;
		const char *f = (const char *)from->data + it.off[1] * size;

		if (to_step == 1 && from_step == 1)
			memcpy(t, f, (size_t)(n * size));
		else if (size == 4)
			line_uint32_t(t, to_step, f, from_step, n);
		else if (size == 8)
			line_uint64_t(t, to_step, f, from_step, n);
		else
			line_uint8_t(t, to_step, f, from_step, n);
	}
}

#define SAME_BYTES(name) \
BRN_REF(name) \
{ \
	return brn_copy_elems(in[0], out); \
}

SAME_BYTES(identity)
SAME_BYTES(to_tiles)
SAME_BYTES(from_tiles)
SAME_BYTES(dropout)
SAME_BYTES(reshape)
SAME_BYTES(flatten)
SAME_BYTES(squeeze)
SAME_BYTES(unsqueeze)

BRN_REF(dropout_mask)
{
	memset(out->data, 1, brn_tensor_bytes(out));
	return BURIN_OK;
}

BRN_REF(transpose)
{
	const struct brn_attr *perm = brn_attr(n, "perm");
	struct side to = side_of(out), x = side_of(in[0]), from = x;
	int rank = out->type.rank;

	for (int i = 0; i < rank; i++)
		from.stride[i] = x.stride[perm ? perm->ints[i] : rank - 1 - i];
	copy(&to, &from, &out->type);
	return BURIN_OK;
}

BRN_REF(concat)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	struct side to = side_of(out);

	for (int i = 0; i < n->nin; i++) {
		struct side from = side_of(in[i]);

		copy(&to, &from, &in[i]->type);
		to.first += in[i]->type.dim[axis] * to.stride[axis];
	}
	return BURIN_OK;
}

BRN_REF(split)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	int64_t index = brn_attr_int(n, "index");
	int64_t nout = brn_attr_int(n, "nout");
	int64_t dim = in[0]->type.dim[axis], before = 0;
	struct side to = side_of(out), from = side_of(in[0]);

	if (brn_opt_in(n, in, 1))
		for (int64_t i = 0; i < index; i++)
			before += brn_get_int(in[1], i);
	else
		before = index * (dim / nout + (dim % nout != 0));
	from.first = before * from.stride[axis];
	copy(&to, &from, &out->type);
	return BURIN_OK;
}

BRN_REF(slice)
{
	const struct brn_tensor *axes = brn_opt_in(n, in, 3);
	const struct brn_tensor *steps = brn_opt_in(n, in, 4);
	struct side to = side_of(out), from = side_of(in[0]);
	int64_t count = brn_numel(in[1]);

	for (int64_t i = 0; i < count; i++) {
		int a = brn_axis(axes ? brn_get_int(axes, i) : i,
		    out->type.rank);
		int64_t start = brn_get_int(in[1], i);
		int64_t step = steps ? brn_get_int(steps, i) : 1;

		brn_slice(in[0]->type.dim[a], &start, brn_get_int(in[2], i),
		    step);
		from.first += start * from.stride[a];
		/* A step that leads out of the tensor is never taken.  */
		from.stride[a] = out->type.dim[a] > 1 ?
		    from.stride[a] * step : 0;
	}
	copy(&to, &from, &out->type);
	return BURIN_OK;
}

BRN_REF(expand)
{
	struct side to = side_of(out), from = { .data = in[0]->data };
	struct brn_iter it;

	brn_iter_init(&it, &out->type);
	brn_iter_add(&it, &in[0]->type);
	memcpy(from.stride, it.stride[0], sizeof from.stride);
	copy(&to, &from, &out->type);
	return BURIN_OK;
}

static int64_t
product(const struct brn_type *t, int from, int to)
{
	int64_t n = 1;

	for (int i = from; i < to; i++)
		n *= t->dim[i];
	return n;
}

static int
check_indices(const struct brn_node *n, const struct brn_tensor *index,
    int64_t dim, burin_error *err)
{
	int64_t count = brn_numel(index);

	for (int64_t i = 0; i < count; i++) {
		int64_t at = brn_get_int(index, i);

		if (at < -dim || at >= dim)
			return brn_fail(err, BURIN_ESHAPE,
			    "node '%s': index %lld, wanted below %lld",
			    n->name, (long long)at, (long long)dim);
	}
	return BURIN_OK;
}

BRN_REF(gather)
{
	const struct brn_type *x = &in[0]->type;
	int axis = brn_axis(brn_attr_int(n, "axis"), x->rank);
	int64_t outer = product(x, 0, axis), count = brn_numel(in[1]);
	int64_t dim = x->dim[axis];
	size_t row = (size_t)product(x, axis + 1, x->rank) *
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

BRN_REF(shape)
{
	int rank = in[0]->type.rank;
	int64_t start = brn_attr_int(n, "start");

	brn_slice(rank, &start, INT64_MAX, 1);
	memcpy(out->data, in[0]->type.dim + start,
	    (size_t)brn_numel(out) * sizeof (int64_t));
	return BURIN_OK;
}

BRN_REF(size)
{
	brn_set_int(out, 0, brn_numel(in[0]));
	return BURIN_OK;
}

BRN_REF(constant_of_shape)
{
	const struct brn_attr *value = brn_attr(n, "value");
	struct side to = side_of(out), from = { 0 };

	memset(out->data, 0, brn_tensor_bytes(out));
	if (!value)
		return BURIN_OK;
	from.data = value->t->data;
	copy(&to, &from, &out->type);
	return BURIN_OK;
}

BRN_REF(range)
{
	uint64_t start = (uint64_t)brn_get_int(in[0], 0);
	uint64_t step = (uint64_t)brn_get_int(in[2], 0);
	int64_t count = brn_numel(out);

	for (int64_t i = 0; i < count; i++)
		if (out->type.dtype == BURIN_F32)
			brn_set_float(out, i, brn_get_float(in[0], 0) +
			    (double)i * brn_get_float(in[2], 0));
		else
			brn_set_int(out, i, (int64_t)(start +
			    (uint64_t)i * step));
	return BURIN_OK;
}
