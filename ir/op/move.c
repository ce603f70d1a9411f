/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops that copy elements along strides: transpose, concat, split, slice,
 * expand, tile.
 */
#include "ir/op/op.h"

/* ---- what the refs share ---- */

/* One side of the copy of a region: its element 0 is data[first], and each
 * dimension of the region has a stride.  */
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

/* What is copied: dimensions with a stride on each side, in elements.  tile has
 * two for each of the tensor.  */
struct region {
	int rank;
	int64_t dim[2 * BRN_MAX_RANK];
	int64_t to[2 * BRN_MAX_RANK], from[2 * BRN_MAX_RANK];
};

/* Append a dimension.  It becomes one with the last where the strides allow:
 * so the lines that are copied are as long as can be.  */
static void
add_dim(struct region *r, int64_t dim, int64_t to, int64_t from)
{
	int last = r->rank - 1;

	if (dim == 1)
		return;
	if (last >= 0 && r->to[last] == to * dim && r->from[last] ==
	    from * dim) {
		r->dim[last] *= dim;
	} else {
		r->dim[++last] = dim;
		r->rank++;
	}
	r->to[last] = to;
	r->from[last] = from;
}

/* Repeat an element n times, doubling what there is.  */
static void
fill_line(char *to, const char *from, int64_t n, int64_t size)
{
	memcpy(to, from, (size_t)size);
	for (int64_t done = 1, more; done < n; done += more) {
		more = done < n - done ? done : n - done;
		memcpy(to + done * size, to, (size_t)(more * size));
	}
}

#define COPY_LINE(T) \
static void \
line_##T(T *to, int64_t to_step, const T *from, int64_t from_step, int64_t n) \
{ \
	for (int64_t i = 0; i < n; i++) \
		to[i * to_step] = from[i * from_step]; \
}

COPY_LINE(uint8_t)
COPY_LINE(uint16_t)
COPY_LINE(uint32_t)
COPY_LINE(uint64_t)

static void
copy_line(char *to, int64_t to_step, const char *from, int64_t from_step,
    int64_t n, int64_t size)
{
	if (to_step == 1 && from_step == 1)
		memcpy(to, from, (size_t)(n * size));
	else if (to_step == 1 && from_step == 0)
		fill_line(to, from, n, size);
	else if (size == 1)
		line_uint8_t((void *)to, to_step, (const void *)from,
		    from_step, n);
	else if (size == 2)
		line_uint16_t((void *)to, to_step, (const void *)from,
		    from_step, n);
	else if (size == 4)
		line_uint32_t((void *)to, to_step, (const void *)from,
		    from_step, n);
	else
		line_uint64_t((void *)to, to_step, (const void *)from,
		    from_step, n);
}

/* Copy dimensions d and on, line by line, a line along the last.  */
static void
copy_from_dim(const struct region *r, int d, char *to, const char *from,
    int64_t size)
{
	int64_t n = r->dim[d];

	if (d == r->rank - 1) {
		copy_line(to, r->to[d], from, r->from[d], n, size);
		return;
	}
	for (int64_t i = 0; i < n; i++)
		copy_from_dim(r, d + 1, to + i * r->to[d] * size,
		    from + i * r->from[d] * size, size);
}

static void
copy_region(const struct region *r, const struct side *to,
    const struct side *from, int dtype)
{
	int64_t size = (int64_t)brn_dtype_size(dtype);
	char *t = (char *)to->data + to->first * size;
	const char *f = (const char *)from->data + from->first * size;

	for (int d = 0; d < r->rank; d++)
		if (r->dim[d] == 0)
			return;
	if (r->rank > 0)
		copy_from_dim(r, 0, t, f, size);
	else
		memcpy(t, f, (size_t)size);
}

static void
copy(const struct side *to, const struct side *from,
    const struct brn_type *shape)
{
	struct region r = { 0 };

	for (int d = 0; d < shape->rank; d++)
		add_dim(&r, shape->dim[d], to->stride[d], from->stride[d]);
	copy_region(&r, to, from, shape->dtype);
}

/* ---- transpose ---- */

int
infer_transpose(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_attr *perm = brn_attr(c->n, "perm");
	int seen = 0;

	if (perm && perm->nints != x->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "perm has %d axes, wanted %d", perm->nints, x->rank);
	*out = *x;
	for (int d = 0; d < x->rank; d++) {
		int64_t from = perm ? perm->ints[d] : x->rank - 1 - d;

		if (from < 0 || from >= x->rank || seen & 1 << from)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "perm is no order of %d axes", x->rank);
		seen |= 1 << from;
		out->dim[d] = x->dim[from];
	}
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

/* ---- concat ---- */

/* Add d to *sum.  A symbol and another size, unless that is 0, make a new
 * symbol.  */
