/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops that make elements from a shape or from numbers: shape, size,
 * constant_of_shape, range, eye_like, dropout_mask.
 */
#include "ir/op/op.h"

#include <math.h>

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
infer_size(struct brn_infer *c, struct brn_type *out)
{
	(void)c;
	*out = (struct brn_type){ BURIN_I64, 0, { 0 } };
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

int
infer_dropout_mask(struct brn_infer *c, struct brn_type *out)
{
	*out = *brn_infer_in(c, 0);
	out->dtype = BURIN_BOOL;
	return BURIN_OK;
}

BRN_REF(dropout_mask)
{
	memset(out->data, 1, brn_tensor_bytes(out));
	return BURIN_OK;
}

int
infer_eye_like(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *dtype = brn_attr(c->n, "dtype");

	*out = *brn_infer_in(c, 0);
	if (dtype)
		out->dtype = (int)dtype->i;
	return out->rank == 2 ? BURIN_OK :
	    brn_infer_bad(c, BURIN_ESHAPE, "x is no matrix");
}

BRN_REF(eye_like)
{
	int64_t k = brn_attr_int(n, "k");
	int64_t rows = out->type.dim[0], cols = out->type.dim[1];

	memset(out->data, 0, brn_tensor_bytes(out));
	for (int64_t r = 0; r < rows; r++)
		if (k >= -r && k < cols - r)
			brn_set_int(out, r * cols + r + k, 1);
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

/* One element, copied from the start of the result on, in ever longer runs.  */
BRN_REF(constant_of_shape)
{
	const struct brn_attr *value = brn_attr(n, "value");
	size_t size = brn_dtype_size(out->type.dtype);
	size_t all = brn_tensor_bytes(out);
	char *to = out->data;

	if (!value || !all) {
		memset(to, 0, all);
		return BURIN_OK;
	}
	memcpy(to, value->t->data, size);
	for (size_t have = size; have < all; have *= 2)
		memcpy(to + have, to, have < all - have ? have : all - have);
	return BURIN_OK;
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
