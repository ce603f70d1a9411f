/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops that move elements, or make new ones from a
 * shape.
 */
#include "ir/op/infer_fn.h"

#include <math.h>

static int
too_many_dims(struct brn_infer *c)
{
	return brn_infer_bad(c, BURIN_EUNSUPPORTED,
	    "more than %d dimensions", BRN_MAX_RANK);
}

#define SAME(name) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	*out = *brn_infer_in(c, 0); \
	return BURIN_OK; \
}

SAME(identity)
SAME(to_tiles)
SAME(from_tiles)
SAME(dropout)

int
infer_dropout_mask(struct brn_infer *c, struct brn_type *out)
{
	*out = *brn_infer_in(c, 0);
	out->dtype = BURIN_BOOL;
	return BURIN_OK;
}

/* ---- reshape ---- */

/* Sizes multiplied: a number, and how many symbols are left beside it.  */
struct product {
	int64_t n, sym;
	int nsym, overflow;
};

static void
multiply(struct product *p, int64_t d)
{
	if (brn_is_sym(d)) {
		p->sym = d;
		p->nsym++;
	} else if (__builtin_mul_overflow(p->n, d, &p->n)) {
		p->overflow = 1;
	}
}

/* The size that makes t (but for hole, which is not counted) as large as x,
 * in *size; symbols that both have cancel out.  */
static int
fill_hole(struct brn_infer *c, const struct brn_type *x,
    const struct brn_type *t, int hole, int64_t *size)
{
	struct product px = { .n = 1 }, pt = { .n = 1 };
	int used = 0, d;

	for (int i = 0; i < t->rank; i++) {
		for (d = 0; d < x->rank; d++)
			if (brn_is_sym(t->dim[i]) && x->dim[d] == t->dim[i] &&
			    !(used & 1 << d))
				break;
		if (d < x->rank)
			used |= 1 << d;
		else if (i != hole)
			multiply(&pt, t->dim[i]);
	}
	for (d = 0; d < x->rank; d++)
		if (!(used & 1 << d))
			multiply(&px, x->dim[d]);
	*size = brn_infer_new_dim(c);
	if (px.overflow || pt.overflow || pt.nsym)
		return BURIN_OK;
	if (px.nsym == 1 && px.n == pt.n && pt.n)
		*size = px.sym;
	else if (!px.nsym && pt.n && px.n % pt.n == 0)
		*size = px.n / pt.n;
	else if (!px.nsym && !used)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "no size fits in place of -1");
	return BURIN_OK;
}

/* Put sizes of x where the shape says 0, and find the place of -1 if there is
 * one.  */
static int
copy_sizes(struct brn_infer *c, const struct brn_type *x,
    struct brn_type *out, int *hole)
{
	int allowzero = brn_attr_int(c->n, "allowzero") != 0, zero = 0;

	*hole = -1;
	for (int d = 0; d < out->rank; d++) {
		if (out->dim[d] == -1 && *hole >= 0)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "more than one -1 in the shape");
		if (out->dim[d] == -1)
			*hole = d;
		if (out->dim[d] != 0)
			continue;
		zero = 1;
		if (allowzero)
			continue;
		if (x->rank >= 0 && d >= x->rank)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "size %d is to be copied, there is none", d);
		out->dim[d] = x->rank < 0 ? brn_infer_new_dim(c) : x->dim[d];
	}
	if (allowzero && zero && *hole >= 0)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "0 and -1 in the shape with allowzero");
	return BURIN_OK;
}

int
infer_reshape(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int hole, rc;

	out->dtype = x->dtype;
	if ((rc = brn_infer_dims(c, 1, -1, out)) < 0 ||
	    (rc = copy_sizes(c, x, out, &hole)) < 0)
		return rc;
	if (hole >= 0 && x->rank < 0)
		out->dim[hole] = brn_infer_new_dim(c);
	else if (hole >= 0 &&
	    (rc = fill_hole(c, x, out, hole, &out->dim[hole])) < 0)
		return rc;
	if (brn_type_is_concrete(x) && brn_type_is_concrete(out) &&
	    brn_type_numel(x) != brn_type_numel(out))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "number of elements would change");
	return BURIN_OK;
}