static int
add_size(struct brn_infer *c, int64_t *sum, int64_t d)
{
	if (*sum == 0 || d == 0)
		*sum = *sum ? *sum : d;
	else if (brn_is_sym(*sum) || brn_is_sym(d))
		*sum = brn_infer_new_dim(c);
	else if (__builtin_add_overflow(*sum, d, sum))
		return brn_infer_bad(c, BURIN_ESHAPE, "sizes are too large");
	return BURIN_OK;
}

int
infer_concat(struct brn_infer *c, struct brn_type *out)
{
	int axis, rc;

	*out = *brn_infer_in(c, 0);
	axis = brn_infer_axis(c, "axis", out->rank);
	if (axis < 0)
		return axis;
	for (int i = 1; i < c->n->nin; i++) {
		const struct brn_type *t = brn_infer_in(c, i);

		if (t->dtype != out->dtype || t->rank != out->rank)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "type or rank of input %d differs", i);
		for (int d = 0; d < t->rank; d++) {
			rc = d == axis ?
			    add_size(c, &out->dim[d], t->dim[d]) :
			    brn_infer_same_dim(c, &out->dim[d], t->dim[d]);
			if (rc < 0)
				return rc;
		}
	}
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

/* ---- split ---- */

/* Where each listed piece ends, in c->split_end.  The outputs of one Split
 * follow each other, so the sums of the last list are kept.  */
static int
add_up_sizes(struct brn_infer *c, const struct brn_tensor *sizes)
{
	int64_t n = brn_numel(sizes), sum = 0;

	if (c->split_sizes == sizes)
		return BURIN_OK;
	c->split_sizes = NULL;
	c->split_end = brn_arena_alloc(c->s->arena, (size_t)n,
	    sizeof *c->split_end);
	if (!c->split_end)
		return brn_nomem(c->err);
	for (int64_t i = 0; i < n; i++) {
		int64_t v = brn_get_int(sizes, i);

		if (v < 0 || __builtin_add_overflow(sum, v, &sum))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "size %lld is wanted", (long long)v);
		c->split_end[i] = sum;
	}
	c->split_sizes = sizes;
	return BURIN_OK;
}

/* The size of piece index of dimension d, one of nout that input 1 lists.  */
static int
split_listed(struct brn_infer *c, int64_t d, int64_t index, int64_t nout,
    int64_t *size)
{
	const struct brn_tensor *sizes = brn_infer_val(c, 1, NULL);
	const int64_t *end;
	int rc;

	*size = brn_infer_new_dim(c);
	if (!sizes)
		return BURIN_OK;
	if (brn_numel(sizes) != nout)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld sizes for %lld outputs", (long long)brn_numel(sizes),
		    (long long)nout);
	if ((rc = add_up_sizes(c, sizes)) < 0)
		return rc;
	end = c->split_end;
	*size = end[index] - (index ? end[index - 1] : 0);
	if (!brn_is_sym(d) && end[nout - 1] != d)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "sizes add up to %lld of %lld", (long long)end[nout - 1],
		    (long long)d);
	return BURIN_OK;
}

/* The size of piece index of dimension d in nout equal ones; the last may be
 * smaller.  */
static int64_t
split_equal(struct brn_infer *c, int64_t d, int64_t index, int64_t nout)
{
	int64_t piece, left;

	if (nout == 1)
		return d;
	if (brn_is_sym(d))
		return brn_infer_new_dim(c);
	piece = d / nout + (d % nout != 0);
	left = d - index * piece;
	return left < 0 ? 0 : left < piece ? left : piece;
}

