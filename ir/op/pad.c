/* SPDX-License-Identifier: Apache-2.0
 *
 * Pad: elements around x, from a value or from x itself.  Negative pads cut.
 */
#include "ir/op/op.h"

#include "ir/op/pad.h"

static int
pad_dim(struct brn_infer *c, int64_t *dim, int64_t a, int64_t b, int mode)
{
	int64_t d = *dim;

	if (brn_is_sym(d)) {
		*dim = a || b ? brn_infer_new_dim(c) : d;
		return BURIN_OK;
	}
	if (a < -BRN_PAD_MOST || a > BRN_PAD_MOST || b < -BRN_PAD_MOST ||
	    b > BRN_PAD_MOST || d + a + b < 0 ||
	    (mode == BRN_PAD_reflect && (a >= d || b >= d) &&
	    (a > 0 || b > 0)) || (mode != BRN_PAD_constant && d == 0 &&
	    (a > 0 || b > 0)))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "size %lld is padded by %lld and %lld", (long long)d,
		    (long long)a, (long long)b);
	*dim = d + a + b;
	return BURIN_OK;
}

int
infer_pad(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *pads = brn_infer_val(c, 1, NULL);
	const struct brn_tensor *axes = brn_infer_val(c, 3, NULL);
	int mode = (int)brn_attr_int(c->n, "mode");
	int n = brn_infer_in(c, 0)->rank, set, known, rc;

	*out = *brn_infer_in(c, 0);
	if ((rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0 ||
	    (rc = brn_infer_scalar(c, 2)) < 0 ||
	    (rc = brn_infer_axes(c, 3, out->rank, &set, &known)) < 0)
		return rc;
	if (!pads || !known) {
		for (int d = 0; d < out->rank; d++)
			out->dim[d] = brn_infer_new_dim(c);
		return BURIN_OK;
	}
	if (axes)
		n = (int)brn_numel(axes);
	if (brn_numel(pads) != 2 * n)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld numbers in pads, wanted %d",
		    (long long)brn_numel(pads), 2 * n);
	for (int i = 0; i < n; i++) {
		int d = axes ? brn_axis(brn_get_int(axes, i), out->rank) : i;

		rc = pad_dim(c, &out->dim[d], brn_get_int(pads, i),
		    brn_get_int(pads, n + i), mode);
		if (rc < 0)
			return rc;
	}
	return BURIN_OK;
}

/* The element that is at position i of a padded line of dim elements, where i
 * may be outside [0, dim).  -1: the padding value.  */
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

/* Along each axis, how many elements out has before the first of in.  */
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
			brn_copy_elem(out, it.pos, in[0], from);
		else if (value)
			brn_copy_elem(out, it.pos, value, 0);
		else
			memset((char *)out->data + (size_t)it.pos * size, 0,
			    size);
	}
	return BURIN_OK;
}