/* The product of dimensions [from, to) of x in *out; a new symbol when it has
 * symbols in it.  */
static int
product(struct brn_infer *c, const struct brn_type *x, int from, int to,
    int64_t *out)
{
	struct product p = { .n = 1 };

	for (int d = from; d < to; d++)
		multiply(&p, x->dim[d]);
	if (p.overflow)
		return brn_infer_bad(c, BURIN_ESHAPE, "sizes are too large");
	*out = p.nsym == 0 || p.n == 0 ? p.n :
	    p.nsym == 1 && p.n == 1 ? p.sym : brn_infer_new_dim(c);
	return BURIN_OK;
}

int
infer_flatten(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int64_t want = brn_attr_int(c->n, "axis");
	int axis = want == x->rank ? x->rank : brn_axis(want, x->rank), rc;

	if (axis < 0)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "axis %lld of %d dimensions", (long long)want, x->rank);
	*out = (struct brn_type){ x->dtype, 2, { 0 } };
	if ((rc = product(c, x, 0, axis, &out->dim[0])) < 0)
		return rc;
	return product(c, x, axis, x->rank, &out->dim[1]);
}

/* Without axes every 1 goes, and a symbol might be a 1.  */
static int
ones(const struct brn_type *x, int *set)
{
	*set = 0;
	for (int d = 0; d < x->rank; d++)
		if (brn_is_sym(x->dim[d]))
			return 0;
		else if (x->dim[d] == 1)
			*set |= 1 << d;
	return 1;
}

int
infer_squeeze(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int set, known, rank = 0, rc;

	rc = brn_infer_axes(c, 1, x->rank, &set, &known);
	if (rc < 0)
		return rc;
	if (!brn_infer_in(c, 1))
		known = ones(x, &set);
	*out = *x;
	if (!known) {
		out->rank = -1;
		return BURIN_OK;
	}
	for (int d = 0; d < x->rank; d++)
		if (!(set & 1 << d))
			out->dim[rank++] = x->dim[d];
		else if (x->dim[d] != 1 && !brn_is_sym(x->dim[d]))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "size %lld at axis %d cannot be dropped",
			    (long long)x->dim[d], d);
	out->rank = rank;
	return BURIN_OK;
}

int
infer_unsqueeze(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	int64_t more = t->rank == 0 ? 1 : t->dim[0];
	int set, known, from = 0, rc;

	*out = (struct brn_type){ x->dtype, -1, { 0 } };
	if (t->rank > 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "axes are no list");
	if (brn_is_sym(more))
		return BURIN_OK;
	if (more > BRN_MAX_RANK - x->rank)
		return too_many_dims(c);
	out->rank = x->rank + (int)more;
	if ((rc = brn_infer_axes(c, 1, out->rank, &set, &known)) < 0)
		return rc;
	for (int d = 0; d < out->rank; d++)
		if (!known)
			out->dim[d] = brn_infer_new_dim(c);
		else
			out->dim[d] = set & 1 << d ? 1 : x->dim[from++];
	return BURIN_OK;
}

/* ---- along axes ---- */

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

/* Sizes added: zero changes nothing, otherwise a symbol makes a new one.  */
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

