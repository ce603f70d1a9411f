/* SPDX-License-Identifier: Apache-2.0
 *
 * Axes, slices, elements, walks.
 */
#include "ir/graph/iter.h"

#include "ir/graph/half.h"

#include <math.h>
#include <string.h>

int
brn_axis(int64_t axis, int rank)
{
	if (axis < -rank || axis >= rank)
		return -1;
	return (int)(axis < 0 ? axis + rank : axis);
}

int
brn_axes(const struct brn_tensor *t, int rank)
{
	int64_t n = t ? brn_numel(t) : 0;
	int set = 0;

	for (int64_t i = 0; i < n; i++) {
		int a = brn_axis(brn_get_int(t, i), rank);

		if (a < 0 || set & 1 << a)
			return -1;
		set |= 1 << a;
	}
	return set;
}

static int64_t
clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

int64_t
brn_slice(int64_t dim, int64_t *start, int64_t end, int64_t step)
{
	/* Going back, an end of -1 is the place before the first element; a
	 * start is an element, other than in numpy.  */
	int64_t lo = step > 0 ? 0 : -1, hi = step > 0 ? dim : dim - 1, span;

	*start = clamp(*start < 0 ? *start + dim : *start, dim ? 0 : lo, hi);
	end = clamp(end < 0 ? end + dim : end, lo, hi);
	span = step > 0 ? end - *start : *start - end;
	if (span <= 0)
		return 0;
	/* In unsigned arithmetic -step fits for INT64_MIN too.  */
	return (int64_t)(((uint64_t)span - 1) /
	    (step > 0 ? (uint64_t)step : 0 - (uint64_t)step)) + 1;
}

static int64_t
to_int(double v, int64_t lo, int64_t hi)
{
	if (isnan(v))
		return 0;
	if (v <= (double)lo)
		return lo;
	return v >= (double)hi ? hi : (int64_t)v;
}

int64_t
brn_get_int(const struct brn_tensor *t, int64_t i)
{
	switch (t->type.dtype) {
#define X(dtype, ctype, name, min, max) \
	case BURIN_##dtype: \
		return (int64_t)((const ctype *)t->data)[i];
	BRN_INT_DTYPES(X)
#undef X
	case BURIN_BOOL:
		return ((const uint8_t *)t->data)[i] != 0;
	default:                /* a list is no number */
		return !brn_dtype_is_float(t->type.dtype) ? 0 :
		    to_int(brn_get_float(t, i), INT64_MIN, INT64_MAX);
	}
}

double
brn_get_float(const struct brn_tensor *t, int64_t i)
{
	const void *p = t->data;

	switch (t->type.dtype) {
	case BURIN_F32:
		return (double)((const float *)p)[i];
	case BURIN_F64:
		return ((const double *)p)[i];
	case BURIN_F16:
		return (double)brn_f16_to_f32(((const uint16_t *)p)[i]);
	case BURIN_BF16:
		return (double)brn_bf16_to_f32(((const uint16_t *)p)[i]);
	case BURIN_U64:
		return (double)((const uint64_t *)p)[i];
	default:
		return (double)brn_get_int(t, i);
	}
}

void
brn_set_int(struct brn_tensor *t, int64_t i, int64_t v)
{
	switch (t->type.dtype) {
#define X(dtype, ctype, name, min, max) \
	case BURIN_##dtype: \
		((ctype *)t->data)[i] = (ctype)v; \
		break;
	BRN_INT_DTYPES(X)
#undef X
	case BURIN_BOOL:
		((uint8_t *)t->data)[i] = v != 0;
		break;
	default:
		brn_set_float(t, i, (double)v);
	}
}

void
brn_set_float(struct brn_tensor *t, int64_t i, double v)
{
	int dtype = t->type.dtype;
	void *p = t->data;

	if (dtype == BURIN_F32)
		((float *)p)[i] = (float)v;
	else if (dtype == BURIN_F64)
		((double *)p)[i] = v;
	else if (dtype == BURIN_F16)
		((uint16_t *)p)[i] = brn_f32_to_f16((float)v);
	else if (dtype == BURIN_BF16)
		((uint16_t *)p)[i] = brn_f32_to_bf16((float)v);
	else if (dtype == BURIN_BOOL)
		((uint8_t *)p)[i] = v != 0;
	else
		brn_set_int(t, i, to_int(v, brn_int_min(dtype),
		    brn_int_max(dtype)));
}

void
brn_iter_init(struct brn_iter *it, const struct brn_type *shape)
{
	memset(it, 0, sizeof *it);
	it->rank = shape->rank;
	it->left = brn_type_numel(shape);
	memcpy(it->dim, shape->dim, sizeof it->dim);
}

void
brn_iter_add(struct brn_iter *it, const struct brn_type *t)
{
	int64_t own[BRN_MAX_RANK], stride[BRN_MAX_RANK] = { 0 };
	int shift = it->rank - t->rank;

	brn_type_strides(t, own);
	for (int d = 0; d < t->rank; d++)
		if (shift + d >= 0 && t->dim[d] != 1)
			stride[shift + d] = own[d];
	brn_iter_add_strided(it, 0, stride);
}

void
brn_iter_add_strided(struct brn_iter *it, int64_t first, const int64_t *stride)
{
	it->off[it->n] = first;
	memcpy(it->stride[it->n], stride,
	    (size_t)it->rank * sizeof *stride);
	it->n++;
}