int
infer_split(struct brn_infer *c, struct brn_type *out)
{
	int64_t nout = brn_attr_int(c->n, "nout");
	int64_t index = brn_attr_int(c->n, "index");
	int axis, rc;

	*out = *brn_infer_in(c, 0);
	axis = brn_infer_axis(c, "axis", out->rank);
	if (axis < 0)
		return axis;
	if (nout < 1 || nout > BRN_MAX_IN || index < 0 || index >= nout)
		return brn_infer_bad(c, BURIN_ESHAPE, "output %lld of %lld",
		    (long long)index, (long long)nout);
	if (!brn_infer_in(c, 1)) {
		out->dim[axis] = split_equal(c, out->dim[axis], index, nout);
		return BURIN_OK;
	}
	if ((rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0)
		return rc;
	return split_listed(c, out->dim[axis], index, nout, &out->dim[axis]);
}

/* The sizes of the pieces before this one are added up.  */
BRN_WORK(split)
{
	double before = brn_infer_in(c, 1) ?
	    (double)brn_attr_int(c->n, "index") : 0;

	return 1 + brn_work_per_element(before, out);
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

/* ---- slice ---- */

/* The i-th slice is of a dimension of size *d; set *d to the size that it
 * leaves.  From 0 to INT32_MAX or more is all, also of a symbol.  */
static int
slice_dim(struct brn_infer *c, int64_t i, int64_t *d)
{
	int start_sym = 0, end_sym = 0;
	const struct brn_tensor *starts = brn_infer_val(c, 1, &start_sym);
	const struct brn_tensor *ends = brn_infer_val(c, 2, &end_sym);
	const struct brn_tensor *steps = brn_infer_val(c, 4, NULL);
	int64_t start, end, step = 1, all = *d;

	*d = brn_infer_new_dim(c);
	if (!starts || !ends || (brn_infer_in(c, 4) && !steps))
		return BURIN_OK;
	start = brn_get_int(starts, i);
	end = brn_get_int(ends, i);
	if (steps)
		step = brn_get_int(steps, i);
	if (step == 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "step is 0");
	start_sym = start_sym && brn_is_sym(start);
	end_sym = end_sym && brn_is_sym(end);
	if (start == 0 && step == 1 &&
	    ((end_sym && end == all) || (!end_sym && end >= INT32_MAX &&
	    brn_is_sym(all))))
		*d = all;
	else if (start == 0 && step == 1 && end_sym && all > 1)
		return brn_infer_cut(c, end, d);
	else if (!start_sym && !end_sym && !brn_is_sym(all))
		*d = brn_slice(all, &start, end, step);
	return BURIN_OK;
}

/* The lists that say what to slice have one length, in *count; a symbol when it
 * is not known.  */
static int
slice_count(struct brn_infer *c, int64_t *count)
{
	int rc;

	*count = BRN_SYM(0);
	for (int i = 1; i < c->n->nin; i++) {
		const struct brn_type *t = brn_infer_in(c, i);

		if (!t)
			continue;
		if ((rc = brn_infer_dtype(c, i, BRN_SET_INT)) < 0)
			return rc;
		if (t->rank != 1)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "input %d is no list", i);
		if ((rc = brn_infer_same_dim(c, count, t->dim[0])) < 0)
			return rc;
	}
	return BURIN_OK;
}

int
infer_slice(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *axes = brn_infer_val(c, 3, NULL);
	int64_t count;
	int set, known, rc;

	*out = *brn_infer_in(c, 0);
	if ((rc = slice_count(c, &count)) < 0 ||
	    (rc = brn_infer_axes(c, 3, out->rank, &set, &known)) < 0)
		return rc;
	if (brn_is_sym(count) || !known) {
		for (int d = 0; d < out->rank; d++)
			out->dim[d] = brn_infer_new_dim(c);
		return BURIN_OK;
	}
	if (count > out->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld slices of %d dimensions", (long long)count,
		    out->rank);
	for (int64_t i = 0; i < count; i++) {
		int a = brn_axis(axes ? brn_get_int(axes, i) : i, out->rank);

		if ((rc = slice_dim(c, i, &out->dim[a])) < 0)
			return rc;
	}
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

/* ---- expand, tile ---- */

int
infer_expand(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int rc;

	out->dtype = x->dtype;
	if ((rc = brn_infer_dims(c, 1, 0, out)) < 0 || out->rank < 0)
		return rc;
	return brn_infer_broadcast(c, out, x);
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

int
infer_tile(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *times = brn_infer_val(c, 1, NULL);
	int rc = brn_infer_dtype(c, 1, BRN_SET_INT);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (times && brn_numel(times) != out->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld repeats of %d dimensions",
		    (long long)brn_numel(times), out->rank);
	for (int d = 0; d < out->rank; d++) {
		int64_t k = times ? brn_get_int(times, d) : -1;

		if (times && k < 0)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "repeated %lld times", (long long)k);
		if (!times || (brn_is_sym(out->dim[d]) && k != 1 && k))
			out->dim[d] = brn_infer_new_dim(c);
		else if (k != 1 && (k == 0 || __builtin_mul_overflow(
		    out->dim[d], k, &out->dim[d])))
			out->dim[d] = k ? INT64_MAX : 0;
	}
	return BURIN_OK;
}

/* Each dimension becomes two: the repeats, which read the same again, and what
 * is repeated.  */
BRN_REF(tile)
{
	struct side to = side_of(out), from = side_of(in[0]);
	const struct brn_type *x = &in[0]->type;
	struct region r = { 0 };

	for (int d = 0; d < x->rank; d++) {
		int64_t dim = x->dim[d];

		add_dim(&r, dim ? out->type.dim[d] / dim : 0,
		    to.stride[d] * dim, 0);
		add_dim(&r, dim, to.stride[d], from.stride[d]);
	}
	copy_region(&r, &to, &from, x->dtype);
	return BURIN_OK;
}
