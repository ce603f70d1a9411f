/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of normalisations by channel, and of what moves pixels.
 */
#include "ir/op/op.h"

#include <math.h>

#include "ir/op/image.h"
#include "ir/op/pad.h"
#include "ir/op/resize.h"

/* ---- normalisations ---- */

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
	enum brn_pad_mode mode = (enum brn_pad_mode)brn_attr_int(n, "mode", 0);
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
