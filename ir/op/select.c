/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops that choose elements by position or by value: one_hot, trilu,
 * reverse_sequence, top_k, nonzero, compress.
 */
#include "ir/op/op.h"

#include <math.h>
#include <stdlib.h>

/* The number that input i holds, in *v.  0: not known.  */
static int
number(struct brn_infer *c, int i, int64_t *v)
{
	const struct brn_tensor *t = brn_infer_val(c, i, NULL);

	if (!t || brn_numel(t) != 1)
		return 0;
	*v = brn_get_int(t, 0);
	return 1;
}

/* ---- one_hot ---- */

int
infer_one_hot(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_type *values = brn_infer_in(c, 2);
	int axis = brn_infer_axis(c, "axis", x->rank + 1);
	int64_t depth;

	if (axis < 0)
		return axis;
	if (x->rank == BRN_MAX_RANK)
		return brn_infer_too_many_dims(c);
	if (brn_type_is_concrete(values) && brn_type_numel(values) != 2)
		return brn_infer_bad(c, BURIN_ESHAPE, "not two values");
	*out = (struct brn_type){ values->dtype, x->rank + 1, { 0 } };
	for (int d = 0, from = 0; d < out->rank; d++)
		if (d != axis)
			out->dim[d] = x->dim[from++];
	if (!number(c, 1, &depth))
		depth = brn_infer_new_dim(c);
	else if (depth < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "depth is %lld",
		    (long long)depth);
	out->dim[axis] = depth;
	return BURIN_OK;
}

/* The value of all but the chosen elements is copied from the start of the
 * result on, in ever longer runs; x is [outer][inner], out [outer][depth]
 * [inner].  */
BRN_REF(one_hot)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	int64_t depth = out->type.dim[axis], count = brn_numel(in[0]);
	int64_t inner = brn_product(&out->type, axis + 1, out->type.rank);
	size_t size = brn_dtype_size(out->type.dtype);
	size_t all = brn_tensor_bytes(out);
	char *to = out->data;

	if (!all)
		return BURIN_OK;
	brn_copy_elem(out, 0, in[2], 0);
	for (size_t have = size; have < all; have *= 2)
		memcpy(to + have, to, have < all - have ? have : all - have);
	for (int64_t i = 0; i < count; i++) {
		int64_t v = brn_get_int(in[0], i);

		v += v < 0 ? depth : 0;
		if (v >= 0 && v < depth)
			brn_copy_elem(out, (i / inner * depth + v) * inner +
			    i % inner, in[2], 1);
	}
	return BURIN_OK;
}

/* ---- trilu ---- */

int
infer_trilu(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *k = brn_infer_in(c, 1);

	*out = *brn_infer_in(c, 0);
	if (k && brn_type_is_concrete(k) && brn_type_numel(k) != 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "k is not one number");
	return out->rank >= 2 ? BURIN_OK :
	    brn_infer_bad(c, BURIN_ESHAPE, "x is no matrix");
}

/* Of row i the elements from i + k on are kept, or those up to i + k.  */
BRN_REF(trilu)
{
	const struct brn_tensor *diagonal = brn_opt_in(n, in, 1);
	int64_t k = diagonal ? brn_get_int(diagonal, 0) : 0;
	int upper = brn_attr_int(n, "upper") != 0, r = out->type.rank;
	int64_t cols = out->type.dim[r - 1], rows = out->type.dim[r - 2];
	int64_t size = (int64_t)brn_dtype_size(out->type.dtype);
	int64_t all = cols ? brn_numel(out) / cols : 0;

	k = k > cols ? cols : k < -rows ? -rows : k;
	memset(out->data, 0, brn_tensor_bytes(out));
	for (int64_t i = 0; i < all; i++) {
		int64_t edge = i % rows + k + !upper, lo, hi;

		edge = edge < 0 ? 0 : edge > cols ? cols : edge;
		lo = upper ? edge : 0;
		hi = upper ? cols : edge;
		memcpy((char *)out->data + (i * cols + lo) * size,
		    (const char *)in[0]->data + (i * cols + lo) * size,
		    (size_t)((hi - lo) * size));
	}
	return BURIN_OK;
}

/* ---- reverse_sequence ---- */

int
infer_reverse_sequence(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	int64_t time = brn_attr_int(c->n, "time_axis");
	int64_t batch = brn_attr_int(c->n, "batch_axis"), dim;
	int rc = brn_infer_dtype(c, 1, BRN_SET_INT);

	if (rc < 0)
		return rc;
	if (x->rank < 2 || time < 0 || time > 1 || batch != 1 - time ||
	    t->rank != 1)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "time and batch are not the first two dimensions");
	*out = *x;
	dim = x->dim[batch];
	return brn_infer_same_dim(c, &dim, t->dim[0]);
}

