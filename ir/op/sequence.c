/* SPDX-License-Identifier: Apache-2.0
 *
 * Sequences of tensors: making, changing and reading them.
 */
#include "ir/graph/list.h"
#include "ir/op/op.h"

/* ---- types --------------------------------------------------------------- */

static int
list_type(struct brn_infer *c, int dtype, struct brn_type *out)
{
	if (dtype & BRN_LIST)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "a sequence of sequences");
	*out = (struct brn_type){ BRN_LIST | dtype, 0, { 0 } };
	return BURIN_OK;
}

/* Input 0 is a sequence; the dtype of its elements in *dtype.  */
static int
elements(struct brn_infer *c, int *dtype)
{
	const struct brn_type *t = brn_infer_in(c, 0);

	*dtype = t->dtype & ~BRN_LIST;
	return brn_is_list(t) ? BURIN_OK :
	    brn_infer_bad(c, BURIN_ESHAPE, "input 0 is no sequence");
}

/* Input i, if there is one, is a position: one integer.  */
static int
check_position(struct brn_infer *c, int i)
{
	int rc;

	if (i >= c->n->nin || !c->n->in[i])
		return BURIN_OK;
	rc = brn_infer_dtype(c, i, BRN_SET_INT);
	return rc < 0 ? rc : brn_infer_one_element(c, i);
}

static int
as_input(struct brn_infer *c, struct brn_type *out)
{
	int dtype, rc = elements(c, &dtype);

	return rc < 0 ? rc : list_type(c, dtype, out);
}

int
infer_sequence_empty(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *a = brn_attr(c->n, "dtype");

	return list_type(c, a ? (int)a->i : BURIN_F32, out);
}

int
infer_sequence_construct(struct brn_infer *c, struct brn_type *out)
{
	int dtype = brn_infer_in(c, 0)->dtype;

	for (int i = 1; i < c->n->nin; i++)
		if (brn_infer_in(c, i)->dtype != dtype)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "a sequence of mixed types");
	return list_type(c, dtype, out);
}

int
infer_sequence_insert(struct brn_infer *c, struct brn_type *out)
{
	int dtype, rc = elements(c, &dtype);

	if (rc < 0 || (rc = check_position(c, 2)) < 0)
		return rc;
	if (dtype != brn_infer_in(c, 1)->dtype)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "a sequence of mixed types");
	return list_type(c, dtype, out);
}

int
infer_sequence_erase(struct brn_infer *c, struct brn_type *out)
{
	int rc = as_input(c, out);

	return rc < 0 ? rc : check_position(c, 1);
}

int
infer_sequence_length(struct brn_infer *c, struct brn_type *out)
{
	int dtype;

	*out = (struct brn_type){ BURIN_I64, 0, { 0 } };
	return elements(c, &dtype);
}

/* The position that t has among n; t NULL: the last, dflt.  -1: out of range.
 */
static int64_t
position(const struct brn_tensor *t, int64_t n, int64_t dflt)
{
	int64_t i = t ? brn_get_int(t, 0) : dflt;

	i = i < 0 ? i + n : i;
	return i < 0 || i >= n ? -1 : i;
}

int
infer_sequence_at(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *list = brn_infer_val(c, 0, NULL);
	const struct brn_tensor *at = brn_infer_val(c, 1, NULL);
	int dtype, rc = elements(c, &dtype);
	int64_t i;

	if (rc < 0 || (rc = check_position(c, 1)) < 0)
		return rc;
	*out = (struct brn_type){ .dtype = dtype, .rank = -1 };
	if (!list || !at)
		return BURIN_OK;
	i = position(at, brn_list_of(list)->n, 0);
	if (i < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "position %lld of %d",
		    (long long)brn_get_int(at, 0), brn_list_of(list)->n);
	*out = brn_list_of(list)->item[i]->t.type;
	return BURIN_OK;
}

/* The sum of element sizes along axis goes into out, which is like the first
 * element.  */
