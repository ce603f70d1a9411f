/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops whose result has the elements of the input in the same order: reshape and
 * the like, identity, dropout, and a change of the memory layout.
 */
#include "ir/op/op.h"

#define SAME_BYTES(name) \
BRN_REF(name) \
{ \
	return brn_copy_all(in[0], out); \
}

/* ---- the same shape ---- */

#define SAME(name) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	*out = *brn_infer_in(c, 0); \
	return BURIN_OK; \
} \
SAME_BYTES(name)

SAME(identity)
SAME(to_tiles)
SAME(from_tiles)
SAME(dropout)

/* ---- reshape ---- */

/* The product of some sizes: n times nsym symbols, one of which is sym.  */
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

/* Set *size to the size that dimension hole of t needs for t to have as many
 * elements as x.  Symbols that both have cancel out.  */
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

/* Put sizes of x where the shape says 0.  *hole is the dimension that is -1, or
 * -1 when there is none.  */
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

SAME_BYTES(reshape)

/* ---- flatten, squeeze, unsqueeze ---- */

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

SAME_BYTES(flatten)

/* The dimensions of size 1, in *set.  0: not known, a symbol might be 1.  */
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

SAME_BYTES(squeeze)

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
		return brn_infer_too_many_dims(c);
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

SAME_BYTES(unsqueeze)