/* Rows of what follows the first two dimensions.  */
BRN_REF(reverse_sequence)
{
	int time = (int)brn_attr_int(n, "time_axis");
	int64_t dim = out->type.dim[time], batches = out->type.dim[1 - time];
	size_t row = (size_t)brn_product(&out->type, 2, out->type.rank) *
	    brn_dtype_size(out->type.dtype);
	int64_t step[2] = { time ? 1 : batches, time ? dim : 1 };

	for (int64_t b = 0; b < batches; b++) {
		int64_t len = brn_get_int(in[1], b);

		if (len < 0 || len > dim)
			return brn_ref_bad(n, err,
			    "length %lld, wanted 0 to %lld", (long long)len,
			    (long long)dim);
		for (int64_t t = 0; t < dim; t++) {
			int64_t from = t < len ? len - 1 - t : t;

			memcpy((char *)out->data + (size_t)(t * step[0] +
			    b * step[1]) * row, (const char *)in[0]->data +
			    (size_t)(from * step[0] + b * step[1]) * row, row);
		}
	}
	return BURIN_OK;
}

/* ---- top_k ---- */

int
infer_top_k(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_infer_axis(c, "axis", x->rank), rc;
	int64_t k;

	if (axis < 0)
		return axis;
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0)
		return rc;
	*out = *x;
	if (brn_attr_int(c->n, "index"))
		out->dtype = BURIN_I64;
	if (!number(c, 1, &k))
		k = brn_infer_new_dim(c);
	else if (k < 0 || (!brn_is_sym(x->dim[axis]) && k > x->dim[axis]))
		return brn_infer_bad(c, BURIN_ESHAPE, "%lld of %lld",
		    (long long)k, (long long)x->dim[axis]);
	out->dim[axis] = k;
	return BURIN_OK;
}

/* A line is sorted.  */
BRN_WORK(top_k)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_axis(brn_attr_int(c->n, "axis"), x->rank);
	double compares = log2((double)x->dim[axis] + 1);

	return brn_work_per_element(
	    (double)brn_type_numel(x) * compares, out);
}

/* A line of x along the axis: element i is x[at + i * step].  */
struct line {
	const struct brn_tensor *x;
	int64_t at, step;
	int largest;                    /* the order: largest first, or least */
};

/* Whether element a of the line goes before b.  NaN is the largest; of equal
 * ones the first goes first.  */
static int
before(const struct line *l, int64_t a, int64_t b)
{
	int64_t ia = l->at + a * l->step, ib = l->at + b * l->step;
	double p = brn_get_float(l->x, ia), q = brn_get_float(l->x, ib);

	if (!brn_dtype_is_float(l->x->type.dtype)) {
		int64_t i = brn_get_int(l->x, ia), j = brn_get_int(l->x, ib);

		return i == j ? a < b : l->largest ? i > j : i < j;
	}
	if (isnan(p) || isnan(q))
		return isnan(p) && isnan(q) ? a < b :
		    isnan(p) ? l->largest : !l->largest;
	return p == q ? a < b : l->largest ? p > q : p < q;
}

/* heap[0, n) is a binary heap of elements of the line with the last of them on
 * top, but for heap[i], which may be before one below it: move it down.  */
static void
sift_down(const struct line *l, int64_t *heap, int64_t n, int64_t i)
{
	for (int64_t k; (k = 2 * i + 1) < n; i = k) {
		int64_t moved = heap[i];

		if (k + 1 < n && before(l, heap[k], heap[k + 1]))
			k++;
		if (!before(l, moved, heap[k]))
			return;
		heap[i] = heap[k];
		heap[k] = moved;
	}
}

/* Put the first k of the dim elements of the line into heap, in order.  */
static void
first_k(const struct line *l, int64_t dim, int64_t *heap, int64_t k)
{
	for (int64_t i = 0; i < k; i++)
		heap[i] = i;
	for (int64_t i = k / 2; i-- > 0;)
		sift_down(l, heap, k, i);
	for (int64_t i = k; i < dim; i++)
		if (before(l, i, heap[0])) {
			heap[0] = i;
			sift_down(l, heap, k, 0);
		}
	for (int64_t n = k - 1; n > 0; n--) {
		int64_t last = heap[0];

		heap[0] = heap[n];
		heap[n] = last;
		sift_down(l, heap, n, 0);
	}
}

/* The first elements of a line to places of out that are as far apart: their
 * values, or which of the line they are.  */