/* Pieces of dimension d as input 1 lists them.  */
static int
split_listed(struct brn_infer *c, int64_t d, int64_t index, int64_t nout,
    int64_t *size)
{
	const struct brn_tensor *sizes = brn_infer_val(c, 1, NULL);
	int64_t sum = 0;

	*size = brn_infer_new_dim(c);
	if (!sizes)
		return BURIN_OK;
	if (brn_numel(sizes) != nout)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld sizes for %lld outputs", (long long)brn_numel(sizes),
		    (long long)nout);
	for (int64_t i = 0; i < nout; i++) {
		int64_t v = brn_get_int(sizes, i);

		if (v < 0 || __builtin_add_overflow(sum, v, &sum))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "size %lld is wanted", (long long)v);
		if (i == index)
			*size = v;
	}
	if (!brn_is_sym(d) && sum != d)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "sizes add up to %lld of %lld", (long long)sum,
		    (long long)d);
	return BURIN_OK;
}

/* Equal pieces of dimension d, but for the last, which may be smaller.  */
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

/* The i-th slice takes from a dimension of size *d, which becomes what it
 * leaves.  An end beyond all sizes means all, also of a symbol.  */
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

/* The inputs of a slice are lists of one length: *count, a symbol when it is
 * not known.  */
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
		return too_many_dims(c);
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

/* ---- from a shape ---- */

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

int
infer_shape(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int64_t start = brn_attr_int(c->n, "start");
	int64_t end = brn_attr_int(c->n, "end");

	*out = (struct brn_type){ BURIN_I64, 1, { 0 } };
	out->dim[0] = x->rank < 0 ? brn_infer_new_dim(c) :
	    brn_slice(x->rank, &start, end, 1);
	return BURIN_OK;
}

int
infer_constant_of_shape(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *value = brn_attr(c->n, "value");

	if (value && (!value->t || brn_numel(value->t) != 1))
		return brn_infer_bad(c, BURIN_ESHAPE, "value is no scalar");
	out->dtype = value ? value->t->type.dtype : BURIN_F32;
	return brn_infer_dims(c, 0, 0, out);
}

/* How many steps lead from start to limit; -1: too many, -2: step is 0.  */
static int64_t
int_steps(int64_t start, int64_t limit, int64_t step)
{
	__int128 span = (__int128)limit - start, n;

	if (step == 0)
		return -2;
	if (span == 0 || (span < 0) != (step < 0))
		return 0;
	n = (span + step - (step > 0 ? 1 : -1)) / step;
	return n > INT64_MAX ? -1 : (int64_t)n;
}

static int64_t
float_steps(double start, double limit, double step)
{
	double n = ceil((limit - start) / step);

	if (step == 0)
		return -2;
	if (isnan(n) || n >= 0x1p62)
		return -1;
	return n < 0 ? 0 : (int64_t)n;
}

static int
range_size(struct brn_infer *c, int64_t *out)
{
	const struct brn_tensor *v[3];
	int64_t n;
	int sym[3] = { 0 };

	*out = brn_infer_new_dim(c);
	for (int i = 0; i < 3; i++)
		if (!(v[i] = brn_infer_val(c, i, &sym[i])))
			return BURIN_OK;
	if (sym[1] && !sym[0] && !sym[2] && brn_get_int(v[0], 0) == 0 &&
	    brn_get_int(v[2], 0) == 1)
		*out = brn_get_int(v[1], 0);
	if (sym[0] || sym[1] || sym[2])
		return BURIN_OK;
	n = v[0]->type.dtype == BURIN_F32 ?
	    float_steps(brn_get_float(v[0], 0), brn_get_float(v[1], 0),
	    brn_get_float(v[2], 0)) :
	    int_steps(brn_get_int(v[0], 0), brn_get_int(v[1], 0),
	    brn_get_int(v[2], 0));
	if (n < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, n == -1 ?
		    "too many elements" : "step is 0");
	*out = n;
	return BURIN_OK;
}

int
infer_range(struct brn_infer *c, struct brn_type *out)
{
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0)
		return rc;
	for (int i = 0; i < 3; i++)
		if ((rc = brn_infer_scalar(c, i)) < 0)
			return rc;
	out->dtype = brn_infer_in(c, 0)->dtype;
	out->rank = 1;
	return range_size(c, &out->dim[0]);
}