static int
add_sizes(struct brn_infer *c, const struct brn_list *l, int axis,
    struct brn_type *out)
{
	for (int i = 1; i < l->n; i++) {
		const struct brn_type *t = &l->item[i]->t.type;

		if (t->rank != out->rank)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "element %d has another rank", i);
		for (int d = 0; d < t->rank; d++)
			if (d == axis)
				out->dim[d] += t->dim[d];
			else if (t->dim[d] != out->dim[d])
				return brn_infer_bad(c, BURIN_ESHAPE,
				    "element %d has another shape", i);
	}
	return BURIN_OK;
}

int
infer_concat_from_sequence(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *v = brn_infer_val(c, 0, NULL);
	int fresh = brn_attr_int(c->n, "new_axis") != 0, dtype, axis;
	int rc = elements(c, &dtype);
	struct brn_type one;

	*out = (struct brn_type){ .dtype = dtype, .rank = -1 };
	if (rc < 0 || !v)
		return rc;
	if (!brn_list_of(v)->n)
		return brn_infer_bad(c, BURIN_ESHAPE, "the sequence is empty");
	one = brn_list_of(v)->item[0]->t.type;
	axis = brn_infer_axis(c, "axis", one.rank + fresh);
	if (axis < 0)
		return axis;
	if (one.rank + fresh > BRN_MAX_RANK)
		return brn_infer_too_many_dims(c);
	rc = add_sizes(c, brn_list_of(v), fresh ? -1 : axis, &one);
	*out = one;
	if (!fresh)
		return rc;
	out->rank++;
	for (int d = 0; d < out->rank; d++)
		out->dim[d] = d == axis ? brn_list_of(v)->n :
		    one.dim[d - (d > axis)];
	return rc;
}

int
infer_split_to_sequence(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = brn_infer_axis(c, "axis", x->rank), rc;

	if (axis < 0)
		return axis;
	if (c->n->nin > 1 && c->n->in[1]) {
		if ((rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0)
			return rc;
		if (brn_infer_in(c, 1)->rank > 1)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "sizes are no vector and no scalar");
	}
	return list_type(c, x->dtype, out);
}

/* ---- refs ---------------------------------------------------------------- */

/* The value of out is l, or there is no memory.  */
static int
give(struct brn_tensor *out, struct brn_list *l, burin_error *err)
{
	if (!l)
		return brn_nomem(err);
	*(struct brn_list **)out->data = l;
	return BURIN_OK;
}

/* The same, unless rc says that l is not whole.  */
static int
give_or_drop(struct brn_tensor *out, struct brn_list *l, int rc,
    burin_error *err)
{
	if (rc == 0)
		return give(out, l, err);
	brn_list_drop(l);
	return rc;
}

BRN_REF(sequence_empty)
{
	return give(out, brn_list_new(), err);
}

BRN_REF(sequence_construct)
{
	struct brn_list *l = brn_list_new();
	int rc = l ? 0 : brn_nomem(err);

	for (int i = 0; rc == 0 && i < n->nin; i++)
		if (brn_list_insert(l, i, brn_item_copy(in[i])) < 0)
			rc = brn_nomem(err);
	return give_or_drop(out, l, rc, err);
}

static int
no_position(const struct brn_node *n, const struct brn_tensor *at, int of,
    burin_error *err)
{
	return brn_ref_bad(n, err, "position %lld of %d elements",
	    at ? (long long)brn_get_int(at, 0) : -1, of);
}

BRN_REF(sequence_insert)
{
	const struct brn_tensor *at = brn_opt_in(n, in, 2);
	const struct brn_list *old = brn_list_of(in[0]);
	int64_t i = at ? brn_get_int(at, 0) : old->n;
	struct brn_list *l;
	int rc = 0;

	i = i < 0 ? i + old->n : i;
	if (i < 0 || i > old->n)
		return no_position(n, at, old->n, err);
	l = brn_list_copy(old);
	if (l && brn_list_insert(l, (int)i, brn_item_copy(in[1])) < 0)
		rc = brn_nomem(err);
	return give_or_drop(out, l, rc, err);
}

BRN_REF(sequence_erase)
{
	const struct brn_tensor *at = brn_opt_in(n, in, 1);
	const struct brn_list *old = brn_list_of(in[0]);
	int64_t i = position(at, old->n, -1);
	struct brn_list *l;

	if (i < 0)
		return no_position(n, at, old->n, err);
	l = brn_list_copy(old);
	if (l) {
		brn_item_drop(l->item[i]);
		l->n--;
		memmove(l->item + i, l->item + i + 1,
		    (size_t)(l->n - i) * sizeof *l->item);
	}
	return give(out, l, err);
}

