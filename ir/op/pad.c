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

struct pad {
	const struct brn_tensor *x, *value;     /* value NULL: 0 */
	struct brn_tensor *out;
	enum brn_pad_mode mode;
	int64_t start[BRN_MAX_RANK], stride[BRN_MAX_RANK];
};

static void
pad_element(const struct pad *k, int64_t at, int64_t from)
{
	size_t size = brn_dtype_size(k->out->type.dtype);

	if (from >= 0)
		brn_copy_elem(k->out, at, k->x, from);
	else if (k->value)
		brn_copy_elem(k->out, at, k->value, 0);
	else
		memset((char *)k->out->data + (size_t)at * size, 0, size);
}

/* Where the line of the result that `it` is at begins in x.  -1: the line is
 * padding.  */
static int64_t
line_start(const struct pad *k, const struct brn_iter *it)
{
	int64_t from = 0;

	for (int d = 0; d < it->rank - 1 && from >= 0; d++) {
		int64_t i = brn_padded(it->at[d] - k->start[d],
		    k->x->type.dim[d], k->mode);

		from = i < 0 ? -1 : from + i * k->stride[d];
	}
	return from;
}

/* A line of n elements from `at` on.  What x has of it is copied at once.  */
static void
pad_line(const struct pad *k, int last, int64_t at, int64_t n, int64_t from)
{
	int64_t dim = k->x->type.dim[last], start = k->start[last];
	int64_t lo = start > 0 ? start : 0, hi = start + dim;
	size_t size = brn_dtype_size(k->out->type.dtype);

	lo = from < 0 || lo > n ? n : lo;
	hi = hi < n ? hi : n;
	hi = hi < lo ? lo : hi;
	for (int64_t i = 0; i < n; i++) {
		int64_t p;

		if (i == lo && lo < hi) {
			memcpy((char *)k->out->data + (size_t)(at + lo) * size,
			    (const char *)k->x->data +
			    (size_t)(from + lo - start) * size,
			    (size_t)(hi - lo) * size);
			i = hi - 1;
			continue;
		}
		p = brn_padded(i - start, dim, k->mode);
		pad_element(k, at + i, from < 0 || p < 0 ? -1 : from + p);
	}
}

BRN_REF(pad)
{
	struct pad k = { .x = in[0], .value = brn_opt_in(n, in, 2),
	    .out = out,
	    .mode = (enum brn_pad_mode)brn_attr_int(n, "mode") };
	struct brn_type lines = out->type;
	int last = lines.rank - 1;
	struct brn_iter it;

	if (last < 0) {
		pad_element(&k, 0, 0);
		return BURIN_OK;
	}
	pad_starts(n, in, k.start);
	brn_type_strides(&in[0]->type, k.stride);
	lines.dim[last] = lines.dim[last] > 0;
	for (brn_iter_init(&it, &lines); it.left; brn_iter_next(&it))
		pad_line(&k, last, it.pos * out->type.dim[last],
		    out->type.dim[last], line_start(&k, &it));
	return BURIN_OK;
}