static void
top_line(const struct line *l, int64_t dim, int64_t *heap, int64_t k,
    struct brn_tensor *out, int64_t to, int index)
{
	first_k(l, dim, heap, k);
	for (int64_t i = 0; i < k; i++)
		if (index)
			brn_set_int(out, to + i * l->step, heap[i]);
		else
			brn_copy_elem(out, to + i * l->step, l->x,
			    l->at + heap[i] * l->step);
}

BRN_REF(top_k)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	struct brn_type lines = out->type;
	int64_t dim = in[0]->type.dim[axis], k = out->type.dim[axis];
	int index = brn_attr_int(n, "index") != 0;
	struct line l = { .x = in[0],
	    .largest = brn_attr_int(n, "largest") != 0 };
	int64_t *heap;
	struct brn_iter it;

	if (brn_numel(out) == 0)
		return BURIN_OK;
	heap = brn_alloc((size_t)k, sizeof *heap);
	if (!heap)
		return brn_nomem(err);
	lines.dim[axis] = 1;
	brn_walk(&it, &lines, in[0]);
	l.step = it.stride[0][axis];
	brn_iter_add(&it, &out->type);
	for (; it.left; brn_iter_next(&it)) {
		l.at = it.off[0];
		top_line(&l, dim, heap, k, out, it.off[1], index);
	}
	free(heap);
	return BURIN_OK;
}

/* ---- nonzero, compress ---- */

/* How many of the first elements of an input are not zero; -1: not known, or
 * more work than the budget has.  */
static int64_t
count(struct brn_infer *c, int input, int64_t first)
{
	const struct brn_tensor *t = brn_infer_val(c, input, NULL);
	int64_t n = 0, size = t ? brn_numel(t) : 0;

	size = size < first ? size : first;
	if (!t || (double)size > c->budget)
		return -1;
	c->budget -= (double)size;
	for (int64_t i = 0; i < size; i++)
		n += brn_get_float(t, i) != 0;
	return n;
}

int
infer_nonzero(struct brn_infer *c, struct brn_type *out)
{
	int64_t n = count(c, 0, INT64_MAX);

	*out = (struct brn_type){ BURIN_I64, 2, { brn_infer_in(c, 0)->rank,
	    n < 0 ? brn_infer_new_dim(c) : n } };
	return BURIN_OK;
}

BRN_REF(nonzero)
{
	int64_t found = 0, count = out->type.dim[1];
	struct brn_iter it;

	for (brn_iter_init(&it, &in[0]->type); it.left; brn_iter_next(&it)) {
		if (brn_get_float(in[0], it.pos) == 0)
			continue;
		if (found == count)
			return brn_ref_bad(n, err, "more than %lld elements",
			    (long long)count);
		for (int d = 0; d < it.rank; d++)
			brn_set_int(out, d * count + found, it.at[d]);
		found++;
	}
	return BURIN_OK;
}

int
infer_compress(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_attr *a = brn_attr(c->n, "axis");
	int axis = a ? brn_infer_axis(c, "axis", x->rank) : 0;
	int rc = brn_infer_dtype(c, 1, BRN_SET_BOOL);
	int64_t n, all = -1;

	if (axis < 0 || rc < 0)
		return axis < 0 ? axis : rc;
	if (a)
		all = x->dim[axis];
	else if (brn_type_is_concrete(x))
		all = brn_type_numel(x);
	n = all < 0 ? -1 : count(c, 1, all);
	*out = *x;
	out->rank = a ? x->rank : 1;
	out->dim[axis] = n < 0 ? brn_infer_new_dim(c) : n;
	return BURIN_OK;
}

BRN_REF(compress)
{
	const struct brn_attr *a = brn_attr(n, "axis");
	const struct brn_type *x = &in[0]->type;
	int axis = a ? brn_axis(a->i, x->rank) : 0;
	int64_t dim = a ? x->dim[axis] : brn_numel(in[0]);
	int64_t outer = a ? brn_product(x, 0, axis) : 1;
	size_t row = (size_t)(a ? brn_product(x, axis + 1, x->rank) : 1) *
	    brn_dtype_size(x->dtype), to = 0;
	int64_t count = brn_numel(in[1]) < dim ? brn_numel(in[1]) : dim;

	for (int64_t i = 0; i < outer; i++)
		for (int64_t k = 0; k < count; k++) {
			if (!brn_get_int(in[1], k))
				continue;
			if (row > brn_tensor_bytes(out) - to)
				return brn_ref_bad(n, err,
				    "more than %lld elements",
				    (long long)brn_numel(out));
			memcpy((char *)out->data + to,
			    (const char *)in[0]->data +
			    (size_t)(i * dim + k) * row, row);
			to += row;
		}
	return BURIN_OK;
}