BRN_REF(sequence_at)
{
	const struct brn_list *l = brn_list_of(in[0]);
	int64_t i = position(in[1], l->n, 0);

	if (i < 0)
		return no_position(n, in[1], l->n, err);
	if (!brn_type_equal(&l->item[i]->t.type, &out->type))
		return brn_ref_bad(n, err, "another position than before");
	return brn_copy_all(&l->item[i]->t, out);
}

BRN_REF(sequence_length)
{
	brn_set_int(out, 0, brn_list_of(in[0])->n);
	return BURIN_OK;
}

BRN_REF(concat_from_sequence)
{
	const struct brn_list *l = brn_list_of(in[0]);
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	size_t size = brn_dtype_size(out->type.dtype);
	size_t row = (size_t)brn_product(&out->type, axis, out->type.rank) *
	    size, at = 0;

	for (int i = 0; i < l->n; i++) {
		const struct brn_tensor *t = &l->item[i]->t;
		size_t part = (size_t)brn_product(&t->type, axis,
		    t->type.rank) * size;
		int64_t outer = brn_product(&t->type, 0, axis);

		for (int64_t o = 0; part && o < outer; o++)
			memcpy((char *)out->data + (size_t)o * row + at,
			    (char *)t->data + (size_t)o * part, part);
		at += part;
	}
	return BURIN_OK;
}

/* Put part [from, from + count) of axis of x at the end of l.  */
static int
add_part(struct brn_list *l, const struct brn_tensor *x, int axis,
    int64_t from, int64_t count)
{
	struct brn_type t = x->type;
	size_t size = brn_dtype_size(t.dtype), inner, row;
	struct brn_item *i;

	t.dim[axis] = count;
	i = brn_item_new(&t);
	inner = (size_t)brn_product(&t, axis + 1, t.rank) * size;
	row = inner * (size_t)x->type.dim[axis];
	for (int64_t o = 0; i && inner && count &&
	    o < brn_product(&t, 0, axis); o++)
		memcpy((char *)i->t.data + (size_t)o * inner * (size_t)count,
		    (char *)x->data + (size_t)o * row + (size_t)from * inner,
		    inner * (size_t)count);
	return brn_list_insert(l, l->n, i);
}

/* Without axis in the elements.  */
static void
squeeze(struct brn_list *l, int axis)
{
	for (int i = 0; i < l->n; i++) {
		struct brn_type *t = &l->item[i]->t.type;

		for (int d = axis; d + 1 < t->rank; d++)
			t->dim[d] = t->dim[d + 1];
		t->rank--;
	}
}

/* The size of part i; sizes NULL: 1.  */
static int64_t
part_size(const struct brn_tensor *sizes, int64_t i, int64_t left)
{
	int64_t size;

	if (!sizes)
		return 1;
	if (sizes->type.rank == 1)
		return i < brn_numel(sizes) ? brn_get_int(sizes, i) : -1;
	size = brn_get_int(sizes, 0);
	return size > left ? left : size > 0 ? size : -1;
}

BRN_REF(split_to_sequence)
{
	const struct brn_tensor *sizes = brn_opt_in(n, in, 1);
	int axis = brn_axis(brn_attr_int(n, "axis"), in[0]->type.rank);
	int64_t dim = in[0]->type.dim[axis], at = 0, i = 0;
	struct brn_list *l = brn_list_new();
	int rc = l ? 0 : brn_nomem(err);

	for (; rc == 0 && (at < dim || (sizes && sizes->type.rank == 1 &&
	    i < brn_numel(sizes))); i++) {
		int64_t size = part_size(sizes, i, dim - at);

		if (size < 0 || size > dim - at)
			rc = brn_ref_bad(n, err,
			    "sizes do not add up to %lld", (long long)dim);
		else if (add_part(l, in[0], axis, at, size) < 0)
			rc = brn_nomem(err);
		at += size;
	}
	if (rc == 0 && !sizes && !brn_attr_int(n, "keepdims"))
		squeeze(l, axis);
	return give_or_drop(out, l, rc, err);
}
